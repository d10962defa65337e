/* SPDX-License-Identifier: ISC
 *
 * hash.c - XXH3 with a secret seed.
 *
 * XXH3 is inlined: keys are names of some tens of bytes, for which a call into a shared library
 * would cost as much as the hash itself.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <split53/hash.h>
#include <split53/rand.h>

static uint64_t seed;

void
s53_hash_init(void)
{
	seed = s53_rand_u64();
}

uint64_t
s53_hash(const void *octets, size_t len)
{
	return XXH3_64bits_withSeed(octets, len, seed);
}

uint64_t
s53_hash_stable(const void *octets, size_t len)
{
	return XXH3_64bits(octets, len);
}
