/* SPDX-License-Identifier: ISC
 *
 * rand.c - unpredictable numbers out of a small buffer per thread.
 *
 * libevent's generator takes a lock (or makes a system call) for each request, so every thread
 * fetches many bytes at once. Bytes are wiped when they are used: memory does not reveal past IDs.
 * The lock here makes refilling safe even before libevent is told of threads.
 */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <event2/util.h>

#include <split53/rand.h>

#define BUFFER_LEN 1024

struct source {
	size_t left; /* unused bytes, at the front of the buffer */
	bool repeatable; /* s53_rand_test_seed() was called */
	uint64_t state; /* of the repeatable sequence */
	uint8_t octets[BUFFER_LEN];
};

static _Thread_local struct source source;
static pthread_mutex_t refill_lock = PTHREAD_MUTEX_INITIALIZER;

/* SplitMix64 (Steele, Lea, Flood 2014): only for tests. */
static uint64_t
repeatable_next(uint64_t *state)
{
	uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ (mixed >> 31);
}

static void
refill(void)
{
	if (source.repeatable) {
		for (size_t at = 0; at < BUFFER_LEN; at += sizeof(uint64_t)) {
			uint64_t number = repeatable_next(&source.state);

			memcpy(source.octets + at, &number, sizeof(number));
		}
	} else {
		pthread_mutex_lock(&refill_lock);
		evutil_secure_rng_get_bytes(source.octets, BUFFER_LEN);
		pthread_mutex_unlock(&refill_lock);
	}
	source.left = BUFFER_LEN;
}

void
s53_rand_fill(void *out, size_t len)
{
	uint8_t *to = out;

	while (len > 0) {
		if (source.left == 0)
			refill();
		size_t part = len < source.left ? len : source.left;

		source.left -= part;
		memcpy(to, source.octets + source.left, part);
		memset(source.octets + source.left, 0, part);
		to += part;
		len -= part;
	}
}

uint16_t
s53_rand_u16(void)
{
	uint16_t number;

	s53_rand_fill(&number, sizeof(number));
	return number;
}

uint32_t
s53_rand_u32(void)
{
	uint32_t number;

	s53_rand_fill(&number, sizeof(number));
	return number;
}

uint64_t
s53_rand_u64(void)
{
	uint64_t number;

	s53_rand_fill(&number, sizeof(number));
	return number;
}

/* Lemire's multiplication; numbers that would make it biased are rejected. */
uint32_t
s53_rand_below(uint32_t bound)
{
	uint64_t product = (uint64_t)s53_rand_u32() * bound;

	if ((uint32_t)product < bound) {
		uint32_t uneven = (0U - bound) % bound;

		while ((uint32_t)product < uneven)
			product = (uint64_t)s53_rand_u32() * bound;
	}
	return (uint32_t)(product >> 32);
}

void
s53_rand_test_seed(uint64_t seed)
{
	source.repeatable = true;
	source.state = seed;
	source.left = 0;
}
