/* SPDX-License-Identifier: ISC
 *
 * random.h - numbers that look random and can be repeated: splitmix64.
 */
#pragma once

#include <stdint.h>

struct bench_random {
	uint64_t state;
};

static inline uint64_t
bench_mix(uint64_t value)
{
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return value ^ (value >> 31);
}

static inline uint64_t
bench_random_next(struct bench_random *random)
{
	return bench_mix(random->state += 0x9e3779b97f4a7c15u);
}

/* Below `limit`, which is less than 2^32. */
static inline uint32_t
bench_random_below(struct bench_random *random, uint32_t limit)
{
	return (uint32_t)((bench_random_next(random) >> 32) * limit >> 32);
}

/* In [0, 1). */
static inline double
bench_random_real(struct bench_random *random)
{
	return (double)(bench_random_next(random) >> 11) * 0x1p-53;
}
