/* SPDX-License-Identifier: ISC
 *
 * train.h - replies that leave as trains: datagrams of one size, of which only the last may be
 * shorter, given to the kernel in one piece (UDP_SEGMENT, Linux 4.18).
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   messages that point into an outbox, good for one sendmmsg()
 * Units    octets
 */
#pragma once

#include "outbox.h"

#define S53_TRAIN_MOST 64 /* datagrams in one: what every kernel takes */

union s53_train_control {
	struct cmsghdr header; /* for its alignment */
	uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
};

struct s53_trains {
	struct mmsghdr messages[S53_OUTBOX_COUNT];
	unsigned end[S53_OUTBOX_COUNT]; /* the reply after the last of that message */
	union s53_train_control controls[S53_OUTBOX_COUNT / 2]; /* of those with two or more */
};

/* NULL: no memory, or a kernel without UDP_SEGMENT. Freed with free(). */
struct s53_trains *s53_trains_new(int fd);

/*
 * Make messages of the replies that `outbox` has not sent yet; returns how many. Those before
 * outbox->alone_to get one each. Replies of a train-to-be change places in the outbox: the longest
 * first.
 */
unsigned s53_trains_pack(struct s53_trains *trains, struct s53_outbox *outbox);
