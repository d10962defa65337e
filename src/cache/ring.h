/* SPDX-License-Identifier: ISC
 *
 * ring.h - a log of blocks in a ring: what is new goes to the head, room is made at the tail.
 *
 * Layer    cache, private
 * Threads  under the shard's lock
 * Memory   the octets are the shard's
 * Units    octets; all sizes are multiples of S53_ENTRY_UNIT
 *
 * No block lies across the end of the ring: what is left there is filled with a dead block. head
 * and tail only grow, so that a reader who comes back later (walk.c) can tell what has gone.
 */
#pragma once

#include "entry.h"

struct s53_ring {
	uint8_t *base;
	size_t size;
	uint64_t head, tail; /* octets ever put in, and ever taken out */
	size_t head_at, tail_at; /* the same as offsets into the ring */
	size_t touched; /* so much of it has ever been written to */
	size_t live; /* octets of the blocks that are not dead; kept by shard.c and room.c */
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

/* Can `size` octets be appended? They can when the ring is empty, if size <= ring->size. */
bool s53_ring_has_room(struct s53_ring *ring, size_t size);

/* There is room. Only the block's size is set. */
struct s53_entry *s53_ring_append(struct s53_ring *ring, size_t size);

void s53_ring_pop(struct s53_ring *ring); /* the oldest block goes */

/* The oldest block becomes the newest; needs no room. Returns where it is now. */
struct s53_entry *s53_ring_requeue(struct s53_ring *ring);
