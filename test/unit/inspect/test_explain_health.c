/* SPDX-License-Identifier: ISC
 *
 * test_explain_health.c - what --explain shows of server selection, quotas and health checks.
 */
#include "explain_fixture.h"

static void
by_default_only_the_query_of_probes_is_shown(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "options { forwarders { 198.51.100.1; 198.51.100.2; }; };"
				   "zone consul { type forward; forwarders { 198.51.100.3; }; };";

	check_says(f, text, NULL,
	    "198.51.100.2#53 (t.conf:1:11)\n"
	    "        health-check { name \".\"; type NS; } (default)\n    zone");
	check_says(
	    f, text, NULL, "\n        health-check { name \"consul\"; type SOA; } (default)\n");
	check_is_silent(f, text, "policy");
	check_is_silent(f, text, "tier");
	check_is_silent(f, text, "fetches");
	check_is_silent(f, text, "clients-per-query");
	check_says(f, text, "a.consul", "bytes, probed by SOA consul\nanswer");
	check_says(f, text, "example", ", probed by NS .\n");
}

static void
down_after_is_shown_where_it_is_configured_and_has_an_effect(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "options { forwarders { 198.51.100.1; 198.51.100.2; };"
				   " health-check { down-after 2000; }; };"
				   "zone consul { type forward; forwarders { 198.51.100.3; }; };";

	check_says(f, text, NULL, " { name \"consul\"; type SOA; down-after 2000; }\n");
	check_says(f, text, NULL, " { name \".\"; type NS; }\n");
}

static void
policies_are_shown_where_they_are_configured(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
	    "options { forwarders { 198.51.100.1; };\nforwarders-policy random; };\n"
	    "zone consul { type forward; forwarders { 198.51.100.2; };\n"
	    "forwarders-policy ordered; };\n";

	check_says(f, text, NULL, "\n    forwarders-policy random (t.conf:2)\n");
	check_says(f, text, NULL, "\n        forwarders-policy ordered (t.conf:4)\n");
	check_says(f, text, "a.consul", "\nchoose   ordered\n");
	check_says(f, text, "example", "\nchoose   random\n");
}

static void
tiers_are_shown_after_their_servers(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
	    "options { forwarders { 198.51.100.1 tier 1; 198.51.100.2 port 54 tier 7; }; };";

	check_says(f, text, NULL, "to 198.51.100.1#53 198.51.100.2#54 (tier 7) (t.conf");
	check_says(f, text, "example", "\nupstream 198.51.100.2#54, tier 7, EDNS");
}

static void
quotas_are_shown_with_what_happens_above_them(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "options { forwarders { 198.51.100.1; }; fetches-per-server 5;"
				   " fetches-per-zone 6; clients-per-query 7; };";

	check_says(f, text, NULL, "\n    fetches-per-server 5 fail (t.conf:1)\n");
	check_says(f, text, NULL, "\n    fetches-per-zone 6 drop (t.conf:1)\n");
	check_says(f, text, NULL, "\n    clients-per-query 7, at most 100 (t.conf:1)\n");
	check_says(f, text, "example",
	    "\nchoose   fastest, fetches-per-server 5 fail, fetches-per-zone 6 drop\n");
	check_says(f, "options { clients-per-query 7; max-clients-per-query 0; };", NULL,
	    "\n    clients-per-query 7, no limit (t.conf:1)\n");
}

static void
servers_with_different_health_checks_get_a_line_each(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
	    "options { forwarders { 198.51.100.1; 198.51.100.2; }; };"
	    "server 198.51.100.2 { health-check { mode never; rise 5; timeout 50; }; };";

	check_says(f, text, NULL,
	    "\n        health-check of 198.51.100.1#53 { name \".\"; type NS; } (default)\n"
	    "        health-check of 198.51.100.2#53"
	    " { name \".\"; type NS; timeout 50; rise 5; mode never; }\n");
	check_says(f, text, "example", ", probed by NS .\nupstream 198.51.100.2#53, ");
	check_says(f, text, "example", ", never probed\n");
}

static void
a_zone_that_uses_the_default_forwarders_shows_no_more_than_that(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
	    "options { forwarders { 198.51.100.1; }; health-check { accept { 5; }; }; };\n"
	    "zone b { type forward; forwarders { }; };"
	    "zone c { type forward; forwarders { 198.51.100.1; }; };";

	check_says(f, text, NULL, "no forwarders of its own (t.conf:2:1)\n    zone \"c\"");
	check_says(f, text, NULL,
	    "\n        health-check { name \"c\"; type SOA; accept { REFUSED; }; }\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_default_only_the_query_of_probes_is_shown),
		TEST(down_after_is_shown_where_it_is_configured_and_has_an_effect),
		TEST(policies_are_shown_where_they_are_configured),
		TEST(tiers_are_shown_after_their_servers),
		TEST(quotas_are_shown_with_what_happens_above_them),
		TEST(servers_with_different_health_checks_get_a_line_each),
		TEST(a_zone_that_uses_the_default_forwarders_shows_no_more_than_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
