/* SPDX-License-Identifier: ISC
 *
 * test_setup_cache.c - how long answers are kept and in which form they are given out: which
 * options of a named.conf apply where.
 */
#include <split53/cache.h>

#include "setup_fixture.h"

#define MIB ((uint64_t)1 << 20)

static const struct s53_cache_rules *
rules_of(const struct fixture *f, unsigned view)
{
	return view_at(f, view)->answering.cache;
}

static const struct s53_answering *
zone_of(const struct fixture *f, const char *name)
{
	return route_at(f, 0, name)->answering;
}

/* --- rules ---------------------------------------------------------------------------------- */

static void
the_defaults_are_those_of_bind(void **state)
{
	struct fixture *f = *state;
	const struct s53_cache_rules *rules;

	build(f, "options { };");
	rules = rules_of(f, 0);
	assert_true(rules->enabled);
	assert_int_equal(rules->max_ttl_s, 604800);
	assert_int_equal(rules->min_ttl_s, 0);
	assert_int_equal(rules->max_ncache_ttl_s, 10800);
	assert_int_equal(rules->min_ncache_ttl_s, 0);
	assert_int_equal(rules->servfail_ttl_s, 1);
	assert_false(rules->stale_keep);
	assert_false(rules->stale_answer);
	assert_false(rules->stale_zero_ttl);
	assert_int_equal(rules->max_stale_s, 86400);
	assert_int_equal(rules->stale_answer_ttl_s, 30);
	assert_int_equal(rules->stale_refresh_s, 30);
	assert_int_equal(rules->stale_client_timeout_ms, S53_STALE_TIMEOUT_OFF);
	assert_int_equal(rules->prefetch_trigger_s, 2);
	assert_int_equal(rules->prefetch_eligible_s, 9);
	assert_null(view_at(f, 0)->answering.order);
	assert_int_equal(view_at(f, 0)->answering.minimal, S53_MINIMAL_NO_AUTH_RECURSIVE);
	assert_null(zone_of(f, "x"));
	assert_int_equal(f->diags.error_count, 0);
}

static void
stale_zero_ttl_takes_effect_only_if_stale_answers_are_kept(void **state)
{
	struct fixture *f = *state;

	build(f, "options { stale-zero-ttl yes; };");
	assert_false(rules_of(f, 0)->stale_zero_ttl); /* no stale answers are kept */
	build(f, "options { stale-answer-enable yes; };");
	assert_false(rules_of(f, 0)->stale_zero_ttl);
	build(f, "options { stale-answer-enable no; stale-zero-ttl yes; };");
	assert_true(has_diag(f, S53_DIAG_WARNING, "'stale-zero-ttl yes' has no effect"));
	build(f, "options { stale-cache-enable yes; stale-zero-ttl yes; };");
	assert_false(has_diag(f, S53_DIAG_WARNING, "has no effect"));
	assert_true(rules_of(f, 0)->stale_zero_ttl);
	build(f,
	    "options { stale-answer-enable yes; };"
	    "zone \"x\" { type forward; forwarders { 192.0.2.1; }; stale-zero-ttl yes; };");
	assert_false(rules_of(f, 0)->stale_zero_ttl);
	assert_true(zone_of(f, "x")->cache->stale_zero_ttl);
	assert_true(zone_of(f, "x")->cache->stale_answer);
	assert_int_equal(f->diags.error_count, 0);
}

static void
each_statement_sets_its_rule(void **state)
{
	struct fixture *f = *state;
	const struct s53_cache_rules *rules;

	build(f,
	    "options { max-cache-ttl 1h; min-cache-ttl 5; max-ncache-ttl 60; min-ncache-ttl 6;"
	    " servfail-ttl 0; stale-cache-enable yes; stale-answer-enable yes; max-stale-ttl 2h;"
	    " stale-answer-ttl 7; stale-refresh-time 0; stale-answer-client-timeout 1800;"
	    " prefetch 4 20; };");
	rules = rules_of(f, 0);
	assert_int_equal(rules->max_ttl_s, 3600);
	assert_int_equal(rules->min_ttl_s, 5);
	assert_int_equal(rules->max_ncache_ttl_s, 60);
	assert_int_equal(rules->min_ncache_ttl_s, 6);
	assert_int_equal(rules->servfail_ttl_s, 0);
	assert_true(rules->stale_keep);
	assert_true(rules->stale_answer);
	assert_int_equal(rules->max_stale_s, 7200);
	assert_int_equal(rules->stale_answer_ttl_s, 7);
	assert_int_equal(rules->stale_refresh_s, 0);
	assert_int_equal(rules->stale_client_timeout_ms, 1800);
	assert_int_equal(rules->prefetch_trigger_s, 4);
	assert_int_equal(rules->prefetch_eligible_s, 20);
}

