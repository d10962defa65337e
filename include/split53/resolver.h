/* SPDX-License-Identifier: ISC
 *
 * resolver.h - a query's way from its octets to its reply: the door to the resolve layer.
 *
 * Layer    resolve; no event loop, no socket: time comes from base/clock, upstreams are asked
 *          through exchange.h
 * Threads  a resolver belongs to one worker
 * Memory   a query lives on the caller's stack until it waits; then it moves into a pending query
 *          of the resolver's pool
 * Units    ms, octets
 */
#pragma once

#include <split53/client.h>
#include <split53/counter.h>
#include <split53/exchange.h>
#include <split53/view.h>

struct s53_resolver;

#define S53_ASKED_SLOTS 8192
#define S53_LOOP_SLOTS 1024
#define S53_LOOP_PATHS 64
#define S53_SHARES_SETS 512
#define S53_SHARES_WAYS 8 /* a cache line */

/* Queries that wait, by route: what is fair is decided over all workers. See resolve/shares.h. */
struct s53_shares_shared {
	_Atomic unsigned active; /* routes for which a query waits */
	/* s53_route.id << 32 | queries */
	_Atomic uint64_t places[S53_SHARES_SETS][S53_SHARES_WAYS];
};

/* Limits of which the first excess of a minute is logged: resolve/limitlog.c. */
enum s53_limit {
	S53_LIMIT_SOFT, /* of recursive-clients: a query was displaced */
	S53_LIMIT_HARD, /* recursive-clients */
	S53_LIMIT_WAITS, /* of one client for one key */
	S53_LIMIT_CLIENTS_PER_QUERY,
	S53_LIMIT_FETCHES, /* fetches-per-zone, fetches-per-server */
	S53_LIMITS
};

/* A test for a forwarding loop that is under way, and what came back: resolve/loop_test.c. */
struct s53_loop_slot {
	_Atomic uint64_t key; /* its number and view; 0: free */
	_Atomic uint64_t until_ms; /* then the slot is free, too */
	_Atomic uintptr_t server; /* a mere name */
	_Atomic uint64_t sender; /* a hash of it << 32 | half of the number; 0: none yet */
};

/* What tests have shown of a view and server; other ones may share it. */
struct s53_loop_path {
	_Atomic uint64_t tested_ms, proved_ms, told_ms; /* the last; 0: never */
	_Atomic uint32_t sender; /* of what came back, as a hash */
};

/* What all resolvers of a process share; all zero at first. */
struct s53_resolver_shared {
	_Atomic unsigned pending; /* against recursive-clients */
	_Atomic uint64_t asked[S53_ASKED_SLOTS]; /* names under way, by view: resolve/loop.c */
	struct s53_loop_slot loop_slots[S53_LOOP_SLOTS];
	struct s53_loop_path loop_paths[S53_LOOP_PATHS];
	_Atomic uint64_t limit_told_ms[S53_LIMITS];
	struct s53_shares_shared shares;
};

/* NULL: no memory. Keeps nothing of `policy` but a count. */
struct s53_resolver *s53_resolver_new(struct s53_exchanger *exchanger,
    struct s53_counters *counters, struct s53_resolver_shared *shared, struct s53_policy *policy);

/* Every pending query is answered SERVFAIL (or dropped), then all is freed. */
void s53_resolver_free(struct s53_resolver *resolver);

/* From now on new queries use this policy; those under way keep theirs. */
void s53_resolver_use(struct s53_resolver *resolver, struct s53_policy *policy);

/* A message that arrived. */
struct s53_arrival {
	const struct s53_client *client;
	const uint8_t *octets;
	size_t len;
};

/*
 * Take the messages of one receive call: all are parsed and looked for before the first is answered
 * from the cache, so that its memory is at hand. Each ends in exactly one send() or drop() of its
 * client, now or later; replies may leave in another order. Nothing of `arrivals` need outlive the
 * call.
 */
void s53_resolver_take_batch(struct s53_resolver *resolver, const struct s53_arrival *arrivals,
    unsigned count, uint64_t now_ms);

/* Queries that wait for an upstream, joined ones included. */
unsigned s53_resolver_pending(const struct s53_resolver *resolver);
