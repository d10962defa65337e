/* SPDX-License-Identifier: ISC
 *
 * test_addr.c - addresses and prefixes as text and as values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <split53/addr.h>

/* What `text` is parsed as, printed as BIND does; the status if it is rejected. */
static const char *
read_back(const char *text, uint16_t port)
{
	static char out[S53_ADDR_TEXT];
	struct s53_addr addr;
	enum s53_status status = s53_addr_parse_port(text, port, &addr);

	if (status == S53_E_SYNTAX)
		return "syntax";
	if (status == S53_E_RANGE)
		return "range";
	return s53_addr_print(&addr, out);
}

static const char *
prefix_back(const char *text)
{
	static char out[S53_ADDR_TEXT];
	struct s53_prefix prefix;
	enum s53_status status = s53_prefix_parse(text, &prefix);

	if (status == S53_E_SYNTAX)
		return "syntax";
	if (status == S53_E_RANGE)
		return "range";
	return s53_prefix_print(&prefix, out);
}

static struct s53_addr
addr_of(const char *text)
{
	struct s53_addr addr;

	assert_int_equal(s53_addr_parse_port(text, 53, &addr), S53_OK);
	return addr;
}

static void
every_spelling_of_address_and_port_is_read(void **state)
{
	(void)state;
	assert_string_equal(read_back("192.0.2.1", 53), "192.0.2.1#53");
	assert_string_equal(read_back("127.0.0.1:8600", 53), "127.0.0.1#8600");
	assert_string_equal(read_back("127.0.0.1#8600", 53), "127.0.0.1#8600");
	assert_string_equal(read_back("2001:DB8::1", 53), "2001:db8::1#53");
	assert_string_equal(read_back("2001:db8::1#5353", 53), "2001:db8::1#5353");
	assert_string_equal(read_back("[2001:db8::1]:5353", 53), "2001:db8::1#5353");
	assert_string_equal(read_back("[::1]", 53), "::1#53");
	assert_string_equal(read_back("0.0.0.0:0", 53), "0.0.0.0#0");
	assert_string_equal(read_back("::", 65535), "::#65535");
}

static void
text_that_is_no_address_is_rejected(void **state)
{
	static const char *const wrong[] = { "", "localhost", "consul.example.com", "192.0.2",
		"192.0.2.1.", "192.0.2.256", "192.0.2.01", " 192.0.2.1", "192.0.2.1:", "192.0.2.1#",
		"192.0.2.1:53x", "192.0.2.1:-1", "192.0.2.1:+53", "[192.0.2.1]:53", "[::1", "[]",
		"[]:53", "[::1]53", "[::1]x", "::1]:53", ":53", "#53", "2001:db8::1%",
		"fe80::1%no-such-interface", "fe80::1%0", "1:2:3:4:5:6:7:8:9" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (strcmp(read_back(wrong[i], 53), "syntax") != 0)
			fail_msg("'%s' was read as %s", wrong[i], read_back(wrong[i], 53));
	assert_string_equal(read_back("192.0.2.1:65536", 53), "range");
	assert_string_equal(read_back("::1#99999999999999999999", 53), "range");
}

static void
a_rejected_address_leaves_the_output_alone(void **state)
{
	struct s53_addr addr = addr_of("192.0.2.7:7");

	(void)state;
	assert_int_equal(s53_addr_parse_port("192.0.2.1:65536", 53, &addr), S53_E_RANGE);
	assert_int_equal(s53_addr_parse("example", 53, &addr), S53_E_SYNTAX);
	assert_int_equal(s53_addr_parse("fe80::1%nowhere", 53, &addr), S53_E_SYNTAX);
	assert_int_equal(s53_addr_port(&addr), 7);
}

static void
a_scope_is_read_by_name_and_by_number_and_is_part_of_the_host(void **state)
{
	struct s53_addr by_name = addr_of("fe80::1%lo");
	struct s53_addr by_number = addr_of("fe80::1%1#53");
	struct s53_addr other = addr_of("fe80::1%2");
	char text[S53_ADDR_TEXT];

	(void)state;
	assert_true(s53_addr_equal(&by_name, &by_number)); /* lo is 1 everywhere */
	assert_false(s53_addr_same_host(&by_name, &other));
	assert_string_equal(s53_addr_print_host(&by_name, text), "fe80::1%lo");
}

static void
loopback_and_any_are_known_in_both_families(void **state)
{
	static const char *const loopback[] = { "127.0.0.1", "127.255.0.9", "::1",
		"::ffff:127.0.0.1" };
	static const char *const not_loopback[] = { "128.0.0.1", "10.0.0.127", "::2",
		"::ffff:10.0.0.1", "::127.0.0.1" };
	struct s53_addr addr;

	(void)state;
	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++) {
		addr = addr_of(loopback[i]);
		assert_true(s53_addr_is_loopback(&addr));
		assert_false(s53_addr_is_any(&addr));
	}
	for (size_t i = 0; i < sizeof(not_loopback) / sizeof(not_loopback[0]); i++) {
		addr = addr_of(not_loopback[i]);
		assert_false(s53_addr_is_loopback(&addr));
	}
	addr = addr_of("0.0.0.0");
	assert_true(s53_addr_is_any(&addr));
	addr = addr_of("::");
	assert_true(s53_addr_is_any(&addr));
}

