/* SPDX-License-Identifier: ISC
 *
 * test_group.c - which server a group chooses.
 */
#include "group_fixture.h"

/* --- states ---------------------------------------------------------------------------------- */

static void
a_better_state_comes_first_in_each_policy(void **arg)
{
	(void)arg;
	for (unsigned policy = S53_FORWARDERS_FASTEST; policy <= S53_FORWARDERS_RACE; policy++) {
		struct fixture f = fixture_of(policy);

		becomes(&f, 0, S53_HEALTH_STALLED);
		becomes(&f, 1, S53_HEALTH_SUSPECT);
		becomes(&f, 2, S53_HEALTH_UP);
		in_order(&f, 2, 1, 0);
		becomes(&f, 1, S53_HEALTH_DOWN);
		in_order(&f, 2, 0, 1);
		becomes(&f, 1, S53_HEALTH_RECOVERING);
		in_order(&f, 2, 1, 0);
		fixture_free(&f);
	}
}

static void
suspect_and_recovering_are_equals(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_ORDERED);

	(void)arg;
	becomes(&f, 0, S53_HEALTH_SUSPECT);
	becomes(&f, 1, S53_HEALTH_RECOVERING);
	becomes(&f, 2, S53_HEALTH_SUSPECT);
	in_order(&f, 0, 1, 2);
	fixture_free(&f);
}

static void
a_silent_server_is_waited_for_where_it_is_the_only_one(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);
	struct s53_group_member members[] = { { f.servers[0], 1 }, { f.servers[1], 1 } };
	struct s53_group *alone = s53_group_new(members, 1, NULL);
	struct s53_group *two = s53_group_new(members, 2, NULL);
	struct s53_health_check check;
	struct s53_name root = { .len = 1 };

	(void)arg;
	s53_health_check_init(&check, &root);
	check.down_after_ms = 5000;
	check.mode = S53_PROBE_MODE_NEVER;
	s53_upstream_set_check(f.servers[0], &check);
	answers(&f, 0, 10);
	becomes(&f, 1, S53_HEALTH_DOWN);
	becomes(&f, 0, S53_HEALTH_SUSPECT); /* 1.5 s of silence */
	assert_int_equal(s53_group_condition(alone), S53_GROUP_ALIVE);
	observe(&f, 0, S53_OBSERVED_OVERDUE, 1500);
	assert_int_equal(s53_upstream_state(f.servers[0]), S53_HEALTH_SILENT);
	assert_int_equal(s53_group_condition(alone), S53_GROUP_SILENT);
	assert_int_equal(s53_group_condition(two), S53_GROUP_DEAD);
	assert_int_equal(s53_group_choose(alone, 0, f.now_ms), 0);
	f.now_ms += 3500;
	observe(&f, 0, S53_OBSERVED_OVERDUE, 20);
	assert_int_equal(s53_group_condition(alone), S53_GROUP_DEAD);
	s53_group_free(alone);
	s53_group_free(two);
	fixture_free(&f);
}

static void
the_condition_is_that_of_the_best_server(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);
	struct s53_group *none = s53_group_new(NULL, 0, NULL);

	(void)arg;
	assert_int_equal(s53_group_condition(none), S53_GROUP_DEAD);
	assert_int_equal(s53_group_condition(f.group), S53_GROUP_ALIVE); /* nothing is known */
	becomes(&f, 0, S53_HEALTH_DOWN);
	becomes(&f, 1, S53_HEALTH_DOWN);
	becomes(&f, 2, S53_HEALTH_SUSPECT);
	assert_int_equal(s53_group_condition(f.group), S53_GROUP_ALIVE);
	becomes(&f, 2, S53_HEALTH_UP);
	becomes(&f, 2, S53_HEALTH_STALLED);
	assert_int_equal(s53_group_condition(f.group), S53_GROUP_STALLED);
	becomes(&f, 2, S53_HEALTH_DOWN);
	assert_int_equal(s53_group_condition(f.group), S53_GROUP_DEAD);
	becomes(&f, 1, S53_HEALTH_RECOVERING);
	assert_int_equal(s53_group_condition(f.group), S53_GROUP_ALIVE);
	s53_group_free(none);
	fixture_free(&f);
}

static void
dead_servers_get_queries_in_rotation_whatever_their_tier(void **arg)
{
	static const unsigned tiers[SERVERS] = { 1, 1, 2 };
	struct s53_group_rules rules = { .policy = S53_FORWARDERS_ORDERED };
	struct fixture f = fixture_with(&rules, tiers);
	unsigned chosen[SERVERS];

	(void)arg;
	for (unsigned i = 0; i < SERVERS; i++)
		becomes(&f, i, S53_HEALTH_DOWN);
	choose_many(&f, 30, chosen);
	for (unsigned i = 0; i < SERVERS; i++)
		assert_int_equal(chosen[i], 10);
	fixture_free(&f);
}

