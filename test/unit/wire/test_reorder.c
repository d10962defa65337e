/* SPDX-License-Identifier: ISC
 *
 * test_reorder.c - changing the order of records in a set.
 */
#include "turning.h"

#define ADDRESSES(count) "1234 8180 0001 " count " 0000 0000 " QUESTION

/* Rotated by this number of steps, the message is this. */
static void
assert_rotated(const char *before, uint32_t steps, const char *after)
{
	struct octets message = octets(before);
	struct rule rule = rotate(steps);

	assert_true(passes(&message));
	s53_message_reorder(message.at, message.len, &rule.ordering);
	assert_true(passes(&message));
	assert_octets(message.at, message.len, after);
}

static void
addresses_take_turns(void **state)
{
	static const char *const orders[] = {
		ADDRESSES("0003") "c00c " A "01010101 c00c " A "02020202 c00c " A "03030303",
		ADDRESSES("0003") "c00c " A "02020202 c00c " A "03030303 c00c " A "01010101",
		ADDRESSES("0003") "c00c " A "03030303 c00c " A "01010101 c00c " A "02020202",
	};

	(void)state;
	for (uint32_t steps = 0; steps < 7; steps++)
		assert_rotated(orders[0], steps, orders[steps % 3]);
	assert_rotated(orders[0], UINT32_MAX, orders[UINT32_MAX % 3]);
}

static void
a_ttl_moves_with_its_data(void **state)
{
	(void)state;
	assert_rotated(ADDRESSES("0002") "c00c 0001 0001 00000001 0004 01010101 "
					 "c00c 0001 0001 00000002 0004 02020202",
	    1,
	    ADDRESSES("0002") "c00c 0001 0001 00000002 0004 02020202 "
			      "c00c 0001 0001 00000001 0004 01010101");
}

static void
ipv6_addresses_take_turns(void **state)
{
	(void)state;
	assert_rotated(ADDRESSES("0002") "c00c 001c 0001 0000003c 0010 "
					 "01010101010101010101010101010101 "
					 "c00c 001c 0001 0000003c 0010 "
					 "02020202020202020202020202020202",
	    1,
	    ADDRESSES("0002") "c00c 001c 0001 0000003c 0010 02020202020202020202020202020202 "
			      "c00c 001c 0001 0000003c 0010 01010101010101010101010101010101");
}

static void
texts_of_several_lengths_take_turns(void **state)
{
	(void)state;
	assert_rotated("1234 8180 0001 0003 0001 0000 " QUESTION
		       "c00c 0010 0001 0000003c 0002 01 'a c00c 0010 0001 0000003c 0004 03 'bbb "
		       "c00c 0010 0001 0000003c 0003 02 'cc "
		       "c010 0002 0001 0000003c 0005 .ns c010",
	    1,
	    "1234 8180 0001 0003 0001 0000 " QUESTION
	    "c00c 0010 0001 0000003c 0004 03 'bbb c00c 0010 0001 0000003c 0003 02 'cc "
	    "c00c 0010 0001 0000003c 0002 01 'a "
	    "c010 0002 0001 0000003c 0005 .ns c010");
}

/* The reply of Consul to a service query: addresses with owners that point into the SRV records. */
static void
pointers_into_a_moved_record_follow_it(void **state)
{
	(void)state;
	assert_rotated("1234 8180 0001 0002 0000 0002 " QUESTION
		       "c00c 0021 0001 0000003c 000e 0001 0001 0050 .n1 .dc1 00 "
		       "c00c 0021 0001 0000003c 0010 0001 0001 0051 .long .dc1 00 "
		       "c02f " A "01010101 c049 " A "02020202",
	    1,
	    "1234 8180 0001 0002 0000 0002 " QUESTION
	    "c00c 0021 0001 0000003c 0010 0001 0001 0051 .long .dc1 00 "
	    "c00c 0021 0001 0000003c 000e 0001 0001 0050 .n1 .dc1 00 "
	    "c04b " A "01010101 c02f " A "02020202");
}

#define MAIL                                             \
	"c00c 000f 0001 0000003c 000a 000a .mx .org 00 " \
	"c00c 000f 0001 0000003d 0006 0014 .b c02e "     \
	"c00c 000f 0001 0000003e 0006 001e .c c02e "

static void
records_that_point_at_each_other_stay(void **state)
{
	static const char mail[] =
	    "1234 8180 0001 0003 0000 0001 " QUESTION MAIL "c02b " A "01010101";
	static const char services[] = "1234 8180 0001 0002 0000 0000 " QUESTION
				       "c00c 0021 0001 0000003c 000e 0001 0001 0050 .n1 .dc1 00 "
				       "c00c 0021 0001 0000003c 000b 0001 0001 0051 .n2 c032 ";

	(void)state;
	assert_rotated(mail, 1, mail);
	assert_rotated(services, 1, services);
}

