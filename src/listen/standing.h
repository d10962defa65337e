/* SPDX-License-Identifier: ISC
 *
 * standing.h - the state of each TCP connection, and since when.
 *
 * Layer    listen
 * Threads  the worker's own; what other workers may know of it is in struct s53_tcp_worker
 * Memory   a connection is in one list of its pool, and in one of its source if it has one
 * Units    ms
 *
 * Each list is ordered by the time since which a connection has been in its state, or since its
 * last progress in it: an answer, bytes that its client has read. So the first of each list is the
 * one that gives way (displace.h).
 */
#pragma once

#include <stdbool.h>

#define S53_UNREAD_MS 1000 /* of silence until a client does not read: a lost packet costs less */
#define S53_GRACE_MS 200 /* for an answer, and for the first query; unbound's jostle-timeout */

struct s53_connection;
struct s53_tcp_pool;

enum s53_tcp_state {
	S53_TCP_NEW, /* in no list */
	S53_TCP_FRESH, /* its client has sent no query yet */
	S53_TCP_IDLE, /* no query is under way, and nothing is to be sent */
	S53_TCP_WAITING, /* for an answer of ours */
	S53_TCP_KEPT, /* the same, and it does not give way */
	S53_TCP_UNREAD, /* the kernel takes no more of its replies now */
};
#define S53_TCP_STATE_COUNT 6

/* After each change of `connection`: file it under its state. `progressed`: see above. */
void s53_standing_track(struct s53_connection *connection, bool progressed);

/* It is about to be closed. */
void s53_standing_forget(struct s53_connection *connection);

/* The longest in that state; NULL: none is. */
struct s53_connection *s53_standing_first(
    const struct s53_tcp_pool *pool, enum s53_tcp_state state);

/* Look which clients of those that are UNREAD have read something; pool->unread_timer's work. */
void s53_standing_look_at_unread(struct s53_tcp_pool *pool);
