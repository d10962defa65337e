/* SPDX-License-Identifier: ISC
 *
 * connection.h - one TCP connection of a client.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   lives while it is open or a query of it is under way: a client handed to the resolver
 *          holds it by `in_flight`. It holds its listener
 * Units    ms, octets
 * Sources  RFC 7766 (s6.2.1.1 pipelining, s6.2.3 idle timeouts, s7 answers out of order), RFC 7828
 *
 * When a connection is ready there is one read, all its messages are taken together, and one write.
 * The replies to what was read are gathered in the pool's buffer and leave from
 * there; only what the client does not take at once, and late replies until the end of the turn,
 * are kept in a buffer of the connection's own.
 */
#pragma once

#include <split53/client.h>
#include <split53/list.h>

#include "backlog.h"
#include "framing.h"
#include "pool.h"

struct s53_tcp_listener;

struct s53_connection {
	struct s53_link all; /* in pool->connections */
	struct s53_link idle; /* in pool->idle while nothing is under way */
	struct s53_link dirty; /* in pool->dirty after a late reply */
	struct s53_link wait; /* in one of pool->waiting */
	struct s53_tcp_listener *listener;
	struct s53_tcp_pool *pool;
	struct s53_client client; /* what each of its queries starts with */
	struct s53_counters *counters;
	struct s53_resolver *resolver;
	int fd; /* -1: dead, only held by what is in flight */
	unsigned in_flight; /* queries not yet answered or dropped */
	bool entered; /* a function of ours works with it: no freeing, no flushing from below */
	bool ended; /* nothing more will be read */
	bool writing; /* the socket takes no more now */
	bool asked; /* has sent a whole message: the idle timeout applies */
	bool keepalive; /* the client knows RFC 7828: the keepalive timeout applies */
	bool active; /* something moved since the last settle() */
	uint64_t active_at_ms;
	uint32_t watched; /* the events of epoll that are waited for */
	struct s53_backlog backlog; /* to be sent */
	struct s53_framing framing;
	uint8_t *rest; /* read, but not taken because of a limit; NULL: none */
	struct s53_octets rest_left; /* what of `rest` is still to be taken */
};

/*
 * Serve the accepted socket `fd`; it is counted in limits->clients already and is the connection's
 * now. S53_E_NOMEM: closed, and no longer counted.
 */
S53_MUST_USE enum s53_status s53_connection_open(struct s53_tcp_listener *listener, int fd,
    const struct s53_addr *peer, const struct s53_addr *local);

/* What `events` say (of epoll) has happened: read, write. May free it. */
void s53_connection_ready(struct s53_connection *connection, uint32_t events);

/* Send what is to be sent, take what may be taken, then decide what to wait for. May free it. */
void s53_connection_settle(struct s53_connection *connection);

/* Take what has arrived, read no more, close when all is answered. May free it. */
void s53_connection_finish(struct s53_connection *connection);

/* Forget what was read but not taken, read no more, close when all is answered. May free it. */
void s53_connection_take_no_more(struct s53_connection *connection);

/* Close it now. May free it. */
void s53_connection_cut(struct s53_connection *connection);
