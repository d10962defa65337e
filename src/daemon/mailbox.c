/* SPDX-License-Identifier: ISC
 *
 * mailbox.c - messages from other threads to the event loop of one thread.
 */
#include "mailbox.h"

#include <errno.h>
#include <event2/event.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum s53_status
s53_mailbox_init(struct s53_mailbox *mailbox)
{
	pthread_mutex_init(&mailbox->lock, NULL);
	s53_list_init(&mailbox->messages);
	mailbox->wake_event = NULL;
	mailbox->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return mailbox->wake_fd >= 0 ? S53_OK : S53_E_IO;
}

void
s53_mailbox_fini(struct s53_mailbox *mailbox)
{
	if (mailbox->wake_fd >= 0)
		close(mailbox->wake_fd);
	pthread_mutex_destroy(&mailbox->lock);
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct s53_mailbox *mailbox = arg;
	struct s53_link *message;
	uint64_t count;

	(void)what;
	if (read((int)fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	while ((message = s53_mailbox_take(mailbox)) != NULL)
		mailbox->deliver(mailbox->arg, message);
}

enum s53_status
s53_mailbox_open(struct s53_mailbox *mailbox, struct event_base *base,
    void (*deliver)(void *arg, struct s53_link *message), void *arg)
{
	mailbox->deliver = deliver;
	mailbox->arg = arg;
	mailbox->wake_event =
	    event_new(base, mailbox->wake_fd, EV_READ | EV_PERSIST, on_wake, mailbox);
	if (mailbox->wake_event == NULL || event_add(mailbox->wake_event, NULL) != 0)
		return S53_E_NOMEM;
	return S53_OK;
}

void
s53_mailbox_close(struct s53_mailbox *mailbox)
{
	if (mailbox->wake_event != NULL)
		event_free(mailbox->wake_event);
	mailbox->wake_event = NULL;
}

void
s53_mailbox_send(struct s53_mailbox *mailbox, struct s53_link *message)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&mailbox->lock);
	s53_list_append(&mailbox->messages, message);
	pthread_mutex_unlock(&mailbox->lock);
	/* Fails only while 2^64 - 2 wake-ups are pending, and then the loop wakes anyway. */
	if (write(mailbox->wake_fd, &one, sizeof(one)) < 0)
		return;
}

struct s53_link *
s53_mailbox_take(struct s53_mailbox *mailbox)
{
	struct s53_link *message;

	pthread_mutex_lock(&mailbox->lock);
	message = s53_list_pop(&mailbox->messages);
	pthread_mutex_unlock(&mailbox->lock);
	return message;
}
