/* SPDX-License-Identifier: ISC
 *
 * find.c - the step find: answers from the cache, copied straight into the send buffer.
 *
 * Fresh: answered. Stale: answered at once only if an upstream query is known to be useless now
 * (stale-refresh-time, or no server responds), or if stale-answer-client-timeout is 0; otherwise
 * the upstream is queried, and the stale answer is used when that fails (RFC 8767 s5). A
 * remembered failure: SERVFAIL (RFC 9520 s3.2), unless all servers were down then, and one is up
 * again.
 *
 * A query without RD gets a fresh answer from here, and otherwise a referral to the root: no later
 * step is for such a query (RFC 1034 s4.3.1).
 */
#include <split53/cache.h>

#include "arrange.h"
#include "local.h"
#include "resolver_private.h"

#define DEAD_REFRESH_MS 100
#define OPT_ROOM 300 /* an OPT with the longest server-id */
#define UDP_BUFFER 4096 /* the outbox's buffer; a larger answer is built in the scratch buffer */

/*
 * May servers be queried for this client? Otherwise it gets an answer from the cache or a referral
 * (RFC 1034 s4.3.1). A query to the primaries of a zone that BIND would transfer does not count as
 * recursion, since BIND would answer it from its copy.
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

struct s53_cache_lookup
s53_query_cache_lookup(const struct s53_query *query)
{
	return (struct s53_cache_lookup){ .key = &query->key,
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

/* The buffer for a fresh answer: the client's own if it may fit. */
static uint8_t *
find_buffer(struct s53_query *query, size_t *cap)
{
	uint8_t *room = NULL;

	*cap = s53_reply_limit(query);
	if (query->client.kind == S53_UDP && *cap > UDP_BUFFER)
		*cap = UDP_BUFFER;
	if (query->chase_depth == 0)
		room = query->client.ops->room(&query->client, *cap);
	query->room = room;
	if (room != NULL)
		return room;
	*cap = sizeof(query->resolver->scratch);
	return query->resolver->scratch;
}

/*
 * Finding out whether an answer's aliases lead on is costly, and the result is the same for each
 * query as long as the routes are. So once the chain of an entry is known to be complete, the entry
 * stores the serial number of the routes. As part of a longer chain (chase.c) it is followed all
 * the same.
 */
static bool
is_known(const struct s53_query *query, const struct s53_cached *cached)
{
	return cached->note == s53_routes_serial(query->view->routes) && query->chase_depth == 0;
}

/*
 * Follow the aliases of an answer that is complete in the buffer, unless the entry says that it
 * need not.
 */
__attribute__((noinline)) static enum s53_verdict
follow(struct s53_query *query, const struct s53_cached *cached)
{
	struct s53_cache_lookup ask = s53_query_cache_lookup(query);
	const uint8_t *message = query->outcome.message;
	enum s53_verdict verdict;

	if (is_known(query, cached))
		return S53_REPLY;
	/* Completing a chain is recursion. */
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

/* The cache has no usable entry. */
static enum s53_verdict
unknown(struct s53_query *query)
{
	s53_count(query->resolver->counters, S53_C_FIND_MISS);
	s53_tally_count(query->tally, S53_TALLY_MISSES);
	return may_fetch(query) ? S53_NEXT : s53_local_referral(query);
}

const struct s53_extended_error *
s53_query_cached_error(const struct s53_query *query)
{
	struct s53_extended_error *error = &query->resolver->error;
	struct s53_cache_lookup ask = s53_query_cache_lookup(query);

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
	s53_tally_count(query->tally, S53_TALLY_HITS);
	if (cached->refresh) {
		s53_count(query->resolver->counters, S53_C_FIND_PREFETCH);
		s53_refresh(query);
	}
	return cached->aliases ? follow(query, cached) : S53_REPLY;
}

/*
 * A cached failure is used. If the servers were down or stalled then, only as long as they still
 * are.
 */
static bool
has_failed(const struct s53_query *query, const struct s53_cached *cached)
{
	return cached->freshness == S53_CACHE_FAILURE &&
	    ((cached->ede & S53_FAILED_IN_TROUBLE) == 0 ||
		s53_group_condition(query->route->group) != S53_GROUP_ALIVE);
}

static enum s53_verdict
failed(struct s53_query *query, const struct s53_cached *cached)
{
	s53_count(query->resolver->counters, S53_C_FIND_CACHED_FAILURE);
	s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_CACHED_ERROR, NULL);
	if (cached->has_error)
		query->outcome.error = s53_query_cached_error(query);
	return S53_REPLY;
}

/*
 * The cache has no answer of a copied zone for the name. If the zone delegates the name, the cache
 * may have an answer of the servers of delegated names, under their route: it is used while it is
 * fresh. It is not refreshed, since only the primaries of the zone know whether the delegation
 * still exists.
 */
