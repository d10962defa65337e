/* SPDX-License-Identifier: ISC
 *
 * resolver.h - from a query's bytes to its response: the interface of the resolve layer.
 *
 * Layer    resolve; no event loop, no socket: the time comes from base/clock, and servers are
 *          queried through exchange.h
 * Threads  a resolver belongs to one worker
 * Memory   a query is on the caller's stack until it has to wait; then it moves into a pending
 *          query of the resolver's pool
 * Units    ms, bytes
 */
#pragma once

#include <split53/client.h>
#include <split53/counter.h>
#include <split53/exchange.h>
#include <split53/view.h>

struct s53_recursing;
struct s53_resolver;

#define S53_IN_FLIGHT_SLOTS 8192
#define S53_LOOP_SLOTS 1024
#define S53_LOOP_PATHS 64
#define S53_SHARES_SETS 512
#define S53_SHARES_WAYS 8 /* a cache line */

/* Waiting queries by route: fair shares are decided over all workers. See resolve/shares.h. */
struct s53_shares_shared {
	_Atomic unsigned active; /* routes for which a query waits */
	/* s53_route.id << 32 | queries */
	_Atomic uint64_t slots[S53_SHARES_SETS][S53_SHARES_WAYS];
};

/* Limits that log the first time in a minute that they are exceeded: resolve/limitlog.c. */
enum s53_limit {
	S53_LIMIT_SOFT, /* of recursive-clients: a query was displaced */
	S53_LIMIT_HARD, /* recursive-clients */
	S53_LIMIT_WAITS, /* of one client for one key */
	S53_LIMIT_CLIENTS_PER_QUERY,
	S53_LIMIT_FETCHES, /* fetches-per-zone, fetches-per-server */
	S53_LIMITS
};

/* A test for a forwarding loop that is under way, and what arrived: resolve/loop_test.c. */
struct s53_loop_slot {
	_Atomic uint64_t key; /* its number and view; 0: free */
	_Atomic uint64_t until_ms; /* then the slot is free, too */
	_Atomic uintptr_t server; /* only compared, never used as a pointer */
	_Atomic uint64_t sender; /* its hash << 32 | half of the number; 0: none yet */
};

/* What tests have shown about a view and server; others with the same hash share it. */
struct s53_loop_path {
	_Atomic uint64_t tested_ms, proved_ms, logged_ms; /* the last time of each; 0: never */
	_Atomic uint32_t sender; /* of the query that came back, as a hash */
};

/* What all resolvers of a process share; all zero at first. */
struct s53_resolver_shared {
	_Atomic unsigned pending; /* against recursive-clients */
	_Atomic uint64_t asked[S53_IN_FLIGHT_SLOTS]; /* names under way, by view: resolve/loop.c */
	struct s53_loop_slot loop_slots[S53_LOOP_SLOTS];
	struct s53_loop_path loop_paths[S53_LOOP_PATHS];
	_Atomic uint64_t limit_logged_ms[S53_LIMITS];
	struct s53_shares_shared shares;
};

/* Takes a count of `policy`. NULL: no memory. */
struct s53_resolver *s53_resolver_new(struct s53_exchanger *exchanger,
    struct s53_counters *counters, struct s53_resolver_shared *shared, struct s53_policy *policy);

/* Every pending query gets SERVFAIL (or is dropped), then all is freed. */
void s53_resolver_free(struct s53_resolver *resolver);

/* New queries use this policy from now on; those under way keep theirs. */
void s53_resolver_use(struct s53_resolver *resolver, struct s53_policy *policy);

/* A message that arrived. */
struct s53_arrival {
	const struct s53_client *client;
	const uint8_t *octets;
	size_t len;
};

/*
 * When the messages were received that the next calls of s53_resolver_take_batch() hand over, by
 * s53_clock_ns(): for the latency of queries that wait.
 */
void s53_resolver_received(struct s53_resolver *resolver, uint64_t at_ns);

/*
 * Process the messages of one receive call. All are parsed and looked up before the first is
 * answered from the cache, so that the entries are in the processor's cache by then. Each leads to
 * exactly one send() or drop() of its client, now or later, not necessarily in this order. Nothing
 * of `arrivals` need outlive the call.
 */
void s53_resolver_take_batch(struct s53_resolver *resolver, const struct s53_arrival *arrivals,
    unsigned count, uint64_t now_ms);

/*
 * The cache is about to be flushed: what is being fetched is answered and not kept, and queries
 * that come from now on do not join it. Of one view, or of all: what a fetch will bring is not
 * known, so it may be of a flushed name, whatever its question.
 */
void s53_resolver_outdate(struct s53_resolver *resolver, bool all_views, uint32_t view_id);

/*
 * Add the fetches under way to `list`, oldest first, as far as there is room. No more than the room
 * is copied: a worker that does so is away for some 100 us per 256 fetches.
 */
void s53_resolver_list(
    const struct s53_resolver *resolver, struct s53_recursing *list, uint64_t now_ms);

/* The soft limit of recursive-clients. */
unsigned s53_resolver_soft_limit(unsigned recursive_clients);

/* Queries that wait for an upstream, joined ones included. */
unsigned s53_resolver_pending(const struct s53_resolver *resolver);
