/* SPDX-License-Identifier: ISC
 *
 * test_reply.c - messages that we compose.
 */
#include "octets.h"

#include <split53/reply.h>

static const struct s53_edns_reply plain_opt = {
	.udp_size = 1232, .ede_code = S53_EDE_NONE, .keepalive = -1
};

struct fixture {
	struct s53_reply reply;
	uint8_t out[2048];
};

static void
begin(struct fixture *f, size_t cap)
{
	struct s53_question question = {
		.name = name_of("wWw.Example"), .qtype = S53_TYPE_A, .qclass = S53_CLASS_IN
	};

	s53_reply_begin(&f->reply, f->out, cap, 0x1234, S53_QR | S53_RD, &question);
}

static bool
add(struct fixture *f, enum s53_section section, const char *owner, uint16_t type,
    const char *rdata)
{
	struct s53_name name = name_of(owner);
	struct octets wire = octets(rdata);

	return s53_reply_add(
	    &f->reply, section, &name, type, S53_CLASS_IN, 60, wire.at, (uint16_t)wire.len);
}

static void
assert_written(struct fixture *f, const struct s53_edns_reply *edns, const char *text)
{
	struct octets written = { .len = s53_reply_end(&f->reply, edns) };

	assert_octets(f->out, written.len, text);
	memcpy(written.at, f->out, written.len);
	assert_true(passes(&written));
}

static void
a_reply_without_records_is_header_and_question(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, sizeof(f.out));
	assert_written(&f, NULL, "1234 8100 0001 0000 0000 0000 .wWw .Example 00 0001 0001");
	s53_reply_begin(&f.reply, f.out, sizeof(f.out), 1, S53_QR | 5, NULL);
	assert_written(&f, NULL, "0001 8005 0000 0000 0000 0000");
}

static void
owners_are_compressed_against_the_qname_in_any_letter_case(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, sizeof(f.out));
	assert_true(add(&f, S53_ANSWER, "www.example", S53_TYPE_A, "01020304"));
	assert_true(add(&f, S53_AUTHORITY, "EXAMPLE", S53_TYPE_NS, ".ns .example 00"));
	assert_true(add(&f, S53_ADDITIONAL, "NS.example", S53_TYPE_A, "01020305"));
	assert_true(add(&f, S53_ADDITIONAL, ".", S53_TYPE_A, "01020306"));
	assert_written(&f, NULL,
	    "1234 8100 0001 0001 0001 0002 .wWw .Example 00 0001 0001 "
	    "c00c 0001 0001 0000003c 0004 01020304 "
	    "c010 0002 0001 0000003c 0005 .ns c010 "
	    "c039 0001 0001 0000003c 0004 01020305 "
	    "00 0001 0001 0000003c 0004 01020306");
}

static void
rdata_is_compressed_only_where_rfc_3597_allows(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, sizeof(f.out));
	assert_true(add(&f, S53_ANSWER, "a", S53_TYPE_SRV, "0001 0002 0050 .www .example 00"));
	assert_true(add(&f, S53_ANSWER, "a", S53_TYPE_MX, "0001 .www .example 00"));
	assert_true(add(&f, S53_ANSWER, "a", S53_TYPE_DNAME, ".www .example 00"));
	assert_written(&f, NULL,
	    "1234 8100 0001 0003 0000 0000 .wWw .Example 00 0001 0001 "
	    ".a 00 0021 0001 0000003c 0013 0001 0002 0050 .www .example 00 "
	    "c01d 000f 0001 0000003c 0004 0001 c00c "
	    "c01d 0027 0001 0000003c 000d .www .example 00");
}

static void
later_names_point_into_uncompressed_rdata(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, sizeof(f.out));
	assert_true(add(&f, S53_ANSWER, "www.example", S53_TYPE_SRV, "0001 0002 0050 .n .dc1 00"));
	assert_true(add(&f, S53_ADDITIONAL, "n.dc1", S53_TYPE_A, "01020304"));
	assert_written(&f, NULL,
	    "1234 8100 0001 0001 0000 0001 .wWw .Example 00 0001 0001 "
	    "c00c 0021 0001 0000003c 000d 0001 0002 0050 .n .dc1 00 "
	    "c02f 0001 0001 0000003c 0004 01020304");
}

static void
a_record_that_does_not_fit_leaves_no_trace_and_sets_tc(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 29 + 16 + 17);
	assert_true(add(&f, S53_ANSWER, "www.example", S53_TYPE_A, "01020304"));
	assert_false(add(&f, S53_ANSWER, "new.name.example", S53_TYPE_A, "01020305"));
	assert_true(f.reply.truncated);
	/* nothing is written after an omitted record, although this would fit */
	assert_false(add(&f, S53_ANSWER, "www.example", S53_TYPE_A, "01020306"));
	assert_written(&f, NULL,
	    "1234 8300 0001 0001 0000 0000 .wWw .Example 00 0001 0001 "
	    "c00c 0001 0001 0000003c 0004 01020304 ");
}

