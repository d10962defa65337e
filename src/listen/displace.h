/* SPDX-License-Identifier: ISC
 *
 * displace.h - chooses the TCP connection to close for a new client when tcp-clients is reached.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   none
 * Units    ms
 *
 * The first of these is closed; each is tried in this worker, then in the others (evict.h):
 *
 * 1. A client that does not read: replies wait for it, and for S53_UNREAD_MS its host
 *    has acknowledged nothing. It loses nothing that it would have read.
 * 2. A remote address over its share (source.h): its connection that has been idle longest, else
 *    the one that has waited longest for an answer. So a flood from one address displaces itself.
 * 3. The connection that has been idle longest; a new one is idle if it has sent no query for
 *    S53_GRACE_MS. Otherwise as many idle clients as tcp-clients allows would keep out all others.
 * 4. The connection that has waited longest for an answer, if that is S53_GRACE_MS or more.
 *    Otherwise tcp-clients clients of a slow server would keep out all others, as they do in BIND.
 *    If there is none, a client that reads a few bytes now and then, only to stay.
 *
 * As in unbound (jostle-timeout), half of tcp-clients is exempt from 4, namely those that begin to
 * wait while fewer do: they run to completion. Without that, clients that reconnect when they are
 * closed would displace each other before any answer arrives. In a flood of connections, which
 * keeps the kernel's queue full (`flooded`, tcp.c), there is no grace: a client is accepted at
 * once, and has time for its answer until half of tcp-clients have arrived after it.
 *
 * If no connection can be closed, new clients stay in the kernel's backlog, as in BIND.
 *
 * Replies that are finished are sent before their connection is closed.
 */
#pragma once

#include <stdbool.h>

#include "evict.h"
#include "standing.h"

struct s53_tcp_pool;

/* May this limit be logged now (once a minute over all workers)? true: the caller logs it. */
bool s53_tcp_limit_is_due(struct s53_tcp_limits *limits, enum s53_tcp_limit limit);

enum s53_displaced {
	S53_DISPLACED_ONE, /* of this worker: the new client may use its place */
	S53_DISPLACED_ELSEWHERE, /* requested from another worker, which wakes this one */
	S53_DISPLACED_NONE,
};

/* Free a place for a new client. */
enum s53_displaced s53_displace_for_new_client(struct s53_tcp_pool *pool, bool flooded);

/* Close one of this worker that is due under tier `last` or an earlier one. false: none is. */
bool s53_displace_own(struct s53_tcp_pool *pool, enum s53_evict_tier last);
