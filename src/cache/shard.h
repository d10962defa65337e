/* SPDX-License-Identifier: ISC
 *
 * shard.h - a part of the cache: its lock, index and memory.
 *
 * Layer    cache, private
 * Threads  all under `lock`; a prefetch reads memory and index_bits without it
 * Memory   one mapping a shard, made at the first store
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "index.h"
#include "ring.h"

enum { S53_RING_SMALL, S53_RING_MAIN, S53_RINGS };

/* The layout of a shard's mapping: the same for all shards of a cache. */
struct s53_layout {
	uint32_t index_bits_max;
	uint32_t ghosts_mask; /* number of slots of ghosts, less 1 */
	size_t ghosts_at;
	size_t ring_at[S53_RINGS];
	size_t ring_size[S53_RINGS];
	size_t end; /* length of the mapping; not all of it is ever touched */
	atomic_flag growing; /* one index grows at a time: memory is reserved for one copy */
};

struct s53_shard {
	_Alignas(64) pthread_mutex_t lock;
	uint8_t *_Atomic memory; /* NULL before the first store */
	_Atomic uint32_t index_bits; /* 0 before the first store */
	uint32_t count; /* entries in the index */
	struct s53_layout *layout;
	struct s53_ring rings[S53_RINGS];
	uint64_t *ghosts; /* four in each; NULL: untouched */
	/* Of the main ring: no entry in it expires before this... */
	int64_t first_end_ms;
	/* ...and none that was stored there since the tail's last lap began expires before this. */
	int64_t lap_end_ms;
	uint64_t lap_mark; /* the lap ends when the tail reaches this */
	/* A flush has walked the main ring to here and is to meet the rest; UINT64_MAX: none. */
	uint64_t walked_to;
	uint64_t evictions; /* entries that left to make room */
};

void s53_shard_init(struct s53_shard *shard, struct s53_layout *layout);
void s53_shard_fini(struct s53_shard *shard);

/* The present index; the shard has memory. */
static inline struct s53_index
s53_shard_index(const struct s53_shard *shard)
{
	uint8_t *memory = atomic_load_explicit(&shard->memory, memory_order_relaxed);
	uint32_t bits = atomic_load_explicit(&shard->index_bits, memory_order_relaxed);

	return (struct s53_index){
		.slots = (_Atomic uint64_t *)(void *)memory + ((size_t)1 << bits),
		.bits = bits,
	};
}

static inline struct s53_entry *
s53_shard_entry(const struct s53_shard *shard, uint32_t place)
{
	uint8_t *memory = atomic_load_explicit(&shard->memory, memory_order_relaxed);

	return (struct s53_entry *)(void *)(memory + (size_t)place * S53_ENTRY_UNIT);
}

/* The entry of this key, expired or not, by any route; NULL: none. Does not count as a use. */
struct s53_entry *s53_shard_find(const struct s53_shard *shard, const struct s53_key *key);

/* The entry to be stored. */
struct s53_wanted {
	uint32_t tag; /* the lower half of the key's hash */
	size_t size; /* of the block */
	int64_t now_ms, end_ms; /* fresh until then */
};

/*
 * Allocate a block and add it to the index. The caller fills in the header except size, tag and
 * uses, and what follows, under the same lock. `old` is the key's present entry or NULL: its block
 * is reused when it is large enough, otherwise it is removed. NULL: out of memory, or the block is
 * larger than a shard accepts (then `old` is not removed).
 */
struct s53_entry *s53_shard_allocate(
    struct s53_shard *shard, struct s53_entry *old, const struct s53_wanted *wanted);

/* The ring that has the entry. */
static inline struct s53_ring *
s53_shard_ring_of(struct s53_shard *shard, const struct s53_entry *entry)
{
	struct s53_ring *main_ring = &shard->rings[S53_RING_MAIN];

	return (const uint8_t *)entry >= main_ring->base ? main_ring
							 : &shard->rings[S53_RING_SMALL];
}
