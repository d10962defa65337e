/* SPDX-License-Identifier: ISC
 *
 * pool.c - the TCP connections of one worker, over all its listeners.
 */
#include "pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <split53/clock.h>

#include "connection.h"
#include "context.h"
#include "displace.h"
#include "evict.h"
#include "tcp.h"

#define READY_PER_TURN 64

void
s53_tcp_pool_resume(struct s53_tcp_pool *pool)
{
	struct s53_link *link;

	s53_tcp_place_wait_end(pool->context->limits, pool->context->self);
	while ((link = s53_list_pop(&pool->paused)) != NULL)
		s53_tcp_listener_resume(S53_CONTAINER_OF(link, struct s53_tcp_listener, paused));
}

void
s53_tcp_pool_free_place(struct s53_tcp_pool *pool)
{
	struct s53_listen_context *context = pool->context;

	if (pool->keep_place)
		pool->keep_place = false;
	else if (s53_tcp_place_free(context->limits, context->self))
		s53_tcp_pool_resume(pool);
}

void
s53_tcp_pool_closed_one(struct s53_tcp_pool *pool)
{
	S53_LIST_EACH_SAFE (&pool->paused, link, following) {
		struct s53_tcp_listener *listener =
		    S53_CONTAINER_OF(link, struct s53_tcp_listener, paused);

		if (listener->why_paused == 0)
			continue;
		s53_list_remove(link);
		s53_tcp_listener_resume(listener);
	}
	s53_tcp_pool_free_place(pool);
}

/* If the requested connection is gone, the other worker requests again or waits. */
static void
on_evict(evutil_socket_t fd, short what, void *arg)
{
	struct s53_tcp_pool *pool = arg;
	struct s53_tcp_worker *self = pool->context->self;

	(void)fd;
	(void)what;
	s53_evict_woken(self);
	s53_tcp_pool_tick(pool);
	for (unsigned tier = 0; tier < S53_EVICT_TIER_COUNT; tier++) {
		unsigned requests = s53_evict_take_requests(self, (enum s53_evict_tier)tier);

		while (requests > 0 && s53_displace_own(pool, (enum s53_evict_tier)tier))
			requests--;
	}
	s53_tcp_pool_resume(pool);
}

/* Send the late replies of this turn of the loop, with one write for each connection. */
static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct s53_tcp_pool *pool = arg;
	struct s53_link *link;

	(void)fd;
	(void)what;
	pool->flush_due = false;
	s53_tcp_pool_tick(pool);
	while ((link = s53_list_pop(&pool->dirty)) != NULL)
		s53_connection_advance(S53_CONTAINER_OF(link, struct s53_connection, dirty));
}

void
s53_tcp_pool_tick(struct s53_tcp_pool *pool)
{
	pool->now_ms = s53_clock_ms();
}

struct s53_connection *
s53_tcp_pool_new_connection(struct s53_tcp_pool *pool)
{
	struct s53_link *link = s53_list_pop(&pool->spare);
	struct s53_connection *connection;

	if (link == NULL)
		return calloc(1, sizeof(*connection));
	pool->spare_count--;
	connection = S53_CONTAINER_OF(link, struct s53_connection, all);
	memset(connection, 0, sizeof(*connection));
	return connection;
}

void
s53_tcp_pool_free_connection(struct s53_tcp_pool *pool, struct s53_connection *connection)
{
	if (pool->polling) {
		s53_list_append(&pool->unpolled, &connection->all);
	} else if (pool->spare_count + 1 > S53_POOL_SPARE) {
		free(connection);
	} else {
		pool->spare_count++;
		s53_list_push(&pool->spare, &connection->all);
	}
}

void
s53_tcp_pool_watch(struct s53_connection *connection, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = connection };
	int what = connection->watched == 0 ? EPOLL_CTL_ADD
	    : events == 0                   ? EPOLL_CTL_DEL
					    : EPOLL_CTL_MOD;

	if (events == connection->watched)
		return;
	/* It fails when out of memory; the next event of this connection tries again. */
	if (epoll_ctl(connection->pool->poll_fd, what, connection->fd, &event) == 0)
		connection->watched = events;
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct s53_tcp_pool *pool = arg;
	struct epoll_event events[READY_PER_TURN];
	struct s53_link *link;
	int count = epoll_wait(fd, events, READY_PER_TURN, 0);

	(void)what;
	s53_tcp_pool_tick(pool);
	pool->polling = true;
	for (int i = 0; i < count; i++)
		s53_connection_ready(events[i].data.ptr, events[i].events);
	pool->polling = false;
	while ((link = s53_list_pop(&pool->unpolled)) != NULL)
		s53_tcp_pool_free_connection(
		    pool, S53_CONTAINER_OF(link, struct s53_connection, all));
}

static uint64_t
timeout_ms(const struct s53_tcp_pool *pool, enum s53_tcp_timeout kind)
{
	struct s53_tcp_limits *limits = pool->context->limits;
	uint32_t ms;

	switch (kind) {
	case S53_TCP_TIMEOUT_INITIAL:
		ms = atomic_load_explicit(&limits->initial_ms, memory_order_relaxed);
		break;
	case S53_TCP_TIMEOUT_KEEPALIVE:
		ms = atomic_load_explicit(&limits->keepalive_ms, memory_order_relaxed);
		break;
	default:
		ms = atomic_load_explicit(&limits->idle_ms, memory_order_relaxed);
	}
	return ms > 0 ? ms : 1;
}

