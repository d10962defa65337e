/* SPDX-License-Identifier: ISC
 *
 * quiet.h - error replies that are not sent, because a machine might answer them forever.
 *
 * A datagram with a forged source can make two services answer each other: chargen replies to
 * everything, its reply is no DNS message, and so our FORMERR would be its next request.
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

/* Clients that got FORMERR recently, by a keyed hash of address and port. Initially all zero. */
struct s53_quiet {
	struct s53_quiet_entry {
		uint64_t hash;
		uint64_t at_ms;
	} entries[S53_QUIET_SETS][S53_QUIET_WAYS];
};

/*
 * Is this reply an error over UDP that must not be sent? Any error to port 464, and a FORMERR
 * within a second of the last one to the same address and port, or when a flood of senders has
 * filled the table. A FORMERR that may be sent is recorded.
 */
bool s53_quiet_keeps(struct s53_quiet *quiet, const struct s53_query *query);
