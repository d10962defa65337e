/* SPDX-License-Identifier: ISC
 *
 * index.h - from 32 bits of a hash to places: open addressing in one array of 64-bit slots.
 *
 * Layer    cache, private
 * Threads  under the shard's lock; s53_index_get() without it, too: its result may be outdated
 * Memory   the slots are the shard's; all 0 is an empty index
 *
 * A slot has the tag (32 bits of the key's hash) in its upper half and the place of the entry (in
 * units of 8 bytes, never 0) in its lower half. The upper bits of a tag are its home, the slot
 * where a search begins, so that growing and deleting move slots without reading entries.
 * Deleting moves back what follows: there are no tombstones, and a search ends at the first free
 * slot. At most 7 of 8 slots are used (see shard.c).
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct s53_index {
	_Atomic uint64_t *slots;
	uint32_t bits; /* 2^bits slots; 1 .. 31 */
};

static inline uint64_t
s53_index_get(struct s53_index index, uint32_t at)
{
	return atomic_load_explicit(&index.slots[at], memory_order_relaxed);
}

static inline void
s53_index_set(struct s53_index index, uint32_t at, uint64_t slot)
{
	atomic_store_explicit(&index.slots[at], slot, memory_order_relaxed);
}

static inline uint32_t
s53_index_mask(struct s53_index index)
{
	return ((uint32_t)1 << index.bits) - 1;
}

static inline uint32_t
s53_index_home(struct s53_index index, uint32_t tag)
{
	return tag >> (32 - index.bits);
}

static inline uint64_t
s53_index_slot(uint32_t tag, uint32_t place)
{
	return (uint64_t)tag << 32 | place;
}

static inline uint32_t
s53_slot_tag(uint64_t slot)
{
	return (uint32_t)(slot >> 32);
}

static inline uint32_t
s53_slot_address(uint64_t slot)
{
	return (uint32_t)slot;
}

void s53_index_add(struct s53_index index, uint64_t slot);

/* `slot` is in the index. */
void s53_index_remove(struct s53_index index, uint64_t slot);
void s53_index_replace(struct s53_index index, uint64_t slot, uint64_t by);

/* Add all of `from` to the empty `to`. */
void s53_index_copy(struct s53_index from, struct s53_index to);