static void
the_empty_address_is_equal_to_itself_and_has_no_bytes(void **state)
{
	struct s53_addr none;
	size_t len = 1;
	char text[S53_ADDR_TEXT];

	(void)state;
	memset(&none, 0, sizeof(none));
	assert_true(s53_addr_equal(&none, &none));
	assert_null(s53_addr_octets(&none, &len));
	assert_int_equal(len, 0);
	assert_int_equal(s53_addr_len(&none), 0);
	assert_string_equal(s53_addr_print(&none, text), "none");
}

static void
the_port_counts_for_equal_and_not_for_same_host(void **state)
{
	struct s53_addr a = addr_of("192.0.2.1:53");
	struct s53_addr b = addr_of("192.0.2.1:54");

	(void)state;
	assert_false(s53_addr_equal(&a, &b));
	assert_true(s53_addr_same_host(&a, &b));
	s53_addr_set_port(&b, 53);
	assert_true(s53_addr_equal(&a, &b));
	b = addr_of("::ffff:192.0.2.1");
	assert_false(s53_addr_same_host(&a, &b));
}

static void
prefixes_are_read_as_bind_reads_them(void **state)
{
	(void)state;
	assert_string_equal(prefix_back("10.0.0.0/8"), "10.0.0.0/8");
	assert_string_equal(prefix_back("10/8"), "10.0.0.0/8");
	assert_string_equal(prefix_back("172.16/12"), "172.16.0.0/12");
	assert_string_equal(prefix_back("192.0.2/24"), "192.0.2.0/24");
	assert_string_equal(prefix_back("192.0.2.1"), "192.0.2.1/32");
	assert_string_equal(prefix_back("0/0"), "0.0.0.0/0");
	assert_string_equal(prefix_back("2001:db8::/32"), "2001:db8::/32");
	assert_string_equal(prefix_back("2001:db8::1"), "2001:db8::1/128");
	assert_string_equal(prefix_back("::/0"), "::/0");
	assert_string_equal(prefix_back("10"), "syntax");
	assert_string_equal(prefix_back("10/"), "syntax");
	assert_string_equal(prefix_back("10/8x"), "syntax");
	assert_string_equal(prefix_back("10./8"), "syntax");
	assert_string_equal(prefix_back("/8"), "syntax");
	assert_string_equal(prefix_back("any"), "syntax");
	assert_string_equal(prefix_back("10.0.0.0/33"), "range");
	assert_string_equal(prefix_back("::/129"), "range");
	assert_string_equal(prefix_back("10.1.2.3/8"), "range");
	assert_string_equal(prefix_back("10.0.0.128/24"), "range");
	assert_string_equal(prefix_back("2001:db8::1/32"), "range");
}

/* By the definition: compare bit after bit. */
static bool
has_by_bits(const struct s53_prefix *prefix, const uint8_t *octets)
{
	for (unsigned bit = 0; bit < prefix->bits; bit++)
		if (((prefix->octets[bit / 8] ^ octets[bit / 8]) >> (7 - bit % 8) & 1) != 0)
			return false;
	return true;
}

static void
a_prefix_of_every_length_ends_at_its_last_bit(void **state)
{
	struct s53_addr base = addr_of("2001:db8:aaaa:5555:ffff:0:1234:8765");
	struct s53_prefix prefix = { .family = AF_INET6 };

	(void)state;
	memcpy(prefix.octets, &base.in6.sin6_addr, 16);
	for (unsigned bits = 0; bits <= 128; bits++) {
		prefix.bits = (uint8_t)bits;
		for (unsigned flip = 0; flip < 128; flip++) {
			struct s53_addr near = base;
			uint8_t *octets = near.in6.sin6_addr.s6_addr;

			octets[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
			assert_int_equal(
			    s53_prefix_has(&prefix, &near), has_by_bits(&prefix, octets));
			assert_int_equal(s53_prefix_has(&prefix, &near), flip >= bits);
		}
	}
}

static void
a_mapped_address_matches_ipv4_prefixes_and_families_stay_apart(void **state)
{
	struct s53_prefix net;
	struct s53_addr mapped = addr_of("::ffff:10.1.2.3");
	struct s53_addr plain = addr_of("10.1.2.3");
	struct s53_addr six = addr_of("a01:203::");

	(void)state;
	assert_int_equal(s53_prefix_parse("10/8", &net), S53_OK);
	assert_true(s53_prefix_has(&net, &mapped));
	assert_true(s53_prefix_has(&net, &plain));
	assert_false(s53_prefix_has(&net, &six));
	assert_int_equal(s53_prefix_parse("0/0", &net), S53_OK);
	assert_false(s53_prefix_has(&net, &six));
	assert_int_equal(s53_prefix_parse("::/0", &net), S53_OK);
	assert_true(s53_prefix_has(&net, &six));
	assert_true(s53_prefix_has(&net, &mapped));
	assert_false(s53_prefix_has(&net, &plain));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_of_address_and_port_is_read),
		cmocka_unit_test(text_that_is_no_address_is_rejected),
		cmocka_unit_test(a_rejected_address_leaves_the_output_alone),
		cmocka_unit_test(a_scope_is_read_by_name_and_by_number_and_is_part_of_the_host),
		cmocka_unit_test(loopback_and_any_are_known_in_both_families),
		cmocka_unit_test(the_empty_address_is_equal_to_itself_and_has_no_bytes),
		cmocka_unit_test(the_port_counts_for_equal_and_not_for_same_host),
		cmocka_unit_test(prefixes_are_read_as_bind_reads_them),
		cmocka_unit_test(a_prefix_of_every_length_ends_at_its_last_bit),
		cmocka_unit_test(a_mapped_address_matches_ipv4_prefixes_and_families_stay_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
