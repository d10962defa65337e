/* SPDX-License-Identifier: ISC
 *
 * test_clock.c - the clock that tests can set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <split53/clock.h>

static void
a_clock_that_is_set_does_not_advance_until_it_is_released(void **state)
{
	uint64_t real = s53_clock_ms();

	(void)state;
	s53_clock_test_set(1000);
	assert_true(s53_clock_ms() == 1000);
	assert_true(s53_clock_ms() == 1000);
	s53_clock_test_set(UINT64_MAX);
	assert_true(s53_clock_ms() >= real);
	assert_true(s53_clock_wall_s() > 1600000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_is_set_does_not_advance_until_it_is_released),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
