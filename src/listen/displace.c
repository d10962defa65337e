/* SPDX-License-Identifier: ISC
 *
 * displace.c - which TCP connection gives way to a new client when tcp-clients is reached.
 */
#include "displace.h"

#include <limits.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <split53/clock.h>
#include <split53/log.h>

#include "connection.h"
#include "context.h"
#include "pool.h"
#include "source.h"

#define UNREAD_MS 1000 /* a retransmission after a lost packet takes up to that */
#define SLOW_MS 5000
#define LOOK_MS 250 /* between two looks whether the clients of UNREAD ones read */
#define GRACE_MS 200 /* unbound's jostle-timeout */
#define LOG_EVERY_MS 60000
#define TRIES 16 /* connections of one list that are looked at for one newcomer */

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

static enum s53_tcp_state
state_of(const struct s53_connection *connection)
{
	if (s53_backlog_len(&connection->backlog) > 0)
		return connection->writing ? S53_TCP_UNREAD : S53_TCP_WAITING;
	return connection->in_flight > 0 ? S53_TCP_WAITING : S53_TCP_IDLE;
}

/* false: half of tcp-clients run to completion already. */
static bool
take_keeping(struct s53_tcp_limits *limits)
{
	unsigned count = atomic_load_explicit(&limits->kept, memory_order_relaxed);
	unsigned most = atomic_load_explicit(&limits->clients_max, memory_order_relaxed) / 2;

	while (count < most)
		if (atomic_compare_exchange_weak(&limits->kept, &count, count + 1))
			return true;
	return false;
}

/* What other workers may count on. Only this worker writes the count. */
static void
add_to_count(_Atomic unsigned *count, unsigned by)
{
	atomic_store_explicit(
	    count, atomic_load_explicit(count, memory_order_relaxed) + by, memory_order_relaxed);
}

static const enum s53_evict_tier tiers[S53_TCP_STATE_COUNT] = {
	[S53_TCP_IDLE] = S53_EVICT_IDLE,
	[S53_TCP_WAITING] = S53_EVICT_WAITING,
	[S53_TCP_UNREAD] = S53_EVICT_UNREAD,
};

static void
change_counts(struct s53_connection *connection, unsigned by)
{
	enum s53_tcp_state state = connection->state;
	struct s53_listen_context *context = connection->context;

	if (state == S53_TCP_NEW)
		return;
	if (state != S53_TCP_KEPT)
		add_to_count(&context->self->counts[tiers[state]], by);
	if (connection->source != NULL) {
		struct s53_tcp_source_part *part = &connection->source->parts[context->self->index];

		add_to_count(state == S53_TCP_IDLE ? &part->idle_count : &part->busy_count, by);
	}
}

/* Tell the other workers how long the first of `state` has been in it. */
static void
publish_first(struct s53_tcp_pool *pool, enum s53_tcp_state state)
{
	struct s53_link *list = &pool->standing[state];
	uint64_t since_ms = UINT64_MAX;

	if (state != S53_TCP_WAITING && state != S53_TCP_UNREAD)
		return;
	if (!s53_list_empty(list))
		since_ms = S53_CONTAINER_OF(list->next, struct s53_connection, standing)->since_ms;
	atomic_store_explicit(
	    &pool->context->self->since_ms[tiers[state]], since_ms, memory_order_relaxed);
}

static void
leave_lists(struct s53_connection *connection)
{
	s53_list_remove(&connection->standing);
	s53_list_remove(&connection->of_source);
	publish_first(connection->pool, connection->state);
}

static void
enter_lists(struct s53_connection *connection)
{
	enum s53_tcp_state state = connection->state;

	connection->since_ms = connection->pool->now_ms;
	s53_list_append(&connection->pool->standing[state], &connection->standing);
	publish_first(connection->pool, state);
	if (connection->source != NULL) {
		struct s53_tcp_source_part *part =
		    &connection->source->parts[connection->context->self->index];

		s53_list_append(
		    state == S53_TCP_IDLE ? &part->idle : &part->busy, &connection->of_source);
	}
}

/* Bytes that the client's end has not acknowledged; -1: unknown. */
static int
unacknowledged(const struct s53_connection *connection)
{
	int count = -1;

	return ioctl(connection->fd, SIOCOUTQ, &count) == 0 ? count : -1;
}

