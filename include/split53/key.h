/* SPDX-License-Identifier: ISC
 *
 * key.h - the key of a query in the cache and in the table of fetches under way.
 *
 * Layer    wire
 * Threads  any
 * Memory   a plain value; the name stays the caller's and must outlive the key
 *
 * (view, qname in lower case, qtype, qclass, DO, CD): an answer is used only for queries with the
 * key of the query that obtained it. So a lying upstream harms that key only, and no view sees
 * names of another one.
 */
#pragma once

#include <split53/request.h>

struct s53_key {
	uint64_t hash; /* over all that follows */
	uint32_t view_id;
	uint16_t qtype;
	uint16_t qclass;
	bool dnssec_ok;
	bool checking_disabled;
	const struct s53_name *name; /* lower case */
};

void s53_key_make(struct s53_key *key, uint32_t view_id, const struct s53_question *question,
    bool dnssec_ok, bool checking_disabled);
bool s53_key_equal(const struct s53_key *a, const struct s53_key *b);
