/* SPDX-License-Identifier: ISC
 *
 * metric.h - the tables of metrics: name, meaning, and the source of the value.
 *
 * Layer    stats, private to prometheus.c and the metrics_*.c files
 * Threads  main thread
 * Memory   constant tables
 *
 * A metric has one item for the process, or one for each server, zone or view. An item is one
 * sample, several samples that differ in a label, or a histogram.
 */
#pragma once

#include <split53/stats.h>

#include "sink.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
enum metric_items { ITEMS_PROCESS, ITEMS_CACHE, ITEMS_SERVERS, ITEMS_ZONES, ITEMS_VIEWS };

struct metric {
	const char *name; /* without _total */
	const char *help;
	enum metric_type type;
	enum metric_items items;
	void (*write)(struct s53_sink *sink, const struct s53_stats *stats,
	    const struct metric *metric, size_t item);
	unsigned which; /* argument of write() */
};

struct metric_table {
	const struct metric *metrics;
	size_t count;
};

extern const struct metric_table metrics_process, metrics_server, metrics_zone;

/* The meaning of a counter of counter.h. */
const char *metric_counter_help(enum s53_counter counter);

/* --- for write() ------------------------------------------------------------------------------ */

/*
 * Begin a sample: its name and, if not "", labels. The caller adds a number, then calls
 * metric_end().
 */
void metric_begin(struct s53_sink *sink, const struct metric *metric, const char *labels);
void metric_end(struct s53_sink *sink);

/* A whole sample. */
void metric_number(
    struct s53_sink *sink, const struct metric *metric, const char *labels, uint64_t number);
void metric_seconds(
    struct s53_sink *sink, const struct metric *metric, const char *labels, uint64_t ns);

void metric_histogram(struct s53_sink *sink, const struct metric *metric, const char *labels,
    const struct s53_stats_histogram *histogram);
