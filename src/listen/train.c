/* SPDX-License-Identifier: ISC
 *
 * train.c - replies sent as trains.
 */
#include "train.h"

#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

/*
 * Each datagram of a train must fit the route's MTU; only a datagram sent alone is fragmented.
 * 1,232 bytes fit every IPv6 route (RFC 8200 s5: 1,280 with 48 bytes of headers) and are the
 * default of max-udp-size. Longer replies are sent alone.
 */
#define DATAGRAM_MAX 1232
#define TRAIN_MAX 65507 /* the payload of one IPv4 packet, before the kernel segments it */

struct s53_trains *
s53_trains_new(int fd)
{
	int value;
	socklen_t len = sizeof(value);

	/* A kernel without UDP_SEGMENT would send a train as one datagram. */
	if (getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &value, &len) != 0)
		return NULL;
	return malloc(sizeof(struct s53_trains));
}

/* The index after the last reply that has the destination of reply `at`. */
static unsigned
destination_end(const struct s53_outbox *outbox, unsigned at)
{
	unsigned end = at + 1;

	while (end < outbox->count && outbox->follows[end])
		end++;
	return end;
}

/*
 * Longest first, otherwise in the order of put(): so a train ends only where the size changes. It
 * is an insertion sort, because there are at most 64 replies, mostly of one size. Slots with a
 * larger buffer must not move, so an outbox that has any is not sorted.
 */
static void
sort(struct s53_outbox *outbox, unsigned at, unsigned end)
{
	struct iovec *vectors = outbox->vectors;

	if (outbox->large_count != 0)
		return;
	for (unsigned i = at + 1; i < end; i++) {
		struct iovec moved = vectors[i];
		unsigned to = i;

		for (; to > at && vectors[to - 1].iov_len < moved.iov_len; to--)
			vectors[to] = vectors[to - 1];
		vectors[to] = moved;
	}
}

/* The end of the train that begins with reply `at`, no further than `end`. */
static unsigned
train_end(const struct s53_outbox *outbox, unsigned at, unsigned end)
{
	size_t first_len = outbox->vectors[at].iov_len;
	size_t last_len = first_len;
	size_t total = first_len;
	unsigned next = at + 1;

	if (first_len > DATAGRAM_MAX || at < outbox->alone_to)
		return next;
	if (end - at > S53_TRAIN_MOST)
		end = at + S53_TRAIN_MOST;
	for (; next < end && last_len == first_len; next++) {
		last_len = outbox->vectors[next].iov_len;
		total += last_len;
		if (last_len > first_len || last_len == 0 || total > TRAIN_MAX)
			break;
	}
	return next;
}

/* Extend `message`, that of the first reply, to a train of `count` replies. */
static void
make_train(struct msghdr *message, unsigned count, union s53_train_control *control)
{
	uint16_t datagram_len = (uint16_t)message->msg_iov->iov_len;
	size_t before = message->msg_controllen; /* packet information, or nothing */
	struct cmsghdr *header = (struct cmsghdr *)(void *)(control->octets + before);

	if (before != 0)
		memcpy(control->octets, message->msg_control, before);
	header->cmsg_level = IPPROTO_UDP;
	header->cmsg_type = UDP_SEGMENT;
	header->cmsg_len = CMSG_LEN(sizeof(datagram_len));
	memcpy(CMSG_DATA(header), &datagram_len, sizeof(datagram_len));
	message->msg_control = control->octets;
	message->msg_controllen = before + CMSG_SPACE(sizeof(datagram_len));
	message->msg_iovlen = count;
}

unsigned
s53_trains_pack(struct s53_trains *trains, struct s53_outbox *outbox)
{
	union s53_train_control *control = trains->controls;
	unsigned count = 0;

	for (unsigned at = outbox->first; at < outbox->count;) {
		unsigned same_destination = destination_end(outbox, at);

		if (same_destination - at > 1)
			sort(outbox, at, same_destination);
		while (at < same_destination) {
			unsigned end = train_end(outbox, at, same_destination);

			trains->messages[count].msg_hdr = outbox->messages[at].msg_hdr;
			if (end - at > 1)
				make_train(&trains->messages[count].msg_hdr, end - at, control++);
			trains->end[count++] = end;
			at = end;
		}
	}
	return count;
}
