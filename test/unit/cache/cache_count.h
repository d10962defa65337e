/* SPDX-License-Identifier: ISC
 *
 * cache_count.h - the memory that a cache uses, read from its internals.
 */
#pragma once

#include "cache/inside.h"

struct cache_count {
	uint64_t entries; /* failures included */
	uint64_t octets; /* of entries and tables, without free space */
	uint64_t used_octets; /* all that the cache has obtained from the kernel */
};

/* The index and the ghosts of a shard. */
static inline size_t
tables_of(const struct s53_shard *shard)
{
	size_t octets = 0;

	if (atomic_load_explicit(&shard->memory, memory_order_relaxed) == NULL)
		return 0;
	octets += sizeof(uint64_t)
	    << atomic_load_explicit(&shard->index_bits, memory_order_relaxed);
	if (shard->ghosts != NULL)
		octets += ((size_t)shard->layout->ghosts_mask + 1) * sizeof(*shard->ghosts);
	return octets;
}

static inline struct cache_count
cache_count(struct s53_cache *cache)
{
	size_t shards = (size_t)1 << cache->shard_bits;
	struct cache_count count = {
		.used_octets = sizeof(*cache) + shards * sizeof(cache->shards[0]),
	};

	for (size_t i = 0; i < shards; i++) {
		struct s53_shard *shard = &cache->shards[i];
		size_t tables;

		pthread_mutex_lock(&shard->lock);
		tables = tables_of(shard);
		count.entries += shard->count;
		count.octets += tables;
		count.used_octets += tables;
		for (unsigned ring = 0; ring < S53_RINGS; ring++) {
			count.octets += shard->rings[ring].live;
			count.used_octets += shard->rings[ring].touched;
		}
		pthread_mutex_unlock(&shard->lock);
	}
	return count;
}
