/* SPDX-License-Identifier: ISC
 *
 * key.h - what makes two questions the same.
 *
 * Layer    wire
 * Threads  any
 * Memory   a plain value; the name stays the caller's and must outlive the key
 *
 * (view, qname in lower case, qtype, qclass, DO, CD): an answer serves the key under which it was
 * got and no other, so a lying upstream harms its own key only, and no view sees another's names.
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