static void
set_timer(struct s53_tcp_pool *pool, uint64_t at_ms)
{
	uint64_t delay_ms = at_ms > pool->now_ms ? at_ms - pool->now_ms : 0;
	struct timeval delay = { .tv_sec = (time_t)(delay_ms / 1000),
		.tv_usec = (suseconds_t)(delay_ms % 1000 * 1000) };

	pool->timer_at_ms = at_ms;
	event_add(&pool->timer, &delay);
}

/* Sets the timer only if it would fire too late. */
void
s53_tcp_pool_restart_timeout(
    struct s53_tcp_pool *pool, struct s53_connection *connection, enum s53_tcp_timeout kind)
{
	uint64_t at_ms = pool->now_ms + timeout_ms(pool, kind);

	connection->active_at_ms = pool->now_ms;
	s53_list_remove(&connection->timeout);
	s53_list_append(&pool->timeouts[kind], &connection->timeout);
	if (at_ms < pool->timer_at_ms)
		set_timer(pool, at_ms);
}

/*
 * A connection that waits for our replies gets its timeout again: the resolver limits how long
 * they take. So does one if its reply was made, or its query arrived, in this very turn. A
 * client that does not read its replies times out like one that sends no query.
 */
static void
cut_timed_out(struct s53_tcp_pool *pool, enum s53_tcp_timeout kind)
{
	struct s53_link *list = &pool->timeouts[kind];
	uint64_t timeout = timeout_ms(pool, kind);

	while (!s53_list_empty(list)) {
		struct s53_connection *oldest =
		    S53_CONTAINER_OF(list->next, struct s53_connection, timeout);

		if (oldest->active_at_ms + timeout > pool->now_ms)
			return;
		if (oldest->in_flight > 0 && s53_backlog_len(&oldest->backlog) == 0)
			s53_tcp_pool_restart_timeout(pool, oldest, kind);
		else
			s53_connection_time_out(oldest);
	}
}

/* When the first connection times out; UINT64_MAX: there is none. */
static uint64_t
next_timeout(const struct s53_tcp_pool *pool)
{
	uint64_t at_ms = UINT64_MAX;

	for (unsigned kind = 0; kind < S53_TCP_TIMEOUT_COUNT; kind++) {
		const struct s53_link *list = &pool->timeouts[kind];
		uint64_t end_ms;

		if (s53_list_empty(list))
			continue;
		end_ms =
		    S53_CONTAINER_OF(list->next, struct s53_connection, timeout)->active_at_ms +
		    timeout_ms(pool, kind);
		if (end_ms < at_ms)
			at_ms = end_ms;
	}
	return at_ms;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct s53_tcp_pool *pool = arg;
	uint64_t at_ms;

	(void)fd;
	(void)what;
	s53_tcp_pool_tick(pool);
	for (unsigned kind = 0; kind < S53_TCP_TIMEOUT_COUNT; kind++)
		cut_timed_out(pool, kind);
	at_ms = next_timeout(pool);
	pool->timer_at_ms = UINT64_MAX;
	if (at_ms != UINT64_MAX)
		set_timer(pool, at_ms);
}

static void
on_unread(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	s53_standing_look_at_unread(arg);
}

void
s53_tcp_pool_free(struct s53_tcp_pool *pool)
{
	struct s53_link *link;

	if (pool == NULL)
		return;
	while ((link = s53_list_pop(&pool->spare)) != NULL)
		free(S53_CONTAINER_OF(link, struct s53_connection, all));
	event_del(&pool->flush_event);
	event_del(&pool->timer);
	event_del(&pool->unread_timer);
	event_del(&pool->evict_event);
	event_del(&pool->poll_event);
	if (pool->poll_fd >= 0)
		close(pool->poll_fd);
	free(pool->input);
	free(pool->output);
	free(pool);
}

static void
init_lists(struct s53_tcp_pool *pool)
{
	s53_list_init(&pool->connections);
	for (unsigned state = 0; state < S53_TCP_STATE_COUNT; state++)
		s53_list_init(&pool->standing[state]);
	s53_list_init(&pool->paused);
	s53_list_init(&pool->dirty);
	s53_list_init(&pool->spare);
	s53_list_init(&pool->unpolled);
	for (unsigned kind = 0; kind < S53_TCP_TIMEOUT_COUNT; kind++)
		s53_list_init(&pool->timeouts[kind]);
}

struct s53_tcp_pool *
s53_tcp_pool_new(struct s53_listen_context *context)
{
	struct s53_tcp_pool *pool = calloc(1, sizeof(*pool));
	struct event_base *base = context->base;

	if (pool == NULL)
		return NULL;
	pool->context = context;
	init_lists(pool);
	pool->timer_at_ms = UINT64_MAX;
	pool->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	event_assign(&pool->flush_event, base, -1, 0, on_flush, pool);
	evtimer_assign(&pool->timer, base, on_timer, pool);
	evtimer_assign(&pool->unread_timer, base, on_unread, pool);
	event_assign(&pool->poll_event, base, pool->poll_fd, EV_READ | EV_PERSIST, on_ready, pool);
	event_assign(
	    &pool->evict_event, base, context->self->wake_fd, EV_READ | EV_PERSIST, on_evict, pool);
	if (context->self->wake_fd >= 0)
		event_add(&pool->evict_event, NULL);
	pool->input = malloc(S53_POOL_INPUT);
	pool->output = malloc(S53_POOL_OUTPUT);
	if (pool->input == NULL || pool->output == NULL || pool->poll_fd < 0 ||
	    event_add(&pool->poll_event, NULL) != 0) {
		s53_tcp_pool_free(pool);
		return NULL;
	}
	return pool;
}
