/* SPDX-License-Identifier: ISC
 *
 * arena.c - see arena.h.
 *
 * Memory is taken from the newest block. A piece that is larger than a whole block gets a block of
 * its own behind the newest one, so that the rest of the newest one stays in use. Under
 * AddressSanitizer memory that is not allocated is poisoned: a write past a piece is detected.
 */
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <split53/arena.h>

#ifdef __SANITIZE_ADDRESS__
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, len) ((void)(start), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(start, len) ((void)(start), (void)(len))
#endif

struct s53_arena_block {
	struct s53_arena_block *older;
	size_t size; /* of `octets` */
	alignas(max_align_t) uint8_t octets[];
};

#define BLOCK_OCTETS (S53_ARENA_BLOCK - sizeof(struct s53_arena_block))
#define FIRST_OCTETS (S53_ARENA_FIRST - sizeof(struct s53_arena_block))

void
s53_arena_init(struct s53_arena *arena)
{
	arena->blocks = NULL;
	arena->used = 0;
	arena->total = 0;
}

static struct s53_arena_block *
block_new(size_t size)
{
	struct s53_arena_block *block = malloc(sizeof(*block) + size);

	if (block == NULL)
		return NULL;
	block->older = NULL;
	block->size = size;
	ASAN_POISON_MEMORY_REGION(block->octets, size);
	return block;
}

/* The octets of the next block that takes small pieces. */
static size_t
next_octets(const struct s53_arena *arena)
{
	size_t size = arena->total / 8;

	if (size < S53_ARENA_BLOCK)
		size = S53_ARENA_BLOCK;
	else if (size > S53_ARENA_LARGEST)
		size = S53_ARENA_LARGEST;
	return size - sizeof(struct s53_arena_block);
}

static void
block_free(struct s53_arena_block *block)
{
	ASAN_UNPOISON_MEMORY_REGION(block->octets, block->size);
	free(block);
}

/* A piece larger than a block gets its own, behind the newest. */
static void *
alloc_large(struct s53_arena *arena, size_t size)
{
	struct s53_arena_block *block = block_new(size);

	if (block == NULL)
		return NULL;
	arena->total += size;
	if (arena->blocks == NULL) {
		arena->blocks = block;
		arena->used = size;
	} else {
		block->older = arena->blocks->older;
		arena->blocks->older = block;
	}
	return block->octets;
}

void *
s53_arena_alloc(struct s53_arena *arena, size_t size)
{
	const size_t unit = alignof(max_align_t);
	struct s53_arena_block *block = arena->blocks;
	size_t room;
	void *piece;

	if (size > SIZE_MAX - sizeof(*block) - unit)
		return NULL;
	room = (size + unit - 1) / unit * unit;
	if (room == 0)
		room = unit; /* each piece has a distinct address */
	if (room > BLOCK_OCTETS) {
		piece = alloc_large(arena, room);
	} else {
		if (block == NULL || block->size - arena->used < room) {
			bool small = arena->blocks == NULL && room <= FIRST_OCTETS;

			block = block_new(small ? FIRST_OCTETS : next_octets(arena));
			if (block == NULL)
				return NULL;
			arena->total += block->size;
			block->older = arena->blocks;
			arena->blocks = block;
			arena->used = 0;
		}
		piece = block->octets + arena->used;
		arena->used += room;
	}
	if (piece != NULL)
		ASAN_UNPOISON_MEMORY_REGION(piece, size);
	return piece;
}

void *
s53_arena_zalloc(struct s53_arena *arena, size_t size)
{
	void *piece = s53_arena_alloc(arena, size);

	if (piece != NULL)
		memset(piece, 0, size);
	return piece;
}

void *
s53_arena_copy(struct s53_arena *arena, const void *octets, size_t len)
{
	void *piece = s53_arena_alloc(arena, len);

	if (piece != NULL && len > 0)
		memcpy(piece, octets, len);
	return piece;
}

char *
s53_arena_strdup(struct s53_arena *arena, const char *text)
{
	return s53_arena_copy(arena, text, strlen(text) + 1);
}

void
s53_arena_fini(struct s53_arena *arena)
{
	struct s53_arena_block *block;
	struct s53_arena_block *older;

	for (block = arena->blocks; block != NULL; block = older) {
		older = block->older;
		block_free(block);
	}
	s53_arena_init(arena);
}
