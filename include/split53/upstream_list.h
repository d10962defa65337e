/* SPDX-License-Identifier: ISC
 *
 * upstream_list.h - lists all upstream servers with the zones that forward to them.
 *
 * Layer    control
 * Threads  main thread
 * Memory   allocates a table of all pairs of zone and server during the call
 */
#pragma once

#include <split53/upstream.h>
#include <split53/view.h>

/* A zone that forwards to a server. */
struct s53_upstream_use {
	const struct s53_view *view;
	const struct s53_route *route;
};

struct s53_upstream_row {
	const struct s53_upstream_report *report; /* with address, states, RTT, queries, failures */
	enum s53_protocol over; /* the protocol that the next query would use */
	enum s53_health_state state; /* over that protocol, or as set by the operator */
	const struct s53_upstream_use *uses; /* in the order of views, then of zones */
	size_t use_count; /* 0: of no zone in force, such as one of a query under way */
};

/*
 * Call `each` for each server in the order of creation. The caller holds a count of `policy`. The
 * cost is that of sorting the servers of all zones. S53_E_NOMEM: no call was made.
 */
S53_MUST_USE enum s53_status s53_upstreams_each(struct s53_registry *registry,
    const struct s53_policy *policy, uint64_t now_ms,
    void (*each)(void *arg, const struct s53_upstream_row *row), void *arg);
