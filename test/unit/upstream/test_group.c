/* SPDX-License-Identifier: ISC
 *
 * test_group.c - whom a group chooses, and whom it looks at besides.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <split53/log.h>
#include <split53/probe.h>
#include <split53/rand.h>
#include <split53/upstream.h>

#define SERVERS 3

struct fixture {
	struct s53_registry *registry;
	struct s53_upstream *servers[SERVERS];
	struct s53_group *group;
	uint64_t now_ms;
};

/* `tiers` NULL: one tier. */
static struct fixture
fixture_with(const struct s53_group_rules *rules, const unsigned *tiers)
{
	struct fixture f = { .registry = s53_registry_new(), .now_ms = 1000000 };
	static const char *const addrs[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	struct s53_upstream_options options = { .edns = true };
	struct s53_group_member members[SERVERS];

	s53_rand_test_seed(1);
	for (unsigned i = 0; i < SERVERS; i++) {
		struct s53_addr addr;

		assert_int_equal(s53_addr_parse(addrs[i], 53, &addr), S53_OK);
		f.servers[i] = s53_registry_get(f.registry, &addr, &options);
		members[i] =
		    (struct s53_group_member){ f.servers[i], tiers == NULL ? 1 : tiers[i] };
	}
	f.group = s53_group_new(members, SERVERS, rules);
	return f;
}

static struct fixture
fixture_of(enum s53_forwarders_policy policy)
{
	struct s53_group_rules rules = { .policy = policy };

	return fixture_with(&rules, NULL);
}

static void
fixture_free(struct fixture *f)
{
	s53_group_free(f->group);
	for (unsigned i = 0; i < SERVERS; i++)
		s53_upstream_drop(f->servers[i]);
	s53_registry_free(f->registry);
}

static void
note(struct fixture *f, unsigned server, enum s53_upstream_event event, uint32_t waited_ms)
{
	struct s53_upstream_sign sign = { event, S53_OVER_UDP, waited_ms, 0 };

	s53_upstream_begin(f->servers[server]);
	s53_upstream_note(f->servers[server], sign, f->now_ms);
	s53_upstream_end(f->servers[server]);
}

static void
answers(struct fixture *f, unsigned server, uint32_t rtt_ms)
{
	note(f, server, S53_UPSTREAM_ANSWERED, rtt_ms);
}

static void
all_answer(struct fixture *f, uint32_t first_ms, uint32_t second_ms, uint32_t third_ms)
{
	const uint32_t rtts_ms[SERVERS] = { first_ms, second_ms, third_ms };

	for (unsigned i = 0; i < SERVERS; i++)
		answers(f, i, rtts_ms[i]);
}

static void
becomes(struct fixture *f, unsigned server, enum s53_health_state state)
{
	struct s53_probe probe;

	switch (state) {
	case S53_HEALTH_UP:
		for (unsigned i = 0; i < 10; i++)
			answers(f, server, 10);
		break;
	case S53_HEALTH_SUSPECT:
		f->now_ms += 2000; /* what left before the last answer counts for nothing */
		note(f, server, S53_UPSTREAM_LATE, 1500);
		note(f, server, S53_UPSTREAM_LATE, 1500);
		break;
	case S53_HEALTH_STALLED:
		becomes(f, server, S53_HEALTH_SUSPECT);
		f->now_ms += 3000;
		assert_true(s53_probe_begin(f->servers[server], &probe, f->now_ms));
		s53_probe_end(f->servers[server], &probe, S53_PROBE_HELD, 0, f->now_ms);
		break;
	case S53_HEALTH_RECOVERING:
		note(f, server, S53_UPSTREAM_REFUSED, 0);
		answers(f, server, 10);
		break;
	default:
		note(f, server, S53_UPSTREAM_REFUSED, 0);
		break;
	}
	assert_int_equal(s53_upstream_state(f->servers[server]), state);
}

static void
ask(struct fixture *f, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		s53_upstream_begin(f->servers[0]);
}

static void
choose_many(struct fixture *f, unsigned times, unsigned chosen[static SERVERS])
{
	for (unsigned i = 0; i < SERVERS; i++)
		chosen[i] = 0;
	for (unsigned i = 0; i < times; i++)
		chosen[s53_group_choose(f->group, 0, f->now_ms)]++;
}

/* Whom queries of this moment look at besides the first; the share is no matter. */
static uint32_t
explored(struct fixture *f, unsigned chosen)
{
	uint32_t servers = 0;

	for (unsigned i = 0; i < 200; i++) {
		int server;

		s53_group_choose(f->group, 0, f->now_ms);
		if ((server = s53_group_explore(f->group, chosen, f->now_ms)) < 0)
			continue;
		assert_int_not_equal(server, chosen);
		assert_int_equal(servers >> server & 1, 0); /* each chance is spent */
		servers |= UINT32_C(1) << server;
	}
	return servers;
}

static void
in_order(struct fixture *f, int first, int second, int third)
{
	uint32_t tried = 0;

	assert_int_equal(s53_group_choose(f->group, tried, f->now_ms), first);
	tried |= UINT32_C(1) << first;
	assert_int_equal(s53_group_choose(f->group, tried, f->now_ms), second);
	tried |= UINT32_C(1) << second;
	assert_int_equal(s53_group_choose(f->group, tried, f->now_ms), third);
	tried |= UINT32_C(1) << third;
	assert_int_equal(s53_group_choose(f->group, tried, f->now_ms), S53_CHOSEN_NONE);
}

/* --- states ---------------------------------------------------------------------------------- */

static void
a_better_state_comes_first_in_each_policy(void **arg)
{
	(void)arg;
	for (unsigned policy = S53_POLICY_FASTEST; policy <= S53_POLICY_RACE; policy++) {
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
	struct fixture f = fixture_of(S53_POLICY_ORDERED);

	(void)arg;
	becomes(&f, 0, S53_HEALTH_SUSPECT);
	becomes(&f, 1, S53_HEALTH_RECOVERING);
	becomes(&f, 2, S53_HEALTH_SUSPECT);
	in_order(&f, 0, 1, 2);
	fixture_free(&f);
}

static void
the_condition_is_that_of_the_best_server(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_FASTEST);
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
dead_servers_take_turns_whatever_their_tier(void **arg)
{
	static const unsigned tiers[SERVERS] = { 1, 1, 2 };
	struct s53_group_rules rules = { .policy = S53_POLICY_ORDERED };
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
	struct fixture f = fixture_of(S53_POLICY_FASTEST);
	struct s53_group_member member = { f.servers[0], 1 };
	struct s53_group *one = s53_group_new(&member, 1, NULL);
	struct s53_group *none = s53_group_new(NULL, 0, NULL);

	(void)arg;
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(s53_group_choose(one, 0, f.now_ms), 0);
		assert_int_equal(s53_group_explore(one, 0, f.now_ms), -1);
		note(&f, 0, S53_UPSTREAM_TIMEOUT, 4500);
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
	struct fixture f = fixture_of(S53_POLICY_FASTEST);

	(void)arg;
	in_order(&f, 0, 1, 2); /* nothing is known of any: the list */
	answers(&f, 2, 90);
	in_order(&f, 2, 0, 1);
	answers(&f, 1, 30);
	answers(&f, 0, 60);
	in_order(&f, 1, 0, 2);
	fixture_free(&f);
}

static void
fastest_prefers_a_slower_server_to_one_whose_answers_lead_elsewhere(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_FASTEST);

	(void)arg;
	answers(&f, 2, 200);
	for (unsigned i = 0; i < 8; i++) {
		answers(&f, 0, 5);
		if (i % 2 == 0)
			note(&f, 0, S53_UPSTREAM_FAILED, 5);
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
	struct fixture f = fixture_of(S53_POLICY_ORDERED);

	(void)arg;
	all_answer(&f, 90, 5, 1);
	in_order(&f, 0, 1, 2);
	fixture_free(&f);
}

static void
ordered_comes_back_when_the_first_is_up_and_not_sooner(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_ORDERED);

	(void)arg;
	all_answer(&f, 5, 5, 5);
	becomes(&f, 0, S53_HEALTH_DOWN);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 1);
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
	struct fixture f = fixture_of(S53_POLICY_ROUND_ROBIN);
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
round_robin_counts_a_query_once_however_many_it_asks(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_ROUND_ROBIN);
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
	struct fixture f = fixture_of(S53_POLICY_RANDOM);
	unsigned chosen[SERVERS];

	(void)arg;
	all_answer(&f, 1, 50, 100);
	choose_many(&f, 3000, chosen);
	for (unsigned i = 0; i < SERVERS; i++)
		assert_in_range(chosen[i], 800, 1200);
	fixture_free(&f);
}

