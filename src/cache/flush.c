/* SPDX-License-Identifier: ISC
 *
 * flush.c - removes entries on command of the operator, whether or not they are expired.
 *
 * The cache is walked as in walk.c: a piece of a ring is copied under the shard's lock, and
 * matching entries are found in the copy without the lock. Then the lock is taken again for some
 * entries at a time, and each is removed if it has not changed since it was copied. So the lock is
 * held for the copy of 64 KiB or for the removal of BATCH entries, however much is flushed, and a
 * worker waits for some 20 us at most.
 *
 * No entry is missed. Entries that move from the small ring to the main one, or from the main
 * ring's tail to its head, move ahead of the walk, which continues to the current head of the main
 * ring. Entries that are stored meanwhile may be removed or not: the caller ensures that they are
 * new. The walk ends because it is faster than the head: a step of some 20 us takes 64 KiB of one
 * shard's ring, for which a shard would have to take ten stores in that time, each with the most
 * laps of evict.c.
 *
 * Names are searched for in the messages. The key is not enough, because a message with a chain of
 * CNAMEs is stored under the key of the first name only.
 *
 * Rejected: a generation of the view or the cache, compared at each find (a cost for each hit, and
 * a tree would need the names anyway); emptying a shard at once (a large one takes too long).
 */
#include <stdlib.h>

#include "evict.h"
#include "walk.h"

#define BATCH 64 /* entries that are removed under one lock: some 10 us */

/* Entries of the piece that match. */
struct doomed {
	struct s53_entry *entries[BATCH];
	unsigned count;
};

static bool
is_name_flushed(const struct s53_cache_flush *what, struct s53_reader reader)
{
	struct s53_name name, lower;

	if (!s53_name_read(&reader, &name))
		return false;
	s53_name_lower_of(&name, &lower);
	return what->kind == S53_FLUSH_TREE ? s53_name_is_at_or_below(&lower, &what->name)
					    : s53_name_same(&lower, &what->name);
}

/*
 * Does the answer or additional section have a record of a flushed name? The authority section is
 * ignored: it has SOA and NS records of the apex, and flushing the apex must not flush the whole
 * zone.
 */
static bool
has_flushed_record(const struct s53_cache_flush *what, const uint8_t *message, size_t len)
{
	struct s53_walk walk;
	struct s53_rr rr;

	if (!s53_walk_begin(&walk, message, len))
		return false;
	while (s53_walk_next(&walk, &rr)) {
		struct s53_reader reader = s53_reader_of(message, len);

		reader.at = rr.owner_at;
		if (rr.section != S53_AUTHORITY && is_name_flushed(what, reader))
			return true;
	}
	return false;
}

static bool
is_flushed(const struct s53_cache_flush *what, struct s53_entry *entry)
{
	const uint8_t *message = s53_entry_message(entry);
	struct s53_reader reader;

	if (!what->all_views && entry->view_id != what->view_id)
		return false;
	if (what->kind == S53_FLUSH_ALL)
		return true;
	reader = s53_reader_of(message, entry->message_len);
	reader.at = S53_HEADER_LEN;
	return is_name_flushed(what, reader) ||
	    (!s53_entry_is_failure(entry) && has_flushed_record(what, message, entry->message_len));
}

/* Find the entry of which `copy` was made, wherever it is now; NULL: it was removed. */
static struct s53_entry *
find_same(const struct s53_shard *shard, struct s53_entry *copy)
{
	struct s53_index index = s53_shard_index(shard);

	for (uint32_t at = s53_index_home(index, copy->tag);;
	     at = (at + 1) & s53_index_mask(index)) {
		uint64_t slot = s53_index_get(index, at);
		struct s53_entry *entry;

		if (slot == 0)
			return NULL;
		if (s53_slot_tag(slot) != copy->tag)
			continue;
		entry = s53_shard_entry(shard, s53_slot_address(slot));
		if (entry->view_id == copy->view_id && entry->stored_ms == copy->stored_ms &&
		    entry->ttl_count == copy->ttl_count &&
		    entry->message_len == copy->message_len &&
		    ((entry->flags ^ copy->flags) & (S53_ENTRY_DO | S53_ENTRY_CD)) == 0 &&
		    memcmp(s53_entry_message(entry), s53_entry_message(copy), copy->message_len) ==
			0)
			return entry;
	}
}

static unsigned
remove_all(struct s53_shard *shard, struct doomed *doomed)
{
	unsigned removed = 0;

	if (doomed->count == 0)
		return 0;
	pthread_mutex_lock(&shard->lock);
	for (unsigned i = 0; i < doomed->count; i++) {
		struct s53_entry *entry = find_same(shard, doomed->entries[i]);

		if (entry == NULL)
			continue;
		s53_evict_entry(shard, entry);
		removed++;
	}
	pthread_mutex_unlock(&shard->lock);
	doomed->count = 0;
	return removed;
}

static void
flush_piece(struct s53_shard *shard, const struct s53_cache_flush *what, uint8_t *piece, size_t len,
    struct s53_cache_flushed *sum)
{
	struct doomed doomed = { .count = 0 };

	for (size_t at = 0; at < len;) {
		struct s53_entry *entry = (struct s53_entry *)(void *)(piece + at);

		at += s53_entry_size(entry);
		if (s53_entry_is_dead(entry))
			continue;
		sum->walked++;
		if (!is_flushed(what, entry))
			continue;
		doomed.entries[doomed.count++] = entry;
		if (doomed.count == BATCH)
			sum->flushed += remove_all(shard, &doomed);
	}
	sum->flushed += remove_all(shard, &doomed);
}

enum s53_status
s53_cache_flush(struct s53_cache *cache, const struct s53_cache_flush *what,
    struct s53_cache_cursor *cursor, struct s53_cache_flushed *sum, bool *more)
{
	uint64_t rings = (uint64_t)S53_RINGS << cache->shard_bits;
	uint8_t *piece = malloc(S53_PIECE_LEN);
	size_t len = 0;

	if (piece == NULL)
		return S53_E_NOMEM;
	while (len == 0 && cursor->shard < rings) {
		struct s53_shard *shard = &cache->shards[cursor->shard / S53_RINGS];
		unsigned ring = cursor->shard % S53_RINGS;

		if (ring == S53_RING_MAIN)
			cursor->end = 0;
		pthread_mutex_lock(&shard->lock);
		len = s53_walk_take(&shard->rings[ring], cursor, piece);
		pthread_mutex_unlock(&shard->lock);
		if (len > 0)
			flush_piece(shard, what, piece, len, sum);
		else
			*cursor = (struct s53_cache_cursor){ .shard = cursor->shard + 1 };
	}
	free(piece);
	*more = cursor->shard < rings;
	return S53_OK;
}
