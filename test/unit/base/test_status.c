/* SPDX-License-Identifier: ISC
 *
 * test_status.c - the texts of enum s53_status.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <split53/status.h>

static void
every_status_has_a_text(void **state)
{
	(void)state;
	for (int status = S53_OK; status <= S53_E_LIMIT; status++)
		assert_string_not_equal(s53_status_text((enum s53_status)status), "unknown status");
	assert_string_equal(s53_status_text((enum s53_status)99), "unknown status");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
