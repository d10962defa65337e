/* SPDX-License-Identifier: ISC
 *
 * clock.h - the time, replaceable in tests.
 *
 * Layer    base
 * Threads  any
 * Memory   none
 * Units    ms, ns: of the monotonic clock since an arbitrary start; s: seconds since 1970.
 */
#pragma once

#include <stdint.h>

uint64_t s53_clock_ms(void);
uint64_t s53_clock_ns(void); /* the same clock */
uint64_t s53_clock_wall_s(void);

/*
 * How long the machine has been suspended since boot, which s53_clock_ms() does not count. Two
 * readings may differ by a millisecond without a suspend between them.
 */
int64_t s53_clock_suspended_ms(void);

/* The time from `then_ms` to `now_ms`; 0 when `then_ms` is later. */
static inline uint64_t
s53_clock_since_ms(uint64_t then_ms, uint64_t now_ms)
{
	return now_ms > then_ms ? now_ms - then_ms : 0;
}

/* For tests: s53_clock_ms() returns `now_ms` from now on; UINT64_MAX restores the real clock. */
void s53_clock_test_set(uint64_t now_ms);
