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
 * that came so close together that the kernel hands them over in one piece (UDP_GRO). Where any
 * message may be a train, there is room for the largest in each place: 4 MiB of address space, of
 * which a page becomes memory when something is received there.
 */
#pragma once

#include <sys/socket.h>

#include <split53/client.h>

#define S53_INBOX_COUNT 64
#define S53_INBOX_REQUEST 4096 /* a longer request is cut, which the resolver finds malformed */

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
	const void *user; /* the listener that it is set up for */
	uint8_t *octets;
	size_t control_len; /* of each message: 0 or sizeof(controls[0]) */
	struct mmsghdr messages[S53_INBOX_COUNT];
	struct iovec vectors[S53_INBOX_COUNT];
	struct s53_client clients[S53_INBOX_COUNT]; /* the kernel writes into their `addr` */
	union s53_inbox_control controls[S53_INBOX_COUNT];
};

/* The inbox of `base`, made if need be, with one more count. NULL: no memory. */
struct s53_inbox *s53_inbox_take(struct event_base *base);
void s53_inbox_drop(struct s53_inbox *inbox);

/* From now on messages may be trains, and the kernel may say more of them than their sender. */
void s53_inbox_lay_out(struct s53_inbox *inbox, bool trains, bool controls);

/* Receive with `i` again: make what recvmmsg() has changed as it was. */
static inline void
s53_inbox_reset(struct s53_inbox *inbox, unsigned i)
{
	inbox->messages[i].msg_hdr.msg_namelen = sizeof(inbox->clients[i].addr);
	inbox->messages[i].msg_hdr.msg_controllen = inbox->control_len;
}
