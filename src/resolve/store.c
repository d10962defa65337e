/* SPDX-License-Identifier: ISC
 *
 * store.c - the step store: what the upstream said is kept, as it said it.
 *
 * A CNAME that leaves the route is stored as it is and chased afterwards, each time that it is
 * given out: each link of the chain has its own key, route, TTL and failure.
 */
#include <split53/cache.h>

#include "arrange.h"
#include "pending.h"

#define STOOD_MS 100 /* timers are not that late */

enum s53_verdict
s53_step_store(struct s53_query *query)
{
	struct s53_outcome *outcome = &query->outcome;
	struct s53_settling message = { .octets = outcome->message };
	uint32_t lifetime_s;

	outcome->message_len = message.len =
	    s53_minimize(query, outcome->message, outcome->message_len);
	lifetime_s = s53_cache_settle(query->answering->cache, &query->request.question, &message);
	outcome->respell = message.respell;
	if (lifetime_s > 0 && s53_query_is_cached(query)) {
		struct s53_cache_ask ask = s53_query_cache_ask(query);

		if (s53_cache_store(query->policy->cache, &ask, outcome->message,
			outcome->message_len, lifetime_s, outcome->authentic))
			s53_count(query->resolver->counters, S53_C_STORE_KEPT);
	}
	return query->refresh || !message.aliases ? S53_NEXT : s53_chase(query);
}

/* Its time went by while this process did not run: that says nothing of the upstream. */
static bool
stood_still(const struct s53_query *query)
{
	return query->now_ms > query->pending->deadline_ms + STOOD_MS;
}

enum s53_verdict
s53_store_failure(struct s53_query *query)
{
	enum s53_group_condition condition = s53_group_condition(query->route->group);
	bool dead = condition == S53_GROUP_DEAD;
	uint16_t ede = query->outcome.ede;

	/*
	 * Who asks in the last moment of a query learns nothing about the upstream. That all
	 * servers are down is remembered with them: nothing is held against an answer that is
	 * there.
	 */
	if (s53_query_is_cached(query) && !query->hurried && !stood_still(query) &&
	    !(dead && (query->stale || query->refresh))) {
		struct s53_cache_ask ask = s53_query_cache_ask(query);

		s53_cache_store_failure(query->policy->cache, &ask,
		    condition == S53_GROUP_ALIVE ? ede : ede | S53_FAILED_IN_TROUBLE);
		s53_count(query->resolver->counters, S53_C_STORE_FAILURE);
	}
	if (!query->refresh && s53_stale_take(query, "resolver failure"))
		return s53_chase_to_reply(query, false);
	return S53_REPLY;
}
