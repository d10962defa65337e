/* SPDX-License-Identifier: ISC
 *
 * test_mnemonic.c - the names of types.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <split53/mnemonic.h>

static void
types_are_read_by_name_and_by_number(void **state)
{
	(void)state;
	assert_int_equal(s53_type_parse("A"), 1);
	assert_int_equal(s53_type_parse("soa"), 6);
	assert_int_equal(s53_type_parse("Https"), 65);
	assert_int_equal(s53_type_parse("CAA"), 257);
	assert_int_equal(s53_type_parse("TYPE65"), 65);
	assert_int_equal(s53_type_parse("type65535"), 65535);
	assert_int_equal(s53_type_parse("TYPE65536"), 0);
	assert_int_equal(s53_type_parse("TYPE"), 0);
	assert_int_equal(s53_type_parse("TYPE6x"), 0);
	assert_int_equal(s53_type_parse("-"), 0);
	assert_int_equal(s53_type_parse(""), 0);
	assert_int_equal(s53_type_parse("SOAP"), 0);
}

static void
every_type_has_a_name_that_is_read_as_that_type(void **state)
{
	char text[S53_MNEMONIC_TEXT];

	(void)state;
	for (unsigned type = 1; type <= UINT16_MAX; type++)
		assert_int_equal(s53_type_parse(s53_type_print((uint16_t)type, text)), type);
	assert_string_equal(s53_type_print(6, text), "SOA");
	assert_string_equal(s53_type_print(41, text), "TYPE41");
	assert_string_equal(s53_type_print(32769, text), "DLV");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_are_read_by_name_and_by_number),
		cmocka_unit_test(every_type_has_a_name_that_is_read_as_that_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
