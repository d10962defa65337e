/* SPDX-License-Identifier: ISC
 *
 * quiet.h - which errors are not sent, because a machine might answer them for ever.
 *
 * A datagram with a forged source can set two services on each other: chargen answers whatever it
 * gets, what it says is no DNS message, and so our FORMERR is its next request.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   a fixed table, a part of the resolver: nothing is allocated
 * Units    ms
 */
#pragma once

#include "query.h"

#define S53_QUIET_SETS 256
#define S53_QUIET_WAYS 4

/* Which clients got FORMERR lately, by a keyed hash of address and port. All zero at first. */
struct s53_quiet {
	struct s53_told {
		uint64_t hash;
		uint64_t at_ms;
	} told[S53_QUIET_SETS][S53_QUIET_WAYS];
};

/*
 * Is this reply an error over UDP that is not to be sent? Any error to port 464, and a FORMERR
 * within a second of the last one to the same address and port. Where a flood of senders leaves no
 * room to remember one more it gets none. Takes note of a FORMERR that is to be sent.
 */
bool s53_quiet_keeps(struct s53_quiet *quiet, const struct s53_query *query);
