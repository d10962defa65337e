/* SPDX-License-Identifier: ISC
 *
 * join.c - the step join: queries with the same key share one fetch.
 *
 * The first query of a key is the leader: it begins the fetch. Those that arrive while the fetch
 * is in flight are followers: they wait for it. When it has ended, each of them comes back to
 * this step, through the run queue, with the outcome.
 */
#include "resolver_private.h"

#define TOO_MANY "too many queries are waiting (recursive-clients)"
#define EXPIRE_MAX 8 /* attempts of one fetch that a client's retransmission makes overdue */
#define FRESH_MS 1000 /* servfail-ttl's default: how long a failure is remembered */
#define CLIENTS_STEP 5 /* BIND's tuning of clients-per-query: up when clients were rejected */
#define CLIENTS_LESS_MS (20 * 60 * 1000) /* down by one after this time without a rejection */

/* No stale answer with a chain that leads on: the client would have to wait for its end. */
enum s53_verdict
s53_query_shed(struct s53_query *query, const char *why, bool drop)
{
	if (s53_stale_take(query, why) &&
	    !s53_chase_is_due(query->view, query->route, &query->request.question, &query->outcome))
		return S53_REPLY;
	s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, why);
	query->outcome.silent = drop;
	query->outcome.over_quota = true;
	return S53_REPLY;
}

/* Is clients-per-query, as tuned, up to max-clients-per-query, reached? */
static bool
is_full(const struct s53_query *query, struct s53_fetch *fetch)
{
	struct s53_resolver *resolver = query->resolver;
	unsigned limit = query->view->clients_per_query, max = query->view->max_clients_per_query;

	if (limit == 0 || query->chase_of != NULL)
		return false;
	if (resolver->clients_more > 0 &&
	    query->now_ms >= resolver->clients_less_ms + CLIENTS_LESS_MS) {
		resolver->clients_more--;
		resolver->clients_less_ms = query->now_ms;
	}
	limit += resolver->clients_more;
	if (max != 0 && limit > max)
		limit = max;
	if (fetch->joined + 1 < limit)
		return false;
	fetch->shed = true;
	return true;
}

void
s53_clients_learn(const struct s53_fetch *fetch)
{
	struct s53_resolver *resolver = fetch->resolver;
	unsigned limit = fetch->view->clients_per_query + resolver->clients_more;
	unsigned max = fetch->view->max_clients_per_query;

	if (!fetch->shed || (max != 0 && limit >= max))
		return;
	resolver->clients_more += CLIENTS_STEP;
	resolver->clients_less_ms = fetch->now_ms;
}

/* The client has retransmitted: make the last attempt overdue. */
static void
hedge_at_once(struct s53_fetch *fetch)
{
	struct s53_attempt *attempt = s53_fetch_last_attempt(fetch);

	if (fetch->expired >= EXPIRE_MAX || attempt == NULL || attempt->plan.tcp)
		return;
	fetch->expired++;
	s53_count(fetch->resolver->counters, S53_C_JOIN_HEDGED);
	s53_attempt_expire(attempt);
}

/*
 * A client that joins must not get failures from long before its query: a server that could not
 * answer then may do so now.
 */
static void
forget_old_failures(struct s53_fetch *fetch, uint64_t now_ms)
{
	struct s53_attempt *attempt = s53_fetch_last_attempt(fetch);

	if (attempt == NULL || now_ms < fetch->fresh_ms + FRESH_MS)
		return;
	fetch->fresh_ms = now_ms;
	fetch->failed = fetch->failed_by_rcode = 0;
	s53_attempt_expire(attempt);
}

/* A client retransmitted while its query waits: it gets one answer, but a hedge is sent at once. */
static enum s53_verdict
repeat(const struct s53_query *query, struct s53_fetch *fetch)
{
	s53_count(query->resolver->counters, S53_C_JOIN_RETRANSMITTED);
	hedge_at_once(fetch);
	forget_old_failures(fetch, query->now_ms);
	return S53_DROP;
}

static enum s53_verdict
follow(struct s53_pending *pending, struct s53_fetch *fetch, enum s53_loop_sign sign)
{
	const struct s53_query *query = &pending->query;

	s53_count(query->resolver->counters, S53_C_JOIN_SHARED);
	forget_old_failures(fetch, query->now_ms);
	fetch->joined++;
	s53_fetch_join(fetch, pending);
	s53_loop_note(pending, sign);
	return S53_WAIT;
}

