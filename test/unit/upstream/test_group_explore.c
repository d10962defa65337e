/* SPDX-License-Identifier: ISC
 *
 * test_group_explore.c - tiers and quotas of a group, and which servers it explores.
 */
#include "group_fixture.h"

/* --- tiers ----------------------------------------------------------------------------------- */

static void
a_higher_tier_gets_queries_only_while_no_server_of_a_lower_one_is_up(void **arg)
{
	static const unsigned tiers[SERVERS] = { 2, 1, 1 };

	(void)arg;
	for (unsigned policy = S53_FORWARDERS_FASTEST; policy <= S53_FORWARDERS_RACE; policy++) {
		struct s53_group_rules rules = { .policy = policy };
		struct fixture f = fixture_with(&rules, tiers);
		unsigned chosen[SERVERS];

		all_answer(&f, 1, 50, 50);
		assert_int_equal(s53_group_tier(f.group, 0), 2);
		choose_many(&f, 100, chosen);
		assert_int_equal(chosen[0], 0);
		becomes(&f, 1, S53_HEALTH_SUSPECT);
		choose_many(&f, 100, chosen);
		assert_int_equal(chosen[2], 100);
		becomes(&f, 2, S53_HEALTH_DOWN);
		choose_many(&f, 100, chosen);
		assert_int_equal(chosen[0], 100);
		becomes(&f, 2, S53_HEALTH_UP);
		choose_many(&f, 100, chosen);
		assert_int_equal(chosen[2], 100);
		fixture_free(&f);
	}
}

/* --- quotas ---------------------------------------------------------------------------------- */

static void
a_server_at_its_quota_is_left_out_until_a_query_ends(void **arg)
{
	struct s53_group_rules rules = { .per_server = { .limit = 2 } };
	struct fixture f = fixture_with(&rules, NULL);

	(void)arg;
	all_answer(&f, 1, 50, 90);
	ask(&f, 1);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	ask(&f, 1);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 1);
	assert_int_equal(s53_group_choose(f.group, 6, f.now_ms), S53_CHOSEN_QUOTA);
	assert_int_equal(s53_group_choose(f.group, 7, f.now_ms), S53_CHOSEN_NONE);
	s53_upstream_end(f.servers[0]);
	assert_int_equal(s53_group_choose(f.group, 6, f.now_ms), 0);
	assert_int_equal(s53_group_rules(f.group)->per_server.limit, 2);
	fixture_free(&f);
}

static void
a_server_at_its_quota_is_neither_explored_nor_raced(void **arg)
{
	struct s53_group_rules rules = { .per_server = { .limit = 1 } };
	struct fixture f = fixture_with(&rules, NULL);

	(void)arg;
	ask(&f, 1);
	assert_int_equal(explored(&f, 1), 1u << 2);
	fixture_free(&f);
	rules.policy = S53_FORWARDERS_RACE;
	f = fixture_with(&rules, NULL);
	ask(&f, 1);
	assert_false(s53_group_races(f.group, 6));
	fixture_free(&f);
}

static void
no_more_fetches_of_a_group_are_under_way_than_its_quota(void **arg)
{
	struct s53_group_rules rules = { .per_zone = { .limit = 2 } };
	struct fixture f = fixture_with(&rules, NULL);
	struct fixture free_for_all = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	assert_true(s53_group_enter(f.group));
	assert_true(s53_group_enter(f.group));
	assert_false(s53_group_enter(f.group));
	assert_false(s53_group_enter(f.group)); /* a fetch that was refused is not counted */
	s53_group_leave(f.group);
	assert_true(s53_group_enter(f.group));
	assert_false(s53_group_enter(f.group));
	for (unsigned i = 0; i < 1000; i++)
		assert_true(s53_group_enter(free_for_all.group));
	fixture_free(&f);
	fixture_free(&free_for_all);
}

/* --- exploration ----------------------------------------------------------------------------- */

static void
each_server_without_a_query_so_far_is_explored_at_once_and_only_once(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), 1);
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), 2);
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), -1);
	fixture_free(&f);
}

static void
a_server_that_is_up_is_explored_after_a_second_without_a_reply(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	explored(&f, 0); /* the first time */
	all_answer(&f, 1, 50, 90);
	f.now_ms += 999;
	answers(&f, 2, 90);
	assert_int_equal(explored(&f, 0), 0);
	f.now_ms += 1;
	assert_int_equal(explored(&f, 0), 1u << 1);
	f.now_ms += 998; /* until shortly before the next is due */
	assert_int_equal(explored(&f, 0), 0);
	f.now_ms += 2; /* it has not replied: explored once more */
	answers(&f, 2, 90);
	assert_int_equal(explored(&f, 0), 1u << 1);
	fixture_free(&f);
}

static void
a_slow_suspect_or_recovering_server_is_explored_every_100_ms(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	explored(&f, 0);
	all_answer(&f, 1, 900, 1);
	becomes(&f, 2, S53_HEALTH_SUSPECT);
	f.now_ms += 100;
	assert_int_equal(explored(&f, 0), 1u << 1 | 1u << 2);
	becomes(&f, 2, S53_HEALTH_RECOVERING);
	answers(&f, 1, 900);
	f.now_ms += 89; /* becomes() took ten */
	assert_int_equal(explored(&f, 0), 0);
	f.now_ms += 1;
	assert_int_equal(explored(&f, 0), 1u << 1 | 1u << 2);
	fixture_free(&f);
}

