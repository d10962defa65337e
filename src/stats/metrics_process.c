/* SPDX-License-Identifier: ISC
 *
 * metrics_process.c - metrics of the process, the cache and the statistics channels.
 */
#include <limits.h>
#include <stddef.h>

#include "metric.h"

/* A 64-bit number at an offset in the collection. */
static void
write_number(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	const uint64_t *number = (const void *)((const char *)stats + metric->which);

	(void)item;
	metric_number(sink, metric, "", *number);
}

/* A limit or a count of type unsigned; +Inf: no limit. */
static void
write_unsigned(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	const unsigned *number = (const void *)((const char *)stats + metric->which);

	(void)item;
	metric_begin(sink, metric, "");
	if (*number == UINT_MAX)
		s53_sink_text(sink, "+Inf");
	else
		s53_sink_number(sink, *number);
	metric_end(sink);
}

/* A time in ms since 1970. */
static void
write_time(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	const uint64_t *wall_ms = (const void *)((const char *)stats + metric->which);

	(void)item;
	metric_seconds(sink, metric, "", *wall_ms * 1000000);
}

static void
write_cpu(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	(void)item;
	metric_seconds(sink, metric, "", stats->system.cpu_ns);
}

static void
write_build(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	(void)stats;
	(void)item;
	metric_number(sink, metric, "version=\"" S53_VERSION "\"", 1);
}

static void
write_ready(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	(void)item;
	metric_number(
	    sink, metric, "", stats->process.listening && !stats->process.draining ? 1 : 0);
}

static void
write_reload_state(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	(void)item;
	metric_number(sink, metric, "", stats->process.last_reload_failed ? 0 : 1);
}

static void
write_reloads(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	(void)item;
	metric_number(sink, metric, "result=\"failed\"", stats->process.reloads_failed);
	metric_number(
	    sink, metric, "result=\"ok\"", stats->process.reloads - stats->process.reloads_failed);
}

static void
write_latency(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	(void)item;
	metric_histogram(sink, metric, "source=\"cache\"", &stats->latency[S53_LATENCY_HIT]);
	metric_histogram(sink, metric, "source=\"upstream\"", &stats->latency[S53_LATENCY_MISS]);
}

static void
write_http(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	static const char *const labels[S53_STATS_CODES] = {
		[S53_STATS_OK] = "code=\"200\"",
		[S53_STATS_FORBIDDEN] = "code=\"403\"",
		[S53_STATS_NOT_FOUND] = "code=\"404\"",
		[S53_STATS_BAD_METHOD] = "code=\"405\"",
		[S53_STATS_UNAVAILABLE] = "code=\"503\"",
	};

	(void)item;
	for (unsigned i = 0; i < S53_STATS_CODES; i++)
		metric_number(sink, metric, labels[i], stats->http.answers[i]);
}

#define AT(member) .which = offsetof(struct s53_stats, member)

static const struct metric metrics[] = {
	{ "split53_build_info", "The version that runs; always 1.", METRIC_GAUGE,
	    .write = write_build },
	{ "split53_ready", "1: split53 listens on an address and is not shutting down.",
	    METRIC_GAUGE, .write = write_ready },
	{ "split53_workers", "Threads that serve clients.", METRIC_GAUGE, .write = write_unsigned,
	    AT(process.workers) },
	{ "split53_config_last_reload_successful",
	    "1: the last reload succeeded, or there was none.", METRIC_GAUGE,
	    .write = write_reload_state },
	{ "split53_config_reloads", "Reloads of the configuration.", METRIC_COUNTER,
	    .write = write_reloads },
	{ "split53_config_loaded_timestamp_seconds",
	    "When the configuration in use was loaded, in seconds since 1970.", METRIC_GAUGE,
	    .write = write_time, AT(process.configured_wall_ms) },
	{ "split53_answer_latency_seconds",
	    "Time from the receipt of a query until its reply is passed to the kernel, for answers "
	    "from the cache and for replies that waited for a server.",
	    METRIC_HISTOGRAM, .write = write_latency },
	{ "split53_pending_queries", "Queries that wait for a server now.", METRIC_GAUGE,
	    .write = write_unsigned, AT(process.pending) },
	{ "split53_pending_queries_limit", "recursive-clients.", METRIC_GAUGE,
	    .write = write_unsigned, AT(process.pending_max) },
	{ "split53_tcp_connections", "TCP connections of clients now.", METRIC_GAUGE,
	    .write = write_unsigned, AT(process.tcp_clients) },
	{ "split53_tcp_connections_limit", "tcp-clients.", METRIC_GAUGE, .write = write_unsigned,
	    AT(process.tcp_clients_max) },
	{ "split53_log_lines_lost", "Log lines that could not be written.", METRIC_COUNTER,
	    .write = write_number, AT(log_lost) },
	{ "split53_cache_entries", "Answers and failures in the cache, including expired ones.",
	    METRIC_GAUGE, ITEMS_CACHE, write_number, AT(cache.entries) },
	{ "split53_cache_bytes", "Memory used by the entries of the cache.", METRIC_GAUGE,
	    ITEMS_CACHE, write_number, AT(cache.octets) },
	{ "split53_cache_limit_bytes", "max-cache-size.", METRIC_GAUGE, ITEMS_CACHE, write_number,
	    AT(cache_octets_max) },
	{ "split53_cache_evictions", "Entries evicted from the cache to make room.", METRIC_COUNTER,
	    ITEMS_CACHE, write_number, AT(cache.evictions) },
	{ "split53_statistics_answers",
	    "HTTP responses of the statistics channels, by status code.", METRIC_COUNTER,
	    .write = write_http },
	{ "split53_statistics_connections", "Open connections of the statistics channels.",
	    METRIC_GAUGE, .write = write_unsigned, AT(http.connections) },
	{ "split53_statistics_evictions",
	    "Idle connections of the statistics channels that were closed for a new one.",
	    METRIC_COUNTER, .write = write_number, AT(http.evicted) },
	{ "split53_control_commands", "Commands of the control channels.", METRIC_COUNTER,
	    .write = write_number, AT(process.commands) },
	{ "split53_control_refused",
	    "Messages and connections that the control channels have refused.", METRIC_COUNTER,
	    .write = write_number, AT(process.commands_refused) },
	{ "process_start_time_seconds", "When the process started, in seconds since 1970.",
	    METRIC_GAUGE, .write = write_time, AT(process.started_wall_ms) },
	{ "process_cpu_seconds", "Processor time of the process.", METRIC_COUNTER,
	    .write = write_cpu },
	{ "process_resident_memory_bytes", "Memory that is resident.", METRIC_GAUGE,
	    .write = write_number, AT(system.resident_octets) },
	{ "process_virtual_memory_bytes", "Address space.", METRIC_GAUGE, .write = write_number,
	    AT(system.virtual_octets) },
	{ "process_open_fds", "Open file descriptors.", METRIC_GAUGE, .write = write_number,
	    AT(system.open_fds) },
	{ "process_max_fds", "Limit of file descriptors.", METRIC_GAUGE, .write = write_number,
	    AT(system.max_fds) },
};

const struct metric_table metrics_process = { metrics, sizeof(metrics) / sizeof(metrics[0]) };
