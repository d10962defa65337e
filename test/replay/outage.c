/* SPDX-License-Identifier: ISC
 *
 * outage.c - random schedules of failures: servers die, freeze, slow down, lose packets, send
 * garbage and recover while clients send queries. Whatever happens, no client may notice more of it
 * than is guaranteed.
 *
 *	outage FIRST LAST [trace]	the seeds to play, each a schedule of a minute or two;
 *				`trace` prints all events
 *
 * The clock is fake and the servers are a model (outage_servers.c); everything else is the program:
 * resolve, server selection, health and the plan of probes. outage_check.c has the guarantees.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <split53/cache.h>
#include <split53/clock.h>
#include <split53/log.h>
#include <split53/rand.h>

#include "outage.h"

#define S UINT64_C(1000) /* ms */

void
tell(const struct schedule *schedule, const char *format, ...)
{
	va_list list;

	if (!schedule->trace)
		return;
	printf("%.3f ", (double)(schedule->now_ms - START_MS) / 1000);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
}

void
broken(const struct schedule *schedule, const char *format, ...)
{
	va_list list;

	fflush(stdout);
	describe(schedule, stderr);
	fprintf(stderr, "seed %lu, at %.3f s: ", schedule->seed,
	    (double)(schedule->now_ms - START_MS) / 1000);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	abort();
}

unsigned
dice(struct schedule *schedule, unsigned bound)
{
	schedule->dice ^= schedule->dice << 13;
	schedule->dice ^= schedule->dice >> 7;
	schedule->dice ^= schedule->dice << 17;
	return (unsigned)(schedule->dice >> 33) % bound;
}

static double
seconds(uint64_t at_ms)
{
	return (double)(at_ms - START_MS) / 1000;
}

void
describe(const struct schedule *schedule, FILE *out)
{
	static const char *const policies[] = { "fastest", "ordered", "round-robin", "random",
		"least-outstanding", "race" };

	fprintf(out, "a query each %u ms until %.3f s, %u names\n", schedule->gap_ms,
	    seconds(schedule->end_ms), schedule->names);
	for (unsigned i = 0; i < schedule->route_count; i++) {
		const struct route *route = &schedule->routes[i];

		fprintf(out, "route %c, %s:", route->letter, policies[route->rules.policy]);
		for (unsigned j = 0; j < route->count; j++)
			fprintf(out, " server %u tier %u", route->servers[j],
			    s53_group_tier(route->group, j));
		fputc('\n', out);
	}
	for (unsigned i = 0; i < schedule->server_count; i++) {
		const struct server *server = &schedule->servers[i];

		fprintf(out, "server %u:", i);
		for (unsigned j = 0; j < server->span_count; j++) {
			const struct span *span = &server->spans[j];

			fprintf(out, " %.3f %s %u ms %u %%", seconds(span->from_ms),
			    mode_name(span->mode), span->rtt_ms, span->loss_percent);
		}
		fputc('\n', out);
	}
	for (unsigned i = 0; i < schedule->stop_count; i++)
		fprintf(out, "stands still at %.3f for %u ms\n", seconds(schedule->stops[i].at_ms),
		    schedule->stops[i].ms);
}

/* --- drawing --------------------------------------------------------------------------------- */

static void
draw_span(struct schedule *schedule, struct server *server, uint64_t from_ms, enum mode mode)
{
	struct span *span = &server->spans[server->span_count++];

	*span = (struct span){ .from_ms = from_ms, .mode = mode, .rtt_ms = server->rtt_ms };
	if (mode == MODE_SLOW)
		span->rtt_ms = 300 + dice(schedule, 1201);
	span->loss_percent = 5 + dice(schedule, 36);
}

static void
draw_server(struct schedule *schedule, struct server *server)
{
	uint64_t at_ms = START_MS;
	unsigned troubles = dice(schedule, 3) == 0 ? 0 : 1 + dice(schedule, 6);
	enum mode mode = MODE_UP;

	if (schedule->healthy)
		troubles = 0;
	if (troubles > 0 && dice(schedule, 8) == 0) /* from the beginning */
		mode = 1 + dice(schedule, MODES - 1);
	server->rtt_ms = dice(schedule, 51);
	draw_span(schedule, server, at_ms, mode);
	for (unsigned i = 0; i < 2 * troubles; i++) {
		at_ms += mode == MODE_UP
		    ? 3 * S + dice(schedule, 20 * S)
		    : 300 + dice(schedule, dice(schedule, 2) == 0 ? 5 * S : 40 * S);
		/* One fault may follow another. */
		mode = mode == MODE_UP || dice(schedule, 5) == 0 ? 1 + dice(schedule, MODES - 1)
								 : MODE_UP;
		draw_span(schedule, server, at_ms, mode);
	}
	promise(server);
}

static void
make_server(struct schedule *schedule, unsigned index)
{
	struct s53_upstream_options options = { .edns = true };
	struct server *server = &schedule->servers[index];
	struct s53_addr addr;
	char text[16];

	snprintf(text, sizeof(text), "192.0.2.%u", index + 1);
	if (s53_addr_parse(text, 53, &addr) != S53_OK)
		broken(schedule, "an address");
	server->upstream = s53_registry_get(schedule->registry, &addr, &options);
	draw_server(schedule, server);
}

/* The default of setup for the only server of a route. */
static void
wait_for(struct s53_upstream *server)
{
	struct s53_health_check check;
	struct s53_name root = { .len = 1 };

	s53_health_check_init(&check, &root);
	check.down_after_ms = QUERY_TIMEOUT_MS;
	s53_upstream_set_check(server, &check);
}

