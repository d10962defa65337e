/* SPDX-License-Identifier: ISC
 *
 * test_cut.c - removing whole RRsets until a message fits (RFC 2181 s9).
 *
 * The question ends at 29, an address record of www.example has 16 bytes.
 */
#include "octets.h"

#define A(last) "c00c 0001 0001 0000003c 0004 7f0000" last " "
#define A_OF(owner, last) owner " 0001 0001 0000003c 0004 7f0000" last " "
#define NS "c010 0002 0001 0000003c 0002 c00c " /* 14 bytes */

static struct octets
cut(const char *text, size_t limit)
{
	struct octets message = octets(text);

	assert_true(passes(&message));
	message.len = s53_message_cut(message.at, message.len, limit);
	assert_true(passes(&message));
	return message;
}

static void
assert_cut(const char *before, size_t limit, const char *after)
{
	struct octets message = cut(before, limit);

	assert_octets(message.at, message.len, after);
}

static void
a_message_that_fits_is_not_cut(void **state)
{
	const char *text = "1234 8180 0001 0001 0001 0001 " QUESTION A("01") NS A_OF("00", "02");

	(void)state;
	assert_cut(text, 29 + 16 + 14 + 15, text);
	assert_cut(text, 65535, text);
}

static void
additional_records_are_removed_first_and_without_tc(void **state)
{
	(void)state;
	assert_cut("1234 8180 0001 0001 0001 0001 " QUESTION A("01") NS A_OF("00", "02"),
	    29 + 16 + 14 + 14, "1234 8180 0001 0001 0001 0000 " QUESTION A("01") NS);
	assert_cut("1234 8180 0001 0001 0000 0001 " QUESTION A("01") A_OF("00", "02"), 29 + 16,
	    "1234 8180 0001 0001 0000 0000 " QUESTION A("01"));
}

static void
a_set_of_the_additional_section_is_removed_whole(void **state)
{
	const char *text = "1234 8180 0001 0001 0000 0003 " QUESTION A("01") A_OF("c010", "02")
	    A_OF("00", "03") A_OF("00", "04");

	(void)state;
	assert_cut(text, 29 + 16 + 16 + 15 + 14,
	    "1234 8180 0001 0001 0000 0001 " QUESTION A("01") A_OF("c010", "02"));
}

static void
owner_type_and_class_define_a_set(void **state)
{
	const char *head = "1234 8180 0001 0000 0000 0001 " QUESTION A("01");

	(void)state;
	assert_cut("1234 8180 0001 0000 0000 0002 " QUESTION A("01") A_OF("c010", "02"), 60, head);
	assert_cut("1234 8180 0001 0000 0000 0002 " QUESTION A("01") "c00c 0010 0001 0000003c 0000",
	    56, head);
	assert_cut("1234 8180 0001 0000 0000 0002 " QUESTION A(
		       "01") "c00c 0001 0003 0000003c 0004 7f000002",
	    60, head);
	/* the same owner, encoded differently */
	assert_cut("1234 8180 0001 0000 0000 0002 " QUESTION A("01") A_OF(".WWW c010", "02"), 60,
	    "1234 8180 0001 0000 0000 0000 " QUESTION);
}

static void
a_set_with_records_apart_is_removed_with_all_after_its_first(void **state)
{
	(void)state;
	assert_cut("1234 8180 0001 0000 0000 0004 " QUESTION A_OF("00", "01") A_OF("c010", "02")
		       A("03") A_OF("c010", "04"),
	    29 + 15 + 16 + 16, "1234 8180 0001 0000 0000 0001 " QUESTION A_OF("00", "01"));
	/* a removed record has records of its own set before it */
	assert_cut("1234 8180 0001 0000 0000 0005 " QUESTION A_OF("00", "01") A("02")
		       A_OF("c010", "03") A("04") A_OF("c010", "05"),
	    29 + 15 + 16 + 16 + 16, "1234 8180 0001 0000 0000 0001 " QUESTION A_OF("00", "01"));
}

static void
removing_an_exact_duplicate_leaves_its_set_whole(void **state)
{
	(void)state;
	assert_cut("1234 8180 0001 0000 0000 0003 " QUESTION A("01") A_OF("c010", "02") A("01"),
	    29 + 32 + 8, "1234 8180 0001 0000 0000 0002 " QUESTION A("01") A_OF("c010", "02"));
}

