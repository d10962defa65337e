/* SPDX-License-Identifier: ISC
 *
 * arena.h - memory that is allocated in pieces and freed all at once.
 *
 * Layer    base
 * Threads  one owner at a time
 * Memory   a first block of S53_ARENA_FIRST bytes, then blocks of S53_ARENA_BLOCK, from malloc(). A
 *          large arena gets larger blocks, an eighth of its size, up to S53_ARENA_LARGEST: malloc()
 *          maps such a block separately, so that free() returns it to the system. fini() frees all
 *          blocks
 * Units    bytes
 */
#pragma once

#include <stddef.h>

#define S53_ARENA_BLOCK 4096
#define S53_ARENA_FIRST 768 /* the first block: most built-in zones need no more */
#define S53_ARENA_LARGEST (1024 * 1024)

struct s53_arena_block;
struct s53_arena {
	struct s53_arena_block *blocks; /* newest first */
	size_t used; /* of the newest block */
	size_t total; /* of all blocks */
};

/* An arena that owns nothing yet; cannot fail. */
void s53_arena_init(struct s53_arena *arena);

/* `size` bytes aligned for any type, not cleared; may exceed a block. NULL: no memory. */
void *s53_arena_alloc(struct s53_arena *arena, size_t size);

/* The same, zeroed. */
void *s53_arena_zalloc(struct s53_arena *arena, size_t size);

/* Copy `len` bytes; copy a string. NULL: no memory. */
void *s53_arena_copy(struct s53_arena *arena, const void *octets, size_t len);
char *s53_arena_strdup(struct s53_arena *arena, const char *text);

/* Frees everything that was allocated from the arena. */
void s53_arena_fini(struct s53_arena *arena);
