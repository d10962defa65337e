/* SPDX-License-Identifier: ISC
 *
 * test_walk.c - the records of a message in order, and their TTLs.
 */
#include "octets.h"

#define THREE                                                                                      \
	"1234 8180 0001 0001 0001 0002 " QUESTION ADDRESS "c010 0002 0001 00000e10 0002 c00c " OPT \
	"c00c 0010 0003 ffffffff 0000 "

static void
records_are_visited_in_order_with_their_offsets(void **state)
{
	struct octets message = octets(THREE);
	struct s53_walk walk;
	struct s53_rr rr;

	(void)state;
	assert_true(s53_walk_begin(&walk, message.at, message.len));
	assert_true(s53_walk_next(&walk, &rr));
	assert_int_equal(rr.section, S53_ANSWER);
	assert_int_equal(rr.owner_at, 29);
	assert_int_equal(rr.type, S53_TYPE_A);
	assert_int_equal(rr.class, S53_CLASS_IN);
	assert_int_equal(rr.ttl, 60);
	assert_int_equal(rr.ttl_at, 35);
	assert_int_equal(rr.rdata_at, 41);
	assert_int_equal(rr.rdata_len, 4);
	assert_int_equal(rr.end_at, 45);
	assert_true(s53_walk_next(&walk, &rr));
	assert_int_equal(rr.section, S53_AUTHORITY);
	assert_int_equal(rr.owner_at, 45);
	assert_true(s53_walk_next(&walk, &rr));
	assert_int_equal(rr.section, S53_ADDITIONAL);
	assert_int_equal(rr.type, S53_TYPE_OPT);
	assert_true(s53_walk_next(&walk, &rr));
	assert_int_equal(rr.class, S53_CLASS_CH);
	assert_int_equal(rr.rdata_len, 0);
	assert_int_equal(rr.end_at, message.len);
	assert_false(s53_walk_next(&walk, &rr));
	assert_false(walk.reader.bad);
	assert_false(s53_walk_next(&walk, &rr));
}

static void
a_message_truncated_anywhere_ends_the_walk_as_bad(void **state)
{
	struct octets message = octets(THREE);
	struct s53_walk walk;
	struct s53_rr rr;

	(void)state;
	for (size_t len = 0; len < message.len; len++) {
		if (s53_walk_begin(&walk, message.at, len))
			while (s53_walk_next(&walk, &rr))
				;
		assert_true(walk.reader.bad);
	}
}

static void
several_questions_are_skipped(void **state)
{
	struct octets message = octets("1234 8180 0002 0001 0000 0000" QUESTION QUESTION ADDRESS);
	struct s53_walk walk;
	struct s53_rr rr;

	(void)state;
	assert_true(s53_walk_begin(&walk, message.at, message.len));
	assert_true(s53_walk_next(&walk, &rr));
	assert_int_equal(rr.type, S53_TYPE_A);
}

static uint32_t
least(const char *text)
{
	struct octets message = octets(text);

	return s53_message_least_ttl(message.at, message.len);
}

static void
the_least_ttl_is_found(void **state)
{
	(void)state;
	assert_int_equal(
	    least("1234 8180 0001 0001 0001 0000" QUESTION ADDRESS "00 0002 0001 0000003b 0001 00"),
	    59);
	assert_int_equal(
	    least("1234 8180 0001 0001 0001 0000" QUESTION ADDRESS "00 0002 0001 7fffffff 0001 00"),
	    60);
	assert_int_equal(
	    least("1234 8180 0001 0001 0000 0001" QUESTION ADDRESS "00 0001 0001 00000000 0000"),
	    0);
}

static void
an_opt_has_no_ttl_and_without_records_there_is_no_least_ttl(void **state)
{
	(void)state;
	assert_int_equal(least("1234 8180 0001 0001 0000 0001" QUESTION ADDRESS OPT), 60);
	assert_int_equal(least("1234 8180 0001 0000 0000 0001" QUESTION OPT), UINT32_MAX);
	assert_int_equal(least("1234 8180 0001 0000 0000 0000" QUESTION), UINT32_MAX);
}

static void
a_ttl_over_2_31_counts_as_0(void **state) /* RFC 2181 s8 */
{
	(void)state;
	assert_int_equal(
	    least("1234 8180 0001 0001 0001 0000" QUESTION ADDRESS "00 0002 0001 80000000 0001 00"),
	    0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_visited_in_order_with_their_offsets),
		cmocka_unit_test(a_message_truncated_anywhere_ends_the_walk_as_bad),
		cmocka_unit_test(several_questions_are_skipped),
		cmocka_unit_test(the_least_ttl_is_found),
		cmocka_unit_test(an_opt_has_no_ttl_and_without_records_there_is_no_least_ttl),
		cmocka_unit_test(a_ttl_over_2_31_counts_as_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