static void
least_outstanding_chooses_who_has_least_to_do_and_of_equals_the_quickest(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_LEAST_OUTSTANDING);

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
race_asks_all_that_are_no_worse_and_no_others(void **arg)
{
	static const unsigned tiers[SERVERS] = { 1, 1, 2 };
	struct s53_group_rules rules = { .policy = S53_POLICY_RACE };
	struct fixture f = fixture_with(&rules, tiers);

	(void)arg;
	all_answer(&f, 1, 900, 1); /* slow, and asked all the same */
	assert_true(s53_group_races(f.group, 1, f.now_ms));
	assert_int_equal(s53_group_choose(f.group, 1, f.now_ms), 1);
	assert_false(s53_group_races(f.group, 3, f.now_ms)); /* the next tier */
	assert_int_equal(s53_group_choose(f.group, 3, f.now_ms), 2);
	assert_false(s53_group_races(f.group, 7, f.now_ms)); /* nobody is left */
	becomes(&f, 1, S53_HEALTH_SUSPECT);
	assert_false(s53_group_races(f.group, 1, f.now_ms)); /* a worse state */
	becomes(&f, 0, S53_HEALTH_DOWN);
	assert_true(s53_group_races(f.group, 1, f.now_ms)); /* a better one */
	fixture_free(&f);
}

