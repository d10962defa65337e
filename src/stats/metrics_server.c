/* SPDX-License-Identifier: ISC
 *
 * metrics_server.c - metrics of each upstream server.
 *
 * The label `server` is the address in the form of the log. If several servers have the same
 * address but other options, all but the first have a label `variant`.
 */
#include <stdio.h>

#include <split53/clock.h>

#include "metric.h"

#define LABELS_MAX (S53_ADDR_TEXT + 128)

static const char *const protocols[S53_PROTOCOLS] = { "udp", "tcp" };

/* Write the labels of a server, then `more`. */
static const char *
labels_of(const struct s53_stats_server *server, const char *more, char labels[static LABELS_MAX])
{
	char addr[S53_ADDR_TEXT], variant[32] = "";

	s53_addr_print(&server->report.addr, addr);
	if (server->variant > 1)
		snprintf(variant, sizeof(variant), ",variant=\"%u\"", server->variant);
	snprintf(labels, LABELS_MAX, "server=\"%s\"%s%s%s", addr, variant,
	    more[0] != '\0' ? "," : "", more);
	return labels;
}

/* The path over TCP is left out until it is used. */
static bool
is_shown(const struct s53_stats_server *server, unsigned over)
{
	return over == S53_OVER_UDP || server->report.path[over].asked;
}

static void
write_traffic(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	char labels[LABELS_MAX];

	metric_number(sink, metric, labels_of(&stats->servers[item], "", labels),
	    stats->servers[item].traffic[metric->which]);
}

struct labelled {
	enum s53_traffic_kind kind;
	const char *label;
};

static void
write_labelled(struct s53_sink *sink, const struct metric *metric,
    const struct s53_stats_server *server, const struct labelled *kinds, size_t count)
{
	char labels[LABELS_MAX];

	for (size_t i = 0; i < count; i++)
		metric_number(sink, metric, labels_of(server, kinds[i].label, labels),
		    server->traffic[kinds[i].kind]);
}

static void
write_queries(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	static const struct labelled kinds[] = { { S53_TRAFFIC_UDP, "over=\"udp\"" },
		{ S53_TRAFFIC_TCP, "over=\"tcp\"" } };

	write_labelled(
	    sink, metric, &stats->servers[item], kinds, sizeof(kinds) / sizeof(kinds[0]));
}

static void
write_responses(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	static const struct labelled kinds[] = { { S53_TRAFFIC_NOERROR, "rcode=\"noerror\"" },
		{ S53_TRAFFIC_NXDOMAIN, "rcode=\"nxdomain\"" },
		{ S53_TRAFFIC_SERVFAIL, "rcode=\"servfail\"" },
		{ S53_TRAFFIC_REFUSED, "rcode=\"refused\"" },
		{ S53_TRAFFIC_OTHER, "rcode=\"other\"" } };

	write_labelled(
	    sink, metric, &stats->servers[item], kinds, sizeof(kinds) / sizeof(kinds[0]));
}

static void
write_failures(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	static const struct labelled kinds[] = { { S53_TRAFFIC_TIMEOUT, "cause=\"timeout\"" },
		{ S53_TRAFFIC_NOT_LISTENING, "cause=\"refused\"" },
		{ S53_TRAFFIC_UNREACHABLE, "cause=\"unreachable\"" },
		{ S53_TRAFFIC_GARBAGE, "cause=\"garbage\"" } };

	write_labelled(
	    sink, metric, &stats->servers[item], kinds, sizeof(kinds) / sizeof(kinds[0]));
}

static void
write_in_flight(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	char labels[LABELS_MAX];

	metric_number(sink, metric, labels_of(&stats->servers[item], "", labels),
	    stats->servers[item].report.in_flight);
}

static void
write_rtt(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	char labels[LABELS_MAX];

	metric_histogram(
	    sink, metric, labels_of(&stats->servers[item], "", labels), &stats->servers[item].rtt);
}

/* The values of a path (a server over one protocol). */
enum path_fact { PATH_UP, PATH_SINCE, PATH_RTT, PATH_LOSS };

static void
write_permille(
    struct s53_sink *sink, const struct metric *metric, const char *labels, uint32_t permille)
{
	/* a ratio in thousandths is written like a time in milliseconds */
	metric_seconds(sink, metric, labels, (uint64_t)permille * 1000000);
}