static void
values_out_of_range_are_clamped_as_in_bind(void **state)
{
	struct fixture *f = *state;
	const struct s53_cache_rules *rules;

	build(f,
	    "options { max-ncache-ttl 8d; servfail-ttl 31; max-stale-ttl 0; stale-answer-ttl 0;"
	    " prefetch 11 12; max-cache-ttl 4294967295; };");
	rules = rules_of(f, 0);
	assert_int_equal(rules->max_ncache_ttl_s, 604800);
	assert_int_equal(rules->servfail_ttl_s, 30);
	assert_int_equal(rules->max_stale_s, 1);
	assert_int_equal(rules->stale_answer_ttl_s, 1);
	assert_int_equal(rules->prefetch_trigger_s, 10);
	assert_int_equal(rules->prefetch_eligible_s, 16);
	assert_int_equal(rules->max_ttl_s, INT32_MAX); /* RFC 2181 s8 */
	assert_true(has_diag(f, S53_DIAG_WARNING, "31 is changed to 30"));
	assert_true(has_diag(f, S53_DIAG_WARNING, "11 is reduced to 10"));
	assert_true(has_diag(f, S53_DIAG_WARNING, "12 is raised to 16"));
}

static void
the_second_number_of_prefetch_is_at_least_6_over_the_first(void **state)
{
	struct fixture *f = *state;

	build(f, "options { prefetch 8; };");
	assert_int_equal(rules_of(f, 0)->prefetch_trigger_s, 8);
	assert_int_equal(rules_of(f, 0)->prefetch_eligible_s, 14);
	build(f, "options { prefetch 0; };");
	assert_int_equal(rules_of(f, 0)->prefetch_trigger_s, 0);
	build(f, "options { prefetch 2 3; };");
	assert_int_equal(rules_of(f, 0)->prefetch_eligible_s, 8);
}

static void
a_min_cache_ttl_over_90_takes_effect_with_a_warning(void **state)
{
	struct fixture *f = *state;

	build(f, "options { min-cache-ttl 91; min-ncache-ttl 90; };");
	assert_int_equal(rules_of(f, 0)->min_ttl_s, 91);
	assert_int_equal(rules_of(f, 0)->min_ncache_ttl_s, 90);
	assert_true(has_diag(f, S53_DIAG_WARNING, "'min-cache-ttl' [differs]"));
	assert_int_equal(warnings_of(f), 1);
}

static void
a_maximum_below_the_minimum_overrides_it(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { max-cache-ttl 10; min-cache-ttl 60; max-ncache-ttl 0; min-ncache-ttl 9; };");
	assert_int_equal(rules_of(f, 0)->min_ttl_s, 10);
	assert_int_equal(rules_of(f, 0)->min_ncache_ttl_s, 0);
}

static void
stale_answer_enable_implies_stale_cache_enable(void **state)
{
	struct fixture *f = *state;

	build(f, "options { stale-answer-enable yes; };");
	assert_true(rules_of(f, 0)->stale_keep);
	assert_true(rules_of(f, 0)->stale_answer);
	build(f, "options { stale-cache-enable yes; };");
	assert_true(rules_of(f, 0)->stale_keep);
	assert_false(rules_of(f, 0)->stale_answer);
	build(f, "options { stale-answer-enable yes; stale-cache-enable no; };");
	assert_false(rules_of(f, 0)->stale_keep);
	assert_false(rules_of(f, 0)->stale_answer);
	assert_true(has_diag(f, S53_DIAG_WARNING, "has no effect with 'stale-cache-enable no'"));
}

static void
stale_answer_client_timeout_is_any_number_or_off(void **state)
{
	struct fixture *f = *state;

	build(f, "options { stale-answer-client-timeout 0; };");
	assert_int_equal(rules_of(f, 0)->stale_client_timeout_ms, 0);
	build(f, "options { stale-answer-client-timeout disabled; };");
	assert_int_equal(rules_of(f, 0)->stale_client_timeout_ms, S53_STALE_TIMEOUT_OFF);
	build(f, "options { stale-answer-client-timeout off; };");
	assert_int_equal(rules_of(f, 0)->stale_client_timeout_ms, S53_STALE_TIMEOUT_OFF);
	build(f, "options { stale-answer-client-timeout 4294967295; };");
	assert_int_equal(rules_of(f, 0)->stale_client_timeout_ms, S53_STALE_TIMEOUT_OFF);
}

