/* SPDX-License-Identifier: ISC
 *
 * arrange.h - order and contents of replies: rrset-order, minimal-responses.
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
 * Reorder the records of the answer section by rrset-order, for this reply. Called for each
 * finished reply, from the cache, an upstream or a local zone, without OPT, and before truncation
 * (so that truncation does not always keep the same records). The message has passed
 * s53_message_check(); its length stays the same.
 *
 * As in named, a rule applies to a set's own owner and type, which behind a CNAME differ from
 * QNAME and QTYPE, and the other sections keep their order. Cyclic: each worker has a counter for
 * each set (sets share one if their hashes collide). Our own queries (a chase) are not reordered,
 * so that they advance no counter.
 */
static inline void
s53_arrange(const struct s53_query *query, uint8_t *message, size_t len)
{
	if (s53_header_count(message, S53_ANSWER) > 1)
		s53_arrange_sets(query, message, len);
}

/*
 * The number of the record that is to come first in a truncated answer's set, by the rule for
 * QNAME and QTYPE; 0: the first. *rotate: the others follow it in their order.
 */
uint32_t s53_arrange_spin(const struct s53_query *query, bool *rotate);

/*
 * minimal-responses, applied once to an upstream's answer before it is stored: drop the records
 * that the option leaves out. Our upstream queries have RD set, so no-auth-recursive is no-auth
 * here. Returns the new length, at most `len`. The message has no OPT and has passed
 * s53_message_check().
 */
S53_MUST_USE size_t s53_arrange_minimize(
    const struct s53_answering *answering, uint16_t qtype, uint8_t *message, size_t len);

/* The same for a local zone: the flags for s53_zone_answer(). */
unsigned s53_arrange_zone_flags(const struct s53_query *query);
