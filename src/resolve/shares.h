/* SPDX-License-Identifier: ISC
 *
 * shares.h - which queries may wait: fair shares of recursive-clients for routes and clients.
 *
 * Layer    resolve (private); knows places, not queries: pending.c displaces these
 * Threads  one per worker, its own; `shared` is every worker's, by atomics
 * Memory   a route and a client each have an object while one of their queries waits
 *
 * recursive-clients (the hard limit) bounds all queries that wait, of all workers. A tenth of it is
 * a reserve. While fewer wait than the rest (the soft limit) each query is admitted. From then on
 * each newcomer displaces a query that waits, of its own worker, since workers touch nothing of
 * each other. The route that has to give it is the newcomer's own if that holds its fair share (the
 * soft limit by the number of routes for which a query waits now), or the one that is furthest
 * over its share. So a route that is idle always finds room, however many queries wait for others.
 * A worker that holds nothing of any route over its share uses the reserve; the worker that does
 * displaces two queries for each newcomer until the reserve is free again.
 *
 * Within the route, first a client leaves that holds more than its fair share of the route's
 * places (by the number of its clients), the heaviest first. Where all hold the same, half of the
 * places run to completion and the other half is taken over, oldest first (unbound's jostle): a
 * slow server still gives some answers, and names that are answered at once still are.
 *
 * A client is an IPv4 address or an IPv6 /64; on loopback, and where its address is one of this
 * host's own, an address and port, since there each process has the same address.
 *
 * Fair shares of routes are counted over all workers, those of clients within one, and only from
 * the first query on that is displaced until half as many wait: else each miss would pay for it.
 */
#pragma once

#include <stdatomic.h>

#include <split53/client.h>
#include <split53/list.h>
#include <split53/resolver.h>

#include "spares.h"
#include "table.h"

#define S53_SHARES_WEIGHTS 16 /* clients of a route, by the logarithm of their places */
#define S53_SHARES_LOOKS 32 /* at clients, for one that holds too much and waits */

struct s53_shares_key {
	uint64_t high, low; /* the address; of an IPv6 /64 `low` is 0 */
	uint32_t family, port; /* port 0: any */
};

struct s53_shares_route {
	struct s53_hashed hashed; /* in shares->routes, by id */
	struct s53_link active; /* in shares->active, while it has places */
	uint32_t id; /* of s53_route */
	_Atomic uint64_t *slot; /* its count over all workers, while it has places */
	unsigned places, kept_count, client_count;
	struct s53_link kept; /* places that run to completion, by `in_route`, oldest first */
	struct s53_link fifo; /* places that are taken over */
	struct s53_link clients[S53_SHARES_WEIGHTS];
};

struct s53_shares_client {
	struct s53_hashed hashed; /* in shares->clients */
	struct s53_link by_weight; /* in the route's list */
	struct s53_shares_route *route;
	struct s53_shares_key key;
	unsigned places;
	struct s53_link kept, fifo; /* its own, by `in_client` */
};

/* One query's right to wait. */
struct s53_shares_place {
	struct s53_link in_route, in_client; /* out of both lists: it is about to be answered */
	struct s53_shares_route *route; /* NULL: it is not taken */
	struct s53_shares_client *client; /* NULL: clients are not counted */
	const struct s53_client *from; /* of the query */
	bool kept;
};

struct s53_shares {
	struct s53_shares_shared *shared;
	struct s53_table routes, clients;
	struct s53_spares free_clients;
	struct s53_link active; /* routes that have places */
	unsigned places;
	bool counts_clients;
	unsigned counted_from; /* as many places were taken when that began */
	struct s53_shares_route
	    *heaviest; /* the last that was found to be over its share; or NULL */
};

S53_MUST_USE enum s53_status s53_shares_init(
    struct s53_shares *shares, struct s53_shares_shared *shared);
void s53_shares_fini(struct s53_shares *shares); /* no place may be taken */

/* What a client counts as; comparable by memcmp. */
struct s53_shares_key s53_shares_key_of(const struct s53_client *client);

/* From how many queries on newcomers displace others; `limit` is recursive-clients. */
static inline unsigned
s53_shares_soft(unsigned limit)
{
	return limit - limit / 10;
}

/*
 * Take a place in the route with this id, for a query of `from`, which stays where it is. It waits:
 * it may be displaced. false: no memory, nothing was taken.
 */
S53_MUST_USE bool s53_shares_enter(struct s53_shares *shares, struct s53_shares_place *place,
    uint32_t route_id, const struct s53_client *from);
void s53_shares_leave(struct s53_shares *shares, struct s53_shares_place *place);

/* It waits for something of another route, now. Without memory it stays where it was. */
void s53_shares_move(struct s53_shares *shares, struct s53_shares_place *place, uint32_t route_id);

/* It is about to be answered: it keeps its place, but is not displaced. */
void s53_shares_settle(struct s53_shares_place *place);

/* Queries that wait for this route, of all workers. */
unsigned s53_shares_places(const struct s53_shares *shares, uint32_t route_id);

/* The place that a newcomer of that route takes over. NULL: none, it may use the reserve. */
struct s53_shares_place *s53_shares_displace(
    struct s53_shares *shares, uint32_t route_id, unsigned soft);
