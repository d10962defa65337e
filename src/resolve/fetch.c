/* SPDX-License-Identifier: ISC
 *
 * fetch.c - the life of a fetch: from its first client (if any) to the end, which wakes its
 * clients.
 */
#include "fetch.h"

#include <split53/cache.h>

#include "resolver_private.h"

#define SPELLINGS 8 /* draws at most, as a name may have no letters */

/* Copy what the fetch needs of its first query; nothing has been queried yet. */
static void
init(struct s53_fetch *fetch, const struct s53_query *query)
{
	fetch->resolver = query->resolver;
	fetch->policy = s53_policy_keep(query->policy);
	fetch->view = query->view;
	fetch->route = query->route;
	fetch->answering = query->answering;
	fetch->key = query->key;
	fetch->key.name = &fetch->question.lower;
	s53_name_copy(&fetch->client_name, &query->request.question.name);
	s53_name_copy(&fetch->question.lower, &query->request.question.lower);
	fetch->question.qtype = query->request.question.qtype;
	fetch->question.qclass = query->request.question.qclass;
	fetch->now_ms = fetch->began_ms = fetch->fresh_ms = query->now_ms;
	fetch->deadline_ms = query->deadline_ms;
	fetch->short_of_time = query->short_of_time;
	fetch->has_older = query->stale;
	fetch->whole = query->whole;
}

struct s53_fetch *
s53_fetch_new(const struct s53_query *query)
{
	struct s53_resolver *resolver = query->resolver;
	struct s53_fetch *fetch = s53_spares_take(
	    &resolver->free_fetches, sizeof(*fetch), offsetof(struct s53_fetch, link));

	if (fetch == NULL)
		return NULL;
	init(fetch, query);
	s53_list_append(&resolver->fetches, &fetch->link);
	s53_list_init(&fetch->idle);
	s53_list_init(&fetch->in_flight.link);
	s53_list_init(&fetch->clients);
	s53_list_init(&fetch->attempts);
	fetch->in_table = fetch->in_zone_quota = false;
	fetch->shed = fetch->takes_cut = fetch->may_be_cut = false;
	fetch->outdated = false;
	fetch->asked = fetch->queried_down = fetch->overdue = fetch->hedges = false;
	fetch->owes_budget = fetch->group_dead = fetch->retried_servfail = false;
	fetch->joined = fetch->expired = fetch->pass = fetch->attempt_count = 0;
	fetch->tried = fetch->ever_asked = fetch->failed = fetch->left_out = 0;
	fetch->no_tcp = fetch->other_case = 0;
	fetch->verified = fetch->without_signatures = false;
	fetch->failed_unhealthy = fetch->failed_by_rcode = 0;
	fetch->answered = NULL;
	fetch->loop = (struct s53_loop_watch){ 0 };
	fetch->held.message = NULL;
	fetch->error.code = S53_EDE_NONE;
	fetch->ede = S53_EDE_NO_REACHABLE_AUTHORITY;
	fetch->ede_text[0] = '\0';
	fetch->causes.count = 0;
	return fetch;
}

/*
 * Clients usually send lower case, so draw another spelling: then a loop that keeps letter case is
 * found at once.
 */
static void
draw_spelling(struct s53_question *question)
{
	for (unsigned i = 0; i < SPELLINGS; i++) {
		s53_name_copy(&question->name, &question->lower);
		s53_name_scramble(&question->name);
		if (!s53_name_same(&question->name, &question->lower))
			break;
	}
}

void
s53_fetch_begin(struct s53_fetch *fetch, bool in_table)
{
	struct s53_group *group = fetch->route->group;

	if (in_table)
		s53_inflight_add(&fetch->resolver->inflight, fetch);
	draw_spelling(&fetch->question);
	s53_loop_enter(fetch);
	fetch->in_zone_quota = s53_group_enter(group);
	if (!fetch->in_zone_quota) {
		s53_fetch_over_quota(fetch, s53_group_rules(group)->per_zone.drop);
		s53_fetch_end(fetch);
		return;
	}
	fetch->step = S53_STEP_CHOOSE;
	s53_fetch_run(fetch);
}

