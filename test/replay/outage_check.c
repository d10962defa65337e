/* SPDX-License-Identifier: ISC
 *
 * outage_check.c - what must be true, whatever fails when.
 */
#include "outage.h"

#define TICK_MS 20
/*
 * Servers are tried one after the other: each may cost its hedge time (250 ms) and 200 ms more that
 * are waited to save a query; then there is the round trip, two over TCP, and one more for a
 * truncated response.
 */
#define NEXT_SERVER_MS 450
#define ROUND_TRIPS_MS (4 * 55)
#define DEAD_KNOWN_MS 300
#define LAST_WAIT_MS 2000
#define DEAD_FOUND_MS 2000
#define ILL_DEAD_FOUND_MS 3000 /* they had faults before: a probe was perhaps under way */
#define PAUSE_MS 3000 /* the longest pause of the only server without a failure */
#define PAUSE_GAP_MS 2000 /* between two pauses */
#define LOAD_GAP_MS 20 /* queries at least this often: under load */
#define SLOW_MEMORY_MS 60000 /* a server that was slow has a longer hedge time */
/*
 * A dead server gets one probe a second; one that changes state gets also the probes that follow
 * each change at once, within PROBES_MS.
 */
#define PROBES_MAX 45
#define PROBES_MS 10000
#define DEAD_PROBES 5
#define PROBES_SETTLE_MS 2500
#define EXTRA_TROUBLE 100
#define EXTRA_TROUBLE_MS 5000 /* until a fault is known: as many more as queries come meanwhile */
#define EXTRA_FIRST 16 /* the budget that a resolver begins with */

/* How long this process stood still between the two times. */
static uint64_t
stopped_ms(const struct schedule *schedule, uint64_t from_ms, uint64_t until_ms)
{
	uint64_t sum_ms = 0;

	for (unsigned i = 0; i < schedule->stop_count; i++) {
		const struct stop *stop = &schedule->stops[i];

		if (stop->at_ms < until_ms && stop->at_ms + stop->ms > from_ms)
			sum_ms += stop->ms;
	}
	return sum_ms;
}

/* Whether the server is up from `from_ms` to `until_ms` and was up long enough before. */
static bool
is_sound(const struct schedule *schedule, const struct server *server, uint64_t from_ms,
    uint64_t until_ms)
{
	const struct span *span = span_at(server, from_ms);

	return span->mode == MODE_UP && span == span_at(server, until_ms) &&
	    from_ms >= span->used_ms + stopped_ms(schedule, span->from_ms, from_ms);
}

/* Since when no server of the route replies; UINT64_MAX: one replies until `until_ms`. */
static uint64_t
dead_since(const struct schedule *schedule, const struct route *route, uint64_t until_ms)
{
	uint64_t since_ms = 0;

	for (unsigned i = 0; i < route->count; i++) {
		const struct server *server = &schedule->servers[route->servers[i]];
		const struct span *span = span_at(server, until_ms);

		if (!is_dead(span->mode))
			return UINT64_MAX;
		while (span > server->spans && is_dead(span[-1].mode))
			span--;
		if (span->from_ms > since_ms)
			since_ms = span->from_ms;
	}
	return since_ms;
}

/* A server that never replied has no RTT from which a hedge time follows. */
static bool
were_alive(const struct schedule *schedule, const struct route *route)
{
	for (unsigned i = 0; i < route->count; i++) {
		if (is_dead(schedule->servers[route->servers[i]].spans[0].mode))
			return false;
	}
	return true;
}

/* Whether each server of the route was known to be up before it died. */
static bool
were_well(const struct schedule *schedule, const struct route *route, uint64_t now_ms)
{
	for (unsigned i = 0; i < route->count; i++) {
		const struct server *server = &schedule->servers[route->servers[i]];
		const struct span *span = span_at(server, now_ms);

		while (span > server->spans && is_dead(span->mode))
			span--;
		if (span->mode != MODE_UP || span->known_ms > span[1].from_ms)
			return false;
	}
	return true;
}

static void
check_good(const struct schedule *schedule, const struct asker *asker, uint64_t waited_ms)
{
	const struct route *route = &schedule->routes[asker->route];
	uint64_t bound_ms = (route->count - 1) * NEXT_SERVER_MS + ROUND_TRIPS_MS;
	uint64_t known_ms = asker->asked_ms;

	/*
	 * A remembered failure may be that of a query that was sent last 2 s before its deadline,
	 * or that went over TCP all the time.
	 */
	if (schedule->names > 0)
		known_ms -= asker->kind == 't' ? QUERY_TIMEOUT_MS : LAST_WAIT_MS;
	for (unsigned i = 0; i < route->count; i++) {
		const struct server *server = &schedule->servers[route->servers[i]];

		if (!is_sound(schedule, server, known_ms, asker->ended_ms))
			continue;
		if (asker->rcode != S53_RCODE_NOERROR)
			broken(schedule, "query %u got rcode %u though server %u was up", asker->id,
			    asker->rcode, route->servers[i]);
		if (waited_ms > bound_ms)
			broken(schedule, "query %u took %u ms though server %u was up", asker->id,
			    (unsigned)waited_ms, route->servers[i]);
	}
}

