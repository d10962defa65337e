/* SPDX-License-Identifier: ISC
 *
 * test_conf_units.c - numbers, sizes and durations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/units.h"

static void
expect(enum s53_status (*parse)(const char *, uint64_t *), const char *text, uint64_t wanted)
{
	uint64_t number = 0;

	assert_int_equal(parse(text, &number), S53_OK);
	assert_int_equal(number, wanted);
}

static void
expect_failure(
    enum s53_status (*parse)(const char *, uint64_t *), const char *text, enum s53_status wanted)
{
	uint64_t number = 77;

	assert_int_equal(parse(text, &number), wanted);
	assert_int_equal(number, 77);
}

static void
integers_are_written_as_in_c(void **state)
{
	(void)state;
	expect(conf_number_parse, "0", 0);
	expect(conf_number_parse, "53", 53);
	expect(conf_number_parse, "0x35", 53);
	expect(conf_number_parse, "0600", 384);
	expect(conf_number_parse, "18446744073709551615", UINT64_MAX);
	expect_failure(conf_number_parse, "18446744073709551616", S53_E_RANGE);
	expect_failure(conf_number_parse, "08", S53_E_SYNTAX);
	expect_failure(conf_number_parse, "0x", S53_E_SYNTAX);
	expect_failure(conf_number_parse, "-1", S53_E_SYNTAX);
	expect_failure(conf_number_parse, "1a", S53_E_SYNTAX);
	expect_failure(conf_number_parse, "", S53_E_SYNTAX);
}

static void
sizes_have_units_of_1024(void **state)
{
	(void)state;
	expect(conf_size_parse, "10", 10);
	expect(conf_size_parse, "10k", 10240);
	expect(conf_size_parse, "2M", 2097152);
	expect(conf_size_parse, "1g", 1073741824);
	expect_failure(conf_size_parse, "1t", S53_E_SYNTAX);
	expect_failure(conf_size_parse, "1kb", S53_E_SYNTAX);
	expect_failure(conf_size_parse, "k", S53_E_SYNTAX);
	expect_failure(conf_size_parse, "99999999999999g", S53_E_RANGE);
}

static void
durations_are_seconds_ttls_or_iso_8601(void **state)
{
	(void)state;
	expect(conf_duration_parse, "0", 0);
	expect(conf_duration_parse, "3600", 3600);
	expect(conf_duration_parse, "1h30m", 5400);
	expect(conf_duration_parse, "1W2D3H4M5S", 788645);
	expect(conf_duration_parse, "P1DT12H", 129600);
	expect(conf_duration_parse, "P1DT", 86400);
	expect(conf_duration_parse, "pt90m", 5400);
	expect(conf_duration_parse, "P2W", 1209600);
	expect(conf_duration_parse, "P1Y1M", 34128000);
	expect_failure(conf_duration_parse, "P", S53_E_SYNTAX);
	expect_failure(conf_duration_parse, "PT1D", S53_E_SYNTAX);
	expect_failure(conf_duration_parse, "1h30", S53_E_SYNTAX);
	expect_failure(conf_duration_parse, "1x", S53_E_SYNTAX);
	expect_failure(conf_duration_parse, "h", S53_E_SYNTAX);
	expect_failure(conf_duration_parse, "99999999999999999w", S53_E_RANGE);
}

static void
percentages_end_in_the_percent_sign(void **state)
{
	(void)state;
	expect(conf_percent_parse, "10%", 10);
	expect_failure(conf_percent_parse, "10", S53_E_SYNTAX);
	expect_failure(conf_percent_parse, "10%%", S53_E_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_written_as_in_c),
		cmocka_unit_test(sizes_have_units_of_1024),
		cmocka_unit_test(durations_are_seconds_ttls_or_iso_8601),
		cmocka_unit_test(percentages_end_in_the_percent_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
