/* SPDX-License-Identifier: ISC
 *
 * pending.c - the pool of waiting queries and of their attempts.
 */
#include <stdlib.h>
#include <string.h>

#include "pending.h"

/* A link out of the free list, or a new object of `size` that begins with its link at `offset`. */
static void *
pool_take(struct s53_link *list, unsigned *count, size_t size, size_t offset)
{
	struct s53_link *link = s53_list_pop(list);

	if (link == NULL)
		return malloc(size);
	(*count)--;
	return (char *)link - offset;
}

static void
pool_give(struct s53_link *list, unsigned *count, struct s53_link *link, void *object)
{
	if (*count >= S53_POOL_KEEP) {
		free(object);
		return;
	}
	s53_list_push(list, link);
	(*count)++;
}

/*
 * recursive-clients counts over all workers; a question of our own belongs to one already
 * counted.
 */
static bool
within_limit(struct s53_query *query)
{
	_Atomic unsigned *pending = &query->resolver->shared->pending;

	if (atomic_fetch_add_explicit(pending, 1, memory_order_relaxed) <
		query->policy->recursive_clients ||
	    query->chase_depth > 0)
		return true;
	atomic_fetch_sub_explicit(pending, 1, memory_order_relaxed);
	s53_count(query->resolver->counters, S53_C_ADMIT_OVER_LIMIT);
	return false;
}

struct s53_pending *
s53_pending_move(struct s53_query *query)
{
	struct s53_resolver *resolver = query->resolver;
	struct s53_pending *pending;

	if (!within_limit(query))
		return NULL;
	pending = pool_take(&resolver->free_pending, &resolver->free_pending_count, sizeof *pending,
	    offsetof(struct s53_pending, link));
	if (pending == NULL) {
		atomic_fetch_sub_explicit(&resolver->shared->pending, 1, memory_order_relaxed);
		return NULL;
	}
	query->pending = pending;
	s53_query_copy(&pending->query, query);
	pending->query.key.name = &pending->query.request.question.lower;
	pending->query.room = NULL; /* it was good until now */
	s53_policy_keep(query->policy);
	s53_list_init(&pending->bucket);
	s53_list_init(&pending->followers);
	s53_list_init(&pending->follow);
	s53_list_init(&pending->attempts);
	s53_arena_init(&pending->arena);
	pending->leading = pending->chase_follows = pending->shed = false;
	pending->follower_count = pending->presses = 0;
	pending->tried = pending->failed = pending->ill = 0;
	pending->left_out = pending->unfit = 0;
	pending->fresh_ms = query->now_ms;
	pending->asked = pending->asked_down = pending->waited = pending->late = false;
	pending->owes = false;
	pending->group_dead = pending->in_zone_quota = false;
	pending->pass = pending->attempt_count = 0;
	pending->answered = NULL;
	pending->asked_hash = 0;
	pending->ede = S53_EDE_NO_REACHABLE_AUTHORITY;
	pending->ede_text[0] = '\0';
	pending->chase = NULL;
	pending->depends_on_client = false;
	pending->patience.back = NULL;
	pending->deadline_ms = query->deadline_ms != 0
	    ? query->deadline_ms
	    : query->now_ms + query->view->query_timeout_ms;
	s53_list_append(&resolver->pending, &pending->link);
	resolver->pending_count++;
	return pending;
}

void
s53_pending_free(struct s53_pending *pending)
{
	struct s53_resolver *resolver = pending->query.resolver;

	S53_ASSERT(s53_list_empty(&pending->followers));
	s53_attempts_end(pending);
	if (pending->leading)
		s53_inflight_remove(&resolver->inflight, pending);
	s53_loop_leave(pending);
	if (pending->in_zone_quota)
		s53_group_leave(pending->query.route->group);
	s53_exchanger_timer_cancel(resolver->exchanger, &pending->patience);
	s53_list_remove(&pending->follow);
	s53_list_remove(&pending->link);
	resolver->pending_count--;
	atomic_fetch_sub_explicit(&resolver->shared->pending, 1, memory_order_relaxed);
	s53_arena_fini(&pending->arena);
	s53_policy_drop(pending->query.policy);
	pool_give(&resolver->free_pending, &resolver->free_pending_count, &pending->link, pending);
}

void
s53_attempts_end(struct s53_pending *pending)
{
	S53_LIST_EACH_SAFE (&pending->attempts, link, following) {
		s53_attempt_free(S53_CONTAINER_OF(link, struct s53_attempt, link));
	}
}

void
s53_attempt_fails(const struct s53_attempt *attempt)
{
	struct s53_pending *pending = attempt->pending;
	uint32_t bit = UINT32_C(1) << attempt->plan.server;

	pending->failed |= bit;
	if (s53_upstream_state(s53_attempt_server(attempt)) != S53_HEALTH_UP)
		pending->ill |= bit;
	else
		pending->ill &= ~bit;
}

struct s53_attempt *
s53_attempt_new(struct s53_pending *pending, const struct s53_plan *plan)
{
	struct s53_resolver *resolver = pending->query.resolver;
	struct s53_attempt *attempt = pool_take(&resolver->free_attempts,
	    &resolver->free_attempt_count, sizeof *attempt, offsetof(struct s53_attempt, link));

	if (attempt == NULL)
		return NULL;
	attempt->pending = pending;
	attempt->exchange = NULL;
	attempt->plan = *plan;
	attempt->wait_ms = 0;
	attempt->was_late = attempt->spared = attempt->watches = false;
	attempt->pressed = attempt->cut = attempt->case_differs = false;
	s53_list_append(&pending->attempts, &attempt->link);
	pending->attempt_count++;
	return attempt;
}

void
s53_attempt_free(struct s53_attempt *attempt)
{
	struct s53_resolver *resolver = attempt->pending->query.resolver;

	if (attempt->exchange != NULL)
		s53_exchange_cancel(resolver->exchanger, attempt->exchange);
	s53_list_remove(&attempt->link);
	attempt->pending->attempt_count--;
	pool_give(&resolver->free_attempts, &resolver->free_attempt_count, &attempt->link, attempt);
}