static void
no_name_points_into_a_record_that_was_taken_back(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 29 + 40);
	assert_false(add(
	    &f, S53_ADDITIONAL, "other.name", S53_TYPE_TXT, "1e 'abcdefghijklmnopqrstuvwxyz1234"));
	assert_true(add(&f, S53_ADDITIONAL, "other.name", S53_TYPE_A, "01020304"));
	assert_written(&f, NULL,
	    "1234 8100 0001 0000 0000 0001 .wWw .Example 00 0001 0001 "
	    ".other .name 00 0001 0001 0000003c 0004 01020304");
}

static void
an_additional_record_that_does_not_fit_sets_no_tc(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 29 + 15);
	assert_false(add(&f, S53_ADDITIONAL, "www.example", S53_TYPE_A, "01020304"));
	assert_written(&f, NULL, "1234 8100 0001 0000 0000 0000 .wWw .Example 00 0001 0001");
}

static void
malformed_rdata_is_rejected(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, sizeof(f.out));
	assert_false(add(&f, S53_ANSWER, "a", S53_TYPE_A, "010203"));
	assert_false(add(&f, S53_ANSWER, "a", S53_TYPE_CNAME, ".b"));
	assert_false(add(&f, S53_ANSWER, "a", S53_TYPE_CNAME, ".b 00 00"));
	assert_false(add(&f, S53_ANSWER, "a", S53_TYPE_CNAME, "c00c"));
	assert_false(f.reply.truncated);
	assert_true(add(&f, S53_ANSWER, "a", S53_TYPE_TXT, ""));
	assert_written(&f, NULL,
	    "1234 8100 0001 0001 0000 0000 .wWw .Example 00 0001 0001 .a 00 0010 0001 0000003c "
	    "0000");
}

static void
records_are_copied_from_other_messages(void **state)
{
	struct octets from =
	    octets("4321 8180 0001 0002 0000 0000" QUESTION
		   "c00c 0005 0001 00000005 0004 .b c010 c029 0006 0001 80000000 0018 "
		   "c010 c029 00000001 00000002 00000003 00000004 00000005");
	struct s53_walk walk;
	struct s53_rr rr;
	struct fixture f;

	(void)state;
	assert_true(passes(&from));
	begin(&f, sizeof(f.out));
	assert_true(s53_walk_begin(&walk, from.at, from.len));
	assert_true(s53_walk_next(&walk, &rr));
	rr.ttl = 4;
	assert_true(s53_reply_copy(&f.reply, S53_ANSWER, from.at, from.len, &rr));
	assert_true(s53_walk_next(&walk, &rr));
	assert_true(s53_reply_copy(&f.reply, S53_AUTHORITY, from.at, from.len, &rr));
	assert_written(&f, NULL,
	    "1234 8100 0001 0001 0001 0000 .wWw .Example 00 0001 0001 "
	    "c00c 0005 0001 00000004 0004 .b c010 c029 0006 0001 80000000 0018 "
	    "c010 c029 00000001 00000002 00000003 00000004 00000005");
}

static void
names_are_written_even_when_the_compression_table_is_full(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, sizeof(f.out));
	for (unsigned i = 0; i < 100; i++) {
		char owner[20];

		snprintf(owner, sizeof(owner), "n%u.example", i);
		assert_true(add(&f, S53_ANSWER, owner, S53_TYPE_TXT, ""));
	}
	assert_int_equal(f.reply.compress_count, S53_COMPRESS_SLOTS);
	assert_true(add(&f, S53_ANSWER, "n5.example", S53_TYPE_TXT, ""));
	assert_true(add(&f, S53_ANSWER, "n99.example", S53_TYPE_TXT, ""));
	struct octets written = { .len = s53_reply_end(&f.reply, NULL) };
	memcpy(written.at, f.out, written.len);
	assert_true(passes(&written));
	assert_int_equal(written.len, 29 + 10 * 15 + 90 * 16 + 12 + 16);
}

/* So many that some have the same hash as the name that they end in. */
static void
any_name_reads_back_as_it_was_written(void **state)
{
	struct fixture f;

	(void)state;
	for (unsigned i = 0; i < 300000; i++) {
		char text[30];
		struct s53_reader reader;
		struct s53_name owner;

		begin(&f, sizeof(f.out));
		snprintf(text, sizeof(text), "%x.example", i);
		owner = name_of(text);
		assert_true(
		    s53_reply_add(&f.reply, S53_ANSWER, &owner, S53_TYPE_NULL, 1, 0, NULL, 0));
		reader = s53_reader_of(f.out, f.reply.writer.at);
		reader.at = 29;
		assert_true(s53_name_read_equal(&reader, &owner));
	}
}

static void
an_opt_comes_last_and_is_counted(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, sizeof(f.out));
	assert_true(add(&f, S53_ADDITIONAL, "www.example", S53_TYPE_A, "01020304"));
	assert_written(&f, &plain_opt,
	    "1234 8100 0001 0000 0000 0002 .wWw .Example 00 0001 0001 "
	    "c00c 0001 0001 0000003c 0004 01020304 " OPT);
}

