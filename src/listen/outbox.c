/* SPDX-License-Identifier: ISC
 *
 * outbox.c - the replies of one UDP socket on their way to sendmmsg().
 *
 * All that is the same for every reply (pointers, lengths, the control header) is written once at
 * the start, so that a reply costs its address and its length.
 */
#include "outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Slots one cache line further apart than a page: were they a page apart, the beginnings of all
 * would fall into the same few sets of the first-level cache.
 */
#define SLOT_STRIDE (S53_OUTBOX_SLOT + 64)

static void
init_control(union s53_pktinfo_space *control, sa_family_t family)
{
	struct cmsghdr *header = &control->header;

	memset(control, 0, sizeof(*control));
	if (family == AF_INET6) {
		header->cmsg_level = IPPROTO_IPV6;
		header->cmsg_type = IPV6_PKTINFO;
		header->cmsg_len = CMSG_LEN(sizeof(struct in6_pktinfo));
	} else {
		header->cmsg_level = IPPROTO_IP;
		header->cmsg_type = IP_PKTINFO;
		header->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
	}
}

static void
init_message(struct s53_outbox *outbox, unsigned i, const struct s53_addr *local)
{
	struct msghdr *message = &outbox->messages[i].msg_hdr;

	outbox->vectors[i].iov_base = outbox->buffers + (size_t)i * SLOT_STRIDE;
	message->msg_iov = &outbox->vectors[i];
	message->msg_iovlen = 1;
	message->msg_name = &outbox->addrs[i];
	message->msg_namelen = s53_addr_len(local);
	if (!outbox->pktinfo)
		return;
	init_control(&outbox->controls[i], local->family);
	message->msg_control = &outbox->controls[i];
	message->msg_controllen = local->family == AF_INET6 ? CMSG_SPACE(sizeof(struct in6_pktinfo))
							    : CMSG_SPACE(sizeof(struct in_pktinfo));
}

enum s53_status
s53_outbox_init(
    struct s53_outbox *outbox, int fd, const struct s53_addr *local, struct s53_counters *counters)
{
	memset(outbox, 0, sizeof(*outbox));
	outbox->fd = fd;
	outbox->counters = counters;
	outbox->pktinfo = s53_addr_is_any(local);
	outbox->buffers = malloc((size_t)S53_OUTBOX_COUNT * SLOT_STRIDE);
	if (outbox->pktinfo)
		outbox->controls = calloc(S53_OUTBOX_COUNT, sizeof(*outbox->controls));
	if (outbox->buffers == NULL || (outbox->pktinfo && outbox->controls == NULL)) {
		s53_outbox_fini(outbox);
		return S53_E_NOMEM;
	}
	for (unsigned i = 0; i < S53_OUTBOX_COUNT; i++)
		init_message(outbox, i, local);
	return S53_OK;
}

/* Slot `i` has its usual buffer again. */
static void
release_large(struct s53_outbox *outbox, unsigned i)
{
	if (outbox->large[i] == NULL)
		return;
	free(outbox->large[i]);
	outbox->large[i] = NULL;
	outbox->large_count--;
	outbox->vectors[i].iov_base = outbox->buffers + (size_t)i * SLOT_STRIDE;
}

void
s53_outbox_fini(struct s53_outbox *outbox)
{
	for (unsigned i = 0; i < S53_OUTBOX_COUNT; i++)
		free(outbox->large[i]);
	free(outbox->buffers);
	free(outbox->controls);
	memset(outbox, 0, sizeof(*outbox));
}

uint8_t *
s53_outbox_room(struct s53_outbox *outbox, size_t cap)
{
	unsigned i;

	if (s53_outbox_full(outbox) && !s53_outbox_flush(outbox) && s53_outbox_full(outbox)) {
		s53_count(outbox->counters, S53_C_LISTEN_SEND_FAILED);
		return NULL;
	}
	i = outbox->count;
	release_large(outbox, i);
	if (cap <= S53_OUTBOX_SLOT)
		return outbox->vectors[i].iov_base;
	if ((outbox->large[i] = malloc(cap)) == NULL) {
		s53_count(outbox->counters, S53_C_LISTEN_SEND_FAILED);
		return NULL;
	}
	outbox->large_count++;
	outbox->vectors[i].iov_base = outbox->large[i];
	return outbox->large[i];
}

static void
put_pktinfo(union s53_pktinfo_space *control, const struct s53_client *client)
{
	uint8_t *data = CMSG_DATA(&control->header);

	if (client->local.family == AF_INET6) {
		struct in6_pktinfo info = { .ipi6_addr = client->local.in6.sin6_addr,
			.ipi6_ifindex = client->interface };

		memcpy(data, &info, sizeof(info));
	} else {
		struct in_pktinfo info = { .ipi_spec_dst = client->local.in.sin_addr,
			.ipi_ifindex = (int)client->interface };

		memcpy(data, &info, sizeof(info));
	}
}

void
s53_outbox_put(struct s53_outbox *outbox, const struct s53_client *client, size_t len)
{
	unsigned i = outbox->count++;

	outbox->addrs[i] = client->addr;
	outbox->vectors[i].iov_len = len;
	if (outbox->pktinfo)
		put_pktinfo(&outbox->controls[i], client);
}

/* Everything in [first, count) has been dealt with. */
static void
restart(struct s53_outbox *outbox)
{
	for (unsigned i = 0; i < outbox->count && outbox->large_count != 0; i++)
		release_large(outbox, i);
	outbox->first = outbox->count = 0;
}

bool
s53_outbox_flush(struct s53_outbox *outbox)
{
	while (!s53_outbox_empty(outbox)) {
		int sent = sendmmsg(outbox->fd, outbox->messages + outbox->first,
		    outbox->count - outbox->first, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			outbox->first += (unsigned)sent;
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return false;
		/* This one cannot go (EPERM of a firewall, ENETUNREACH, EMSGSIZE); the next may. */
		outbox->first++;
		s53_count(outbox->counters, S53_C_LISTEN_SEND_FAILED);
	}
	restart(outbox);
	return true;
}

void
s53_outbox_discard(struct s53_outbox *outbox)
{
	for (; !s53_outbox_empty(outbox); outbox->first++)
		s53_count(outbox->counters, S53_C_LISTEN_SEND_FAILED);
	restart(outbox);
}
