/* SPDX-License-Identifier: ISC
 *
 * test_fit.c - cutting a message with the help of known record offsets and seams.
 *
 * The question ends at 29, an address record of www.example has 16 bytes. fuzz_message.c compares
 * a part with the result of a cut.
 */
#include "octets.h"

#include <split53/fit.h>

#define RECORDS_MAX 300
#define A(last) "c00c 0001 0001 0000003c 0004 7f0000" last " "
#define NODE(owner, last) owner " 0001 0001 0000003c 0004 7f0000" last " "

struct whole {
	struct octets message;
	uint16_t ttl_at[RECORDS_MAX];
	uint8_t seams[S53_SEAMS_LEN(RECORDS_MAX)];
	struct s53_records records;
};

static void
survey(struct whole *whole, const char *text)
{
	struct s53_walk walk;
	struct s53_rr rr;

	whole->message = octets(text);
	whole->records = (struct s53_records){ .ttl_at = whole->ttl_at, .seams = whole->seams };
	assert_true(passes(&whole->message));
	assert_true(s53_walk_begin(&walk, whole->message.at, whole->message.len));
	while (s53_walk_next(&walk, &rr))
		whole->ttl_at[whole->records.count++] = (uint16_t)rr.ttl_at;
	s53_message_seams(
	    whole->message.at, whole->message.len, whole->records.count, SIZE_MAX, whole->seams);
}

static struct octets
fit(const struct whole *whole, struct s53_fit *fit)
{
	struct octets out;

	out.len = s53_message_fit(whole->message.at, &whole->records, fit, out.at);
	assert_true(passes(&out));
	return out;
}

static void
assert_fit(const char *before, struct s53_fit how, const char *after)
{
	struct whole whole;
	struct octets out;

	survey(&whole, before);
	out = fit(&whole, &how);
	assert_octets(out.at, out.len, after);
}

static void
no_seam_lies_within_a_set(void **state)
{
	struct whole whole;

	(void)state;
	survey(&whole,
	    "1234 8180 0001 0001 0000 0005 " QUESTION A("01") NODE(".a 00", "01")
		NODE(".b 00", "01") NODE(".a 00", "02") NODE(".b 00", "01") NODE(".c 00", "01"));
	/* before a, neither before b nor the second a; the second b is a duplicate */
	assert_int_equal(whole.seams[0], 1u << 1 | 1u << 4 | 1u << 5);
}

static void
a_set_that_is_cut_begins_at_the_spin_and_wraps_around(void **state)
{
	const char *text =
	    "1234 8180 0001 0004 0000 0000 " QUESTION A("01") A("02") A("03") A("04");

	(void)state;
	assert_fit(text, (struct s53_fit){ .limit = 29 + 33 },
	    "1234 8380 0001 0002 0000 0000 " QUESTION A("01") A("02"));
	assert_fit(text, (struct s53_fit){ .limit = 29 + 33, .spin = 7 },
	    "1234 8380 0001 0002 0000 0000 " QUESTION A("04") A("01"));
}

static void
aliases_and_signatures_around_the_set_are_not_rotated(void **state)
{
	const char *alias = "c00c 0005 0001 0000003c 0004 .b c010 ";
	const char *signature = "c029 002e 0001 0000003c 0013 0001 05 02 0000003c 00000001 "
				"00000001 0001 00 ";
	char text[2048], after[1024];

	(void)state;
	snprintf(text, sizeof(text), "1234 8180 0001 0005 0000 0000 " QUESTION "%s%s%s%s%s", alias,
	    NODE("c029", "01"), NODE("c029", "02"), NODE("c029", "03"), signature);
	snprintf(after, sizeof(after), "1234 8380 0001 0003 0000 0000 " QUESTION "%s%s%s", alias,
	    NODE("c029", "03"), NODE("c029", "01"));
	assert_fit(text, (struct s53_fit){ .limit = 29 + 16 + 32, .spin = 2 }, after);
}

static void
records_with_pointers_into_them_are_not_moved(void **state)
{
	const char *first = "c00c 000f 0001 0000003c 0006 0001 .a c010 ";
	const char *second = "c00c 000f 0001 0000003c 0006 0001 .b c02b ";
	struct s53_fit how = { .limit = 29 + 19, .spin = 1 };
	char text[1024], after[512];

	(void)state;
	snprintf(
	    text, sizeof(text), "1234 8180 0001 0002 0000 0000 " QUESTION "%s%s", first, second);
	snprintf(after, sizeof(after), "1234 8380 0001 0001 0000 0000 " QUESTION "%s", first);
	assert_fit(text, how, after);
}

static void
ttls_are_aged_while_the_message_is_cut(void **state)
{
	const char *text = "1234 8180 0001 0002 0000 0000 " QUESTION A(
	    "01") "c00c 0001 0001 00000005 0004 7f000002";

	(void)state;
	assert_fit(text, (struct s53_fit){ .limit = 29 + 16, .age_s = 10, .least = 1 },
	    "1234 8380 0001 0001 0000 0000 " QUESTION "c00c 0001 0001 00000032 0004 7f000001");
	assert_fit(text, (struct s53_fit){ .limit = 29 + 16, .age_s = 10, .least = 1, .spin = 1 },
	    "1234 8380 0001 0001 0000 0000 " QUESTION "c00c 0001 0001 00000001 0004 7f000002");
}

static void
a_survey_without_reading_names_finds_no_seams(void **state)
{
	struct whole whole;
	struct octets out;
	struct s53_fit how = { .limit = 29 + 16 + 17 };

	(void)state;
	survey(&whole,
	    "1234 8180 0001 0001 0000 0002 " QUESTION A("01") NODE(".a 00", "01")
		NODE(".b 00", "02"));
	out = fit(&whole, &how);
	assert_int_equal(out.len, 29 + 16 + 17);
	s53_message_seams(whole.message.at, whole.message.len, 3, 5, whole.seams);
	out = fit(&whole, &how);
	assert_octets(out.at, out.len, "1234 8180 0001 0001 0000 0000 " QUESTION A("01"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_seam_lies_within_a_set),
		cmocka_unit_test(a_set_that_is_cut_begins_at_the_spin_and_wraps_around),
		cmocka_unit_test(aliases_and_signatures_around_the_set_are_not_rotated),
		cmocka_unit_test(records_with_pointers_into_them_are_not_moved),
		cmocka_unit_test(ttls_are_aged_while_the_message_is_cut),
		cmocka_unit_test(a_survey_without_reading_names_finds_no_seams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
