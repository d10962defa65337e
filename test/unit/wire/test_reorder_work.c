/* SPDX-License-Identifier: ISC
 *
 * test_reorder_work.c - large messages in another order: the cost is bounded, and some records are
 * not moved.
 *
 * Each reply pays for it. The limits allow for a sanitizer and a busy machine; without the bounds
 * of reorder.c they are exceeded many times.
 */
#include <time.h>

#include "turning.h"

/* As many records as fit into a message. */
struct large {
	size_t len;
	uint8_t at[S53_MESSAGE_MAX];
};

static struct large *
large_of(const char *record, unsigned count)
{
	struct large *large = malloc(sizeof(*large));
	struct octets head = octets("1234 8180 0001 0000 0000 0000 " QUESTION);
	struct octets one = octets(record);

	assert_non_null(large);
	memcpy(large->at, head.at, head.len);
	large->len = head.len;
	s53_header_set_count(large->at, S53_ANSWER, (uint16_t)count);
	for (unsigned i = 0; i < count; i++) {
		assert_true(large->len + one.len <= sizeof(large->at));
		memcpy(large->at + large->len, one.at, one.len);
		s53_u16_put(large->at + large->len + 12, (uint16_t)i);
		large->len += one.len;
	}
	return large;
}

static bool
is_in_old_order(const struct large *large, size_t one_len, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (s53_u16_get(large->at + 0x29 + i * one_len) != i)
			return false;
	return true;
}

static void
thousands_of_addresses_are_shuffled_quickly(void **state)
{
	enum { COUNT = 4000 };
	struct large *large = large_of("c00c " A "00000000", COUNT);
	bool seen[COUNT] = { false };
	struct s53_ordering ordering = { .random_state = 1 };
	clock_t begin = clock();

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		s53_message_reorder(large->at, large->len, &ordering);
	/* comparing each with each other would take a hundred times as long */
	assert_true(clock() - begin < 2 * CLOCKS_PER_SEC);
	assert_false(is_in_old_order(large, 16, COUNT));
	for (unsigned i = 0; i < COUNT; i++)
		seen[s53_u16_get(large->at + 0x29 + i * 16u)] = true;
	for (unsigned i = 0; i < COUNT; i++)
		assert_true(seen[i]);
	free(large);
}

#define SERVICE "c00c 0021 0001 0000003c 000b 0000 0000 0050 .n .d 00"

static void
srv_records_are_moved_unless_there_are_too_many(void **state)
{
	struct s53_ordering ordering = { .random_state = 1 };
	struct large *most = large_of(SERVICE, 256), *more = large_of(SERVICE, 257);

	(void)state;
	s53_message_reorder(most->at, most->len, &ordering);
	assert_false(is_in_old_order(most, 23, 256));
	s53_message_reorder(more->at, more->len, &ordering);
	assert_true(is_in_old_order(more, 23, 257));
	free(most);
	free(more);
}

