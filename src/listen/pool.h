/* SPDX-License-Identifier: ISC
 *
 * pool.h - the TCP connections of one worker, over all its listeners.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   owned by the worker's listen context, freed after the last connection
 * Units    ms, bytes
 *
 * Buffers that a connection needs only for a moment are in the pool: the input buffer of the
 * connection that is read and the output buffer of the one that is served. So an idle connection
 * costs no buffers.
 *
 * displace.h says which connection is closed when tcp-clients is reached.
 *
 * Connections are watched by an epoll instance of the pool, which is one descriptor in the worker's
 * loop. The rejected alternative is a libevent event for each connection: for a client with one
 * query per connection an event would be added and deleted, which costs a system call that closing
 * the descriptor saves.
 *
 * One timer serves all connections. There is one list per timeout (initial, idle, keepalive),
 * ordered by last activity, so the first member of each is the first to time out. An active
 * connection moves to the end of its list and does not change the timer; when the timer fires, it
 * is set again for the time that is left.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <split53/header.h>
#include <split53/list.h>
#include <split53/listen.h>

#include "standing.h"

#define S53_POOL_INPUT 65535 /* largest read; see backlog.h */
#define S53_POOL_OUTPUT (128 << 10) /* at least one frame: 2 + S53_MESSAGE_MAX */

/* Freed connections kept for reuse; none under a sanitizer, so that it detects a use after free. */
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
	struct s53_link connections; /* all open connections */
	struct s53_link standing[S53_TCP_STATE_COUNT]; /* by state, longest in it first */
	struct event unread_timer; /* while a connection is UNREAD */
	struct s53_link paused; /* listeners that do not accept for now */
	bool flooding; /* a connection was closed that only a flood makes due */
	bool keep_place; /* the next place that is freed is kept for a new connection */
	struct s53_link dirty; /* connections with late replies of this turn */
	bool flush_due; /* flush_event is active */
	struct event flush_event; /* sends those late replies */
	struct event evict_event; /* another worker has requested an eviction or freed a place */
	uint8_t *input; /* S53_POOL_INPUT, for the connection being read */
	uint8_t *output; /* S53_POOL_OUTPUT: replies of `gatherer`, then the next of any */
	size_t gathered; /* bytes of output that belong to `gatherer` */
	struct s53_connection *gatherer; /* being served now; NULL: none */
	uint64_t now_ms; /* time of this turn */
	struct s53_link timeouts[S53_TCP_TIMEOUT_COUNT]; /* open connections, by last activity */
	struct event timer;
	uint64_t timer_at_ms; /* when it fires; UINT64_MAX: never */
	struct s53_link spare; /* freed connections, by their `all` */
	unsigned spare_count;
	int poll_fd; /* the epoll that watches the connections */
	struct event poll_event;
	bool polling; /* its events are being handled, and may name freed connections ... */
	struct s53_link unpolled; /* ... which stay in memory until the end, by their `all` */
};

/* NULL: out of memory or descriptors. */
struct s53_tcp_pool *s53_tcp_pool_new(struct s53_listen_context *context);
void s53_tcp_pool_free(struct s53_tcp_pool *pool); /* no connection may be left; NULL is fine */

/* Read the clock, at the beginning of a turn. */
void s53_tcp_pool_tick(struct s53_tcp_pool *pool);

/* `connection` was active: its timeout is `kind`, from pool->now_ms on. */
void s53_tcp_pool_restart_timeout(
    struct s53_tcp_pool *pool, struct s53_connection *connection, enum s53_tcp_timeout kind);

/*
 * Call s53_connection_ready() when `connection` is ready for `events` (of epoll; 0: never). Closing
 * its descriptor ends this too.
 */
void s53_tcp_pool_watch(struct s53_connection *connection, uint32_t events);

/* A zeroed connection. NULL: out of memory. */
struct s53_connection *s53_tcp_pool_new_connection(struct s53_tcp_pool *pool);
void s53_tcp_pool_free_connection(struct s53_tcp_pool *pool, struct s53_connection *connection);

/* Accept again on all paused listeners. */
void s53_tcp_pool_resume(struct s53_tcp_pool *pool);

/* Free a place that no connection has taken. */
void s53_tcp_pool_free_place(struct s53_tcp_pool *pool);

/* A connection was closed: free its place, and use its descriptor. */
void s53_tcp_pool_closed_one(struct s53_tcp_pool *pool);
