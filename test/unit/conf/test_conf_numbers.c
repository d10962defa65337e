/* SPDX-License-Identifier: ISC
 *
 * test_conf_numbers.c - types and rcodes by their names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <split53/conf.h>

#include "conf/numbers.h"

static void
types_are_read_by_name_and_by_number(void **state)
{
	(void)state;
	assert_int_equal(conf_type_number("A"), 1);
	assert_int_equal(conf_type_number("soa"), 6);
	assert_int_equal(conf_type_number("Https"), 65);
	assert_int_equal(conf_type_number("CAA"), 257);
	assert_int_equal(conf_type_number("TYPE65"), 65);
	assert_int_equal(conf_type_number("type65535"), 65535);
	assert_int_equal(conf_type_number("TYPE65536"), 0);
	assert_int_equal(conf_type_number("TYPE"), 0);
	assert_int_equal(conf_type_number("TYPE6x"), 0);
	assert_int_equal(conf_type_number("-"), 0);
	assert_int_equal(conf_type_number(""), 0);
	assert_int_equal(conf_type_number("SOAP"), 0);
}

static void
every_type_has_a_name_that_is_read_as_that_type(void **state)
{
	char text[S53_CONF_NUMBER_TEXT];

	(void)state;
	for (unsigned type = 1; type <= UINT16_MAX; type++)
		assert_int_equal(conf_type_number(s53_conf_type_name((uint16_t)type, text)), type);
	assert_string_equal(s53_conf_type_name(6, text), "SOA");
	assert_string_equal(s53_conf_type_name(41, text), "TYPE41");
	assert_string_equal(s53_conf_type_name(32769, text), "DLV");
}

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
	char text[S53_CONF_NUMBER_TEXT];

	(void)state;
	for (int rcode = 0; rcode <= S53_CONF_RCODE_MAX; rcode++)
		assert_int_equal(s53_conf_rcode(s53_conf_rcode_name((unsigned)rcode, text)), rcode);
	assert_string_equal(s53_conf_rcode_name(5, text), "REFUSED");
	assert_string_equal(s53_conf_rcode_name(12, text), "12");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_are_read_by_name_and_by_number),
		cmocka_unit_test(every_type_has_a_name_that_is_read_as_that_type),
		cmocka_unit_test(rcodes_are_read_by_name_and_by_number),
		cmocka_unit_test(every_rcode_has_a_name_that_is_read_as_that_rcode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
