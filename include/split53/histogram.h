/* SPDX-License-Identifier: ISC
 *
 * histogram.h - a histogram of durations.
 *
 * Layer    base
 * Threads  count(): only the owner of the histogram; add(): any; both may be read by any
 * Memory   a plain object, embedded in its owner; zeroed it is empty
 * Units    ns
 *
 * The upper bounds of the buckets are 1, 2 and 5 of each decade from 1 us to 10 s; longer durations
 * are in the last bucket. A bound is inclusive, like `le` of Prometheus.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define S53_HISTOGRAM_BOUNDS 22
#define S53_HISTOGRAM_BUCKETS (S53_HISTOGRAM_BOUNDS + 1)

struct s53_histogram {
	_Atomic uint64_t bucket[S53_HISTOGRAM_BUCKETS]; /* not cumulative */
	_Atomic uint64_t sum_ns;
};

extern const uint64_t s53_histogram_bounds_ns[S53_HISTOGRAM_BOUNDS];

/* The bucket of a duration. */
unsigned s53_histogram_bucket(uint64_t ns);

/* Count `times` durations of `ns`; only the owner calls it. */
void s53_histogram_count(struct s53_histogram *histogram, uint64_t ns, uint64_t times);

/* Count one duration, in a histogram that several threads write. */
void s53_histogram_add(struct s53_histogram *histogram, uint64_t ns);
