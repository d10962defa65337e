/* SPDX-License-Identifier: ISC
 *
 * histogram.c - see histogram.h.
 */
#include <split53/histogram.h>

#define DECADE(ns) UINT64_C(ns), UINT64_C(2) * (ns), UINT64_C(5) * (ns)

const uint64_t s53_histogram_bounds_ns[S53_HISTOGRAM_BOUNDS] = { DECADE(1000), DECADE(10000),
	DECADE(100000), DECADE(1000000), DECADE(10000000), DECADE(100000000), DECADE(1000000000),
	UINT64_C(10000000000) };

unsigned
s53_histogram_bucket(uint64_t ns)
{
	unsigned low = 0, high = S53_HISTOGRAM_BOUNDS;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (ns <= s53_histogram_bounds_ns[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void
raise_own(_Atomic uint64_t *value, uint64_t by)
{
	uint64_t was = atomic_load_explicit(value, memory_order_relaxed);

	atomic_store_explicit(value, was + by, memory_order_relaxed);
}

void
s53_histogram_count(struct s53_histogram *histogram, uint64_t ns, uint64_t times)
{
	raise_own(&histogram->bucket[s53_histogram_bucket(ns)], times);
	raise_own(&histogram->sum_ns, ns * times);
}

void
s53_histogram_add(struct s53_histogram *histogram, uint64_t ns)
{
	atomic_fetch_add_explicit(
	    &histogram->bucket[s53_histogram_bucket(ns)], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum_ns, ns, memory_order_relaxed);
}
