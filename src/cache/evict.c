/* SPDX-License-Identifier: ISC
 *
 * evict.c - which entries a full shard evicts: S3-FIFO over two logs.
 *
 * The idea (Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023). A new
 * entry is appended at the head of the small ring, a tenth of the memory. When it reaches the tail,
 * it moves to the main ring if it was used meanwhile; otherwise it is evicted, and 16 bits of its
 * hash stay in a table of ghosts. When an entry is stored again while its ghost is still there, it
 * goes into the main ring at once. So a flood of names that are queried once passes through the
 * small ring and never touches the main one. At the main ring's tail, an entry that was used goes
 * around once more with one use less; others are evicted. While the main ring is not full, every
 * entry is admitted to it.
 *
 * Expired entries are evicted first. Those that reach a tail simply are. For those farther from the
 * tail, a lower bound on the earliest expiry in the main ring is kept: once it has passed, each
 * store also sends some live entries from the tail around, until the tail reaches the expired ones;
 * after one lap the bound is exact again. An answer that is expired but kept for stale use counts
 * as expired once it is not used any more.
 *
 * A log frees memory of any size without fragmentation: sizes may vary freely, and a block of 64
 * KiB costs no more than the blocks that it overwrites. The price is that an entry which is
 * replaced by a larger one remains as a dead block until the tail reaches it, and that entries
 * which stay are copied. When dead blocks are a noticeable part, the tail advances to them as it
 * does to expired entries.
 *
 * Work under the lock is bounded: each store sends at most LAPS_MAX used and HUNTS_MAX unused
 * entries around, and moves what the small ring must free for it: one or two entries for an answer
 * of usual size.
 *
 * Rejected: size classes (slabs keep the sizes that came first), a list through the entries
 * (16 bytes each, three cache lines written for a hit), SIEVE (it removes entries from the middle
 * of its order, which a log cannot), LRU and clock (any scan empties them).
 */
#include "evict.h"

#define LAPS_MAX 64 /* a copy each, of some 30 ns */
#define HUNTS_MAX 8 /* if one entry in nine has expired, no live one is evicted */
#define DEAD_PART_MAX 32 /* 1/32 of the main ring may be dead blocks before the tail seeks them */
#define SMALL_PART 9 /* a ninth of the main ring's live memory is the small ring's share */
#define FINGERPRINT_BITS 16

/* The work that one store may still do. */
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
 * A slot has four ghosts, of which the oldest is dropped. One ghost a slot would take as little
 * memory, but two names in use that share a slot would keep replacing each other's ghost.
 */
static uint16_t
fingerprint_of(uint32_t tag)
{
	uint16_t print = (uint16_t)(tag >> 16); /* the lower half selects the slot */

	return print == 0 ? 1 : print; /* 0: no ghost */
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
s53_evict_take_ghost(struct s53_shard *shard, uint32_t tag)
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
s53_evict_note_expiry(struct s53_shard *shard, int64_t end_ms)
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
s53_evict_entry(struct s53_shard *shard, struct s53_entry *entry)
{
	s53_index_remove(s53_shard_index(shard), slot_of(shard, entry));
	shard->count--;
	s53_shard_ring_of(shard, entry)->live -= s53_entry_size(entry);
	s53_entry_mark_dead(entry, s53_entry_size(entry));
}

static void
drop_tail(struct s53_shard *shard, struct s53_ring *ring, bool remember)
{
	struct s53_entry *entry = s53_ring_tail(ring);

	if (remember)
		remember_ghost(shard, entry->tag);
	shard->evictions++;
	s53_evict_entry(shard, entry);
	s53_ring_pop(ring);
}

/* An entry has moved within the main ring or to it: update the index and the bound. */
static void
relocate_in_main(
    struct s53_shard *shard, uint64_t slot, struct s53_entry *entry, const struct work *work)
{
	int64_t end_ms = s53_entry_end_ms(entry);

	s53_index_replace(s53_shard_index(shard), slot, slot_of(shard, entry));
	/* one that has expired but is in use is not spent until it is over */
	if (entry->uses > 0 && work->now_ms >= end_ms)
		end_ms = s53_entry_over_ms(entry);
	s53_evict_note_expiry(shard, end_ms);
}

static void
go_around(struct s53_shard *shard, const struct work *work)
{
	struct s53_ring *ring = &shard->rings[S53_RING_MAIN];
	uint64_t slot = slot_of(shard, s53_ring_tail(ring));

	relocate_in_main(shard, slot, s53_ring_requeue(ring), work);
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
	relocate_in_main(shard, slot, to, work);
	s53_ring_pop(from_ring);
}

/* When the tail has made a full lap, the entries that the new bound does not cover are gone. */
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

/* Does the main ring have expired entries or dead blocks, to be evicted before a live entry? */
static bool
has_waste(const struct s53_shard *shard, int64_t now_ms)
{
	const struct s53_ring *ring = &shard->rings[S53_RING_MAIN];
	size_t dead = (size_t)(ring->head - ring->tail) - ring->live;

	return now_ms >= shard->first_end_ms || dead > ring->size / DEAD_PART_MAX;
}

/*
 * May a live entry at the tail go around again? That costs one of its uses, or a hunt of `work`. No
 * entry does that a flush has yet to meet: it would get away (flush.c).
 */
static bool
pays_for_a_lap(
    const struct s53_shard *shard, struct s53_entry *entry, struct work *work, bool force)
{
	if (shard->rings[S53_RING_MAIN].tail >= shard->walked_to)
		return false;
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

/* Process the main ring's tail. false: the entry is live, and must not be evicted for this one. */
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
fits_in_main(struct s53_shard *shard, size_t size, struct work *work, bool force)
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
	if (is_spent(entry, work)) /* stale and unused: only if it fits without evicting another */
		return s53_ring_has_room(&shard->rings[S53_RING_MAIN], size);
	return fits_in_main(shard, size, work, entry->uses > 0);
}

/* Process the small ring's tail; the entry always leaves this ring. */
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
s53_evict_for_block(struct s53_shard *shard, unsigned ring, size_t size, int64_t now_ms)
{
	struct work work = { .now_ms = now_ms, .laps = LAPS_MAX, .hunts = HUNTS_MAX };

	if (ring == S53_RING_MAIN)
		(void)fits_in_main(shard, size, &work, true);
	else
		while (!s53_ring_has_room(&shard->rings[S53_RING_SMALL], size))
			small_step(shard, &work);
}

/*
 * Answers to short names fill the index before the rings. Then the choice is made as if the rings
 * were full: the small ring has its tenth of the live memory, and evicts what was not used.
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
s53_evict_for_index(struct s53_shard *shard, uint32_t most, int64_t now_ms)
{
	struct work work = {
		.now_ms = now_ms, .laps = LAPS_MAX, .hunts = HUNTS_MAX, .index_full = true
	};

	while (shard->count >= most)
		evict_one(shard, &work);
}
