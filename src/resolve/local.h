/* SPDX-License-Identifier: ISC
 *
 * local.h - answers that need nobody else: zones of ours, class CH, the referral of a question
 * without RD.
 *
 * Layer    resolve (private)
 * Threads  the worker's; messages are written into the resolver's scratch buffer
 * Memory   none of its own
 */
#pragma once

#include "query.h"

/*
 * From the zone of query->route. When the client may recurse, a CNAME that leaves the zone is
 * followed, and a name below a delegation is forwarded the default way (S53_NEXT). SERVFAIL while
 * the zone is not loaded, as in BIND.
 */
enum s53_verdict s53_local_zone(struct s53_query *query);

/* version.bind, hostname.bind, id.server; the rest is REFUSED. */
enum s53_verdict s53_local_chaos(struct s53_query *query);

/* RD clear and no answer here: the way to the root, as BIND says it (RFC 1034 s4.3.1). */
enum s53_verdict s53_local_referral(struct s53_query *query);
