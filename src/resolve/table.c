/* SPDX-License-Identifier: ISC
 *
 * table.c - see table.h.
 */
#include "table.h"

#include <stdlib.h>

#define FIRST_BUCKETS 256

static struct s53_link *
buckets_new(unsigned count)
{
	struct s53_link *buckets = malloc(count * sizeof(*buckets));

	S53_ASSERT(count >= FIRST_BUCKETS); /* a mask needs at least one bucket */
	for (unsigned i = 0; buckets != NULL && i < count; i++)
		s53_list_init(&buckets[i]);
	return buckets;
}

enum s53_status
s53_table_init(struct s53_table *table)
{
	table->buckets = buckets_new(FIRST_BUCKETS);
	table->mask = FIRST_BUCKETS - 1;
	table->count = 0;
	return table->buckets == NULL ? S53_E_NOMEM : S53_OK;
}

void
s53_table_fini(struct s53_table *table)
{
	free(table->buckets);
}

static void
grow(struct s53_table *table)
{
	unsigned old_count = table->mask + 1;
	struct s53_link *old = table->buckets;
	struct s53_link *buckets = buckets_new(2 * old_count);
	struct s53_link *link;

	if (buckets == NULL)
		return;
	table->buckets = buckets;
	table->mask = 2 * old_count - 1;
	for (unsigned i = 0; i < old_count; i++) {
		while ((link = s53_list_pop(&old[i])) != NULL) {
			uint32_t hash = S53_CONTAINER_OF(link, struct s53_hashed, link)->hash;

			s53_list_append(s53_table_bucket(table, hash), link);
		}
	}
	free(old);
}

void
s53_table_add(struct s53_table *table, struct s53_hashed *entry, uint32_t hash)
{
	if (table->count > table->mask)
		grow(table);
	entry->hash = hash;
	s53_list_append(s53_table_bucket(table, hash), &entry->link);
	table->count++;
}

void
s53_table_remove(struct s53_table *table, struct s53_hashed *entry)
{
	s53_list_remove(&entry->link);
	table->count--;
}
