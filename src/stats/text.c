/* SPDX-License-Identifier: ISC
 *
 * text.c - writes a collection in the form of BIND's named.stats.
 *
 * The sections are BIND's, the names are those of the counters. A section shows the counters of
 * counter.h between two of its steps.
 */
#include <split53/stats.h>

#include <inttypes.h>

struct page {
	const struct s53_stats *stats;
	const char *prefix;
	FILE *out;
};

static void
write_title(const struct page *page, const char *title)
{
	fprintf(page->out, "%s++ %s ++\n", page->prefix, title);
}

static void
write_group(const struct page *page, const char *kind, const char *name)
{
	fprintf(page->out, "%s[%s%s]\n", page->prefix, kind, name);
}

static void
write_line(const struct page *page, uint64_t number, const char *what)
{
	if (number > 0)
		fprintf(page->out, "%s%20" PRIu64 " %s\n", page->prefix, number, what);
}

static void
write_counters(
    const struct page *page, const char *title, enum s53_counter first, enum s53_counter last)
{
	write_title(page, title);
	for (unsigned i = first; i <= (unsigned)last; i++)
		write_line(page, page->stats->counter[i], s53_counter_name((enum s53_counter)i));
}

static void
write_process(const struct page *page)
{
	const struct s53_stats *stats = page->stats;

	write_title(page, "Process");
	write_line(page, stats->process.workers, "workers");
	write_line(page, stats->process.pending, "pending-now");
	write_line(page, stats->process.tcp_clients, "tcp-clients-now");
	write_line(page, stats->process.reloads, "reloads");
	write_line(page, stats->process.reloads_failed, "reloads-failed");
	write_line(page, stats->log_lost, "log-lines-lost");
	write_line(page, stats->http.answers[S53_STATS_FORBIDDEN], "statistics-forbidden");
}

static void
write_cache(const struct page *page)
{
	const struct s53_stats *stats = page->stats;

	if (!stats->has_cache)
		return;
	write_title(page, "Cache Statistics");
	write_line(page, stats->cache.entries, "entries");
	write_line(page, stats->cache.octets, "bytes");
	write_line(page, stats->cache_octets_max, "max-cache-size");
	write_line(page, stats->cache.evictions, "evictions");
}

static void
write_zone(const struct page *page, const struct s53_stats_zone *zone)
{
	static const char *const names[S53_TALLY_KINDS] = {
		[S53_TALLY_QUERIES] = "queries",
		[S53_TALLY_HITS] = "hits",
		[S53_TALLY_MISSES] = "misses",
		[S53_TALLY_STALE] = "stale",
		[S53_TALLY_FAILED_UPSTREAM] = "failed-upstream",
		[S53_TALLY_FAILED_UNREACHABLE] = "failed-unreachable",
		[S53_TALLY_FAILED_LIMIT] = "failed-limit",
		[S53_TALLY_FAILED_REMEMBERED] = "failed-remembered",
	};

	for (unsigned i = 0; i < S53_TALLY_KINDS; i++)
		write_line(page, zone->tally[i], names[i]);
}

static void
write_views(const struct page *page)
{
	write_title(page, "Per View Query Statistics");
	for (size_t i = 0; i < page->stats->view_count; i++) {
		write_group(page, "View: ", page->stats->views[i].name->view);
		write_zone(page, &page->stats->views[i]);
	}
}

/* As in named.stats: "[consul]", with "(view: inside)" if there are several views. */
static void
write_zones(const struct page *page)
{
	const struct s53_stats *stats = page->stats;

	write_title(page, "Per Zone Query Statistics");
	for (size_t i = 0; i < stats->zone_count; i++) {
		const struct s53_stats_zone *zone = &stats->zones[i];
		const struct s53_tally_name *name = zone->name;

		if (zone->tally[S53_TALLY_QUERIES] == 0)
			continue;
		fprintf(page->out, "%s[%s", page->prefix,
		    name->zone[0] != '\0' ? name->zone : s53_zone_kind_name(name->kind));
		if (stats->view_count > 1 && name->kind != S53_ZONE_OTHER)
			fprintf(page->out, " (view: %s)", name->view);
		fputs("]\n", page->out);
		write_zone(page, zone);
	}
}

