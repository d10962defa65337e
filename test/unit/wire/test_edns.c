/* SPDX-License-Identifier: ISC
 *
 * test_edns.c - the OPT record, read and written.
 */
#include "octets.h"

static bool
read_opt(const char *text, struct s53_edns *out)
{
	struct octets wire = octets(text);
	struct s53_reader reader = s53_reader_of(wire.at, wire.len);
	bool read = s53_edns_read(&reader, out);

	assert_int_equal(reader.bad, !read);
	return read;
}

static void
fixed_fields_are_read(void **state)
{
	struct s53_edns edns;

	(void)state;
	assert_true(read_opt("1000 ab 07 8000 0000", &edns));
	assert_true(edns.present && edns.dnssec_ok);
	assert_int_equal(edns.udp_size, 4096);
	assert_int_equal(edns.rcode_high, 0xab);
	assert_int_equal(edns.version, 7);
	assert_false(edns.nsid || edns.keepalive);
	assert_true(read_opt("1000 00 00 7fff 0000", &edns));
	assert_false(edns.dnssec_ok);
}

static void
sizes_below_512_count_as_512(void **state)
{
	struct s53_edns edns;

	(void)state;
	assert_true(read_opt("0000 00000000 0000", &edns));
	assert_int_equal(edns.udp_size, 512);
	assert_true(read_opt("01ff 00000000 0000", &edns));
	assert_int_equal(edns.udp_size, 512);
	assert_true(read_opt("0201 00000000 0000", &edns));
	assert_int_equal(edns.udp_size, 513);
}

static void
known_options_are_seen_between_unknown_ones(void **state)
{
	struct s53_edns edns;

	(void)state;
	assert_true(
	    read_opt("0200 00000000 0014 000a 0008 0102030405060708 0003 0000 000b 0000", &edns));
	assert_true(edns.nsid && edns.keepalive);
	assert_true(read_opt("0200 00000000 0006 000b 0002 0064", &edns));
	assert_true(!edns.nsid && edns.keepalive);
}

static void
options_that_exceed_the_record_are_malformed(void **state)
{
	struct s53_edns edns = { .version = 99 };

	(void)state;
	assert_false(read_opt("0200 00000000 0004 0003 0001 00", &edns)); /* overlaps the end */
	assert_false(
	    read_opt("0200 00000000 0003 0003 00 0000", &edns)); /* shorter than its header */
	assert_false(read_opt("0200 00000000 0004 0003 0001", &edns)); /* after the end */
	assert_false(read_opt("0200 00000000 0001", &edns));
	assert_false(read_opt("0200 000000", &edns));
	assert_int_equal(edns.version, 99);
}

static size_t
write_opt(uint8_t *out, size_t cap, const struct s53_edns_reply *reply)
{
	struct s53_writer writer = s53_writer_of(out, cap);

	s53_edns_write(&writer, reply);
	assert_int_equal(writer.at, writer.full ? 0 : s53_edns_reply_len(reply));
	return writer.at;
}

/* The extended errors of a message that has only this OPT. */
static uint32_t
errors_of(const char *options)
{
	struct s53_extended_error error;
	char text[512];
	struct octets wire;
	uint32_t codes;

	(void)snprintf(
	    text, sizeof(text), "0000 8002 0000 0000 0000 0001 00 0029 0200 00000000 %s", options);
	wire = octets(text);
	(void)s53_edns_find_errors(wire.at, wire.len, 12, &codes, &error);
	return codes;
}

static void
extended_errors_are_read(void **state)
{
	struct s53_extended_error error = { .code = 99 };
	uint32_t codes = 99;

	(void)state;
	assert_int_equal(errors_of("0000"), 0);
	assert_int_equal(errors_of("0006 000f 0002 0006"), 1u << 6);
	assert_int_equal(
	    errors_of("0011 0003 0001 61 000f 0002 0016 000f 0004 0007 6162"), 1u << 22 | 1u << 7);
	assert_int_equal(errors_of("0006 000f 0002 001f"), UINT32_C(1) << 31);
	assert_int_equal(errors_of("0006 000f 0002 0020"), 0); /* not assigned yet */
	assert_int_equal(errors_of("0005 000f 0001 06"), 0); /* no whole code */
	assert_false(s53_edns_find_errors(NULL, 0, 0, &codes, &error));
	assert_int_equal(codes, 0);
	assert_int_equal(error.code, 99);
}

static void
a_plain_opt_has_11_bytes(void **state)
{
	struct s53_edns_reply reply = {
		.udp_size = 1232, .ede_code = S53_EDE_NONE, .keepalive = -1
	};
	uint8_t out[64];

	(void)state;
	assert_octets(out, write_opt(out, sizeof(out), &reply), "00 0029 04d0 00 00 0000 0000");
	reply.rcode = S53_RCODE_BADVERS;
	reply.dnssec_ok = true;
	assert_octets(out, write_opt(out, S53_OPT_LEN, &reply), "00 0029 04d0 01 00 8000 0000");
}

static void
options_are_written(void **state)
{
	struct s53_edns_reply reply = { .udp_size = 512,
		.ede_code = S53_EDE_PROHIBITED,
		.ede_text = "no",
		.keepalive = 300,
		.nsid = "ns1" };
	uint8_t out[64];

	(void)state;
	assert_octets(out, write_opt(out, sizeof(out), &reply),
	    "00 0029 0200 00000000 0015 000f 0004 0012 'no 000b 0002 012c 0003 0003 'ns1");
	reply = (struct s53_edns_reply){
		.udp_size = 512, .ede_code = S53_EDE_OTHER, .keepalive = 70000, .nsid = ""
	};
	assert_octets(out, write_opt(out, sizeof(out), &reply),
	    "00 0029 0200 00000000 0010 000f 0002 0000 000b 0002 ffff 0003 0000");
}

