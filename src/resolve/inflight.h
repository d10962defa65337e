/* SPDX-License-Identifier: ISC
 *
 * inflight.h - the fetches in flight, found by key.
 *
 * Layer    resolve (private)
 * Threads  its worker's: no lock; the cost is up to one identical upstream query per worker
 */
#pragma once

struct s53_fetch;
struct s53_query;
struct s53_table;

/* The fetch that the query may join, or NULL. */
struct s53_fetch *s53_inflight_find(const struct s53_table *table, const struct s53_query *query);
void s53_inflight_add(struct s53_table *table, struct s53_fetch *fetch);
void s53_inflight_remove(struct s53_table *table, struct s53_fetch *fetch);
