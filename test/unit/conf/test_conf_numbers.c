/* SPDX-License-Identifier: ISC
 *
 * test_conf_numbers.c - rcodes by their names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <split53/conf.h>
#include <split53/mnemonic.h>

static void
rcodes_are_read_by_name_and_by_number(void **state)
{
	(void)state;
	assert_int_equal(s53_conf_rcode("NOERROR"), 0);
	assert_int_equal(s53_conf_rcode("nxdomain"), 3);
	assert_int_equal(s53_conf_rcode("BadVers"), 16);
	assert_int_equal(s53_conf_rcode("BADCOOKIE"), 23);
	assert_int_equal(s53_conf_rcode("31"), 31);
	assert_int_equal(s53_conf_rcode("0x10"), 16);
	assert_int_equal(s53_conf_rcode("32"), -1);
	assert_int_equal(s53_conf_rcode("-"), -1);
	assert_int_equal(s53_conf_rcode("-1"), -1);
	assert_int_equal(s53_conf_rcode(""), -1);
	assert_int_equal(s53_conf_rcode("NOERRORS"), -1);
}

static void
every_rcode_has_a_name_that_is_read_as_that_rcode(void **state)
{
	char text[S53_MNEMONIC_TEXT];

	(void)state;
	for (int rcode = 0; rcode <= S53_CONF_RCODE_MAX; rcode++)
		assert_int_equal(s53_conf_rcode(s53_rcode_print((unsigned)rcode, text)), rcode);
	assert_string_equal(s53_rcode_print(5, text), "REFUSED");
	assert_string_equal(s53_rcode_print(12, text), "12");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rcodes_are_read_by_name_and_by_number),
		cmocka_unit_test(every_rcode_has_a_name_that_is_read_as_that_rcode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
