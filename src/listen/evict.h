/* SPDX-License-Identifier: ISC
 *
 * evict.h - places under tcp-clients: how workers free them for each other and wait for them.
 *
 * Layer    listen
 * Threads  join() and s53_tcp_limits_fini() in the main thread while no worker runs: the list of
 *          workers does not change in between and is read without a lock. All else in any worker
 * Memory   an entry outlives its worker; s53_tcp_limits_fini() frees it
 *
 * tcp-clients limits the connections of all workers together. A worker takes a place before it
 * accepts. If there is none, and the worker has no connection that can be closed for it, it counts
 * a request in the entry of a worker that has one, wakes that worker, and waits: its new clients
 * stay in the kernel's backlog. A worker that closes a connection wakes one waiting worker, in a
 * ring in which it comes last itself, so that no worker's clients wait behind another's forever.
 *
 * No wake-up is lost: a waiting worker sets `waits` before it reads the number of connections for
 * the last time, and a worker that frees a place lowers that number before it looks for waiting
 * workers. That a connection has become idle is reported without this care, and a waiting worker
 * looks again every few ms anyway (tcp.c).
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include <split53/listen.h>

/* The reasons to close a connection for a new one, in the order in which they are tried. */
enum s53_evict_tier {
	S53_EVICT_UNREAD, /* its client does not read */
	S53_EVICT_SHARE, /* its address is over its share */
	S53_EVICT_IDLE, /* none of its queries is in flight */
	S53_EVICT_WAITING, /* it has waited longest for an answer */
};
#define S53_EVICT_TIER_COUNT 4

/* The part of a worker that other workers may access. Each entry has a cache line of its own. */
struct s53_tcp_worker {
	_Alignas(64) struct s53_tcp_worker *next; /* in limits->workers */
	unsigned index; /* from 0 */
	int wake_fd; /* an eventfd; -1: there is none, and the worker gets no requests */
	/* Connections of each tier except SHARE; only the worker itself writes them. */
	_Atomic unsigned counts[S53_EVICT_TIER_COUNT];
	/* When the first of them may be requested; UINT64_MAX: there is none. */
	_Atomic uint64_t due_ms[S53_EVICT_TIER_COUNT];
	/* Requests of other workers, not yet taken; at most as many as counts[] was then. */
	_Atomic unsigned requests[S53_EVICT_TIER_COUNT];
	_Atomic bool waits; /* its new clients wait for a place */
};

/* A new entry in limits->workers. NULL: out of memory. */
struct s53_tcp_worker *s53_tcp_worker_join(struct s53_tcp_limits *limits);

/* Take a place for one more connection. false: tcp-clients is reached. */
bool s53_tcp_place_take(struct s53_tcp_limits *limits);

/*
 * A connection of `self` is closed, or its place is not needed. true: the listeners of `self` are
 * the next to accept; otherwise another worker was woken, if one waits.
 */
bool s53_tcp_place_free(struct s53_tcp_limits *limits, struct s53_tcp_worker *self);

/*
 * A connection of `self` can now be closed for a new client. Wakes a worker and returns as above.
 */
bool s53_tcp_place_offer(struct s53_tcp_limits *limits, struct s53_tcp_worker *self);

/* New clients of `self` wait. false: they need not wait, there is a place after all. */
bool s53_tcp_place_wait(struct s53_tcp_limits *limits, struct s53_tcp_worker *self);
void s53_tcp_place_wait_end(struct s53_tcp_limits *limits, struct s53_tcp_worker *self);

/*
 * Request one eviction from a worker other than `self` that has a connection due by `until_ms`.
 * Not for SHARE. false: no other worker has one.
 */
bool s53_evict_elsewhere(struct s53_tcp_limits *limits, const struct s53_tcp_worker *self,
    enum s53_evict_tier tier, uint64_t until_ms);

/* The same from `worker`, which has `count` such connections. */
bool s53_evict_request(struct s53_tcp_worker *worker, enum s53_evict_tier tier, unsigned count);

/* Returns how many evictions of this tier were requested since the last call. */
unsigned s53_evict_take_requests(struct s53_tcp_worker *self, enum s53_evict_tier tier);

/* wake_fd is readable: reset it. Then take the requests. */
void s53_evict_woken(struct s53_tcp_worker *self);
