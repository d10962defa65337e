/* SPDX-License-Identifier: ISC
 *
 * mailbox.h - messages from other threads to the event loop of one thread.
 *
 * Layer    daemon
 * Threads  send() in any thread; init() and fini() while no other thread uses the mailbox; all else
 *          in the thread of the loop
 * Memory   embedded in its owner. A message is the sender's until send(), then the receiver's
 *
 * Messages are delivered in the order of sending, between two events of the loop, so never in the
 * middle of a batch of queries. The idea: a list under a lock, and an eventfd that wakes the
 * loop.
 */
#pragma once

#include <pthread.h>

#include <split53/list.h>

struct event;
struct event_base;

struct s53_mailbox {
	pthread_mutex_t lock; /* only for `messages`; nothing is called under it */
	struct s53_link messages;
	int wake_fd; /* an eventfd; -1: out of descriptors */
	struct event *wake_event; /* NULL: messages are not delivered */
	void (*deliver)(void *arg, struct s53_link *message);
	void *arg;
};

/* S53_E_IO: no descriptor; fini() is still needed. */
S53_MUST_USE enum s53_status s53_mailbox_init(struct s53_mailbox *mailbox);
void s53_mailbox_fini(struct s53_mailbox *mailbox); /* it must be closed and empty */

/* Call deliver() in `base` for each message. S53_E_NOMEM. */
S53_MUST_USE enum s53_status s53_mailbox_open(struct s53_mailbox *mailbox, struct event_base *base,
    void (*deliver)(void *arg, struct s53_link *message), void *arg);

/* Deliver no more; take() returns the rest. Allowed for one that was never opened. */
void s53_mailbox_close(struct s53_mailbox *mailbox);

void s53_mailbox_send(struct s53_mailbox *mailbox, struct s53_link *message);

/* The next message, or NULL. */
struct s53_link *s53_mailbox_take(struct s53_mailbox *mailbox);
