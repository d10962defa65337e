/* SPDX-License-Identifier: ISC
 *
 * test_text.c - names as text (RFC 1035 s5.1).
 */
#include "octets.h"

static enum s53_status
parse(const char *text)
{
	struct s53_name name;

	return s53_name_parse(text, &name);
}

static void
text_is_converted_to_wire_format(void **state)
{
	struct s53_name name = name_of("www.example.");

	(void)state;
	assert_octets(name.octets, name.len, WWW);
	name = name_of("www.example");
	assert_octets(name.octets, name.len, WWW);
	name = name_of(".");
	assert_octets(name.octets, name.len, "00");
	name = name_of("_a\\.b.\\000\\255\\\\.\\065.");
	assert_octets(name.octets, name.len, "._a.b 03 00ff5c .A 00");
}

static void
text_that_is_no_name_is_rejected_and_nothing_is_written(void **state)
{
	static const char *const bad[] = { "", "..", ".a", "a..b", "a..", "a\\", "a\\1", "a\\12",
		"a\\256", "a\\12x", "\\999", " \\" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct s53_name name = { .len = 77 };

		assert_int_equal(s53_name_parse(bad[i], &name), S53_E_SYNTAX);
		assert_int_equal(name.len, 77);
	}
}

static void
labels_have_at_most_63_octets(void **state)
{
	char text[70] = { 0 };

	(void)state;
	memset(text, 'a', 63);
	assert_int_equal(parse(text), S53_OK);
	text[63] = '.';
	assert_int_equal(parse(text), S53_OK);
	text[63] = 'a';
	assert_int_equal(parse(text), S53_E_SYNTAX);
}

static void
names_have_at_most_255_octets(void **state)
{
	char text[300] = { 0 };
	struct s53_name name;

	(void)state;
	for (size_t i = 0; i < 254; i += 2)
		memcpy(text + i, "a.", 2);
	assert_int_equal(s53_name_parse(text, &name), S53_OK);
	assert_int_equal(name.len, 255);
	text[254] = 'a';
	assert_int_equal(parse(text), S53_E_SYNTAX);
	memcpy(text, "aaa.", 4); /* as many bytes in one label fewer */
	text[254] = '\0';
	assert_int_equal(parse(text), S53_OK);
}

static void
characters_with_a_meaning_are_printed_escaped(void **state)
{
	char text[S53_NAME_TEXT];
	struct octets wire = octets("06 2e5c22284029 05 3b24002080 02 7fff 00");
	struct s53_reader reader = s53_reader_of(wire.at, wire.len);
	struct s53_name name;

	(void)state;
	assert_true(s53_name_read(&reader, &name));
	assert_string_equal(
	    s53_name_print(&name, text), "\\.\\\\\\\"\\(\\@\\).\\;\\$\\000\\032\\128.\\127\\255");
}

static void
the_longest_text_fits(void **state)
{
	char text[S53_NAME_TEXT];
	struct s53_name name = { .len = 255 };
	struct s53_name back;

	(void)state;
	for (size_t at = 0; at < 254; at += 1u + name.octets[at])
		name.octets[at] = at < 192 ? 63 : 61;
	assert_string_not_equal(s53_name_print(&name, text), "");
	assert_true(strlen(text) < sizeof(text));
	assert_int_equal(s53_name_parse(text, &back), S53_OK);
	assert_true(s53_name_same(&name, &back));
}

static void
each_byte_survives_printing_and_parsing(void **state)
{
	(void)state;
	for (unsigned octet = 0; octet < 256; octet++) {
		struct s53_name name = { .len = 4,
			.octets = { 2, (uint8_t)octet, (uint8_t)octet, 0 } };
		struct s53_name back;
		char text[S53_NAME_TEXT];

		assert_int_equal(s53_name_parse(s53_name_print(&name, text), &back), S53_OK);
		assert_true(s53_name_same(&name, &back));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_converted_to_wire_format),
		cmocka_unit_test(text_that_is_no_name_is_rejected_and_nothing_is_written),
		cmocka_unit_test(labels_have_at_most_63_octets),
		cmocka_unit_test(names_have_at_most_255_octets),
		cmocka_unit_test(characters_with_a_meaning_are_printed_escaped),
		cmocka_unit_test(the_longest_text_fits),
		cmocka_unit_test(each_byte_survives_printing_and_parsing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
