/* SPDX-License-Identifier: ISC
 *
 * exchange_inside.h - the inside of an exchanger for tests: its endpoints, its descriptors, and the
 * observations that it records of a server, which also reach the real record.
 */
#pragma once

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "transport/endpoint.h"
#include "transport/exchanger.h"
#include "transport/late_reply.h"

static struct s53_observation observations[256];
static unsigned observation_count; /* may exceed the size of the array */

static inline void
spy_on_observe(struct s53_upstream *upstream, struct s53_observation observation, uint64_t now_ms)
{
	if (observation_count < sizeof(observations) / sizeof(observations[0]))
		observations[observation_count] = observation;
	observation_count++;
	s53_upstream_observe(upstream, observation, now_ms);
}

/* replaces the object of the archive */
#define s53_upstream_observe spy_on_observe
#include "transport/observe.c"
#undef s53_upstream_observe

static inline void
assert_observed(unsigned index, enum s53_observed event, enum s53_protocol over, uint32_t waited_ms)
{
	assert_true(index < observation_count);
	assert_int_equal(observations[index].event, event);
	assert_int_equal(observations[index].over, over);
	assert_in_range(
	    observations[index].waited_ms, waited_ms, waited_ms + 2 * S53_WHEEL_TICK_MS);
}

static inline unsigned
open_fds(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 4096; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			count++;
	}
	return count;
}

static inline unsigned
endpoints(const struct s53_exchanger *exchanger, struct s53_endpoint **first)
{
	unsigned count = 0;

	for (unsigned i = 0; i < S53_ENDPOINT_BUCKETS; i++) {
		S53_LIST_EACH (&exchanger->endpoints[i], it) {
			*first = S53_CONTAINER_OF(it, struct s53_endpoint, link);
			count++;
		}
	}
	return count;
}
