/* SPDX-License-Identifier: ISC
 *
 * histogram.h - times in nanoseconds, each with an error of at most one part in 64.
 *
 * Up to 128 ns each value has its own bucket; above, each power of two is divided into 64 buckets.
 * Times above 2^40 ns (18 minutes) count as that.
 */
#pragma once

#include <stdint.h>

#define BENCH_BUCKETS_PER_POWER 64
#define BENCH_BUCKETS (36 * BENCH_BUCKETS_PER_POWER)

struct bench_histogram {
	uint64_t count;
	uint64_t sum_ns, max_ns;
	uint64_t buckets[BENCH_BUCKETS];
};

static inline unsigned
bench_histogram_bucket(uint64_t ns)
{
	unsigned shift;

	if (ns < 2 * BENCH_BUCKETS_PER_POWER)
		return (unsigned)ns;
	if (ns >= UINT64_C(1) << 40)
		return BENCH_BUCKETS - 1;
	shift = 63u - 6u - (unsigned)__builtin_clzll(ns);
	return shift * BENCH_BUCKETS_PER_POWER + (unsigned)(ns >> shift);
}

static inline void
bench_histogram_add(struct bench_histogram *histogram, uint64_t ns)
{
	histogram->count++;
	histogram->sum_ns += ns;
	if (ns > histogram->max_ns)
		histogram->max_ns = ns;
	histogram->buckets[bench_histogram_bucket(ns)]++;
}

/*
 * The time that `share` (0 to 1) of all values do not exceed, at most 1/64 too long. 0: no values.
 */
uint64_t bench_histogram_at(const struct bench_histogram *histogram, double share);
