/* SPDX-License-Identifier: ISC
 *
 * ring.h - a log of blocks in a ring: appended at the head, evicted at the tail.
 *
 * Layer    cache, private
 * Threads  under the shard's lock
 * Memory   the ring is part of the shard's memory
 * Units    bytes; all sizes are multiples of S53_ENTRY_UNIT
 *
 * No block wraps around the end of the ring: the rest there is filled with a dead block. head and
 * tail only grow, so that a walk that continues after a pause (walk.c) can tell what was evicted.
 */
#pragma once

#include "entry.h"

struct s53_ring {
	uint8_t *base;
	size_t size;
	uint64_t head, tail; /* bytes appended, and removed, since the start */
	size_t head_at, tail_at; /* the same as offsets into the ring */
	size_t touched; /* so much of it has been written to since the start */
	size_t live; /* bytes of the blocks that are not dead; counted by shard.c and evict.c */
};

static inline bool
s53_ring_is_empty(const struct s53_ring *ring)
{
	return ring->head == ring->tail;
}

/* The oldest block; the ring is not empty. */
static inline struct s53_entry *
s53_ring_tail(const struct s53_ring *ring)
{
	return (struct s53_entry *)(void *)(ring->base + ring->tail_at);
}

/* Can `size` bytes be appended? They always can when the ring is empty, if size <= ring->size. */
bool s53_ring_has_room(struct s53_ring *ring, size_t size);

/* To be called when s53_ring_has_room(). Only the block's size is set. */
struct s53_entry *s53_ring_append(struct s53_ring *ring, size_t size);

void s53_ring_pop(struct s53_ring *ring); /* remove the oldest block */

/* Move the oldest block to the head; always fits. Returns its new address. */
struct s53_entry *s53_ring_requeue(struct s53_ring *ring);
