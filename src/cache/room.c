/* SPDX-License-Identifier: ISC
 *
 * room.c - who leaves a full shard: S3-FIFO over two logs.
 *
 * The idea (Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023). What
 * is stored goes to the head of the small ring, a tenth of the memory. Who comes to its tail and
 * was asked for meanwhile moves to the main ring; who was not leaves, and 16 bits of his hash stay
 * in a table of ghosts. Who comes back while his ghost is there goes into the main ring at once.
 * So a flood of names that are asked for once runs through the small ring and never touches the
 * main one. At the main ring's tail, what was used goes around once more with one use less; what
 * was not leaves. While the main ring is not full, everything is let into it.
 *
 * Expired entries make room first. Those that come to a tail just leave. For those further up a
 * lower bound on the earliest end in the main ring is kept: once it has passed, living entries at
 * the tail go around, too, some for each store, until the tail meets the expired ones; after one
 * time around the bound is exact again. An answer that is expired but still kept to be given out
 * stale counts as expired as soon as nobody asks for it.
 *
 * A log makes room of any size without holes: sizes may change as they like, and a block of 64 KiB
 * costs no more than what lay in its place. The price is that what is replaced by something larger
 * stays as a dead block until the tail comes by, and that who stays is copied. When dead blocks are
 * a noticeable part, the tail hurries to them as it does to expired entries.
 *
 * Work under the lock is bounded: each store sends at most LAPS_MAX used and HUNTS_MAX unused
 * entries around, and moves what the small ring's room for it holds: one or two entries for an
 * answer of usual size.
 *
 * Rejected: size classes (slabs stay with the sizes that came first), a list through the entries
 * (16 octets each, three cache lines written for a hit), SIEVE (it takes entries from the middle
 * of its order, which a log cannot), LRU and clock (any scan empties them).
 */
#include "room.h"

#define LAPS_MAX 64 /* a copy each, of some 30 ns */
#define HUNTS_MAX 8 /* with one expired entry in nine no living one has to go */
#define DEAD_PART_MAX 32 /* of the main ring may be dead blocks before the tail goes for them */
#define SMALL_PART 9 /* of what lives in the main ring lives in the small one */
#define FINGERPRINT_BITS 16

/* What one store may still do. */
struct work {
	int64_t now_ms;
	unsigned laps, hunts;
	bool index_full; /* though perhaps the rings are not */
};

static bool
is_over(const struct s53_entry *entry, const struct work *work)
{
	return work->now_ms >= s53_entry_over_ms(entry);
}

static bool
is_spent(const struct s53_entry *entry, const struct work *work)
{
	return is_over(entry, work) ||
	    (entry->uses == 0 && work->now_ms >= s53_entry_end_ms(entry));
}

/*
 * Ghosts live four to a place, the oldest leaves. One to a place would be as small, but two names
 * of a working set that share it would chase each other out for ever.
 */
static uint16_t
fingerprint_of(uint32_t tag)
{
	uint16_t print = (uint16_t)(tag >> 16); /* the lower half is the place */

	return print == 0 ? 1 : print; /* 0 is nobody */
}

static void
remember_ghost(struct s53_shard *shard, uint32_t tag)
{
	uint64_t *ghosts;

	if (shard->ghosts == NULL)
		shard->ghosts = (uint64_t *)(void *)(atomic_load_explicit(
							 &shard->memory, memory_order_relaxed) +
		    shard->layout->ghosts_at);
	ghosts = &shard->ghosts[tag & shard->layout->ghosts_mask];
	*ghosts = *ghosts << FINGERPRINT_BITS | fingerprint_of(tag);
}

bool
s53_room_take_ghost(struct s53_shard *shard, uint32_t tag)
{
	uint64_t *ghosts;

	if (shard->ghosts == NULL)
		return false;
	ghosts = &shard->ghosts[tag & shard->layout->ghosts_mask];
	for (unsigned at = 0; at < 64; at += FINGERPRINT_BITS) {
		if ((uint16_t)(*ghosts >> at) == fingerprint_of(tag)) {
			*ghosts &= ~((uint64_t)UINT16_MAX << at);
			return true;
		}
	}
	return false;
}

