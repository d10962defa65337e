/* SPDX-License-Identifier: ISC
 *
 * join.c - identical questions in flight are one exchange.
 */
#include "pending.h"

/*
 * More than may wait: the newest is shed, at once and with a reason. A stale CNAME that leaves the
 * route would have to wait for its end.
 */
static enum s53_verdict
shed(struct s53_query *query)
{
	if (s53_stale_take(query, "too many queries wait") && !s53_chase_is_due(query))
		return S53_REPLY;
	return s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, "too many queries wait");
}

void
s53_pending_lead(struct s53_pending *pending)
{
	s53_name_copy(&pending->spelling, &pending->query.request.question.lower);
	s53_name_scramble(&pending->spelling);
}

/*
 * A chase's query waits for who is not chasing (see pending.h), and not for a third in a row: each
 * is ended from within the one before.
 */
static bool
may_follow(const struct s53_query *query, const struct s53_pending *leader)
{
	if (query->chase_of == NULL)
		return true;
	return leader->chase == NULL && !s53_chase_parent(query)->chase_follows;
}

enum s53_verdict
s53_step_join(struct s53_query *query)
{
	struct s53_resolver *resolver = query->resolver;
	struct s53_pending *leader = s53_inflight_find(&resolver->inflight, query);
	struct s53_pending *pending;
	bool led = leader != NULL;

	if (led && !may_follow(query, leader))
		leader = NULL;
	if (leader != NULL && query->refresh)
		return S53_DROP;
	if ((pending = s53_pending_move(query)) == NULL)
		return shed(query);
	s53_stale_watch(pending);
	if (leader != NULL) {
		s53_count(resolver->counters, S53_C_JOIN_JOINED);
		s53_list_append(&leader->followers, &pending->follow);
		leader->chase_follows = leader->chase_follows || query->chase_of != NULL;
		return S53_WAIT;
	}
	s53_count(resolver->counters, S53_C_JOIN_LED);
	/* Followers get the leader's end, which must not come before their own time. */
	if (!led && !query->hurried)
		s53_inflight_add(&resolver->inflight, pending);
	s53_pending_lead(pending);
	return S53_NEXT;
}