/* --- inheritance ---------------------------------------------------------------------------- */

static void
a_view_overrides_options_statement_by_statement(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { max-cache-ttl 100; min-cache-ttl 5; rrset-order { order cyclic; }; };"
	    "view a { max-cache-ttl 200; minimal-responses yes; };"
	    "view b { rrset-order { order none; }; };");
	assert_int_equal(rules_of(f, 0)->max_ttl_s, 200);
	assert_int_equal(rules_of(f, 0)->min_ttl_s, 5);
	assert_int_equal(view_at(f, 0)->answering.minimal, S53_MINIMAL_YES);
	assert_int_equal(view_at(f, 0)->answering.order->rules[0].order, S53_ORDER_CYCLIC);
	assert_int_equal(rules_of(f, 1)->max_ttl_s, 100);
	assert_int_equal(view_at(f, 1)->answering.minimal, S53_MINIMAL_NO_AUTH_RECURSIVE);
	assert_int_equal(view_at(f, 1)->answering.order->rules[0].order, S53_ORDER_NONE);
}

static void
a_zone_overrides_its_view_statement_by_statement(void **state)
{
	struct fixture *f = *state;
	const struct s53_answering *zone;

	build(f,
	    "options { max-cache-ttl 100; min-cache-ttl 5; rrset-order { order cyclic; }; };"
	    "zone \"consul\" { type forward; forwarders { 198.51.100.1; };"
	    " max-cache-ttl 10; stale-answer-enable yes; };"
	    "zone \"other\" { type forward; forwarders { 198.51.100.1; }; };");
	zone = zone_of(f, "x.consul");
	assert_non_null(zone);
	assert_int_equal(zone->cache->max_ttl_s, 10);
	assert_int_equal(zone->cache->min_ttl_s, 5);
	assert_true(zone->cache->stale_answer);
	assert_true(zone->cache->enabled);
	assert_int_equal(zone->order->rules[0].order, S53_ORDER_CYCLIC);
	assert_null(zone_of(f, "other"));
	assert_int_equal(rules_of(f, 0)->max_ttl_s, 100);
	assert_false(rules_of(f, 0)->stale_answer);
	assert_int_equal(warnings_of(f), 0);
}

static void
a_zone_with_a_file_has_an_order_and_sections_of_its_own(void **state)
{
	struct fixture *f = *state;
	char text[512];

	write_file(f->zone_file, "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n");
	snprintf(text, sizeof(text),
	    "zone \"local.example\" { type primary; file \"%s\"; minimal-responses yes;"
	    " rrset-order { type A order fixed; }; };",
	    f->zone_file);
	build(f, text);
	assert_int_equal(zone_of(f, "local.example")->minimal, S53_MINIMAL_YES);
	assert_int_equal(zone_of(f, "local.example")->order->rules[0].order, S53_ORDER_FIXED);
}

static void
a_copied_zone_is_a_route_and_may_have_rules(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "zone \"a\" { type slave; primaries { 198.51.100.1; }; max-cache-size 0; };"
	    "zone \"b\" { type static-stub; server-addresses { 198.51.100.2; }; prefetch 0; };");
	assert_false(zone_of(f, "a")->cache->enabled);
	assert_int_equal(zone_of(f, "b")->cache->prefetch_trigger_s, 0);
}

static void
the_default_routes_zone_has_its_rules(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "zone \".\" { type forward; forwarders { 198.51.100.1; }; max-cache-ttl 9; };"
	    "zone \"exempt\" { type forward; forwarders { }; };");
	assert_int_equal(zone_of(f, "x")->cache->max_ttl_s, 9);
	assert_null(zone_of(f, "exempt"));
}

/* --- size ----------------------------------------------------------------------------------- */

static uint64_t
size_of(struct fixture *f, const char *clauses)
{
	char text[512];

	snprintf(text, sizeof(text), "options { %s };", clauses);
	build(f, text);
	return f->snapshot->max_cache_octets;
}

static void
the_cache_has_64_mib_or_half_of_the_memory_by_default(void **state)
{
	struct fixture *f = *state;

	f->memory_octets = 1024 * MIB;
	assert_int_equal(size_of(f, ""), 64 * MIB);
	assert_int_equal(size_of(f, "max-cache-size default;"), 64 * MIB);
	f->memory_octets = 100 * MIB;
	assert_int_equal(size_of(f, ""), 50 * MIB);
	f->memory_octets = 3 * MIB;
	assert_int_equal(size_of(f, ""), 2 * MIB);
	assert_int_equal(warnings_of(f), 0);
}

