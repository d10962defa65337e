/* SPDX-License-Identifier: ISC
 *
 * stale.c - expired answers, used only when no fresh one can be had in time (RFC 8767).
 *
 * The upstream is queried first. The expired answer is sent when that fails, or when the client's
 * patience (stale-answer-client-timeout) is over before the fetch: then the client leaves its
 * fetch, which goes on for the cache. If all servers are known to be down or silent, it is sent at
 * once; if they are stalled, as soon as their response is overdue.
 */
#include <string.h>

#include <split53/cache.h>

#include "resolver_private.h"

/*
 * Copy a waiting query's answer from the scratch buffer, which other replies will use before it is
 * sent.
 */
static uint8_t *
own_copy(struct s53_query *query, uint8_t *message, size_t len)
{
	if (query->pending == NULL)
		return message;
	return s53_arena_copy(&query->pending->arena, message, len);
}

bool
s53_stale_take(struct s53_query *query, const char *why)
{
	struct s53_cache_lookup ask;
	struct s53_cached cached;
	uint8_t *message = query->resolver->scratch;

	if (!query->stale)
		return false;
	ask = s53_query_cache_lookup(query);
	s53_cache_find_stale(
	    query->policy->cache, &ask, message, sizeof(query->resolver->scratch), &cached);
	if (cached.freshness != S53_CACHE_STALE && cached.freshness != S53_CACHE_FRESH)
		return false;
	if ((message = own_copy(query, message, cached.len)) == NULL)
		return false;
	query->outcome = (struct s53_outcome){ .rcode = s53_header_rcode(message),
		.ede = S53_EDE_NONE,
		.message = message,
		.message_len = cached.len,
		.error = cached.has_error ? s53_query_cached_error(query) : NULL,
		.authentic = cached.authentic,
		.respell = cached.respell };
	if (cached.freshness == S53_CACHE_FRESH)
		return true;
	query->outcome.ede =
	    query->outcome.rcode == S53_RCODE_NXDOMAIN ? S53_EDE_STALE_NXDOMAIN : S53_EDE_STALE;
	query->outcome.ede_text = why;
	return true;
}

/* A chain that leads on cannot be completed while its query is in flight. */
static void
give_out(struct s53_pending *pending, const char *why)
{
	struct s53_query *query = &pending->query;

	query->now_ms = s53_exchanger_now_ms(query->resolver->exchanger);
	if (pending->chase != NULL || !s53_stale_take(query, why) ||
	    s53_chase_is_due(query->view, query->route, &query->request.question, &query->outcome))
		return;
	s53_reply_send(query);
	s53_pending_answered(pending);
	s53_pending_free(pending);
}

static void
on_patience_over(struct s53_timer *timer)
{
	struct s53_pending *pending = S53_CONTAINER_OF(timer, struct s53_pending, patience);
	struct s53_resolver *resolver = pending->query.resolver;

	give_out(pending, "client timeout");
	s53_resolver_drain(resolver);
}

void
s53_stale_offer(struct s53_fetch *fetch, enum s53_group_condition condition)
{
	const char *why = condition == S53_GROUP_SILENT ? "the server does not respond"
							: "the servers are not ready";

	S53_LIST_EACH_SAFE (&fetch->clients, link, following) {
		give_out(S53_CONTAINER_OF(link, struct s53_pending, wait), why);
	}
}

void
s53_stale_watch(struct s53_pending *pending)
{
	struct s53_query *query = &pending->query;
	uint32_t patience_ms = query->answering->cache->stale_client_timeout_ms;

	if (!query->stale || patience_ms == S53_STALE_TIMEOUT_OFF)
		return;
	pending->patience.fire = on_patience_over;
	s53_exchanger_timer(query->resolver->exchanger, &pending->patience,
	    query->now_ms + patience_ms, query->now_ms);
}
