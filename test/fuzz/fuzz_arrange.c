/* SPDX-License-Identifier: ISC
 *
 * fuzz_arrange.c - a received answer with its records reordered, or with fewer of them: it stays a
 * message with the same records, as ldns reads them. The order is derived from the ID of the
 * message.
 */
#include "oracle.h"

#include <split53/hash.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

struct ordering {
	struct s53_ordering ordering;
	unsigned id;
};

static enum s53_reorder
choose(struct s53_ordering *ordering, const struct s53_name *owner, uint16_t type)
{
	const struct ordering *it = (const struct ordering *)ordering;

	MUST(owner->len > 0);
	ordering->steps = it->id + type;
	return (enum s53_reorder)((it->id + type) % 3);
}

static ldns_pkt *
still_a_message(const uint8_t *message, size_t len)
{
	struct s53_edns edns;
	size_t opt_at;
	ldns_pkt *pkt;

	MUST(s53_message_check(message, len, &edns, &opt_at));
	pkt = oracle_read(message, len);
	MUST(pkt != NULL);
	must_agree(pkt, message, len);
	return pkt;
}

/* Letter case aside: owner, type, class, TTL and rdata. */
static uint64_t
hash_of(const ldns_rr *rr)
{
	ldns_buffer *octets = ldns_buffer_new(64);
	uint64_t hash;
	size_t len;

	MUST(ldns_rr2buffer_wire(octets, rr, LDNS_SECTION_ANSWER) == LDNS_STATUS_OK);
	len = ldns_buffer_position(octets);
	for (size_t i = 0; i < len; i++) {
		uint8_t *at = ldns_buffer_at(octets, i);

		*at = (uint8_t)tolower(*at);
	}
	hash = s53_hash(ldns_buffer_begin(octets), len);
	ldns_buffer_free(octets);
	return hash;
}

static uint64_t
hash_of_section(const ldns_pkt *pkt, enum s53_section section)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < oracle_count(pkt, section); i++)
		sum += hash_of(oracle_rr(pkt, section, i)) * 0x9e3779b97f4a7c15u;
	return sum;
}

/* The same sets at the same offsets, with the same records in them. */
static void
must_be_reordered(const ldns_pkt *before, const ldns_pkt *after)
{
	MUST(oracle_count(before, S53_ANSWER) == oracle_count(after, S53_ANSWER));
	MUST(hash_of_section(before, S53_ANSWER) == hash_of_section(after, S53_ANSWER));
	for (size_t i = 0; i < oracle_count(before, S53_ANSWER); i++) {
		const ldns_rr *a = oracle_rr(before, S53_ANSWER, i);
		const ldns_rr *b = oracle_rr(after, S53_ANSWER, i);

		MUST(ldns_rr_get_type(a) == ldns_rr_get_type(b));
		MUST(ldns_rr_get_class(a) == ldns_rr_get_class(b));
		MUST(ldns_dname_compare(ldns_rr_owner(a), ldns_rr_owner(b)) == 0);
	}
	for (enum s53_section s = S53_AUTHORITY; s <= S53_ADDITIONAL; s++) {
		MUST(oracle_count(before, s) == oracle_count(after, s));
		for (size_t i = 0; i < oracle_count(before, s); i++)
			MUST(hash_of(oracle_rr(before, s, i)) == hash_of(oracle_rr(after, s, i)));
	}
}

static void
try_order(const uint8_t *message, size_t len, const ldns_pkt *before, bool all)
{
	unsigned id = s53_header_id(message);
	struct ordering it = { .ordering = { .random_state = id, .choose = all ? NULL : choose },
		.id = id };
	uint8_t *copy = copy_of(message, len);
	ldns_pkt *after;

	s53_message_reorder(copy, len, &it.ordering);
	MUST(memcmp(copy, message, S53_HEADER_LEN) == 0);
	after = still_a_message(copy, len);
	must_be_reordered(before, after);
	ldns_pkt_free(after);
	free(copy);
}

/* The records that a section has lost, in the order of the section; all others are still there. */
static ldns_rr_list *
lost_of(const ldns_pkt *before, const ldns_pkt *after, enum s53_section section)
{
	ldns_rr_list *lost = ldns_rr_list_new();
	size_t at = 0;

	for (size_t i = 0; i < oracle_count(before, section); i++) {
		const ldns_rr *rr = oracle_rr(before, section, i);

		if (at < oracle_count(after, section) &&
		    hash_of(rr) == hash_of(oracle_rr(after, section, at)))
			at++;
		else
			MUST(ldns_rr_list_push_rr(lost, ldns_rr_clone(rr)));
	}
	MUST(at == oracle_count(after, section));
	return lost;
}

static bool
is_of_ns(const ldns_rr *rr)
{
	if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_NS)
		return true;
	return ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG &&
	    ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(rr)) == LDNS_RR_TYPE_NS;
}

static bool
is_host_of(const ldns_rr_list *servers, const ldns_rr *rr)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(servers); i++) {
		const ldns_rr *one = ldns_rr_list_rr(servers, i);

		if (ldns_rr_get_type(one) == LDNS_RR_TYPE_NS &&
		    ldns_dname_compare(ldns_rr_rdf(one, 0), ldns_rr_owner(rr)) == 0)
			return true;
	}
	return false;
}

static void
must_be_minimized(const ldns_pkt *before, const ldns_pkt *after, bool additional)
{
	ldns_rr_list *servers = lost_of(before, after, S53_AUTHORITY);
	ldns_rr_list *addresses = lost_of(before, after, S53_ADDITIONAL);
	ldns_rr_list *none = lost_of(before, after, S53_ANSWER);

	MUST(ldns_rr_list_rr_count(none) == 0);
	for (size_t i = 0; i < ldns_rr_list_rr_count(servers); i++)
		MUST(is_of_ns(ldns_rr_list_rr(servers, i)));
	for (size_t i = 0; !additional && i < ldns_rr_list_rr_count(addresses); i++)
		MUST(is_host_of(servers, ldns_rr_list_rr(addresses, i)));
	ldns_rr_list_deep_free(servers);
	ldns_rr_list_deep_free(addresses);
	ldns_rr_list_deep_free(none);
}

static void
try_minimize(const uint8_t *message, size_t len, const ldns_pkt *before, bool additional)
{
	uint8_t *copy = copy_of(message, len);
	size_t left = s53_message_minimize(copy, len, additional);
	ldns_pkt *after = still_a_message(copy, left);

	MUST(left <= len);
	if (s53_header_rcode(message) != S53_RCODE_NOERROR || oracle_count(before, S53_ANSWER) == 0)
		MUST(left == len && memcmp(copy, message, len) == 0);
	must_be_minimized(before, after, additional);
	MUST(s53_message_minimize(copy, left, additional) == left);
	ldns_pkt_free(after);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct s53_edns edns;
	uint8_t *message;
	ldns_pkt *pkt;
	size_t opt_at;

	if (!s53_message_check(octets, len, &edns, &opt_at))
		return 0;
	message = copy_of(octets, len);
	len = s53_message_strip_opt(message, len, opt_at);
	pkt = still_a_message(message, len);
	for (int way = 0; way < 2; way++) {
		try_order(message, len, pkt, way != 0);
		try_minimize(message, len, pkt, way != 0);
	}
	ldns_pkt_free(pkt);
	free(message);
	return 0;
}
