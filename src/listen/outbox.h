/* SPDX-License-Identifier: ISC
 *
 * outbox.h - the replies of one UDP socket that wait for sendmmsg().
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   buffers for a whole batch are allocated once; a reply of more than S53_OUTBOX_SLOT
 *          bytes (if the client's EDNS size and max-udp-size allow it) has a larger one until it
 *          is sent
 * Units    bytes
 *
 * Consecutive replies to one destination are sent as a train (train.h), which costs the kernel
 * hardly more than one of them. Their order within the train may change.
 */
#pragma once

#include <sys/socket.h>

#include <split53/client.h>
#include <split53/counter.h>

struct s53_trains;

#define S53_OUTBOX_COUNT 64
#define S53_OUTBOX_SLOT 4096

/* Space for the packet information of either family. */
union s53_pktinfo_space {
	struct cmsghdr header; /* for its alignment */
	uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct s53_outbox {
	int fd;
	bool pktinfo; /* wildcard socket: each reply sets its source address */
	unsigned first; /* not yet sent: [first, count) */
	unsigned count;
	struct s53_counters *counters;
	uint8_t *buffers;
	unsigned large_count; /* slots that have a larger buffer now */
	uint8_t *usual[S53_OUTBOX_COUNT]; /* the usual buffer of such a slot, else NULL */
	struct mmsghdr messages[S53_OUTBOX_COUNT];
	struct iovec vectors[S53_OUTBOX_COUNT];
	struct s53_addr addrs[S53_OUTBOX_COUNT];
	union s53_pktinfo_space *controls; /* NULL unless pktinfo */
	bool follows[S53_OUTBOX_COUNT]; /* has the destination of the reply before it */
	unsigned follow_count; /* of the replies that wait */
	unsigned followers; /* of all replies so far, modulo UINT_MAX + 1 */
	unsigned alone_to; /* replies before it are sent one by one: their train was rejected */
	unsigned alone_flushes; /* flushes until trains are tried again */
	struct s53_trains *trains; /* NULL: the kernel has no UDP_SEGMENT */
};

/* `outbox` is zeroed. S53_E_NOMEM. `local` decides on pktinfo. */
S53_MUST_USE enum s53_status s53_outbox_init(
    struct s53_outbox *outbox, int fd, const struct s53_addr *local, struct s53_counters *counters);
void s53_outbox_fini(struct s53_outbox *outbox);

/* The buffer for the next reply, the same until put(). NULL: none, which is counted. */
uint8_t *s53_outbox_buffer(struct s53_outbox *outbox, size_t cap);

/* The buffer of room() has a reply of `len` bytes for `client`. */
void s53_outbox_put(struct s53_outbox *outbox, const struct s53_client *client, size_t len);

/*
 * Send all replies. false: the socket accepts no more now, and some replies still wait. A
 * message that the kernel rejects is skipped and counted; the others are sent.
 */
bool s53_outbox_flush(struct s53_outbox *outbox);

/* Drop the replies that wait; each is counted as failed. */
void s53_outbox_discard(struct s53_outbox *outbox);

static inline bool
s53_outbox_empty(const struct s53_outbox *outbox)
{
	return outbox->first == outbox->count;
}

static inline bool
s53_outbox_full(const struct s53_outbox *outbox)
{
	return outbox->count == S53_OUTBOX_COUNT;
}