/*
 * Queries are frequent enough for each server to get some all the time, and no server was slow
 * recently: the hedge time of a slow server is longer.
 */
static bool
is_under_load(const struct schedule *schedule, uint64_t now_ms)
{
	for (unsigned i = 0; i < schedule->server_count; i++) {
		const struct server *server = &schedule->servers[i];

		for (unsigned j = 0; j < server->span_count; j++) {
			const struct span *span = &server->spans[j];

			if (span->mode == MODE_SLOW && span->from_ms < now_ms &&
			    (j + 1 == server->span_count ||
				span[1].from_ms + SLOW_MEMORY_MS > now_ms))
				return false;
		}
	}
	return schedule->gap_ms * schedule->route_count <= LOAD_GAP_MS && schedule->names == 0;
}

/* The only server of a route is waited for while it is silent, but not if it refuses. */
static bool
is_waited_for(
    const struct schedule *schedule, const struct route *route, uint64_t from_ms, uint64_t until_ms)
{
	const struct server *server = &schedule->servers[route->servers[0]];

	return route->count == 1 &&
	    (span_at(server, from_ms)->mode != MODE_REFUSED ||
		span_at(server, until_ms)->mode != MODE_REFUSED);
}

/* A pause of the only server, which loses all queries meanwhile, leads to late replies. */
static void
check_pause(const struct schedule *schedule, const struct asker *asker)
{
	const struct route *route = &schedule->routes[asker->route];
	const struct server *server = &schedule->servers[route->servers[0]];
	const struct span *pause = span_at(server, asker->asked_ms);
	const struct span *last = &server->spans[server->span_count - 1];

	if (route->count > 1 || pause->mode != MODE_SILENT || pause == server->spans ||
	    pause == last || pause[-1].mode != MODE_UP || pause[1].mode != MODE_UP ||
	    pause[-1].known_ms > pause->from_ms || pause[1].from_ms - pause->from_ms > PAUSE_MS ||
	    (&pause[1] != last && pause[2].from_ms - pause[1].from_ms < PAUSE_GAP_MS))
		return;
	if (!asker->again && asker->rcode != S53_RCODE_NOERROR)
		broken(schedule, "query %u got rcode %u though server %u paused for %u ms only",
		    asker->id, asker->rcode, route->servers[0],
		    (unsigned)(pause[1].from_ms - pause->from_ms));
}

static void
check_dead(const struct schedule *schedule, const struct asker *asker)
{
	const struct route *route = &schedule->routes[asker->route];
	uint64_t from_ms = dead_since(schedule, route, asker->ended_ms);

	if (from_ms == UINT64_MAX || stopped_ms(schedule, from_ms, asker->ended_ms) > 0)
		return;
	if (from_ms < asker->asked_ms)
		from_ms = asker->asked_ms;
	if (asker->dead && !asker->again && from_ms == asker->asked_ms &&
	    asker->ended_ms > from_ms + DEAD_KNOWN_MS)
		broken(schedule, "query %u of a group that is known as dead took %u ms", asker->id,
		    (unsigned)(asker->ended_ms - from_ms));
	if (is_waited_for(schedule, route, from_ms, asker->ended_ms))
		return;
	if (is_under_load(schedule, asker->asked_ms) && were_alive(schedule, route) &&
	    asker->ended_ms > from_ms +
		    (were_well(schedule, route, asker->ended_ms) ? DEAD_FOUND_MS
								 : ILL_DEAD_FOUND_MS))
		broken(schedule, "query %u of a dead group under load took %u ms", asker->id,
		    (unsigned)(asker->ended_ms - from_ms));
}

void
check_asker(const struct schedule *schedule, const struct asker *asker)
{
	uint64_t resumed_ms = stopped_ms(schedule, asker->asked_ms, asker->ended_ms);
	uint64_t took_ms = asker->ended_ms - asker->asked_ms;

	if (asker->ends != 1)
		broken(schedule, "query %u has ended twice", asker->id);
	if (asker->repeats && !asker->answered && took_ms == 0)
		return;
	if (!asker->answered)
		broken(schedule, "query %u was dropped", asker->id);
	if (took_ms > QUERY_TIMEOUT_MS + TICK_MS + resumed_ms)
		broken(schedule, "query %u took %u ms", asker->id, (unsigned)took_ms);
	if (!asker->again && schedule->routes[asker->route].count == 1 && asker->asks == 0)
		broken(schedule, "query %u: the only server was not tried", asker->id);
	if (resumed_ms == 0) /* else the deadline may have passed before it was known */
		check_good(schedule, asker, took_ms);
	if (resumed_ms == 0)
		check_pause(schedule, asker);
	check_dead(schedule, asker);
}

