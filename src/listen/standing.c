/* SPDX-License-Identifier: ISC
 *
 * standing.c - the state of each TCP connection, and since when.
 */
#include "standing.h"

#include <limits.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "connection.h"
#include "context.h"
#include "evict.h"
#include "pool.h"
#include "source.h"

#define LOOK_MS 250 /* between two checks whether UNREAD clients read */

static enum s53_tcp_state
state_of(const struct s53_connection *connection)
{
	if (s53_backlog_len(&connection->backlog) > 0)
		return connection->writing ? S53_TCP_UNREAD : S53_TCP_WAITING;
	if (connection->in_flight > 0)
		return S53_TCP_WAITING;
	return connection->asked ? S53_TCP_IDLE : S53_TCP_FRESH;
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

/* Changes a count that other workers read. Only this worker writes it. */
static void
add_to_count(_Atomic unsigned *count, unsigned by)
{
	atomic_store_explicit(
	    count, atomic_load_explicit(count, memory_order_relaxed) + by, memory_order_relaxed);
}

static void
change_counts(struct s53_connection *connection, unsigned by)
{
	enum s53_tcp_state state = connection->state;
	struct s53_tcp_worker *self = connection->context->self;

	if (state == S53_TCP_NEW)
		return;
	if (state == S53_TCP_IDLE || state == S53_TCP_FRESH)
		add_to_count(&self->counts[S53_EVICT_IDLE], by);
	if (state == S53_TCP_WAITING || state == S53_TCP_FRESH)
		add_to_count(&self->counts[S53_EVICT_WAITING], by);
	if (state == S53_TCP_UNREAD)
		add_to_count(&self->counts[S53_EVICT_UNREAD], by);
	if (connection->source != NULL) {
		struct s53_tcp_source_part *part = &connection->source->parts[self->index];

		add_to_count(state == S53_TCP_IDLE ? &part->idle_count : &part->busy_count, by);
	}
}

struct s53_connection *
s53_standing_first(const struct s53_tcp_pool *pool, enum s53_tcp_state state)
{
	const struct s53_link *list = &pool->standing[state];

	if (s53_list_empty(list))
		return NULL;
	return S53_CONTAINER_OF(list->next, struct s53_connection, standing);
}

/* When the first of `state` will have been in it for `after_ms`; UINT64_MAX: there is none. */
static uint64_t
first_due(const struct s53_tcp_pool *pool, enum s53_tcp_state state, uint64_t after_ms)
{
	const struct s53_connection *first = s53_standing_first(pool, state);

	return first != NULL ? first->since_ms + after_ms : UINT64_MAX;
}

static uint64_t
earlier(uint64_t a_ms, uint64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

/* After a change of the list of `state`, publish from when on other workers may make requests. */
static void
publish_due(struct s53_tcp_pool *pool, enum s53_tcp_state state)
{
	_Atomic uint64_t *due_ms = pool->context->self->due_ms;
	uint64_t fresh_ms;

	if (state == S53_TCP_UNREAD)
		atomic_store_explicit(&due_ms[S53_EVICT_UNREAD],
		    first_due(pool, S53_TCP_UNREAD, S53_UNREAD_MS), memory_order_relaxed);
	if (state != S53_TCP_IDLE && state != S53_TCP_WAITING && state != S53_TCP_FRESH)
		return;
	fresh_ms = first_due(pool, S53_TCP_FRESH, S53_GRACE_MS);
	atomic_store_explicit(&due_ms[S53_EVICT_IDLE],
	    earlier(first_due(pool, S53_TCP_IDLE, 0), fresh_ms), memory_order_relaxed);
	atomic_store_explicit(&due_ms[S53_EVICT_WAITING],
	    earlier(first_due(pool, S53_TCP_WAITING, S53_GRACE_MS), fresh_ms),
	    memory_order_relaxed);
}

static void
leave_lists(struct s53_connection *connection)
{
	s53_list_remove(&connection->standing);
	s53_list_remove(&connection->of_source);
	publish_due(connection->pool, connection->state);
}

static void
enter_lists(struct s53_connection *connection)
{
	enum s53_tcp_state state = connection->state;

	connection->since_ms = connection->pool->now_ms;
	s53_list_append(&connection->pool->standing[state], &connection->standing);
	publish_due(connection->pool, state);
	if (connection->source != NULL) {
		struct s53_tcp_source_part *part =
		    &connection->source->parts[connection->context->self->index];

		s53_list_append(
		    state == S53_TCP_IDLE ? &part->idle : &part->busy, &connection->of_source);
	}
}

/* Bytes that the client's host has not acknowledged; -1: unknown. */
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
s53_standing_track(struct s53_connection *connection, bool progressed)
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
s53_standing_forget(struct s53_connection *connection)
{
	leave_lists(connection);
	change_state(connection, S53_TCP_NEW);
}

/*
 * If its client has read, a connection goes to the end of the list, where the next ones are added.
 */
void
s53_standing_look_at_unread(struct s53_tcp_pool *pool)
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
			s53_standing_track(connection, true);
	}
	look_again(pool);
}
