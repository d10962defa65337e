/* SPDX-License-Identifier: ISC
 *
 * inbox.h - where a worker's UDP sockets receive to.
 *
 * Layer    listen
 * Threads  an inbox belongs to the worker of its event_base; take() and drop() may be called by
 *          the thread that sets that worker up
 * Memory   one for all listeners of a worker, counted by them. What a batch left in it is no more
 *          than the next batch of any listener
 * Units    octets
 *
 * A message is one datagram, or a train: datagrams of one client, all of one size but the last,
 * that came so close together that the kernel hands them over in one piece (UDP_GRO). Any message
 * may be a train, so there is room for the largest in each place: 4 MiB of address space, of which
 * a page becomes memory when something is received there.
 */
#pragma once

#include <sys/socket.h>

#include <split53/client.h>

#define S53_INBOX_COUNT 64

struct event_base;

/* Room for the packet information of either family, and for the size of a train's datagrams. */
union s53_inbox_control {
	struct cmsghdr header; /* for its alignment */
	uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

struct s53_inbox {
	struct s53_inbox *next; /* another worker's */
	struct event_base *base;
	unsigned holders;
	const void *user; /* the listener that `clients` are set up for */
	uint8_t *octets;
	struct mmsghdr messages[S53_INBOX_COUNT];
	struct iovec vectors[S53_INBOX_COUNT];
	struct s53_client clients[S53_INBOX_COUNT]; /* the kernel writes into their `addr` */
	union s53_inbox_control controls[S53_INBOX_COUNT];
};

/* The inbox of `base`, made if need be, with one more count. NULL: no memory. */
struct s53_inbox *s53_inbox_take(struct event_base *base);
void s53_inbox_drop(struct s53_inbox *inbox);

/* Receive with `i` again: make what recvmmsg() has changed as it was. */
static inline void
s53_inbox_reset(struct s53_inbox *inbox, unsigned i)
{
	inbox->messages[i].msg_hdr.msg_namelen = sizeof(inbox->clients[i].addr);
	inbox->messages[i].msg_hdr.msg_controllen = sizeof(inbox->controls[i]);
}