void
check_state(const struct schedule *schedule)
{
	for (unsigned i = 0; i < schedule->server_count; i++) {
		const struct server *server = &schedule->servers[i];
		const struct span *span = span_at(server, schedule->now_ms);
		enum s53_health_state state = s53_upstream_state(server->upstream);
		uint64_t resumed_ms = stopped_ms(schedule, span->from_ms, schedule->now_ms);

		if (span->mode != MODE_UP || state == S53_HEALTH_UP)
			continue;
		if (schedule->now_ms > span->known_ms + resumed_ms)
			broken(schedule, "server %u is up, but considered %s", i,
			    s53_health_state_name(state));
		if (schedule->now_ms > span->used_ms + resumed_ms &&
		    (state == S53_HEALTH_DOWN || state == S53_HEALTH_PROBING ||
			state == S53_HEALTH_STALLED))
			broken(schedule, "server %u is up, but %s yet", i,
			    s53_health_state_name(state));
	}
}

/* When the `back`th probe before the last one was sent; UINT64_MAX: there were fewer. */
static uint64_t
probed_ms(const struct server *server, unsigned back)
{
	if (back >= server->probe_count)
		return UINT64_MAX;
	return server->probe_times_ms[(server->probe_count - 1 - back) % PROBES_KEPT];
}

void
check_probe(const struct schedule *schedule, struct server *server)
{
	const struct span *span = span_at(server, schedule->now_ms);
	unsigned index = (unsigned)(server - schedule->servers);
	uint64_t first_ms;

	server->probe_times_ms[server->probe_count++ % PROBES_KEPT] = schedule->now_ms;
	if (server->span_count == 1 && server->spans[0].mode == MODE_UP)
		broken(schedule, "server %u is probed, but was always up", index);
	first_ms = probed_ms(server, PROBES_MAX);
	if (first_ms != UINT64_MAX && schedule->now_ms < first_ms + PROBES_MS)
		broken(schedule, "server %u was probed over %u times in %u s", index, PROBES_MAX,
		    PROBES_MS / 1000);
	first_ms = probed_ms(server, DEAD_PROBES);
	if (first_ms != UINT64_MAX && is_dead(span->mode) &&
	    first_ms > span->from_ms + PROBES_SETTLE_MS &&
	    schedule->now_ms <
		first_ms + (DEAD_PROBES - 1) * UINT64_C(1000)) /* TCP may be found down later */
		broken(schedule, "server %u is dead, but probed more than once a second", index);
}

static bool
has_race(const struct schedule *schedule)
{
	for (unsigned i = 0; i < schedule->route_count; i++) {
		if (schedule->routes[i].rules.policy == S53_FORWARDERS_RACE)
			return true;
	}
	return false;
}

/*
 * Upstream queries in relation to queries of clients. Without faults the additional ones are
 * explorations and those that a client's retransmission causes; until a fault is known there may be
 * more.
 */
static void
check_amplification(const struct schedule *schedule)
{
	const struct s53_counters *counters = &schedule->counters;
	uint64_t asks = s53_counter_read(counters, S53_C_EXCHANGE_UDP) +
	    s53_counter_read(counters, S53_C_EXCHANGE_TCP) -
	    s53_counter_read(counters, S53_C_EXCHANGE_TCP_ON_TC);
	uint64_t led = s53_counter_read(counters, S53_C_JOIN_STARTED);
	uint64_t queries = led + s53_counter_read(counters, S53_C_JOIN_SHARED);
	uint64_t hurried = s53_counter_read(counters, S53_C_JOIN_HEDGED);

	if (has_race(schedule))
		return;
	if (schedule->healthy && schedule->stop_count == 0 &&
	    asks > led + led / 20 + EXTRA_FIRST + hurried)
		broken(schedule, "%lu upstream queries for %lu queries in health",
		    (unsigned long)asks, (unsigned long)led);
	if (asks > 2 * queries + EXTRA_TROUBLE + EXTRA_TROUBLE_MS / schedule->gap_ms)
		broken(schedule, "%lu upstream queries for %lu queries", (unsigned long)asks,
		    (unsigned long)queries);
}

void
check_end(const struct schedule *schedule)
{
	for (unsigned i = 0; i < schedule->asker_count; i++) {
		if (schedule->askers[i].ends != 1)
			broken(schedule, "query %u has not ended", i);
	}
	for (unsigned i = 0; i < schedule->server_count; i++) {
		struct s53_upstream_report report;

		s53_upstream_report(schedule->servers[i].upstream, &report, schedule->now_ms);
		if (report.in_flight != 0)
			broken(schedule, "server %u: %u in flight at the end", i, report.in_flight);
	}
	if (atomic_load(&schedule->shared.pending) != 0)
		broken(schedule, "a query is still counted");
	check_amplification(schedule);
}
