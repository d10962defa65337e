/* SPDX-License-Identifier: ISC
 *
 * cache.c - divide the cache into shards, as many as its size allows; what concerns all of them.
 */
#include <stdlib.h>

#include "inside.h"

#define OCTETS_MIN (UINT64_C(2) << 20)
#define SHARD_OCTETS (UINT64_C(1) << 20) /* the minimum; a cache below twice that has one shard */
#define SHARD_OCTETS_MAX (UINT64_C(16) << 30) /* a slot has 32 bits for a multiple of 8 bytes */
#define SHARD_BITS_MAX 12 /* locks and counts take a MiB; from 8 GiB on shards grow instead */
#define PAGE 4096
#define PREFETCH_SLOTS 8 /* a search seldom needs more, see index.h */
#define CACHE_LINE 64
#define INDEX_BITS_MIN 10

#define SMALL_PER_CENT 10 /* in the smallest shard that is 80 KiB: enough for the largest block */

/*
 * An entry of an A record takes 104 bytes of a ring: with an index of at most 2/13 of the shard,
 * seven eighths of it used, index and rings are full at about the same time. For each of its slots
 * there are 2 bytes of ghosts: as many evicted names are remembered as entries may be cached.
 */
static uint32_t
index_bits_for(uint64_t octets)
{
	uint32_t bits = INDEX_BITS_MIN;

	while ((sizeof(uint64_t) << (bits + 1)) <= octets / 13 * 2)
		bits++;
	return bits;
}

static void
lay_out(struct s53_layout *layout, uint64_t octets)
{
	size_t index_len, ghosts_len, rings_len, small;

	layout->index_bits_max = index_bits_for(octets);
	index_len = sizeof(uint64_t) << layout->index_bits_max;
	ghosts_len = sizeof(uint16_t) << layout->index_bits_max;
	layout->ghosts_mask = (uint32_t)(ghosts_len / sizeof(uint64_t)) - 1;
	rings_len = ((size_t)octets - index_len - ghosts_len) / PAGE * PAGE;
	small = rings_len / 100 * SMALL_PER_CENT / PAGE * PAGE;
	S53_ASSERT(small >= S53_ENTRY_SIZE_MAX);
	layout->ring_size[S53_RING_SMALL] = small;
	layout->ring_size[S53_RING_MAIN] = rings_len - small;
	layout->ghosts_at = 2 * index_len;
	layout->ring_at[S53_RING_SMALL] = (layout->ghosts_at + ghosts_len + PAGE - 1) / PAGE * PAGE;
	layout->ring_at[S53_RING_MAIN] = layout->ring_at[S53_RING_SMALL] + small;
	layout->end = layout->ring_at[S53_RING_MAIN] + layout->ring_size[S53_RING_MAIN];
	atomic_flag_clear(&layout->growing);
}

static unsigned
shard_bits_for(uint64_t octets)
{
	unsigned bits = 0;

	while (bits < SHARD_BITS_MAX && octets >> (bits + 1) >= SHARD_OCTETS)
		bits++;
	return bits;
}

/* Growing an index copies it, which needs half of the largest one: reserved once for all shards. */
static uint64_t
octets_of_a_shard(uint64_t max_octets, unsigned bits)
{
	uint64_t rough = max_octets >> bits;
	uint64_t growth = (sizeof(uint64_t) << index_bits_for(rough)) / 2;
	uint64_t fixed = sizeof(struct s53_cache) + (sizeof(struct s53_shard) << bits);
	uint64_t octets = (max_octets - fixed - growth) >> bits;

	if (octets > SIZE_MAX / 4) /* on 32-bit machines */
		octets = SIZE_MAX / 4;
	return octets < SHARD_OCTETS_MAX ? octets : SHARD_OCTETS_MAX;
}

struct s53_cache *
s53_cache_new(uint64_t max_octets)
{
	uint64_t octets = max_octets < OCTETS_MIN ? OCTETS_MIN : max_octets;
	unsigned bits = shard_bits_for(octets);
	size_t len = sizeof(struct s53_cache) + (sizeof(struct s53_shard) << bits);
	struct s53_cache *cache = aligned_alloc(_Alignof(struct s53_shard), (len + 63) / 64 * 64);

	if (cache == NULL)
		return NULL;
	atomic_init(&cache->count, 1);
	cache->max_octets = octets;
	cache->shard_bits = bits;
	lay_out(&cache->layout, octets_of_a_shard(octets, bits));
	for (size_t i = 0; i < (size_t)1 << bits; i++)
		s53_shard_init(&cache->shards[i], &cache->layout);
	return cache;
}

struct s53_cache *
s53_cache_keep(struct s53_cache *cache)
{
	atomic_fetch_add_explicit(&cache->count, 1, memory_order_relaxed);
	return cache;
}

void
s53_cache_drop(struct s53_cache *cache)
{
	if (cache == NULL || atomic_fetch_sub_explicit(&cache->count, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < (size_t)1 << cache->shard_bits; i++)
		s53_shard_fini(&cache->shards[i]);
	free(cache);
}

uint64_t
s53_cache_max_octets(const struct s53_cache *cache)
{
	return cache->max_octets;
}

void
s53_cache_usage(struct s53_cache *cache, struct s53_cache_usage *out)
{
	*out = (struct s53_cache_usage){ 0 };
	for (size_t i = 0; i < (size_t)1 << cache->shard_bits; i++) {
		struct s53_shard *shard = &cache->shards[i];

		pthread_mutex_lock(&shard->lock);
		out->entries += shard->count;
		out->evictions += shard->evictions;
		for (unsigned ring = 0; ring < S53_RINGS; ring++)
			out->octets += shard->rings[ring].live;
		pthread_mutex_unlock(&shard->lock);
	}
}

/* The index of the key's shard, to be read without the lock. false: there is none yet. */
static bool
index_for(const struct s53_shard *shard, struct s53_index *out)
{
	if (atomic_load_explicit(&shard->memory, memory_order_acquire) == NULL)
		return false;
	*out = s53_shard_index(shard);
	return true;
}

static const struct s53_shard *
shard_of(const struct s53_cache *cache, const struct s53_key *key)
{
	return &cache->shards[s53_cache_shard_at(cache, key->hash)];
}

void
s53_cache_prefetch(const struct s53_cache *cache, const struct s53_key *key)
{
	struct s53_index index;

	if (index_for(shard_of(cache, key), &index))
		__builtin_prefetch(
		    (const void *)&index.slots[s53_index_home(index, (uint32_t)key->hash)]);
}

/*
 * Without the lock, what is read may be outdated, and an index that has just grown reads as empty:
 * then the wrong memory is prefetched, or none. All of it stays mapped.
 */
void
s53_cache_prefetch_entry(const struct s53_cache *cache, const struct s53_key *key)
{
	const struct s53_shard *shard = shard_of(cache, key);
	uint32_t tag = (uint32_t)key->hash;
	struct s53_index index;
	uint32_t at;

	if (!index_for(shard, &index))
		return;
	at = s53_index_home(index, tag);
	for (unsigned i = 0; i < PREFETCH_SLOTS; i++, at = (at + 1) & s53_index_mask(index)) {
		uint64_t slot = s53_index_get(index, at);

		if (slot == 0)
			return;
		if (s53_slot_tag(slot) == tag) {
			const char *entry =
			    (const void *)s53_shard_entry(shard, s53_slot_address(slot));

			__builtin_prefetch(entry);
			__builtin_prefetch(entry + CACHE_LINE);
			return;
		}
	}
}
