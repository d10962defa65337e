/* SPDX-License-Identifier: ISC
 *
 * test_rand.c - unpredictable numbers, and the repeatable ones of tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include <split53/rand.h>

static void *
draw_in_thread(void *out)
{
	s53_rand_fill(out, 32);
	return NULL;
}

static void
two_threads_draw_different_numbers(void **state)
{
	uint8_t drawn[2][32];
	pthread_t thread[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, draw_in_thread, drawn[i]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_memory_not_equal(drawn[0], drawn[1], 32);
}

static void
ids_are_spread_over_their_whole_range(void **state)
{
	static uint8_t seen[65536];
	unsigned different = 0;
	unsigned bits = 0;

	(void)state;
	for (int i = 0; i < 65536; i++) {
		uint16_t id = s53_rand_u16();

		different += seen[id] == 0;
		seen[id] = 1;
		bits += (unsigned)__builtin_popcount(id);
	}
	/* 65536 * (1 - 1/e) = 41427 with a deviation of 100; half of the bits, deviation 512. */
	assert_in_range(different, 40600, 42200);
	assert_in_range(bits, 524288 - 4000, 524288 + 4000);
}

static void
numbers_below_a_bound_are_uniform(void **state)
{
	unsigned count[7] = { 0 };

	(void)state;
	for (int i = 0; i < 70000; i++)
		count[s53_rand_below(7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(count[i], 9300, 10700);
	assert_int_equal(s53_rand_below(1), 0);
}

/*
 * Three quarters of the range: without rejection, a third of the numbers would come twice as often.
 */
static void
numbers_are_uniform_below_a_bound_that_does_not_divide_the_range(void **state)
{
	unsigned thirds = 0;

	(void)state;
	for (int i = 0; i < 30000; i++)
		thirds += s53_rand_below(UINT32_C(3) << 30) % 3 == 0;
	assert_in_range(thirds, 9500, 10500);
}

static void
a_large_request_is_filled_to_its_end(void **state)
{
	uint8_t octets[5000] = { 0 };
	unsigned zeros = 0;

	(void)state;
	s53_rand_fill(octets, sizeof(octets));
	for (size_t i = 0; i < sizeof(octets); i++)
		zeros += octets[i] == 0;
	assert_in_range(zeros, 0, 80); /* 20 are expected */
}

static void
a_seeded_sequence_repeats(void **state)
{
	uint64_t first[3];

	(void)state;
	s53_rand_test_seed(53);
	for (int i = 0; i < 3; i++)
		first[i] = s53_rand_u64();
	s53_rand_test_seed(53);
	for (int i = 0; i < 3; i++)
		assert_true(first[i] == s53_rand_u64());
	s53_rand_test_seed(54);
	assert_true(first[0] != s53_rand_u64());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_threads_draw_different_numbers),
		cmocka_unit_test(ids_are_spread_over_their_whole_range),
		cmocka_unit_test(numbers_below_a_bound_are_uniform),
		cmocka_unit_test(numbers_are_uniform_below_a_bound_that_does_not_divide_the_range),
		cmocka_unit_test(a_large_request_is_filled_to_its_end),
		cmocka_unit_test(a_seeded_sequence_repeats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
