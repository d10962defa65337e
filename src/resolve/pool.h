/* SPDX-License-Identifier: ISC
 *
 * pool.h - unused objects of one size, kept for the next user.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   S53_POOL_KEEP objects at most stay; the others go back to malloc. Each object has a link
 *          at the same offset, which the pool uses while the object is unused.
 */
#pragma once

#include <stdlib.h>

#include <split53/list.h>

#define S53_POOL_KEEP 256

struct s53_pool {
	struct s53_link unused;
	unsigned count;
};

static inline void
s53_pool_init(struct s53_pool *pool)
{
	s53_list_init(&pool->unused);
	pool->count = 0;
}

/* An object of `size` octets, not cleared, with its link at `offset`. NULL: no memory. */
static inline void *
s53_pool_take(struct s53_pool *pool, size_t size, size_t offset)
{
	struct s53_link *link = s53_list_pop(&pool->unused);

	if (link == NULL)
		return malloc(size);
	pool->count--;
	return (char *)link - offset;
}

static inline void
s53_pool_give(struct s53_pool *pool, struct s53_link *link, size_t offset)
{
	if (pool->count >= S53_POOL_KEEP) {
		free((char *)link - offset);
		return;
	}
	s53_list_push(&pool->unused, link);
	pool->count++;
}

static inline void
s53_pool_fini(struct s53_pool *pool, size_t offset)
{
	struct s53_link *link;

	while ((link = s53_list_pop(&pool->unused)) != NULL)
		free((char *)link - offset);
}
