/* SPDX-License-Identifier: ISC
 *
 * refresh.c - a fetch without clients, which replaces an entry of the cache.
 *
 * It is in the in-flight table, so that clients that miss meanwhile join it. It is not begun if the
 * key is in flight already, or if queries are being displaced (shares.h).
 */
#include "resolver_private.h"

void
s53_refresh(const struct s53_query *query)
{
	struct s53_resolver *resolver = query->resolver;
	struct s53_fetch *fetch;

	if (s53_inflight_find(&resolver->inflight, query) != NULL ||
	    !s53_recursive_has_room(resolver, query->policy->recursive_clients) ||
	    (fetch = s53_fetch_new(query)) == NULL)
		return;
	s53_count(resolver->counters, S53_C_JOIN_STARTED);
	s53_fetch_idle(fetch);
	fetch->has_older = true;
	fetch->short_of_time = false;
	fetch->deadline_ms = query->now_ms + query->view->query_timeout_ms;
	s53_fetch_begin(fetch, true);
}
