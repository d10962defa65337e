/* SPDX-License-Identifier: ISC
 *
 * walk.h - a ring's blocks, a piece at a time.
 *
 * Layer    cache, private
 * Threads  under the shard's lock
 * Memory   a piece is the caller's
 */
#pragma once

#include "inside.h"

#define S53_PIECE_LEN S53_ENTRY_SIZE_MAX /* copying that takes some 10 us */

/*
 * Copy the next blocks of the cursor's ring, dead ones too, into `piece` of S53_PIECE_LEN octets.
 * Returns their length; 0: that was all of the ring. A walk whose cursor's `end` is 0 goes on to
 * the head as it is now.
 */
size_t s53_walk_take(const struct s53_ring *ring, struct s53_cache_cursor *cursor, uint8_t *piece);