static void
write_path_fact(struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric,
    const struct s53_health_report *path, const char *labels)
{
	uint64_t lasted_ms = s53_clock_since_ms(path->since_ms, stats->taken_ms);

	switch ((enum path_fact)metric->which) {
	case PATH_UP:
		metric_number(sink, metric, labels, !s53_health_is_down(path->state));
		break;
	case PATH_SINCE:
		metric_seconds(sink, metric, labels, (stats->taken_wall_ms - lasted_ms) * 1000000);
		break;
	case PATH_RTT:
		if (path->has_rtt)
			metric_seconds(sink, metric, labels, (uint64_t)path->rtt_ms * 1000000);
		break;
	case PATH_LOSS:
		write_permille(sink, metric, labels, path->loss_permille);
		break;
	}
}

static void
write_path(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	const struct s53_stats_server *server = &stats->servers[item];

	for (unsigned over = 0; over < S53_PROTOCOLS; over++) {
		char labels[LABELS_MAX], more[32];

		if (!is_shown(server, over))
			continue;
		snprintf(more, sizeof(more), "over=\"%s\"", protocols[over]);
		write_path_fact(sink, stats, metric, &server->report.path[over],
		    labels_of(server, more, labels));
	}
}

static void
write_state(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	const struct s53_stats_server *server = &stats->servers[item];

	for (unsigned over = 0; over < S53_PROTOCOLS; over++) {
		for (unsigned state = 0; state < S53_HEALTH_STATES && is_shown(server, over);
		     state++) {
			char labels[LABELS_MAX], more[64];

			snprintf(more, sizeof(more), "over=\"%s\",state=\"%s\"", protocols[over],
			    s53_health_state_name((enum s53_health_state)state));
			metric_number(sink, metric, labels_of(server, more, labels),
			    server->report.path[over].state == (enum s53_health_state)state);
		}
	}
}

static const struct metric metrics[] = {
	{ "split53_upstream_up",
	    "1: the server responds over this protocol; 0: it is down or silent.", METRIC_GAUGE,
	    ITEMS_SERVERS, write_path, PATH_UP },
	{ "split53_upstream_state", "1 for the state that the server is in.", METRIC_GAUGE,
	    ITEMS_SERVERS, write_state, 0 },
	{ "split53_upstream_state_since_timestamp_seconds",
	    "When the server entered this state, in seconds since 1970.", METRIC_GAUGE,
	    ITEMS_SERVERS, write_path, PATH_SINCE },
	{ "split53_upstream_queries", "Queries that were sent to the server.", METRIC_COUNTER,
	    ITEMS_SERVERS, write_queries, 0 },
	{ "split53_upstream_responses", "Responses of the server, by rcode.", METRIC_COUNTER,
	    ITEMS_SERVERS, write_responses, 0 },
	{ "split53_upstream_failures",
	    "Queries that failed, by cause: timeout, connection refused, unreachable, or a "
	    "malformed response.",
	    METRIC_COUNTER, ITEMS_SERVERS, write_failures, 0 },
	{ "split53_upstream_overdue", "Queries without a response within the server's usual time.",
	    METRIC_COUNTER, ITEMS_SERVERS, write_traffic, S53_TRAFFIC_OVERDUE },
	{ "split53_upstream_hedges", "Queries that were sent because another server was overdue.",
	    METRIC_COUNTER, ITEMS_SERVERS, write_traffic, S53_TRAFFIC_HEDGE },
	{ "split53_upstream_tcp_fallbacks", "Queries that were repeated over TCP after TC.",
	    METRIC_COUNTER, ITEMS_SERVERS, write_traffic, S53_TRAFFIC_TCP_FALLBACK },
	{ "split53_upstream_edns_fallbacks", "Queries that were repeated without EDNS.",
	    METRIC_COUNTER, ITEMS_SERVERS, write_traffic, S53_TRAFFIC_EDNS_FALLBACK },
	{ "split53_upstream_queries_in_flight", "Queries that wait for the server now.",
	    METRIC_GAUGE, ITEMS_SERVERS, write_in_flight, 0 },
	{ "split53_upstream_smoothed_rtt_seconds", "The smoothed round-trip time (RFC 6298).",
	    METRIC_GAUGE, ITEMS_SERVERS, write_path, PATH_RTT },
	{ "split53_upstream_loss_ratio", "The share of recent queries that were lost.",
	    METRIC_GAUGE, ITEMS_SERVERS, write_path, PATH_LOSS },
	{ "split53_upstream_rtt_seconds", "Round-trip times of the server's responses.",
	    METRIC_HISTOGRAM, ITEMS_SERVERS, write_rtt, 0 },
};

const struct metric_table metrics_server = { metrics, sizeof(metrics) / sizeof(metrics[0]) };
