/* SPDX-License-Identifier: ISC
 *
 * stats.h - all statistics of the process, collected at one time and written in several formats.
 *
 * Layer    stats
 * Threads  main thread; the counters of the workers are read while the workers run
 * Memory   a collection owns its lists. The names of zones and views in it are the tally book's
 * Units    ns, ms, octets, seconds, as the names say
 *
 * One collector, three writers: s53_stats_print() for the dump and the control channel,
 * prometheus.h and json.h (private) for the statistics channels. The daemon supplies the rest
 * through struct s53_stats_source.
 */
#pragma once

#include <stdio.h>

#include <split53/cache.h>
#include <split53/counter.h>
#include <split53/tally_book.h>
#include <split53/traffic.h>

struct s53_policy;
struct s53_registry;
struct s53_stats_http;

/* Data of the process as a whole, supplied by the daemon. */
struct s53_stats_process {
	const struct s53_policy *policy; /* in force; valid while the main thread does not return */
	unsigned workers;
	unsigned pending, pending_max; /* queries that wait, and recursive-clients */
	unsigned tcp_clients, tcp_clients_max; /* UINT_MAX: no limit */
	bool listening; /* on one address at least */
	bool draining;
	uint64_t started_wall_ms; /* since 1970 */
	uint64_t configured_wall_ms; /* the last load of the files that succeeded */
	uint64_t reloads, reloads_failed;
	bool last_reload_failed;
	/* of the control channels: commands executed; messages and connections refused */
	uint64_t commands, commands_refused;
};

struct s53_stats_source {
	struct s53_registry *registry;
	const struct s53_tally_book *book;
	/* The counters of worker `index`; NULL: there is none. */
	const struct s53_counters *(*counters)(void *arg, unsigned index);
	void (*process)(void *arg, struct s53_stats_process *out);
	const struct s53_stats_http *http; /* the statistics channels' own; NULL: there are none */
	void *arg;
};

/* A copy of a histogram. */
struct s53_stats_histogram {
	uint64_t bucket[S53_HISTOGRAM_BUCKETS];
	uint64_t sum_ns;
};

struct s53_stats_server {
	struct s53_upstream_report report;
	unsigned variant; /* of those with this address: 1, 2 ... They differ in their options */
	uint64_t traffic[S53_TRAFFIC_KINDS];
	struct s53_stats_histogram rtt;
};

struct s53_stats_zone {
	const struct s53_tally_name *name;
	uint64_t tally[S53_TALLY_KINDS];
};

/* From the system; 0: not known. */
struct s53_stats_system {
	uint64_t cpu_ns, resident_octets, virtual_octets;
	uint64_t open_fds, max_fds;
};

/* HTTP responses of the statistics channels, by status code. */
enum s53_stats_code {
	S53_STATS_OK,
	S53_STATS_FORBIDDEN, /* 403: `allow` */
	S53_STATS_NOT_FOUND,
	S53_STATS_BAD_METHOD,
	S53_STATS_UNAVAILABLE, /* 503: not ready, or too many replies in progress */
	S53_STATS_CODES
};

struct s53_stats_http {
	uint64_t answers[S53_STATS_CODES];
	unsigned connections; /* open now */
	uint64_t evicted; /* idle connections that were closed for a new one */
};

struct s53_stats {
	struct s53_stats_process process; /* its policy is not valid any more */
	struct s53_stats_system system;
	struct s53_stats_http http;
	uint64_t taken_ms, taken_wall_ms;
	uint64_t counter[S53_C_COUNT]; /* over all workers */
	struct s53_stats_histogram latency[S53_LATENCIES];
	uint64_t log_lost;
	bool has_cache;
	struct s53_cache_usage cache;
	uint64_t cache_octets_max;
	struct s53_stats_server *servers;
	size_t server_count;
	/*
	 * Zones of the policy in use. If there are more than S53_STATS_ZONES_MAX: at most that many
	 * zones that have had queries, and the first entry is the sum of all others.
	 */
	struct s53_stats_zone *zones;
	size_t zone_count;
	/* Sums, also of zones that are gone, so that they never fall; `name` is that of one zone */
	struct s53_stats_zone *views;
	size_t view_count;
};

#define S53_STATS_ZONES_MAX 16000

/* NULL: no memory. */
struct s53_stats *s53_stats_collect(const struct s53_stats_source *source);
void s53_stats_free(struct s53_stats *stats); /* NULL is fine */

/*
 * Write it in the form of BIND's named.stats, without counters that are 0. Each line begins with
 * `prefix`, which makes it a comment in a dump; "" for statistics-file.
 */
void s53_stats_print(const struct s53_stats *stats, const char *prefix, FILE *out);
