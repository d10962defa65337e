/* SPDX-License-Identifier: ISC
 *
 * train.h - replies sent as trains: datagrams of one size, of which only the last may be shorter,
 * passed to the kernel in one piece (UDP_SEGMENT, Linux 4.18).
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   messages that point into an outbox, valid for one sendmmsg()
 * Units    bytes
 */
#pragma once

#include "outbox.h"

#define S53_TRAIN_MOST 64 /* datagrams in one: the lowest limit of all kernels */

union s53_train_control {
	struct cmsghdr header; /* for its alignment */
	uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
};

struct s53_trains {
	struct mmsghdr messages[S53_OUTBOX_COUNT];
	unsigned end[S53_OUTBOX_COUNT]; /* of each message: the index after its last reply */
	union s53_train_control
	    controls[S53_OUTBOX_COUNT / 2]; /* of the messages that are trains */
};

/* NULL: out of memory, or a kernel without UDP_SEGMENT. Freed with free(). */
struct s53_trains *s53_trains_new(int fd);

/*
 * Make messages of the replies that `outbox` has not sent yet; returns their number. Each reply
 * before outbox->alone_to gets a message of its own. The others to one destination are sorted in
 * the outbox, longest first, so that they form few trains.
 */
unsigned s53_trains_pack(struct s53_trains *trains, struct s53_outbox *outbox);
