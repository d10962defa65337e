/* SPDX-License-Identifier: ISC
 *
 * inflight.c - see inflight.h: hashing with lists; it doubles when there are more fetches than
 * buckets.
 */
#include "inflight.h"

#include <stdlib.h>

#include "fetch.h"

#define FIRST_BUCKETS 256

static struct s53_link *
buckets_new(unsigned count)
{
	struct s53_link *buckets = malloc(count * sizeof *buckets);

	S53_ASSERT(count >= FIRST_BUCKETS); /* a mask needs one bucket at least */
	for (unsigned i = 0; buckets != NULL && i < count; i++)
		s53_list_init(&buckets[i]);
	return buckets;
}

enum s53_status
s53_inflight_init(struct s53_inflight *table)
{
	table->buckets = buckets_new(FIRST_BUCKETS);
	table->mask = FIRST_BUCKETS - 1;
	table->count = 0;
	return table->buckets == NULL ? S53_E_NOMEM : S53_OK;
}

void
s53_inflight_fini(struct s53_inflight *table)
{
	free(table->buckets);
}

static struct s53_link *
bucket_of(const struct s53_inflight *table, const struct s53_key *key)
{
	return &table->buckets[key->hash & table->mask];
}

/* Only with the same policy: after a reload the same key may have another route. */
struct s53_fetch *
s53_inflight_find(const struct s53_inflight *table, const struct s53_query *query)
{
	S53_LIST_EACH (bucket_of(table, &query->key), link) {
		struct s53_fetch *fetch = S53_CONTAINER_OF(link, struct s53_fetch, bucket);

		if (fetch->policy == query->policy && s53_key_equal(&fetch->key, &query->key))
			return fetch;
	}
	return NULL;
}

/* Without memory for more buckets the table only gets slower. */
static void
grow(struct s53_inflight *table)
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
			struct s53_fetch *fetch = S53_CONTAINER_OF(link, struct s53_fetch, bucket);

			s53_list_append(bucket_of(table, &fetch->key), link);
		}
	}
	free(old);
}

void
s53_inflight_add(struct s53_inflight *table, struct s53_fetch *fetch)
{
	if (table->count > table->mask)
		grow(table);
	s53_list_append(bucket_of(table, &fetch->key), &fetch->bucket);
	fetch->in_table = true;
	table->count++;
}

void
s53_inflight_remove(struct s53_inflight *table, struct s53_fetch *fetch)
{
	s53_list_remove(&fetch->bucket);
	fetch->in_table = false;
	table->count--;
}
