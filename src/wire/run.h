/* SPDX-License-Identifier: ISC
 *
 * run.h - adjacent records of one RRset, and their new order.
 *
 * Layer    wire, private
 * Threads  any
 * Memory   the caller's, some 2 KB: it may be on the stack
 */
#pragma once

#include <split53/message.h>

/* A longer run is not reordered. */
#define S53_RUN_MAX 256

/* A record: offsets in a message fit 16 bits. */
struct s53_piece {
	uint16_t at; /* its head: owner, type and class, equal in all the run except letter case */
	uint16_t ttl_at; /* its tail: TTL and rdata, which is what moves */
	uint16_t end;
};

struct s53_run {
	struct s53_walk behind; /* at what follows the run */
	struct s53_rr first;
	unsigned count;
	bool plain; /* all rdata is of one length and without names */
	struct s53_piece of[S53_RUN_MAX];
	uint16_t order[S53_RUN_MAX]; /* order[i]: the index of the record that becomes the i-th */
};

/*
 * Move the records, at least two, into the new order. Where that is not possible they are not
 * changed.
 */
void s53_run_move(uint8_t *message, const struct s53_run *run);
