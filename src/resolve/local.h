/* SPDX-License-Identifier: ISC
 *
 * local.h - answers that need no upstream: local zones, class CH, the referral for a query
 * without RD.
 *
 * Layer    resolve (private)
 * Threads  the worker's; messages are written into the resolver's scratch buffer
 * Memory   none of its own
 */
#pragma once

#include "query.h"

/*
 * Answer from the zone of query->route. If the client gets recursion, a CNAME that leaves the
 * zone is followed, and a name below a delegation is forwarded, to the zone's own forwarders or
 * the default ones (S53_NEXT). SERVFAIL while the zone is not loaded, as in BIND.
 */
enum s53_verdict s53_local_zone(struct s53_query *query);

/* version.bind, hostname.bind, id.server; other names are REFUSED. */
enum s53_verdict s53_local_chaos(struct s53_query *query);

/*
 * A query without RD has no answer here: a referral to the root, as BIND sends it (RFC 1034
 * s4.3.1).
 */
enum s53_verdict s53_local_referral(struct s53_query *query);
