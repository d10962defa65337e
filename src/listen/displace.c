/* SPDX-License-Identifier: ISC
 *
 * displace.c - chooses the TCP connection to close for a new client when tcp-clients is reached.
 */
#include "displace.h"

#include <sys/socket.h>

#include <split53/clock.h>
#include <split53/log.h>

#include "connection.h"
#include "context.h"
#include "pool.h"
#include "source.h"
#include "standing.h"

#define SLOW_MS 5000 /* more than the time between two reads over a slow line */
#define LOG_EVERY_MS 60000
#define TRIES 16 /* connections of one list that are examined for one new client */

bool
s53_tcp_limit_is_due(struct s53_tcp_limits *limits, enum s53_tcp_limit limit)
{
	_Atomic uint64_t *at_ms = &limits->logged_at_ms[limit];
	uint64_t now_ms = s53_clock_ms();
	uint64_t last_ms = atomic_load(at_ms);

	if (last_ms != 0 && now_ms - last_ms < LOG_EVERY_MS)
		return false;
	return atomic_compare_exchange_strong(at_ms, &last_ms, now_ms);
}

static bool
is_due(const struct s53_connection *connection, uint64_t after_ms)
{
	return connection->pool->now_ms - connection->since_ms >= after_ms;
}

/* false: its finished replies cannot be sent, so the connection stays open. */
static bool
close_for_new_client(struct s53_connection *connection, enum s53_counter counter)
{
	struct s53_counters *counters = connection->context->counters;

	if (!s53_connection_give_way(connection))
		return false;
	s53_count(counters, counter);
	return true;
}

static void
log_client(const struct s53_connection *connection, enum s53_tcp_limit limit, const char *what)
{
	struct s53_tcp_limits *limits = connection->context->limits;
	unsigned most = atomic_load(&limits->clients_max);
	char text[S53_ADDR_TEXT];

	if (!s53_tcp_limit_is_due(limits, limit))
		return;
	s53_log(S53_LOG_CLIENT, S53_LOG_WARNING,
	    "%s (tcp-clients %u, open %u): closing the connection of %s, which %s for %llu ms",
	    atomic_load(&limits->clients) < most ? "out of descriptors" : "too many TCP clients",
	    most, atomic_load(&limits->clients), s53_addr_print(&connection->client.addr, text),
	    what, (unsigned long long)(connection->pool->now_ms - connection->since_ms));
}

static void
cut_unread(struct s53_connection *connection)
{
	log_client(connection, S53_TCP_LIMIT_UNREAD, "has not read its replies");
	s53_count(connection->context->counters, S53_C_LISTEN_TCP_EVICTED_NOT_READING);
	s53_connection_cut(connection);
}

static bool
displace_unread(struct s53_tcp_pool *pool)
{
	struct s53_connection *first = s53_standing_first(pool, S53_TCP_UNREAD);

	if (first == NULL || !is_due(first, S53_UNREAD_MS))
		return false;
	cut_unread(first);
	return true;
}

/*
 * A connection is not idle if its query has arrived but was not read yet: in a burst of
 * new connections the first would be closed to make space for the last.
 */
