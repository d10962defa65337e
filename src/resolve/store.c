/* SPDX-License-Identifier: ISC
 *
 * store.c - the step store: caches what the upstream sent, unchanged.
 *
 * A chain that leads on is stored as it is, and chased each time that it is used: each link of
 * the chain has its own key, route, TTL and failure.
 */
#include <split53/cache.h>

#include "arrange.h"
#include "resolver_private.h"

#define SUSPENDED_MS 100 /* timers are never late by more than this */

/*
 * A referral is not kept: the key's entry is that of the servers behind it (find.c), and what the
 * copied zone itself once said of the name goes.
 */
static void
pass_on_referral(const struct s53_fetch *fetch)
{
	struct s53_cache_lookup ask = s53_fetch_cache_lookup(fetch);

	s53_cache_forget(fetch->policy->cache, &ask);
}

/* The newest answer replaces the key's entry. If it may not be cached, the old entry is dropped. */
static void
keep(const struct s53_fetch *fetch, uint32_t lifetime_s, bool stale_use)
{
	const struct s53_outcome *outcome = &fetch->outcome;
	struct s53_cache_lookup ask = s53_fetch_cache_lookup(fetch);
	struct s53_cache_answer answer = { .message = outcome->message,
		.len = outcome->message_len,
		.lifetime_s = lifetime_s,
		.traits = (outcome->authentic ? S53_CACHE_AUTHENTIC : 0) |
		    (fetch->may_be_cut ? S53_CACHE_MAY_BE_CUT : 0),
		.note = outcome->leads_on ? 0 : s53_routes_serial(fetch->view->routes),
		.error = outcome->error };

	if (lifetime_s == 0 && !stale_use)
		s53_cache_supersede(fetch->policy->cache, &ask);
	else if (s53_cache_store(fetch->policy->cache, &ask, &answer))
		s53_count(fetch->resolver->counters, S53_C_STORE_ANSWER);
}

enum s53_verdict
s53_step_store(struct s53_fetch *fetch)
{
	struct s53_outcome *outcome = &fetch->outcome;
	struct s53_ttl_message message = { .octets = outcome->message,
		.no_data = outcome->no_data };
	uint32_t lifetime_s;

	outcome->message_len = message.len = s53_arrange_minimize(
	    fetch->answering, fetch->question.qtype, outcome->message, outcome->message_len);
	lifetime_s = s53_cache_apply_ttl_rules(fetch->answering->cache, &fetch->question, &message);
	outcome->respell = outcome->respell || message.respell;
	if (outcome->referral && s53_fetch_is_cached(fetch))
		pass_on_referral(fetch);
	else if (!fetch->without_signatures && !fetch->outdated && s53_fetch_is_cached(fetch))
		keep(fetch, lifetime_s, message.stale_use);
	if (outcome->leads_on && !s53_list_empty(&fetch->clients))
		s53_chase_trim(fetch);
	return S53_NEXT;
}

/*
 * Was this process suspended past the deadline? Then the failure says nothing about the upstream.
 */
static bool
was_suspended(const struct s53_fetch *fetch)
{
	return fetch->now_ms > fetch->deadline_ms + SUSPENDED_MS;
}

/*
 * Not remembered: the failure of a fetch that began in the last moments of its client's query,
 * as it had no time to find out much; and, if all servers are down or silent, a failure for
 * which the cache has an expired answer, as the servers' states say the same.
 */
void
s53_store_failure(const struct s53_fetch *fetch)
{
	enum s53_group_condition condition = s53_group_condition(fetch->route->group);
	uint16_t ede = fetch->outcome.ede;
	struct s53_cache_lookup ask;

	if (!s53_fetch_is_cached(fetch) || fetch->outdated || fetch->short_of_time ||
	    was_suspended(fetch) || (condition >= S53_GROUP_SILENT && fetch->has_older))
		return;
	ask = s53_fetch_cache_lookup(fetch);
	s53_cache_store_failure(fetch->policy->cache, &ask,
	    condition == S53_GROUP_ALIVE ? ede : ede | S53_FAILED_IN_TROUBLE, fetch->outcome.error);
	s53_count(fetch->resolver->counters, S53_C_STORE_FAILURE);
}
