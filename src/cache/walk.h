/* SPDX-License-Identifier: ISC
 *
 * walk.h - copies the blocks of a ring, one piece at a time.
 *
 * Layer    cache, private
 * Threads  under the shard's lock
 * Memory   the caller owns the piece
 */
#pragma once

#include "inside.h"

#define S53_PIECE_LEN S53_ENTRY_SIZE_MAX /* copying that takes some 10 us */

/*
 * Copy the next blocks of the cursor's ring, dead ones too, into `piece` of S53_PIECE_LEN octets.
 * Returns their length; 0: the end of the ring. If the cursor's `end` is 0, the walk ends at the
 * current head.
 */
size_t s53_walk_take(const struct s53_ring *ring, struct s53_cache_cursor *cursor, uint8_t *piece);