/* Draw some of the servers; both routes may have the same ones. */
static void
make_route(struct schedule *schedule, struct s53_routes *routes, unsigned index)
{
	struct s53_route made = { .kind = S53_ROUTE_FORWARD, .id = index + 1, .ede = S53_EDE_NONE };
	struct route *route = &schedule->routes[index];
	struct s53_group_member members[SERVERS_MAX] = { 0 };
	bool tiers = dice(schedule, 2) == 0;
	unsigned without = dice(schedule, 1u << schedule->server_count);

	route->letter = index == 0 ? '.' : 'c';
	route->rules.policy = dice(schedule, S53_FORWARDERS_RACE + 1);
	for (unsigned i = 0; i < schedule->server_count; i++) {
		if ((without >> i & 1) != 0 && (i + 1 < schedule->server_count || route->count > 0))
			continue;
		members[route->count] = (struct s53_group_member){ schedule->servers[i].upstream,
			tiers ? 1 + dice(schedule, 2) : 1 };
		route->servers[route->count++] = i;
	}
	made.group = route->group = s53_group_new(members, route->count, &route->rules);
	if (route->count == 1)
		wait_for(members[0].server);
	if (s53_name_parse(index == 0 ? "." : "c", &made.apex) != S53_OK ||
	    s53_routes_add(routes, &made) != S53_OK)
		broken(schedule, "a route");
}

static void
draw(struct schedule *schedule, struct s53_routes *routes)
{
	static const unsigned gaps_ms[] = { 5, 10, 20, 50, 200, 1000, 5000 };

	schedule->healthy = dice(schedule, 10) == 0;
	schedule->server_count = 1 + dice(schedule, SERVERS_MAX);
	schedule->route_count = 1 + dice(schedule, ROUTES_MAX);
	schedule->gap_ms = gaps_ms[dice(schedule, sizeof(gaps_ms) / sizeof(*gaps_ms))];
	schedule->end_ms =
	    START_MS + 10 * S + dice(schedule, schedule->gap_ms < 20 ? 20 * S : 110 * S);
	schedule->names = dice(schedule, 4) == 0 ? 1 + dice(schedule, 100) : 0;
	for (unsigned i = 0; i < schedule->server_count; i++)
		make_server(schedule, i);
	for (unsigned i = 0; i < schedule->route_count; i++)
		make_route(schedule, routes, i);
	for (uint64_t at_ms = START_MS;
	     dice(schedule, 3) == 0 && schedule->stop_count < STOPS_MAX;) {
		struct stop *stop = &schedule->stops[schedule->stop_count++];

		at_ms += dice(schedule, 40 * S);
		*stop = (struct stop){ at_ms, 100 + dice(schedule, 30 * S) };
		at_ms += stop->ms + 1;
	}
}

/* --- one schedule ---------------------------------------------------------------------------- */

static void
released(struct s53_policy *policy)
{
	(void)policy;
	abort();
}

static const struct s53_cache_rules kept = { .enabled = true,
	.max_ttl_s = 604800,
	.max_ncache_ttl_s = 10800,
	.servfail_ttl_s = 1,
	.stale_client_timeout_ms = S53_STALE_TIMEOUT_OFF,
	.prefetch_trigger_s = 2,
	.prefetch_eligible_s = 9 };
static const struct s53_cache_rules not_kept = { .stale_client_timeout_ms = S53_STALE_TIMEOUT_OFF };

static void
run(unsigned long seed, bool trace)
{
	struct schedule schedule = {
		.seed = seed, .dice = seed * 0x9e3779b97f4a7c15u + 1, .trace = trace
	};
	struct s53_view view = { .id = 1,
		.name = "_default",
		.answering = { .cache = &not_kept, .minimal = S53_MINIMAL_NO_AUTH_RECURSIVE },
		.recursion = true,
		.udp_size_max = 1232,
		.udp_size_loopback = 1232,
		.edns_udp_size = 1232,
		.query_timeout_ms = QUERY_TIMEOUT_MS,
		.routes = s53_routes_new() };

	s53_rand_test_seed(seed);
	s53_clock_test_set(START_MS);
	schedule.registry = s53_registry_new();
	draw(&schedule, view.routes);
	schedule.policy = (struct s53_policy){ .count = 1,
		.release = released,
		.recursive_clients = 100000,
		.view_count = 1,
		.views = &view };
	if (schedule.names > 0) {
		schedule.policy.cache = s53_cache_new(0);
		view.answering.cache = &kept;
	}
	schedule.exchanger = s53_exchanger_new(NULL, &schedule.counters);
	schedule.resolver = s53_resolver_new(
	    schedule.exchanger, &schedule.counters, &schedule.shared, &schedule.policy);
	if (trace)
		describe(&schedule, stdout);
	play(&schedule);
	check_end(&schedule);
	s53_resolver_free(schedule.resolver);
	s53_exchanger_free(schedule.exchanger);
	s53_cache_drop(schedule.policy.cache);
	s53_routes_free(view.routes);
	for (unsigned i = 0; i < schedule.route_count; i++)
		s53_group_free(schedule.routes[i].group);
	for (unsigned i = 0; i < schedule.server_count; i++)
		s53_upstream_drop(schedule.servers[i].upstream);
	s53_registry_free(schedule.registry);
	free(schedule.askers);
	free(schedule.replies);
}

int
main(int argc, char **argv)
{
	static const struct s53_log_config silence;
	const char *bad_path;
	unsigned long last;

	if (argc < 3) {
		fprintf(stderr, "usage: %s FIRST LAST [trace]\n", argv[0]);
		return 2;
	}
	if (s53_log_configure(&silence, &bad_path) != S53_OK)
		return 1;
	last = strtoul(argv[2], NULL, 10);
	for (unsigned long seed = strtoul(argv[1], NULL, 10); seed <= last; seed++)
		run(seed, argc > 3);
	return 0;
}