static void
a_size_is_a_number_of_bytes_a_percentage_or_unlimited(void **state)
{
	struct fixture *f = *state;

	f->memory_octets = 1000 * MIB;
	assert_int_equal(size_of(f, "max-cache-size 10485760;"), 10 * MIB);
	assert_int_equal(size_of(f, "max-cache-size 32m;"), 32 * MIB);
	assert_int_equal(size_of(f, "max-cache-size 10%;"), 100 * MIB);
	assert_int_equal(size_of(f, "max-cache-size unlimited;"), 750 * MIB);
	assert_int_equal(size_of(f, "max-cache-size 1;"), 2 * MIB);
	assert_int_equal(warnings_of(f), 0);
}

static void
more_than_three_quarters_of_the_memory_is_reduced_with_a_warning(void **state)
{
	struct fixture *f = *state;

	f->memory_octets = 128 * MIB;
	assert_int_equal(size_of(f, "max-cache-size 512m;"), 96 * MIB);
	assert_true(has_diag(f, S53_DIAG_WARNING, "(128 MiB): it is reduced to 96 MiB"));
	assert_int_equal(size_of(f, "max-cache-size 90%;"), 96 * MIB);
	assert_true(has_diag(f, S53_DIAG_WARNING, "(128 MiB): it is reduced to 96 MiB"));
	assert_int_equal(size_of(f, "max-cache-size 900%;"), 96 * MIB);
	assert_int_equal(size_of(f, "max-cache-size 96m;"), 96 * MIB);
	assert_int_equal(warnings_of(f), 0);
}

static void
size_0_switches_the_cache_off_with_a_warning(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(size_of(f, "max-cache-size 0;"), 0);
	assert_false(rules_of(f, 0)->enabled);
	assert_true(has_diag(f, S53_DIAG_WARNING, "which is 'unlimited' here"));
	assert_int_equal(size_of(f, "max-cache-size 0%;"), 0);
}

static void
a_zone_may_switch_its_cache_off(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { max-cache-size 8m; };"
	    "zone \"consul\" { type forward; forwarders { 198.51.100.1; }; max-cache-size 0; };");
	assert_false(zone_of(f, "consul")->cache->enabled);
	assert_true(rules_of(f, 0)->enabled);
	assert_int_equal(f->snapshot->max_cache_octets, 8 * MIB);
	assert_int_equal(warnings_of(f), 0);
}

static void
a_size_in_a_view_or_zone_matters_only_when_options_have_none(void **state)
{
	struct fixture *f = *state;

	f->memory_octets = 1000 * MIB;
	build(f,
	    "options { max-cache-size 8m; }; view a { max-cache-size 16m; };"
	    "view b { max-cache-size 0; };");
	assert_int_equal(f->snapshot->max_cache_octets, 8 * MIB);
	assert_true(has_diag(
	    f, S53_DIAG_WARNING, "'max-cache-size' [differs]: one cache serves all views"));
	assert_true(rules_of(f, 0)->enabled);
	assert_false(rules_of(f, 1)->enabled);
	build(f,
	    "options { max-cache-size 0; }; view a { max-cache-size 16m; }; view b { };"
	    "view c { max-cache-size 4m; };");
	assert_int_equal(f->snapshot->max_cache_octets, 16 * MIB);
	assert_true(rules_of(f, 0)->enabled);
	assert_false(rules_of(f, 1)->enabled);
	build(f, "view a { max-cache-size 0; }; view b { max-cache-size 0; };");
	assert_int_equal(f->snapshot->max_cache_octets, 0);
}

/* --- answers -------------------------------------------------------------------------------- */

static void
minimal_responses_has_four_values(void **state)
{
	struct fixture *f = *state;

	build(f, "options { minimal-responses yes; };");
	assert_int_equal(view_at(f, 0)->answering.minimal, S53_MINIMAL_YES);
	build(f, "options { minimal-responses no; };");
	assert_int_equal(view_at(f, 0)->answering.minimal, S53_MINIMAL_NO);
	build(f, "options { minimal-responses no-auth; };");
	assert_int_equal(view_at(f, 0)->answering.minimal, S53_MINIMAL_NO_AUTH);
	build(f, "options { minimal-responses no-auth-recursive; };");
	assert_int_equal(view_at(f, 0)->answering.minimal, S53_MINIMAL_NO_AUTH_RECURSIVE);
}