static void
the_only_server_is_always_chosen(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);
	struct s53_group_member member = { f.servers[0], 1 };
	struct s53_group *one = s53_group_new(&member, 1, NULL);
	struct s53_group *none = s53_group_new(NULL, 0, NULL);

	(void)arg;
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(s53_group_choose(one, 0, f.now_ms), 0);
		assert_int_equal(s53_group_explore(one, 0, f.now_ms), -1);
		observe(&f, 0, S53_OBSERVED_TIMEOUT, 4500);
		f.now_ms += 1000;
	}
	assert_int_equal(s53_upstream_state(f.servers[0]), S53_HEALTH_DOWN);
	assert_int_equal(s53_group_choose(one, 1, f.now_ms), S53_CHOSEN_NONE);
	assert_int_equal(s53_group_choose(none, 0, f.now_ms), S53_CHOSEN_NONE);
	assert_int_equal(s53_group_size(none), 0);
	assert_ptr_equal(s53_group_server(one, 0), f.servers[0]);
	s53_group_free(one);
	s53_group_free(none);
	fixture_free(&f);
}

/* --- policies -------------------------------------------------------------------------------- */

static void
fastest_chooses_the_quickest_and_the_unknown_last(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	in_order(&f, 0, 1, 2); /* nothing is known: the order of the list */
	answers(&f, 2, 90);
	in_order(&f, 2, 0, 1);
	answers(&f, 1, 30);
	answers(&f, 0, 60);
	in_order(&f, 1, 0, 2);
	fixture_free(&f);
}

static void
fastest_prefers_a_slower_server_to_one_with_failures(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	answers(&f, 2, 200);
	for (unsigned i = 0; i < 8; i++) {
		answers(&f, 0, 5);
		if (i % 2 == 0)
			observe(&f, 0, S53_OBSERVED_FAILED, 5);
		answers(&f, 1, 40);
	}
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 1);
	for (unsigned i = 0; i < 60; i++)
		answers(&f, 0, 5);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	fixture_free(&f);
}

static void
ordered_keeps_to_the_list(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_ORDERED);

	(void)arg;
	all_answer(&f, 90, 5, 1);
	in_order(&f, 0, 1, 2);
	fixture_free(&f);
}

static void
ordered_comes_back_when_the_first_is_up_and_not_sooner(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_ORDERED);

	(void)arg;
	all_answer(&f, 5, 5, 5);
	becomes(&f, 0, S53_HEALTH_DOWN);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 1);
	f.now_ms += 10;
	answers(&f, 0, 5);
	assert_int_equal(s53_upstream_state(f.servers[0]), S53_HEALTH_RECOVERING);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 1);
	becomes(&f, 0, S53_HEALTH_UP);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	fixture_free(&f);
}

static void
round_robin_gives_each_of_the_best_the_same_share(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_ROUND_ROBIN);
	unsigned chosen[SERVERS];

	(void)arg;
	all_answer(&f, 1, 50, 100);
	choose_many(&f, 300, chosen);
	for (unsigned i = 0; i < SERVERS; i++)
		assert_int_equal(chosen[i], 100);
	becomes(&f, 1, S53_HEALTH_SUSPECT);
	choose_many(&f, 300, chosen);
	assert_int_equal(chosen[0], 150);
	assert_int_equal(chosen[1], 0);
	assert_int_equal(chosen[2], 150);
	fixture_free(&f);
}

static void
round_robin_counts_a_query_once_however_many_servers_it_tries(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_ROUND_ROBIN);
	unsigned chosen[SERVERS] = { 0 };

	(void)arg;
	all_answer(&f, 1, 1, 1);
	for (unsigned i = 0; i < 300; i++) {
		int first = s53_group_choose(f.group, 0, f.now_ms);
		int second = s53_group_choose(f.group, UINT32_C(1) << first, f.now_ms);

		chosen[first]++;
		assert_int_not_equal(first, second);
	}
	for (unsigned i = 0; i < SERVERS; i++)
		assert_int_equal(chosen[i], 100);
	fixture_free(&f);
}

static void
random_chooses_each_about_as_often(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_RANDOM);
	unsigned chosen[SERVERS];

	(void)arg;
	all_answer(&f, 1, 50, 100);
	choose_many(&f, 3000, chosen);
	for (unsigned i = 0; i < SERVERS; i++)
		assert_in_range(chosen[i], 800, 1200);
	fixture_free(&f);
}

