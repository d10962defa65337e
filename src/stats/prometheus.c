/* SPDX-License-Identifier: ISC
 *
 * prometheus.c - the order of the metrics, and the HELP and TYPE lines before their samples.
 *
 * The counters of counter.h come first, one metric each, named after the counter. The tables of the
 * metrics_*.c files follow.
 */
#include "prometheus.h"

#include <stdio.h>

#include "metric.h"

#define NAME_MAX 80

static const struct metric_table *const tables[] = { &metrics_process, &metrics_server,
	&metrics_zone };
#define TABLES (sizeof(tables) / sizeof(tables[0]))

static void
write_counter(
    struct s53_sink *sink, const struct s53_stats *stats, const struct metric *metric, size_t item)
{
	(void)item;
	metric_number(sink, metric, "", stats->counter[metric->which]);
}

/* The metric of a counter: "find-hit" becomes split53_find_hit. */
static struct metric
metric_of_counter(enum s53_counter counter, char name[static NAME_MAX])
{
	struct metric metric = { .name = name,
		.help = metric_counter_help(counter),
		.type = METRIC_COUNTER,
		.write = write_counter,
		.which = counter };

	snprintf(name, NAME_MAX, "split53_%s", s53_counter_name(counter));
	for (char *at = name; *at != '\0'; at++)
		if (*at == '-')
			*at = '_';
	return metric;
}

/* Get metric number `index`. false: there is none. */
static bool
find_metric(size_t index, struct metric *out, char name[static NAME_MAX])
{
	if (index < S53_C_COUNT) {
		*out = metric_of_counter((enum s53_counter)index, name);
		return true;
	}
	index -= S53_C_COUNT;
	for (size_t i = 0; i < TABLES; i++) {
		if (index < tables[i]->count) {
			*out = tables[i]->metrics[index];
			return true;
		}
		index -= tables[i]->count;
	}
	return false;
}

static size_t
item_count(const struct s53_stats *stats, const struct metric *metric)
{
	switch (metric->items) {
	case ITEMS_CACHE:
		return stats->has_cache;
	case ITEMS_SERVERS:
		return stats->server_count;
	case ITEMS_ZONES:
		return stats->zone_count;
	case ITEMS_VIEWS:
		return stats->view_count;
	default:
		return 1;
	}
}

/*
 * Write HELP and TYPE. OpenMetrics names a counter without _total there; the older format uses the
 * name of the samples.
 */
static void
write_head(struct s53_sink *sink, const struct metric *metric, bool openmetrics)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	const char *suffix = metric->type == METRIC_COUNTER && !openmetrics ? "_total" : "";
	const char *const parts[] = { "# HELP ", metric->name, suffix, " ", metric->help,
		"\n# TYPE ", metric->name, suffix, " ", types[metric->type], "\n" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		s53_sink_text(sink, parts[i]);
}

/* Write some items of the metric. false: it has no more. */
static bool
write_items(struct s53_exposition *exposition, const struct metric *metric, struct s53_sink *sink,
    size_t len)
{
	size_t count = item_count(exposition->stats, metric);

	if (exposition->item == 0 && count > 0)
		write_head(sink, metric, exposition->openmetrics);
	while (exposition->item < count) {
		/* at least one item: a piece must not end right after the HELP and TYPE lines */
		if (sink->len >= len && exposition->item > 0)
			return true;
		metric->write(sink, exposition->stats, metric, exposition->item++);
	}
	return false;
}

bool
s53_exposition_write(struct s53_exposition *exposition, struct s53_sink *sink, size_t len)
{
	struct metric metric;
	char name[NAME_MAX];

	while (find_metric(exposition->metric, &metric, name)) {
		if (sink->len >= len && exposition->item == 0)
			return true;
		if (write_items(exposition, &metric, sink, len))
			return true;
		exposition->metric++;
		exposition->item = 0;
	}
	if (exposition->openmetrics)
		s53_sink_text(sink, "# EOF\n");
	return false;
}
