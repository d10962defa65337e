/* SPDX-License-Identifier: ISC
 *
 * inflight.h - the fetches under way, found by key.
 *
 * Layer    resolve (private)
 * Threads  its worker's: no lock, at worst as many identical upstream queries as workers
 * Memory   the buckets; the fetches are the resolver's
 */
#pragma once

#include <split53/list.h>

struct s53_fetch;
struct s53_query;

struct s53_inflight {
	struct s53_link *buckets;
	unsigned mask;
	unsigned count;
};

enum s53_status s53_inflight_init(struct s53_inflight *table);
void s53_inflight_fini(struct s53_inflight *table);

/* The fetch that the query may join, or NULL. */
struct s53_fetch *s53_inflight_find(
    const struct s53_inflight *table, const struct s53_query *query);
void s53_inflight_add(struct s53_inflight *table, struct s53_fetch *fetch);
void s53_inflight_remove(struct s53_inflight *table, struct s53_fetch *fetch);
