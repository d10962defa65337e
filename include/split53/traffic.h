/* SPDX-License-Identifier: ISC
 *
 * traffic.h - counters of the queries to one server, for statistics.
 *
 * Layer    upstream
 * Threads  any: atomics that all workers share, on cache lines of their own. Only upstream queries
 *          are counted here, never answers from the cache
 * Memory   a part of the server, kept over reloads like its health state
 * Units    ns
 */
#pragma once

#include <split53/histogram.h>
#include <split53/upstream.h>

enum s53_traffic_kind {
	S53_TRAFFIC_UDP, /* datagrams sent */
	S53_TRAFFIC_TCP, /* queries sent over TCP */
	/* Responses, by rcode: */
	S53_TRAFFIC_NOERROR,
	S53_TRAFFIC_NXDOMAIN,
	S53_TRAFFIC_SERVFAIL,
	S53_TRAFFIC_REFUSED, /* the rcode */
	S53_TRAFFIC_OTHER,
	S53_TRAFFIC_OVERDUE, /* no response within the hedge time */
	/* Queries that failed: */
	S53_TRAFFIC_TIMEOUT,
	S53_TRAFFIC_NOT_LISTENING, /* ICMP port unreachable, RST */
	S53_TRAFFIC_UNREACHABLE, /* no route */
	S53_TRAFFIC_GARBAGE, /* malformed response */
	S53_TRAFFIC_TCP_FALLBACK, /* repeated over TCP after TC */
	S53_TRAFFIC_EDNS_FALLBACK, /* repeated without OPT */
	S53_TRAFFIC_HEDGE, /* sent because another server was overdue */
	S53_TRAFFIC_KINDS
};

struct s53_traffic {
	_Atomic uint64_t count[S53_TRAFFIC_KINDS];
	struct s53_histogram rtt; /* of responses, over both protocols */
};

void s53_upstream_count(struct s53_upstream *upstream, enum s53_traffic_kind kind);

/* A response with this rcode, `rtt_ns` after its query. */
void s53_upstream_count_response(struct s53_upstream *upstream, uint16_t rcode, uint64_t rtt_ns);

const struct s53_traffic *s53_upstream_traffic(const struct s53_upstream *upstream);
