/* SPDX-License-Identifier: ISC
 *
 * resolver.c - the door: make a resolver, give it messages.
 */
#include <stdlib.h>
#include <string.h>

#include <split53/rand.h>

#include "pending.h"

/* Queries whose cache entries are fetched together: enough to hide the memory's delay. */
#define GROUP 16

struct s53_resolver *
s53_resolver_new(struct s53_exchanger *exchanger, struct s53_counters *counters,
    struct s53_resolver_shared *shared, struct s53_policy *policy)
{
	struct s53_resolver *resolver = malloc(sizeof *resolver);

	if (resolver == NULL)
		return NULL;
	if (s53_inflight_init(&resolver->inflight) != S53_OK) {
		free(resolver);
		return NULL;
	}
	resolver->exchanger = exchanger;
	resolver->counters = counters;
	resolver->shared = shared;
	resolver->policy = s53_policy_keep(policy);
	s53_list_init(&resolver->pending);
	s53_list_init(&resolver->free_pending);
	s53_list_init(&resolver->free_attempts);
	resolver->pending_count = resolver->free_pending_count = 0;
	resolver->free_attempt_count = 0;
	resolver->dice = s53_rand_u32();
	memset(resolver->turns, 0, sizeof resolver->turns);
	resolver->error_told_ms = resolver->stale_told_ms = 0;
	resolver->dead_asked_ms = 0;
	s53_budget_init(&resolver->budget);
	resolver->clients_more = 0;
	resolver->clients_less_ms = 0;
	return resolver;
}

/* Answer who leads; followers and those that wait for a CNAME's end are answered by that. */
static void
end_pending(struct s53_resolver *resolver)
{
	while (!s53_list_empty(&resolver->pending)) {
		struct s53_pending *pending =
		    S53_CONTAINER_OF(resolver->pending.next, struct s53_pending, link);

		/*
		 * A follower is ended by its leader, a parent by its child: find who ends this
		 * one.
		 */
		S53_LIST_EACH (&resolver->pending, link) {
			pending = S53_CONTAINER_OF(link, struct s53_pending, link);
			if (s53_list_empty(&pending->follow) && pending->chase == NULL)
				break;
		}
		s53_query_fail(&pending->query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, "shutting down");
		pending->query.step = S53_STEP_ANSWER;
		s53_query_run(&pending->query);
	}
}

static void
free_list(struct s53_link *list, size_t offset)
{
	struct s53_link *link;

	while ((link = s53_list_pop(list)) != NULL)
		free((char *)link - offset);
}

void
s53_resolver_free(struct s53_resolver *resolver)
{
	if (resolver == NULL)
		return;
	end_pending(resolver);
	free_list(&resolver->free_pending, offsetof(struct s53_pending, link));
	free_list(&resolver->free_attempts, offsetof(struct s53_attempt, link));
	s53_inflight_fini(&resolver->inflight);
	s53_policy_drop(resolver->policy);
	free(resolver);
}

void
s53_resolver_use(struct s53_resolver *resolver, struct s53_policy *policy)
{
	s53_policy_keep(policy);
	s53_policy_drop(resolver->policy);
	resolver->policy = policy;
}

unsigned
s53_resolver_pending(const struct s53_resolver *resolver)
{
	return resolver->pending_count;
}

/* Field by field: the request, by far the largest, is parse's to fill. */
static void
begin(struct s53_query *query, struct s53_resolver *resolver, const struct s53_arrival *arrival,
    uint64_t now_ms)
{
	query->step = S53_STEP_PARSE;
	query->resolver = resolver;
	query->octets = arrival->octets;
	query->octets_len = arrival->len;
	query->now_ms = now_ms;
	query->policy = resolver->policy;
	query->view = NULL;
	query->route = NULL;
	query->answering = NULL;
	query->pending = NULL;
	query->chase_of = NULL;
	query->deadline_ms = 0;
	query->chase_depth = 0;
	query->hurried = query->refresh = query->stale = false;
	query->may_query = query->may_use_cache = query->may_recurse = false;
	query->room = NULL;
	query->key.name = NULL;
	query->client = *arrival->client;
	query->request.edns = (struct s53_edns){ 0 };
	query->request.has_question = false;
}

/* Walk a group up to FIND, have its entries fetched, then let each go on. */
static void
take_group(struct s53_resolver *resolver, const struct s53_arrival *arrivals, unsigned count,
    uint64_t now_ms)
{
	struct s53_query queries[GROUP];
	struct s53_query *found[GROUP];
	unsigned found_count = 0;

	for (unsigned i = 0; i < count; i++) {
		struct s53_query *query = &queries[i];

		begin(query, resolver, &arrivals[i], now_ms);
		if (!s53_query_run_until(query, S53_STEP_FIND))
			continue;
		s53_query_fetch(query);
		found[found_count++] = query;
	}
	for (unsigned i = 0; i < found_count; i++)
		s53_query_fetch_entry(found[i]);
	for (unsigned i = 0; i < found_count; i++)
		s53_query_run(found[i]);
}

void
s53_resolver_take_batch(struct s53_resolver *resolver, const struct s53_arrival *arrivals,
    unsigned count, uint64_t now_ms)
{
	for (unsigned at = 0; at < count; at += GROUP)
		take_group(
		    resolver, arrivals + at, count - at < GROUP ? count - at : GROUP, now_ms);
}
