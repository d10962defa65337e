/* SPDX-License-Identifier: ISC
 *
 * outbox.c - the replies of one UDP socket that wait for sendmmsg().
 *
 * The parts of a message that are the same for every reply (pointers, lengths, the control
 * header) are written once at the start; a reply adds only its address and its length.
 *
 * The kernel may reject a train although it accepts each of its replies: the route's MTU is below
 * the size of one reply (EINVAL), or the device or an IPsec policy has no segmentation (EIO). Then
 * these replies, and those of the next ALONE_FLUSHES flushes that would have trains, are sent one
 * by one. So no reply is lost, and no state per route is needed.
 */
#include "outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "train.h"

#define ALONE_FLUSHES 256

/*
 * The distance of two slots is one cache line more than a page: with a page, the start of each
 * slot would use the same few sets of the first-level cache.
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
	outbox->fd = fd;
	outbox->counters = counters;
	outbox->pktinfo = s53_addr_is_any(local);
	outbox->trains = s53_trains_new(fd);
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

/* Free the larger buffer of slot `i`, if it has one, and use its usual one again. */
static void
release_large(struct s53_outbox *outbox, unsigned i)
{
	if (outbox->usual[i] == NULL)
		return;
	free(outbox->vectors[i].iov_base);
	outbox->vectors[i].iov_base = outbox->usual[i];
	outbox->usual[i] = NULL;
	outbox->large_count--;
}

void
s53_outbox_fini(struct s53_outbox *outbox)
{
	for (unsigned i = 0; i < S53_OUTBOX_COUNT; i++)
		release_large(outbox, i);
	free(outbox->buffers);
	free(outbox->controls);
	free(outbox->trains);
	memset(outbox, 0, sizeof(*outbox));
}

uint8_t *
s53_outbox_buffer(struct s53_outbox *outbox, size_t cap)
{
	uint8_t *large;
	unsigned i;

	if (s53_outbox_full(outbox) && !s53_outbox_flush(outbox) && s53_outbox_full(outbox)) {
		s53_count(outbox->counters, S53_C_LISTEN_SEND_FAILED);
		return NULL;
	}
	i = outbox->count;
	release_large(outbox, i);
	if (cap <= S53_OUTBOX_SLOT)
		return outbox->vectors[i].iov_base;
	if ((large = malloc(cap)) == NULL) {
		s53_count(outbox->counters, S53_C_LISTEN_SEND_FAILED);
		return NULL;
	}
	outbox->large_count++;
	outbox->usual[i] = outbox->vectors[i].iov_base;
	outbox->vectors[i].iov_base = large;
	return large;
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

/* Do replies `i` and `i - 1` have the same client and the same source address? */
static bool
same_destination(const struct s53_outbox *outbox, unsigned i)
{
	if (!s53_addr_equal(&outbox->addrs[i], &outbox->addrs[i - 1]))
		return false;
	return !outbox->pktinfo ||
	    memcmp(outbox->controls[i].octets, outbox->controls[i - 1].octets,
		sizeof(outbox->controls[i].octets)) == 0;
}

void
s53_outbox_put(struct s53_outbox *outbox, const struct s53_client *client, size_t len)
{
	unsigned i = outbox->count++;

	outbox->addrs[i] = client->addr;
	outbox->vectors[i].iov_len = len;
	if (outbox->pktinfo)
		put_pktinfo(&outbox->controls[i], client);
	outbox->follows[i] = i > 0 && same_destination(outbox, i);
	outbox->follow_count += outbox->follows[i];
	outbox->followers += outbox->follows[i];
}

/* All replies were sent or dropped. */
static void
reset(struct s53_outbox *outbox)
{
	for (unsigned i = 0; i < outbox->count && outbox->large_count != 0; i++)
		release_large(outbox, i);
	outbox->first = outbox->count = 0;
	outbox->follow_count = outbox->alone_to = 0;
}

/* The kernel has rejected the first train: send its replies one by one. */
static void
split_train(struct s53_outbox *outbox, int why)
{
	outbox->alone_to = outbox->trains->end[0];
	if (why == EINVAL || why == EIO || why == EMSGSIZE)
		outbox->alone_flushes = ALONE_FLUSHES;
}

/* Call sendmmsg() once. false: the socket accepts no more now. */
static bool
send_some(struct s53_outbox *outbox, bool as_trains)
{
	struct s53_trains *trains = outbox->trains;
	struct mmsghdr *messages = outbox->messages + outbox->first;
	unsigned count = outbox->count - outbox->first;
	int sent;

	if (as_trains) {
		count = s53_trains_pack(trains, outbox);
		messages = trains->messages;
	}
	sent = sendmmsg(outbox->fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent > 0)
		outbox->first = as_trains ? trains->end[sent - 1] : outbox->first + (unsigned)sent;
	if (sent > 0 || (sent < 0 && errno == EINTR))
		return true;
	if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	if (as_trains && trains->end[0] - outbox->first > 1) {
		split_train(outbox, errno);
		return true;
	}
	/* Only this reply is rejected (EPERM of a firewall, ENETUNREACH, EMSGSIZE): skip it. */
	outbox->first++;
	s53_count(outbox->counters, S53_C_LISTEN_SEND_FAILED);
	return true;
}

bool
s53_outbox_flush(struct s53_outbox *outbox)
{
	bool as_trains = outbox->follow_count > 0 && outbox->trains != NULL;

	if (as_trains && outbox->alone_flushes > 0) {
		outbox->alone_flushes--;
		as_trains = false;
	}
	while (!s53_outbox_empty(outbox)) {
		if (!send_some(outbox, as_trains))
			return false;
	}
	reset(outbox);
	return true;
}

void
s53_outbox_discard(struct s53_outbox *outbox)
{
	for (; !s53_outbox_empty(outbox); outbox->first++)
		s53_count(outbox->counters, S53_C_LISTEN_SEND_FAILED);
	reset(outbox);
}
