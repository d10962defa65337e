/* SPDX-License-Identifier: ISC
 *
 * standing.h - the state of each TCP connection, and since when.
 *
 * Layer    listen
 * Threads  the worker's own; what other workers may read is in struct s53_tcp_worker
 * Memory   a connection is in one list of its pool, and in one of its source if it has one
 * Units    ms
 *
 * Each list is ordered by the time since which a connection has been in its state, or since its
 * last progress in it: an answer, or bytes that its client has read. So the first of each list is
 * the one to close (displace.h).
 */
#pragma once

#include <stdbool.h>

#define S53_UNREAD_MS 1000 /* without an acknowledgment: the client does not read */
#define S53_GRACE_MS 200 /* to get an answer, and to send the first query */

struct s53_connection;
struct s53_tcp_pool;

enum s53_tcp_state {
	S53_TCP_NEW, /* in no list */
	S53_TCP_FRESH, /* its client has sent no query yet */
	S53_TCP_IDLE, /* no query is in flight, and nothing is to be sent */
	S53_TCP_WAITING, /* for our answer */
	S53_TCP_KEPT, /* the same, and it is not closed for a new client */
	S53_TCP_UNREAD, /* the kernel accepts no more of its replies now */
};
#define S53_TCP_STATE_COUNT 6

/* After each change of `connection`: move it to the list of its state. `progressed`: see above. */
void s53_standing_track(struct s53_connection *connection, bool progressed);

/* To be called before it is closed. */
void s53_standing_forget(struct s53_connection *connection);

/* The one that has been in that state longest; NULL: none. */
struct s53_connection *s53_standing_first(
    const struct s53_tcp_pool *pool, enum s53_tcp_state state);

/* Check which UNREAD clients have read something; called by pool->unread_timer. */
void s53_standing_look_at_unread(struct s53_tcp_pool *pool);
