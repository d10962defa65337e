/* SPDX-License-Identifier: ISC
 *
 * test_histogram.c - durations find their buckets, and tallies of many zones cost what is used.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <split53/counter.h>

static void
a_bound_belongs_to_its_bucket(void **state)
{
	(void)state;
	assert_int_equal(s53_histogram_bucket(0), 0);
	for (unsigned i = 0; i < S53_HISTOGRAM_BOUNDS; i++) {
		assert_int_equal(s53_histogram_bucket(s53_histogram_bounds_ns[i]), i);
		assert_int_equal(s53_histogram_bucket(s53_histogram_bounds_ns[i] + 1), i + 1);
	}
	assert_int_equal(s53_histogram_bucket(UINT64_MAX), S53_HISTOGRAM_BOUNDS);
}

static void
the_bounds_are_1_2_and_5_of_each_decade(void **state)
{
	uint64_t decade = 1000;

	(void)state;
	for (unsigned i = 0; i < S53_HISTOGRAM_BOUNDS; i++) {
		static const unsigned of_decade[] = { 1, 2, 5 };

		assert_int_equal(s53_histogram_bounds_ns[i], of_decade[i % 3] * decade);
		if (i % 3 == 2)
			decade *= 10;
	}
	assert_int_equal(s53_histogram_bounds_ns[S53_HISTOGRAM_BOUNDS - 1], 10000000000);
}

static void
a_batch_is_counted_at_once(void **state)
{
	struct s53_histogram histogram = { 0 };

	(void)state;
	s53_histogram_count(&histogram, 3000, 64);
	s53_histogram_add(&histogram, 3000);
	assert_int_equal(atomic_load(&histogram.bucket[2]), 65);
	assert_int_equal(atomic_load(&histogram.sum_ns), 65 * 3000);
}

static void
a_tally_keeps_what_was_counted_of_its_number(void **state)
{
	static struct s53_tallies tallies;
	const uint32_t numbers[] = { 0, 1, 63, 64, 65, 100000, S53_TALLY_NUMBERS - 1 };
	const unsigned count = sizeof(numbers) / sizeof(numbers[0]);

	(void)state;
	for (unsigned i = 0; i < count; i++)
		for (unsigned times = 0; times <= i; times++)
			s53_tally_count(s53_tallies_get(&tallies, numbers[i]), S53_TALLY_HITS);
	for (unsigned i = 0; i < count; i++) {
		const struct s53_tally *tally = s53_tallies_look(&tallies, numbers[i]);

		assert_int_equal(atomic_load(&tally->value[S53_TALLY_HITS]), i + 1);
		assert_int_equal(atomic_load(&tally->value[S53_TALLY_MISSES]), 0);
	}
	assert_null(s53_tallies_look(&tallies, 5000)); /* nothing is made by looking */
	s53_tallies_fini(&tallies);
}

static void
a_tally_is_one_cache_line(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct s53_tally), 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bound_belongs_to_its_bucket),
		cmocka_unit_test(the_bounds_are_1_2_and_5_of_each_decade),
		cmocka_unit_test(a_batch_is_counted_at_once),
		cmocka_unit_test(a_tally_keeps_what_was_counted_of_its_number),
		cmocka_unit_test(a_tally_is_one_cache_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
