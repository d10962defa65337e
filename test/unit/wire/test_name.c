/* SPDX-License-Identifier: ISC
 *
 * test_name.c - names in wire format: valid and invalid ones, and operations on them.
 */
#include "octets.h"

#include <split53/rand.h>

#define HEADER "00000000 00000000 00000000 "

/* Read the name at `at`, by reading and by skipping; NULL if both reject it. */
static const char *
read_at(const char *text, size_t at, size_t *end)
{
	static char printed[S53_NAME_TEXT];
	struct octets message = octets(text);
	struct s53_reader reader = s53_reader_of(message.at, message.len);
	struct s53_reader skipper;
	struct s53_name name;

	reader.at = at;
	skipper = reader;
	if (!s53_name_read(&reader, &name)) {
		assert_true(reader.bad);
		assert_false(s53_name_skip(&skipper));
		assert_true(skipper.bad);
		return NULL;
	}
	assert_true(s53_name_skip(&skipper));
	assert_int_equal(skipper.at, reader.at);
	if (end != NULL)
		*end = reader.at;
	return s53_name_print(&name, printed);
}

static void
uncompressed_names_are_read_and_skipped(void **state)
{
	size_t end = 0;

	(void)state;
	assert_string_equal(read_at(".wWw .Example 00 ff", 0, &end), "wWw.Example");
	assert_int_equal(end, 13);
	assert_string_equal(read_at("00", 0, &end), ".");
	assert_int_equal(end, 1);
}

static void
pointers_are_followed_and_the_reader_continues_after_the_first(void **state)
{
	size_t end = 0;

	(void)state;
	assert_string_equal(read_at(HEADER WWW ".a c010 ff", 25, &end), "a.example");
	assert_int_equal(end, 29);
	assert_string_equal(read_at(HEADER WWW ".a c010 .b c019", 29, &end), "b.a.example");
	assert_int_equal(end, 33);
	assert_string_equal(read_at(HEADER WWW "c00c c019", 27, &end), "www.example");
	assert_int_equal(end, 29);
	assert_string_equal(read_at(HEADER WWW "c018", 25, &end), ".");
}

static void
pointers_forwards_or_to_themselves_are_bad(void **state)
{
	(void)state;
	assert_null(read_at(HEADER "c00c", 12, NULL));
	assert_null(read_at(HEADER "c00e .a 00", 12, NULL));
	assert_null(read_at(HEADER ".a c00c", 12, NULL));
	assert_null(read_at(HEADER ".a c00e", 12, NULL));
	assert_null(read_at(HEADER ".a c010 .b c00c", 12, NULL));
	assert_null(read_at(HEADER ".a c010 .b c00c", 16, NULL));
}

static void
pointers_into_the_header_are_bad(void **state)
{
	(void)state;
	assert_null(read_at(HEADER "c000", 12, NULL));
	assert_null(read_at(HEADER "c00b", 12, NULL));
}

static void
truncated_names_are_bad(void **state)
{
	(void)state;
	assert_null(read_at("", 0, NULL));
	assert_null(read_at("03 'ww", 0, NULL));
	assert_null(read_at(".www", 0, NULL));
	assert_null(read_at(HEADER ".a 00 c0", 15, NULL));
}

static void
reserved_label_types_are_bad(void **state)
{
	(void)state;
	assert_null(read_at("40 00", 0, NULL));
	assert_null(read_at("80 00", 0, NULL));
	assert_null(read_at("bf 00", 0, NULL));
	assert_null(read_at(HEADER WWW "400c", 25, NULL));
	assert_null(read_at(HEADER WWW "800c", 25, NULL));
	assert_null(read_at(HEADER WWW "bf0c", 25, NULL));
}

/* `len` bytes of uncompressed labels and the root, from `at` on. */
static size_t
fill(uint8_t *at, size_t len)
{
	size_t done = 0;

	while (len - done > 1) {
		size_t label = len - done - 2 > 63 ? 63 : len - done - 2;

		if (len - done - 1 - label - 1 == 1)
			label--; /* one byte is left: no label fits into it */
		at[done] = (uint8_t)label;
		memset(at + done + 1, 'x', label);
		done += 1 + label;
	}
	at[done] = 0;
	return len;
}

static void
names_of_255_octets_are_read_and_of_256_are_bad(void **state)
{
	uint8_t wire[300];
	struct s53_name name;
	struct s53_reader reader;

	(void)state;
	reader = s53_reader_of(wire, fill(wire, 255));
	assert_true(s53_name_read(&reader, &name));
	assert_int_equal(name.len, 255);
	reader = s53_reader_of(wire, fill(wire, 256));
	assert_false(s53_name_read(&reader, &name));
}

