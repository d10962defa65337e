/* SPDX-License-Identifier: ISC
 *
 * find.c - the step find: what the cache knows leaves here, copied straight into the send buffer.
 *
 * Fresh: answered. Stale: answered at once only when asking is known to be useless for now
 * (stale-refresh-time, or all servers are down) or not wanted first (stale-answer-client-timeout
 * 0); otherwise the upstream is asked and the stale answer waits in the cache for its failure (RFC
 * 8767 s5). A failure that is remembered: SERVFAIL (RFC 9520 s3.2), unless it was that all servers
 * were down, and one is back.
 *
 * Who does not desire recursion (RD clear) gets what is fresh here, and for all else the way to the
 * root: no step behind this one is for him (RFC 1034 s4.3.1).
 */
#include <split53/cache.h>

#include "local.h"
#include "resolver_private.h"

#define DEAD_REFRESH_MS 100
#define UDP_ROOM 4096 /* what the outbox has at hand; a larger answer takes the way by scratch */

/* Without it the cache is all that there is for this client, then a referral (RFC 1034 s4.3.1). */
static bool
gets_recursion(const struct s53_query *query)
{
	return query->may_recurse && (query->request.flags & S53_RD) != 0;
}

static void
make_key(struct s53_query *query)
{
	s53_key_make(&query->key, query->view->id, &query->request.question,
	    query->request.edns.dnssec_ok, (query->request.flags & S53_CD) != 0);
}

struct s53_cache_ask
s53_query_cache_ask(const struct s53_query *query)
{
	return (struct s53_cache_ask){ .key = &query->key,
		.route_id = query->route->id,
		.rules = query->answering->cache,
		.no_refresh = !gets_recursion(query),
		.now_ms = query->now_ms };
}

bool
s53_query_is_cached(const struct s53_query *query)
{
	return query->policy->cache != NULL && query->answering->cache->enabled;
}

void
s53_query_fetch(struct s53_query *query)
{
	make_key(query);
	if (query->policy->cache != NULL)
		s53_cache_prefetch(query->policy->cache, &query->key);
}

void
s53_query_fetch_entry(const struct s53_query *query)
{
	if (query->policy->cache != NULL)
		s53_cache_prefetch_entry(query->policy->cache, &query->key);
}

/* Where a fresh answer is to be copied to: the client's own buffer where it may fit. */
static uint8_t *
find_room(struct s53_query *query, size_t *cap)
{
	uint8_t *room = NULL;

	*cap = s53_reply_limit(query);
	if (query->client.kind == S53_UDP && *cap > UDP_ROOM)
		*cap = UDP_ROOM;
	if (query->chase_depth == 0)
		room = query->client.ops->room(&query->client, *cap);
	query->room = room;
	if (room != NULL)
		return room;
	*cap = sizeof query->resolver->scratch;
	return query->resolver->scratch;
}

/* A CNAME that leaves the route is completed, which is recursion. */
static enum s53_verdict
complete(struct s53_query *query)
{
	if (gets_recursion(query))
		return s53_chase(query, false);
	return s53_chase_is_due(
		   query->view, query->route, &query->request.question, &query->outcome)
	    ? s53_local_referral(query)
	    : S53_REPLY;
}

static enum s53_verdict
hit(struct s53_query *query, const struct s53_cached *cached, uint8_t *message)
{
	query->outcome = (struct s53_outcome){ .rcode = s53_header_rcode(message),
		.ede = S53_EDE_NONE,
		.message = message,
		.message_len = cached->len,
		.authentic = cached->authentic,
		.respell = cached->respell };
	s53_count(query->resolver->counters, S53_C_FIND_HIT);
	if (cached->refresh) {
		s53_count(query->resolver->counters, S53_C_FIND_PREFETCH);
		s53_refresh(query);
	}
	return cached->aliases ? complete(query) : S53_REPLY;
}

static enum s53_verdict
miss(struct s53_query *query)
{
	s53_count(query->resolver->counters, S53_C_FIND_MISS);
	return gets_recursion(query) ? S53_NEXT : s53_local_referral(query);
}

static bool
is_group_dead(const struct s53_query *query)
{
	return s53_group_condition(query->route->group) == S53_GROUP_DEAD;
}

/* Expired: is now the time to give it out? Why; NULL: no. */
static const char *
why_at_once(const struct s53_query *query, const struct s53_cached *cached)
{
	if (cached->failed_lately)
		return "query within stale refresh time window";
	if (query->answering->cache->stale_client_timeout_ms == 0)
		return "client timeout";
	return is_group_dead(query) ? "all servers are down" : NULL;
}

/* With all servers down a refresh is tried at most each DEAD_REFRESH_MS, besides the probes. */
static bool
is_refresh_wanted(const struct s53_query *query, const struct s53_cached *cached)
{
	uint64_t *asked_ms = &query->resolver->dead_asked_ms;

	if (cached->failed_lately)
		return false;
	if (!is_group_dead(query))
		return true;
	if (query->now_ms < *asked_ms + DEAD_REFRESH_MS)
		return false;
	*asked_ms = query->now_ms;
	return true;
}

static enum s53_verdict
expired(struct s53_query *query, const struct s53_cached *cached)
{
	const char *why;

	if (!gets_recursion(query))
		return miss(query);
	query->stale = true;
	why = why_at_once(query, cached);
	if (why == NULL || !s53_stale_take(query, why))
		return miss(query);
	if (is_refresh_wanted(query, cached))
		s53_refresh(query);
	return s53_chase(query, false);
}

enum s53_verdict
s53_step_find(struct s53_query *query)
{
	struct s53_cache *cache = query->policy->cache;
	struct s53_cache_ask ask;
	struct s53_cached cached;
	uint8_t *room;
	size_t cap;

	if (query->key.name == NULL) /* not of a batch */
		make_key(query);
	if (!s53_query_is_cached(query))
		return miss(query);
	ask = s53_query_cache_ask(query);
	room = find_room(query, &cap);
	s53_cache_find(cache, &ask, room, cap, &cached);
	if (cached.freshness == S53_CACHE_FRESH && cached.len > cap) {
		bool refresh = cached.refresh; /* said but once */

		query->room = NULL;
		room = query->resolver->scratch;
		s53_cache_find(cache, &ask, room, sizeof query->resolver->scratch, &cached);
		cached.refresh = cached.refresh || refresh;
	}
	switch (cached.freshness) {
	case S53_CACHE_FRESH:
		return hit(query, &cached, room);
	case S53_CACHE_STALE:
		return expired(query, &cached);
	case S53_CACHE_FAILURE:
		if (!gets_recursion(query) ||
		    ((cached.ede & S53_FAILED_IN_TROUBLE) != 0 &&
			s53_group_condition(query->route->group) == S53_GROUP_ALIVE))
			return miss(query);
		s53_count(query->resolver->counters, S53_C_FIND_FAILURE);
		return s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_CACHED_ERROR, NULL);
	default:
		return miss(query);
	}
}
