/* SPDX-License-Identifier: ISC
 *
 * pool.h - the TCP connections of one worker, over all its listeners.
 *
 * Layer    listen
 * Threads  a pool belongs to the worker of its event_base; only `idle_count`, `evictions` and
 *          `mailbox` are touched by others, and only while they hold the registry's lock
 * Memory   counted: each listener holds one count
 *
 * tcp-clients counts the connections of all workers. A newcomer beyond it takes the place of the
 * connection that has been idle longest: of this worker if there is one, else of another worker,
 * which is asked through its mailbox. Without that, 150 idle clients shut out everybody.
 *
 * Connections are watched by an epoll of the pool's own, which is one descriptor in the worker's
 * loop. A client with one query has its connection made and closed for it: to libevent that is an
 * event added and deleted, with a call to the kernel more than closing the descriptor, and lists to
 * walk for each time that it is ready.
 *
 * One timer serves all connections. Those that have the same timeout are in a list by their last
 * activity, so that its head is the first whose time is over; there are three lists. A connection
 * that does something goes to the end of its list, and the timer stays as it is: when it fires it
 * is set again for what is left.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <split53/header.h>
#include <split53/list.h>
#include <split53/listen.h>

#define S53_POOL_INPUT 65536 /* octets read at once */
#define S53_POOL_OUTPUT (128 << 10) /* at least one frame: 2 + S53_MESSAGE_MAX */

/* Connections kept for the next clients; none where a sanitizer is to find a use after free. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define S53_POOL_SPARE 0
#else
#define S53_POOL_SPARE 64
#endif

struct s53_connection;

/* Which timeout a connection has. */
enum s53_patience { S53_PATIENCE_INITIAL, S53_PATIENCE_IDLE, S53_PATIENCE_KEEPALIVE };
#define S53_PATIENCE_COUNT 3

struct s53_tcp_pool {
	struct s53_tcp_pool *next; /* in limits->pools */
	struct event_base *base;
	struct s53_tcp_limits *limits;
	unsigned holders;
	struct s53_link connections; /* all that are open */
	struct s53_link idle; /* those with nothing under way, longest first */
	struct s53_link dirty; /* those that late replies were written to in this turn */
	bool flush_due; /* flush_event is active */
	struct event flush_event;
	_Atomic unsigned idle_count; /* written by the worker only */
	_Atomic unsigned evictions; /* asked for by other workers, not yet done */
	int mailbox; /* an eventfd, or -1: cannot be asked */
	struct event mailbox_event;
	uint8_t *input; /* S53_POOL_INPUT octets, for the connection being read */
	uint8_t *output; /* S53_POOL_OUTPUT octets: replies of `gatherer`, then the next of any */
	size_t gathered;
	struct s53_connection *gatherer; /* being served now; NULL: none */
	uint64_t now_ms; /* of this turn */
	struct s53_link waiting[S53_PATIENCE_COUNT]; /* all that are open, by their last activity */
	struct event timer;
	uint64_t armed_until_ms; /* when it fires; UINT64_MAX: never */
	struct s53_link spare; /* connections that are over, by their `all` */
	unsigned spare_count;
	int poll_fd; /* the epoll that watches the connections */
	struct event poll_event;
	bool polled; /* what it said is being gone through: connections that are over stay memory */
	struct s53_link over; /* until then here, by their `all` */
};

/* The pool of `base`, made if need be, with one more count. NULL: no memory. */
struct s53_tcp_pool *s53_tcp_pool_take(struct s53_tcp_limits *limits, struct event_base *base);
/* The same without making it; NULL: there is none. */
struct s53_tcp_pool *s53_tcp_pool_find(struct s53_tcp_limits *limits, struct event_base *base);
void s53_tcp_pool_keep(struct s53_tcp_pool *pool);
void s53_tcp_pool_drop(struct s53_tcp_pool *pool);

/* Read the clock for this turn. */
void s53_tcp_pool_tick(struct s53_tcp_pool *pool);

/*
 * Something moved on `connection`: from pool->now_ms on it has the patience of `kind`. The timer
 * only moves if it would come too late.
 */
void s53_tcp_pool_wait(
    struct s53_tcp_pool *pool, struct s53_connection *connection, enum s53_patience kind);

/*
 * Be told when `connection` is ready for `events` (of epoll; 0: nothing), by
 * s53_connection_ready(). Closing its descriptor ends that too.
 */
void s53_tcp_pool_watch(struct s53_connection *connection, uint32_t events);

/* Memory for a connection, zeroed; NULL: none. */
struct s53_connection *s53_tcp_pool_new_connection(struct s53_tcp_pool *pool);
void s53_tcp_pool_free_connection(struct s53_tcp_pool *pool, struct s53_connection *connection);

/* Close the connection of this worker that has been idle longest. false: none is. */
bool s53_tcp_pool_evict(struct s53_tcp_pool *pool);

/* Have another worker do that. false: none has an idle connection. */
bool s53_tcp_pool_evict_elsewhere(struct s53_tcp_pool *pool);
