/* SPDX-License-Identifier: ISC
 *
 * tcp.h - the listening socket as its connections see it.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   counted: one until close(), one for each connection
 */
#pragma once

#include <event2/event_struct.h>

#include "pool.h"

struct s53_tcp_listener {
	int fd;
	bool closing;
	bool paused; /* out of descriptors or memory: resume_event goes on */
	uint64_t warned_at_ms; /* the last log line about that; 0: never */
	unsigned holders;
	struct s53_addr local;
	struct s53_resolver *resolver;
	struct s53_counters *counters;
	struct s53_tcp_limits *limits;
	struct s53_tcp_pool *pool;
	struct event accept_event;
	struct event resume_event;
};

void s53_tcp_listener_keep(struct s53_tcp_listener *listener);
/* A connection is gone, and its descriptor with it. */
void s53_tcp_listener_drop(struct s53_tcp_listener *listener);
/* A descriptor has become free. */
void s53_tcp_listener_resume(struct s53_tcp_listener *listener);
