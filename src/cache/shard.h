/* SPDX-License-Identifier: ISC
 *
 * shard.h - a part of the cache: its lock, index and memory, and which entries it evicts.
 *
 * Layer    cache, private
 * Threads  all under `lock`; a prefetch reads memory and index_bits without it
 * Memory   one mapping a shard, made when first something is stored
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "index.h"
#include "ring.h"

enum { S53_RING_SMALL, S53_RING_MAIN, S53_RINGS };

/* Where what lies in a shard's mapping: the same for all shards of a cache. */
struct s53_layout {
	uint32_t index_bits_max;
	uint32_t ghosts_mask; /* places of ghosts there are, less 1 */
	size_t ghosts_at;
	size_t ring_at[S53_RINGS];
	size_t ring_size[S53_RINGS];
	size_t end; /* octets of the mapping; more than are ever touched */
	atomic_flag growing; /* one shard's index at a time: the room for two is there but once */
};

struct s53_shard {
	_Alignas(64) pthread_mutex_t lock;
	uint8_t *_Atomic memory; /* NULL before the first store */
	_Atomic uint32_t index_bits; /* 0 before the first store */
	uint32_t count; /* in the index */
	struct s53_layout *layout;
	struct s53_ring rings[S53_RINGS];
	uint64_t *ghosts; /* four in each; NULL: untouched */
	/* Of the main ring: nothing in it ends before this... */
	int64_t first_end_ms;
	/* ...and nothing that was put there since the tail's last way around before this. */
	int64_t lap_end_ms;
	uint64_t lap_mark; /* when the tail is here it has been around */
};

void s53_shard_init(struct s53_shard *shard, struct s53_layout *layout);
void s53_shard_fini(struct s53_shard *shard);

/* The index as it is; the shard has memory. */
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

/* The entry of this key, over or not, by whatever route; NULL: none. Counts no use. */
struct s53_entry *s53_shard_find(const struct s53_shard *shard, const struct s53_key *key);

/* What is to be stored. */
struct s53_wanted {
	uint32_t tag; /* the lower half of the key's hash */
	size_t size; /* of the block */
	int64_t now_ms, end_ms; /* fresh until then */
};

/*
 * A block for it, known to the index; header but for size, tag and uses, and what follows, are the
 * caller's to fill in under the same lock. `old` is the key's entry so far, NULL when there is
 * none: its place is used again when that is large enough, or it goes. NULL: the kernel gives no
 * memory, or the block is larger than a shard takes (then `old` has not gone).
 */
struct s53_entry *s53_shard_place(
    struct s53_shard *shard, struct s53_entry *old, const struct s53_wanted *wanted);

/* The ring that an entry lies in. */
static inline struct s53_ring *
s53_shard_ring_of(struct s53_shard *shard, const struct s53_entry *entry)
{
	struct s53_ring *main_ring = &shard->rings[S53_RING_MAIN];

	return (const uint8_t *)entry >= main_ring->base ? main_ring
							 : &shard->rings[S53_RING_SMALL];
}
