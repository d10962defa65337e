/* SPDX-License-Identifier: ISC
 *
 * pending.c - see pending.h.
 */
#include "pending.h"

#include "resolver_private.h"

bool
s53_recursive_enter(struct s53_resolver *resolver, unsigned limit, bool beyond)
{
	_Atomic unsigned *pending = &resolver->shared->pending;

	if (atomic_fetch_add_explicit(pending, 1, memory_order_relaxed) < limit || beyond) {
		resolver->pending_count++;
		return true;
	}
	atomic_fetch_sub_explicit(pending, 1, memory_order_relaxed);
	s53_count(resolver->counters, S53_C_ADMIT_OVER_LIMIT);
	return false;
}

void
s53_recursive_leave(struct s53_resolver *resolver)
{
	resolver->pending_count--;
	atomic_fetch_sub_explicit(&resolver->shared->pending, 1, memory_order_relaxed);
}

/* A chase's query belongs to a client that is already counted. */
struct s53_pending *
s53_pending_move(struct s53_query *query)
{
	struct s53_resolver *resolver = query->resolver;
	struct s53_pending *pending;

	if (!s53_recursive_enter(
		resolver, query->policy->recursive_clients, query->chase_depth > 0))
		return NULL;
	pending = s53_pool_take(
	    &resolver->free_pending, sizeof *pending, offsetof(struct s53_pending, wait));
	if (pending == NULL) {
		s53_recursive_leave(resolver);
		return NULL;
	}
	query->pending = pending;
	s53_query_copy(&pending->query, query);
	pending->query.key.name = &pending->query.request.question.lower;
	pending->query.room = NULL; /* it was good until now */
	if (query->deadline_ms == 0)
		pending->query.deadline_ms = query->now_ms + query->view->query_timeout_ms;
	s53_policy_keep(query->policy);
	s53_list_init(&pending->wait);
	s53_list_init(&pending->followers);
	pending->fetch = NULL;
	pending->chase = NULL;
	pending->depends_on_client = pending->begins_anew = false;
	pending->patience.back = NULL;
	s53_arena_init(&pending->arena);
	return pending;
}

void
s53_pending_free(struct s53_pending *pending)
{
	struct s53_resolver *resolver = pending->query.resolver;

	S53_ASSERT(s53_list_empty(&pending->followers));
	if (pending->fetch != NULL)
		s53_fetch_leave(pending);
	s53_list_remove(&pending->wait);
	s53_exchanger_timer_cancel(resolver->exchanger, &pending->patience);
	s53_recursive_leave(resolver);
	s53_arena_fini(&pending->arena);
	s53_policy_drop(pending->query.policy);
	s53_pool_give(&resolver->free_pending, &pending->wait, offsetof(struct s53_pending, wait));
}

void
s53_pending_wake(struct s53_pending *pending)
{
	s53_list_append(&pending->query.resolver->run_queue, &pending->wait);
}
