/* SPDX-License-Identifier: ISC
 *
 * pending.c - see pending.h.
 */
#include "pending.h"

#include <split53/clock.h>

#include "resolver_private.h"

#define DISPLACED_MAX 2 /* for one new query: so the reserve becomes free again */
#define DISPLACED "too many queries are waiting (recursive-clients): replaced by a newer query"

static unsigned
count_all(const struct s53_resolver *resolver)
{
	return atomic_load_explicit(&resolver->shared->pending, memory_order_relaxed);
}

bool
s53_recursive_has_room(const struct s53_resolver *resolver, unsigned limit)
{
	return count_all(resolver) < s53_shares_soft(limit);
}

void
s53_recursive_take(struct s53_resolver *resolver)
{
	atomic_fetch_add_explicit(&resolver->shared->pending, 1, memory_order_relaxed);
	resolver->pending_count++;
}

void
s53_recursive_leave(struct s53_resolver *resolver)
{
	resolver->pending_count--;
	atomic_fetch_sub_explicit(&resolver->shared->pending, 1, memory_order_relaxed);
}

static void
leave_place(struct s53_pending *pending)
{
	struct s53_resolver *resolver = pending->query.resolver;

	if (pending->place.route == NULL)
		return;
	s53_shares_leave(&resolver->shares, &pending->place);
	s53_recursive_leave(resolver);
}

/* The query stops waiting, and is answered from the run queue: not inside another query's step. */
static void
displace(struct s53_pending *pending, uint64_t now_ms)
{
	struct s53_query *query = &pending->query;

	query->now_ms = now_ms;
	s53_count(query->resolver->counters, S53_C_JOIN_DISPLACED);
	s53_query_log_limit(s53_chase_end(pending), S53_LIMIT_SOFT);
	leave_place(pending);
	s53_chase_abandon(pending);
	if (pending->fetch != NULL)
		s53_fetch_abandon(pending);
	s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, DISPLACED);
	query->outcome.over_quota = true;
	query->step = S53_STEP_JOIN;
	s53_pending_wake(pending);
}

/* Free a place for a new query. false: nothing can be displaced. */
static bool
make_room(struct s53_resolver *resolver, const struct s53_query *query, unsigned soft)
{
	struct s53_shares_place *place;

	if (!s53_list_empty(&resolver->idle)) {
		s53_fetch_cancel(S53_CONTAINER_OF(resolver->idle.next, struct s53_fetch, idle));
		return true;
	}
	place = s53_shares_displace(&resolver->shares, query->route->id, soft);
	if (place == NULL)
		return false;
	displace(S53_CONTAINER_OF(place, struct s53_pending, place), query->now_ms);
	return true;
}

/* May the query wait? At the soft limit it displaces others, or uses the reserve. */
static bool
is_admitted(const struct s53_query *query)
{
	struct s53_resolver *resolver = query->resolver;
	unsigned limit = query->policy->recursive_clients, soft = s53_shares_soft(limit);
	unsigned displaced = 0;

	while (count_all(resolver) >= soft && displaced < DISPLACED_MAX &&
	    make_room(resolver, query, soft))
		displaced++;
	if (displaced > 0 || count_all(resolver) < limit)
		return true;
	s53_count(resolver->counters, S53_C_ADMIT_RECURSIVE_CLIENTS);
	s53_query_log_limit(query, S53_LIMIT_HARD);
	return false;
}

/*
 * A child is not admitted by itself: its client's query was. Its place moves to the child's route.
 */
static bool
take_place(struct s53_pending *pending)
{
	struct s53_query *query = &pending->query;
	struct s53_shares *shares = &query->resolver->shares;

	pending->place.route = NULL;
	if (query->chase_of != NULL) {
		s53_chase_set_child(query->chase_of, pending);
		s53_shares_move(shares, &s53_chase_client(pending)->place, query->route->id);
		return true;
	}
	return s53_shares_enter(shares, &pending->place, query->route->id, &query->client);
}

static void
init(struct s53_pending *pending, const struct s53_query *query)
{
	s53_query_copy(&pending->query, query);
	pending->query.pending = pending;
	pending->query.key.name = &pending->query.request.question.lower;
	pending->query.room = NULL; /* valid only until now */
	if (query->deadline_ms == 0)
		pending->query.deadline_ms = query->now_ms + query->view->query_timeout_ms;
	s53_list_init(&pending->wait);
	s53_list_init(&pending->same.link);
	pending->fetch = NULL;
	pending->chase = NULL;
	pending->received_ns = query->resolver->received_ns;
	if (pending->received_ns == 0) /* it did not come by a listener that says so */
		pending->received_ns = s53_clock_ns();
	pending->may_be_own = false;
	pending->patience.back = NULL;
	s53_arena_init(&pending->arena);
}

static void
give_back(struct s53_resolver *resolver, struct s53_pending *pending)
{
	s53_spares_give(
	    &resolver->free_pending, &pending->wait, offsetof(struct s53_pending, wait));
}

struct s53_pending *
s53_pending_move(struct s53_query *query)
{
	struct s53_resolver *resolver = query->resolver;
	struct s53_pending *pending;

	if (query->chase_of == NULL && !is_admitted(query))
		return NULL;
	pending = s53_spares_take(
	    &resolver->free_pending, sizeof(*pending), offsetof(struct s53_pending, wait));
	if (pending == NULL)
		return NULL;
	init(pending, query);
	if (!take_place(pending)) {
		give_back(resolver, pending);
		return NULL;
	}
	if (query->chase_of == NULL)
		s53_recursive_take(resolver);
	query->pending = pending;
	s53_policy_keep(query->policy);
	return pending;
}

void
s53_pending_free(struct s53_pending *pending)
{
	struct s53_resolver *resolver = pending->query.resolver;

	s53_chase_abandon(pending);
	if (pending->fetch != NULL)
		s53_fetch_leave(pending);
	s53_list_remove(&pending->wait);
	s53_exchanger_timer_cancel(resolver->exchanger, &pending->patience);
	leave_place(pending);
	s53_arena_fini(&pending->arena);
	s53_policy_drop(pending->query.policy);
	give_back(resolver, pending);
}

void
s53_pending_answered(const struct s53_pending *pending)
{
	struct s53_counters *counters = pending->query.resolver->counters;
	uint64_t now_ns;

	if (pending->query.chase_depth > 0)
		return;
	now_ns = s53_clock_ns();
	if (now_ns >= pending->received_ns)
		s53_histogram_count(
		    &counters->latency[S53_LATENCY_MISS], now_ns - pending->received_ns, 1);
}

void
s53_pending_drop(struct s53_pending *pending)
{
	pending->query.client.ops->drop(&pending->query.client);
	s53_pending_free(pending);
}

void
s53_pending_wake(struct s53_pending *pending)
{
	if (pending->place.route != NULL)
		s53_shares_pin(&pending->place);
	s53_list_append(&pending->query.resolver->run_queue, &pending->wait);
}
