/* SPDX-License-Identifier: ISC
 *
 * outage_check.c - what must hold, whatever fails when.
 */
#include "outage.h"

#define TICK_MS 20
/*
 * One server after the other: each may cost the wait for it (250 ms) and what is waited longer to
 * spare a question (200 ms); then there is the round trip, over TCP two, and one more for an answer
 * that was cut.
 */
#define NEXT_SERVER_MS 450
#define ROUND_TRIPS_MS (4 * 55)
#define DEAD_KNOWN_MS 300
#define LAST_WAIT_MS 2000
#define DEAD_FOUND_MS 2000
#define ILL_DEAD_FOUND_MS 3000 /* they were in trouble before: a probe was perhaps under way */
#define PAUSE_MS 3000 /* so long the only server may pause without a failure */
#define PAUSE_GAP_MS 2000 /* between two pauses */
#define LOAD_GAP_MS 20 /* at least so often asked: under load */
#define SLOW_MEMORY_MS 60000 /* who was slow is waited for longer */
/*
 * Of a server that is dead one a second; of one that comes and goes also those that see at once how
 * it is, in PROBES_MS.
 */
#define PROBES_MAX 45
#define PROBES_MS 10000
#define DEAD_PROBES 5
#define PROBES_SETTLE_MS 2500
#define EXTRA_TROUBLE 100
#define EXTRA_TROUBLE_MS 5000 /* it takes to know: as many more as queries come meanwhile */
#define EXTRA_FIRST 16 /* the budget that a resolver begins with */

/* For how long this process stood still between then and then. */
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

/* Is it up from `from_ms` to `until_ms`, and was long enough before? */
static bool
is_sound(const struct schedule *schedule, const struct server *server, uint64_t from_ms,
    uint64_t until_ms)
{
	const struct span *span = span_at(server, from_ms);

	return span->mode == MODE_UP && span == span_at(server, until_ms) &&
	    from_ms >= span->used_ms + stopped_ms(schedule, span->from_ms, from_ms);
}

/* Since when nobody of the route's servers answers; UINT64_MAX: somebody does until `until_ms`. */
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

/* Who never answered has no RTT that tells what silence is. */
static bool
were_alive(const struct schedule *schedule, const struct route *route)
{
	for (unsigned i = 0; i < route->count; i++) {
		if (is_dead(schedule->servers[route->servers[i]].spans[0].mode))
			return false;
	}
	return true;
}

/* Was each of the route's servers known as up before it died? */
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
	 * A failure that is remembered may be that of a query which asked for the last time 2 s
	 * before its end, or over TCP for all of its time.
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
 * Questions come often enough that each server is asked all the time, and nobody was slow lately: a
 * slow server is waited for, which is its right.
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

/* The only server of a route is waited for while it is silent; one that refuses is not. */
static bool
is_waited_for(
    const struct schedule *schedule, const struct route *route, uint64_t from_ms, uint64_t until_ms)
{
	const struct server *server = &schedule->servers[route->servers[0]];

	return route->count == 1 &&
	    (span_at(server, from_ms)->mode != MODE_REFUSED ||
		span_at(server, until_ms)->mode != MODE_REFUSED);
}

/* A pause of the only server, which loses what it gets meanwhile, leads to late answers. */
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
	if (resumed_ms == 0) /* else its time may have gone by before it was known */
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
			broken(schedule, "server %u is up, but taken to be %s", i,
			    s53_health_state_name(state));
		if (schedule->now_ms > span->used_ms + resumed_ms &&
		    (state == S53_HEALTH_DOWN || state == S53_HEALTH_PROBING ||
			state == S53_HEALTH_STALLED))
			broken(schedule, "server %u is up, but %s yet", i,
			    s53_health_state_name(state));
	}
}

/* When the `back`th probe before the last one left; UINT64_MAX: there were not as many. */
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
		first_ms + (DEAD_PROBES - 1) * UINT64_C(1000)) /* TCP may fall later */
		broken(schedule, "server %u is dead, but probed more than once a second", index);
}

static bool
has_race(const struct schedule *schedule)
{
	for (unsigned i = 0; i < schedule->route_count; i++) {
		if (schedule->routes[i].rules.policy == S53_POLICY_RACE)
			return true;
	}
	return false;
}

/*
 * Questions to servers for those of clients. Extra in health are explorations and what a client's
 * retransmission hurries; until a trouble is known more may be asked.
 */
static void
check_amplification(const struct schedule *schedule)
{
	const struct s53_counters *counters = &schedule->counters;
	uint64_t asks = s53_counter_read(counters, S53_C_EXCHANGE_UDP) +
	    s53_counter_read(counters, S53_C_EXCHANGE_TCP) -
	    s53_counter_read(counters, S53_C_EXCHANGE_TCP_ON_TC);
	uint64_t led = s53_counter_read(counters, S53_C_JOIN_LED);
	uint64_t queries = led + s53_counter_read(counters, S53_C_JOIN_JOINED);
	uint64_t hurried = s53_counter_read(counters, S53_C_JOIN_HURRIED);

	if (has_race(schedule))
		return;
	if (schedule->healthy && schedule->stop_count == 0 &&
	    asks > led + led / 20 + EXTRA_FIRST + hurried)
		broken(schedule, "%lu questions for %lu queries in health", (unsigned long)asks,
		    (unsigned long)led);
	if (asks > 2 * queries + EXTRA_TROUBLE + EXTRA_TROUBLE_MS / schedule->gap_ms)
		broken(schedule, "%lu questions for %lu queries", (unsigned long)asks,
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
