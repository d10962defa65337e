/* SPDX-License-Identifier: ISC
 *
 * responder.h - the loops of programs that answer: UDP by batches, UDP by trains, TCP by reads.
 *
 * Each loop runs until its process ends, in the thread that calls it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net.h"

#define RESPONDER_QUERY_MAX 1024 /* a longer one is cut */
#define RESPONDER_REPLY_MAX 2048

/*
 * Answer a query. `message` has room for RESPONDER_REPLY_MAX octets: the answer may be written over
 * the query, or to `reply`, which has as much. Returns where it is and sets *len; NULL: silence.
 */
struct responder {
	uint8_t *(*answer)(void *arg, uint8_t *message, size_t *len, uint8_t *reply);
	void *arg;
};

/* recvmmsg() and sendmmsg(), up to 64 datagrams. */
_Noreturn void responder_udp(const struct responder *responder, int fd);

/* The same with UDP_GRO and UDP_SEGMENT: answers of the same size to one port leave as one. */
_Noreturn void responder_trains(const struct responder *responder, int fd);

/* All answers to what one read has brought leave with one write. */
_Noreturn void responder_tcp(const struct responder *responder, int fd);

/* The UDP loop with each answer `delay_ms` later. */
_Noreturn void responder_delayed(const struct responder *responder, int fd, unsigned delay_ms);
