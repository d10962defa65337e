/* SPDX-License-Identifier: ISC
 *
 * fuzz_message.c - a received message: if it passes the check, ldns reads it alike, and every
 * operation leaves a message with the same records. The parameters of the operations are derived
 * from the ID of the message.
 */
#include "oracle.h"

#include <split53/fit.h>
#include <split53/rand.h>

#define FIT_RECORDS_MAX 6000

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

/* No function reads or writes out of bounds even for bytes that did not pass the check. */
static void
survive(const uint8_t *octets, size_t len)
{
	uint8_t *copy = copy_of(octets, len);
	struct s53_name name = { .len = 1, .octets = { 0 } };

	(void)s53_message_least_ttl(copy, len);
	s53_message_respell(copy, len, &name, 1000000);
	free(copy);
}

static ldns_pkt *
still_a_message(const uint8_t *message, size_t len, bool opt)
{
	struct s53_edns edns;
	size_t opt_at;
	ldns_pkt *pkt;

	MUST(s53_message_check(message, len, &edns, &opt_at));
	MUST(edns.present == opt && (opt_at != 0) == opt);
	pkt = oracle_read(message, len);
	MUST(pkt != NULL);
	must_agree(pkt, message, len);
	return pkt;
}

static void
try_least_ttl(const uint8_t *message, size_t len, const ldns_pkt *pkt)
{
	uint32_t least = UINT32_MAX;

	for (enum s53_section s = S53_ANSWER; s <= S53_ADDITIONAL; s++)
		for (size_t i = 0; i < oracle_count(pkt, s); i++) {
			uint32_t ttl = ldns_rr_ttl(oracle_rr(pkt, s, i));

			if (ttl > 0x7fffffff) /* RFC 2181 s8 */
				ttl = 0;
			least = ttl < least ? ttl : least;
		}
	MUST(s53_message_least_ttl(message, len) == least);
}

static void
try_respell(const uint8_t *message, size_t len, const ldns_pkt *before, bool opt)
{
	uint8_t *copy = copy_of(message, len);
	struct s53_name spelling, after_name;
	ldns_pkt *after;

	if (s53_header_count(message, S53_QUESTION) == 1) {
		s53_rand_test_seed(s53_header_id(message));
		spelling = name_at(message, len, S53_HEADER_LEN);
		s53_name_scramble(&spelling);
		s53_message_respell(copy, len, &spelling, 1000000);
		after = still_a_message(copy, len, opt);
		must_begin(before, after);
		after_name = name_at(copy, len, S53_HEADER_LEN);
		MUST(s53_name_same(&after_name, &spelling));
		ldns_pkt_free(after);
	}
	free(copy);
}

/* RFC 2181 s9: of a set that was removed from a section, only exact duplicates may be left. */
static void
must_keep_sets_whole(const ldns_pkt *whole, const ldns_pkt *part, enum s53_section section)
{
	size_t kept = oracle_count(part, section);

	for (size_t gone = kept; gone < oracle_count(whole, section); gone++) {
		const ldns_rr *lost = oracle_rr(whole, section, gone);
		bool of_set = false;
		bool copied = false;

		for (size_t i = 0; i < kept; i++) {
			const ldns_rr *rr = oracle_rr(part, section, i);

			if (ldns_rr_get_type(rr) != ldns_rr_get_type(lost) ||
			    ldns_rr_get_class(rr) != ldns_rr_get_class(lost) ||
			    ldns_dname_compare(ldns_rr_owner(rr), ldns_rr_owner(lost)) != 0)
				continue;
			of_set = true;
			copied |= same_rr(rr, lost);
		}
		MUST(!of_set || copied);
	}
}

/* False if two types of the message became one for the oracle, which then sees false sets. */
static bool
types_are_told_apart(const uint8_t *message, size_t len)
{
	struct s53_walk walk;
	struct s53_rr rr;

	MUST(s53_walk_begin(&walk, message, len));
	while (s53_walk_next(&walk, &rr))
		if (type_for_ldns(rr.type) != rr.type)
			return false;
	return true;
}

static void
try_cut(const uint8_t *message, size_t len, const ldns_pkt *before)
{
	size_t limit = s53_header_id(message) % (len + 8);
	bool was_tc = (s53_header_flags(message) & S53_TC) != 0;
	uint8_t *copy = copy_of(message, len);
	size_t cut = s53_message_cut(copy, len, limit);
	ldns_pkt *after = still_a_message(copy, cut, false);
	bool lost = oracle_count(after, S53_ANSWER) < oracle_count(before, S53_ANSWER) ||
	    oracle_count(after, S53_AUTHORITY) < oracle_count(before, S53_AUTHORITY);
	struct s53_walk walk;

	MUST(s53_walk_begin(&walk, copy, cut));
	MUST(cut <= limit || cut == walk.reader.at);
	MUST(limit < len || cut == len);
	must_begin(before, after);
	/* a question that does not fit is removed, too */
	MUST(((s53_header_flags(copy) & S53_TC) != 0) == (was_tc || lost || cut > limit));
	if (types_are_told_apart(message, len)) {
		must_keep_sets_whole(before, after, S53_AUTHORITY);
		must_keep_sets_whole(before, after, S53_ADDITIONAL);
	}
	ldns_pkt_free(after);
	free(copy);
}

