/* SPDX-License-Identifier: ISC
 *
 * fuzz_request.c - any bytes from a client: a verdict, a question that ldns reads alike, and an
 * error reply that is a valid message.
 *
 * ldns does not parse the records after the question: they are skipped, whatever they contain (the
 * SOA of IXFR, the empty rdata of an UPDATE).
 */
#include "oracle.h"

#include <split53/key.h>
#include <split53/reply.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static void
must_read_the_question_alike(const uint8_t *octets, size_t len, const struct s53_question *question)
{
	size_t at = S53_HEADER_LEN;
	struct s53_name lower = question->name;
	ldns_rr *theirs = NULL;
	struct s53_key key, again;

	MUST(ldns_wire2rr(&theirs, octets, len, &at, LDNS_SECTION_QUESTION) == LDNS_STATUS_OK);
	MUST(oracle_name_is(ldns_rr_owner(theirs), &question->name));
	MUST(ldns_rr_get_type(theirs) == question->qtype);
	MUST(ldns_rr_get_class(theirs) == question->qclass);
	s53_name_lower(&lower);
	MUST(s53_name_same(&lower, &question->lower));
	s53_key_make(&key, 1, question, false, true);
	s53_key_make(&again, 2, question, false, true);
	MUST(s53_key_equal(&key, &key) && !s53_key_equal(&key, &again) && key.hash != again.hash);
	ldns_rr_free(theirs);
}

static void
must_be_answerable(const struct s53_request *request, enum s53_request_verdict verdict)
{
	struct s53_edns_reply edns = {
		.udp_size = 1232,
		.ede_code = S53_EDE_OTHER,
		.ede_text = "because",
		.keepalive = 100,
		.nsid = "here",
	};
	uint16_t rcode = verdict == S53_REQUEST_BADVERS ? S53_RCODE_BADVERS : S53_RCODE_FORMERR;
	uint8_t reply[512];
	size_t len = s53_reply_error(reply, sizeof(reply), request, rcode, true, &edns);
	struct s53_edns echoed;
	size_t opt_at;
	ldns_pkt *pkt;

	MUST(len <= sizeof(reply) && s53_message_check(reply, len, &echoed, &opt_at));
	MUST(echoed.present == request->edns.present);
	MUST(!echoed.present ||
	    (echoed.rcode_high == rcode >> 4 && echoed.nsid && echoed.keepalive));
	pkt = oracle_read(reply, len);
	MUST(pkt != NULL && ldns_pkt_qr(pkt) && ldns_pkt_id(pkt) == request->id);
	MUST(oracle_count(pkt, S53_QUESTION) == (request->has_question ? 1 : 0));
	ldns_pkt_free(pkt);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	enum s53_request_verdict verdict;
	struct s53_request request;

	verdict = s53_request_parse(octets, len, &request);
	if (verdict == S53_REQUEST_SILENCE)
		return 0;
	MUST((request.flags & S53_QR) == 0);
	MUST(request.has_question || (verdict != S53_REQUEST_OK && verdict != S53_REQUEST_BADVERS));
	if (request.has_question)
		must_read_the_question_alike(octets, len, &request.question);
	must_be_answerable(&request, verdict);
	return 0;
}
