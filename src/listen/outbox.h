/* SPDX-License-Identifier: ISC
 *
 * outbox.h - the replies of one UDP socket on their way to sendmmsg().
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   buffers for a whole batch are allocated once; a reply beyond S53_OUTBOX_SLOT octets
 *          (the client's EDNS size and max-udp-size allow it) has one of its own until it is sent
 * Units    octets
 *
 * Replies that follow one another and go the same way leave as a train (train.h), which costs the
 * kernel hardly more than one of them. Their order among themselves may change for it.
 */
#pragma once

#include <sys/socket.h>

#include <split53/client.h>
#include <split53/counter.h>

struct s53_trains;

#define S53_OUTBOX_COUNT 64
#define S53_OUTBOX_SLOT 4096

/* Room for the packet information of either family. */
union s53_pktinfo_space {
	struct cmsghdr header; /* for its alignment */
	uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct s53_outbox {
	int fd;
	bool pktinfo; /* the socket is a wildcard: say from which address to answer */
	unsigned first; /* not yet sent: [first, count) */
	unsigned count;
	struct s53_counters *counters;
	uint8_t *buffers;
	unsigned large_count; /* of the next line, not NULL */
	uint8_t *usual[S53_OUTBOX_COUNT]; /* a slot's buffer, while it has a larger one instead */
	struct mmsghdr messages[S53_OUTBOX_COUNT];
	struct iovec vectors[S53_OUTBOX_COUNT];
	struct s53_addr addrs[S53_OUTBOX_COUNT];
	union s53_pktinfo_space *controls; /* NULL unless pktinfo */
	bool follows[S53_OUTBOX_COUNT]; /* goes the same way as the one before it */
	unsigned follow_count; /* of those that are there */
	unsigned followers; /* of all that ever were, modulo UINT_MAX + 1 */
	unsigned alone_to; /* those before it leave one by one: as a train they were refused */
	unsigned alone_flushes; /* before trains are tried again */
	struct s53_trains *trains; /* NULL: the kernel has no UDP_SEGMENT */
};

/* `outbox` is zeroed. S53_E_NOMEM. `local` decides on pktinfo. */
S53_MUST_USE enum s53_status s53_outbox_init(
    struct s53_outbox *outbox, int fd, const struct s53_addr *local, struct s53_counters *counters);
void s53_outbox_fini(struct s53_outbox *outbox);

/* A buffer for the next reply; a second call without put() between gives it again. NULL: none. */
uint8_t *s53_outbox_room(struct s53_outbox *outbox, size_t cap);

/* The buffer of room() holds a reply of `len` octets for `client`. */
void s53_outbox_put(struct s53_outbox *outbox, const struct s53_client *client, size_t len);

/*
 * Send what is there. false: the socket takes no more now (some are still there). A message that
 * the kernel refuses is skipped and counted; the others go.
 */
bool s53_outbox_flush(struct s53_outbox *outbox);

/* Throw away what is there, counted as failed. */
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
