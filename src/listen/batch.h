/* SPDX-License-Identifier: ISC
 *
 * batch.h - measures the latency of cache hits, once for each batch of queries.
 *
 * Layer    listen (private)
 * Threads  the worker's own
 * Memory   plain values, on the stack
 * Units    ns, ms
 *
 * Replies to the hits of a batch are sent together, with one system call. So one reading of the
 * clock after the batch was received and one after that call give the latency of each of them, and
 * no hit has to read the clock itself. Time in the kernel before the receipt is not included.
 */
#pragma once

#include <split53/clock.h>

#include "context.h"

struct s53_batch_clock {
	uint64_t began_ns;
	uint64_t hits; /* counted before */
};

/* A batch was received. */
static inline struct s53_batch_clock
s53_batch_begin(const struct s53_listen_context *context)
{
	struct s53_batch_clock clock = { .began_ns = s53_clock_ns(),
		.hits = s53_counter_read(context->counters, S53_C_FIND_HIT) };

	s53_resolver_received(context->resolver, clock.began_ns);
	return clock;
}

static inline uint64_t
s53_batch_ms(const struct s53_batch_clock *clock)
{
	return clock->began_ns / 1000000;
}

/* The replies of the batch have been sent, except those of queries that wait. */
static inline void
s53_batch_end(const struct s53_listen_context *context, const struct s53_batch_clock *clock)
{
	struct s53_counters *counters = context->counters;
	uint64_t hits = s53_counter_read(counters, S53_C_FIND_HIT) - clock->hits;

	if (hits > 0)
		s53_histogram_count(
		    &counters->latency[S53_LATENCY_HIT], s53_clock_ns() - clock->began_ns, hits);
}
