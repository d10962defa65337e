/* SPDX-License-Identifier: ISC
 *
 * group_fixture.h - a group of three servers, and events that change their health.
 */
#pragma once

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
static inline struct fixture
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

static inline struct fixture
fixture_of(enum s53_forwarders_policy policy)
{
	struct s53_group_rules rules = { .policy = policy };

	return fixture_with(&rules, NULL);
}

static inline void
fixture_free(struct fixture *f)
{
	s53_group_free(f->group);
	for (unsigned i = 0; i < SERVERS; i++)
		s53_upstream_drop(f->servers[i]);
	s53_registry_free(f->registry);
}

static inline void
observe(struct fixture *f, unsigned server, enum s53_observed event, uint32_t waited_ms)
{
	struct s53_observation observation = { event, S53_OVER_UDP, waited_ms, 0 };

	s53_upstream_begin(f->servers[server]);
	s53_upstream_observe(f->servers[server], observation, f->now_ms);
	s53_upstream_end(f->servers[server]);
}

static inline void
answers(struct fixture *f, unsigned server, uint32_t rtt_ms)
{
	observe(f, server, S53_OBSERVED_ANSWERED, rtt_ms);
}

static inline void
all_answer(struct fixture *f, uint32_t first_ms, uint32_t second_ms, uint32_t third_ms)
{
	const uint32_t rtts_ms[SERVERS] = { first_ms, second_ms, third_ms };

	for (unsigned i = 0; i < SERVERS; i++)
		answers(f, i, rtts_ms[i]);
}

static inline void
becomes(struct fixture *f, unsigned server, enum s53_health_state state)
{
	struct s53_probe probe;

	switch (state) {
	case S53_HEALTH_UP:
		f->now_ms += 10; /* a query sent before it was down does not count */
		for (unsigned i = 0; i < 10; i++)
			answers(f, server, 10);
		break;
	case S53_HEALTH_SUSPECT:
		f->now_ms += 2000; /* a query sent before the last reply does not count */
		observe(f, server, S53_OBSERVED_OVERDUE, 1500);
		observe(f, server, S53_OBSERVED_OVERDUE, 1500);
		break;
	case S53_HEALTH_STALLED:
		becomes(f, server, S53_HEALTH_SUSPECT);
		f->now_ms += 3000;
		assert_true(s53_probe_begin(f->servers[server], &probe, f->now_ms));
		s53_probe_end(f->servers[server], &probe, S53_PROBE_NOT_READY, 0, f->now_ms);
		break;
	case S53_HEALTH_RECOVERING:
		observe(f, server, S53_OBSERVED_REFUSED, 0);
		f->now_ms += 10;
		answers(f, server, 10);
		break;
	default:
		observe(f, server, S53_OBSERVED_REFUSED, 0);
		break;
	}
	assert_int_equal(s53_upstream_state(f->servers[server]), state);
}

static inline void
ask(struct fixture *f, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		s53_upstream_begin(f->servers[0]);
}

static inline void
choose_many(struct fixture *f, unsigned times, unsigned chosen[static SERVERS])
{
	for (unsigned i = 0; i < SERVERS; i++)
		chosen[i] = 0;
	for (unsigned i = 0; i < times; i++)
		chosen[s53_group_choose(f->group, 0, f->now_ms)]++;
}

/* Bits of the servers that queries explore at this time, beside `chosen`. */
static inline uint32_t
explored(struct fixture *f, unsigned chosen)
{
	uint32_t servers = 0;

	for (unsigned i = 0; i < 200; i++) {
		int server;

		s53_group_choose(f->group, 0, f->now_ms);
		if ((server = s53_group_explore(f->group, chosen, f->now_ms)) < 0)
			continue;
		assert_int_not_equal(server, chosen);
		assert_int_equal(servers >> server & 1, 0); /* each server once */
		servers |= UINT32_C(1) << server;
	}
	return servers;
}

static inline void
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