static void
a_duplicate_of_a_removed_record_does_not_make_its_set_whole(void **state)
{
	(void)state;
	/* the fourth is a copy of the third, which goes with the set of c010: the first is torn */
	assert_cut("1234 8180 0001 0000 0000 0005 " QUESTION A("01") A_OF("c010", "02") A("03")
		       A("03") A_OF("c010", "04"),
	    29 + 4 * 16 + 1, "1234 8180 0001 0000 0000 0000 " QUESTION);
}

static void
authority_that_does_not_fit_sets_tc(void **state)
{
	(void)state;
	assert_cut("1234 8180 0001 0001 0001 0001 " QUESTION A("01") NS A_OF("00", "02"),
	    29 + 16 + 13, "1234 8380 0001 0001 0000 0000 " QUESTION A("01"));
	assert_cut("1234 8180 0001 0001 0002 0000 " QUESTION A("01") NS
	    "c010 0002 0001 0000003c 0002 c010 ",
	    29 + 16 + 14 + 13, "1234 8380 0001 0001 0000 0000 " QUESTION A("01"));
}

static void
an_answer_that_does_not_fit_keeps_the_records_that_do_and_sets_tc(void **state)
{
	(void)state;
	assert_cut("1234 8580 0001 0003 0001 0000 " QUESTION A("01") A("02") A("03") NS,
	    29 + 16 + 16 + 15, "1234 8780 0001 0002 0000 0000 " QUESTION A("01") A("02"));
	assert_cut("1234 8580 0001 0002 0000 0001 " QUESTION A("01") A("02") A("03"), 29 + 15,
	    "1234 8780 0001 0000 0000 0000 " QUESTION);
}

static void
no_record_follows_one_that_does_not_fit(void **state)
{
	(void)state;
	assert_cut("1234 8580 0001 0002 0000 0000 " QUESTION "c00c 001c 0001 00000000 0010 "
		   "00000000000000000000000000000001 " A("02"),
	    29 + 20, "1234 8780 0001 0000 0000 0000 " QUESTION);
}

static void
tc_stays_set(void **state)
{
	(void)state;
	assert_cut("1234 8380 0001 0001 0000 0001 " QUESTION A("01") A_OF("00", "02"), 29 + 16,
	    "1234 8380 0001 0001 0000 0000 " QUESTION A("01"));
}

static void
a_question_that_does_not_fit_stays_alone_with_tc(void **state)
{
	(void)state;
	assert_cut("1234 8180 0001 0001 0000 0000 " QUESTION A("01"), 20,
	    "1234 8380 0001 0000 0000 0000 " QUESTION);
	assert_cut("1234 8180 0001 0000 0000 0001 " QUESTION A("01"), 20,
	    "1234 8380 0001 0000 0000 0000 " QUESTION);
	assert_cut("1234 8180 0001 0000 0000 0000 " QUESTION, 20,
	    "1234 8380 0001 0000 0000 0000 " QUESTION);
}

/* The space for comparing is fixed: a section of some hundred records is removed whole. */
static void
a_huge_additional_section_is_removed_whole(void **state)
{
	static uint8_t big[12 + 300 * 15];
	struct octets record = octets(A_OF("00", "01"));

	(void)state;
	memcpy(big, "\x12\x34\x81\x80\0\0\0\0\0\0", 10);
	for (unsigned count = 256; count <= 257; count++) {
		s53_header_set_count(big, S53_ADDITIONAL, (uint16_t)count);
		for (size_t i = 0; i < count; i++)
			memcpy(big + 12 + i * record.len, record.at, record.len);
		assert_int_equal(
		    s53_message_cut(big, 12 + count * record.len, 1000), count == 256 ? 987 : 12);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_that_fits_is_not_cut),
		cmocka_unit_test(additional_records_are_removed_first_and_without_tc),
		cmocka_unit_test(a_set_of_the_additional_section_is_removed_whole),
		cmocka_unit_test(owner_type_and_class_define_a_set),
		cmocka_unit_test(a_set_with_records_apart_is_removed_with_all_after_its_first),
		cmocka_unit_test(removing_an_exact_duplicate_leaves_its_set_whole),
		cmocka_unit_test(a_duplicate_of_a_removed_record_does_not_make_its_set_whole),
		cmocka_unit_test(authority_that_does_not_fit_sets_tc),
		cmocka_unit_test(an_answer_that_does_not_fit_keeps_the_records_that_do_and_sets_tc),
		cmocka_unit_test(no_record_follows_one_that_does_not_fit),
		cmocka_unit_test(tc_stays_set),
		cmocka_unit_test(a_question_that_does_not_fit_stays_alone_with_tc),
		cmocka_unit_test(a_huge_additional_section_is_removed_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
