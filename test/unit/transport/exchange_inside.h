/* SPDX-License-Identifier: ISC
 *
 * exchange_inside.h - what tests see of an exchanger from inside: its endpoints, its descriptors,
 * and the observations that it records of a server, on their way to the real record.
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

static struct s53_observation signs[256];
static unsigned sign_count; /* more than there is room for are counted */

static inline void
spy_on_note(struct s53_upstream *upstream, struct s53_observation sign, uint64_t now_ms)
{
	if (sign_count < sizeof(signs) / sizeof(signs[0]))
		signs[sign_count] = sign;
	sign_count++;
	s53_upstream_observe(upstream, sign, now_ms);
}

/* In the place of the archive's. */
#define s53_upstream_observe spy_on_note
#include "transport/observe.c"
#undef s53_upstream_observe

static inline void
assert_sign(unsigned index, enum s53_observed event, enum s53_protocol over, uint32_t waited_ms)
{
	assert_true(index < sign_count);
	assert_int_equal(signs[index].event, event);
	assert_int_equal(signs[index].over, over);
	assert_in_range(signs[index].waited_ms, waited_ms, waited_ms + 2 * S53_WHEEL_TICK_MS);
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
