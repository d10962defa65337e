/* SPDX-License-Identifier: ISC
 *
 * seams.c - where a message can be cut without splitting an RRset.
 *
 * A cut between the first record of an RRset and a later one splits the RRset, unless an exact copy
 * of the later record is before the cut: then nothing is lost by removing it.
 */
#include <split53/fit.h>

#include "sets.h"

static void
mark(uint8_t *seams, unsigned i)
{
	seams[i / 8] = (uint8_t)(seams[i / 8] | 1u << i % 8);
}

/* A section that begins with the message's `at`-th record, and of which `count` have a bit. */
static void
find_in_section(
    const struct s53_walk *walk, unsigned at, unsigned count, size_t octets_max, uint8_t *seams)
{
	int16_t tears[S53_SETS_RECORDS + 1] = {
		0
	}; /* the change, at each record, of how many records a cut there would part */
	struct s53_walk alone = *walk;
	struct s53_sets sets;
	int torn = 0; /* from their RRset; and that number */

	if (walk->section == S53_AUTHORITY)
		alone.left[S53_ADDITIONAL] = 0;
	if (!s53_sets_find(&sets, &alone, walk->reader.len, octets_max))
		return;
	for (unsigned i = 0; i < sets.count; i++) {
		const uint16_t *first = sets.of[i].first;

		tears[first[S53_OF_ONE_SET] + 1]++;
		tears[sets.of[i].first[S53_EXACT_COPY] + 1]--;
	}
	for (unsigned i = 0; i < sets.count && i < count; i++) {
		torn += tears[i];
		if (torn == 0)
			mark(seams, at + i);
	}
}

void
s53_message_seams(
    const uint8_t *message, size_t len, unsigned record_count, size_t octets_max, uint8_t *seams)
{
	struct s53_walk walk;
	struct s53_rr rr;
	unsigned at = 0;

	memset(seams, 0, S53_SEAMS_LEN(record_count));
	if (!s53_walk_begin(&walk, message, len))
		return;
	while (at < record_count) {
		while (walk.section < S53_ADDITIONAL && walk.left[walk.section] == 0)
			walk.section++;
		unsigned left = walk.left[walk.section];

		if (left == 0)
			return;
		if (walk.section != S53_ANSWER && left <= S53_SETS_RECORDS)
			find_in_section(&walk, at, record_count - at, octets_max, seams);
		for (; left > 0; left--, at++)
			if (!s53_walk_next(&walk, &rr))
				return;
	}
}
