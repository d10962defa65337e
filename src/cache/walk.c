/* SPDX-License-Identifier: ISC
 *
 * walk.c - visit all entries, a piece of a ring at a time.
 *
 * A piece is copied under the shard's lock and processed without it. The cursor counts the bytes
 * that were ever appended to the ring, so that it detects when the tail has passed it. The small
 * ring is visited before the main one: entries that move meanwhile move ahead of the walk.
 */
#include <stdlib.h>

#include "walk.h"

static size_t
offset_of(const struct s53_ring *ring, uint64_t at)
{
	return (ring->tail_at + (size_t)(at - ring->tail)) % ring->size;
}

/* The length of the contiguous blocks from `at` on that fit a piece, at least one. */
static size_t
measure(const struct s53_ring *ring, uint64_t at, uint64_t end)
{
	size_t first = offset_of(ring, at);
	size_t len = 0;

	while (at + len < end && first + len < ring->size) {
		const struct s53_entry *entry = (const void *)(ring->base + first + len);

		if (len > 0 && len + s53_entry_size(entry) > S53_PIECE_LEN)
			break;
		len += s53_entry_size(entry);
	}
	return len;
}

size_t
s53_walk_take(const struct s53_ring *ring, struct s53_cache_cursor *cursor, uint8_t *piece)
{
	size_t len;

	if (cursor->end == 0) /* the beginning: what is stored from now on is not visited */
		cursor->end = ring->head;
	if (cursor->at < ring->tail)
		cursor->at = ring->tail;
	if (cursor->at >= cursor->end)
		return 0;
	len = measure(ring, cursor->at, cursor->end);
	memcpy(piece, ring->base + offset_of(ring, cursor->at), len);
	cursor->at += len;
	return len;
}

static bool
record_of(struct s53_entry *entry, uint64_t now_ms, struct s53_cache_record *out)
{
	if (s53_entry_is_dead(entry) || s53_entry_is_failure(entry) ||
	    (int64_t)now_ms >= s53_entry_over_ms(entry))
		return false;
	*out = (struct s53_cache_record){
		.view_id = entry->view_id,
		.route_id = entry->route_id,
		.dnssec_ok = (entry->flags & S53_ENTRY_DO) != 0,
		.checking_disabled = (entry->flags & S53_ENTRY_CD) != 0,
		.authentic = (entry->flags & S53_ENTRY_AUTHENTIC) != 0,
		.may_be_cut = s53_entry_may_be_cut(entry),
		.stored_ms = (uint64_t)entry->stored_ms,
		.lifetime_s = entry->lifetime_s,
		.kept_s = entry->kept_s,
		.octets = s53_entry_message(entry),
		.len = entry->message_len,
	};
	return true;
}

bool
s53_cache_walk(struct s53_cache *cache, struct s53_cache_cursor *cursor, uint64_t now_ms,
    void (*each)(void *arg, const struct s53_cache_record *record), void *arg)
{
	uint64_t rings = (uint64_t)S53_RINGS << cache->shard_bits;
	uint8_t *piece = malloc(S53_PIECE_LEN);
	size_t len = 0;

	if (piece == NULL)
		return false;
	while (len == 0 && cursor->shard < rings) {
		struct s53_shard *shard = &cache->shards[cursor->shard / S53_RINGS];

		pthread_mutex_lock(&shard->lock);
		len = s53_walk_take(&shard->rings[cursor->shard % S53_RINGS], cursor, piece);
		pthread_mutex_unlock(&shard->lock);
		if (len == 0)
			*cursor = (struct s53_cache_cursor){ .shard = cursor->shard + 1 };
	}
	for (size_t at = 0; at < len;) {
		struct s53_entry *entry = (struct s53_entry *)(void *)(piece + at);
		struct s53_cache_record record;

		if (record_of(entry, now_ms, &record))
			each(arg, &record);
		at += s53_entry_size(entry);
	}
	free(piece);
	return cursor->shard < rings;
}
