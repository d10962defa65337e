/* SPDX-License-Identifier: ISC
 *
 * clock.h - the time, replaceable in tests.
 *
 * Layer    base
 * Threads  any
 * Memory   none
 * Units    ms: milliseconds of the monotonic clock since an arbitrary start; s: seconds since 1970.
 */
#pragma once

#include <stdint.h>

uint64_t s53_clock_ms(void);
uint64_t s53_clock_wall_s(void);

/* For tests: from now on s53_clock_ms() says `now_ms`; UINT64_MAX gives the real clock back. */
void s53_clock_test_set(uint64_t now_ms);
