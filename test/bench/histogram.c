/* SPDX-License-Identifier: ISC
 *
 * histogram.c - reading a histogram of times.
 */
#include "histogram.h"

#include <math.h>

/* The longest time that falls into a bucket. */
static uint64_t
bucket_end(unsigned bucket)
{
	unsigned shift;

	if (bucket < 2 * BENCH_BUCKETS_PER_POWER)
		return bucket;
	shift = bucket / BENCH_BUCKETS_PER_POWER - 1;
	return ((uint64_t)(bucket % BENCH_BUCKETS_PER_POWER + BENCH_BUCKETS_PER_POWER + 1)
		   << shift) -
	    1;
}

uint64_t
bench_histogram_at(const struct bench_histogram *histogram, double share)
{
	uint64_t wanted = (uint64_t)ceil(share * (double)histogram->count), seen = 0;

	if (wanted == 0)
		wanted = histogram->count > 0;
	for (unsigned i = 0; i < BENCH_BUCKETS && wanted > 0; i++) {
		seen += histogram->buckets[i];
		if (seen >= wanted) {
			uint64_t end = bucket_end(i);

			return end < histogram->max_ns ? end : histogram->max_ns;
		}
	}
	return histogram->max_ns;
}
