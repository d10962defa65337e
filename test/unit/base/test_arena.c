/* SPDX-License-Identifier: ISC
 *
 * test_arena.c - memory that is allocated piece by piece and freed at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>
#include <string.h>

#include <split53/arena.h>

static void
allocations_do_not_overlap_and_are_aligned(void **state)
{
	struct s53_arena arena;
	uint8_t *pieces[200];

	(void)state;
	s53_arena_init(&arena);
	for (size_t i = 0; i < 200; i++) {
		pieces[i] = s53_arena_alloc(&arena, i);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		memset(pieces[i], (int)i, i);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t at = 0; at < i; at++)
			assert_int_equal(pieces[i][at], i);
	s53_arena_fini(&arena);
}

static void
an_allocation_larger_than_a_block_leaves_the_newest_block_in_use(void **state)
{
	struct s53_arena arena;
	uint8_t *before;
	uint8_t *large;
	uint8_t *after;

	(void)state;
	s53_arena_init(&arena);
	before = s53_arena_alloc(&arena, 16);
	large = s53_arena_alloc(&arena, 10 * S53_ARENA_BLOCK);
	after = s53_arena_alloc(&arena, 16);
	assert_non_null(large);
	memset(large, 1, 10 * S53_ARENA_BLOCK);
	assert_ptr_equal(after, before + 16);
	s53_arena_fini(&arena);
}

static void
the_first_allocation_may_be_larger_than_a_block(void **state)
{
	struct s53_arena arena;
	uint8_t *small;

	(void)state;
	s53_arena_init(&arena);
	assert_non_null(s53_arena_zalloc(&arena, 3 * S53_ARENA_BLOCK));
	small = s53_arena_zalloc(&arena, 1);
	assert_non_null(small);
	assert_int_equal(*small, 0);
	s53_arena_fini(&arena);
}

static void
a_large_arena_has_few_blocks_and_wastes_an_eighth_at_most(void **state)
{
	enum { PIECES = 200000, PIECE = 64 };
	struct s53_arena arena;
	uint8_t *before = NULL;
	unsigned blocks = 0;

	(void)state;
	s53_arena_init(&arena);
	for (unsigned i = 0; i < PIECES; i++) {
		uint8_t *piece = s53_arena_alloc(&arena, PIECE);

		assert_non_null(piece);
		blocks += before == NULL || piece != before + PIECE;
		before = piece;
	}
	assert_in_range(arena.total, PIECES * PIECE, PIECES * PIECE / 8 * 9 + S53_ARENA_BLOCK);
	assert_in_range(blocks, PIECES * PIECE / S53_ARENA_LARGEST, 100);
	s53_arena_fini(&arena);
	assert_int_equal(arena.total, 0);
}

static void
copies_are_equal_and_end_in_a_nul_byte(void **state)
{
	struct s53_arena arena;

	(void)state;
	s53_arena_init(&arena);
	assert_memory_equal(s53_arena_copy(&arena, "a\0b", 3), "a\0b", 3);
	assert_string_equal(s53_arena_strdup(&arena, "consul"), "consul");
	assert_non_null(s53_arena_copy(&arena, NULL, 0));
	s53_arena_fini(&arena);
}

static void
a_size_that_would_overflow_is_rejected(void **state)
{
	struct s53_arena arena;

	(void)state;
	s53_arena_init(&arena);
	assert_null(s53_arena_alloc(&arena, SIZE_MAX));
	assert_null(s53_arena_alloc(&arena, SIZE_MAX - 16));
	s53_arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_do_not_overlap_and_are_aligned),
		cmocka_unit_test(an_allocation_larger_than_a_block_leaves_the_newest_block_in_use),
		cmocka_unit_test(the_first_allocation_may_be_larger_than_a_block),
		cmocka_unit_test(a_large_arena_has_few_blocks_and_wastes_an_eighth_at_most),
		cmocka_unit_test(copies_are_equal_and_end_in_a_nul_byte),
		cmocka_unit_test(a_size_that_would_overflow_is_rejected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
