/* SPDX-License-Identifier: ISC
 *
 * arrange.h - how answers are given out: rrset-order, minimal-responses.
 *
 * Layer    resolve (private)
 * Threads  the worker's
 * Memory   the message is the caller's; the counters of cyclic order are the resolver's
 * Sources  BIND 9 ARM, "RRset Ordering" and "minimal-responses"; what named 9.18 does
 */
#pragma once

#include "query.h"

/* Only for s53_arrange(). */
void s53_arrange_sets(const struct s53_query *query, uint8_t *message, size_t len);

/*
 * Put the records of the answer section into the order that rrset-order says, for this reply.
 * Called for any finished reply, of the cache, an upstream or a zone of ours, before it is cut to
 * the client's size (so that those which a cut leaves are not always the same) and without OPT.
 * The message passed s53_message_check(); its length stays the same.
 *
 * As in named, a rule counts for a set's own owner and type, which behind a CNAME are not those of
 * the question, and the other sections keep their order. Cyclic: each set has a turn of its own in
 * each worker (sets share one when their hashes do). What we ask ourselves is not arranged: only
 * what a client gets takes a turn.
 */
static inline void
s53_arrange(const struct s53_query *query, uint8_t *message, size_t len)
{
	if (s53_header_count(message, S53_ANSWER) > 1)
		s53_arrange_sets(query, message, len);
}

/*
 * Which record of the answer's set is to be the first of those that a cut leaves, by the rule for
 * the query's own name and type: 0 is the first. *rotate: the others follow in their order.
 */
uint32_t s53_arrange_spin(const struct s53_query *query, bool *rotate);

/*
 * minimal-responses, once for an upstream's answer, before it is stored: drop what the rules say
 * that no answer needs. Our queries to upstreams have RD set, so no-auth-recursive is
 * no-auth here. Returns the new length, at most `len`. Without OPT; the message passed the check.
 */
S53_MUST_USE size_t s53_minimize(
    const struct s53_answering *answering, uint16_t qtype, uint8_t *message, size_t len);

/* The same for a zone of ours: the bits for s53_zone_answer(). */
unsigned s53_zone_wishes(const struct s53_query *query);
