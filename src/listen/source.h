/* SPDX-License-Identifier: ISC
 *
 * source.h - the remote addresses that hold TCP connections, and which of them holds too many.
 *
 * Layer    listen
 * Threads  any worker; one lock, taken inside a call, for the table. A part of a source belongs to
 *          one worker: that worker alone uses its lists and writes its counts
 * Memory   one table for all workers, in s53_tcp_limits. A source lives while it has a connection
 *
 * A source is an IPv4 address or an IPv6 /64, which is what one client has at its disposal. Each
 * source may hold as many connections as it likes while there is room. When tcp-clients is reached,
 * the source with the most connections is over its share if it holds more than
 *
 *     tcp-clients / (sources that hold connections + 1)
 *
 * and loses one of them. So two sources may hold a third of the places each, and the rest is for
 * those that are about to come; and the more there are, the less each may hold. No source loses its
 * last connection this way.
 *
 * Connections of loopback and of the host's own addresses have no source: each process there has
 * the same address.
 */
#pragma once

#include <split53/addr.h>
#include <split53/list.h>
#include <split53/listen.h>

/* What one worker has of a source. */
struct s53_tcp_source_part {
	struct s53_link idle; /* connections with nothing under way, longest first */
	struct s53_link busy; /* all others; the one that has waited longest first */
	_Atomic unsigned idle_count;
	_Atomic unsigned busy_count;
};

struct s53_tcp_source {
	struct s53_tcp_source *next; /* in its bucket */
	struct s53_prefix prefix;
	unsigned count; /* connections of all workers */
	unsigned heap_at; /* its index in the heap */
	struct s53_tcp_source_part parts[]; /* of each worker */
};

/* The source that is over its share, as one worker sees it. */
struct s53_over_share {
	struct s53_prefix prefix;
	unsigned count, share;
	/* What the worker itself has; valid until it closes the last of that. NULL: nothing. */
	struct s53_tcp_source_part *own;
	/* How many another worker has, 0: none has any; and the index of that worker. */
	unsigned idle_count, idle_worker;
	unsigned busy_count, busy_worker;
};

/* NULL: no memory. */
struct s53_tcp_sources *s53_tcp_sources_new(void);
void s53_tcp_sources_free(struct s53_tcp_sources *sources); /* NULL is fine */

/* Count one more connection of `peer`. NULL: no memory; it is then counted nowhere. */
struct s53_tcp_source *s53_tcp_source_enter(
    struct s53_tcp_limits *limits, const struct s53_addr *peer);

/* One connection less, which is in no list of the source any more. May free it. */
void s53_tcp_source_leave(struct s53_tcp_limits *limits, struct s53_tcp_source *source);

/* false: no source is over its share. `self` is the index of the worker that calls. */
bool s53_tcp_source_over_share(
    struct s53_tcp_limits *limits, unsigned self, struct s53_over_share *out);
