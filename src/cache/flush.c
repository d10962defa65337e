/* SPDX-License-Identifier: ISC
 *
 * flush.c - removes entries on command of the operator, whether or not they are expired.
 *
 * The cache is walked as in walk.c: a piece of a ring is copied under the shard's lock, and
 * matching entries are found in the copy without the lock. Then the lock is taken again for some
 * entries at a time, and each is removed if it has not changed since it was copied. So the lock is
 * held for the copy of 64 KiB or for the removal of BATCH entries, however much is flushed
 * (measured: 0.2 ms at most).
 *
 * No entry is missed, and the walk ends. It reads each ring from its tail to the position that the
 * head had when the walk reached that ring. The small ring is read first, so an entry that moves
 * from it to the main ring is met there. In the main ring the walk leaves a mark (walked_to):
 * eviction moves no entry from beyond the mark to the head (evict.c), but evicts it. That happens
 * only if stores are so frequent that the tail overtakes the walk. Entries that are stored during
 * the walk may be removed or not: the caller ensures that they are new.
 *
 * Several flushes share one walk, because most of its cost is reading the names. An entry that
 * matches several flushes is counted for the first of them.
 *
 * Names are searched for in the messages. The key is not enough, because a message with a chain of
 * CNAMEs is stored under the key of the first name only.
 *
 * Rejected: a generation of the view or the cache, compared at each find (a cost for each hit, and
 * a tree would need the names anyway); emptying a shard at once (a large one takes too long);
 * reading the main ring to its current head (frequent stores into a small cache keep the head ahead
 * of the walk for ever).
 */
#include <stdlib.h>

#include "evict.h"
#include "walk.h"

#define BATCH 64 /* entries that are removed under one lock: some 10 us */

/* Entries of the piece that match. */
struct doomed {
	struct s53_entry *entries[BATCH];
	struct s53_cache_flush *by[BATCH];
	unsigned count;
};

static bool
is_of_view(const struct s53_cache_flush *what, const struct s53_entry *entry)
{
	return what->all_views || entry->view_id == what->view_id;
}

static bool
is_of_name(const struct s53_cache_flush *what, const struct s53_name *lower)
{
	return what->kind == S53_FLUSH_TREE ? s53_name_is_at_or_below(lower, &what->name)
					    : s53_name_same(lower, &what->name);
}

/* The first flush that has this name and the view of the entry; NULL: none. */
static struct s53_cache_flush *
find_by_name(struct s53_cache_flush *what, const struct s53_entry *entry, struct s53_reader reader)
{
	struct s53_name name, lower;

	if (!s53_name_read(&reader, &name))
		return NULL;
	s53_name_lower_of(&name, &lower);
	while (what != NULL &&
	    (what->kind == S53_FLUSH_ALL || !is_of_view(what, entry) || !is_of_name(what, &lower)))
		what = what->next;
	return what;
}

/* Is the owner a pointer to QNAME (RFC 1035 s4.1.4)? Most are, and QNAME was compared before. */
static bool
is_the_question(const uint8_t *message, size_t owner_at)
{
	return message[owner_at] == 0xc0 && message[owner_at + 1] == S53_HEADER_LEN;
}

/*
 * Does the answer or additional section have a record of a flushed name? The authority section is
 * ignored: it has SOA and NS records of the apex, and flushing the apex must not flush the whole
 * zone.
 */
static struct s53_cache_flush *
find_by_records(struct s53_cache_flush *what, struct s53_entry *entry)
{
	const uint8_t *message = s53_entry_message(entry);
	size_t len = entry->message_len;
	struct s53_cache_flush *by = NULL;
	struct s53_walk walk;
	struct s53_rr rr;

	if (!s53_walk_begin(&walk, message, len))
		return NULL;
	while (by == NULL && s53_walk_next(&walk, &rr)) {
		struct s53_reader reader = s53_reader_of(message, len);

		reader.at = rr.owner_at;
		if (rr.section != S53_AUTHORITY && !is_the_question(message, rr.owner_at))
			by = find_by_name(what, entry, reader);
	}
	return by;
}

/* The first flush that removes the entry; NULL: none. */
static struct s53_cache_flush *
find_flush(struct s53_cache_flush *what, struct s53_entry *entry)
{
	struct s53_reader reader = s53_reader_of(s53_entry_message(entry), entry->message_len);
	struct s53_cache_flush *by;

	for (by = what; by != NULL; by = by->next)
		if (by->kind == S53_FLUSH_ALL && is_of_view(by, entry))
			return by;
	reader.at = S53_HEADER_LEN;
	if ((by = find_by_name(what, entry, reader)) != NULL || s53_entry_is_failure(entry))
		return by;
	return find_by_records(what, entry);
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

static void
remove_all(struct s53_shard *shard, struct doomed *doomed)
{
	if (doomed->count == 0)
		return;
	pthread_mutex_lock(&shard->lock);
	for (unsigned i = 0; i < doomed->count; i++) {
		struct s53_entry *entry = find_same(shard, doomed->entries[i]);

		if (entry == NULL)
			continue;
		s53_evict_entry(shard, entry);
		doomed->by[i]->sum.flushed++;
	}
	pthread_mutex_unlock(&shard->lock);
	doomed->count = 0;
}

static void
flush_piece(struct s53_shard *shard, struct s53_cache_flush *what, uint8_t *piece, size_t len)
{
	struct doomed doomed = { .count = 0 };
	uint64_t walked = 0;

	for (size_t at = 0; at < len;) {
		struct s53_entry *entry = (struct s53_entry *)(void *)(piece + at);

		at += s53_entry_size(entry);
		if (s53_entry_is_dead(entry))
			continue;
		walked++;
		doomed.by[doomed.count] = find_flush(what, entry);
		if (doomed.by[doomed.count] == NULL)
			continue;
		doomed.entries[doomed.count++] = entry;
		if (doomed.count == BATCH)
			remove_all(shard, &doomed);
	}
	remove_all(shard, &doomed);
	for (; what != NULL; what = what->next)
		what->sum.walked += walked;
}

/* Copy the next piece of the cursor's ring. Returns its length; 0: the ring is done. */
static size_t
take_piece(struct s53_shard *shard, struct s53_cache_cursor *cursor, uint8_t *piece)
{
	unsigned ring = cursor->shard % S53_RINGS;
	size_t len;

	pthread_mutex_lock(&shard->lock);
	len = s53_walk_take(&shard->rings[ring], cursor, piece);
	if (ring == S53_RING_MAIN)
		shard->walked_to = len > 0 ? cursor->at : UINT64_MAX;
	pthread_mutex_unlock(&shard->lock);
	return len;
}

enum s53_status
s53_cache_flush(struct s53_cache *cache, struct s53_cache_flush *what,
    struct s53_cache_cursor *cursor, bool *more)
{
	uint64_t rings = (uint64_t)S53_RINGS << cache->shard_bits;
	uint8_t *piece = malloc(S53_PIECE_LEN);
	size_t len = 0;

	if (piece == NULL)
		return S53_E_NOMEM;
	while (len == 0 && cursor->shard < rings) {
		struct s53_shard *shard = &cache->shards[cursor->shard / S53_RINGS];

		len = take_piece(shard, cursor, piece);
		if (len > 0)
			flush_piece(shard, what, piece, len);
		else
			*cursor = (struct s53_cache_cursor){ .shard = cursor->shard + 1 };
	}
	free(piece);
	*more = cursor->shard < rings;
	return S53_OK;
}
