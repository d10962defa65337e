/* SPDX-License-Identifier: ISC
 *
 * collect.c - reads all counters and states once, so that slow writers work on a copy.
 */
#include <split53/stats.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <split53/clock.h>
#include <split53/log.h>
#include <split53/view.h>

#include "collect.h"

static uint64_t
read64(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void
add_histogram(struct s53_stats_histogram *sum, const struct s53_histogram *histogram)
{
	for (unsigned i = 0; i < S53_HISTOGRAM_BUCKETS; i++)
		sum->bucket[i] += read64(&histogram->bucket[i]);
	sum->sum_ns += read64(&histogram->sum_ns);
}

static void
collect_counters(struct s53_stats *stats, const struct s53_stats_source *source)
{
	const struct s53_counters *set;

	for (unsigned i = 0; (set = source->counters(source->arg, i)) != NULL; i++) {
		for (unsigned c = 0; c < S53_C_COUNT; c++)
			stats->counter[c] += s53_counter_read(set, (enum s53_counter)c);
		for (unsigned l = 0; l < S53_LATENCIES; l++)
			add_histogram(&stats->latency[l], &set->latency[l]);
	}
}

static void
collect_cache(struct s53_stats *stats)
{
	const struct s53_policy *policy = stats->process.policy;

	stats->has_cache = policy != NULL && policy->cache != NULL;
	if (!stats->has_cache)
		return;
	s53_cache_usage(policy->cache, &stats->cache);
	stats->cache_octets_max = s53_cache_max_octets(policy->cache);
}

struct servers {
	struct s53_stats *stats;
	size_t room;
	bool failed;
};

static bool
collect_server(struct s53_upstream *upstream, void *arg)
{
	struct servers *servers = arg;
	struct s53_stats *stats = servers->stats;
	const struct s53_traffic *traffic = s53_upstream_traffic(upstream);
	struct s53_stats_server *server;

	if (stats->server_count == servers->room) {
		size_t room = servers->room > 0 ? 2 * servers->room : 16;

		server = realloc(stats->servers, room * sizeof(*server));
		if (server == NULL) {
			servers->failed = true;
			return false;
		}
		stats->servers = server;
		servers->room = room;
	}
	server = &stats->servers[stats->server_count++];
	memset(server, 0, sizeof(*server));
	s53_upstream_report(upstream, &server->report, stats->taken_ms);
	for (unsigned i = 0; i < S53_TRAFFIC_KINDS; i++)
		server->traffic[i] = read64(&traffic->count[i]);
	add_histogram(&server->rtt, &traffic->rtt);
	return true;
}

/* Order by address; servers of one address stay in the order of the list, that of creation. */
static int
by_address(const void *left, const void *right)
{
	const struct s53_stats_server *const *a = left, *const *b = right;
	size_t a_len, b_len;
	const uint8_t *a_octets = s53_addr_octets(&(*a)->report.addr, &a_len);
	const uint8_t *b_octets = s53_addr_octets(&(*b)->report.addr, &b_len);
	int order =
	    a_len != b_len ? (a_len > b_len) - (a_len < b_len) : memcmp(a_octets, b_octets, a_len);

	if (order == 0)
		order = s53_addr_port(&(*a)->report.addr) - s53_addr_port(&(*b)->report.addr);
	return order != 0 ? order : (*a > *b) - (*a < *b);
}

static bool
has_address_of(const struct s53_stats_server *one, const struct s53_stats_server *other)
{
	return s53_addr_same_host(&one->report.addr, &other->report.addr) &&
	    s53_addr_port(&one->report.addr) == s53_addr_port(&other->report.addr);
}

/* A link-local address on another interface counts as another variant, too. */
static bool
number_variants(struct s53_stats *stats)
{
	struct s53_stats_server **sorted = calloc(stats->server_count + 1, sizeof(*sorted));

	if (sorted == NULL)
		return false;
	for (size_t i = 0; i < stats->server_count; i++)
		sorted[i] = &stats->servers[i];
	qsort(sorted, stats->server_count, sizeof(*sorted), by_address);
	for (size_t i = 0; i < stats->server_count; i++) {
		sorted[i]->variant = 1; /* `a ? b[i - 1] + 1 : 1`: GCC 14.2 reads b[-1] */
		if (i > 0 && has_address_of(sorted[i - 1], sorted[i]))
			sorted[i]->variant += sorted[i - 1]->variant;
	}
	free(sorted);
	return true;
}

static bool
collect_servers(struct s53_stats *stats, const struct s53_stats_source *source)
{
	struct servers servers = { .stats = stats };

	s53_registry_each(source->registry, collect_server, &servers);
	return !servers.failed && number_variants(stats);
}

static uint64_t
wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct s53_stats *
s53_stats_collect(const struct s53_stats_source *source)
{
	struct s53_stats *stats = calloc(1, sizeof(*stats));

	if (stats == NULL)
		return NULL;
	stats->taken_ms = s53_clock_ms();
	stats->taken_wall_ms = wall_ms();
	source->process(source->arg, &stats->process);
	if (source->http != NULL)
		stats->http = *source->http;
	stats->log_lost = s53_log_lost();
	collect_system(&stats->system);
	collect_counters(stats, source);
	collect_cache(stats);
	if (!collect_servers(stats, source) || !collect_zones(stats, source)) {
		s53_stats_free(stats);
		return NULL;
	}
	return stats;
}

void
s53_stats_free(struct s53_stats *stats)
{
	if (stats == NULL)
		return;
	free(stats->servers);
	free(stats->zones);
	free(stats->views);
	free(stats);
}
