/* SPDX-License-Identifier: ISC
 *
 * inbox.c - where a worker's UDP sockets receive to.
 */
#include "inbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

/* A datagram or a train has at most 65,527 octets (IPv6 without a jumbo payload): none is cut. */
#define TRAIN_MAX 65536
/*
 * Places one cache line further apart than pages are: otherwise the beginnings of all would fall
 * into the same few sets of the first-level cache.
 */
#define STRIDE(place) ((size_t)(place) + 64)
#define OCTETS (S53_INBOX_COUNT * STRIDE(TRAIN_MAX))

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct s53_inbox *registry;

static void
inbox_free(struct s53_inbox *inbox)
{
	if (inbox->octets != NULL)
		munmap(inbox->octets, OCTETS);
	free(inbox);
}

/* Not from malloc(), and no huge pages: a page that no datagram ever touched stays no memory. */
static uint8_t *
map_octets(void)
{
	void *at = mmap(NULL, OCTETS, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	(void)madvise(at, OCTETS, MADV_NOHUGEPAGE); /* fails where there are none */
	return at;
}

static struct s53_inbox *
inbox_new(struct event_base *base)
{
	struct s53_inbox *inbox = calloc(1, sizeof(*inbox));

	if (inbox == NULL)
		return NULL;
	inbox->base = base;
	if ((inbox->octets = map_octets()) == NULL) {
		inbox_free(inbox);
		return NULL;
	}
	for (unsigned i = 0; i < S53_INBOX_COUNT; i++) {
		struct msghdr *message = &inbox->messages[i].msg_hdr;

		message->msg_name = &inbox->clients[i].addr;
		message->msg_iov = &inbox->vectors[i];
		message->msg_iovlen = 1;
	}
	return inbox;
}

void
s53_inbox_lay_out(struct s53_inbox *inbox, bool trains, bool controls)
{
	size_t place = trains ? TRAIN_MAX : S53_INBOX_REQUEST;

	inbox->control_len = controls ? sizeof(inbox->controls[0]) : 0;
	for (unsigned i = 0; i < S53_INBOX_COUNT; i++) {
		inbox->vectors[i].iov_base = inbox->octets + i * STRIDE(place);
		inbox->vectors[i].iov_len = place;
		inbox->messages[i].msg_hdr.msg_control = controls ? &inbox->controls[i] : NULL;
		s53_inbox_reset(inbox, i);
	}
}

struct s53_inbox *
s53_inbox_take(struct event_base *base)
{
	struct s53_inbox *inbox;

	pthread_mutex_lock(&registry_lock);
	for (inbox = registry; inbox != NULL && inbox->base != base;)
		inbox = inbox->next;
	if (inbox == NULL && (inbox = inbox_new(base)) != NULL) {
		inbox->next = registry;
		registry = inbox;
	}
	if (inbox != NULL)
		inbox->holders++;
	pthread_mutex_unlock(&registry_lock);
	return inbox;
}

void
s53_inbox_drop(struct s53_inbox *inbox)
{
	struct s53_inbox **at = &registry;

	if (--inbox->holders > 0)
		return;
	pthread_mutex_lock(&registry_lock);
	while (*at != inbox)
		at = &(*at)->next;
	*at = inbox->next;
	pthread_mutex_unlock(&registry_lock);
	inbox_free(inbox);
}
