/* SPDX-License-Identifier: ISC
 *
 * capability.h - which features of a query a server has shown to support, and which it is suspected
 * not to support.
 *
 * Layer    upstream
 * Threads  any, no lock: atomics. When two threads record events of one server at once, one event
 *          may be lost, which does no harm
 * Memory   in the server's object (upstream.h), so it outlives reloads
 * Units    ms; points of doubt
 * Sources  RFC 6891 s6.2.2 (servers without EDNS), RFC 6840 s5.7 (AD in queries),
 *          draft-vixie-dnsext-dns0x20
 *
 * An event is a query that gets an answer only after a feature was left out of it. A single event
 * proves little: datagrams get lost, and FORMERR may concern one query only. So each event adds
 * some points of doubt. At S53_DOUBT_PROVES points the quirk is set for S53_QUIRK_MS (upstream.h),
 * unless a response in between, or within S53_QUIRK_MS before, showed that the server supports the
 * feature. Consecutive events of one name count once. When the quirk has expired, one more event
 * sets it again.
 *
 * Only responses that were checked in full count: a datagram that any host could have forged is no
 * event (resolve/validate.c).
 */
#pragma once

#include <split53/upstream.h>

enum s53_capability {
	S53_CAPABILITY_EDNS, /* a response with OPT shows it; doubt sets S53_QUIRK_NO_EDNS */
	S53_CAPABILITY_AD, /* a good response to a query with AD; S53_QUIRK_NO_AD */
	/*
	 * A positive answer to a query in mixed letter case, which also shows that the server
	 * ignores case when it compares names (RFC 4343); S53_QUIRK_NO_CASE.
	 */
	S53_CAPABILITY_CASE,
	S53_CAPABILITIES
};

#define S53_DOUBT_PROVES 6
#define S53_DOUBT_LOST 2 /* queries with the feature were not answered, one without was */
#define S53_DOUBT_DECLINED 3 /* a response declined a query with the feature */

/* Record that the server supports it. Almost free when that is known already. */
void s53_upstream_show(
    struct s53_upstream *upstream, enum s53_capability capability, uint64_t now_ms);

/* Has it shown to support it within S53_QUIRK_MS? */
bool s53_upstream_has_shown(
    const struct s53_upstream *upstream, enum s53_capability capability, uint64_t now_ms);

/* Record an event of `points`; `qname_hash`: of the query's name. */
void s53_upstream_doubt(struct s53_upstream *upstream, enum s53_capability capability,
    unsigned points, uint64_t qname_hash, uint64_t now_ms);

/* Has there been an event, and no response since that shows support? */
bool s53_upstream_is_doubted(const struct s53_upstream *upstream, enum s53_capability capability);
