/* SPDX-License-Identifier: ISC
 *
 * find.c - the step find: what the cache knows leaves here, copied straight into the send buffer.
 *
 * Fresh: answered. Stale: answered at once only when asking is known to be useless for now
 * (stale-refresh-time, or no server responds) or not wanted first (stale-answer-client-timeout
 * 0); otherwise the upstream is asked and the stale answer waits in the cache for its failure (RFC
 * 8767 s5). A failure that is remembered: SERVFAIL (RFC 9520 s3.2), unless it was that all servers
 * were down, and one is back.
 *
 * Who does not desire recursion (RD clear) gets what is fresh here, and for all else the way to the
 * root: no step behind this one is for him (RFC 1034 s4.3.1).
 */
#include <split53/cache.h>

#include "arrange.h"
#include "local.h"
#include "resolver_private.h"

#define DEAD_REFRESH_MS 100
#define OPT_ROOM 300 /* an OPT of ours with the longest server-id */
#define UDP_ROOM 4096 /* what the outbox has at hand; a larger answer takes the way by scratch */

/*
 * Are servers asked for this client? Otherwise the cache is all that there is, then a referral (RFC
 * 1034 s4.3.1). A copy of a zone is here as a whole, so that asking its primaries is no recursion.
 */
static bool
may_fetch(const struct s53_query *query)
{
	return s53_query_gets_recursion(query) || query->route->rights == S53_RIGHTS_COPY;
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
		.no_refresh = !may_fetch(query),
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

/*
 * Whether an answer's aliases lead on is costly to find out, and the same for each query as long as
 * the routes are. So the entry of one whose chain is complete says so, once that is known, by the
 * routes' serial. As a part of a longer chain (chase.c) it is looked at all the same.
 */
static bool
is_known(const struct s53_query *query, const struct s53_cached *cached)
{
	return cached->note == s53_routes_serial(query->view->routes) && query->chase_depth == 0;
}

/* The aliases of an answer that is here as a whole, unless they are known. */
__attribute__((noinline)) static enum s53_verdict
follow(struct s53_query *query, const struct s53_cached *cached)
{
	struct s53_cache_ask ask = s53_query_cache_ask(query);
	const uint8_t *message = query->outcome.message;
	enum s53_verdict verdict;

	if (is_known(query, cached))
		return S53_REPLY;
	/* A chain that leads on is completed, which is recursion. */
	if (!may_fetch(query) &&
	    s53_chase_is_due(query->view, query->route, &query->request.question, &query->outcome))
		return s53_local_referral(query);
	verdict = may_fetch(query) ? s53_chase(query, false) : S53_REPLY;
	if (verdict != S53_REPLY || query->pending != NULL || query->outcome.leads_on)
		return verdict;
	if (query->outcome.message == message)
		s53_cache_note(
		    query->policy->cache, &ask, cached, s53_routes_serial(query->view->routes));
	return verdict;
}

static enum s53_verdict
miss(struct s53_query *query)
{
	s53_count(query->resolver->counters, S53_C_FIND_MISS);
	return may_fetch(query) ? S53_NEXT : s53_local_referral(query);
}

const struct s53_extended_error *
s53_query_cached_error(const struct s53_query *query)
{
	struct s53_extended_error *error = &query->resolver->error;
	struct s53_cache_ask ask = s53_query_cache_ask(query);

	return s53_cache_find_error(query->policy->cache, &ask, error) ? error : NULL;
}

static enum s53_verdict
hit(struct s53_query *query, const struct s53_cached *cached, uint8_t *message)
{
	query->outcome = (struct s53_outcome){ .rcode = s53_header_rcode(message),
		.ede = S53_EDE_NONE,
		.error = cached->has_error ? s53_query_cached_error(query) : NULL,
		.message = message,
		.message_len = cached->len,
		.authentic = cached->authentic,
		.respell = cached->respell };
	s53_count(query->resolver->counters, S53_C_FIND_HIT);
	if (cached->refresh) {
		s53_count(query->resolver->counters, S53_C_FIND_PREFETCH);
		s53_refresh(query);
	}
	return cached->aliases ? follow(query, cached) : S53_REPLY;
}

/* It is larger than the client takes: only what fits is copied. */
static enum s53_verdict
hit_part(struct s53_query *query, struct s53_cached *cached, size_t limit)
{
	struct s53_cache_ask ask = s53_query_cache_ask(query);
	bool refresh = cached->refresh; /* said but once */
	uint8_t *room = query->resolver->scratch;
	struct s53_fit fit = { .limit = limit };
	enum s53_verdict verdict;

	fit.spin = s53_arrange_spin(query, &fit.rotate);
	if (query->room != NULL && limit <= UDP_ROOM)
		room = query->room;
	s53_cache_find_part(query->policy->cache, &ask, &fit, room, cached);
	if (cached->freshness != S53_CACHE_FRESH)
		return miss(query);
	cached->refresh = refresh;
	verdict = hit(query, cached, room);
	if (query->outcome.message == room)
		s53_count(query->resolver->counters, S53_C_ANSWER_TRUNCATED);
	query->outcome.arranged = fit.settled;
	return verdict;
}

/* Does no server respond? A client without stale data may wait for the only one all the same. */
static bool
is_group_down(const struct s53_query *query)
{
	return s53_group_condition(query->route->group) >= S53_GROUP_SILENT;
}

/* Expired: is now the time to give it out? Why; NULL: no. */
static const char *
why_at_once(const struct s53_query *query, const struct s53_cached *cached)
{
	if (cached->failed_lately)
		return "query within stale refresh time window";
	if (query->answering->cache->stale_client_timeout_ms == 0)
		return "client timeout";
	return is_group_down(query) ? "all servers are down" : NULL;
}

/* With all servers down or silent a refresh is tried each DEAD_REFRESH_MS, besides the probes. */
static bool
is_refresh_wanted(const struct s53_query *query, const struct s53_cached *cached)
{
	uint64_t *asked_ms = &query->resolver->dead_asked_ms;

	if (cached->failed_lately)
		return false;
	if (!is_group_down(query))
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

	if (!may_fetch(query))
		return miss(query);
	query->stale = true;
	why = why_at_once(query, cached);
	if (why == NULL || !s53_stale_take(query, why))
		return miss(query);
	if (is_refresh_wanted(query, cached))
		s53_refresh(query);
	return s53_chase(query, false);
}

/* A fresh answer has no extended error but its upstream's. */
static size_t
room_beside_opt(struct s53_query *query, const struct s53_cached *cached)
{
	query->outcome = (struct s53_outcome){ .ede = S53_EDE_NONE,
		.error = cached->has_error ? s53_query_cached_error(query) : NULL };
	return s53_reply_room(query);
}

/* Is nothing to be looked for in what does not fit? */
static bool
is_cut_at_once(const struct s53_query *query, const struct s53_cached *cached)
{
	return query->client.kind == S53_UDP && !s53_query_wants_minimal_any(query) &&
	    (!cached->aliases || is_known(query, cached));
}

/*
 * The answer may be larger than what the client takes: only what fits is copied, unless all of it
 * is needed. Not inlined, as the usual answer shall not pay for it.
 */
__attribute__((noinline)) static enum s53_verdict
hit_large(struct s53_query *query, struct s53_cached *cached, size_t cap)
{
	struct s53_cache_ask ask = s53_query_cache_ask(query);
	size_t limit = room_beside_opt(query, cached);
	uint8_t *scratch = query->resolver->scratch;
	bool refresh = cached->refresh; /* said but once */

	if (cached->len > limit && is_cut_at_once(query, cached))
		return hit_part(query, cached, limit);
	if (cached->len <= cap)
		return hit(query, cached, query->room != NULL ? query->room : scratch);
	query->room = NULL;
	s53_cache_find(query->policy->cache, &ask, scratch, S53_MESSAGE_MAX, cached);
	cached->refresh = cached->refresh || refresh;
	return cached->freshness == S53_CACHE_FRESH ? hit(query, cached, scratch) : miss(query);
}

/*
 * The server may have left out records that did not fit what we offered. A client that can receive
 * more gets what TCP brings.
 */
__attribute__((noinline)) static enum s53_verdict
hit_cut(struct s53_query *query, struct s53_cached *cached)
{
	struct s53_cache_ask ask = s53_query_cache_ask(query);
	struct s53_fit fit = { .limit = S53_MESSAGE_MAX };
	uint8_t *scratch = query->resolver->scratch;
	bool refresh = cached->refresh; /* said but once */

	query->room = NULL;
	s53_cache_find_part(query->policy->cache, &ask, &fit, scratch, cached);
	if (cached->freshness != S53_CACHE_FRESH)
		return miss(query);
	cached->refresh = refresh;
	query->whole = may_fetch(query) && s53_partial_for(query, scratch, cached->len);
	return query->whole ? miss(query) : hit(query, cached, scratch);
}

static enum s53_verdict
failed(struct s53_query *query, const struct s53_cached *cached)
{
	s53_count(query->resolver->counters, S53_C_FIND_FAILURE);
	s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_CACHED_ERROR, NULL);
	if (cached->has_error)
		query->outcome.error = s53_query_cached_error(query);
	return S53_REPLY;
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
	if (cached.freshness == S53_CACHE_FRESH && cached.len + OPT_ROOM > cap)
		return hit_large(query, &cached, cap);
	switch (cached.freshness) {
	case S53_CACHE_FRESH:
		return hit(query, &cached, room);
	case S53_CACHE_CUT:
		return hit_cut(query, &cached);
	case S53_CACHE_STALE:
		return expired(query, &cached);
	case S53_CACHE_FAILURE:
		if (!may_fetch(query) ||
		    ((cached.ede & S53_FAILED_IN_TROUBLE) != 0 &&
			s53_group_condition(query->route->group) == S53_GROUP_ALIVE))
			return miss(query);
		return failed(query, &cached);
	default:
		return miss(query);
	}
}
