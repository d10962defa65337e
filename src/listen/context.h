/* SPDX-License-Identifier: ISC
 *
 * context.h - the state that the listeners of one worker share.
 *
 * Layer    listen
 * Threads  the worker's own; what other workers may access is in struct s53_tcp_worker
 * Memory   owned by the worker. Inbox and pool are allocated by the first listener that needs them
 *          and freed with the context, so a worker without listeners has no buffers
 *
 * A value that counts over all workers (connections against tcp-clients) is in `limits`. A list of
 * a worker's own connections is in its pool.
 */
#pragma once

#include <split53/listen.h>

struct s53_busiest;
struct s53_inbox;
struct s53_tcp_pool;
struct s53_tcp_worker;

struct s53_listen_context {
	struct event_base *base;
	struct s53_resolver *resolver;
	struct s53_counters *counters;
	struct s53_tcp_limits *limits; /* shared with the other workers */
	struct s53_tcp_worker *self; /* this worker in limits->workers */
	struct s53_inbox *inbox; /* of all UDP listeners; NULL: there was none yet */
	struct s53_tcp_pool *pool; /* of all TCP listeners; NULL: there was none yet */
	unsigned listener_count; /* not yet freed */
	int until_sample; /* queries until one is counted by name and client */
	struct s53_busiest *names, *clients; /* NULL: they are not counted */
};

/* The inbox or pool of `context`, allocated at the first use. NULL: out of memory. */
struct s53_inbox *s53_listen_context_inbox(struct s53_listen_context *context);
struct s53_tcp_pool *s53_listen_context_pool(struct s53_listen_context *context);
