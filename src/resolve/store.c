/* SPDX-License-Identifier: ISC
 *
 * store.c - the step store: what the upstream said is kept, as it said it.
 *
 * A chain that leads on is stored as it is and chased afterwards, each time that it is given out:
 * each link of the chain has its own key, route, TTL and failure.
 */
#include <split53/cache.h>

#include "arrange.h"
#include "resolver_private.h"

#define STOOD_MS 100 /* timers are not that late */

/* The newest answer counts: what the cache has of the key goes, also where this may not be kept. */
static void
keep(const struct s53_fetch *fetch, uint32_t lifetime_s, bool stale_use)
{
	const struct s53_outcome *outcome = &fetch->outcome;
	struct s53_cache_ask ask = s53_fetch_cache_ask(fetch);
	struct s53_cache_answer answer = { .message = outcome->message,
		.len = outcome->message_len,
		.lifetime_s = lifetime_s,
		.traits = (outcome->authentic ? S53_CACHE_AUTHENTIC : 0) |
		    (fetch->may_be_cut ? S53_CACHE_MAY_BE_CUT : 0),
		.error = outcome->error };

	if (lifetime_s == 0 && !stale_use)
		s53_cache_supersede(fetch->policy->cache, &ask);
	else if (s53_cache_store(fetch->policy->cache, &ask, &answer))
		s53_count(fetch->resolver->counters, S53_C_STORE_KEPT);
}

enum s53_verdict
s53_step_store(struct s53_fetch *fetch)
{
	struct s53_outcome *outcome = &fetch->outcome;
	struct s53_settling message = { .octets = outcome->message, .no_data = outcome->no_data };
	uint32_t lifetime_s;

	outcome->message_len = message.len = s53_minimize(
	    fetch->answering, fetch->question.qtype, outcome->message, outcome->message_len);
	lifetime_s = s53_cache_settle(fetch->answering->cache, &fetch->question, &message);
	outcome->respell = outcome->respell || message.respell;
	if (!fetch->lacks_signatures && s53_fetch_is_cached(fetch))
		keep(fetch, lifetime_s, message.stale_use);
	if (outcome->leads_on && !s53_list_empty(&fetch->clients))
		s53_chase_trim(fetch);
	return S53_NEXT;
}

/* Its time went by while this process did not run: that says nothing of the upstream. */
static bool
stood_still(const struct s53_fetch *fetch)
{
	return fetch->now_ms > fetch->deadline_ms + STOOD_MS;
}

/*
 * A fetch that began in the last moment of its client's query learns nothing about the upstream.
 * That all servers are down or silent is remembered with them: an answer that is there is not
 * marked.
 */
void
s53_store_failure(const struct s53_fetch *fetch)
{
	enum s53_group_condition condition = s53_group_condition(fetch->route->group);
	uint16_t ede = fetch->outcome.ede;
	struct s53_cache_ask ask;

	if (!s53_fetch_is_cached(fetch) || fetch->short_of_time || stood_still(fetch) ||
	    (condition >= S53_GROUP_SILENT && fetch->has_older))
		return;
	ask = s53_fetch_cache_ask(fetch);
	s53_cache_store_failure(fetch->policy->cache, &ask,
	    condition == S53_GROUP_ALIVE ? ede : ede | S53_FAILED_IN_TROUBLE, fetch->outcome.error);
	s53_count(fetch->resolver->counters, S53_C_STORE_FAILURE);
}
