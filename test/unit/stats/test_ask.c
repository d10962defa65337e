/* SPDX-License-Identifier: ISC
 *
 * test_ask.c - which page a request asks for, and in which format.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stats/ask.h>
#include <stats/json.h>

static enum s53_stats_page
page_of(const char *uri)
{
	return s53_stats_ask_parse(uri, NULL).page;
}

static bool
is_openmetrics(const char *accept)
{
	return s53_stats_ask_parse("/metrics", accept).openmetrics;
}

static void
pages_are_found_by_their_path_alone(void **state)
{
	(void)state;
	assert_int_equal(page_of("/"), S53_PAGE_INDEX);
	assert_int_equal(page_of("/metrics"), S53_PAGE_METRICS);
	assert_int_equal(page_of("/metrics/"), S53_PAGE_METRICS);
	assert_int_equal(page_of("/metrics?x=y"), S53_PAGE_METRICS);
	assert_int_equal(page_of("http://h:1/metrics"), S53_PAGE_METRICS);
	assert_int_equal(page_of("/health"), S53_PAGE_HEALTH);
	assert_int_equal(page_of("/ready"), S53_PAGE_READY);
	assert_int_equal(page_of("/json/v1/server"), S53_PAGE_JSON);
	assert_int_equal(s53_stats_ask_parse("/json/v1", NULL).json_parts, S53_JSON_ALL);
	assert_int_equal(s53_stats_ask_parse("/json/v1/net", NULL).json_parts, S53_JSON_NET);
}

static void
what_is_no_page_is_none(void **state)
{
	static const char *const uris[] = { "", "*", "metrics", "/metricsx", "/metrics//",
		"/Metrics", "/metrics/..", "/%6detrics", "/json/v2", "/json/v1/server/x", "http://",
		"//", ":", "/\xff", "/metrics\n", "http://[::1/metrics" };

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		if (page_of(uris[i]) != S53_PAGE_NONE)
			assert_string_equal(uris[i], "//"); /* the index, by the slash at its end */
}

static void
zones_are_asked_for_with_1(void **state)
{
	(void)state;
	assert_true(s53_stats_ask_parse("/ready?zones=1", NULL).zones);
	assert_true(s53_stats_ask_parse("/ready?a=b&zones=1", NULL).zones);
	assert_false(s53_stats_ask_parse("/ready?zones=0", NULL).zones);
	assert_false(s53_stats_ask_parse("/ready?zones", NULL).zones);
	assert_false(s53_stats_ask_parse("/ready?zones=11", NULL).zones);
	assert_false(s53_stats_ask_parse("/ready?%", NULL).zones);
	assert_false(s53_stats_ask_parse("/ready?&&=&", NULL).zones);
}

static void
openmetrics_is_given_to_clients_that_prefer_it(void **state)
{
	(void)state;
	assert_false(is_openmetrics(NULL));
	assert_false(is_openmetrics(""));
	assert_false(is_openmetrics("*/*"));
	assert_false(is_openmetrics("text/plain"));
	assert_false(is_openmetrics("application/openmetrics-text;q=0"));
	assert_false(is_openmetrics("application/openmetrics-text;q=0.3, text/plain;q=0.5"));
	assert_false(is_openmetrics("application/openmetrics-text-not"));
	assert_false(is_openmetrics(",;=,;q=1"));
	assert_true(is_openmetrics("application/openmetrics-text"));
	assert_true(is_openmetrics("Application/OpenMetrics-Text ; version=1.0.0"));
	assert_true(is_openmetrics(
	    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
	    "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")); /* Prometheus 2.42 */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_found_by_their_path_alone),
		cmocka_unit_test(what_is_no_page_is_none),
		cmocka_unit_test(zones_are_asked_for_with_1),
		cmocka_unit_test(openmetrics_is_given_to_clients_that_prefer_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
