/* SPDX-License-Identifier: ISC
 *
 * test_explain_cache.c - what --explain shows of the cache.
 */
#include "explain_fixture.h"

#define MIB ((uint64_t)1 << 20)

static void
the_size_is_shown_with_its_origin(void **state)
{
	struct fixture *f = *state;

	f->memory_octets = 1000 * MIB;
	check_says(f, "options { };", NULL, "\n    max-cache-size 64m (default)\n");
	check_says(
	    f, "options { max-cache-size 1536k; };", NULL, "    max-cache-size 2m (t.conf:1)\n");
	check_says(f, "options { max-cache-size 3000000; };", NULL,
	    "    max-cache-size 3000000 (t.conf:1)\n");
	check_says(
	    f, "options { max-cache-size 10%; };", NULL, "    max-cache-size 100m (t.conf:1)\n");
	f->memory_octets = 8192 * MIB;
	check_says(
	    f, "options { max-cache-size 1g; };", NULL, "    max-cache-size 1g (t.conf:1)\n");
	check_says(f, "options { max-cache-size 0; };", NULL,
	    "    max-cache-size 0: nothing is cached (t.conf:1)\n");
	check_says(f, "options { max-cache-size 0; }; view a { max-cache-size 8m; };", NULL,
	    "    max-cache-size 8m (set in a view or zone)\n");
}

static void
the_files_are_shown_with_their_origin(void **state)
{
	struct fixture *f = *state;

	check_says(f, "options { };", NULL,
	    "    dump-file \"named_dump.db\" (default)\n    cache-file none (default)\n");
	check_says(f, "options { directory \"/v\";\ndump-file \"d\"; };", NULL,
	    "    dump-file \"/v/d\" (t.conf:2)\n    cache-file \"/v/d.cache\" (default)\n");
	check_says(f, "options { cache-file none; };", NULL, "    cache-file none (t.conf:1)\n");
}

static void
rules_that_are_not_configured_are_not_shown(void **state)
{
	struct fixture *f = *state;

	check_is_silent(f, "options { };", "ttl");
	check_is_silent(f, "options { };", "stale");
	check_is_silent(f, "options { };", "minimal-responses");
}

static void
a_rule_is_shown_with_its_effective_value_where_it_applies(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
	    "options { max-cache-ttl 1h; prefetch 4; stale-answer-client-timeout off; };\n"
	    "view a { stale-answer-enable yes; rrset-order { type A order cyclic; order none; };\n"
	    "zone \"consul\" { type forward; forwarders { 198.51.100.1; };\n"
	    "max-cache-size 0; min-cache-ttl 2h; minimal-responses no-auth; }; };";

	check_says(f, text, NULL, "\n    max-cache-ttl 3600 (t.conf:1)\n");
	check_says(f, text, NULL, "\n    prefetch 4 10 (t.conf:1)\n");
	check_says(f, text, NULL, "\n    stale-answer-client-timeout off (t.conf:1)\n");
	check_says(f, text, NULL, "\n    stale-answer-enable yes (t.conf:2)\n");
	check_says(
	    f, text, NULL, "\n    rrset-order { type A order cyclic; order none; } (t.conf:2)\n");
	check_says(f, text, NULL,
	    "(t.conf:3:1)\n        health-check { name \"consul\"; type SOA; } (default)\n"
	    "        max-cache-size 0: nothing is cached (t.conf:4)\n"
	    "        min-cache-ttl 3600 (t.conf:4)\n"
	    "        minimal-responses no-auth (t.conf:4)\n");
}

static void
explaining_a_name_shows_how_long_its_answers_are_kept(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
	    "options { stale-cache-enable yes; recursion yes; };"
	    "zone \"consul\" { type forward; forwarders { 198.51.100.1; };"
	    " stale-answer-enable yes; max-cache-ttl 10; servfail-ttl 0; };"
	    "zone \"lab\" { type forward; forwarders { 198.51.100.1; }; max-cache-size 0; };";

	check_says(f, text, "x.example",
	    "\ncache    answers 0 to 604800 s, negative answers 0 to 10800 s, failures 1 s, stale "
	    "86400 s more, but not used for answers\n");
	check_says(f, text, "a.consul",
	    "\ncache    answers 0 to 10 s, negative answers 0 to 10800 s, failures 0 s, stale "
	    "86400 s more\n");
	check_says(f, text, "a.lab", "\ncache    none\n");
	check_says(f, "options { max-cache-size 0; };", "a", "\ncache    none\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_size_is_shown_with_its_origin),
		TEST(the_files_are_shown_with_their_origin),
		TEST(rules_that_are_not_configured_are_not_shown),
		TEST(a_rule_is_shown_with_its_effective_value_where_it_applies),
		TEST(explaining_a_name_shows_how_long_its_answers_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