static void
no_other_policy_races(void **arg)
{
	(void)arg;
	for (unsigned policy = S53_POLICY_FASTEST; policy < S53_POLICY_RACE; policy++) {
		struct fixture f = fixture_of(policy);

		all_answer(&f, 1, 1, 1);
		assert_false(s53_group_races(f.group, 1, f.now_ms));
		fixture_free(&f);
	}
}

static void
a_slow_server_comes_last_where_the_policy_does_not_look_at_rtt(void **arg)
{
	static const enum s53_forwarders_policy policies[] = { S53_POLICY_ORDERED,
		S53_POLICY_ROUND_ROBIN, S53_POLICY_RANDOM, S53_POLICY_LEAST_OUTSTANDING };

	(void)arg;
	for (unsigned i = 0; i < sizeof policies / sizeof *policies; i++) {
		struct fixture f = fixture_of(policies[i]);
		unsigned chosen[SERVERS];

		all_answer(&f, 900, 20, 90);
		choose_many(&f, 300, chosen);
		assert_int_equal(chosen[0], 0);
		becomes(&f, 1, S53_HEALTH_DOWN);
		becomes(&f, 2, S53_HEALTH_DOWN); /* there is nobody quicker */
		assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
		fixture_free(&f);
	}
}

static void
four_times_as_slow_or_under_250_ms_is_not_slow(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_ORDERED);

	(void)arg;
	all_answer(&f, 249, 5, 5);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	fixture_free(&f);
	f = fixture_of(S53_POLICY_ORDERED);
	all_answer(&f, 400, 120, 120);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	fixture_free(&f);
}

/* --- tiers ----------------------------------------------------------------------------------- */