/* Each record of the answer section is one of those before. */
static void
must_be_among(const ldns_pkt *before, const ldns_pkt *after)
{
	for (size_t i = 0; i < oracle_count(after, S53_ANSWER); i++) {
		bool found = false;

		for (size_t k = 0; k < oracle_count(before, S53_ANSWER) && !found; k++)
			found = same_rr(
			    oracle_rr(after, S53_ANSWER, i), oracle_rr(before, S53_ANSWER, k));
		MUST(found);
	}
}

/*
 * Without a spin the result is that of a cut, in fewer steps; with one it has other records of the
 * set.
 */
static void
try_fit(const uint8_t *message, size_t len, const ldns_pkt *before)
{
	static uint16_t ttl_at[FIT_RECORDS_MAX];
	static uint8_t seams[S53_SEAMS_LEN(FIT_RECORDS_MAX)];
	uint8_t *cut = copy_of(message, len), *out = copy_of(message, len);
	struct s53_records records = { .ttl_at = ttl_at, .seams = seams };
	struct s53_fit fit = { .limit = s53_header_id(message) % (len < 4096 ? len : 4096) };
	size_t cut_len = s53_message_cut(cut, len, fit.limit), fit_len;
	struct s53_walk walk;
	struct s53_rr rr;
	ldns_pkt *after;

	s53_walk_begin(&walk, message, len);
	while (records.count < FIT_RECORDS_MAX && s53_walk_next(&walk, &rr))
		ttl_at[records.count++] = (uint16_t)rr.ttl_at;
	s53_message_seams(message, len, records.count, SIZE_MAX, seams);
	fit_len = s53_message_fit(message, &records, &fit, out);
	if (s53_header_count(cut, S53_ANSWER) <= S53_FIT_ANSWERS_MAX ||
	    s53_header_count(cut, S53_ANSWER) == s53_header_count(message, S53_ANSWER))
		MUST(fit_len == cut_len && memcmp(out, cut, cut_len) == 0);
	fit.spin = (uint32_t)len | 1;
	fit_len = s53_message_fit(message, &records, &fit, out);
	after = still_a_message(out, fit_len, false);
	MUST(fit_len <= fit.limit || oracle_count(after, S53_ANSWER) == 0);
	MUST((s53_header_flags(out) & S53_TC) == (s53_header_flags(cut) & S53_TC));
	must_be_among(before, after);
	ldns_pkt_free(after);
	fit_len = s53_message_fit_unknown(message, len, &fit, out);
	ldns_pkt_free(still_a_message(out, fit_len, false));
	free(cut);
	free(out);
}

static void
try_strip(const uint8_t *message, size_t len, const ldns_pkt *before, size_t opt_at)
{
	uint8_t *copy = copy_of(message, len);
	size_t left = s53_message_strip_opt(copy, len, opt_at);
	ldns_pkt *after = still_a_message(copy, left, false);

	MUST((left < len) == (opt_at != 0));
	must_begin(before, after);
	must_begin(after, before);
	try_cut(copy, left, after);
	if (left > 0 && s53_header_count(copy, S53_QUESTION) == 1)
		try_fit(copy, left, after);
	ldns_pkt_free(after);
	free(copy);
}

/*
 * The message at the beginning of what has arrived passes the check with its own length and with no
 * other.
 */
static void
try_arrived(const uint8_t *octets, size_t len)
{
	struct s53_edns edns;
	size_t opt_at, message_len = len;

	if (!s53_message_check_arrived(octets, &message_len, &edns, &opt_at)) {
		MUST(message_len == len && !s53_message_check(octets, len, &edns, &opt_at));
		return;
	}
	MUST(message_len <= len);
	MUST(s53_message_check(octets, message_len, &edns, &opt_at));
	MUST(message_len == len || !s53_message_check(octets, len, &edns, &opt_at));
	MUST(s53_message_size_with_one_more(octets, message_len) > message_len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct s53_edns edns;
	ldns_pkt *pkt;
	size_t opt_at;

	survive(octets, len);
	try_arrived(octets, len);
	if (!s53_message_check(octets, len, &edns, &opt_at))
		return 0;
	pkt = still_a_message(octets, len, edns.present);
	MUST(ldns_pkt_edns(pkt) == edns.present);
	if (edns.present) {
		MUST(ldns_pkt_edns_do(pkt) == edns.dnssec_ok);
		MUST(ldns_pkt_edns_version(pkt) == edns.version);
		MUST(ldns_pkt_edns_extended_rcode(pkt) == edns.rcode_high);
	}
	try_least_ttl(octets, len, pkt);
	try_respell(octets, len, pkt, edns.present);
	try_strip(octets, len, pkt, opt_at);
	ldns_pkt_free(pkt);
	return 0;
}
