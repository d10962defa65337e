/* SPDX-License-Identifier: ISC
 *
 * test_hash.c - the keyed hash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <split53/hash.h>

static void
the_hash_changes_with_its_seed(void **state)
{
	uint64_t unseeded = s53_hash("www", 3);

	(void)state;
	assert_true(s53_hash("www", 3) == unseeded);
	assert_true(s53_hash("wwx", 3) != unseeded);
	s53_hash_init();
	assert_true(s53_hash("www", 3) != unseeded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_changes_with_its_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
