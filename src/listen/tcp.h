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

#include "context.h"

struct s53_tcp_listener {
	int fd;
	bool closing;
	bool paused; /* out of descriptors or memory until resume_event */
	uint64_t warned_at_ms; /* the last log line about that; 0: never */
	unsigned holders;
	struct s53_addr local;
	struct s53_listen_context *context;
	struct event accept_event;
	struct event resume_event;
};

void s53_tcp_listener_keep(struct s53_tcp_listener *listener);
/* A connection is gone. */
void s53_tcp_listener_drop(struct s53_tcp_listener *listener);
/* A descriptor has become free: accept again. */
void s53_tcp_listener_resume(struct s53_tcp_listener *listener);