static void
rrset_order_becomes_rules_in_the_order_of_the_file(void **state)
{
	struct fixture *f = *state;
	const struct s53_order_list *list;
	struct s53_name name;

	build(f,
	    "options { rrset-order { class IN type AAAA name \"A.Example\" order cyclic;"
	    " type TYPE65 order fixed; class CH order random; name \"*\" order none;"
	    " class ANY type ANY order random; }; };");
	list = view_at(f, 0)->answering.order;
	assert_int_equal(list->count, 4); /* a rule of class CH matches no answer */
	assert_int_equal(s53_name_parse("a.example", &name), S53_OK);
	assert_true(s53_name_same(&list->rules[0].name, &name));
	assert_false(list->rules[0].any_name);
	assert_int_equal(list->rules[0].type, 28);
	assert_int_equal(list->rules[0].order, S53_ORDER_CYCLIC);
	assert_true(list->rules[1].any_name);
	assert_int_equal(list->rules[1].type, 65);
	assert_int_equal(list->rules[1].order, S53_ORDER_FIXED);
	assert_true(list->rules[2].any_name);
	assert_int_equal(list->rules[2].order, S53_ORDER_NONE);
	assert_int_equal(list->rules[3].order, S53_ORDER_RANDOM);
}

/* --- files ---------------------------------------------------------------------------------- */

static void
without_a_configured_path_no_file_is_written(void **state)
{
	struct fixture *f = *state;

	build(f, "options { };");
	assert_string_equal(f->snapshot->dump_file, "named_dump.db");
	assert_null(f->snapshot->cache_file);
}

static void
the_cache_file_is_in_the_directory_of_dump_file(void **state)
{
	struct fixture *f = *state;

	build(f, "options { directory \"/var/named\"; };");
	assert_string_equal(f->snapshot->dump_file, "/var/named/named_dump.db");
	assert_string_equal(f->snapshot->cache_file, "/var/named/named_dump.db.cache");
	build(f, "options { directory \"/var/named\"; dump-file \"data/cache_dump.db\"; };");
	assert_string_equal(f->snapshot->dump_file, "/var/named/data/cache_dump.db");
	assert_string_equal(f->snapshot->cache_file, "/var/named/data/cache_dump.db.cache");
	build(f, "options { dump-file \"/d\"; };");
	assert_string_equal(f->snapshot->cache_file, "/d.cache");
}

static void
cache_file_sets_another_path_or_none(void **state)
{
	struct fixture *f = *state;

	build(f, "options { directory \"/v\"; cache-file \"warm\"; };");
	assert_string_equal(f->snapshot->cache_file, "/v/warm");
	build(f, "options { cache-file \"/w\"; };");
	assert_string_equal(f->snapshot->cache_file, "/w");
	build(f, "options { directory \"/v\"; cache-file none; };");
	assert_null(f->snapshot->cache_file);
	build(f, "options { directory \"/v\"; cache-file \"none\"; };");
	assert_string_equal(f->snapshot->cache_file, "/v/none");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_defaults_are_those_of_bind),
		TEST(stale_zero_ttl_takes_effect_only_if_stale_answers_are_kept),
		TEST(each_statement_sets_its_rule),
		TEST(values_out_of_range_are_clamped_as_in_bind),
		TEST(the_second_number_of_prefetch_is_at_least_6_over_the_first),
		TEST(a_min_cache_ttl_over_90_takes_effect_with_a_warning),
		TEST(a_maximum_below_the_minimum_overrides_it),
		TEST(stale_answer_enable_implies_stale_cache_enable),
		TEST(stale_answer_client_timeout_is_any_number_or_off),
		TEST(a_view_overrides_options_statement_by_statement),
		TEST(a_zone_overrides_its_view_statement_by_statement),
		TEST(a_zone_with_a_file_has_an_order_and_sections_of_its_own),
		TEST(a_copied_zone_is_a_route_and_may_have_rules),
		TEST(the_default_routes_zone_has_its_rules),
		TEST(the_cache_has_64_mib_or_half_of_the_memory_by_default),
		TEST(a_size_is_a_number_of_bytes_a_percentage_or_unlimited),
		TEST(more_than_three_quarters_of_the_memory_is_reduced_with_a_warning),
		TEST(size_0_switches_the_cache_off_with_a_warning),
		TEST(a_zone_may_switch_its_cache_off),
		TEST(a_size_in_a_view_or_zone_matters_only_when_options_have_none),
		TEST(minimal_responses_has_four_values),
		TEST(rrset_order_becomes_rules_in_the_order_of_the_file),
		TEST(without_a_configured_path_no_file_is_written),
		TEST(the_cache_file_is_in_the_directory_of_dump_file),
		TEST(cache_file_sets_another_path_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
