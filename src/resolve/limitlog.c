/* SPDX-License-Identifier: ISC
 *
 * limitlog.c - the log of limits that are reached: which limit, for what, and what to do. The
 * first time in a minute is logged, the others are counted.
 */
#include <split53/log.h>

#include "resolver_private.h"

#define INTERVAL_MS 60000

static bool
is_first(struct s53_resolver_shared *shared, enum s53_limit limit, uint64_t now_ms)
{
	_Atomic uint64_t *told = &shared->limit_logged_ms[limit];
	uint64_t logged_ms = atomic_load_explicit(told, memory_order_relaxed);

	return (logged_ms == 0 || now_ms >= logged_ms + INTERVAL_MS) &&
	    s53_log_on(S53_LOG_CLIENT, S53_LOG_WARNING) &&
	    atomic_compare_exchange_strong_explicit(
		told, &logged_ms, now_ms, memory_order_relaxed, memory_order_relaxed);
}

/* The route's zone name; the root is ".", as in BIND. */
static const char *
zone_of(const struct s53_route *route, char text[static S53_NAME_TEXT])
{
	return s53_name_print(&route->apex, text);
}

static void
log_recursive_clients(const struct s53_query *query, enum s53_limit limit)
{
	struct s53_resolver *resolver = query->resolver;
	unsigned hard = query->policy->recursive_clients;
	unsigned waiting = atomic_load_explicit(&resolver->shared->pending, memory_order_relaxed);
	char zone[S53_NAME_TEXT], client[S53_ADDR_TEXT];

	zone_of(query->route, zone);
	s53_addr_print(&query->client.addr, client);
	if (limit == S53_LIMIT_SOFT)
		s53_log(S53_LOG_CLIENT, S53_LOG_WARNING,
		    "recursive-clients soft limit exceeded (%u/%u/%u): zone '%s' has %u of them, "
		    "so its oldest queries get SERVFAIL, first one from client %s; check the "
		    "servers of that zone, or raise recursive-clients",
		    waiting, s53_shares_soft(hard), hard, zone,
		    s53_shares_places(&resolver->shares, query->route->id), client);
	else
		s53_log(S53_LOG_CLIENT, S53_LOG_WARNING,
		    "no more recursive clients (%u/%u/%u): new queries get SERVFAIL, first one "
		    "from client %s for zone '%s'; raise recursive-clients",
		    waiting, s53_shares_soft(hard), hard, client, zone);
}

static void
log_key(const struct s53_query *query, const char *what)
{
	char client[S53_ADDR_TEXT], name[S53_NAME_TEXT], zone[S53_NAME_TEXT];

	s53_log(S53_LOG_CLIENT, S53_LOG_WARNING,
	    "client %s (%s): %s; check the servers of zone '%s'",
	    s53_addr_print(&query->client.addr, client),
	    s53_name_print(&query->request.question.lower, name), what,
	    zone_of(query->route, zone));
}

void
s53_query_log_limit(const struct s53_query *query, enum s53_limit limit)
{
	if (!is_first(query->resolver->shared, limit, query->now_ms))
		return;
	switch (limit) {
	case S53_LIMIT_SOFT:
	case S53_LIMIT_HARD:
		log_recursive_clients(query, limit);
		break;
	case S53_LIMIT_WAITS:
		log_key(query,
		    "too many queries of one client are waiting for this name: the oldest are "
		    "dropped");
		break;
	default:
		log_key(query,
		    "more clients than clients-per-query are waiting for this name: new ones get "
		    "SERVFAIL");
		break;
	}
}

void
s53_fetch_log_limit(const struct s53_fetch *fetch)
{
	char zone[S53_NAME_TEXT];

	if (!is_first(fetch->resolver->shared, S53_LIMIT_FETCHES, fetch->now_ms))
		return;
	s53_log(S53_LOG_CLIENT, S53_LOG_WARNING,
	    "zone '%s': fetches-per-zone or fetches-per-server is reached, and new queries fail; "
	    "check the servers of that zone, or raise the limit",
	    zone_of(fetch->route, zone));
}
