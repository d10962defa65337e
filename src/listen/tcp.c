/* SPDX-License-Identifier: ISC
 *
 * tcp.c - the listening socket: which connections are accepted, and what happens when descriptors
 * run out.
 */
#include "tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/log.h>

#include "connection.h"
#include "displace.h"
#include "evict.h"
#include "pool.h"
#include "source.h"

#define ACCEPTS_PER_TURN 32
#define ACCEPTS_AT_CLOSE 1024 /* as many as a reasonable backlog may have */
#define PAUSE_MS 100 /* when out of descriptors or memory */
#define WAIT_MS 20 /* at tcp-clients, until connections are checked again for one to close */
#define WAIT_FLOODED_MS 1 /* the same in a flood, for one with its query unread */
#define FULL_MS 500 /* longer than a burst of clients lasts */
#define FLOODED_MS 5000
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
	if (listener->closing)
		return;
	event_del(&listener->resume_event);
	event_add(&listener->accept_event, NULL);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct s53_tcp_listener *listener = arg;

	(void)fd;
	(void)what;
	s53_tcp_pool_resume(listener->context->pool);
}

/*
 * The connection that cannot be accepted stays in the kernel's backlog, so the socket stays
 * readable: read events are off until resume.
 */
static void
pause_accepting(struct s53_tcp_listener *listener, int why)
{
	bool flooded = listener->context->pool->now_ms < listener->flooded_until_ms;
	unsigned pause_ms = why != 0 ? PAUSE_MS : flooded ? WAIT_FLOODED_MS : WAIT_MS;
	const struct timeval pause = { .tv_usec = (suseconds_t)pause_ms * 1000 };

	listener->why_paused = why;
	s53_list_append(&listener->context->pool->paused, &listener->paused);
	event_del(&listener->accept_event);
	event_add(&listener->resume_event, &pause);
}

static void
pause_without_descriptors(struct s53_tcp_listener *listener, int why)
{
	uint64_t now_ms = s53_clock_ms();

	if (listener->closing)
		return;
	pause_accepting(listener, why);
	if (listener->warned_at_ms != 0 && now_ms - listener->warned_at_ms < WARN_EVERY_MS)
		return;
	listener->warned_at_ms = now_ms;
	s53_log(S53_LOG_NETWORK, S53_LOG_WARNING,
	    "cannot accept TCP connections for now: %s (open: %u)", strerror(why),
	    atomic_load(&listener->context->limits->clients));
}

static void
log_wait(struct s53_listen_context *context)
{
	struct s53_tcp_limits *limits = context->limits;
	struct s53_over_share most;
	char text[S53_ADDR_TEXT] = "";

	if (!s53_tcp_limit_is_due(limits, S53_TCP_LIMIT_BACKLOG))
		return;
	(void)s53_tcp_source_over_share(limits, context->self->index, &most);
	if (most.count > 0)
		s53_prefix_print(&most.prefix, text);
	s53_log(S53_LOG_CLIENT, S53_LOG_WARNING,
	    "too many TCP clients (tcp-clients %u, open %u) and no connection can be closed for a "
	    "new one now: new clients wait; most connections from one remote address: %u%s%s",
	    atomic_load(&limits->clients_max), atomic_load(&limits->clients), most.count,
	    most.count > 0 ? ", by " : "", text);
}

/* tcp-clients is reached: let new clients wait. */
static void
wait_for_place(struct s53_tcp_listener *listener)
{
	struct s53_listen_context *context = listener->context;

	if (s53_tcp_place_wait(context->limits, context->self))
		pause_accepting(listener, 0);
	/* Otherwise there is a place after all, and on_acceptable() follows. */
}

/* Count and log once for each client that waits. */
static void
note_wait(struct s53_tcp_listener *listener)
{
	if (listener->waited)
		return;
	listener->waited = true;
	s53_count(listener->context->counters, S53_C_LISTEN_TCP_WAITED);
	log_wait(listener->context);
}

static bool
is_pending(const struct s53_tcp_listener *listener)
{
	struct pollfd watched = { .fd = listener->fd, .events = POLLIN };

	return poll(&watched, 1, 0) > 0;
}

/* The kernel's queue of new connections is more than half full; when full, it drops new ones. */
static bool
is_queue_full(const struct s53_tcp_listener *listener)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	/* For a listening socket, these two are the length of the queue and its limit. */
	return getsockopt(listener->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	    2 * info.tcpi_unacked > info.tcpi_sacked;
}