static void
a_higher_tier_is_asked_when_none_of_the_lower_is_up_and_left_again(void **arg)
{
	static const unsigned tiers[SERVERS] = { 2, 1, 1 };

	(void)arg;
	for (unsigned policy = S53_POLICY_FASTEST; policy <= S53_POLICY_RACE; policy++) {
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
a_server_at_its_quota_is_left_out_until_a_question_ends(void **arg)
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
nobody_looks_at_or_races_a_server_that_is_at_its_quota(void **arg)
{
	struct s53_group_rules rules = { .per_server = { .limit = 1 } };
	struct fixture f = fixture_with(&rules, NULL);

	(void)arg;
	ask(&f, 1);
	assert_int_equal(explored(&f, 1), 1u << 2);
	fixture_free(&f);
	rules.policy = S53_POLICY_RACE;
	f = fixture_with(&rules, NULL);
	ask(&f, 1);
	assert_false(s53_group_races(f.group, 6, f.now_ms));
	fixture_free(&f);
}

static void
no_more_queries_of_a_group_are_under_way_than_its_quota(void **arg)
{
	struct s53_group_rules rules = { .per_zone = { .limit = 2 } };
	struct fixture f = fixture_with(&rules, NULL);
	struct fixture free_for_all = fixture_of(S53_POLICY_FASTEST);

	(void)arg;
	assert_true(s53_group_enter(f.group));
	assert_true(s53_group_enter(f.group));
	assert_false(s53_group_enter(f.group));
	assert_false(s53_group_enter(f.group)); /* who was refused is not counted */
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
each_server_that_was_never_asked_is_looked_at_once_and_at_once(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_FASTEST);

	(void)arg;
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), 1);
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), 2);
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), -1);
	fixture_free(&f);
}

static void
a_server_that_is_up_is_looked_at_after_a_second_without_an_answer(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_FASTEST);

	(void)arg;
	explored(&f, 0); /* the first time */
	all_answer(&f, 1, 50, 90);
	f.now_ms += 999;
	answers(&f, 2, 90);
	assert_int_equal(explored(&f, 0), 0);
	f.now_ms += 1;
	assert_int_equal(explored(&f, 0), 1u << 1);
	f.now_ms += 998; /* until another one is due */
	assert_int_equal(explored(&f, 0), 0);
	f.now_ms += 2; /* it has not answered: once more */
	answers(&f, 2, 90);
	assert_int_equal(explored(&f, 0), 1u << 1);
	fixture_free(&f);
}

static void
a_slow_suspect_or_recovering_server_is_looked_at_every_250_ms(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_FASTEST);

	(void)arg;
	explored(&f, 0);
	all_answer(&f, 1, 900, 1);
	becomes(&f, 2, S53_HEALTH_SUSPECT);
	f.now_ms += 250;
	assert_int_equal(explored(&f, 0), 1u << 1 | 1u << 2);
	becomes(&f, 2, S53_HEALTH_RECOVERING);
	answers(&f, 1, 900);
	f.now_ms += 249;
	assert_int_equal(explored(&f, 0), 0);
	f.now_ms += 1;
	assert_int_equal(explored(&f, 0), 1u << 1 | 1u << 2);
	fixture_free(&f);
}

static void
who_is_chosen_now_and_then_needs_no_looking_at(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_ROUND_ROBIN);

	(void)arg;
	all_answer(&f, 1, 1, 1);
	explored(&f, 0);
	f.now_ms += 5000;
	for (unsigned i = 0; i < SERVERS; i++)
		s53_group_choose(f.group, 0, f.now_ms);
	f.now_ms += 999; /* no answer yet, but asked less than a second ago */
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), -1);
	fixture_free(&f);
}

static void
a_dead_server_is_left_to_the_prober_unless_all_are_dead(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_FASTEST);

	(void)arg;
	explored(&f, 0);
	all_answer(&f, 1, 1, 1);
	becomes(&f, 1, S53_HEALTH_DOWN);
	becomes(&f, 2, S53_HEALTH_DOWN);
	f.now_ms += 4000;
	assert_int_equal(explored(&f, 0), 0);
	becomes(&f, 0, S53_HEALTH_DOWN);
	f.now_ms += 250;
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), 1);
	fixture_free(&f);
}

static void
in_a_dead_group_each_is_asked_every_250_ms(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_FASTEST);

	(void)arg;
	for (unsigned i = 0; i < SERVERS; i++)
		becomes(&f, i, S53_HEALTH_DOWN);
	s53_group_choose(f.group, 0, f.now_ms);
	while (s53_group_explore(f.group, 0, f.now_ms) >= 0)
		continue;
	f.now_ms += 249;
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), -1);
	f.now_ms += 1;
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), 1);
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), 2);
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), -1);
	fixture_free(&f);
}

