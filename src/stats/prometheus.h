/* SPDX-License-Identifier: ISC
 *
 * prometheus.h - writes a collection in the text formats of Prometheus, in pieces.
 *
 * Layer    stats, private
 * Threads  main thread
 * Memory   none; the collection must outlive the exposition
 * Sources  Prometheus, "Exposition formats" (text 0.0.4); OpenMetrics 1.0
 */
#pragma once

#include <split53/stats.h>

#include "sink.h"

#define S53_PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define S53_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* The state of the writer; the caller sets the first two members, the rest is zero. */
struct s53_exposition {
	const struct s53_stats *stats;
	bool openmetrics;
	size_t metric, item;
};

/* Append about `len` octets, or all that is left, to `sink`. false: nothing is left. */
bool s53_exposition_write(struct s53_exposition *exposition, struct s53_sink *sink, size_t len);
