/* SPDX-License-Identifier: ISC
 *
 * connection.h - one TCP connection of a client.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   freed when it is closed and none of its queries is in flight: each client handed
 *          to the resolver holds it by `in_flight`. It holds its listener
 * Units    ms, bytes
 * Sources  RFC 7766 (s6.2.1.1 pipelining, s6.2.3 idle timeouts, s7 answers out of order), RFC 7828
 *
 * When a connection is readable there is one read, the resolver gets all messages of it together,
 * and there is one write. The replies are gathered in the pool's output buffer and sent from there.
 * A connection has a buffer of its own only for replies that the client does not read at once, and
 * for late replies until the end of the turn.
 */
#pragma once

#include <split53/client.h>
#include <split53/list.h>

#include "backlog.h"
#include "framing.h"
#include "pool.h"
#include "standing.h"

struct s53_tcp_listener;

struct s53_connection {
	struct s53_link all; /* in pool->connections */
	struct s53_link standing; /* in pool->standing[state] */
	struct s53_link of_source; /* in source->parts[] of this worker */
	struct s53_link dirty; /* in pool->dirty after a late reply */
	struct s53_link timeout; /* in one of pool->timeouts */
	struct s53_tcp_listener *listener;
	struct s53_listen_context *context;
	struct s53_tcp_pool *pool; /* the context's */
	struct s53_client client; /* copied for each of its queries */
	int fd; /* -1: closed, and only queries in flight keep the object */
	unsigned in_flight; /* queries not yet answered or dropped */
	bool entered; /* a function of connection.c uses it: callbacks do not free or flush it */
	bool ended; /* nothing more will be read */
	bool at_end; /* the client has closed its side */
	bool overrun; /* more replies than may be kept: it is closed after the kept ones */
	bool writing; /* the socket accepts no more now */
	bool asked; /* has sent a whole message: the idle timeout applies */
	bool keepalive; /* the client knows RFC 7828: the keepalive timeout applies */
	bool active; /* bytes were sent or a query has begun or ended since the last settle() */
	bool answered; /* a query has ended, or bytes were sent, since the last settle() */
	enum s53_tcp_state state;
	uint64_t since_ms; /* of the state, or of the last progress in it */
	int unacknowledged; /* bytes in the kernel at that time, while UNREAD */
	struct s53_tcp_source *source; /* NULL: the client is on this host */
	uint64_t active_at_ms;
	uint32_t watched; /* the events of epoll that it waits for */
	size_t usual_len; /* largest of its recent replies (some dozens); 0: none yet */
	struct s53_backlog backlog; /* to be sent */
	struct s53_framing framing;
	uint8_t *rest; /* read, but not handed over because of a limit; or NULL */
	struct s53_octets rest_left; /* the part of `rest` that is still to be handed over */
};

/*
 * Serve the accepted socket `fd`, which is counted in limits->clients already and belongs to the
 * connection from now on. S53_E_NOMEM: closed, and no longer counted.
 */
S53_MUST_USE enum s53_status s53_connection_open(struct s53_tcp_listener *listener, int fd,
    const struct s53_addr *peer, const struct s53_addr *local);

/* `events` (of epoll) have occurred: read, write. May free it. */
void s53_connection_ready(struct s53_connection *connection, uint32_t events);

/* Send what waits, hand over what the limits allow, then update the watched events. May free it. */
void s53_connection_advance(struct s53_connection *connection);

/* Read what has arrived and then no more; close when all is answered. May free it. */
void s53_connection_finish(struct s53_connection *connection);

/* Discard what was read but not handed over; close when all is answered. May free it. */
void s53_connection_stop_reading(struct s53_connection *connection);

/*
 * Its timeout is over: close it, unless a query has just arrived or an answer was just made. May
 * free it.
 */
void s53_connection_time_out(struct s53_connection *connection);

/*
 * Send its finished replies and close it. false: the kernel does not accept them, and the
 * connection stays open. May free it.
 */
bool s53_connection_give_way(struct s53_connection *connection);

/* Close the socket; cut() or settle() frees it. For connection.c and sender.c. */
void s53_connection_close(struct s53_connection *connection);

/* Close it now. May free it. */
void s53_connection_cut(struct s53_connection *connection);
