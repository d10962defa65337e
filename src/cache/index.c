/* SPDX-License-Identifier: ISC
 *
 * index.c - from 32 bits of a hash to places: open addressing in one array of 64-bit slots.
 */
#include "index.h"

#include <split53/status.h>

static uint32_t
position_of(struct s53_index index, uint64_t slot)
{
	uint32_t at = s53_index_home(index, s53_slot_tag(slot));

	while (s53_index_get(index, at) != slot) {
		S53_ASSERT(s53_index_get(index, at) != 0);
		at = (at + 1) & s53_index_mask(index);
	}
	return at;
}

void
s53_index_add(struct s53_index index, uint64_t slot)
{
	uint32_t at = s53_index_home(index, s53_slot_tag(slot));

	while (s53_index_get(index, at) != 0)
		at = (at + 1) & s53_index_mask(index);
	s53_index_set(index, at, slot);
}

void
s53_index_replace(struct s53_index index, uint64_t slot, uint64_t by)
{
	s53_index_set(index, position_of(index, slot), by);
}

/* A free slot ends a search, so entries behind it that belong before it are moved into it. */
void
s53_index_remove(struct s53_index index, uint64_t slot)
{
	uint32_t mask = s53_index_mask(index);
	uint32_t hole = position_of(index, slot);
	uint32_t at = hole;

	for (;;) {
		uint32_t home;

		at = (at + 1) & mask;
		if (s53_index_get(index, at) == 0)
			break;
		home = s53_index_home(index, s53_slot_tag(s53_index_get(index, at)));
		if (((at - home) & mask) >= ((at - hole) & mask)) {
			s53_index_set(index, hole, s53_index_get(index, at));
			hole = at;
		}
	}
	s53_index_set(index, hole, 0);
}

void
s53_index_copy(struct s53_index from, struct s53_index to)
{
	for (uint32_t at = 0; at <= s53_index_mask(from); at++)
		if (s53_index_get(from, at) != 0)
			s53_index_add(to, s53_index_get(from, at));
}
