/* SPDX-License-Identifier: ISC
 *
 * view.h - what the packet path reads of the configuration: views, their access lists and routes.
 *
 * Layer    policy
 * Threads  built by the main thread (setup/setup.c), then immutable; counted with atomics, any
 *          thread may keep and drop
 * Memory   the policy is part of a snapshot; when its last count is dropped, `release` is called
 *          (in that thread) and frees the snapshot with all that views point at
 * Units    ms, bytes
 */
#pragma once

#include <stdatomic.h>

#include <split53/acl.h>
#include <split53/order.h>
#include <split53/route.h>

struct s53_cache;
struct s53_cache_rules;

/* minimal-responses: what is removed from a response that does not need it. */
enum s53_minimal {
	S53_MINIMAL_NO_AUTH_RECURSIVE, /* authority, for queries with RD: BIND's default */
	S53_MINIMAL_NO, /* nothing */
	S53_MINIMAL_NO_AUTH, /* authority */
	S53_MINIMAL_YES, /* authority and additional */
};

/* How answers are cached and sent: of a view, or of a zone with statements of its own. */
struct s53_answering {
	const struct s53_cache_rules *cache; /* never NULL */
	const struct s53_order_list *order; /* NULL: random */
	enum s53_minimal minimal;
};

struct s53_view {
	/*
	 * part of the cache key: a hash of the view's name, so that it is the same after a reload
	 * or restart
	 */
	uint32_t id;
	const char *name; /* "_default" when the file has none */
	struct s53_acl *match_clients, *match_destinations; /* NULL: any */
	bool match_recursive_only;
	bool recursion;
	struct s53_acl *allow_query, *allow_query_on; /* NULL: any, in all of these */
	struct s53_acl *allow_query_cache, *allow_query_cache_on;
	struct s53_acl *allow_recursion, *allow_recursion_on;
	struct s53_routes *routes;
	struct s53_answering answering;
	bool minimal_any;
	uint16_t udp_size_max; /* max-udp-size: of replies to clients */
	uint16_t udp_size_loopback; /* of those to clients on loopback */
	uint16_t edns_udp_size; /* the EDNS size in responses to clients */
	uint32_t query_timeout_ms; /* resolver-query-timeout */
	unsigned clients_per_query, max_clients_per_query; /* 0: no limit */
	const char *version, *hostname, *server_id; /* CH TXT; NULL: refused (`none`) */
};

/* What is logged of each query. */
enum s53_watch {
	S53_WATCH_QUERIES = 1,
	S53_WATCH_RESPONSES = 2,
	S53_WATCH_STEPS = 4, /* the log takes debug 3: a line for each step */
};

/* A setting of the operator at run time. DEFAULT: none, the configuration applies. */
enum s53_switch { S53_SWITCH_DEFAULT, S53_SWITCH_ON, S53_SWITCH_OFF };

struct s53_policy {
	_Atomic unsigned count;
	void (*release)(struct s53_policy *policy);
	struct s53_acl *blackhole; /* NULL: no client */
	struct s53_cache *cache; /* the snapshot owns one count; NULL: max-cache-size 0 */
	/*
	 * Bits of enum s53_watch: what is logged of each query. The only member that changes while
	 * the policy is in use: the main thread sets it on command of the operator, workers read
	 * it.
	 */
	_Atomic unsigned watch;
	bool query_log, response_log; /* querylog and responselog of the configuration */
	unsigned recursive_clients; /* pending queries of all workers together */
	unsigned tcp_keepalive_100ms; /* tcp-keepalive-timeout in units of 100 ms, for RFC 7828 */
	unsigned view_count;
	struct s53_view *views; /* in the order of the file */
};

static inline struct s53_policy *
s53_policy_keep(struct s53_policy *policy)
{
	atomic_fetch_add_explicit(&policy->count, 1, memory_order_relaxed);
	return policy;
}

/* Bits of enum s53_watch. Any thread; a relaxed load. */
static inline unsigned
s53_policy_watch(const struct s53_policy *policy)
{
	return atomic_load_explicit(&policy->watch, memory_order_relaxed);
}

/* Set or clear one bit of enum s53_watch. Main thread. */
static inline void
s53_policy_set_watch(struct s53_policy *policy, enum s53_watch what, bool on)
{
	unsigned watch = s53_policy_watch(policy);

	atomic_store_explicit(
	    &policy->watch, on ? watch | what : watch & ~(unsigned)what, memory_order_relaxed);
}

void s53_policy_drop(struct s53_policy *policy); /* NULL is fine */

/*
 * The first view that matches the client and the local address, or NULL. A policy of one view
 * without match lists returns that view at once. `recursion_desired`: RD of the query, for
 * match-recursive-only.
 */
const struct s53_view *s53_policy_view(const struct s53_policy *policy,
    const struct s53_addr *client, const struct s53_addr *destination, bool recursion_desired);

/*
 * allow-query and allow-query-on for a zone of the view: the zone's own lists, or the view's where
 * the zone has none.
 */
bool s53_view_may_query(const struct s53_view *view, const struct s53_route *route,
    const struct s53_addr *client, const struct s53_addr *destination);