static void
names_that_exceed_255_octets_by_a_pointer_are_bad(void **state)
{
	uint8_t wire[300] = { 0 };
	struct s53_name name;

	(void)state;
	for (size_t len = 253; len <= 254; len++) {
		struct s53_reader reader;
		size_t at = 12 + fill(wire + 12, len);

		memcpy(wire + at, "\001a\300\014", 4);
		reader = s53_reader_of(wire, at + 4);
		reader.at = at;
		assert_int_equal(s53_name_read(&reader, &name), len == 253);
	}
}

static void
names_have_127_labels_at_most(void **state)
{
	uint8_t wire[260];
	struct s53_reader reader;
	struct s53_name name;

	(void)state;
	for (size_t i = 0; i < sizeof(wire); i += 2)
		memcpy(wire + i, "\001a", 2);
	wire[254] = 0;
	reader = s53_reader_of(wire, sizeof(wire));
	assert_true(s53_name_read(&reader, &name));
	assert_int_equal(s53_name_label_count(&name), 127);
	wire[254] = 1;
	wire[256] = 0;
	reader = s53_reader_of(wire, sizeof(wire));
	assert_false(s53_name_read(&reader, &name));
}

static void
at_most_127_pointers_are_followed(void **state)
{
	uint8_t wire[12 + 1 + 2 * 130] = { 0 };
	struct s53_name name;

	(void)state;
	for (size_t i = 0; i < 130; i++)
		s53_u16_put(
		    wire + 13 + 2 * i, (uint16_t)(0xc000 | (i == 0 ? 12 : 13 + 2 * (i - 1))));
	for (size_t jumps = 126; jumps <= 128; jumps++) {
		struct s53_reader reader = s53_reader_of(wire, sizeof(wire));

		reader.at = 13 + 2 * (jumps - 1);
		assert_int_equal(s53_name_read(&reader, &name), jumps <= 127);
	}
}

static void
a_reader_stays_bad_after_an_error(void **state)
{
	struct octets wire = octets(WWW);
	struct s53_reader reader = s53_reader_of(wire.at, wire.len);
	struct s53_name name;

	(void)state;
	reader.bad = true;
	assert_false(s53_name_read(&reader, &name));
	assert_false(s53_name_skip(&reader));
	assert_int_equal(reader.at, 0);
}

static void
names_at_the_reader_are_compared_without_letter_case(void **state)
{
	struct octets wire = octets(HEADER WWW ".WWW c010 .www .exampla 00");
	struct s53_reader reader = s53_reader_of(wire.at, wire.len);
	struct s53_name www = name_of("wwW.exAmple");

	(void)state;
	reader.at = 12;
	assert_true(s53_name_read_equal(&reader, &www));
	assert_int_equal(reader.at, 25);
	assert_true(s53_name_read_equal(&reader, &www));
	assert_int_equal(reader.at, 31);
	assert_false(s53_name_read_equal(&reader, &www));
	assert_false(reader.bad);
	assert_int_equal(reader.at, 44);
	assert_false(s53_name_read_equal(&reader, &www));
	assert_true(reader.bad);
}

static void
only_letters_are_converted_to_lower_case(void **state)
{
	struct s53_name name;
	uint8_t *at = name.octets;

	(void)state;
	name.len = 255;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 255; i++)
			at[i] = (uint8_t)(i + (size_t)round);
		s53_name_lower(&name);
		for (size_t i = 0; i < 255; i++) {
			size_t was = i + (size_t)round;

			assert_int_equal(at[i], was >= 'A' && was <= 'Z' ? was + 32 : was);
		}
	}
}

static void
conversion_to_lower_case_ends_with_the_name(void **state)
{
	struct s53_name name;

	(void)state;
	for (uint8_t len = 0; len < 40; len++) {
		memset(name.octets, 'Q', sizeof(name.octets));
		name.len = len;
		s53_name_lower(&name);
		for (size_t i = 0; i < sizeof(name.octets); i++)
			assert_int_equal(name.octets[i], i < len ? 'q' : 'Q');
	}
}

static void
a_lower_case_copy_leaves_the_name_unchanged(void **state)
{
	(void)state;
	for (uint8_t len = 0; len < 40; len++) {
		struct s53_name name = { .len = len };
		struct s53_name lower;

		memset(name.octets, 'Q', sizeof(name.octets));
		memset(&lower, 'x', sizeof(lower));
		s53_name_lower_of(&name, &lower);
		assert_int_equal(name.octets[0], 'Q');
		assert_int_equal(lower.len, len);
		for (size_t i = 0; i < sizeof(lower.octets); i++)
			assert_int_equal(lower.octets[i], i < len ? 'q' : 'x');
	}
}

