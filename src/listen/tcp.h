/* SPDX-License-Identifier: ISC
 *
 * tcp.h - the listening socket, as seen by its connections.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   counted: one until close(), one for each connection
 */
#pragma once

#include <event2/event_struct.h>

#include <split53/list.h>

#include "context.h"

struct s53_tcp_listener {
	int fd;
	bool closing;
	struct s53_link paused; /* in pool->paused until resume_event: why_paused */
	int why_paused; /* an errno of accept(2); 0: tcp-clients is reached */
	bool waited; /* the next client to be accepted has had to wait, and was counted for that */
	uint64_t full_since_ms; /* of the kernel's queue of new connections; 0: it is not full */
	uint64_t looked_at_ms; /* when the queue was last checked */
	uint64_t flooded_until_ms; /* because the queue was full for long */
	uint64_t warned_at_ms; /* the last log line about descriptors; 0: never */
	unsigned holders;
	struct s53_addr local;
	struct s53_listen_context *context;
	struct event accept_event;
	struct event resume_event;
};

void s53_tcp_listener_keep(struct s53_tcp_listener *listener);
/* A connection has closed. */
void s53_tcp_listener_drop(struct s53_tcp_listener *listener);
/* Accept again; it must be in no list of paused listeners. */
void s53_tcp_listener_resume(struct s53_tcp_listener *listener);