/* The target of a pointer may itself move. */
static void
pointers_within_a_set_are_corrected_once(void **state)
{
	(void)state;
	assert_rotated(ADDRESSES("0003") "c00c 0010 0001 0000003c 0001 00 "
					 ".WWW .example 00 0010 0001 0000003c 0003 02 'aa "
					 "c02a 0010 0001 0000003c 0005 04 'bbbb",
	    1,
	    ADDRESSES("0003") "c00c 0010 0001 0000003c 0003 02 'aa "
			      ".WWW .example 00 0010 0001 0000003c 0005 04 'bbbb "
			      "c02c 0010 0001 0000003c 0001 00");
}

/* Although all have one length. */
static void
pointers_to_host_names_of_equal_length_are_corrected(void **state)
{
	(void)state;
	assert_rotated("1234 8180 0001 0002 0000 0002 " QUESTION
		       "c00c 000f 0001 0000003c 0006 0001 .a c010 "
		       "c00c 000f 0001 0000003c 0006 0002 .b c010 "
		       "c02b " A "01010101 c03d " A "02020202",
	    1,
	    "1234 8180 0001 0002 0000 0002 " QUESTION "c00c 000f 0001 0000003c 0006 0002 .b c010 "
	    "c00c 000f 0001 0000003c 0006 0001 .a c010 "
	    "c03d " A "01010101 c02b " A "02020202");
}

static void
a_set_ends_with_its_section(void **state)
{
	(void)state;
	assert_rotated("1234 8180 0001 0002 0000 0001 " QUESTION
		       "c00c 0010 0001 0000003c 0001 00 c00c 0010 0001 0000003c 0002 01 'a "
		       "c00c 0010 0001 0000003c 0003 02 'bb",
	    1,
	    "1234 8180 0001 0002 0000 0001 " QUESTION
	    "c00c 0010 0001 0000003c 0002 01 'a c00c 0010 0001 0000003c 0001 00 "
	    "c00c 0010 0001 0000003c 0003 02 'bb");
}

static void
several_aliases_of_one_name_stay(void **state)
{
	static const char message[] = ADDRESSES("0002") "c00c 0005 0001 0000003c 0004 .a c010 "
							"c00c 0005 0001 0000003c 0004 .b c010 ";

	(void)state;
	assert_rotated(message, 1, message);
}

/* Only these two may stay where they are. */
static void
pointers_between_records_that_keep_their_order_are_corrected(void **state)
{
	(void)state;
	assert_rotated("1234 8180 0001 0003 0000 0000 " QUESTION
		       "c00c 000f 0001 0000003c 0006 0014 .b c010 "
		       "c00c 000f 0001 0000003c 000a 000a .mx .org 00 "
		       "c00c 000f 0001 0000003c 0006 001e .c c040 ",
	    1,
	    "1234 8180 0001 0003 0000 0000 " QUESTION
	    "c00c 000f 0001 0000003c 000a 000a .mx .org 00 "
	    "c00c 000f 0001 0000003c 0006 001e .c c02e "
	    "c00c 000f 0001 0000003c 0006 0014 .b c010 ");
}

static void
a_chain_of_aliases_keeps_its_order(void **state)
{
	(void)state;
	assert_rotated("1234 8180 0001 0004 0000 0000 " QUESTION
		       "c00c 0005 0001 0000003c 0004 .a c010 c029 0005 0001 0000003c 0004 .b c010 "
		       "c039 " A "01010101 c039 " A "02020202",
	    1,
	    "1234 8180 0001 0004 0000 0000 " QUESTION
	    "c00c 0005 0001 0000003c 0004 .a c010 c029 0005 0001 0000003c 0004 .b c010 "
	    "c039 " A "02020202 c039 " A "01010101");
}

#define SIGNATURE(type, inception) \
	"c00c 002e 0001 0000003c 0014 " type " 0d02 0000003c 00000002 " inception " 0001 00 aa "

static void
signatures_stay_behind_their_set(void **state)
{
	(void)state;
	assert_rotated(ADDRESSES("0004") "c00c " A "01010101 c00c " A "02020202 " SIGNATURE(
			   "0001", "00000001") SIGNATURE("0001", "00000002"),
	    1,
	    ADDRESSES("0004") "c00c " A "02020202 c00c " A "01010101 " SIGNATURE("0001", "00000001")
		SIGNATURE("0001", "00000002"));
}

static void
other_sections_keep_their_order(void **state)
{
	static const char message[] =
	    "1234 8180 0001 0001 0002 0002 " QUESTION "c00c " A "01010101 "
	    "c010 0002 0001 0000003c 0004 .a c010 "
	    "c010 0002 0001 0000003c 0004 .b c010 "
	    "c039 " A "01010101 c039 " A "02020202";

	(void)state;
	assert_rotated(message, 1, message);
}