static void
where_probes_are_switched_off_a_query_looks_at_the_dead_once_a_second(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_FASTEST);
	struct s53_health_check check;
	struct s53_name root;

	(void)arg;
	assert_int_equal(s53_name_parse(".", &root), S53_OK);
	s53_health_check_init(&check, &root);
	check.mode = S53_CHECK_NEVER;
	explored(&f, 0);
	all_answer(&f, 1, 1, 1);
	s53_upstream_set_check(f.servers[1], &check);
	becomes(&f, 1, S53_HEALTH_DOWN);
	becomes(&f, 2, S53_HEALTH_DOWN);
	f.now_ms += 1000;
	assert_int_equal(explored(&f, 0), 1u << 1);
	f.now_ms += 999;
	assert_int_equal(explored(&f, 0), 0);
	fixture_free(&f);
}

static void
a_race_looks_at_nobody_and_a_stalled_server_is_left_to_the_prober(void **arg)
{
	struct fixture f = fixture_of(S53_POLICY_RACE);

	(void)arg;
	assert_int_equal(s53_group_explore(f.group, 0, f.now_ms), -1);
	fixture_free(&f);
	f = fixture_of(S53_POLICY_FASTEST);
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
		cmocka_unit_test(a_better_state_comes_first_in_each_policy),
		cmocka_unit_test(suspect_and_recovering_are_equals),
		cmocka_unit_test(the_condition_is_that_of_the_best_server),
		cmocka_unit_test(dead_servers_take_turns_whatever_their_tier),
		cmocka_unit_test(the_only_server_is_always_chosen),
		cmocka_unit_test(fastest_chooses_the_quickest_and_the_unknown_last),
		cmocka_unit_test(
		    fastest_prefers_a_slower_server_to_one_whose_answers_lead_elsewhere),
		cmocka_unit_test(ordered_keeps_to_the_list),
		cmocka_unit_test(ordered_comes_back_when_the_first_is_up_and_not_sooner),
		cmocka_unit_test(round_robin_gives_each_of_the_best_the_same_share),
		cmocka_unit_test(round_robin_counts_a_query_once_however_many_it_asks),
		cmocka_unit_test(random_chooses_each_about_as_often),
		cmocka_unit_test(
		    least_outstanding_chooses_who_has_least_to_do_and_of_equals_the_quickest),
		cmocka_unit_test(race_asks_all_that_are_no_worse_and_no_others),
		cmocka_unit_test(no_other_policy_races),
		cmocka_unit_test(a_slow_server_comes_last_where_the_policy_does_not_look_at_rtt),
		cmocka_unit_test(four_times_as_slow_or_under_250_ms_is_not_slow),
		cmocka_unit_test(
		    a_higher_tier_is_asked_when_none_of_the_lower_is_up_and_left_again),
		cmocka_unit_test(a_server_at_its_quota_is_left_out_until_a_question_ends),
		cmocka_unit_test(nobody_looks_at_or_races_a_server_that_is_at_its_quota),
		cmocka_unit_test(no_more_queries_of_a_group_are_under_way_than_its_quota),
		cmocka_unit_test(each_server_that_was_never_asked_is_looked_at_once_and_at_once),
		cmocka_unit_test(a_server_that_is_up_is_looked_at_after_a_second_without_an_answer),
		cmocka_unit_test(a_slow_suspect_or_recovering_server_is_looked_at_every_250_ms),
		cmocka_unit_test(who_is_chosen_now_and_then_needs_no_looking_at),
		cmocka_unit_test(a_dead_server_is_left_to_the_prober_unless_all_are_dead),
		cmocka_unit_test(in_a_dead_group_each_is_asked_every_250_ms),
		cmocka_unit_test(
		    where_probes_are_switched_off_a_query_looks_at_the_dead_once_a_second),
		cmocka_unit_test(a_race_looks_at_nobody_and_a_stalled_server_is_left_to_the_prober),
	};

	assert_int_equal(s53_log_configure(&silence, &bad_path), S53_OK);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
