/* SPDX-License-Identifier: ISC
 *
 * inflight.c - see inflight.h.
 */
#include "inflight.h"

#include "fetch.h"
#include "table.h"

/*
 * Policy and route must be the same. After a reload the same key may have another route; below a
 * delegation, and for the DS of an apex, the route depends on the client's rights.
 */
struct s53_fetch *
s53_inflight_find(const struct s53_table *table, const struct s53_query *query)
{
	S53_LIST_EACH (s53_table_bucket(table, (uint32_t)query->key.hash), link) {
		struct s53_fetch *fetch = S53_CONTAINER_OF(link, struct s53_fetch, in_flight.link);

		if (fetch->policy == query->policy && fetch->route == query->route &&
		    s53_key_equal(&fetch->key, &query->key))
			return fetch;
	}
	return NULL;
}

void
s53_inflight_add(struct s53_table *table, struct s53_fetch *fetch)
{
	s53_table_add(table, &fetch->in_flight, (uint32_t)fetch->key.hash);
	fetch->in_table = true;
}

void
s53_inflight_remove(struct s53_table *table, struct s53_fetch *fetch)
{
	s53_table_remove(table, &fetch->in_flight);
	fetch->in_table = false;
}
