/* SPDX-License-Identifier: ISC
 *
 * table.h - a hash table of intrusive links; it doubles when it has more entries than buckets.
 *
 * Layer    resolve (private)
 * Threads  its owner's
 * Memory   the table owns the buckets, the user owns the entries. Out of memory for more
 *          buckets, the table only gets slower.
 *
 * Entries with the same hash stay in the order in which they were added.
 */
#pragma once

#include <stdint.h>

#include <split53/list.h>

struct s53_hashed {
	struct s53_link link;
	uint32_t hash;
};

struct s53_table {
	struct s53_link *buckets;
	unsigned mask;
	unsigned count;
};

S53_MUST_USE enum s53_status s53_table_init(struct s53_table *table);
void s53_table_fini(struct s53_table *table);

void s53_table_add(struct s53_table *table, struct s53_hashed *entry, uint32_t hash);
void s53_table_remove(struct s53_table *table, struct s53_hashed *entry);

/* A list with all entries of that hash, by `link`, and others. */
static inline struct s53_link *
s53_table_bucket(const struct s53_table *table, uint32_t hash)
{
	return &table->buckets[hash & table->mask];
}