static void
records_beyond_the_reach_of_pointers_are_not_moved(void **state)
{
	struct large *large = large_of("c00c 0010 0001 0000003c 0040 3f "
				       "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
				       "'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	    216);
	struct large before;
	struct rule rule = rotate(1);

	(void)state;
	for (unsigned i = 0; i < 216; i++)
		s53_u16_put(large->at + 0x29 + i * 76u, 0x3f61);
	/* one of another length, so that the set is moved in pieces */
	memcpy(large->at + large->len, large->at + 29, 12);
	s53_u16_put(large->at + large->len + 10, 1);
	large->at[large->len + 12] = 0;
	large->len += 13;
	s53_header_set_count(large->at, S53_ANSWER, 217);
	assert_in_range(large->len, 0x4001, 0x4100);
	before = *large;
	s53_message_reorder(large->at, large->len, &rule.ordering);
	assert_int_equal(rule.asked, 1);
	assert_memory_equal(large->at, before.at, large->len);
	free(large);
}

/* At 0x401d; the pointer behind it leads to 0x1d, another name. */
static void
an_owner_beyond_the_reach_of_pointers_is_not_pointed_at(void **state)
{
	struct large *large = large_of("c00c " A "00000000", 1024);
	struct octets tail = octets("c010 " A "01010101 c01d " A "02020202");
	struct rule rule = rotate(1);
	struct s53_edns edns;
	size_t opt_at;

	(void)state;
	memcpy(large->at + large->len, tail.at, tail.len);
	large->len += tail.len;
	s53_header_set_count(large->at, S53_ANSWER, 1026);
	assert_true(s53_message_check(large->at, large->len, &edns, &opt_at));
	s53_message_reorder(large->at, large->len, &rule.ordering);
	assert_string_equal(rule.owners, "www.example ");
	assert_memory_equal(large->at + large->len - tail.len, tail.at, tail.len);
	free(large);
}

/* Each owner must be read, along a chain of pointers, to know that it is another one. */
static void
many_owners_are_passed_quickly(void **state)
{
	struct large *large = large_of("01 61 c00c " A "00000000", 3500);
	struct s53_ordering ordering = { .random_state = 1 };
	clock_t begin = clock();
	unsigned above = 0x0c;
	struct s53_edns edns;
	size_t opt_at;

	(void)state;
	for (unsigned i = 0; i < 3500; i++) {
		size_t at = 29 + i * 18u;

		s53_u16_put(large->at + at + 2, (uint16_t)(0xc000 | above));
		s53_u16_put(large->at + at + 12, 4);
		if (i < 110)
			above = (unsigned)at;
	}
	assert_true(s53_message_check(large->at, large->len, &edns, &opt_at));
	for (unsigned i = 0; i < 200; i++)
		s53_message_reorder(large->at, large->len, &ordering);
	assert_true(clock() - begin < 2 * CLOCKS_PER_SEC);
	free(large);
}

/* Each is moved by a pass over all records after it, but only the first few are. */
static void
many_sets_are_passed_quickly(void **state)
{
	enum { PAIRS = 1200 };
	struct large *large = large_of("", 0);
	struct octets pairs[] = {
		octets("c00c 0010 0001 0000003c 0001 00 c00c 0010 0001 0000003c 0002 01 61"),
		octets("c00c 0063 0001 0000003c 0001 00 c00c 0063 0001 0000003c 0002 01 61"),
	};
	struct rule rule = rotate(1);
	struct s53_edns edns;
	clock_t begin;
	size_t opt_at;

	(void)state;
	for (unsigned i = 0; i < PAIRS; i++) {
		memcpy(large->at + large->len, pairs[i % 2].at, pairs[0].len);
		large->len += pairs[0].len;
	}
	s53_header_set_count(large->at, S53_ANSWER, 2 * PAIRS);
	assert_true(s53_message_check(large->at, large->len, &edns, &opt_at));
	begin = clock();
	for (unsigned i = 0; i < 50; i++)
		s53_message_reorder(large->at, large->len, &rule.ordering);
	assert_true(clock() - begin < 2 * CLOCKS_PER_SEC);
	assert_int_equal(rule.asked, 50 * 4);
	free(large);
}

static void
the_rules_are_consulted_for_at_most_seven_sets(void **state)
{
	enum { PAIRS = 100 };
	struct large *large = large_of("", 0);
	struct rule rule = rotate(1);

	(void)state;
	for (unsigned i = 0; i < PAIRS; i++) {
		struct octets pair = octets(i % 2 == 0 ? "c00c " A "01010101 c00c " A "02020202"
						       : "c010 " A "01010101 c010 " A "02020202");

		memcpy(large->at + large->len, pair.at, pair.len);
		large->len += pair.len;
	}
	s53_header_set_count(large->at, S53_ANSWER, 2 * PAIRS);
	s53_message_reorder(large->at, large->len, &rule.ordering);
	assert_int_equal(rule.asked, 7);
	assert_int_equal(large->at[29 + 7 * 32 - 1], 1);
	assert_int_equal(large->at[large->len - 1], 2);
	free(large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thousands_of_addresses_are_shuffled_quickly),
		cmocka_unit_test(srv_records_are_moved_unless_there_are_too_many),
		cmocka_unit_test(records_beyond_the_reach_of_pointers_are_not_moved),
		cmocka_unit_test(an_owner_beyond_the_reach_of_pointers_is_not_pointed_at),
		cmocka_unit_test(many_owners_are_passed_quickly),
		cmocka_unit_test(many_sets_are_passed_quickly),
		cmocka_unit_test(the_rules_are_consulted_for_at_most_seven_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
