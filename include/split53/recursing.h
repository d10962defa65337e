/* SPDX-License-Identifier: ISC
 *
 * recursing.h - the list of fetches in progress, copied from the workers, for `rndc recursing`.
 *
 * Layer    wire: resolve fills a list in (resolver.h), control prints it (operations.h)
 * Threads  a list is written by one worker at a time and read when all have written
 * Memory   plain values in one block; the owner frees the block
 * Units    ms
 */
#pragma once

#include <split53/addr.h>
#include <split53/name.h>

#define S53_RECURSING_CLIENTS 8 /* at most so many of one fetch are listed */
#define S53_RECURSING_ATTEMPTS 4
#define S53_RECURSING_VIEW 64 /* a longer view name is truncated */

/* A query to a server, without a response yet. */
struct s53_recursing_attempt {
	struct s53_addr server;
	bool tcp;
	uint32_t age_ms;
};

/* A client query that waits. */
struct s53_recursing_client {
	struct s53_addr addr;
	bool tcp;
	uint16_t id;
};

struct s53_recursing_fetch {
	struct s53_name name; /* as its first client spelled it */
	uint16_t qtype, qclass;
	char view[S53_RECURSING_VIEW]; /* truncated */
	struct s53_name zone; /* whose servers are queried */
	uint32_t age_ms;
	unsigned tried; /* servers queried so far */
	unsigned attempt_count, client_count; /* totals; the arrays may have fewer */
	struct s53_recursing_attempt attempts[S53_RECURSING_ATTEMPTS];
	struct s53_recursing_client clients[S53_RECURSING_CLIENTS];
};

struct s53_recursing {
	unsigned room; /* capacity of `fetches` */
	unsigned count; /* fetches in the list */
	unsigned left_out; /* fetches that did not fit */
	struct s53_recursing_fetch fetches[];
};
