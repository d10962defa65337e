/* SPDX-License-Identifier: ISC
 *
 * ring.c - a log of blocks in a ring: appended at the head, evicted at the tail.
 */
#include "ring.h"

static size_t
left_before_the_end(const struct s53_ring *ring)
{
	return ring->size - ring->head_at;
}

bool
s53_ring_has_room(struct s53_ring *ring, size_t size)
{
	size_t left = left_before_the_end(ring);
	size_t room = ring->size - (size_t)(ring->head - ring->tail);

	if (s53_ring_is_empty(ring) && left < size) { /* start again at the front */
		ring->head += left;
		ring->tail = ring->head;
		ring->head_at = ring->tail_at = 0;
		return true;
	}
	return size <= left ? size <= room : size + left <= room;
}

static void
move_head(struct s53_ring *ring, size_t size)
{
	ring->head += size;
	ring->head_at += size;
	if (ring->head_at > ring->touched)
		ring->touched = ring->head_at;
	if (ring->head_at == ring->size)
		ring->head_at = 0;
}

static struct s53_entry *
at_head(const struct s53_ring *ring)
{
	return (struct s53_entry *)(void *)(ring->base + ring->head_at);
}

static void
fill_to_the_end(struct s53_ring *ring)
{
	size_t left = left_before_the_end(ring);

	s53_entry_mark_dead(at_head(ring), left);
	move_head(ring, left);
}

struct s53_entry *
s53_ring_append(struct s53_ring *ring, size_t size)
{
	struct s53_entry *entry;

	if (left_before_the_end(ring) < size)
		fill_to_the_end(ring);
	entry = at_head(ring);
	entry->size8 = (uint16_t)(size / S53_ENTRY_UNIT);
	move_head(ring, size);
	return entry;
}

void
s53_ring_pop(struct s53_ring *ring)
{
	size_t size = s53_entry_size(s53_ring_tail(ring));

	ring->tail += size;
	ring->tail_at += size;
	if (ring->tail_at == ring->size)
		ring->tail_at = 0;
}

/*
 * This always fits: after the head has wrapped, it is below the tail, and the block fits there as
 * it fitted at the tail. Otherwise all memory between head and end is free.
 */
struct s53_entry *
s53_ring_requeue(struct s53_ring *ring)
{
	struct s53_entry *from = s53_ring_tail(ring);
	size_t size = s53_entry_size(from);
	struct s53_entry *to;

	if (left_before_the_end(ring) < size)
		fill_to_the_end(ring);
	to = at_head(ring);
	s53_ring_pop(ring);
	memmove(to, from, size);
	move_head(ring, size);
	return to;
}