static void
the_rule_is_selected_by_the_owner_and_type_of_each_set(void **state)
{
	struct octets message =
	    octets("1234 8180 0001 0006 0000 0000 " QUESTION
		   "c00c 0005 0001 0000003c 0004 .A c010 c029 " A "01010101 c029 " A "02020202 "
		   "c010 0001 0001 0000003c 0004 03030303 "
		   "c010 0010 0001 0000003c 0001 00 c010 0010 0001 0000003c 0002 01 61");
	struct rule rule = { .ordering = { .choose = choose } };

	(void)state;
	assert_true(passes(&message));
	s53_message_reorder(message.at, message.len, &rule.ordering);
	assert_string_equal(rule.owners, "a.example example ");
	assert_int_equal(rule.type, S53_TYPE_TXT);
}

/* Owners keep their positions: they differ only in letter case. */
static void
owners_are_compared_as_names(void **state)
{
	(void)state;
	assert_rotated(ADDRESSES("0002") ".www .example 00 " A "01010101 .WWW .example 00 " A
					 "02020202",
	    1, ADDRESSES("0002") ".www .example 00 " A "02020202 .WWW .example 00 " A "01010101");
}

/* named, when the letter case of the query is not that of the zone */
static void
owners_that_point_at_the_first_owner_still_do(void **state)
{
	(void)state;
	assert_rotated(ADDRESSES("0003") ".WWW .example 00 " A "01010101 c01d " A "02020202 c01d " A
					 "03030303",
	    1,
	    ADDRESSES("0003") ".WWW .example 00 " A "02020202 c01d " A "03030303 c01d " A
			      "01010101");
	assert_rotated("1234 8180 0001 0002 0001 0000 " QUESTION
		       ".WWW .example 00 000f 0001 0000003c 0006 000a .m c021 "
		       "c01d 000f 0001 0000003c 0008 000a .mmm c01d "
		       "c021 0002 0001 0000003c 0002 c036",
	    1,
	    "1234 8180 0001 0002 0001 0000 " QUESTION
	    ".WWW .example 00 000f 0001 0000003c 0008 000a .mmm c01d "
	    "c01d 000f 0001 0000003c 0006 000a .m c021 "
	    "c021 0002 0001 0000003c 0002 c04a");
}

static void
every_order_of_three_comes_up(void **state)
{
	const struct octets message =
	    octets(ADDRESSES("0003") "c00c " A "01010101 c00c " A "02020202 c00c " A "03030303");
	struct s53_ordering ordering = { .random_state = 7 };
	unsigned seen[4][4] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 6000; i++) {
		struct octets copy = message;

		s53_message_reorder(copy.at, copy.len, &ordering);
		assert_true(passes(&copy));
		seen[copy.at[0x29]][copy.at[0x39]]++;
	}
	for (unsigned first = 1; first <= 3; first++)
		for (unsigned second = 1; second <= 3; second++)
			if (first != second)
				assert_in_range(seen[first][second], 850, 1150);
}

static void
without_given_random_numbers_sets_are_still_shuffled(void **state)
{
	const struct octets message =
	    octets(ADDRESSES("0002") "c00c " A "01010101 c00c " A "02020202");
	struct s53_ordering ordering = { .random_state = 0 };
	unsigned turned = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct octets copy = message;

		s53_message_reorder(copy.at, copy.len, &ordering);
		turned += copy.at[0x29] == 2;
	}
	assert_in_range(turned, 30, 70);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_take_turns),
		cmocka_unit_test(a_ttl_moves_with_its_data),
		cmocka_unit_test(ipv6_addresses_take_turns),
		cmocka_unit_test(texts_of_several_lengths_take_turns),
		cmocka_unit_test(pointers_into_a_moved_record_follow_it),
		cmocka_unit_test(records_that_point_at_each_other_stay),
		cmocka_unit_test(pointers_within_a_set_are_corrected_once),
		cmocka_unit_test(pointers_to_host_names_of_equal_length_are_corrected),
		cmocka_unit_test(a_set_ends_with_its_section),
		cmocka_unit_test(several_aliases_of_one_name_stay),
		cmocka_unit_test(pointers_between_records_that_keep_their_order_are_corrected),
		cmocka_unit_test(a_chain_of_aliases_keeps_its_order),
		cmocka_unit_test(signatures_stay_behind_their_set),
		cmocka_unit_test(other_sections_keep_their_order),
		cmocka_unit_test(the_rule_is_selected_by_the_owner_and_type_of_each_set),
		cmocka_unit_test(owners_are_compared_as_names),
		cmocka_unit_test(owners_that_point_at_the_first_owner_still_do),
		cmocka_unit_test(every_order_of_three_comes_up),
		cmocka_unit_test(without_given_random_numbers_sets_are_still_shuffled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