__attribute__((noinline)) static enum s53_verdict
miss_in_copy(struct s53_query *query)
{
	const struct s53_route *zone = query->route, *below = s53_query_delegated_route(query);
	uint8_t *scratch = query->resolver->scratch;
	struct s53_cache_lookup ask;
	struct s53_cached cached;

	if (below == NULL)
		return unknown(query);
	s53_query_set_route(query, below);
	if (s53_query_is_cached(query)) {
		ask = s53_query_cache_lookup(query);
		ask.no_refresh = true;
		s53_cache_find(query->policy->cache, &ask, scratch, S53_MESSAGE_MAX, &cached);
		if (cached.freshness == S53_CACHE_FRESH) {
			query->room = NULL;
			return hit(query, &cached, scratch);
		}
		if (has_failed(query, &cached))
			return failed(query, &cached);
		query->stale = query->stale || cached.freshness == S53_CACHE_STALE;
	}
	s53_query_set_route(query, zone);
	return unknown(query);
}

static enum s53_verdict
miss(struct s53_query *query)
{
	if (query->route->rights == S53_RIGHTS_COPY && s53_query_gets_recursion(query))
		return miss_in_copy(query);
	return unknown(query);
}

/* The answer exceeds the client's limit: copy only what fits. */
static enum s53_verdict
hit_part(struct s53_query *query, struct s53_cached *cached, size_t limit)
{
	struct s53_cache_lookup ask = s53_query_cache_lookup(query);
	bool refresh = cached->refresh; /* the cache reports it only once */
	uint8_t *room = query->resolver->scratch;
	struct s53_fit fit = { .limit = limit };
	enum s53_verdict verdict;

	fit.spin = s53_arrange_spin(query, &fit.rotate);
	if (query->room != NULL && limit <= UDP_BUFFER)
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

/* Do no servers respond? (Without stale data, a client may still wait for the only one.) */
static bool
is_group_down(const struct s53_query *query)
{
	return s53_group_condition(query->route->group) >= S53_GROUP_SILENT;
}

/* Is an expired answer to be sent now? Returns the reason; NULL: no. */
static const char *
why_at_once(const struct s53_query *query, const struct s53_cached *cached)
{
	if (cached->failed_lately)
		return "query within stale refresh time window";
	if (query->answering->cache->stale_client_timeout_ms == 0)
		return "client timeout";
	return is_group_down(query) ? "all servers are down" : NULL;
}

/* With all servers down or silent, refresh at most every DEAD_REFRESH_MS; probes go on besides. */
static bool
is_refresh_wanted(const struct s53_query *query, const struct s53_cached *cached)
{
	uint64_t *asked_ms = &query->resolver->dead_queried_ms;

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

/* The limit for the message: a fresh answer has no extended error except its upstream's. */
static size_t
room_beside_opt(struct s53_query *query, const struct s53_cached *cached)
{
	query->outcome = (struct s53_outcome){ .ede = S53_EDE_NONE,
		.error = cached->has_error ? s53_query_cached_error(query) : NULL };
	return s53_reply_space(query);
}

/* May the records that do not fit be left in the cache, unread? */
static bool
is_cut_at_once(const struct s53_query *query, const struct s53_cached *cached)
{
	return query->client.kind == S53_UDP && !s53_query_wants_minimal_any(query) &&
	    (!cached->aliases || is_known(query, cached));
}

/*
 * The answer may exceed the client's limit: copy only what fits, unless all of it is needed. Not
 * inlined, so that the usual answer does not pay for it.
 */
__attribute__((noinline)) static enum s53_verdict
hit_large(struct s53_query *query, struct s53_cached *cached, size_t cap)
{
	struct s53_cache_lookup ask = s53_query_cache_lookup(query);
	size_t limit = room_beside_opt(query, cached);
	uint8_t *scratch = query->resolver->scratch;
	bool refresh = cached->refresh; /* the cache reports it only once */

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
 * The server may have left out records that did not fit into the size that we offered. A client
 * that can receive more gets an answer by TCP.
 */
__attribute__((noinline)) static enum s53_verdict
hit_cut(struct s53_query *query, struct s53_cached *cached)
{
	struct s53_cache_lookup ask = s53_query_cache_lookup(query);
	struct s53_fit fit = { .limit = S53_MESSAGE_MAX };
	uint8_t *scratch = query->resolver->scratch;
	bool refresh = cached->refresh; /* the cache reports it only once */

	query->room = NULL;
	s53_cache_find_part(query->policy->cache, &ask, &fit, scratch, cached);
	if (cached->freshness != S53_CACHE_FRESH)
		return miss(query);
	cached->refresh = refresh;
	query->whole = may_fetch(query) && s53_partial_for(query, scratch, cached->len);
	return query->whole ? miss(query) : hit(query, cached, scratch);
}

enum s53_verdict
s53_step_find(struct s53_query *query)
{
	struct s53_cache *cache = query->policy->cache;
	struct s53_cache_lookup ask;
	struct s53_cached cached;
	uint8_t *room;
	size_t cap;

	if (query->key.name == NULL) /* not made yet: the query is in no batch */
		make_key(query);
	if (!s53_query_is_cached(query))
		return miss(query);
	ask = s53_query_cache_lookup(query);
	room = find_buffer(query, &cap);
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
		return may_fetch(query) && has_failed(query, &cached) ? failed(query, &cached)
								      : miss(query);
	default:
		return miss(query);
	}
}
