/* SPDX-License-Identifier: ISC
 *
 * evict.h - which entries a full shard evicts.
 *
 * Layer    cache, private
 * Threads  under the shard's lock
 * Memory   the shard's
 */
#pragma once

#include "shard.h"

/* Evict until `size` fits at the head of `ring`; `size` is not larger than the small ring. */
void s53_evict_for_block(struct s53_shard *shard, unsigned ring, size_t size, int64_t now_ms);

/* Evict until the index has fewer than `most` entries; `most` is not 0. */
void s53_evict_for_index(struct s53_shard *shard, uint32_t most, int64_t now_ms);

/* Remove the entry from the index; its block stays, dead, until the tail reaches it. */
void s53_evict_entry(struct s53_shard *shard, struct s53_entry *entry);

/* Was a key with this tag evicted recently? The ghost is removed by this call. */
bool s53_evict_take_ghost(struct s53_shard *shard, uint32_t tag);

/* An entry that was stored, or changed, in the main ring expires at `end_ms`. */
void s53_evict_note_expiry(struct s53_shard *shard, int64_t end_ms);
