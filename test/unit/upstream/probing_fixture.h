/* SPDX-License-Identifier: ISC
 *
 * probing_fixture.h - one server in a simulated world: whether it is reachable, and the probes that
 * are sent.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <split53/clock.h>
#include <split53/probe.h>
#include <split53/rand.h>

#define START_MS 1000000
#define RTT_MS 5
#define LOG_MAX 4096

enum link { REACHABLE, BLACK_HOLE, REFUSING };

/* A server, how queries to it end, and each probe that was sent. */
struct world {
	struct s53_registry *registry;
	struct s53_upstream *server;
	uint64_t now_ms;
	enum link way[S53_PROTOCOLS];
	bool not_ready; /* no reply to readiness probes and live queries */
	bool fails; /* replies to readiness probes with SERVFAIL */
	bool declines; /* replies to readiness probes with another rcode that is not accepted */
	struct s53_probe last;
	unsigned probes;
	uint64_t sent_at_ms[LOG_MAX];
};

static inline void
set_mode(struct world *w, enum s53_probe_mode mode)
{
	struct s53_health_check check;
	struct s53_name root = { .len = 1 };

	s53_clock_test_set(w->now_ms);
	s53_health_check_init(&check, &root);
	check.mode = mode;
	s53_upstream_set_check(w->server, &check);
}

static inline struct world
world_with(bool tcp_only)
{
	struct world w = { .registry = s53_registry_new(), .now_ms = START_MS };
	struct s53_upstream_options options = { .edns = true, .tcp_only = tcp_only };
	struct s53_addr addr;

	s53_rand_test_seed(1);
	s53_clock_test_set(w.now_ms);
	assert_int_equal(s53_addr_parse("192.0.2.1", 53, &addr), S53_OK);
	w.server = s53_registry_get(w.registry, &addr, &options);
	return w;
}

static inline struct world
world_new(void)
{
	return world_with(false);
}

static inline void
world_free(struct world *w)
{
	s53_upstream_drop(w->server);
	s53_registry_free(w->registry);
	s53_clock_test_set(UINT64_MAX);
}

static inline void
observe(struct world *w, enum s53_protocol over, enum s53_observed event, uint32_t waited_ms)
{
	struct s53_observation observation = { event, over, waited_ms, 0 };

	s53_upstream_observe(w->server, observation, w->now_ms);
}

static inline enum s53_health_state
state(const struct world *w)
{
	return s53_upstream_path_state(w->server, S53_OVER_UDP);
}

static inline enum s53_health_state
tcp_state(const struct world *w)
{
	return s53_upstream_path_state(w->server, S53_OVER_TCP);
}

static inline enum s53_probe_end
end_of(const struct world *w, const struct s53_probe *probe)
{
	if (w->way[probe->over] == REFUSING)
		return S53_PROBE_REFUSED;
	if (w->way[probe->over] == BLACK_HOLE)
		return S53_PROBE_LOST;
	if (w->not_ready && probe->kind == S53_PROBE_READINESS)
		return probe->liveness_after_ms != 0 ? S53_PROBE_NOT_READY : S53_PROBE_LOST;
	if (w->declines && probe->kind == S53_PROBE_READINESS)
		return S53_PROBE_DECLINED;
	if (w->fails && probe->kind == S53_PROBE_READINESS)
		return S53_PROBE_UNFIT;
	return S53_PROBE_ANSWERED;
}

/* Send the probe that is due, and end it as the world makes it end. */
static inline void
probe_once(struct world *w)
{
	enum s53_probe_end end;

	assert_true(s53_probe_begin(w->server, &w->last, w->now_ms));
	assert_true(w->probes < LOG_MAX);
	w->sent_at_ms[w->probes++] = w->now_ms;
	end = end_of(w, &w->last);
	w->now_ms += end == S53_PROBE_LOST || end == S53_PROBE_NOT_READY ? w->last.timeout_ms
	    : end == S53_PROBE_REFUSED                                   ? 0
									 : RTT_MS;
	s53_probe_end(w->server, &w->last, end, RTT_MS, w->now_ms);
}

/* Send all probes that are due until `end_ms`. */
static inline void
run_until(struct world *w, uint64_t end_ms)
{
	uint64_t due_ms;

	while ((due_ms = s53_probe_due_ms(w->server)) <= end_ms && w->now_ms <= end_ms) {
		if (w->now_ms < due_ms)
			w->now_ms = due_ms;
		probe_once(w);
	}
	if (w->now_ms < end_ms)
		w->now_ms = end_ms;
}

static inline void
run_for(struct world *w, uint64_t ms)
{
	run_until(w, w->now_ms + ms);
}

/* A live query each 20 ms, over the protocol that the server wants. */
static inline void
live_for(struct world *w, uint64_t ms)
{
	uint64_t end_ms = w->now_ms + ms;

	while (w->now_ms < end_ms) {
		bool tcp = s53_upstream_wants_tcp(w->server);
		enum s53_protocol over = tcp ? S53_OVER_TCP : S53_OVER_UDP;

		run_for(w, 20);
		if (w->way[over] == REFUSING)
			observe(w, over, S53_OBSERVED_REFUSED, 0);
		else if (w->way[over] == BLACK_HOLE || w->not_ready)
			observe(w, over, S53_OBSERVED_OVERDUE, 20);
		else
			observe(w, over, S53_OBSERVED_ANSWERED, RTT_MS);
	}
}

static inline struct world
world_in_health(void)
{
	struct world w = world_new();

	live_for(&w, 5000);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	assert_int_equal(w.probes, 0);
	return w;
}

static inline void
cut(struct world *w, enum link link)
{
	w->way[S53_OVER_UDP] = w->way[S53_OVER_TCP] = link;
}