void
s53_room_note_end(struct s53_shard *shard, int64_t end_ms)
{
	if (end_ms < shard->first_end_ms)
		shard->first_end_ms = end_ms;
	if (end_ms < shard->lap_end_ms)
		shard->lap_end_ms = end_ms;
}

static uint64_t
slot_of(const struct s53_shard *shard, const struct s53_entry *entry)
{
	const uint8_t *memory = atomic_load_explicit(&shard->memory, memory_order_relaxed);
	size_t at = (size_t)((const uint8_t *)entry - memory);

	return s53_index_slot(entry->tag, (uint32_t)(at / S53_ENTRY_UNIT));
}

void
s53_room_bury(struct s53_shard *shard, struct s53_entry *entry)
{
	s53_index_remove(s53_shard_index(shard), slot_of(shard, entry));
	shard->count--;
	s53_shard_ring_of(shard, entry)->live -= s53_entry_size(entry);
	s53_entry_bury(entry, s53_entry_size(entry));
}

static void
drop_tail(struct s53_shard *shard, struct s53_ring *ring, bool remember)
{
	struct s53_entry *entry = s53_ring_tail(ring);

	if (remember)
		remember_ghost(shard, entry->tag);
	s53_room_bury(shard, entry);
	s53_ring_pop(ring);
}

/* An entry is elsewhere now: in the main ring. */
static void
settle_in_main(
    struct s53_shard *shard, uint64_t slot, struct s53_entry *entry, const struct work *work)
{
	int64_t end_ms = s53_entry_end_ms(entry);

	s53_index_replace(s53_shard_index(shard), slot, slot_of(shard, entry));
	/* what is expired and in use is not spent before it is over */
	if (entry->uses > 0 && work->now_ms >= end_ms)
		end_ms = s53_entry_over_ms(entry);
	s53_room_note_end(shard, end_ms);
}

static void
go_around(struct s53_shard *shard, const struct work *work)
{
	struct s53_ring *ring = &shard->rings[S53_RING_MAIN];
	uint64_t slot = slot_of(shard, s53_ring_tail(ring));

	settle_in_main(shard, slot, s53_ring_requeue(ring), work);
}

static void
promote(struct s53_shard *shard, const struct work *work)
{
	struct s53_ring *from_ring = &shard->rings[S53_RING_SMALL];
	struct s53_entry *from = s53_ring_tail(from_ring);
	size_t size = s53_entry_size(from);
	struct s53_entry *to = s53_ring_append(&shard->rings[S53_RING_MAIN], size);
	uint64_t slot = slot_of(shard, from);

	memcpy(to, from, size);
	to->uses = 0;
	from_ring->live -= size;
	shard->rings[S53_RING_MAIN].live += size;
	settle_in_main(shard, slot, to, work);
	s53_ring_pop(from_ring);
}

/* The tail has been around: what the bound does not know of has left. */
static void
end_lap(struct s53_shard *shard)
{
	const struct s53_ring *ring = &shard->rings[S53_RING_MAIN];

	if (ring->tail < shard->lap_mark)
		return;
	shard->first_end_ms = shard->lap_end_ms;
	shard->lap_end_ms = INT64_MAX;
	shard->lap_mark = ring->head;
}

/* Is there anything further up that would go before a living entry? */
static bool
has_waste(const struct s53_shard *shard, int64_t now_ms)
{
	const struct s53_ring *ring = &shard->rings[S53_RING_MAIN];
	size_t dead = (size_t)(ring->head - ring->tail) - ring->live;

	return now_ms >= shard->first_end_ms || dead > ring->size / DEAD_PART_MAX;
}

