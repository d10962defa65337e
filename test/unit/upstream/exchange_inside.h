/* SPDX-License-Identifier: ISC
 *
 * exchange_inside.h - what tests see of an exchanger from inside: its lanes, its descriptors, and
 * the signs that it notes of a server, on their way to the real record.
 */
#pragma once

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "upstream/inside.h"

static struct s53_upstream_sign signs[256];
static unsigned sign_count; /* more than there is room for are counted */

static inline void
spy_on_note(struct s53_upstream *upstream, struct s53_upstream_sign sign, uint64_t now_ms)
{
	if (sign_count < sizeof(signs) / sizeof(signs[0]))
		signs[sign_count] = sign;
	sign_count++;
	s53_upstream_note(upstream, sign, now_ms);
}

/* In the place of the archive's. */
#define s53_upstream_note spy_on_note
#include "upstream/notes.c"
#undef s53_upstream_note

static inline void
assert_sign(
    unsigned index, enum s53_upstream_event event, enum s53_protocol over, uint32_t waited_ms)
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
lanes(const struct s53_exchanger *exchanger, struct s53_lane **first)
{
	unsigned count = 0;

	for (unsigned i = 0; i < S53_LANE_BUCKETS; i++) {
		S53_LIST_EACH (&exchanger->lanes[i], it) {
			*first = S53_CONTAINER_OF(it, struct s53_lane, link);
			count++;
		}
	}
	return count;
}
