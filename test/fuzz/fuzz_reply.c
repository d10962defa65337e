/* SPDX-License-Identifier: ISC
 *
 * fuzz_reply.c - a received answer composed again: the same records, compressed by us, as ldns
 * reads them; with less space, the first of them.
 */
#include "oracle.h"

#include <split53/reply.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static size_t
write_anew(uint8_t *out, size_t cap, const uint8_t *message, size_t len, bool opt)
{
	const struct s53_edns_reply edns = {
		.udp_size = 1232, .ede_code = S53_EDE_STALE, .ede_text = "old", .keepalive = -1
	};
	struct s53_question question = { .qtype = S53_TYPE_A, .qclass = S53_CLASS_IN };
	struct s53_reply reply;
	struct s53_walk walk;
	struct s53_rr rr;

	question.name = name_at(message, len, S53_HEADER_LEN);
	s53_reply_begin(&reply, out, cap, 1, S53_QR, &question);
	MUST(s53_walk_begin(&walk, message, len));
	while (s53_walk_next(&walk, &rr))
		if (rr.type != S53_TYPE_OPT)
			(void)s53_reply_copy(&reply, rr.section, message, len, &rr);
	return s53_reply_end(&reply, opt ? &edns : NULL);
}

static ldns_pkt *
read_back(const uint8_t *message, size_t len, bool opt)
{
	struct s53_edns edns;
	size_t opt_at;
	ldns_pkt *pkt;

	MUST(s53_message_check(message, len, &edns, &opt_at) && edns.present == opt);
	pkt = oracle_read(message, len);
	MUST(pkt != NULL);
	must_agree(pkt, message, len);
	return pkt;
}

/* Additional records may be dropped one by one, the others only from the end. */
static void
try_room(const uint8_t *octets, size_t len, size_t cap, bool opt)
{
	uint8_t *out = copy_of(NULL, 0);
	ldns_pkt *before, *after;
	size_t wrote;

	free(out);
	out = malloc(cap);
	MUST(out != NULL);
	wrote = write_anew(out, cap, octets, len, opt);
	MUST(wrote <= cap);
	before = oracle_read(octets, len);
	after = read_back(out, wrote, opt);
	ldns_rr_list_deep_free(ldns_pkt_additional(after));
	ldns_pkt_set_additional(after, ldns_rr_list_new());
	must_begin(before, after);
	if (oracle_count(after, S53_ANSWER) < oracle_count(before, S53_ANSWER) ||
	    oracle_count(after, S53_AUTHORITY) < oracle_count(before, S53_AUTHORITY))
		MUST(ldns_pkt_tc(after));
	ldns_pkt_free(before);
	ldns_pkt_free(after);
	free(out);
}

static void
try_all_of_it(const uint8_t *octets, size_t len)
{
	uint8_t *out = malloc(S53_MESSAGE_MAX);
	ldns_pkt *before = oracle_read(octets, len);
	ldns_pkt *after;
	size_t wrote;

	MUST(out != NULL && before != NULL);
	wrote = write_anew(out, S53_MESSAGE_MAX, octets, len, false);
	after = read_back(out, wrote, false);
	if (!ldns_pkt_tc(after) && wrote < S53_MESSAGE_MAX - 512) {
		must_begin(before, after);
		must_begin(after, before);
	}
	ldns_pkt_free(before);
	ldns_pkt_free(after);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct s53_edns edns;
	size_t opt_at;

	if (!s53_message_check(octets, len, &edns, &opt_at))
		return 0;
	if (s53_header_count(octets, S53_QUESTION) != 1)
		return 0;
	try_all_of_it(octets, len);
	try_room(octets, len, 300 + s53_header_id(octets) % (len + 1), edns.present);
	return 0;
}