static void
leave_idle(struct s53_fetch *fetch)
{
	s53_list_remove(&fetch->idle);
	s53_recursive_leave(fetch->resolver);
}

void
s53_fetch_join(struct s53_fetch *fetch, struct s53_pending *pending)
{
	if (!s53_list_empty(&fetch->idle))
		leave_idle(fetch);
	pending->fetch = fetch;
	s53_list_append(&fetch->clients, &pending->wait);
	s53_waits_add(fetch->resolver, pending);
}

/* Returns true if that was the last client. */
static bool
leave(struct s53_pending *pending)
{
	struct s53_fetch *fetch = pending->fetch;

	s53_waits_remove(fetch->resolver, pending);
	pending->fetch = NULL;
	s53_list_remove(&pending->wait);
	return s53_list_empty(&fetch->clients);
}

void
s53_fetch_leave(struct s53_pending *pending)
{
	struct s53_fetch *fetch = pending->fetch;

	if (leave(pending))
		s53_fetch_idle(fetch);
}

void
s53_fetch_cancel(struct s53_fetch *fetch)
{
	s53_count(fetch->resolver->counters, S53_C_JOIN_ABANDONED);
	s53_fetch_fail(fetch, S53_EDE_OTHER, NULL);
	s53_fetch_end(fetch);
}

void
s53_fetch_abandon(struct s53_pending *pending)
{
	struct s53_fetch *fetch = pending->fetch;

	if (leave(pending))
		s53_fetch_cancel(fetch);
}

void
s53_fetch_idle(struct s53_fetch *fetch)
{
	s53_recursive_take(fetch->resolver);
	s53_list_append(&fetch->resolver->idle, &fetch->idle);
}

static void
wake_clients(struct s53_fetch *fetch)
{
	struct s53_link *link;

	while ((link = s53_list_pop(&fetch->clients)) != NULL) {
		struct s53_pending *pending = S53_CONTAINER_OF(link, struct s53_pending, wait);

		s53_waits_remove(fetch->resolver, pending);
		pending->fetch = NULL;
		pending->query.now_ms = fetch->now_ms;
		pending->query.outcome = fetch->outcome;
		s53_pending_wake(pending);
	}
}

void
s53_fetch_end(struct s53_fetch *fetch)
{
	struct s53_resolver *resolver = fetch->resolver;

	S53_LIST_EACH_SAFE (&fetch->attempts, link, following) {
		s53_attempt_free(S53_CONTAINER_OF(link, struct s53_attempt, link));
	}
	if (fetch->in_table)
		s53_inflight_remove(&resolver->inflight, fetch);
	s53_loop_leave(fetch);
	if (fetch->in_zone_quota)
		s53_group_leave(fetch->route->group);
	if (!s53_list_empty(&fetch->idle))
		leave_idle(fetch);
	if (fetch->outcome.message != NULL)
		s53_clients_learn(fetch);
	wake_clients(fetch);
	s53_list_remove(&fetch->link);
	s53_list_append(&resolver->ended, &fetch->link);
}

enum s53_verdict
s53_fetch_fail(struct s53_fetch *fetch, uint16_t ede, const char *text)
{
	fetch->outcome = (struct s53_outcome){ .rcode = S53_RCODE_SERVFAIL,
		.ede = ede,
		.ede_text = text,
		.error = fetch->error.code != S53_EDE_NONE ? &fetch->error : NULL };
	return S53_REPLY;
}

struct s53_cache_lookup
s53_fetch_cache_lookup(const struct s53_fetch *fetch)
{
	return (struct s53_cache_lookup){ .key = &fetch->key,
		.route_id = fetch->route->id,
		.rules = fetch->answering->cache,
		.now_ms = fetch->now_ms };
}

bool
s53_fetch_is_cached(const struct s53_fetch *fetch)
{
	return fetch->policy->cache != NULL && fetch->answering->cache->enabled;
}