static void
change_state(struct s53_connection *connection, enum s53_tcp_state state)
{
	struct s53_listen_context *context = connection->context;

	change_counts(connection, UINT_MAX); /* one less */
	if (connection->state == S53_TCP_KEPT)
		atomic_fetch_sub(&context->limits->kept, 1);
	connection->state = state;
	if (state == S53_TCP_WAITING && take_keeping(context->limits))
		connection->state = S53_TCP_KEPT;
	change_counts(connection, 1);
	if (state == S53_TCP_IDLE && s53_tcp_place_offer(context->limits, context->self))
		s53_tcp_pool_resume(connection->pool);
}

static void
look_again(struct s53_tcp_pool *pool)
{
	const struct timeval pause = { .tv_usec = LOOK_MS * 1000 };

	if (!s53_list_empty(&pool->standing[S53_TCP_UNREAD]))
		event_add(&pool->unread_timer, &pause);
}

void
s53_displace_track(struct s53_connection *connection, bool progressed)
{
	enum s53_tcp_state state = state_of(connection);
	bool same = state == connection->state ||
	    (state == S53_TCP_WAITING && connection->state == S53_TCP_KEPT);

	if (same && !progressed)
		return;
	leave_lists(connection);
	if (!same)
		change_state(connection, state);
	enter_lists(connection);
	if (state != S53_TCP_UNREAD)
		return;
	connection->unacknowledged = unacknowledged(connection);
	if (!event_pending(&connection->pool->unread_timer, EV_TIMEOUT, NULL))
		look_again(connection->pool);
}

void
s53_displace_forget(struct s53_connection *connection)
{
	leave_lists(connection);
	change_state(connection, S53_TCP_NEW);
}

/* One whose client has read goes to the end of the list, where the next ones are added. */
void
s53_displace_look_at_unread(struct s53_tcp_pool *pool)
{
	struct s53_link *list = &pool->standing[S53_TCP_UNREAD];
	const struct s53_link *last = list->prev;
	bool more = !s53_list_empty(list);

	s53_tcp_pool_tick(pool);
	for (struct s53_link *link = list->next, *next; more; link = next) {
		struct s53_connection *connection =
		    S53_CONTAINER_OF(link, struct s53_connection, standing);

		next = link->next;
		more = link != last;
		if (unacknowledged(connection) != connection->unacknowledged)
			s53_displace_track(connection, true);
	}
	look_again(pool);
}

static bool
is_due(const struct s53_connection *connection, uint64_t after_ms)
{
	return connection->pool->now_ms - connection->since_ms >= after_ms;
}

/* false: the answers that are still to be sent do not go out, so the connection stays open. */
static bool
close_for_newcomer(struct s53_connection *connection, enum s53_counter counter)
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
	s53_count(connection->context->counters, S53_C_LISTEN_TCP_EVICTED_UNREAD);
	s53_connection_cut(connection);
}

static bool
displace_unread(struct s53_tcp_pool *pool)
{
	struct s53_link *list = &pool->standing[S53_TCP_UNREAD];
	struct s53_connection *first;

	if (s53_list_empty(list))
		return false;
	first = S53_CONTAINER_OF(list->next, struct s53_connection, standing);
	if (!is_due(first, UNREAD_MS))
		return false;
	cut_unread(first);
	return true;
}

/*
 * A connection whose query has arrived but was not read yet is not idle: in a burst of new
 * connections the first would be closed to make room for the last.
 */
