/* SPDX-License-Identifier: ISC
 *
 * clock.c - the kernel's clocks, or the one that a test has set.
 */
#include <stdatomic.h>
#include <time.h>

#include <split53/clock.h>

static _Atomic uint64_t test_now_ms = UINT64_MAX; /* UINT64_MAX: the real clock */

uint64_t
s53_clock_ms(void)
{
	uint64_t set_ms = atomic_load_explicit(&test_now_ms, memory_order_relaxed);
	struct timespec now;

	if (set_ms != UINT64_MAX)
		return set_ms;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t
s53_clock_ns(void)
{
	uint64_t set_ms = atomic_load_explicit(&test_now_ms, memory_order_relaxed);
	struct timespec now;

	if (set_ms != UINT64_MAX)
		return set_ms * 1000000;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t
s53_clock_wall_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

int64_t
s53_clock_suspended_ms(void)
{
	struct timespec awake, all;

	if (clock_gettime(CLOCK_MONOTONIC, &awake) != 0 || clock_gettime(CLOCK_BOOTTIME, &all) != 0)
		return 0;
	return (int64_t)(all.tv_sec - awake.tv_sec) * 1000 +
	    (all.tv_nsec - awake.tv_nsec) / 1000000;
}

void
s53_clock_test_set(uint64_t now_ms)
{
	atomic_store_explicit(&test_now_ms, now_ms, memory_order_relaxed);
}
