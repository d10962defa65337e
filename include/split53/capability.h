/* SPDX-License-Identifier: ISC
 *
 * capability.h - what a server has shown that it can do, and what it is suspected not to do.
 *
 * Layer    upstream
 * Threads  any, no lock: atomics. Of two threads that write one at once, one may lose its event: no
 *          harm
 * Memory   in the server's object (upstream.h), so it outlives reloads
 * Units    ms; points of doubt
 * Sources  RFC 6891 s6.2.2 (servers without EDNS), RFC 6840 s5.7 (AD in queries),
 *          draft-vixie-dnsext-dns0x20
 *
 * A query that gets an answer only after something was left out of it is an event. It says little
 * alone: datagrams get lost, and FORMERR may concern one query. So each event is worth some points
 * of doubt, and at S53_DOUBT_PROVES of them, with no response in between that shows the opposite
 * and none from S53_QUIRK_MS before, the quirk is set for S53_QUIRK_MS (upstream.h). Events of one
 * name in a row count once. When the quirk has expired one more event sets it again.
 *
 * Only responses that were checked in full are events: a datagram that anyone could have forged is
 * none (resolve/validate.c).
 */
#pragma once

#include <split53/upstream.h>

enum s53_capability {
	S53_CAPABILITY_EDNS, /* a response with OPT; doubt leads to S53_QUIRK_NO_EDNS */
	S53_CAPABILITY_AD, /* a good response to a query with AD; S53_QUIRK_NO_AD */
	/*
	 * A positive answer to a query in mixed letter case, which also shows that names are
	 * compared without regard to it (RFC 4343); S53_QUIRK_NO_CASE.
	 */
	S53_CAPABILITY_CASE,
	S53_CAPABILITIES
};

#define S53_DOUBT_PROVES 6
#define S53_DOUBT_LOST 2 /* queries with it were not answered, one without was */
#define S53_DOUBT_DECLINED 3 /* a query with it was declined by a response */

/* It has just shown it. Almost free of cost when that is known already. */
void s53_upstream_show(
    struct s53_upstream *upstream, enum s53_capability capability, uint64_t now_ms);

/* Has it shown it within S53_QUIRK_MS? */
bool s53_upstream_has_shown(
    const struct s53_upstream *upstream, enum s53_capability capability, uint64_t now_ms);

/* An event of `points`; `qname_hash` of its query's name. */
void s53_upstream_doubt(struct s53_upstream *upstream, enum s53_capability capability,
    unsigned points, uint64_t qname_hash, uint64_t now_ms);

/* Has there been an event, with nothing since that shows the opposite? */
bool s53_upstream_is_doubted(const struct s53_upstream *upstream, enum s53_capability capability);
