/* SPDX-License-Identifier: ISC
 *
 * spares.h - unused objects of one size, kept for the next user.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   at most S53_SPARES_MAX objects are kept, the others are freed. Each object has a link at
 *          the same offset, which is in the list while the object is unused.
 */
#pragma once

#include <stdlib.h>

#include <split53/list.h>

#define S53_SPARES_MAX 256

struct s53_spares {
	struct s53_link unused;
	unsigned count;
};

static inline void
s53_spares_init(struct s53_spares *spares)
{
	s53_list_init(&spares->unused);
	spares->count = 0;
}

/* An object of `size` bytes, not cleared, with its link at `offset`. NULL: out of memory. */
static inline void *
s53_spares_take(struct s53_spares *spares, size_t size, size_t offset)
{
	struct s53_link *link = s53_list_pop(&spares->unused);

	if (link == NULL)
		return malloc(size);
	spares->count--;
	return (char *)link - offset;
}

static inline void
s53_spares_give(struct s53_spares *spares, struct s53_link *link, size_t offset)
{
	if (spares->count >= S53_SPARES_MAX) {
		free((char *)link - offset);
		return;
	}
	s53_list_push(&spares->unused, link);
	spares->count++;
}

static inline void
s53_spares_fini(struct s53_spares *spares, size_t offset)
{
	struct s53_link *link;

	while ((link = s53_list_pop(&spares->unused)) != NULL)
		free((char *)link - offset);
}
