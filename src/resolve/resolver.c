/* SPDX-License-Identifier: ISC
 *
 * resolver.c - the entry points: make a resolver, give it messages.
 */
#include <stdlib.h>
#include <string.h>

#include <split53/rand.h>

#include "resolver_private.h"

/*
 * Queries that have their cache entries prefetched together: enough to hide the memory's latency.
 */
#define CHUNK 16

static void
fini_tables(struct s53_resolver *resolver)
{
	s53_table_fini(&resolver->inflight);
	s53_table_fini(&resolver->waits);
}

static bool
init_tables(struct s53_resolver *resolver, struct s53_resolver_shared *shared)
{
	bool done = s53_table_init(&resolver->inflight) == S53_OK;

	if (s53_table_init(&resolver->waits) == S53_OK && done &&
	    s53_shares_init(&resolver->shares, &shared->shares) == S53_OK)
		return true;
	fini_tables(resolver);
	return false;
}

struct s53_resolver *
s53_resolver_new(struct s53_exchanger *exchanger, struct s53_counters *counters,
    struct s53_resolver_shared *shared, struct s53_policy *policy)
{
	struct s53_resolver *resolver = malloc(sizeof(*resolver));

	if (resolver == NULL)
		return NULL;
	if (!init_tables(resolver, shared)) {
		free(resolver);
		return NULL;
	}
	resolver->exchanger = exchanger;
	resolver->counters = counters;
	resolver->shared = shared;
	resolver->policy = s53_policy_keep(policy);
	s53_list_init(&resolver->fetches);
	s53_list_init(&resolver->idle);
	s53_list_init(&resolver->ended);
	s53_list_init(&resolver->run_queue);
	s53_spares_init(&resolver->free_pending);
	s53_spares_init(&resolver->free_fetches);
	s53_spares_init(&resolver->free_attempts);
	resolver->pending_count = 0;
	resolver->received_ns = 0;
	resolver->random_state = s53_rand_u32();
	memset(resolver->cyclic_counters, 0, sizeof(resolver->cyclic_counters));
	resolver->error_logged_ms = resolver->stale_logged_ms = 0;
	resolver->lame_logged_ms = resolver->edns_logged_ms = 0;
	s53_denials_init(&resolver->denials);
	resolver->dead_queried_ms = 0;
	memset(&resolver->quiet, 0, sizeof(resolver->quiet));
	s53_budget_init(&resolver->budget);
	resolver->clients_more = 0;
	resolver->clients_less_ms = 0;
	return resolver;
}

void
s53_resolver_drain(struct s53_resolver *resolver)
{
	struct s53_link *link;

	while ((link = s53_list_pop(&resolver->run_queue)) != NULL)
		s53_query_resume(&S53_CONTAINER_OF(link, struct s53_pending, wait)->query);
	while ((link = s53_list_pop(&resolver->ended)) != NULL) {
		struct s53_fetch *fetch = S53_CONTAINER_OF(link, struct s53_fetch, link);

		s53_policy_drop(fetch->policy);
		free(fetch->held.message);
		s53_spares_give(&resolver->free_fetches, link, offsetof(struct s53_fetch, link));
	}
}

/* Every waiting query waits for a fetch in the end, and is answered when that has failed. */
static void
end_fetches(struct s53_resolver *resolver)
{
	while (!s53_list_empty(&resolver->fetches)) {
		struct s53_fetch *fetch =
		    S53_CONTAINER_OF(resolver->fetches.next, struct s53_fetch, link);

		s53_fetch_fail(fetch, S53_EDE_OTHER, "shutting down");
		s53_fetch_end(fetch);
		s53_resolver_drain(resolver);
	}
	S53_ASSERT(resolver->pending_count == 0);
}

void
s53_resolver_free(struct s53_resolver *resolver)
{
	if (resolver == NULL)
		return;
	end_fetches(resolver);
	s53_denials_fini(resolver);
	s53_spares_fini(&resolver->free_pending, offsetof(struct s53_pending, wait));
	s53_spares_fini(&resolver->free_fetches, offsetof(struct s53_fetch, link));
	s53_spares_fini(&resolver->free_attempts, offsetof(struct s53_attempt, link));
	s53_shares_fini(&resolver->shares);
	fini_tables(resolver);
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
s53_resolver_soft_limit(unsigned recursive_clients)
{
	return s53_shares_soft(recursive_clients);
}

unsigned
s53_resolver_pending(const struct s53_resolver *resolver)
{
	return resolver->pending_count;
}

/* Field by field: the request, by far the largest, is filled by the step parse. */
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
	query->chase_depth = query->chase_links = 0;
	query->short_of_time = query->whole = query->stale = false;
	query->may_query = query->may_use_cache = query->may_recurse = false;
	query->room = NULL;
	query->tally = NULL;
	query->key.name = NULL;
	query->client = *arrival->client;
	query->request.edns = (struct s53_edns){ 0 };
	query->request.has_question = false;
}

/* Run a group of queries up to FIND, prefetch their cache entries, then finish each. */
static void
take_chunk(struct s53_resolver *resolver, const struct s53_arrival *arrivals, unsigned count,
    uint64_t now_ms)
{
	struct s53_query queries[CHUNK];
	struct s53_query *found[CHUNK];
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
s53_resolver_received(struct s53_resolver *resolver, uint64_t at_ns)
{
	resolver->received_ns = at_ns;
}

void
s53_resolver_take_batch(struct s53_resolver *resolver, const struct s53_arrival *arrivals,
    unsigned count, uint64_t now_ms)
{
	for (unsigned at = 0; at < count; at += CHUNK)
		take_chunk(
		    resolver, arrivals + at, count - at < CHUNK ? count - at : CHUNK, now_ms);
	s53_resolver_drain(resolver);
}
