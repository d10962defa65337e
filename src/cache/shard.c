/* SPDX-License-Identifier: ISC
 *
 * shard.c - a part of the cache: its memory, its index, and where a block is stored.
 *
 * A shard is 1 to 2 MiB (larger only in caches of many GiB): small enough that growing the index of
 * one takes microseconds under its lock, large enough for any answer of 64 KiB. One mutex protects
 * all of it; it is locked for a look-up and a copy, so that two workers rarely meet. Reading
 * without a lock (with a sequence number per shard) was measured: 40 ns a find against 45, with one
 * and with two threads. The simpler solution was kept.
 *
 * The memory is one mapping, made at the first store, so that an unused cache costs nothing. Pages
 * that were never written to take no memory, so the mapping can have parts that are used one after
 * another: an index of 2^n slots begins at slot 2^n; when it doubles it moves, and the pages of the
 * old one are returned to the kernel. The mapping stays until the cache is freed: a prefetch
 * without the lock never reads unmapped memory.
 *
 *     [ - | index 2^9 | 2^10 | ... | 2^max ][ ghosts ][ small ring ][ main ring ]
 */
#include "shard.h"

#include <sys/mman.h>

#include "evict.h"

#define INDEX_BITS_MIN 9 /* a page */
#define SLACK_MAX 64 /* bytes left unused behind an answer that replaced a larger one */

void
s53_shard_init(struct s53_shard *shard, struct s53_layout *layout)
{
	*shard = (struct s53_shard){
		.layout = layout,
		.first_end_ms = INT64_MAX,
		.lap_end_ms = INT64_MAX,
		.walked_to = UINT64_MAX,
	};
	pthread_mutex_init(&shard->lock, NULL);
	for (unsigned i = 0; i < S53_RINGS; i++)
		shard->rings[i].size = layout->ring_size[i];
}

void
s53_shard_fini(struct s53_shard *shard)
{
	uint8_t *memory = atomic_load_explicit(&shard->memory, memory_order_relaxed);

	if (memory != NULL)
		munmap(memory, shard->layout->end);
	pthread_mutex_destroy(&shard->lock);
}

static bool
map(struct s53_shard *shard)
{
	const struct s53_layout *layout = shard->layout;
	uint8_t *memory;

	if (atomic_load_explicit(&shard->memory, memory_order_relaxed) != NULL)
		return true;
	memory = mmap(NULL, layout->end, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	/* Huge pages would allocate memory that was never written to: twice the size in the end. */
	(void)madvise(memory, layout->end, MADV_NOHUGEPAGE);
	for (unsigned i = 0; i < S53_RINGS; i++)
		shard->rings[i].base = memory + layout->ring_at[i];
	atomic_store_explicit(&shard->index_bits, INDEX_BITS_MIN, memory_order_relaxed);
	/* a reader without the lock that sees the memory sees the index's size, too */
	atomic_store_explicit(&shard->memory, memory, memory_order_release);
	return true;
}

struct s53_entry *
s53_shard_find(const struct s53_shard *shard, const struct s53_key *key)
{
	uint32_t tag = (uint32_t)key->hash;
	struct s53_index index;

	if (shard->count == 0)
		return NULL;
	index = s53_shard_index(shard);
	for (uint32_t at = s53_index_home(index, tag);; at = (at + 1) & s53_index_mask(index)) {
		uint64_t slot = s53_index_get(index, at);
		struct s53_entry *entry;

		if (slot == 0)
			return NULL;
		if (s53_slot_tag(slot) != tag)
			continue;
		entry = s53_shard_entry(shard, s53_slot_address(slot));
		if (s53_entry_has_key(entry, key))
			return entry;
	}
}

static bool
grow_index(struct s53_shard *shard)
{
	struct s53_index from = s53_shard_index(shard);
	struct s53_index to = { .slots = from.slots + ((size_t)1 << from.bits),
		.bits = from.bits + 1 };

	if (from.bits == shard->layout->index_bits_max ||
	    atomic_flag_test_and_set(&shard->layout->growing))
		return false;
	s53_index_copy(from, to);
	atomic_store_explicit(&shard->index_bits, to.bits, memory_order_relaxed);
	/* With pages larger than the old index nothing is freed; that is little. */
	(void)madvise((void *)from.slots, sizeof(*from.slots) << from.bits, MADV_DONTNEED);
	atomic_flag_clear(&shard->layout->growing);
	return true;
}

/* At most three quarters of the slots are used, seven eighths when the index cannot grow. */
static void
reserve_slot(struct s53_shard *shard, int64_t now_ms)
{
	uint32_t slots = s53_index_mask(s53_shard_index(shard)) + 1;

	if (shard->count < slots - slots / 4 || grow_index(shard))
		return;
	s53_evict_for_index(shard, slots - slots / 8, now_ms);
}

/* Reuse the block. Memory that is left over becomes a dead block, unless it is little. */
static void
shrink(struct s53_shard *shard, struct s53_entry *entry, size_t size)
{
	size_t rest = s53_entry_size(entry) - size;

	if (rest <= SLACK_MAX)
		return;
	entry->size8 = (uint16_t)(size / S53_ENTRY_UNIT);
	s53_shard_ring_of(shard, entry)->live -= rest;
	s53_entry_mark_dead((struct s53_entry *)(void *)((uint8_t *)entry + size), rest);
}

static struct s53_entry *
append(struct s53_shard *shard, unsigned ring, const struct s53_wanted *wanted)
{
	uint8_t *memory = atomic_load_explicit(&shard->memory, memory_order_relaxed);
	struct s53_entry *entry;
	size_t at;

	reserve_slot(shard, wanted->now_ms);
	s53_evict_for_block(shard, ring, wanted->size, wanted->now_ms);
	entry = s53_ring_append(&shard->rings[ring], wanted->size);
	entry->tag = wanted->tag;
	at = (size_t)((uint8_t *)entry - memory);
	s53_index_add(
	    s53_shard_index(shard), s53_index_slot(wanted->tag, (uint32_t)(at / S53_ENTRY_UNIT)));
	shard->count++;
	shard->rings[ring].live += wanted->size;
	return entry;
}

struct s53_entry *
s53_shard_allocate(struct s53_shard *shard, struct s53_entry *old, const struct s53_wanted *wanted)
{
	unsigned ring = S53_RING_SMALL;
	unsigned uses = 0;
	struct s53_entry *entry;

	if (wanted->size > shard->layout->ring_size[S53_RING_SMALL] || !map(shard))
		return NULL;
	if (old != NULL ? s53_shard_ring_of(shard, old) == &shard->rings[S53_RING_MAIN]
			: s53_evict_take_ghost(shard, wanted->tag))
		ring = S53_RING_MAIN;
	if (old != NULL && wanted->size <= s53_entry_size(old)) {
		shrink(shard, old, wanted->size);
		entry = old;
	} else {
		if (old != NULL) {
			uses = old->uses;
			s53_evict_entry(shard, old);
		}
		entry = append(shard, ring, wanted);
		entry->uses = uses & S53_ENTRY_USES_MAX;
	}
	if (ring == S53_RING_MAIN)
		s53_evict_note_expiry(shard, wanted->end_ms);
	return entry;
}