static void
records_leave_space_for_the_opt(void **state) /* RFC 6891 s7 */
{
	struct fixture f;

	(void)state;
	begin(&f, 29 + 16 + 10);
	assert_true(add(&f, S53_ADDITIONAL, "www.example", S53_TYPE_A, "01020304"));
	assert_written(
	    &f, &plain_opt, "1234 8100 0001 0000 0000 0001 .wWw .Example 00 0001 0001 " OPT);
	begin(&f, 29 + 32 + 10);
	assert_true(add(&f, S53_ANSWER, "www.example", S53_TYPE_A, "01020304"));
	assert_true(add(&f, S53_ANSWER, "www.example", S53_TYPE_A, "01020305"));
	assert_written(&f, &plain_opt,
	    "1234 8300 0001 0001 0000 0001 .wWw .Example 00 0001 0001 "
	    "c00c 0001 0001 0000003c 0004 01020304 " OPT);
}

static struct s53_request
request_of(const char *text)
{
	struct octets wire = octets(text);
	struct s53_request request;

	assert_int_not_equal(s53_request_parse(wire.at, wire.len, &request), S53_REQUEST_SILENCE);
	return request;
}

static void
errors_echo_the_question(void **state)
{
	struct s53_request request =
	    request_of("abcd 0770 0001 0000 0000 0000 .wWw .Example 00 0001 0001");
	uint8_t out[512];

	(void)state;
	assert_octets(out,
	    s53_reply_error(out, sizeof(out), &request, S53_RCODE_REFUSED, true, NULL),
	    "abcd 8195 0001 0000 0000 0000 .wWw .Example 00 0001 0001");
	request = request_of("abcd 2000 0000 0000 0000 0000");
	assert_octets(out,
	    s53_reply_error(out, sizeof(out), &request, S53_RCODE_NOTIMP, false, NULL),
	    "abcd a004 0000 0000 0000 0000");
}

static void
an_error_has_an_opt_only_if_the_query_had_one(void **state)
{
	const struct s53_edns_reply why = { .udp_size = 4096,
		.ede_code = S53_EDE_PROHIBITED,
		.ede_text = "no",
		.keepalive = -1,
		.dnssec_ok = false };
	struct s53_request request =
	    request_of("abcd 0100 0001 0000 0000 0001" QUESTION "00 0029 1000 00018000 0000");
	uint8_t out[512];

	(void)state;
	assert_octets(out,
	    s53_reply_error(out, sizeof(out), &request, S53_RCODE_BADVERS, true, NULL),
	    "abcd 8180 0001 0000 0000 0001" QUESTION "00 0029 04d0 01008000 0000");
	assert_octets(out,
	    s53_reply_error(out, sizeof(out), &request, S53_RCODE_REFUSED, true, &why),
	    "abcd 8185 0001 0000 0000 0001" QUESTION
	    "00 0029 1000 00008000 0008 000f 0004 0012 'no");
	request = request_of("abcd 0100 0001 0000 0000 0000" QUESTION);
	assert_octets(out,
	    s53_reply_error(out, sizeof(out), &request, S53_RCODE_REFUSED, true, &why),
	    "abcd 8185 0001 0000 0000 0000" QUESTION);
}

static void
an_error_omits_a_text_that_does_not_fit(void **state)
{
	char text[300];
	struct s53_edns_reply why = { .udp_size = 512,
		.ede_code = S53_EDE_OTHER,
		.ede_text = text,
		.keepalive = 1,
		.nsid = text };
	struct s53_request request = request_of("abcd 0100 0001 0000 0000 0001" QUESTION OPT);
	uint8_t out[512];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_octets(out,
	    s53_reply_error(out, sizeof(out), &request, S53_RCODE_SERVFAIL, true, &why),
	    "abcd 8182 0001 0000 0000 0001" QUESTION
	    "00 0029 0200 00000000 000c 000f 0002 0000 000b 0002 0001");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_without_records_is_header_and_question),
		cmocka_unit_test(owners_are_compressed_against_the_qname_in_any_letter_case),
		cmocka_unit_test(rdata_is_compressed_only_where_rfc_3597_allows),
		cmocka_unit_test(later_names_point_into_uncompressed_rdata),
		cmocka_unit_test(a_record_that_does_not_fit_leaves_no_trace_and_sets_tc),
		cmocka_unit_test(no_name_points_into_a_record_that_was_taken_back),
		cmocka_unit_test(an_additional_record_that_does_not_fit_sets_no_tc),
		cmocka_unit_test(malformed_rdata_is_rejected),
		cmocka_unit_test(records_are_copied_from_other_messages),
		cmocka_unit_test(names_are_written_even_when_the_compression_table_is_full),
		cmocka_unit_test(any_name_reads_back_as_it_was_written),
		cmocka_unit_test(an_opt_comes_last_and_is_counted),
		cmocka_unit_test(records_leave_space_for_the_opt),
		cmocka_unit_test(errors_echo_the_question),
		cmocka_unit_test(an_error_has_an_opt_only_if_the_query_had_one),
		cmocka_unit_test(an_error_omits_a_text_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
