/* SPDX-License-Identifier: ISC
 *
 * inside.h - the struct of a cache.
 *
 * Layer    cache, private
 * Threads  all but the shards and the count is constant
 * Memory   one block; each shard owns its memory
 */
#pragma once

#include "shard.h"

struct s53_cache {
	atomic_uint count;
	uint64_t max_octets;
	unsigned shard_bits;
	struct s53_layout layout;
	struct s53_shard shards[];
};

/* By the upper bits of the hash: the shard's index and ghosts use the lower half. */
static inline size_t
s53_cache_shard_at(const struct s53_cache *cache, uint64_t hash)
{
	return cache->shard_bits == 0 ? 0 : (size_t)(hash >> (64 - cache->shard_bits));
}

static inline struct s53_shard *
s53_cache_shard(struct s53_cache *cache, uint64_t hash)
{
	return &cache->shards[s53_cache_shard_at(cache, hash)];
}
