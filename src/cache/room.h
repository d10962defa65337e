/* SPDX-License-Identifier: ISC
 *
 * room.h - who leaves a full shard.
 *
 * Layer    cache, private
 * Threads  under the shard's lock
 * Memory   the shard's
 */
#pragma once

#include "shard.h"

/* Room at the head of a ring for a block of `size`, not more than the small ring has. */
void s53_room_make(struct s53_shard *shard, unsigned ring, size_t size, int64_t now_ms);

/* Fewer entries than `most` in the index; that is over 0. */
void s53_room_evict(struct s53_shard *shard, uint32_t most, int64_t now_ms);

/* Out of the index; its block waits for the tail. */
void s53_room_bury(struct s53_shard *shard, struct s53_entry *entry);

/* Did a key with this tag leave not long ago? Asked once, then forgotten. */
bool s53_room_take_ghost(struct s53_shard *shard, uint32_t tag);

/* Something was put into the main ring, or changed there, that ends then. */
void s53_room_note_end(struct s53_shard *shard, int64_t end_ms);