static bool
is_quiet(const struct s53_connection *connection)
{
	uint8_t octet;

	return recv(connection->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

/* The connection that has been in either of two states for longest; NULL: there is none. */
static struct s53_connection *
longer(const struct s53_tcp_pool *pool, enum s53_tcp_state one, enum s53_tcp_state other)
{
	struct s53_connection *a = s53_standing_first(pool, one);
	struct s53_connection *b = s53_standing_first(pool, other);

	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	return a->since_ms <= b->since_ms ? a : b;
}

static bool
displace_idle(struct s53_tcp_pool *pool)
{
	for (int tries = 0; tries < TRIES; tries++) {
		struct s53_connection *first = longer(pool, S53_TCP_IDLE, S53_TCP_FRESH);

		if (first != NULL && first->state == S53_TCP_FRESH && !is_due(first, S53_GRACE_MS))
			first = s53_standing_first(pool, S53_TCP_IDLE);
		if (first == NULL)
			return false;
		if (is_quiet(first)) {
			log_client(first, S53_TCP_LIMIT_IDLE, "was idle");
			return close_for_new_client(first, S53_C_LISTEN_TCP_EVICTED_IDLE);
		}
		s53_list_remove(&first->standing);
		s53_list_append(&pool->standing[first->state], &first->standing);
	}
	return false;
}

/* Cut a client that reads so little that the kernel has accepted nothing more for SLOW_MS. */
static bool
cut_slow(struct s53_tcp_pool *pool)
{
	int tries = 0;

	S53_LIST_EACH (&pool->standing[S53_TCP_UNREAD], link) {
		struct s53_connection *connection =
		    S53_CONTAINER_OF(link, struct s53_connection, standing);

		if (tries++ == TRIES)
			return false;
		if (pool->now_ms - connection->active_at_ms >= SLOW_MS) {
			cut_unread(connection);
			return true;
		}
	}
	return false;
}

/* In a flood of clients (`flooded`) even one that has just connected. */
static bool
displace_waiting(struct s53_tcp_pool *pool, bool flooded)
{
	for (int tries = 0; tries < TRIES; tries++) {
		struct s53_connection *first = longer(pool, S53_TCP_WAITING, S53_TCP_FRESH);
		bool due;

		if (first == NULL)
			break;
		due = is_due(first, S53_GRACE_MS);
		if (!flooded && !due)
			break;
		if (first->state == S53_TCP_FRESH && !is_quiet(first))
			break; /* its query will be read in the next turn */
		log_client(first, S53_TCP_LIMIT_WAITING, "has waited");
		if (close_for_new_client(first, S53_C_LISTEN_TCP_EVICTED_WAITING)) {
			pool->flooding = pool->flooding || !due;
			return true;
		}
	}
	return cut_slow(pool);
}

static void
log_share(struct s53_tcp_limits *limits, const struct s53_over_share *over)
{
	char text[S53_ADDR_TEXT];

	if (s53_tcp_limit_is_due(limits, S53_TCP_LIMIT_SHARE))
		s53_log(S53_LOG_CLIENT, S53_LOG_WARNING,
		    "too many TCP clients (tcp-clients %u, open %u): closing a connection of %s, "
		    "which has %u, more than its share of %u",
		    atomic_load(&limits->clients_max), atomic_load(&limits->clients),
		    s53_prefix_print(&over->prefix, text), over->count, over->share);
}

/* The first of the first few of `list` for which fits() is true; NULL: none. */
static struct s53_connection *
first_of_source(struct s53_link *list, bool (*fits)(const struct s53_connection *connection))
{
	int tries = 0;

	S53_LIST_EACH (list, link) {
		struct s53_connection *connection =
		    S53_CONTAINER_OF(link, struct s53_connection, of_source);

		if (tries++ == TRIES)
			break;
		if (fits(connection))
			return connection;
	}
	return NULL;
}

/* As far as is known, the kernel accepts what is still to be sent. */
static bool
is_read(const struct s53_connection *connection)
{
	return connection->state != S53_TCP_UNREAD;
}

/*
 * Close one with replies that can be sent; if there is none, one with a client that does not read.
 */
static bool
displace_busy_of(struct s53_tcp_source_part *part, struct s53_tcp_pool *pool)
{
	struct s53_connection *first;

	while ((first = first_of_source(&part->busy, is_read)) != NULL)
		if (close_for_new_client(first, S53_C_LISTEN_TCP_EVICTED_SHARE))
			return true;
	if (s53_list_empty(&part->busy))
		return false;
	s53_count(pool->context->counters, S53_C_LISTEN_TCP_EVICTED_SHARE);
	s53_connection_cut(S53_CONTAINER_OF(part->busy.next, struct s53_connection, of_source));
	return true;
}

static bool
displace_own_of(const struct s53_over_share *over, struct s53_tcp_pool *pool, bool idle)
{
	struct s53_connection *first;

	if (over->own == NULL)
		return false;
	if (!idle)
		return displace_busy_of(over->own, pool);
	first = first_of_source(&over->own->idle, is_quiet);
	return first != NULL && close_for_new_client(first, S53_C_LISTEN_TCP_EVICTED_SHARE);
}

static bool
request_of(struct s53_tcp_limits *limits, unsigned index, unsigned count)
{
	for (struct s53_tcp_worker *it = limits->workers; it != NULL && count > 0; it = it->next)
		if (it->index == index)
			return s53_evict_request(it, S53_EVICT_SHARE, count);
	return false;
}

/* `elsewhere`: requests to other workers are allowed. */
static enum s53_displaced
displace_over_share(struct s53_tcp_pool *pool, bool elsewhere)
{
	struct s53_listen_context *context = pool->context;
	struct s53_tcp_limits *limits = context->limits;
	struct s53_over_share over;

	if (!s53_tcp_source_over_share(limits, context->self->index, &over))
		return S53_DISPLACED_NONE;
	log_share(limits, &over);
	if (displace_own_of(&over, pool, true))
		return S53_DISPLACED_ONE;
	if (elsewhere && request_of(limits, over.idle_worker, over.idle_count))
		return S53_DISPLACED_ELSEWHERE;
	if (displace_own_of(&over, pool, false))
		return S53_DISPLACED_ONE;
	if (elsewhere && request_of(limits, over.busy_worker, over.busy_count))
		return S53_DISPLACED_ELSEWHERE;
	return S53_DISPLACED_NONE;
}

/* Displace under one tier: in this worker, or (`elsewhere`) in another. */
static enum s53_displaced
displace(struct s53_tcp_pool *pool, enum s53_evict_tier tier, bool flooded, bool elsewhere)
{
	struct s53_listen_context *context = pool->context;
	uint64_t until_ms =
	    pool->now_ms + (flooded && tier == S53_EVICT_WAITING ? S53_GRACE_MS : 0);
	bool done;

	if (tier == S53_EVICT_SHARE)
		return displace_over_share(pool, elsewhere);
	done = tier == S53_EVICT_UNREAD ? displace_unread(pool)
	    : tier == S53_EVICT_IDLE    ? displace_idle(pool)
					: displace_waiting(pool, flooded);
	if (done)
		return S53_DISPLACED_ONE;
	if (elsewhere && s53_evict_elsewhere(context->limits, context->self, tier, until_ms))
		return S53_DISPLACED_ELSEWHERE;
	return S53_DISPLACED_NONE;
}

enum s53_displaced
s53_displace_for_new_client(struct s53_tcp_pool *pool, bool flooded)
{
	enum s53_displaced displaced = S53_DISPLACED_NONE;

	pool->keep_place = true;
	for (unsigned tier = 0; tier < S53_EVICT_TIER_COUNT && pool->keep_place; tier++) {
		displaced = displace(pool, (enum s53_evict_tier)tier, flooded, true);
		if (displaced == S53_DISPLACED_ELSEWHERE)
			break;
	}
	if (!pool->keep_place)
		return S53_DISPLACED_ONE;
	pool->keep_place = false;
	return displaced;
}

bool
s53_displace_own(struct s53_tcp_pool *pool, enum s53_evict_tier last)
{
	/* The worker that requests one under WAITING has checked that it is due. */
	bool flooded = last == S53_EVICT_WAITING;

	for (unsigned tier = 0; tier <= last; tier++)
		if (displace(pool, (enum s53_evict_tier)tier, flooded, false) == S53_DISPLACED_ONE)
			return true;
	return false;
}
