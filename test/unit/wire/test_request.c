/* SPDX-License-Identifier: ISC
 *
 * test_request.c - parsing of queries, and the error that a malformed one gets.
 */
#include "octets.h"

#include <split53/request.h>

#define ONE "1234 0100 0001 0000 0000 0000 "
#define WITH_OPT "1234 0100 0001 0000 0000 0001 "

static struct s53_request request; /* of the last parse() */

static enum s53_request_verdict
parse(const char *text)
{
	struct octets wire = octets(text);

	memset(&request, 0xa5, sizeof(request));
	return s53_request_parse(wire.at, wire.len, &request);
}

static void
a_plain_query_is_read(void **state)
{
	(void)state;
	assert_int_equal(
	    parse("1234 0130 0001 0000 0000 0000 .wWw .EXAMPLE 00 001c 0003"), S53_REQUEST_OK);
	assert_int_equal(request.id, 0x1234);
	assert_int_equal(request.flags, S53_RD | S53_AD | S53_CD);
	assert_true(request.has_question);
	assert_name(&request.question.name, "wWw.EXAMPLE");
	assert_name(&request.question.lower, "www.example");
	assert_int_equal(request.question.qtype, S53_TYPE_AAAA);
	assert_int_equal(request.question.qclass, S53_CLASS_CH);
	assert_false(request.edns.present);
}

static void
edns_is_read(void **state)
{
	(void)state;
	assert_int_equal(
	    parse(WITH_OPT QUESTION "00 0029 1000 00008000 0004 0003 0000"), S53_REQUEST_OK);
	assert_true(request.edns.present && request.edns.dnssec_ok && request.edns.nsid);
	assert_int_equal(request.edns.udp_size, 4096);
}

static void
responses_and_fragments_of_a_header_are_dropped(void **state)
{
	(void)state;
	assert_int_equal(parse(""), S53_REQUEST_SILENCE);
	assert_int_equal(parse("1234 0100 0001 0000 0000 00"), S53_REQUEST_SILENCE);
	assert_int_equal(parse("1234 8100 0001 0000 0000 0000" QUESTION), S53_REQUEST_SILENCE);
	assert_int_equal(parse("1234 a800 0000 0000 0000 0000"), S53_REQUEST_SILENCE);
}

static void
no_question_or_several_are_a_form_error(void **state) /* RFC 9619 */
{
	(void)state;
	assert_int_equal(parse("1234 0100 0000 0000 0000 0000"), S53_REQUEST_FORMERR);
	assert_false(request.has_question);
	assert_int_equal(request.id, 0x1234);
	assert_int_equal(request.flags, S53_RD);
	assert_int_equal(
	    parse("1234 0100 0002 0000 0000 0000" QUESTION QUESTION), S53_REQUEST_FORMERR);
	assert_false(request.has_question);
	assert_int_equal(parse("1234 0100 0000 0000 0000 0001" OPT), S53_REQUEST_FORMERR);
}

static void
bad_questions_are_form_errors(void **state)
{
	(void)state;
	assert_int_equal(parse(ONE), S53_REQUEST_FORMERR);
	assert_int_equal(parse(ONE "c00c 0001 0001"), S53_REQUEST_FORMERR);
	assert_int_equal(parse(ONE "c000 0001 0001"), S53_REQUEST_FORMERR);
	assert_int_equal(parse(ONE "41 00 0001 0001"), S53_REQUEST_FORMERR);
	assert_int_equal(parse(ONE WWW "0001 00"), S53_REQUEST_FORMERR);
	assert_false(request.has_question);
}

static void
bytes_after_the_last_record_are_ignored(void **state)
{
	(void)state;
	assert_int_equal(parse(ONE QUESTION "00"), S53_REQUEST_OK);
	assert_true(request.has_question);
	assert_name(&request.question.name, "www.example");
	assert_int_equal(parse(WITH_OPT QUESTION OPT "00"), S53_REQUEST_OK);
	assert_true(request.edns.present);
}

