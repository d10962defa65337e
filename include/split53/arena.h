/* SPDX-License-Identifier: ISC
 *
 * arena.h - memory that is given piece by piece and taken back at once.
 *
 * Layer    base
 * Threads  one owner at a time
 * Memory   a block of S53_ARENA_FIRST octets, then of S53_ARENA_BLOCK, from malloc; fini()
 *          gives all back.
 * Units    octets
 */
#pragma once

#include <stddef.h>

#define S53_ARENA_BLOCK 4096
#define S53_ARENA_FIRST 768 /* the first block: most built-in zones need no more */

struct s53_arena_block;
struct s53_arena {
	struct s53_arena_block *blocks; /* newest first */
	size_t used; /* of the newest block */
};

/* An arena that owns nothing yet; cannot fail. */
void s53_arena_init(struct s53_arena *arena);

/* `size` octets aligned for any type, not cleared. NULL: no memory. Larger than a block is fine. */
void *s53_arena_alloc(struct s53_arena *arena, size_t size);

/* The same, zeroed. */
void *s53_arena_zalloc(struct s53_arena *arena, size_t size);

/* Copies of `len` octets, of a string. NULL: no memory. */
void *s53_arena_copy(struct s53_arena *arena, const void *octets, size_t len);
char *s53_arena_strdup(struct s53_arena *arena, const char *text);

/* Everything handed out becomes invalid. */
void s53_arena_fini(struct s53_arena *arena);
