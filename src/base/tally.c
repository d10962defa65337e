/* SPDX-License-Identifier: ISC
 *
 * tally.c - see tally.h.
 */
#include <split53/tally.h>

#include <stdlib.h>
#include <string.h>

#include <split53/status.h>

void
s53_tallies_fini(struct s53_tallies *tallies)
{
	for (unsigned i = 0; i < S53_TALLY_CHUNKS; i++)
		free(atomic_load_explicit(&tallies->chunk[i], memory_order_relaxed));
}

struct s53_tally *
s53_tallies_make(struct s53_tallies *tallies, uint32_t number)
{
	struct s53_tally *chunk;

	S53_ASSERT(number < S53_TALLY_NUMBERS);
	chunk = aligned_alloc(_Alignof(struct s53_tally), S53_TALLY_CHUNK * sizeof(*chunk));
	if (chunk == NULL)
		return &tallies->first[0];
	memset(chunk, 0, S53_TALLY_CHUNK * sizeof(*chunk));
	atomic_store_explicit(
	    &tallies->chunk[number / S53_TALLY_CHUNK], chunk, memory_order_release);
	return &chunk[number % S53_TALLY_CHUNK];
}

const struct s53_tally *
s53_tallies_look(const struct s53_tallies *tallies, uint32_t number)
{
	const struct s53_tally *chunk;

	if (number < S53_TALLY_CHUNK)
		return &tallies->first[number];
	chunk =
	    atomic_load_explicit(&tallies->chunk[number / S53_TALLY_CHUNK], memory_order_acquire);
	return chunk != NULL ? &chunk[number % S53_TALLY_CHUNK] : NULL;
}
