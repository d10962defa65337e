/* SPDX-License-Identifier: ISC
 *
 * attempt.h - one upstream query of a fetch, to one server.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   the resolver's pool; an attempt belongs to its fetch and never outlives it
 * Units    ms, octets
 *
 * All attempts of a fetch stay open until one of them has brought the answer, so that a late reply
 * of the first still counts. An attempt whose request timeout is over hedges (a query to another
 * server) or retries (to the same ones) once; after that it only watches the servers' states.
 */
#pragma once

#include <split53/edns.h>
#include <split53/exchange.h>
#include <split53/header.h>
#include <split53/list.h>
#include <split53/name.h>

#include "plan.h"

#define S53_TIMEOUT_SLICE_MS 500 /* of a longer timeout: then the servers' states are looked at */
#define S53_ASK_MAX (S53_HEADER_LEN + S53_NAME_MAX + 4 + S53_OPT_LEN)

struct s53_fetch;

struct s53_attempt {
	struct s53_link link; /* in the fetch's list */
	struct s53_fetch *fetch;
	struct s53_exchange *exchange;
	struct s53_plan plan;
	uint32_t rest_ms; /* of its timeout, when the part that runs is over */
	uint64_t due_ms; /* when the first part of its timeout is over */
	uint16_t ask_len;
	bool overdue; /* the first part is over */
	bool extended; /* its timeout was extended once, to spare a hedge */
	bool hedged; /* its timeout has led to another query: from now on it only watches */
	bool expired; /* the client sent its query again: its timeout is over at once */
	bool truncated; /* the response came with TC: it is fetched over TCP now */
	bool maybe_truncated; /* the same, but whether the server sent it is not proven */
	bool doubled; /* a copy was sent beside it */
	bool server_was_up; /* when it was queried */
	bool case_differs; /* a response was right but for the letter case of its question */
	bool garbled; /* what came over UDP was no response to the query */
	struct s53_edns reply_edns; /* of the response that passed the check */
	size_t reply_opt_at;
	size_t reply_len; /* of the message; octets that arrived behind it are ignored */
	uint8_t ask[S53_ASK_MAX];
};

/* NULL: no memory. */
struct s53_attempt *s53_attempt_new(struct s53_fetch *fetch, const struct s53_plan *plan);
void s53_attempt_free(struct s53_attempt *attempt); /* cancels its exchange */

struct s53_upstream *s53_attempt_server(const struct s53_attempt *attempt);

/* Its server cannot help this fetch: to be called before the attempt is freed. */
void s53_attempt_fails(const struct s53_attempt *attempt);

/*
 * attemptlog.c: its server has failed, as cause.h says: lame-servers. `bind`: BIND's words for it;
 * NULL where BIND has none, or for an rcode.
 */
void s53_attempt_log_failure(
    const struct s53_attempt *attempt, const char *bind, const char *text, uint16_t rcode);
/* Its answer is one to a query without EDNS, which helped: edns-disabled. */
void s53_attempt_log_without_edns(const struct s53_attempt *attempt);
/* What happens to it, at debug 2: dispatch. */
void s53_attempt_log(const struct s53_attempt *attempt, const char *format, ...) S53_PRINTF(2, 3);

/* Why it is without a response, as a cause of cause.h. */
const char *s53_attempt_silence(const struct s53_attempt *attempt);

/* Its request timeout is over now, whatever is left of it. */
void s53_attempt_expire(struct s53_attempt *attempt);

/* overdue.c: how long its server has before the next one is queried as well; 0: no matter. */
uint32_t s53_attempt_timeout_ms(const struct s53_attempt *attempt);

/* overdue.c: the exchange's overdue(), see exchange.h. */
void s53_attempt_overdue(void *arg, struct s53_exchange *exchange);
