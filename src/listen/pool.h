/* SPDX-License-Identifier: ISC
 *
 * pool.h - the TCP connections of one worker, over all its listeners.
 *
 * Layer    listen
 * Threads  a pool belongs to the worker of its event_base; only `idle_count`, `evictions` and
 *          `mailbox` are touched by others, and only while they hold the registry's lock
 * Memory   counted: each listener holds one count
 *
 * tcp-clients counts the connections of all workers. A newcomer beyond it takes the place of the
 * connection that has been idle longest: of this worker if there is one, else of another worker,
 * which is asked through its mailbox. Without that, 150 idle clients shut out everybody.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <split53/header.h>
#include <split53/list.h>
#include <split53/listen.h>

#define S53_POOL_INPUT 65536 /* octets read at once */

struct s53_tcp_pool {
	struct s53_tcp_pool *next; /* in limits->pools */
	struct event_base *base;
	struct s53_tcp_limits *limits;
	unsigned holders;
	struct s53_link connections; /* all that are open */
	struct s53_link idle; /* those with nothing under way, longest first */
	struct s53_link dirty; /* those that late replies were written to in this turn */
	bool flush_due; /* flush_event is active */
	struct event flush_event;
	_Atomic unsigned idle_count; /* written by the worker only */
	_Atomic unsigned evictions; /* asked for by other workers, not yet done */
	int mailbox; /* an eventfd, or -1: cannot be asked */
	struct event mailbox_event;
	uint8_t *input; /* S53_POOL_INPUT octets, for the connection being read */
	uint8_t *output; /* the frame being written: 2 + S53_MESSAGE_MAX octets */
};

/* The pool of `base`, made if need be, with one more count. NULL: no memory. */
struct s53_tcp_pool *s53_tcp_pool_take(struct s53_tcp_limits *limits, struct event_base *base);
/* The same without making it; NULL: there is none. */
struct s53_tcp_pool *s53_tcp_pool_find(struct s53_tcp_limits *limits, struct event_base *base);
void s53_tcp_pool_keep(struct s53_tcp_pool *pool);
void s53_tcp_pool_drop(struct s53_tcp_pool *pool);

/* Close the connection of this worker that has been idle longest. false: none is. */
bool s53_tcp_pool_evict(struct s53_tcp_pool *pool);

/* Have another worker do that. false: none has an idle connection. */
bool s53_tcp_pool_evict_elsewhere(struct s53_tcp_pool *pool);