static void
without_space_nothing_is_written(void **state)
{
	struct s53_edns_reply reply = { .udp_size = 512, .ede_code = S53_EDE_NONE, .keepalive = 1 };
	uint8_t out[64] = { 0x55 };

	(void)state;
	assert_int_equal(write_opt(out, 16, &reply), 0);
	assert_int_equal(out[0], 0x55);
	assert_int_equal(write_opt(out, 17, &reply), 17);
}

static void
long_texts_are_cut_at_255_bytes(void **state)
{
	char text[1000];
	uint8_t out[1000];
	struct s53_edns_reply reply = { .udp_size = 512,
		.ede_code = S53_EDE_OTHER,
		.ede_text = text,
		.keepalive = -1,
		.nsid = text };

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(write_opt(out, sizeof(out), &reply), 11 + 6 + 255 + 4 + 255);
}

#define HEADER "0000 8180 0000 0000 0000 0001 "

static bool
find_error(const char *text, struct s53_extended_error *out)
{
	struct octets wire = octets(text);
	uint32_t codes;

	return s53_edns_find_errors(wire.at, wire.len, 12, &codes, out);
}

static void
the_first_extended_error_is_found_among_options(void **state)
{
	struct s53_extended_error error;

	(void)state;
	assert_false(find_error(HEADER "00 0029 04d0 00000000 0000", &error));
	assert_false(find_error(HEADER "00 0029 04d0 00000000 0005 000f 0001 00", &error));
	assert_true(find_error(HEADER "00 0029 04d0 00000000 0006 000f 0002 0012", &error));
	assert_int_equal(error.code, 18);
	assert_string_equal(error.text, "");
	assert_true(find_error(HEADER
	    "00 0029 04d0 00000000 0016 0003 0000 000f 0005 0006 616263 000f 0003 0007 64",
	    &error));
	assert_int_equal(error.code, 6);
	assert_string_equal(error.text, "abc");
}

static void
unprintable_characters_of_an_extended_error_are_masked(void **state)
{
	struct s53_extended_error error;

	(void)state;
	assert_true(find_error(
	    HEADER "00 0029 04d0 00000000 000d 000f 0009 0006 00 0a 1b 7f 80 20 7e", &error));
	assert_string_equal(error.text, "????? ~");
}

static void
the_text_of_an_extended_error_is_bounded(void **state)
{
	static uint8_t message[S53_MESSAGE_MAX] = { [11] = 1 };
	struct s53_writer writer = s53_writer_of(message, sizeof(message));
	struct s53_extended_error error;
	uint32_t codes;
	size_t opt_at;
	struct s53_edns edns;

	(void)state;
	s53_write_reserve(&writer, 12);
	s53_write_u8(&writer, 0);
	s53_write_u16(&writer, S53_TYPE_OPT);
	s53_write_u16(&writer, 1232);
	s53_write_u32(&writer, 0);
	s53_write_u16(&writer, (uint16_t)(sizeof(message) - writer.at - 2));
	s53_write_u16(&writer, 15);
	s53_write_u16(&writer, (uint16_t)(sizeof(message) - writer.at - 2));
	memset(message + writer.at, 'x', sizeof(message) - writer.at);
	assert_true(s53_message_check(message, sizeof(message), &edns, &opt_at));
	assert_true(s53_edns_find_errors(message, sizeof(message), opt_at, &codes, &error));
	assert_int_equal(codes, 0); /* 0x7878 is not assigned */
	assert_int_equal(error.code, 0x7878);
	assert_int_equal(strlen(error.text), S53_ERROR_TEXT_MAX);
}

static void
the_extended_error_of_an_upstream_follows_ours(void **state)
{
	const struct s53_extended_error error = { 6, "abc" };
	struct s53_edns_reply reply = {
		.udp_size = 1232, .ede_code = 22, .upstream_error = &error, .keepalive = -1
	};
	uint8_t out[64];

	(void)state;
	assert_int_equal(write_opt(out, sizeof(out), &reply), 11 + 6 + 9);
	assert_octets(out, 26, "00 0029 04d0 00000000 000f 000f 0002 0016 000f 0005 0006 616263");
	reply.ede_code = S53_EDE_NONE;
	assert_int_equal(write_opt(out, sizeof(out), &reply), 11 + 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_fields_are_read),
		cmocka_unit_test(sizes_below_512_count_as_512),
		cmocka_unit_test(known_options_are_seen_between_unknown_ones),
		cmocka_unit_test(options_that_exceed_the_record_are_malformed),
		cmocka_unit_test(extended_errors_are_read),
		cmocka_unit_test(a_plain_opt_has_11_bytes),
		cmocka_unit_test(options_are_written),
		cmocka_unit_test(without_space_nothing_is_written),
		cmocka_unit_test(long_texts_are_cut_at_255_bytes),
		cmocka_unit_test(the_first_extended_error_is_found_among_options),
		cmocka_unit_test(unprintable_characters_of_an_extended_error_are_masked),
		cmocka_unit_test(the_text_of_an_extended_error_is_bounded),
		cmocka_unit_test(the_extended_error_of_an_upstream_follows_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
