/* SPDX-License-Identifier: ISC
 *
 * metrics_zone.c - metrics of each zone, and the same of each view.
 */
#include "metric.h"

static void
write_zone(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	const struct s53_stats_zone *zone = &stats->zones[item];

	metric_number(sink, metric, zone->name->labels, zone->tally[metric->which]);
}

static void
write_view(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	const struct s53_stats_zone *view = &stats->views[item];

	metric_number(sink, metric, view->name->view_labels, view->tally[metric->which]);
}

static void
write_causes(struct s53_sink *sink, const struct metric *metric, const char *labels,
    const uint64_t tally[S53_TALLY_KINDS])
{
	static const char *const causes[S53_TALLY_KINDS] = {
		[S53_TALLY_FAILED_UPSTREAM] = "upstream",
		[S53_TALLY_FAILED_UNREACHABLE] = "unreachable",
		[S53_TALLY_FAILED_LIMIT] = "limit",
		[S53_TALLY_FAILED_REMEMBERED] = "remembered",
	};

	for (unsigned i = S53_TALLY_FAILED_UPSTREAM; i < S53_TALLY_KINDS; i++) {
		s53_sink_text(sink, metric->name);
		s53_sink_text(sink, "_total{");
		s53_sink_text(sink, labels);
		s53_sink_text(sink, ",cause=\"");
		s53_sink_text(sink, causes[i]);
		s53_sink_text(sink, "\"} ");
		s53_sink_number(sink, tally[i]);
		metric_end(sink);
	}
}

static void
write_zone_failures(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	const struct s53_stats_zone *zone = &stats->zones[item];

	write_causes(sink, metric, zone->name->labels, zone->tally);
}

static void
write_view_failures(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	const struct s53_stats_zone *view = &stats->views[item];

	write_causes(sink, metric, view->name->view_labels, view->tally);
}

#define ZONE(name, help, which)                                                            \
	{                                                                                  \
		"split53_zone_" name, help, METRIC_COUNTER, ITEMS_ZONES, write_zone, which \
	}
#define VIEW(name, help, which)                                                            \
	{                                                                                  \
		"split53_view_" name, help, METRIC_COUNTER, ITEMS_VIEWS, write_view, which \
	}

static const struct metric metrics[] = {
	ZONE("queries", "Queries for names of the zone, including targets of CNAME chains.",
	    S53_TALLY_QUERIES),
	ZONE("hits", "Queries for names of the zone that the cache answered.", S53_TALLY_HITS),
	ZONE("misses", "Queries for names of the zone that the cache had no fresh answer for.",
	    S53_TALLY_MISSES),
	ZONE("stale_answers", "Replies with expired data of the zone.", S53_TALLY_STALE),
	{ "split53_zone_failures", "SERVFAIL replies for names of the zone, by cause.",
	    METRIC_COUNTER, ITEMS_ZONES, write_zone_failures, 0 },
	VIEW("queries", "Queries of the view, including those for targets of CNAME chains.",
	    S53_TALLY_QUERIES),
	VIEW("hits", "Queries of the view that the cache answered.", S53_TALLY_HITS),
	VIEW("misses", "Queries of the view that the cache had no fresh answer for.",
	    S53_TALLY_MISSES),
	VIEW("stale_answers", "Replies of the view with expired data.", S53_TALLY_STALE),
	{ "split53_view_failures", "SERVFAIL replies to clients of the view, by cause.",
	    METRIC_COUNTER, ITEMS_VIEWS, write_view_failures, 0 },
};

const struct metric_table metrics_zone = { metrics, sizeof(metrics) / sizeof(metrics[0]) };
