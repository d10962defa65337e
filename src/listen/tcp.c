/* SPDX-License-Identifier: ISC
 *
 * tcp.c - the listening socket: which connections are accepted, and what happens when descriptors
 * run out.
 */
#include "tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/log.h>

#include "connection.h"
#include "evict.h"
#include "pool.h"

#define ACCEPTS_PER_TURN 32
#define ACCEPTS_AT_CLOSE 1024 /* as many as a reasonable backlog holds */
#define PAUSE_MS 100
#define WARN_EVERY_MS 60000

void
s53_tcp_listener_keep(struct s53_tcp_listener *listener)
{
	listener->holders++;
}

void
s53_tcp_listener_drop(struct s53_tcp_listener *listener)
{
	if (--listener->holders > 0)
		return;
	S53_ASSERT(listener->closing);
	listener->context->listener_count--;
	free(listener);
}

void
s53_tcp_listener_resume(struct s53_tcp_listener *listener)
{
	if (!listener->paused || listener->closing)
		return;
	listener->paused = false;
	event_del(&listener->resume_event);
	event_add(&listener->accept_event, NULL);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	s53_tcp_listener_resume(arg);
}

/*
 * The connection that cannot be accepted stays in the kernel's backlog, so the socket stays
 * readable: reading events are switched off until resume.
 */
static void
pause_accepting(struct s53_tcp_listener *listener, int why)
{
	static const struct timeval pause = { .tv_usec = PAUSE_MS * 1000 };
	uint64_t now_ms = s53_clock_ms();

	if (listener->closing)
		return;
	listener->paused = true;
	event_del(&listener->accept_event);
	event_add(&listener->resume_event, &pause);
	if (listener->warned_at_ms != 0 && now_ms - listener->warned_at_ms < WARN_EVERY_MS)
		return;
	listener->warned_at_ms = now_ms;
	s53_log(S53_LOG_NETWORK, S53_LOG_WARNING,
	    "cannot accept TCP connections for now: %s (open: %u)", strerror(why),
	    atomic_load(&listener->context->limits->clients));
}

/* Count one more connection, evicting another at the limit. false: that is not possible. */
static bool
admit(struct s53_listen_context *context)
{
	struct s53_tcp_limits *limits = context->limits;

	if (atomic_fetch_add(&limits->clients, 1) < atomic_load(&limits->clients_max))
		return true;
	if (s53_tcp_pool_evict(context->pool) || s53_evict_elsewhere(limits, context->self))
		return true;
	atomic_fetch_sub(&limits->clients, 1);
	return false;
}

static void
serve(struct s53_tcp_listener *listener, int fd, const struct s53_addr *peer)
{
	struct s53_counters *counters = listener->context->counters;
	struct s53_addr local = listener->local;
	socklen_t len = sizeof(local);

	if (!admit(listener->context)) {
		close(fd);
		s53_count(counters, S53_C_LISTEN_TCP_REFUSED);
		return;
	}
	if (s53_addr_is_any(&local))
		(void)getsockname(fd, &local.sa, &len);
	if (s53_connection_open(listener, fd, peer, &local) == S53_OK)
		s53_count(counters, S53_C_LISTEN_TCP_OPENED);
	else
		s53_count(counters, S53_C_LISTEN_TCP_REFUSED);
}

/*
 * Does the error of accept(2) concern only the connection that it would have accepted? The next one
 * may then be accepted. Linux also returns network errors that are pending on that connection.
 */
static bool
is_of_one_connection(int why)
{
	switch (why) {
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case EOPNOTSUPP:
	case ENETUNREACH:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}

static void
accept_some(struct s53_tcp_listener *listener, int at_most)
{
	struct s53_tcp_pool *pool = listener->context->pool;

	s53_tcp_pool_tick(pool);
	for (; at_most > 0; at_most--) {
		struct s53_addr peer = { 0 };
		socklen_t len = sizeof(peer);
		int fd = accept4(listener->fd, &peer.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int why = errno;

		if (fd >= 0) {
			serve(listener, fd, &peer);
			continue;
		}
		if (why == EAGAIN || why == EWOULDBLOCK)
			return;
		if (is_of_one_connection(why))
			continue;
		if ((why == EMFILE || why == ENFILE) && s53_tcp_pool_evict(pool))
			continue;
		pause_accepting(listener, why);
		return;
	}
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	accept_some(arg, ACCEPTS_PER_TURN);
}

struct s53_tcp_listener *
s53_tcp_listener_new(struct s53_listen_context *context, int fd, const struct s53_addr *local)
{
	struct s53_tcp_listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL || s53_listen_context_pool(context) == NULL)
		goto failed;
	listener->fd = fd;
	listener->holders = 1;
	listener->local = *local;
	listener->context = context;
	event_assign(&listener->accept_event, context->base, fd, EV_READ | EV_PERSIST,
	    on_acceptable, listener);
	evtimer_assign(&listener->resume_event, context->base, on_resume, listener);
	if (event_add(&listener->accept_event, NULL) == 0) {
		context->listener_count++;
		return listener;
	}
failed:
	free(listener);
	close(fd);
	return NULL;
}

void
s53_tcp_listener_close(struct s53_tcp_listener *listener)
{
	listener->closing = true;
	accept_some(listener, ACCEPTS_AT_CLOSE);
	event_del(&listener->accept_event);
	event_del(&listener->resume_event);
	close(listener->fd);
	listener->fd = -1;
	S53_LIST_EACH_SAFE (&listener->context->pool->connections, link, following) {
		struct s53_connection *connection =
		    S53_CONTAINER_OF(link, struct s53_connection, all);

		if (connection->listener == listener)
			s53_connection_finish(connection);
	}
	s53_tcp_listener_drop(listener);
}

void
s53_tcp_take_no_more(struct s53_listen_context *context)
{
	if (context->pool == NULL)
		return;
	S53_LIST_EACH_SAFE (&context->pool->connections, link, following)
		s53_connection_take_no_more(S53_CONTAINER_OF(link, struct s53_connection, all));
}

void
s53_tcp_abandon(struct s53_listen_context *context)
{
	if (context->pool == NULL)
		return;
	S53_LIST_EACH_SAFE (&context->pool->connections, link, following)
		s53_connection_cut(S53_CONTAINER_OF(link, struct s53_connection, all));
}