static void
equal_ignores_letter_case_and_same_does_not(void **state)
{
	struct s53_name a = name_of("www.longer-than-eight.example");
	struct s53_name b = name_of("WWW.longer-THAN-eight.exAmple");
	struct s53_name c = name_of("www.longer-than-eight.exampl\\069");

	(void)state;
	assert_true(s53_name_equal(&a, &b));
	assert_false(s53_name_same(&a, &b));
	assert_true(s53_name_same(&a, &a));
	assert_true(s53_name_equal(&a, &c));
	for (size_t i = 0; i < a.len; i++) {
		struct s53_name other = a;

		other.octets[i] ^= 0x80;
		assert_false(s53_name_equal(&a, &other));
		assert_false(s53_name_same(&a, &other));
	}
}

/* '@' and '`', '[' and '{' differ by 0x20 as letters do (RFC 4343 s3). */
static void
characters_next_to_the_letters_are_not_equal(void **state)
{
	struct s53_name a = name_of("\\@\\[aaaaaaaaa[");
	struct s53_name b = name_of("`{aaaaaaaaa{");

	(void)state;
	assert_false(s53_name_equal(&a, &b));
}

static bool
below(const char *name, const char *apex)
{
	struct s53_name a = name_of(name);
	struct s53_name b = name_of(apex);

	return s53_name_is_at_or_below(&a, &b);
}

static void
below_compares_whole_labels(void **state)
{
	(void)state;
	assert_true(below("consul", "consul"));
	assert_true(below("web.service.CONSUL", "consul"));
	assert_true(below("consul", "."));
	assert_true(below(".", "."));
	assert_false(below(".", "consul"));
	assert_false(below("notconsul", "consul"));
	assert_false(below("consul.example", "consul"));
	assert_false(below("consul", "service.consul"));
	assert_false(below("a\\.consul", "consul"));
	assert_false(below("a\\006consul", "consul")); /* looks like a label within */
}

static void
an_ancestor_is_the_name_without_its_first_labels(void **state)
{
	struct s53_name name = name_of("a.bb.ccc");
	struct s53_name up;

	(void)state;
	assert_int_equal(s53_name_label_count(&name), 3);
	up = s53_name_ancestor(&name, 0);
	assert_name(&up, "a.bb.ccc");
	up = s53_name_ancestor(&name, 1);
	assert_name(&up, "bb.ccc");
	up = s53_name_ancestor(&name, 3);
	assert_name(&up, ".");
	assert_int_equal(s53_name_label_count(&up), 0);
	up = s53_name_ancestor(&name, 9);
	assert_name(&up, ".");
}

static void
scrambling_changes_only_letter_case_and_does_so_uniformly(void **state)
{
	struct s53_name name =
	    name_of("abcdefghijklmnopqrstuvwxyzAZ-0123456789.e\\192\\`\\{\\[\\@");
	unsigned changed[S53_NAME_MAX] = { 0 };

	(void)state;
	s53_rand_test_seed(53);
	for (int i = 0; i < 400; i++) {
		struct s53_name spelled = name;

		s53_name_scramble(&spelled);
		assert_true(s53_name_equal(&spelled, &name));
		for (size_t at = 0; at < name.len; at++)
			changed[at] += spelled.octets[at] != name.octets[at];
	}
	/* 400 times: 200 is the mean and 10 the deviation */
	for (size_t at = 0; at < name.len; at++) {
		uint8_t letter = name.octets[at] | 0x20;

		if (letter >= 'a' && letter <= 'z')
			assert_in_range(changed[at], 150, 250);
		else
			assert_int_equal(changed[at], 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uncompressed_names_are_read_and_skipped),
		cmocka_unit_test(pointers_are_followed_and_the_reader_continues_after_the_first),
		cmocka_unit_test(pointers_forwards_or_to_themselves_are_bad),
		cmocka_unit_test(pointers_into_the_header_are_bad),
		cmocka_unit_test(truncated_names_are_bad),
		cmocka_unit_test(reserved_label_types_are_bad),
		cmocka_unit_test(names_of_255_octets_are_read_and_of_256_are_bad),
		cmocka_unit_test(names_that_exceed_255_octets_by_a_pointer_are_bad),
		cmocka_unit_test(names_have_127_labels_at_most),
		cmocka_unit_test(at_most_127_pointers_are_followed),
		cmocka_unit_test(a_reader_stays_bad_after_an_error),
		cmocka_unit_test(names_at_the_reader_are_compared_without_letter_case),
		cmocka_unit_test(only_letters_are_converted_to_lower_case),
		cmocka_unit_test(conversion_to_lower_case_ends_with_the_name),
		cmocka_unit_test(a_lower_case_copy_leaves_the_name_unchanged),
		cmocka_unit_test(equal_ignores_letter_case_and_same_does_not),
		cmocka_unit_test(characters_next_to_the_letters_are_not_equal),
		cmocka_unit_test(below_compares_whole_labels),
		cmocka_unit_test(an_ancestor_is_the_name_without_its_first_labels),
		cmocka_unit_test(scrambling_changes_only_letter_case_and_does_so_uniformly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