static void
write_server(const struct page *page, const struct s53_stats_server *server)
{
	static const char *const names[S53_TRAFFIC_KINDS] = {
		[S53_TRAFFIC_UDP] = "queries over UDP",
		[S53_TRAFFIC_TCP] = "queries over TCP",
		[S53_TRAFFIC_NOERROR] = "NOERROR",
		[S53_TRAFFIC_NXDOMAIN] = "NXDOMAIN",
		[S53_TRAFFIC_SERVFAIL] = "SERVFAIL",
		[S53_TRAFFIC_REFUSED] = "REFUSED",
		[S53_TRAFFIC_OTHER] = "other rcodes",
		[S53_TRAFFIC_OVERDUE] = "overdue",
		[S53_TRAFFIC_TIMEOUT] = "timed out",
		[S53_TRAFFIC_NOT_LISTENING] = "connection refused",
		[S53_TRAFFIC_UNREACHABLE] = "unreachable",
		[S53_TRAFFIC_GARBAGE] = "malformed responses",
		[S53_TRAFFIC_TCP_FALLBACK] = "repeated over TCP",
		[S53_TRAFFIC_EDNS_FALLBACK] = "repeated without EDNS",
		[S53_TRAFFIC_HEDGE] = "hedges",
	};
	char addr[S53_ADDR_TEXT];

	write_group(page, "", s53_addr_print(&server->report.addr, addr));
	for (unsigned i = 0; i < S53_TRAFFIC_KINDS; i++)
		write_line(page, server->traffic[i], names[i]);
}

static void
write_latency(
    const struct page *page, const char *title, const struct s53_stats_histogram *histogram)
{
	write_title(page, title);
	for (unsigned i = 0; i < S53_HISTOGRAM_BUCKETS; i++) {
		char what[64] = "more than 10 s";

		if (i < S53_HISTOGRAM_BOUNDS)
			snprintf(what, sizeof(what), "up to %" PRIu64 " us",
			    s53_histogram_bounds_ns[i] / 1000);
		write_line(page, histogram->bucket[i], what);
	}
}

static void
write_frame(const struct page *page, const char *frame)
{
	fprintf(page->out, "%s%s Statistics Dump %s (%" PRIu64 ")\n", page->prefix, frame, frame,
	    page->stats->taken_wall_ms / 1000);
}

void
s53_stats_print(const struct s53_stats *stats, const char *prefix, FILE *out)
{
	struct page page = { .stats = stats, .prefix = prefix, .out = out };

	write_frame(&page, "+++");
	write_process(&page);
	write_counters(
	    &page, "Incoming Requests", (enum s53_counter)0, S53_C_ADMIT_RECURSIVE_CLIENTS);
	write_counters(&page, "Name Server Statistics", S53_C_ROUTE_LOCAL, S53_C_JOIN_LOOP_TEST);
	write_counters(&page, "Resolver Statistics", S53_C_CHOOSE_EXHAUSTED, S53_C_STORE_FAILURE);
	write_counters(
	    &page, "Outgoing Replies", S53_C_ANSWER_NOERROR, (enum s53_counter)(S53_C_COUNT - 1));
	write_latency(&page, "Latency of answers from the cache", &stats->latency[S53_LATENCY_HIT]);
	write_latency(&page, "Latency of replies that waited for a server",
	    &stats->latency[S53_LATENCY_MISS]);
	write_cache(&page);
	write_views(&page);
	write_zones(&page);
	write_title(&page, "Per Server Statistics");
	for (size_t i = 0; i < stats->server_count; i++)
		write_server(&page, &stats->servers[i]);
	write_frame(&page, "---");
}
