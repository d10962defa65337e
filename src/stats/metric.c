/* SPDX-License-Identifier: ISC
 *
 * metric.c - samples in the text formats of Prometheus.
 */
#include "metric.h"

/* As OpenMetrics spells floating point numbers. */
static const char *const bounds[S53_HISTOGRAM_BUCKETS] = { "1e-06", "2e-06", "5e-06", "1e-05",
	"2e-05", "5e-05", "0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005", "0.01", "0.02",
	"0.05", "0.1", "0.2", "0.5", "1.0", "2.0", "5.0", "10.0", "+Inf" };

static void
begin(struct s53_sink *sink, const char *name, const char *suffix, const char *labels)
{
	s53_sink_text(sink, name);
	s53_sink_text(sink, suffix);
	if (labels[0] != '\0') {
		s53_sink_text(sink, "{");
		s53_sink_text(sink, labels);
		s53_sink_text(sink, "}");
	}
	s53_sink_text(sink, " ");
}

void
metric_begin(struct s53_sink *sink, const struct metric *metric, const char *labels)
{
	begin(sink, metric->name, metric->type == METRIC_COUNTER ? "_total" : "", labels);
}

void
metric_end(struct s53_sink *sink)
{
	s53_sink_text(sink, "\n");
}

void
metric_number(
    struct s53_sink *sink, const struct metric *metric, const char *labels, uint64_t number)
{
	metric_begin(sink, metric, labels);
	s53_sink_number(sink, number);
	metric_end(sink);
}

void
metric_seconds(struct s53_sink *sink, const struct metric *metric, const char *labels, uint64_t ns)
{
	metric_begin(sink, metric, labels);
	s53_sink_seconds(sink, ns);
	metric_end(sink);
}

static void
write_bucket(struct s53_sink *sink, const struct metric *metric, const char *labels,
    const char *bound, uint64_t count)
{
	s53_sink_text(sink, metric->name);
	s53_sink_text(sink, "_bucket{");
	s53_sink_text(sink, labels);
	s53_sink_text(sink, labels[0] != '\0' ? ",le=\"" : "le=\"");
	s53_sink_text(sink, bound);
	s53_sink_text(sink, "\"} ");
	s53_sink_number(sink, count);
	metric_end(sink);
}

void
metric_histogram(struct s53_sink *sink, const struct metric *metric, const char *labels,
    const struct s53_stats_histogram *histogram)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < S53_HISTOGRAM_BUCKETS; i++) {
		count += histogram->bucket[i];
		write_bucket(sink, metric, labels, bounds[i], count);
	}
	begin(sink, metric->name, "_sum", labels);
	s53_sink_seconds(sink, histogram->sum_ns);
	metric_end(sink);
	begin(sink, metric->name, "_count", labels);
	s53_sink_number(sink, count);
	metric_end(sink);
}