static bool
is_quiet(const struct s53_connection *connection)
{
	uint8_t octet;

	return recv(connection->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

static bool
displace_idle(struct s53_tcp_pool *pool)
{
	struct s53_link *list = &pool->standing[S53_TCP_IDLE];

	for (int tries = 0; tries < TRIES && !s53_list_empty(list); tries++) {
		struct s53_connection *first =
		    S53_CONTAINER_OF(list->next, struct s53_connection, standing);

		if (is_quiet(first)) {
			log_client(first, S53_TCP_LIMIT_IDLE, "was idle");
			return close_for_newcomer(first, S53_C_LISTEN_TCP_EVICTED_IDLE);
		}
		s53_list_remove(&first->standing);
		s53_list_append(list, &first->standing);
	}
	return false;
}

/* A client that reads, but so little that the kernel has taken nothing more for SLOW_MS. */
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

static bool
displace_waiting(struct s53_tcp_pool *pool, bool pressed)
{
	struct s53_link *list = &pool->standing[S53_TCP_WAITING];

	for (int tries = 0; tries < TRIES && !s53_list_empty(list); tries++) {
		struct s53_connection *first =
		    S53_CONTAINER_OF(list->next, struct s53_connection, standing);

		if (!pressed && !is_due(first, GRACE_MS))
			break;
		log_client(first, S53_TCP_LIMIT_WAITING, "has waited for an answer");
		if (close_for_newcomer(first, S53_C_LISTEN_TCP_EVICTED_WAITING))
			return true;
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

/* The first of `list` for which `quiet_only` allows it; NULL: none. */
static struct s53_connection *
first_of_source(struct s53_link *list, bool quiet_only)
{
	int tries = 0;

	S53_LIST_EACH (list, link) {
		struct s53_connection *connection =
		    S53_CONTAINER_OF(link, struct s53_connection, of_source);

		if (tries++ == TRIES)
			break;
		if (!quiet_only || is_quiet(connection))
			return connection;
	}
	return NULL;
}

/* A connection whose last answer the kernel does not take is passed over for another. */
static bool
displace_busy_of(struct s53_tcp_source_part *part, struct s53_tcp_pool *pool)
{
	for (int tries = 0; tries < TRIES; tries++) {
		struct s53_connection *first = first_of_source(&part->busy, false);

		if (first == NULL)
			return false;
		if (first->state == S53_TCP_UNREAD)
			break;
		if (close_for_newcomer(first, S53_C_LISTEN_TCP_EVICTED_SHARE))
			return true;
		/* It is now the last of the list, as one that does not read. */
	}
	s53_count(pool->context->counters, S53_C_LISTEN_TCP_EVICTED_SHARE);
	s53_connection_cut(first_of_source(&part->busy, false));
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
	first = first_of_source(&over->own->idle, true);
	return first != NULL && close_for_newcomer(first, S53_C_LISTEN_TCP_EVICTED_SHARE);
}

static bool
request_of(struct s53_tcp_limits *limits, unsigned index, unsigned count)
{
	for (struct s53_tcp_worker *it = limits->workers; it != NULL && count > 0; it = it->next)
		if (it->index == index)
			return s53_evict_request(it, S53_EVICT_SHARE, count);
	return false;
}

/* `elsewhere`: other workers may be asked. */
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

/* Under one tier, of this worker; and where that is decided together, of another. */
static enum s53_displaced
displace(struct s53_tcp_pool *pool, enum s53_evict_tier tier, bool pressed, bool elsewhere)
{
	static const unsigned after_ms[S53_EVICT_TIER_COUNT] = {
		[S53_EVICT_UNREAD] = UNREAD_MS,
		[S53_EVICT_WAITING] = GRACE_MS,
	};
	struct s53_listen_context *context = pool->context;
	uint64_t before_ms =
	    pool->now_ms - (pressed && tier == S53_EVICT_WAITING ? 0 : after_ms[tier]);
	bool done;

	if (tier == S53_EVICT_SHARE)
		return displace_over_share(pool, elsewhere);
	done = tier == S53_EVICT_UNREAD ? displace_unread(pool)
	    : tier == S53_EVICT_IDLE    ? displace_idle(pool)
					: displace_waiting(pool, pressed);
	if (done)
		return S53_DISPLACED_ONE;
	if (elsewhere && s53_evict_elsewhere(context->limits, context->self, tier, before_ms))
		return S53_DISPLACED_ELSEWHERE;
	return S53_DISPLACED_NONE;
}

enum s53_displaced
s53_displace_for_newcomer(struct s53_tcp_pool *pool, bool pressed)
{
	enum s53_displaced displaced = S53_DISPLACED_NONE;

	pool->keep_place = true;
	for (unsigned tier = 0; tier < S53_EVICT_TIER_COUNT && pool->keep_place; tier++) {
		displaced = displace(pool, (enum s53_evict_tier)tier, pressed, true);
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
	/* The worker that requests one under WAITING has found that it is due. */
	bool pressed = last == S53_EVICT_WAITING;

	for (unsigned tier = 0; tier <= last; tier++)
		if (displace(pool, (enum s53_evict_tier)tier, pressed, false) == S53_DISPLACED_ONE)
			return true;
	return false;
}
