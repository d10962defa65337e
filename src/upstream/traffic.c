/* SPDX-License-Identifier: ISC
 *
 * traffic.c - see traffic.h.
 */
#include "server.h"

#include <split53/header.h>

void
s53_upstream_count(struct s53_upstream *upstream, enum s53_traffic_kind kind)
{
	atomic_fetch_add_explicit(&upstream->traffic.count[kind], 1, memory_order_relaxed);
}

static enum s53_traffic_kind
kind_of(uint16_t rcode)
{
	switch (rcode) {
	case S53_RCODE_NOERROR:
		return S53_TRAFFIC_NOERROR;
	case S53_RCODE_NXDOMAIN:
		return S53_TRAFFIC_NXDOMAIN;
	case S53_RCODE_SERVFAIL:
		return S53_TRAFFIC_SERVFAIL;
	case S53_RCODE_REFUSED:
		return S53_TRAFFIC_REFUSED;
	default:
		return S53_TRAFFIC_OTHER;
	}
}

void
s53_upstream_count_response(struct s53_upstream *upstream, uint16_t rcode, uint64_t rtt_ns)
{
	s53_upstream_count(upstream, kind_of(rcode));
	s53_histogram_add(&upstream->traffic.rtt, rtt_ns);
}

const struct s53_traffic *
s53_upstream_traffic(const struct s53_upstream *upstream)
{
	return &upstream->traffic;
}
