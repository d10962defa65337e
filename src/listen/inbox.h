/* SPDX-License-Identifier: ISC
 *
 * inbox.h - the buffers that a worker's UDP sockets receive into.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   one for all UDP listeners of a worker, owned by its listen context. A batch is valid
 *          until any of them receives the next
 * Units    bytes
 *
 * A message is one datagram or a train: several datagrams of one client, all of one size except the
 * last, which the kernel delivers in one piece because they arrived close together (UDP_GRO). While
 * a socket may receive trains, each of the 64 buffers is large enough for the largest. These are 4
 * MiB of address space, of which the kernel provides a page when something is received there.
 */
#pragma once

#include <sys/socket.h>

#include <split53/client.h>

#define S53_INBOX_COUNT 64
#define S53_INBOX_REQUEST 4096 /* a longer request is truncated, and then malformed */

/* Space for the packet information of either family, and for the size of a train's datagrams. */
union s53_inbox_control {
	struct cmsghdr header; /* for its alignment */
	uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

struct s53_inbox {
	const void *user; /* the listener that it is set up for */
	uint8_t *octets;
	size_t control_len; /* of each message: 0 or sizeof(controls[0]) */
	struct mmsghdr messages[S53_INBOX_COUNT];
	struct iovec vectors[S53_INBOX_COUNT];
	struct s53_client clients[S53_INBOX_COUNT]; /* the kernel writes into their `addr` */
	union s53_inbox_control controls[S53_INBOX_COUNT];
};

/* NULL: out of memory. */
struct s53_inbox *s53_inbox_new(void);
void s53_inbox_free(struct s53_inbox *inbox); /* NULL is fine */

/*
 * Set up all messages: whether each may be a train, and whether the kernel adds control messages
 * (packet information, the size of a train's datagrams).
 */
void s53_inbox_lay_out(struct s53_inbox *inbox, bool trains, bool controls);

/* Prepare message `i` for the next recvmmsg(), which has changed these lengths. */
static inline void
s53_inbox_reset(struct s53_inbox *inbox, unsigned i)
{
	inbox->messages[i].msg_hdr.msg_namelen = sizeof(inbox->clients[i].addr);
	inbox->messages[i].msg_hdr.msg_controllen = inbox->control_len;
}
