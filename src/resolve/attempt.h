/* SPDX-License-Identifier: ISC
 *
 * attempt.h - one upstream query of a fetch, to one server.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   the resolver's pool; an attempt belongs to its fetch and never outlives it
 * Units    ms, bytes
 *
 * All attempts of a fetch stay open until one of them gets the answer, so that a late reply to the
 * first still counts. When its request timeout is over, an attempt causes one hedge (a query to
 * another server) or retry (to the same servers); after that it only observes the servers' states.
 */
#pragma once

#include <split53/edns.h>
#include <split53/exchange.h>
#include <split53/header.h>
#include <split53/list.h>
#include <split53/name.h>

#include "plan.h"

#define S53_TIMEOUT_SLICE_MS 500 /* part of a timeout, after which states are checked */
#define S53_UPSTREAM_QUERY_MAX (S53_HEADER_LEN + S53_NAME_MAX + 4 + S53_OPT_LEN)

struct s53_fetch;

struct s53_attempt {
	struct s53_link link; /* in the fetch's list */
	struct s53_fetch *fetch;
	struct s53_exchange *exchange;
	struct s53_plan plan;
	uint64_t began_ms;
	uint32_t rest_ms; /* of its request timeout, after the current slice */
	uint64_t due_ms; /* when the first slice is over */
	uint16_t ask_len;
	bool overdue; /* the first slice is over */
	bool extended; /* its timeout was extended once, instead of a hedge */
	bool hedged; /* its timeout has caused another query: from now on it only observes */
	bool expired; /* the client retransmitted its query: the timeout ends at once */
	bool truncated; /* the response had TC: the query is repeated over TCP */
	bool maybe_truncated; /* the same, but it is not proven that the server sent the response */
	bool doubled; /* a copy of the query was sent on another connection */
	bool server_was_up; /* when the query was sent */
	bool case_differs; /* a response was right except for the letter case of its QNAME */
	bool garbled; /* a datagram arrived that is no response to the query */
	struct s53_edns reply_edns; /* of the response that passed the check */
	size_t reply_opt_at;
	size_t reply_len; /* of the message; bytes behind it are ignored */
	uint8_t ask[S53_UPSTREAM_QUERY_MAX];
};

/* NULL: out of memory. */
struct s53_attempt *s53_attempt_new(struct s53_fetch *fetch, const struct s53_plan *plan);
void s53_attempt_free(struct s53_attempt *attempt); /* cancels its exchange */

struct s53_upstream *s53_attempt_server(const struct s53_attempt *attempt);

/* Mark its server as unable to answer this fetch; to be called before the attempt is freed. */
void s53_attempt_fails(const struct s53_attempt *attempt);

/*
 * attemptlog.c: log to lame-servers that its server failed, for the cause `text` (cause.h).
 * `bind`: BIND's words for the cause; NULL where BIND has none, and for an rcode.
 */
void s53_attempt_log_failure(
    const struct s53_attempt *attempt, const char *bind, const char *text, uint16_t rcode);
/* Log to edns-disabled that its server answered only after EDNS was left out. */
void s53_attempt_log_without_edns(const struct s53_attempt *attempt);
/* Log an event of it to dispatch, at debug 2. */
void s53_attempt_log(const struct s53_attempt *attempt, const char *format, ...) S53_PRINTF(2, 3);

/* Why no valid response has arrived: a text for s53_cause_add(). */
const char *s53_attempt_silence(const struct s53_attempt *attempt);

/* End its request timeout now. */
void s53_attempt_expire(struct s53_attempt *attempt);

/*
 * overdue.c: how long to wait for its server before another one is queried too; 0: without limit.
 */
uint32_t s53_attempt_timeout_ms(const struct s53_attempt *attempt);

/* overdue.c: the exchange's overdue(), see exchange.h. */
void s53_attempt_overdue(void *arg, struct s53_exchange *exchange);
