/* SPDX-License-Identifier: ISC
 *
 * pool.h - the TCP connections of one worker, over all its listeners.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   owned by the worker's listen context, freed after the last connection
 * Units    ms, bytes
 *
 * The pool holds what a connection needs only for the moment: the input buffer of the connection
 * that is read and the output buffer of the one that is served. So an idle connection costs no
 * buffers.
 *
 * Which of them gives way when tcp-clients is reached: displace.h.
 *
 * Connections are watched by an epoll instance of the pool, which is one descriptor in the worker's
 * loop. The rejected alternative is a libevent event for each connection: for a client with one
 * query per connection that is one event added and deleted, which costs a system call that closing
 * the descriptor makes needless.
 *
 * One timer serves all connections. There is one list per timeout (initial, idle, keepalive),
 * ordered by last activity, so the first member of each is the first to time out. An active
 * connection moves to the end of its list and leaves the timer as it is; when the timer fires, it
 * is set again for the time that is left.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <split53/header.h>
#include <split53/list.h>
#include <split53/listen.h>

#include "standing.h"

#define S53_POOL_INPUT 65535 /* read at once; see backlog.h */
#define S53_POOL_OUTPUT (128 << 10) /* at least one frame: 2 + S53_MESSAGE_MAX */

/* Freed connections kept for reuse; none under a sanitizer, which then finds a use after free. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define S53_POOL_SPARE 0
#else
#define S53_POOL_SPARE 64
#endif

struct s53_connection;
struct s53_listen_context;

/* Which of the configured timeouts applies to a connection. */
enum s53_tcp_timeout { S53_TCP_TIMEOUT_INITIAL, S53_TCP_TIMEOUT_IDLE, S53_TCP_TIMEOUT_KEEPALIVE };
#define S53_TCP_TIMEOUT_COUNT 3

struct s53_tcp_pool {
	struct s53_listen_context *context;
	struct s53_link connections; /* all that are open */
	struct s53_link standing[S53_TCP_STATE_COUNT]; /* by state, longest in it first */
	struct event unread_timer; /* while one of those is UNREAD */
	struct s53_link paused; /* listeners that do not accept for now */
	bool pressing; /* a connection gave way that would not do so without a flood */
	bool keep_place; /* the place of the next one that is closed is not to be freed */
	struct s53_link dirty; /* those that late replies were written to in this turn */
	bool flush_due; /* flush_event is active */
	struct event flush_event; /* sends those late replies */
	struct event evict_event; /* another worker requests an eviction or has freed a place */
	uint8_t *input; /* S53_POOL_INPUT, for the connection being read */
	uint8_t *output; /* S53_POOL_OUTPUT: replies of `gatherer`, then the next of any */
	size_t gathered; /* bytes of output that belong to `gatherer` */
	struct s53_connection *gatherer; /* being served now; NULL: none */
	uint64_t now_ms; /* of this turn */
	struct s53_link timeouts[S53_TCP_TIMEOUT_COUNT]; /* all that are open, by last activity */
	struct event timer;
	uint64_t timer_at_ms; /* when it fires; UINT64_MAX: never */
	struct s53_link spare; /* freed connections, by their `all` */
	unsigned spare_count;
	int poll_fd; /* the epoll that watches the connections */
	struct event poll_event;
	bool polling; /* its events are being handled and may name freed connections ... */
	struct s53_link unpolled; /* ... which stay in memory until then, by their `all` */
};

/* NULL: no memory or descriptors. */
struct s53_tcp_pool *s53_tcp_pool_new(struct s53_listen_context *context);
void s53_tcp_pool_free(struct s53_tcp_pool *pool); /* no connection is left; NULL is fine */

/* Read the clock for this turn. */
void s53_tcp_pool_tick(struct s53_tcp_pool *pool);

/* `connection` was active: from pool->now_ms on it has the timeout `kind`. */
void s53_tcp_pool_restart_timeout(
    struct s53_tcp_pool *pool, struct s53_connection *connection, enum s53_tcp_timeout kind);

/*
 * Call s53_connection_ready() when `connection` is ready for `events` (of epoll; 0: never). Closing
 * its descriptor ends that too.
 */
void s53_tcp_pool_watch(struct s53_connection *connection, uint32_t events);

/* Memory for a connection, zeroed; NULL: none. */
struct s53_connection *s53_tcp_pool_new_connection(struct s53_tcp_pool *pool);
void s53_tcp_pool_free_connection(struct s53_tcp_pool *pool, struct s53_connection *connection);

/* Accept again on all listeners that are paused. */
void s53_tcp_pool_resume(struct s53_tcp_pool *pool);

/* A place is free that no connection took. */
void s53_tcp_pool_free_place(struct s53_tcp_pool *pool);

/* A connection was closed: its place and its descriptor are free. */
void s53_tcp_pool_closed_one(struct s53_tcp_pool *pool);
