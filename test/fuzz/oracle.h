/* SPDX-License-Identifier: ISC
 *
 * oracle.h - messages as ldns reads them, to compare with our own code.
 *
 * ldns parses the rdata of every type that it knows; ours leaves rdata without names alone
 * (src/wire/form.c). So the types that are opaque to us get a number of private use before ldns
 * reads them: it then takes their rdata as it is, and both must agree on the rest.
 *
 * Remaining differences of ldns:
 *   stricter  (none is known: what passes s53_message_check() is read by ldns 1.8.3)
 *   laxer     pointers forwards, into the header or into the middle of a label; two OPTs, an OPT
 *             in any section or with any owner; bytes after the last record
 */
#pragma once

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include <ldns/ldns.h>

#include <split53/message.h>

#include "wire/form.h"

#define MUST(condition)                                                                         \
	((condition) ? (void)0                                                                  \
		     : (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), \
			   abort()))

/* A copy in a block of its own size, so that ASan detects every access beyond it. */
static inline uint8_t *
copy_of(const uint8_t *octets, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	MUST(copy != NULL);
	if (len > 0)
		memcpy(copy, octets, len);
	return copy;
}

static inline uint16_t
type_for_ldns(uint16_t type)
{
	const char *fields = s53_form_of(type).fields;

	if (type == S53_TYPE_OPT)
		return type;
	if (fields[0] == '*')
		return (uint16_t)(0xff00 + type % 0xfe);
	/* A name, and data after it that we leave alone: ldns knows more of TKEY and TSIG. */
	return strcmp(fields, "n*") == 0 ? S53_TYPE_NSEC : type;
}

/* NULL: ldns rejects it. */
static inline ldns_pkt *
oracle_read(const uint8_t *message, size_t len)
{
	uint8_t *copy = copy_of(message, len);
	ldns_pkt *pkt = NULL;
	struct s53_walk walk;
	struct s53_rr rr;

	if (s53_walk_begin(&walk, copy, len))
		while (s53_walk_next(&walk, &rr))
			s53_u16_put(copy + rr.ttl_at - 4, type_for_ldns(rr.type));
	if (ldns_wire2pkt(&pkt, copy, len) != LDNS_STATUS_OK)
		pkt = NULL;
	free(copy);
	return pkt;
}

static inline ldns_rr_list *
oracle_section(const ldns_pkt *pkt, enum s53_section section)
{
	switch (section) {
	case S53_QUESTION:
		return ldns_pkt_question(pkt);
	case S53_ANSWER:
		return ldns_pkt_answer(pkt);
	case S53_AUTHORITY:
		return ldns_pkt_authority(pkt);
	case S53_ADDITIONAL:
		break;
	}
	return ldns_pkt_additional(pkt);
}

static inline size_t
oracle_count(const ldns_pkt *pkt, enum s53_section section)
{
	return ldns_rr_list_rr_count(oracle_section(pkt, section));
}

static inline const ldns_rr *
oracle_rr(const ldns_pkt *pkt, enum s53_section section, size_t index)
{
	return ldns_rr_list_rr(oracle_section(pkt, section), index);
}

static inline bool
oracle_name_is(const ldns_rdf *theirs, const struct s53_name *ours)
{
	return ldns_rdf_size(theirs) == ours->len &&
	    memcmp(ldns_rdf_data(theirs), ours->octets, ours->len) == 0;
}

static inline struct s53_name
name_at(const uint8_t *message, size_t len, size_t at)
{
	struct s53_reader reader = s53_reader_of(message, len);
	struct s53_name name;

	reader.at = at;
	MUST(s53_name_read(&reader, &name));
	return name;
}

/* Walk and oracle see the same records: section, owner, type, class, TTL. */
static inline void
must_agree(const ldns_pkt *pkt, const uint8_t *message, size_t len)
{
	size_t seen[4] = { 0 };
	struct s53_walk walk;
	struct s53_rr rr;

	MUST(s53_walk_begin(&walk, message, len));
	while (s53_walk_next(&walk, &rr)) {
		struct s53_name owner = name_at(message, len, rr.owner_at);
		const ldns_rr *theirs;

		if (rr.type == S53_TYPE_OPT)
			continue; /* ldns takes it apart */
		MUST(seen[rr.section] < oracle_count(pkt, rr.section));
		theirs = oracle_rr(pkt, rr.section, seen[rr.section]++);
		MUST(oracle_name_is(ldns_rr_owner(theirs), &owner));
		MUST(ldns_rr_get_type(theirs) == type_for_ldns(rr.type));
		MUST(ldns_rr_get_class(theirs) == rr.class);
		MUST(ldns_rr_ttl(theirs) == rr.ttl);
	}
	MUST(!walk.reader.bad && walk.reader.at == len);
	for (enum s53_section s = S53_ANSWER; s <= S53_ADDITIONAL; s++)
		MUST(seen[s] == oracle_count(pkt, s));
}

/* Equal except for letter case, which compression and respelling may change in names. */
static inline bool
same_rr(const ldns_rr *a, const ldns_rr *b)
{
	ldns_buffer *octets[2] = { ldns_buffer_new(64), ldns_buffer_new(64) };
	size_t len;
	bool same;

	MUST(ldns_rr_rdata2buffer_wire(octets[0], a) == LDNS_STATUS_OK);
	MUST(ldns_rr_rdata2buffer_wire(octets[1], b) == LDNS_STATUS_OK);
	len = ldns_buffer_position(octets[0]);
	same = len == ldns_buffer_position(octets[1]) &&
	    ldns_rr_get_type(a) == ldns_rr_get_type(b) &&
	    ldns_rr_get_class(a) == ldns_rr_get_class(b) &&
	    ldns_dname_compare(ldns_rr_owner(a), ldns_rr_owner(b)) == 0;
	for (size_t i = 0; same && i < len; i++)
		same = tolower(ldns_buffer_read_u8_at(octets[0], i)) ==
		    tolower(ldns_buffer_read_u8_at(octets[1], i));
	ldns_buffer_free(octets[0]);
	ldns_buffer_free(octets[1]);
	return same;
}

/* Each section of `part` has the first records of that of `whole`: owner, type, class and rdata. */
static inline void
must_begin(const ldns_pkt *whole, const ldns_pkt *part)
{
	for (enum s53_section s = S53_ANSWER; s <= S53_ADDITIONAL; s++) {
		MUST(oracle_count(part, s) <= oracle_count(whole, s));
		for (size_t i = 0; i < oracle_count(part, s); i++)
			MUST(same_rr(oracle_rr(whole, s, i), oracle_rr(part, s, i)));
	}
}
