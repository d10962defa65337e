/* SPDX-License-Identifier: ISC
 *
 * inbox.c - the buffers that a worker's UDP sockets receive into.
 */
#include "inbox.h"

#include <stdlib.h>
#include <sys/mman.h>

/*
 * A datagram or a train has at most 65,527 bytes (IPv6 without a jumbo payload): none is truncated.
 */
#define TRAIN_MAX 65536
/*
 * The distance of two buffers is one cache line more than their size: with multiples of a page, the
 * start of each buffer would use the same few sets of the first-level cache.
 */
#define STRIDE(size) ((size_t)(size) + 64)
#define OCTETS (S53_INBOX_COUNT * STRIDE(TRAIN_MAX))

/*
 * Mapped, not from malloc(), and without huge pages: a page that never received a datagram must
 * not become resident memory.
 */
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

struct s53_inbox *
s53_inbox_new(void)
{
	struct s53_inbox *inbox = calloc(1, sizeof(*inbox));

	if (inbox == NULL)
		return NULL;
	if ((inbox->octets = map_octets()) == NULL) {
		free(inbox);
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
s53_inbox_free(struct s53_inbox *inbox)
{
	if (inbox == NULL)
		return;
	munmap(inbox->octets, OCTETS);
	free(inbox);
}

void
s53_inbox_lay_out(struct s53_inbox *inbox, bool trains, bool controls)
{
	size_t size = trains ? TRAIN_MAX : S53_INBOX_REQUEST;

	inbox->control_len = controls ? sizeof(inbox->controls[0]) : 0;
	for (unsigned i = 0; i < S53_INBOX_COUNT; i++) {
		inbox->vectors[i].iov_base = inbox->octets + i * STRIDE(size);
		inbox->vectors[i].iov_len = size;
		inbox->messages[i].msg_hdr.msg_control = controls ? &inbox->controls[i] : NULL;
		s53_inbox_reset(inbox, i);
	}
}