static void
a_server_that_is_chosen_now_and_then_is_not_explored(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_ROUND_ROBIN);

	(void)arg;
	all_answer(&f, 1, 1, 1);
	explored(&f, 0);
	f.now_ms += 5000;
	for (unsigned i = 0; i < SERVERS; i++)
		s53_group_choose(f.group, 0, f.now_ms);
	f.now_ms += 999; /* no reply yet, but chosen less than a second ago */
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), -1);
	fixture_free(&f);
}

static void
a_dead_server_is_left_to_the_prober_unless_all_are_dead(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	explored(&f, 0);
	all_answer(&f, 1, 1, 1);
	becomes(&f, 1, S53_HEALTH_DOWN);
	becomes(&f, 2, S53_HEALTH_DOWN);
	f.now_ms += 4000;
	assert_int_equal(explored(&f, 0), 0);
	becomes(&f, 0, S53_HEALTH_DOWN);
	f.now_ms += 100;
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), 1);
	fixture_free(&f);
}

static void
in_a_dead_group_each_server_is_explored_every_100_ms(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	for (unsigned i = 0; i < SERVERS; i++)
		becomes(&f, i, S53_HEALTH_DOWN);
	s53_group_choose(f.group, 0, f.now_ms);
	while (s53_group_explore(f.group, 0, f.now_ms) >= 0)
		continue;
	f.now_ms += 99;
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), -1);
	f.now_ms += 1;
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), 1);
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), 2);
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), -1);
	fixture_free(&f);
}

static void
switch_probes_off(struct fixture *f, unsigned server)
{
	struct s53_health_check check;

	s53_probe_copy_check(f->servers[server], &check);
	check.mode = S53_PROBE_MODE_NEVER;
	s53_upstream_set_check(f->servers[server], &check);
}

static void
without_probes_a_dead_server_is_explored_every_second(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	explored(&f, 0);
	all_answer(&f, 1, 1, 1);
	switch_probes_off(&f, 1);
	becomes(&f, 1, S53_HEALTH_DOWN);
	becomes(&f, 2, S53_HEALTH_DOWN);
	f.now_ms += 1000;
	assert_int_equal(explored(&f, 0), 1u << 1);
	f.now_ms += 999;
	assert_int_equal(explored(&f, 0), 0);
	fixture_free(&f);
}

static void
a_server_that_was_stalled_when_probes_were_switched_off_is_explored_too(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	explored(&f, 0);
	all_answer(&f, 1, 1, 1);
	becomes(&f, 1, S53_HEALTH_STALLED);
	answers(&f, 2, 1);
	explored(&f, 0);
	switch_probes_off(&f, 1);
	f.now_ms += 1000;
	answers(&f, 2, 1);
	assert_int_equal(explored(&f, 0), 1u << 1);
	answers(&f, 1, 1);
	answers(&f, 1, 1);
	assert_int_equal(s53_upstream_state(f.servers[1]), S53_HEALTH_UP);
	fixture_free(&f);
}

static void
a_race_explores_no_server_and_a_stalled_one_is_left_to_the_prober(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_RACE);

	(void)arg;
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), -1);
	fixture_free(&f);
	f = fixture_of(S53_FORWARDERS_FASTEST);
	explored(&f, 0);
	all_answer(&f, 1, 1, 1);
	becomes(&f, 1, S53_HEALTH_STALLED);
	f.now_ms += 4000;
	answers(&f, 2, 1);
	assert_int_equal(explored(&f, 0), 0);
	fixture_free(&f);
}

int
main(void)
{
	static const struct s53_log_config silence;
	const char *bad_path;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_higher_tier_gets_queries_only_while_no_server_of_a_lower_one_is_up),
		cmocka_unit_test(a_server_at_its_quota_is_left_out_until_a_query_ends),
		cmocka_unit_test(a_server_at_its_quota_is_neither_explored_nor_raced),
		cmocka_unit_test(no_more_fetches_of_a_group_are_under_way_than_its_quota),
		cmocka_unit_test(
		    each_server_without_a_query_so_far_is_explored_at_once_and_only_once),
		cmocka_unit_test(a_server_that_is_up_is_explored_after_a_second_without_a_reply),
		cmocka_unit_test(a_slow_suspect_or_recovering_server_is_explored_every_100_ms),
		cmocka_unit_test(a_server_that_is_chosen_now_and_then_is_not_explored),
		cmocka_unit_test(a_dead_server_is_left_to_the_prober_unless_all_are_dead),
		cmocka_unit_test(in_a_dead_group_each_server_is_explored_every_100_ms),
		cmocka_unit_test(without_probes_a_dead_server_is_explored_every_second),
		cmocka_unit_test(
		    a_server_that_was_stalled_when_probes_were_switched_off_is_explored_too),
		cmocka_unit_test(a_race_explores_no_server_and_a_stalled_one_is_left_to_the_prober),
	};

	assert_int_equal(s53_log_configure(&silence, &bad_path), S53_OK);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