/* May a living entry at the tail go around again? That costs a use of it or a hunt of `work`. */
static bool
pays_for_a_lap(
    const struct s53_shard *shard, struct s53_entry *entry, struct work *work, bool force)
{
	if (force && entry->uses > 0 && work->laps > 0) {
		work->laps--;
		entry->uses--;
		return true;
	}
	if (work->hunts > 0 && has_waste(shard, work->now_ms)) {
		work->hunts--;
		return true;
	}
	return false;
}

/* Deal with the main ring's tail. false: it is alive and nobody is to go for it. */
static bool
main_step(struct s53_shard *shard, struct work *work, bool force)
{
	struct s53_ring *ring = &shard->rings[S53_RING_MAIN];
	struct s53_entry *entry = s53_ring_tail(ring);
	bool dead = s53_entry_is_dead(entry), spent = !dead && is_spent(entry, work);

	if (dead)
		s53_ring_pop(ring);
	else if (!spent && pays_for_a_lap(shard, entry, work, force))
		go_around(shard, work);
	else if (spent || force)
		drop_tail(shard, ring, entry->uses > 0);
	else
		return false;
	end_lap(shard);
	return true;
}

static bool
room_in_main(struct s53_shard *shard, size_t size, struct work *work, bool force)
{
	while (!s53_ring_has_room(&shard->rings[S53_RING_MAIN], size))
		if (!main_step(shard, work, force))
			return false;
	return true;
}

static bool
may_stay(struct s53_shard *shard, const struct s53_entry *entry, struct work *work)
{
	size_t size = s53_entry_size(entry);

	if (is_over(entry, work))
		return false;
	if (work->index_full) {
		if (entry->uses == 0 || work->laps == 0)
			return false;
		work->laps--;
	}
	if (is_spent(entry, work)) /* stale, and nobody wants it: if it costs nothing */
		return s53_ring_has_room(&shard->rings[S53_RING_MAIN], size);
	return room_in_main(shard, size, work, entry->uses > 0);
}

/* Deal with the small ring's tail; it always goes. */
static void
small_step(struct s53_shard *shard, struct work *work)
{
	struct s53_ring *ring = &shard->rings[S53_RING_SMALL];
	struct s53_entry *entry = s53_ring_tail(ring);

	if (s53_entry_is_dead(entry))
		s53_ring_pop(ring);
	else if (may_stay(shard, entry, work))
		promote(shard, work);
	else
		drop_tail(shard, ring, !is_over(entry, work) || entry->uses > 0);
}

void
s53_room_make(struct s53_shard *shard, unsigned ring, size_t size, int64_t now_ms)
{
	struct work work = { .now_ms = now_ms, .laps = LAPS_MAX, .hunts = HUNTS_MAX };

	if (ring == S53_RING_MAIN)
		(void)room_in_main(shard, size, &work, true);
	else
		while (!s53_ring_has_room(&shard->rings[S53_RING_SMALL], size))
			small_step(shard, &work);
}

/*
 * Answers to short names fill the index before the rings. Then who leaves is chosen as if the rings
 * were full: the small one has its tenth of what lives, and who was not asked for leaves there.
 */
static void
evict_one(struct s53_shard *shard, struct work *work)
{
	size_t small = shard->rings[S53_RING_SMALL].live;
	size_t large = shard->rings[S53_RING_MAIN].live;

	if (large > 0 && work->now_ms >= shard->first_end_ms && main_step(shard, work, false))
		return;
	if (small < large / SMALL_PART)
		(void)main_step(shard, work, true);
	else
		small_step(shard, work);
}

void
s53_room_evict(struct s53_shard *shard, uint32_t most, int64_t now_ms)
{
	struct work work = {
		.now_ms = now_ms, .laps = LAPS_MAX, .hunts = HUNTS_MAX, .index_full = true
	};

	while (shard->count >= most)
		evict_one(shard, &work);
}