/*
 * A flood: the queue has been full for FULL_MS, each time that it was checked. A burst of clients
 * is no flood: it waits. The state lasts while it makes a difference, and FLOODED_MS longer.
 */
static bool
is_flooded(struct s53_tcp_listener *listener)
{
	struct s53_tcp_pool *pool = listener->context->pool;
	uint64_t now_ms = pool->now_ms;

	if (now_ms < listener->flooded_until_ms) {
		if (pool->flooding)
			listener->flooded_until_ms = now_ms + FLOODED_MS;
		pool->flooding = false;
		return true;
	}
	if (!is_queue_full(listener)) {
		listener->full_since_ms = 0;
		return false;
	}
	if (listener->full_since_ms == 0 || now_ms - listener->looked_at_ms > 10 * WAIT_MS)
		listener->full_since_ms = now_ms;
	listener->looked_at_ms = now_ms;
	if (now_ms - listener->full_since_ms >= FULL_MS)
		listener->flooded_until_ms = now_ms + FLOODED_MS;
	return now_ms < listener->flooded_until_ms;
}

/* Close a connection for a new one. false: new clients must wait. */
static bool
make_place(struct s53_tcp_listener *listener)
{
	struct s53_listen_context *context = listener->context;
	struct s53_tcp_limits *limits = context->limits;
	enum s53_displaced displaced;

	for (;;) {
		displaced = s53_displace_for_new_client(context->pool, is_flooded(listener));
		if (displaced != S53_DISPLACED_ONE)
			break;
		if (atomic_load(&limits->clients) <= atomic_load(&limits->clients_max))
			return true;
		/* tcp-clients was lowered. */
		s53_tcp_pool_free_place(context->pool);
	}
	if (displaced == S53_DISPLACED_NONE)
		note_wait(listener);
	return false;
}

/*
 * Take a place for the connection that accept4() returns next. A closing listener takes all that
 * have arrived, whatever the limit, since they would be reset. false: none may be accepted now.
 */
static bool
take_place(struct s53_tcp_listener *listener)
{
	struct s53_tcp_limits *limits = listener->context->limits;

	if (s53_tcp_place_take(limits))
		return true;
	if (listener->closing) {
		atomic_fetch_add(&limits->clients, 1);
		return true;
	}
	if (!is_pending(listener))
		return false;
	if (make_place(listener))
		return true;
	wait_for_place(listener);
	return false;
}

static void
serve(struct s53_tcp_listener *listener, int fd, const struct s53_addr *peer)
{
	struct s53_counters *counters = listener->context->counters;
	struct s53_addr local = listener->local;
	socklen_t len = sizeof(local);

	listener->waited = false;
	if (s53_addr_is_any(&local))
		(void)getsockname(fd, &local.sa, &len);
	if (s53_connection_open(listener, fd, peer, &local) == S53_OK)
		s53_count(counters, S53_C_LISTEN_TCP_OPENED);
	else
		s53_count(counters, S53_C_LISTEN_TCP_REFUSED);
}

/*
 * Does the error of accept(2) concern only the connection that it would have accepted? Then the
 * next one may be accepted. Linux also returns network errors that are pending on that connection.
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
	for (; at_most > 0 && take_place(listener); at_most--) {
		struct s53_addr peer = { 0 };
		socklen_t len = sizeof(peer);
		int fd = accept4(listener->fd, &peer.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int why = errno;

		if (fd >= 0) {
			serve(listener, fd, &peer);
			continue;
		}
		s53_tcp_pool_free_place(pool);
		if (why == EAGAIN || why == EWOULDBLOCK)
			return;
		if (is_of_one_connection(why))
			continue;
		if ((why == EMFILE || why == ENFILE) && s53_displace_own(pool, S53_EVICT_IDLE))
			continue;
		pause_without_descriptors(listener, why);
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
	s53_list_init(&listener->paused);
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
	s53_list_remove(&listener->paused);
	if (s53_list_empty(&listener->context->pool->paused))
		s53_tcp_place_wait_end(listener->context->limits, listener->context->self);
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
s53_tcp_stop_reading(struct s53_listen_context *context)
{
	if (context->pool == NULL)
		return;
	S53_LIST_EACH_SAFE (&context->pool->connections, link, following)
		s53_connection_stop_reading(S53_CONTAINER_OF(link, struct s53_connection, all));
}

void
s53_tcp_abandon(struct s53_listen_context *context)
{
	if (context->pool == NULL)
		return;
	S53_LIST_EACH_SAFE (&context->pool->connections, link, following)
		s53_connection_cut(S53_CONTAINER_OF(link, struct s53_connection, all));
}