static void
least_outstanding_chooses_the_least_busy_server_and_of_equals_the_quickest(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_LEAST_OUTSTANDING);

	(void)arg;
	all_answer(&f, 1, 90, 50);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	s53_upstream_begin(f.servers[0]);
	in_order(&f, 2, 1, 0);
	s53_upstream_begin(f.servers[2]);
	in_order(&f, 1, 0, 2);
	s53_upstream_end(f.servers[0]);
	s53_upstream_end(f.servers[2]);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	fixture_free(&f);
}

static void
race_queries_all_servers_that_are_no_worse_and_no_others(void **arg)
{
	static const unsigned tiers[SERVERS] = { 1, 1, 2 };
	struct s53_group_rules rules = { .policy = S53_FORWARDERS_RACE };
	struct fixture f = fixture_with(&rules, tiers);

	(void)arg;
	all_answer(&f, 1, 900, 1); /* slow, and raced all the same */
	assert_true(s53_group_races(f.group, 1));
	assert_int_equal(s53_group_choose(f.group, 1, f.now_ms), 1);
	assert_false(s53_group_races(f.group, 3)); /* the next tier */
	assert_int_equal(s53_group_choose(f.group, 3, f.now_ms), 2);
	assert_false(s53_group_races(f.group, 7)); /* none is left */
	becomes(&f, 1, S53_HEALTH_SUSPECT);
	assert_false(s53_group_races(f.group, 1)); /* a worse state */
	becomes(&f, 0, S53_HEALTH_DOWN);
	assert_true(s53_group_races(f.group, 1)); /* a better one */
	fixture_free(&f);
}

static void
no_other_policy_races(void **arg)
{
	(void)arg;
	for (unsigned policy = S53_FORWARDERS_FASTEST; policy < S53_FORWARDERS_RACE; policy++) {
		struct fixture f = fixture_of(policy);

		all_answer(&f, 1, 1, 1);
		assert_false(s53_group_races(f.group, 1));
		fixture_free(&f);
	}
}

static void
a_slow_server_comes_last_where_the_policy_does_not_look_at_rtt(void **arg)
{
	static const enum s53_forwarders_policy policies[] = { S53_FORWARDERS_ORDERED,
		S53_FORWARDERS_ROUND_ROBIN, S53_FORWARDERS_RANDOM,
		S53_FORWARDERS_LEAST_OUTSTANDING };

	(void)arg;
	for (unsigned i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
		struct fixture f = fixture_of(policies[i]);
		unsigned chosen[SERVERS];

		all_answer(&f, 900, 20, 90);
		choose_many(&f, 300, chosen);
		assert_int_equal(chosen[0], 0);
		becomes(&f, 1, S53_HEALTH_DOWN);
		becomes(&f, 2, S53_HEALTH_DOWN); /* no server is quicker */
		assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
		fixture_free(&f);
	}
}

static void
a_server_under_four_times_the_quickest_or_under_250_ms_is_not_slow(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_ORDERED);

	(void)arg;
	all_answer(&f, 249, 5, 5);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	fixture_free(&f);
	f = fixture_of(S53_FORWARDERS_ORDERED);
	all_answer(&f, 400, 120, 120);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	fixture_free(&f);
}

int
main(void)
{
	static const struct s53_log_config silence;
	const char *bad_path;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_better_state_comes_first_in_each_policy),
		cmocka_unit_test(suspect_and_recovering_are_equals),
		cmocka_unit_test(the_condition_is_that_of_the_best_server),
		cmocka_unit_test(a_silent_server_is_waited_for_where_it_is_the_only_one),
		cmocka_unit_test(dead_servers_get_queries_in_rotation_whatever_their_tier),
		cmocka_unit_test(the_only_server_is_always_chosen),
		cmocka_unit_test(fastest_chooses_the_quickest_and_the_unknown_last),
		cmocka_unit_test(fastest_prefers_a_slower_server_to_one_with_failures),
		cmocka_unit_test(ordered_keeps_to_the_list),
		cmocka_unit_test(ordered_comes_back_when_the_first_is_up_and_not_sooner),
		cmocka_unit_test(round_robin_gives_each_of_the_best_the_same_share),
		cmocka_unit_test(round_robin_counts_a_query_once_however_many_servers_it_tries),
		cmocka_unit_test(random_chooses_each_about_as_often),
		cmocka_unit_test(
		    least_outstanding_chooses_the_least_busy_server_and_of_equals_the_quickest),
		cmocka_unit_test(race_queries_all_servers_that_are_no_worse_and_no_others),
		cmocka_unit_test(no_other_policy_races),
		cmocka_unit_test(a_slow_server_comes_last_where_the_policy_does_not_look_at_rtt),
		cmocka_unit_test(
		    a_server_under_four_times_the_quickest_or_under_250_ms_is_not_slow),
	};

	assert_int_equal(s53_log_configure(&silence, &bad_path), S53_OK);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
