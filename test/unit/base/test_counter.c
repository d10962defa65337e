/* SPDX-License-Identifier: ISC
 *
 * test_counter.c - counters and their names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <split53/counter.h>

static void
every_counter_has_a_name_of_its_own_and_counts(void **state)
{
	static struct s53_counters set;

	(void)state;
	for (int a = 0; a < S53_C_COUNT; a++)
		for (int b = a + 1; b < S53_C_COUNT; b++)
			assert_string_not_equal(s53_counter_name((enum s53_counter)a),
			    s53_counter_name((enum s53_counter)b));
	s53_count(&set, S53_C_JOIN_STARTED);
	s53_count(&set, S53_C_JOIN_STARTED);
	assert_int_equal(s53_counter_read(&set, S53_C_JOIN_STARTED), 2);
	assert_int_equal(s53_counter_read(&set, S53_C_JOIN_SHARED), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_has_a_name_of_its_own_and_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
