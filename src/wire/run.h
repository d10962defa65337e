/* SPDX-License-Identifier: ISC
 *
 * run.h - records of one RRset that stand behind each other, and their new order.
 *
 * Layer    wire, private
 * Threads  any
 * Memory   the caller's, some 2 KB: a stack will do
 */
#pragma once

#include <split53/message.h>

/* A longer run is not moved. */
#define S53_RUN_MAX 256

/* A record: places in a message fit 16 bits. */
struct s53_piece {
	uint16_t at; /* its head: owner, type and class, alike in all the run but for spelling */
	uint16_t ttl_at; /* its tail: TTL and rdata, which is what moves */
	uint16_t end;
};

struct s53_run {
	struct s53_walk behind; /* stands at what follows */
	struct s53_rr first;
	unsigned count;
	bool plain; /* all rdata is of one length and without names */
	struct s53_piece of[S53_RUN_MAX];
	uint16_t order[S53_RUN_MAX]; /* order[i]: which is to be the i-th */
};

/*
 * Bring the records, at least two, into the new order. Where that is not possible they stay as they
 * are.
 */
void s53_run_move(uint8_t *message, const struct s53_run *run);
