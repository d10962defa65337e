/* SPDX-License-Identifier: ISC
 *
 * evict.h - one worker asks another to close an idle TCP connection.
 *
 * Layer    listen
 * Threads  join() and s53_tcp_limits_fini() in the main thread while no worker runs: the list of
 *          workers does not change in between and is read without a lock. All else in any worker
 * Memory   an entry outlives its worker; s53_tcp_limits_fini() frees it
 *
 * tcp-clients limits the connections of all workers together. When the limit is reached and the
 * worker that accepts a new connection has no idle one to close, it counts a request in the entry
 * of a worker that has, and wakes that worker. It never waits for the result: the connection that
 * it has accepted is served, and until the other worker reacts there is one more than tcp-clients.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include <split53/listen.h>

/* What the other workers may access of one worker. Each entry has a cache line of its own. */
struct s53_tcp_worker {
	_Alignas(64) struct s53_tcp_worker *next; /* in limits->workers */
	_Atomic unsigned idle_count; /* its idle connections; only the worker itself writes it */
	_Atomic unsigned requests; /* of other workers, not yet taken; at most idle_count then */
	int wake_fd; /* an eventfd; -1: there is none, and the worker gets no requests */
};

/* A new entry in limits->workers. NULL: no memory. */
struct s53_tcp_worker *s53_tcp_worker_join(struct s53_tcp_limits *limits);

/* Request one eviction from a worker other than `self`. false: no other has an idle connection. */
bool s53_evict_elsewhere(struct s53_tcp_limits *limits, const struct s53_tcp_worker *self);

/* wake_fd is readable: returns how many evictions were requested since the last call. */
unsigned s53_evict_take_requests(struct s53_tcp_worker *self);