static void
missing_and_truncated_records_are_form_errors(void **state)
{
	(void)state;
	assert_int_equal(parse(WITH_OPT QUESTION), S53_REQUEST_FORMERR);
	assert_int_equal(parse("1234 0100 0001 ffff ffff ffff" QUESTION), S53_REQUEST_FORMERR);
	assert_int_equal(
	    parse(WITH_OPT QUESTION "00 0001 0001 00000000 0005 01020304"), S53_REQUEST_FORMERR);
	assert_int_equal(
	    parse(WITH_OPT QUESTION "c040 0001 0001 00000000 0000"), S53_REQUEST_FORMERR);
}

static void
a_second_opt_or_a_misplaced_one_is_a_form_error(void **state) /* RFC 6891 s6.1.1 */
{
	(void)state;
	assert_int_equal(
	    parse("1234 0100 0001 0000 0000 0002" QUESTION OPT OPT), S53_REQUEST_FORMERR);
	assert_int_equal(parse("1234 0100 0001 0001 0000 0000" QUESTION OPT), S53_REQUEST_FORMERR);
	assert_int_equal(parse("1234 0100 0001 0000 0001 0000" QUESTION OPT), S53_REQUEST_FORMERR);
	assert_int_equal(
	    parse(WITH_OPT QUESTION "c00c 0029 04d0 00000000 0000"), S53_REQUEST_FORMERR);
	assert_int_equal(
	    parse(WITH_OPT QUESTION "c018 0029 04d0 00000000 0000"), S53_REQUEST_FORMERR);
	assert_int_equal(
	    parse(WITH_OPT QUESTION "00 0029 04d0 00000000 0004 0003 0009"), S53_REQUEST_FORMERR);
}

static void
other_records_are_parsed_and_ignored(void **state)
{
	(void)state;
	assert_int_equal(
	    parse("1234 0100 0001 0001 0001 0002" QUESTION ADDRESS
		  "c010 0006 0001 00000000 0003 010203" OPT "00 00fa 00ff 00000000 0001 55"),
	    S53_REQUEST_OK);
	assert_true(request.edns.present);
}

static void
other_opcodes_are_not_implemented_whatever_the_rest_of_the_message(void **state)
{
	(void)state;
	assert_int_equal(
	    parse("1234 2800 0001 0000 0000 0000 .example 00 0006 0001"), S53_REQUEST_NOTIMP);
	assert_true(request.has_question);
	assert_int_equal(parse("1234 3000 0000 0000 0000 0000 0001 0002 aabb"), S53_REQUEST_NOTIMP);
	assert_false(request.has_question);
	assert_int_equal(parse("1234 7800 0003 0000 0000 0000 ff"), S53_REQUEST_NOTIMP);
	assert_int_equal(
	    parse("1234 2000 0001 0000 0000 0001" QUESTION "00 0029 04d0 00010000 0000"),
	    S53_REQUEST_NOTIMP);
	assert_true(request.edns.present);
}

static void
edns_versions_over_0_are_bad_versions(void **state)
{
	(void)state;
	assert_int_equal(
	    parse(WITH_OPT QUESTION "00 0029 04d0 00010000 0000"), S53_REQUEST_BADVERS);
	assert_true(request.has_question && request.edns.present);
	assert_int_equal(
	    parse(WITH_OPT QUESTION "00 0029 04d0 00ff0000 0000 00"), S53_REQUEST_BADVERS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_query_is_read),
		cmocka_unit_test(edns_is_read),
		cmocka_unit_test(responses_and_fragments_of_a_header_are_dropped),
		cmocka_unit_test(no_question_or_several_are_a_form_error),
		cmocka_unit_test(bad_questions_are_form_errors),
		cmocka_unit_test(bytes_after_the_last_record_are_ignored),
		cmocka_unit_test(missing_and_truncated_records_are_form_errors),
		cmocka_unit_test(a_second_opt_or_a_misplaced_one_is_a_form_error),
		cmocka_unit_test(other_records_are_parsed_and_ignored),
		cmocka_unit_test(
		    other_opcodes_are_not_implemented_whatever_the_rest_of_the_message),
		cmocka_unit_test(edns_versions_over_0_are_bad_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
