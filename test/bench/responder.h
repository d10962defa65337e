/* SPDX-License-Identifier: ISC
 *
 * responder.h - the loops of programs that answer queries: UDP by batches, UDP by trains, TCP by
 * reads.
 *
 * Each loop runs until its process ends, in the thread that calls it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net.h"

#define RESPONDER_QUERY_MAX 1024 /* a longer one is truncated */
#define RESPONDER_REPLY_MAX 2048

/*
 * Answer a query. `message` has space for RESPONDER_REPLY_MAX bytes: the answer may overwrite the
 * query, or be written to `reply`, which has the same size. Returns its address and sets *len;
 * NULL: no answer.
 */
struct responder {
	uint8_t *(*answer)(void *arg, uint8_t *message, size_t *len, uint8_t *reply);
	void *arg;
};

/* recvmmsg() and sendmmsg(), up to 64 datagrams. */
_Noreturn void responder_udp(const struct responder *responder, int fd);

/* The same with UDP_GRO and UDP_SEGMENT: answers of equal size to one port are sent as one. */
_Noreturn void responder_trains(const struct responder *responder, int fd);

/* The answers to all queries of one read are sent with one write. */
_Noreturn void responder_tcp(const struct responder *responder, int fd);

/* The UDP loop with each answer delayed by `delay_ms`. */
_Noreturn void responder_delayed(const struct responder *responder, int fd, unsigned delay_ms);
