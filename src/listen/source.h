/* SPDX-License-Identifier: ISC
 *
 * source.h - remote addresses with TCP connections, and the one that has too many.
 *
 * Layer    listen
 * Threads  any worker; one lock, taken inside a call, for the table. A part of a source belongs to
 *          one worker: only that worker uses its lists and writes its counts
 * Memory   one table for all workers, in s53_tcp_limits. A source exists while it has a connection
 *
 * A source is an IPv4 address or an IPv6 /64, which is what one client usually controls. Below
 * tcp-clients a source may have any number of connections. When tcp-clients is reached, the source
 * with the most connections is over its share if it has more than
 *
 *     tcp-clients / (sources with connections + 1)
 *
 * and loses one of them. So two sources may have a third of the places each, and the rest is for
 * new sources; the more sources there are, the less each may have. No source loses its last
 * connection in this way.
 *
 * Connections from loopback and the host's own addresses have no source: all processes there
 * have the same address.
 */
#pragma once

#include <split53/addr.h>
#include <split53/list.h>
#include <split53/listen.h>

/* The part of a source that belongs to one worker. */
struct s53_tcp_source_part {
	struct s53_link idle; /* connections without queries in flight, longest first */
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
	/*
	 * The caller's own part; valid until it closes the last connection in it. NULL: it has
	 * none.
	 */
	struct s53_tcp_source_part *own;
	/* The most that another worker has, and the index of that worker; 0: none has any. */
	unsigned idle_count, idle_worker;
	unsigned busy_count, busy_worker;
};

/* NULL: out of memory. */
struct s53_tcp_sources *s53_tcp_sources_new(void);
void s53_tcp_sources_free(struct s53_tcp_sources *sources); /* NULL is fine */

/* Count one more connection of `peer`. NULL: out of memory; it is not counted then. */
struct s53_tcp_source *s53_tcp_source_enter(
    struct s53_tcp_limits *limits, const struct s53_addr *peer);

/* Count one connection less, which must be in no list of the source. May free the source. */
void s53_tcp_source_leave(struct s53_tcp_limits *limits, struct s53_tcp_source *source);

/* false: no source is over its share. `self` is the index of the calling worker. */
bool s53_tcp_source_over_share(
    struct s53_tcp_limits *limits, unsigned self, struct s53_over_share *out);
