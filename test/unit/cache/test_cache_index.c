/* SPDX-License-Identifier: ISC
 *
 * test_cache_index.c - the index of a shard, compared with a plain list.
 */
#include "unit/wire/octets.h"

#include "cache/index.h"

#include <split53/rand.h>

#define BITS 6
#define SLOTS (1u << BITS)

static bool
has(struct s53_index index, uint64_t slot)
{
	for (uint32_t at = s53_index_home(index, s53_slot_tag(slot)); s53_index_get(index, at) != 0;
	     at = (at + 1) & s53_index_mask(index))
		if (s53_index_get(index, at) == slot)
			return true;
	return false;
}

/* Few home slots, most of them at the end of the array: long runs that wrap around. */
static uint64_t
some_slot(uint32_t place)
{
	uint32_t tag = (s53_rand_below(4) == 0 ? s53_rand_u32() : UINT32_MAX) << s53_rand_below(3);

	return s53_index_slot(tag, place);
}

static void
an_entry_is_found_after_it_is_added_until_it_is_removed(void **state)
{
	_Atomic uint64_t slots[SLOTS] = { 0 };
	uint64_t there[SLOTS];
	struct s53_index index = { .slots = slots, .bits = BITS };
	unsigned count = 0;
	uint32_t place = 0;

	(void)state;
	s53_rand_test_seed(1);
	for (unsigned step = 0; step < 20000; step++) {
		if (count < SLOTS * 7 / 8 && s53_rand_below(2) == 0) {
			there[count] = some_slot(++place);
			s53_index_add(index, there[count++]);
		} else if (count > 0) {
			unsigned which = s53_rand_below(count);
			uint64_t gone = there[which];

			if (s53_rand_below(2) == 0) {
				s53_index_remove(index, gone);
				there[which] = there[--count];
			} else {
				there[which] = s53_index_slot(s53_slot_tag(gone), ++place);
				s53_index_replace(index, gone, there[which]);
			}
			assert_false(has(index, gone));
		}
		for (unsigned i = 0; i < count; i++)
			assert_true(has(index, there[i]));
	}
}

static void
a_copy_of_twice_the_size_has_all_entries(void **state)
{
	_Atomic uint64_t slots[SLOTS] = { 0 };
	_Atomic uint64_t twice[2 * SLOTS] = { 0 };
	uint64_t there[SLOTS];
	struct s53_index index = { .slots = slots, .bits = BITS };
	struct s53_index larger = { .slots = twice, .bits = BITS + 1 };
	unsigned filled = 0;

	(void)state;
	s53_rand_test_seed(2);
	for (unsigned i = 0; i < SLOTS * 7 / 8; i++)
		s53_index_add(index, there[i] = some_slot(i + 1));
	s53_index_copy(index, larger);
	for (unsigned i = 0; i < SLOTS * 7 / 8; i++)
		assert_true(has(larger, there[i]));
	for (unsigned i = 0; i < 2 * SLOTS; i++)
		filled += twice[i] != 0;
	assert_int_equal(filled, SLOTS * 7 / 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_found_after_it_is_added_until_it_is_removed),
		cmocka_unit_test(a_copy_of_twice_the_size_has_all_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
