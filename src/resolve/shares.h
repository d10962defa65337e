/* SPDX-License-Identifier: ISC
 *
 * shares.h - which queries may wait: fair shares of recursive-clients for routes and clients.
 *
 * Layer    resolve (private); handles places, not queries: pending.c displaces queries
 * Threads  one per worker, its own; `shared` is shared by all workers, with atomics
 * Memory   a route and a client each have an object while one of their queries waits
 *
 * recursive-clients (the hard limit) bounds the queries that wait in all workers. A tenth of it is
 * a reserve. Below the rest (the soft limit) each query is admitted. Above it, each new query
 * displaces a query that waits in the same worker, since workers touch nothing of each other. The
 * displaced query is of the new query's own route, if that has its fair share (the soft limit
 * divided by the number of routes for which queries wait now), else of the route that is furthest
 * over its share. So an idle route can always admit queries, however many wait for others. A worker
 * in which no route is over its share uses the reserve; a worker in which one is displaces two
 * queries for each new one until the reserve is free again.
 *
 * Within the route, first a client loses a place that has more than its fair share (the route's
 * places divided by its clients), the client with the most places first. If all have the same,
 * half of the places run to completion and the other half is taken over, oldest first (unbound's
 * jostle): so a slow server still gives some answers, and names with fast answers still work.
 *
 * A client is an IPv4 address or an IPv6 /64; on loopback, and if its address is one of this
 * host's own, an address and port, since all processes there have the same address.
 *
 * Fair shares of routes are counted over all workers, those of clients within one. Clients are
 * counted only from the first displaced query on, until half as many wait, so that a miss does not
 * usually pay for it.
 */
#pragma once

#include <stdatomic.h>

#include <split53/client.h>
#include <split53/list.h>
#include <split53/resolver.h>

#include "spares.h"
#include "table.h"

#define S53_SHARES_WEIGHTS 16 /* lists of a route's clients, by the logarithm of their places */
#define S53_SHARES_LOOKS 32 /* clients examined, to find one over its share that waits */

struct s53_shares_key {
	uint64_t high, low; /* the address; `low` is 0 for an IPv6 /64 */
	uint32_t family, port; /* port 0: any */
};

struct s53_shares_route {
	struct s53_hashed hashed; /* in shares->routes, by id */
	struct s53_link active; /* in shares->active, while it has places */
	uint32_t id; /* of s53_route */
	_Atomic uint64_t *slot; /* its count over all workers, while it has places */
	unsigned slots, kept_count, client_count;
	struct s53_link kept; /* places that run to completion, by `in_route`, oldest first */
	struct s53_link fifo; /* places that may be taken over */
	struct s53_link clients[S53_SHARES_WEIGHTS];
};

struct s53_shares_client {
	struct s53_hashed hashed; /* in shares->clients */
	struct s53_link by_weight; /* in the route's list */
	struct s53_shares_route *route;
	struct s53_shares_key key;
	unsigned slots;
	struct s53_link kept, fifo; /* its own, by `in_client` */
};

/* A query's right to wait. */
struct s53_shares_place {
	struct s53_link in_route, in_client; /* in neither: the query is about to be answered */
	struct s53_shares_route *route; /* NULL: not taken */
	struct s53_shares_client *client; /* NULL: clients are not counted */
	const struct s53_client *from; /* of the query */
	bool kept;
};

struct s53_shares {
	struct s53_shares_shared *shared;
	struct s53_table routes, clients;
	struct s53_spares free_clients;
	struct s53_link active; /* routes that have places */
	unsigned slots;
	bool counts_clients;
	unsigned counted_from; /* number of places when counting clients began */
	struct s53_shares_route
	    *heaviest; /* the last route that was found to be over its share; or NULL */
};

S53_MUST_USE enum s53_status s53_shares_init(
    struct s53_shares *shares, struct s53_shares_shared *shared);
void s53_shares_fini(struct s53_shares *shares); /* no place may be taken */

/* The key by which a client is counted; comparable by memcmp. */
struct s53_shares_key s53_shares_key_of(const struct s53_client *client);

/*
 * The number of waiting queries from which new ones displace others; `limit` is recursive-clients.
 */
static inline unsigned
s53_shares_soft(unsigned limit)
{
	return limit - limit / 10;
}

/*
 * Take a place in the route with this id for a query of the client `from`, which must not move. The
 * place may be displaced. false: out of memory, nothing was taken.
 */
S53_MUST_USE bool s53_shares_enter(struct s53_shares *shares, struct s53_shares_place *place,
    uint32_t route_id, const struct s53_client *from);
void s53_shares_leave(struct s53_shares *shares, struct s53_shares_place *place);

/*
 * The query now waits for a fetch of another route: move its place. Out of memory: it is not moved.
 */
void s53_shares_move(struct s53_shares *shares, struct s53_shares_place *place, uint32_t route_id);

/* The query is about to be answered: it keeps its place, but cannot be displaced. */
void s53_shares_pin(struct s53_shares_place *place);

/* The number of queries that wait for this route, in all workers. */
unsigned s53_shares_places(const struct s53_shares *shares, uint32_t route_id);

/* The place to displace for a new query of that route. NULL: none; it may use the reserve. */
struct s53_shares_place *s53_shares_displace(
    struct s53_shares *shares, uint32_t route_id, unsigned soft);
