/* SPDX-License-Identifier: ISC
 *
 * pool.c - the TCP connections of one worker, over all its listeners.
 */
#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <split53/clock.h>

#include "connection.h"

#define EVICT_TRIES 16
#define READY_PER_TURN 64

/* Guards limits->pools: taken when listeners come and go, and to ask for an eviction. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * A query that nobody has read yet is no idleness: in a burst of newcomers the first would be cut
 * for the last. Such a connection goes to the end of the list; after a few of them, give up.
 */
bool
s53_tcp_pool_evict(struct s53_tcp_pool *pool)
{
	for (int tries = 0; tries < EVICT_TRIES && !s53_list_empty(&pool->idle); tries++) {
		struct s53_connection *oldest =
		    S53_CONTAINER_OF(pool->idle.next, struct s53_connection, idle);
		uint8_t octet;

		if (recv(oldest->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
			s53_connection_cut(oldest);
			return true;
		}
		s53_list_remove(&oldest->idle);
		s53_list_append(&pool->idle, &oldest->idle);
	}
	return false;
}

static void
on_mailbox(evutil_socket_t fd, short what, void *arg)
{
	struct s53_tcp_pool *pool = arg;
	eventfd_t letters;
	unsigned wanted;

	(void)what;
	(void)eventfd_read(fd, &letters);
	s53_tcp_pool_keep(pool);
	for (wanted = atomic_exchange(&pool->evictions, 0); wanted > 0; wanted--) {
		if (!s53_tcp_pool_evict(pool))
			break; /* busy meanwhile: the limit is passed by that many for a while */
	}
	s53_tcp_pool_drop(pool);
}

bool
s53_tcp_pool_evict_elsewhere(struct s53_tcp_pool *pool)
{
	struct s53_tcp_pool *other;

	pthread_mutex_lock(&registry_lock);
	for (other = pool->limits->pools; other != NULL; other = other->next) {
		if (other == pool || other->mailbox < 0)
			continue;
		if (atomic_load(&other->idle_count) <= atomic_load(&other->evictions))
			continue;
		atomic_fetch_add(&other->evictions, 1);
		(void)eventfd_write(other->mailbox, 1);
		break;
	}
	pthread_mutex_unlock(&registry_lock);
	return other != NULL;
}

/* What late replies were written to in this turn of the loop leaves now, one write a connection. */
static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct s53_tcp_pool *pool = arg;
	struct s53_link *link;

	(void)fd;
	(void)what;
	pool->flush_due = false;
	s53_tcp_pool_tick(pool);
	s53_tcp_pool_keep(pool);
	while ((link = s53_list_pop(&pool->dirty)) != NULL)
		s53_connection_settle(S53_CONTAINER_OF(link, struct s53_connection, dirty));
	s53_tcp_pool_drop(pool);
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
	if (pool->polled) {
		s53_list_append(&pool->over, &connection->all);
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
	/* Fails for want of memory: then it is tried again when something else happens to it. */
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
	s53_tcp_pool_keep(pool);
	pool->polled = true;
	for (int i = 0; i < count; i++)
		s53_connection_ready(events[i].data.ptr, events[i].events);
	pool->polled = false;
	while ((link = s53_list_pop(&pool->over)) != NULL)
		s53_tcp_pool_free_connection(
		    pool, S53_CONTAINER_OF(link, struct s53_connection, all));
	s53_tcp_pool_drop(pool);
}

static uint64_t
patience_ms(const struct s53_tcp_pool *pool, enum s53_patience kind)
{
	struct s53_tcp_limits *limits = pool->limits;
	uint32_t ms;

	switch (kind) {
	case S53_PATIENCE_INITIAL:
		ms = atomic_load_explicit(&limits->initial_ms, memory_order_relaxed);
		break;
	case S53_PATIENCE_KEEPALIVE:
		ms = atomic_load_explicit(&limits->keepalive_ms, memory_order_relaxed);
		break;
	default:
		ms = atomic_load_explicit(&limits->idle_ms, memory_order_relaxed);
	}
	return ms > 0 ? ms : 1;
}

static void
arm(struct s53_tcp_pool *pool, uint64_t due_ms)
{
	uint64_t wait_ms = due_ms > pool->now_ms ? due_ms - pool->now_ms : 0;
	struct timeval wait = { .tv_sec = (time_t)(wait_ms / 1000),
		.tv_usec = (suseconds_t)(wait_ms % 1000 * 1000) };

	pool->armed_until_ms = due_ms;
	event_add(&pool->timer, &wait);
}

void
s53_tcp_pool_wait(
    struct s53_tcp_pool *pool, struct s53_connection *connection, enum s53_patience kind)
{
	uint64_t due_ms = pool->now_ms + patience_ms(pool, kind);

	connection->active_at_ms = pool->now_ms;
	s53_list_remove(&connection->wait);
	s53_list_append(&pool->waiting[kind], &connection->wait);
	if (due_ms < pool->armed_until_ms)
		arm(pool, due_ms);
}

/*
 * Queries under way are bounded by the resolver, so their client may wait for them. One that does
 * not take its answers has the same patience as one that does not ask.
 */
static void
end_patience(struct s53_tcp_pool *pool, enum s53_patience kind)
{
	struct s53_link *waiting = &pool->waiting[kind];
	uint64_t patience = patience_ms(pool, kind);

	while (!s53_list_empty(waiting)) {
		struct s53_connection *oldest =
		    S53_CONTAINER_OF(waiting->next, struct s53_connection, wait);

		if (oldest->active_at_ms + patience > pool->now_ms)
			return;
		if (oldest->in_flight > 0 && s53_backlog_len(&oldest->backlog) == 0)
			s53_tcp_pool_wait(pool, oldest, kind);
		else
			s53_connection_cut(oldest);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct s53_tcp_pool *pool = arg;
	uint64_t due_ms = UINT64_MAX;

	(void)fd;
	(void)what;
	s53_tcp_pool_tick(pool);
	s53_tcp_pool_keep(pool);
	for (unsigned kind = 0; kind < S53_PATIENCE_COUNT; kind++)
		end_patience(pool, kind);
	for (unsigned kind = 0; kind < S53_PATIENCE_COUNT; kind++) {
		struct s53_link *first = pool->waiting[kind].next;
		uint64_t end_ms;

		if (first == &pool->waiting[kind])
			continue;
		end_ms = S53_CONTAINER_OF(first, struct s53_connection, wait)->active_at_ms +
		    patience_ms(pool, kind);
		if (end_ms < due_ms)
			due_ms = end_ms;
	}
	pool->armed_until_ms = UINT64_MAX;
	if (due_ms != UINT64_MAX)
		arm(pool, due_ms);
	s53_tcp_pool_drop(pool);
}

static void
pool_free(struct s53_tcp_pool *pool)
{
	struct s53_link *link;

	while ((link = s53_list_pop(&pool->spare)) != NULL)
		free(S53_CONTAINER_OF(link, struct s53_connection, all));
	event_del(&pool->flush_event);
	event_del(&pool->timer);
	if (pool->poll_fd >= 0) {
		event_del(&pool->poll_event);
		close(pool->poll_fd);
	}
	if (pool->mailbox >= 0) {
		event_del(&pool->mailbox_event);
		close(pool->mailbox);
	}
	free(pool->input);
	free(pool->output);
	free(pool);
}

static struct s53_tcp_pool *
pool_new(struct s53_tcp_limits *limits, struct event_base *base)
{
	struct s53_tcp_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->base = base;
	pool->limits = limits;
	s53_list_init(&pool->connections);
	s53_list_init(&pool->idle);
	s53_list_init(&pool->dirty);
	s53_list_init(&pool->spare);
	s53_list_init(&pool->over);
	for (unsigned kind = 0; kind < S53_PATIENCE_COUNT; kind++)
		s53_list_init(&pool->waiting[kind]);
	pool->armed_until_ms = UINT64_MAX;
	event_assign(&pool->flush_event, base, -1, 0, on_flush, pool);
	evtimer_assign(&pool->timer, base, on_timer, pool);
	pool->mailbox = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pool->input = malloc(S53_POOL_INPUT);
	pool->output = malloc(S53_POOL_OUTPUT);
	if (pool->mailbox >= 0) {
		event_assign(&pool->mailbox_event, base, pool->mailbox, EV_READ | EV_PERSIST,
		    on_mailbox, pool);
		event_add(&pool->mailbox_event, NULL);
	}
	pool->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	event_assign(&pool->poll_event, base, pool->poll_fd, EV_READ | EV_PERSIST, on_ready, pool);
	if (pool->input == NULL || pool->output == NULL || pool->poll_fd < 0 ||
	    event_add(&pool->poll_event, NULL) != 0) {
		pool_free(pool);
		return NULL;
	}
	return pool;
}

/* Under the lock. */
static struct s53_tcp_pool *
find(const struct s53_tcp_limits *limits, const struct event_base *base)
{
	struct s53_tcp_pool *pool = limits->pools;

	while (pool != NULL && pool->base != base)
		pool = pool->next;
	return pool;
}

struct s53_tcp_pool *
s53_tcp_pool_find(struct s53_tcp_limits *limits, struct event_base *base)
{
	struct s53_tcp_pool *pool;

	pthread_mutex_lock(&registry_lock);
	if ((pool = find(limits, base)) != NULL)
		pool->holders++;
	pthread_mutex_unlock(&registry_lock);
	return pool;
}

struct s53_tcp_pool *
s53_tcp_pool_take(struct s53_tcp_limits *limits, struct event_base *base)
{
	struct s53_tcp_pool *pool;

	pthread_mutex_lock(&registry_lock);
	if ((pool = find(limits, base)) == NULL && (pool = pool_new(limits, base)) != NULL) {
		pool->next = limits->pools;
		limits->pools = pool;
	}
	if (pool != NULL)
		pool->holders++;
	pthread_mutex_unlock(&registry_lock);
	return pool;
}

void
s53_tcp_pool_keep(struct s53_tcp_pool *pool)
{
	pool->holders++;
}

void
s53_tcp_pool_drop(struct s53_tcp_pool *pool)
{
	struct s53_tcp_pool **at = &pool->limits->pools;

	if (--pool->holders > 0)
		return;
	pthread_mutex_lock(&registry_lock);
	while (*at != pool)
		at = &(*at)->next;
	*at = pool->next;
	pthread_mutex_unlock(&registry_lock);
	pool_free(pool);
}