/* Begin a fetch. Other queries join it, unless it may end before their own time is over. */
static enum s53_verdict
lead(struct s53_pending *pending, enum s53_loop_sign sign)
{
	struct s53_query *query = &pending->query;
	struct s53_fetch *fetch = s53_fetch_new(query);

	if (fetch == NULL)
		return s53_query_shed(query, "out of memory", false);
	s53_fetch_join(fetch, pending);
	s53_fetch_begin(fetch, !query->short_of_time);
	s53_loop_note(pending, sign);
	return S53_WAIT;
}

static enum s53_verdict
wait_for(struct s53_pending *pending, struct s53_fetch *fetch, enum s53_loop_sign sign)
{
	if (fetch != NULL && fetch->in_table) /* its last client may have been displaced */
		return follow(pending, fetch, sign);
	s53_count(pending->query.resolver->counters, S53_C_JOIN_STARTED);
	return lead(pending, sign);
}

/*
 * The zone is copied and delegates the name, and the client is allowed recursion: the query waits a
 * second time, for the servers of delegated names. FIND has already checked that the cache has no
 * answer of theirs.
 */
static enum s53_verdict
wait_below(struct s53_query *query, const struct s53_route *route)
{
	struct s53_pending *pending = query->pending;

	s53_query_set_route(query, route);
	s53_shares_move(
	    &query->resolver->shares, &s53_chase_client(pending)->place, query->route->id);
	query->outcome = (struct s53_outcome){ .ede = S53_EDE_NONE };
	query->short_of_time =
	    query->now_ms + query->view->query_timeout_ms / 2 > query->deadline_ms;
	return wait_for(
	    pending, s53_inflight_find(&query->resolver->inflight, query), S53_LOOP_NO_SIGN);
}

/* The route that a referral leads this query to; NULL: it is no referral, or the answer. */
static const struct s53_route *
route_below(const struct s53_query *query)
{
	if (!query->outcome.referral || !s53_query_gets_recursion(query))
		return NULL;
	return s53_query_delegated_route(query);
}

/* The query comes back with an outcome: of its fetch, of its chase, or because it was displaced. */
static enum s53_verdict
take_outcome(struct s53_query *query)
{
	struct s53_outcome *outcome = &query->outcome;
	const struct s53_extended_error *why = outcome->error;
	bool failed = outcome->message == NULL && outcome->rcode == S53_RCODE_SERVFAIL;
	const struct s53_route *below;

	if (query->pending->chase != NULL)
		return s53_chase_finish(query);
	if ((below = route_below(query)) != NULL)
		return wait_below(query, below);
	if (failed && outcome->over_quota)
		return s53_query_shed(query, outcome->ede_text, outcome->silent);
	if (failed && !s53_stale_take(query, "resolver failure"))
		return S53_REPLY;
	if (failed && outcome->error == NULL)
		outcome->error = why;
	/* A child of a chase has fewer links left than its fetch assumes. */
	return failed || outcome->leads_on || query->chase_of != NULL ? s53_chase(query, false)
								      : S53_REPLY;
}

enum s53_verdict
s53_step_join(struct s53_query *query)
{
	struct s53_resolver *resolver = query->resolver;
	enum s53_loop_sign sign;
	struct s53_pending *pending;
	struct s53_fetch *fetch;

	if (query->pending != NULL)
		return take_outcome(query);
	if (s53_loop_is_test(query))
		return s53_loop_found(query);
	fetch = s53_inflight_find(&resolver->inflight, query);
	sign = s53_loop_sign(query);
	if (s53_loop_is_own(query, fetch, sign))
		return s53_loop_refuse(query);
	if (fetch != NULL && s53_waits_has(query, fetch))
		return repeat(query, fetch);
	if (fetch != NULL && is_full(query, fetch)) {
		s53_count(resolver->counters, S53_C_JOIN_CLIENTS_PER_QUERY);
		s53_query_log_limit(query, S53_LIMIT_CLIENTS_PER_QUERY);
		return s53_query_shed(query, TOO_MANY, false);
	}
	if ((pending = s53_pending_move(query)) == NULL)
		return s53_query_shed(query, TOO_MANY, false);
	s53_stale_watch(pending);
	return wait_for(pending, fetch, sign);
}
