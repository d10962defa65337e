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

enum s53_verdict
s53_step_join(struct s53_query *query)
{
	struct s53_resolver *resolver = query->resolver;
	struct s53_pending *leader = NULL;
	struct s53_pending *pending;

	if (query->chase_depth == 0)
		leader = s53_inflight_find(&resolver->inflight, query);
	if (leader != NULL && query->refresh)
		return S53_DROP;
	if ((pending = s53_pending_move(query)) == NULL)
		return shed(query);
	s53_stale_watch(pending);
	if (leader != NULL) {
		s53_count(resolver->counters, S53_C_JOIN_JOINED);
		s53_list_append(&leader->followers, &pending->follow);
		return S53_WAIT;
	}
	s53_count(resolver->counters, S53_C_JOIN_LED);
	if (query->chase_depth == 0)
		s53_inflight_add(&resolver->inflight, pending);
	s53_pending_lead(pending);
	return S53_NEXT;
}
