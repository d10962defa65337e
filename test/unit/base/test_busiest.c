/* SPDX-License-Identifier: ISC
 *
 * test_busiest.c - what is frequent is found in a table that is smaller than what is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <split53/busiest.h>

static struct s53_busiest table, other;
static struct s53_busiest_list list;

static int
begin(void **state)
{
	(void)state;
	s53_busiest_init(&table);
	s53_busiest_init(&other);
	list.count = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	s53_busiest_fini(&table);
	s53_busiest_fini(&other);
	return 0;
}

static void
count(struct s53_busiest *busiest, const char *key, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		s53_busiest_count(busiest, key, strlen(key), 1);
}

static void
the_busiest_stand_first_with_exact_counts_while_there_is_room(void **state)
{
	(void)state;
	count(&table, "few", 3);
	count(&table, "many", 7);
	s53_busiest_add(&list, &table);
	assert_int_equal(list.count, 2);
	assert_memory_equal(list.entries[0].key, "many", 4);
	assert_int_equal(list.entries[0].count, 7);
	assert_int_equal(list.entries[0].error, 0);
	assert_int_equal(list.entries[1].count, 3);
}

/* One in 20 is more than one in S53_BUSIEST_KEYS: it cannot be missed. */
static void
a_frequent_key_is_found_among_thousands(void **state)
{
	char key[16];

	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		snprintf(key, sizeof(key), "once-%u", i);
		count(&table, i % 20 == 0 ? "often" : key, 1);
	}
	s53_busiest_add(&list, &table);
	assert_memory_equal(list.entries[0].key, "often", 5);
	assert_true(list.entries[0].count >= 200);
	assert_true(list.entries[0].count - list.entries[0].error <= 200);
}

static void
the_same_key_of_two_tables_has_the_sum(void **state)
{
	(void)state;
	count(&table, "a", 2);
	count(&other, "a", 5);
	count(&other, "b", 6);
	s53_busiest_add(&list, &table);
	s53_busiest_add(&list, &other);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.entries[0].count, 7);
	assert_int_equal(list.entries[1].count, 6);
}

static void
keys_of_another_kind_are_others(void **state)
{
	(void)state;
	s53_busiest_count(&table, "a", 1, 1);
	s53_busiest_count(&table, "a", 1, 28);
	s53_busiest_add(&list, &table);
	assert_int_equal(list.count, 2);
}

static void
what_was_busy_fades(void **state)
{
	(void)state;
	count(&table, "past", 6000);
	count(&table, "now", S53_BUSIEST_FADE);
	s53_busiest_add(&list, &table);
	assert_memory_equal(list.entries[0].key, "now", 3);
	assert_true(list.entries[1].count <= 3000);
}

static void
keys_that_are_too_long_or_empty_are_not_counted(void **state)
{
	char key[S53_BUSIEST_KEY_MAX + 1] = { 0 };

	(void)state;
	s53_busiest_count(&table, key, sizeof(key), 1);
	s53_busiest_count(&table, key, 0, 1);
	s53_busiest_add(&list, &table);
	assert_int_equal(list.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    the_busiest_stand_first_with_exact_counts_while_there_is_room, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_frequent_key_is_found_among_thousands, begin, end),
		cmocka_unit_test_setup_teardown(the_same_key_of_two_tables_has_the_sum, begin, end),
		cmocka_unit_test_setup_teardown(keys_of_another_kind_are_others, begin, end),
		cmocka_unit_test_setup_teardown(what_was_busy_fades, begin, end),
		cmocka_unit_test_setup_teardown(
		    keys_that_are_too_long_or_empty_are_not_counted, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
