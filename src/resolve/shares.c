/* SPDX-License-Identifier: ISC
 *
 * shares.c - see shares.h.
 */
#include "shares.h"

#include <stdlib.h>
#include <string.h>

#include <split53/hash.h>

#define WAYS S53_SHARES_WAYS
#define ROUTES_KEPT 1024 /* unused objects of routes that are kept for reuse */

/* --- counts of all workers ------------------------------------------------------------------- */

static uint32_t
id_of(uint64_t slot)
{
	return (uint32_t)(slot >> 32);
}

static uint32_t
count_of(uint64_t slot)
{
	return (uint32_t)slot;
}

static uint64_t
load(const _Atomic uint64_t *slot)
{
	return atomic_load_explicit(slot, memory_order_relaxed);
}

static _Atomic uint64_t *
set_of(struct s53_shares_shared *shared, uint32_t id)
{
	return &shared->slots[id * UINT32_C(2654435769) / (UINT32_MAX / S53_SHARES_SETS + 1)][0];
}

/*
 * The slot that counts this route; or a free one; or, if the set is full of other routes, one of
 * theirs. Two workers that do this at once may use two slots: each counts in its own until that is
 * empty.
 */
static _Atomic uint64_t *
slot_for(struct s53_shares_shared *shared, uint32_t id)
{
	_Atomic uint64_t *set = set_of(shared, id), *unused = NULL;

	for (unsigned way = 0; way < WAYS; way++) {
		uint64_t slot = load(&set[way]);

		if (count_of(slot) > 0 && id_of(slot) == id)
			return &set[way];
		if (count_of(slot) == 0 && unused == NULL)
			unused = &set[way];
	}
	return unused != NULL ? unused : &set[id % WAYS];
}

/*
 * For this worker's first place of the route. Until its count is 0 again the slot belongs to the
 * route.
 */
static _Atomic uint64_t *
claim_slot(struct s53_shares_shared *shared, uint32_t id)
{
	for (;;) {
		_Atomic uint64_t *at = slot_for(shared, id);
		uint64_t was = load(at);
		uint64_t is = count_of(was) > 0 ? was + 1 : (uint64_t)id << 32 | 1;

		if (!atomic_compare_exchange_weak_explicit(
			at, &was, is, memory_order_relaxed, memory_order_relaxed))
			continue;
		if (count_of(was) == 0)
			atomic_fetch_add_explicit(&shared->active, 1, memory_order_relaxed);
		return at;
	}
}

static void
leave_slot(struct s53_shares_shared *shared, _Atomic uint64_t *slot)
{
	if (count_of(atomic_fetch_sub_explicit(slot, 1, memory_order_relaxed)) == 1)
		atomic_fetch_sub_explicit(&shared->active, 1, memory_order_relaxed);
}

/* --- routes ---------------------------------------------------------------------------------- */

static struct s53_shares_route *
find_route(const struct s53_shares *shares, uint32_t id)
{
	S53_LIST_EACH (s53_table_bucket(&shares->routes, id), link) {
		struct s53_shares_route *route =
		    S53_CONTAINER_OF(link, struct s53_shares_route, hashed.link);

		if (route->id == id)
			return route;
	}
	return NULL;
}

static struct s53_shares_route *
new_route(struct s53_shares *shares, uint32_t id)
{
	struct s53_shares_route *route = malloc(sizeof(*route));

	if (route == NULL)
		return NULL;
	*route = (struct s53_shares_route){ .id = id };
	s53_list_init(&route->active);
	s53_list_init(&route->kept);
	s53_list_init(&route->fifo);
	for (unsigned i = 0; i < S53_SHARES_WEIGHTS; i++)
		s53_list_init(&route->clients[i]);
	s53_table_add(&shares->routes, &route->hashed, id);
	return route;
}

static void
free_route(struct s53_shares *shares, struct s53_shares_route *route)
{
	s53_table_remove(&shares->routes, &route->hashed);
	free(route);
}

static void
route_enter(struct s53_shares *shares, struct s53_shares_route *route)
{
	if (route->slots++ > 0) {
		atomic_fetch_add_explicit(route->slot, 1, memory_order_relaxed);
		return;
	}
	route->slot = claim_slot(shares->shared, route->id);
	s53_list_append(&shares->active, &route->active);
}

static void
route_leave(struct s53_shares *shares, struct s53_shares_route *route)
{
	leave_slot(shares->shared, route->slot);
	if (--route->slots > 0)
		return;
	s53_list_remove(&route->active);
	if (shares->heaviest == route)
		shares->heaviest = NULL;
	if (shares->routes.count > ROUTES_KEPT)
		free_route(shares, route);
}

/* --- clients --------------------------------------------------------------------------------- */

/* The IPv4 address, also of a mapped IPv6 address; NULL: it is neither. */
static const uint8_t *
ipv4_of(const struct s53_addr *addr)
{
	if (addr->family == AF_INET)
		return (const uint8_t *)&addr->in.sin_addr;
	if (addr->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&addr->in6.sin6_addr))
		return addr->in6.sin6_addr.s6_addr + 12;
	return NULL;
}

struct s53_shares_key
s53_shares_key_of(const struct s53_client *client)
{
	const struct s53_addr *addr = &client->addr;
	bool is_local = s53_addr_is_loopback(addr) || s53_addr_same_host(addr, &client->local);
	const uint8_t *ipv4 = ipv4_of(addr);
	struct s53_shares_key key = { .family = ipv4 != NULL ? AF_INET : addr->family };

	if (is_local)
		key.port = s53_addr_port(addr);
	if (ipv4 != NULL) {
		memcpy(&key.low, ipv4, 4);
	} else if (addr->family == AF_INET6) {
		memcpy(&key.high, addr->in6.sin6_addr.s6_addr, sizeof(key.high));
		if (is_local)
			memcpy(&key.low, addr->in6.sin6_addr.s6_addr + 8, sizeof(key.low));
	}
	return key;
}

static bool
is_key(const struct s53_shares_key *a, const struct s53_shares_key *b)
{
	return a->low == b->low && a->high == b->high && a->port == b->port &&
	    a->family == b->family;
}

static uint32_t
hash_of(uint32_t route_id, const struct s53_shares_key *key)
{
	return (uint32_t)s53_hash(key, sizeof(*key)) ^ route_id;
}

static struct s53_shares_client *
find_client(const struct s53_shares *shares, const struct s53_shares_route *route,
    const struct s53_shares_key *key, uint32_t hash)
{
	S53_LIST_EACH (s53_table_bucket(&shares->clients, hash), link) {
		struct s53_shares_client *client =
		    S53_CONTAINER_OF(link, struct s53_shares_client, hashed.link);

		if (client->route == route && is_key(&client->key, key))
			return client;
	}
	return NULL;
}

static struct s53_shares_client *
new_client(struct s53_shares *shares, struct s53_shares_route *route,
    const struct s53_shares_key *key, uint32_t hash)
{
	struct s53_shares_client *client = s53_spares_take(
	    &shares->free_clients, sizeof(*client), offsetof(struct s53_shares_client, by_weight));

	if (client == NULL)
		return NULL;
	client->route = route;
	client->key = *key;
	client->slots = 0;
	s53_list_init(&client->by_weight);
	s53_list_init(&client->kept);
	s53_list_init(&client->fifo);
	s53_table_add(&shares->clients, &client->hashed, hash);
	route->client_count++;
	return client;
}

static unsigned
weight_of(unsigned slots)
{
	unsigned weight = 0;

	while (slots > 1 && weight + 1 < S53_SHARES_WEIGHTS) {
		slots /= 2;
		weight++;
	}
	return weight;
}

/* Move the client to the list of its weight, after its number of places has changed from `was`. */
static void
update_weight(struct s53_shares_client *client, unsigned was)
{
	unsigned weight = weight_of(client->slots);

	if (was > 0 && weight_of(was) == weight)
		return;
	s53_list_remove(&client->by_weight);
	s53_list_append(&client->route->clients[weight], &client->by_weight);
}

static void
client_leave(struct s53_shares *shares, struct s53_shares_client *client)
{
	if (--client->slots > 0) {
		update_weight(client, client->slots + 1);
		return;
	}
	s53_list_remove(&client->by_weight);
	s53_table_remove(&shares->clients, &client->hashed);
	client->route->client_count--;
	s53_spares_give(&shares->free_clients, &client->by_weight,
	    offsetof(struct s53_shares_client, by_weight));
}

/* --- places ---------------------------------------------------------------------------------- */

enum s53_status
s53_shares_init(struct s53_shares *shares, struct s53_shares_shared *shared)
{
	shares->shared = shared;
	shares->heaviest = NULL;
	shares->slots = shares->counted_from = 0;
	shares->counts_clients = false;
	s53_list_init(&shares->active);
	s53_spares_init(&shares->free_clients);
	if (s53_table_init(&shares->routes) != S53_OK)
		return S53_E_NOMEM;
	if (s53_table_init(&shares->clients) == S53_OK)
		return S53_OK;
	s53_table_fini(&shares->routes);
	return S53_E_NOMEM;
}

void
s53_shares_fini(struct s53_shares *shares)
{
	S53_ASSERT(shares->clients.count == 0);
	for (unsigned i = 0; i <= shares->routes.mask; i++) {
		S53_LIST_EACH_SAFE (&shares->routes.buckets[i], link, following) {
			free(S53_CONTAINER_OF(link, struct s53_shares_route, hashed.link));
		}
	}
	s53_spares_fini(&shares->free_clients, offsetof(struct s53_shares_client, by_weight));
	s53_table_fini(&shares->routes);
	s53_table_fini(&shares->clients);
}

/* Count the place for its client. Out of memory: it stays uncounted. */
static void
attach(struct s53_shares *shares, struct s53_shares_place *place)
{
	struct s53_shares_route *route = place->route;
	struct s53_shares_key key = s53_shares_key_of(place->from);
	uint32_t hash = hash_of(route->id, &key);
	struct s53_shares_client *client = find_client(shares, route, &key, hash);

	if (client == NULL && (client = new_client(shares, route, &key, hash)) == NULL)
		return;
	client->slots++;
	update_weight(client, client->slots - 1);
	place->client = client;
	s53_list_append(place->kept ? &client->kept : &client->fifo, &place->in_client);
}

/* From now on the place may be displaced. */
static void
queue(struct s53_shares_place *place)
{
	struct s53_shares_route *route = place->route;
	struct s53_shares_client *client = place->client;

	s53_list_append(place->kept ? &route->kept : &route->fifo, &place->in_route);
	if (client != NULL)
		s53_list_append(place->kept ? &client->kept : &client->fifo, &place->in_client);
}

static void
enter(struct s53_shares *shares, struct s53_shares_place *place, struct s53_shares_route *route,
    const struct s53_client *from)
{
	route_enter(shares, route);
	shares->slots++;
	/* Half of the places, beginning with the first, run to completion. */
	*place = (struct s53_shares_place){ .route = route,
		.from = from,
		.kept = 2 * (route->kept_count + 1) <= route->slots + 1 };
	route->kept_count += place->kept;
	s53_list_init(&place->in_client);
	queue(place);
	if (shares->counts_clients)
		attach(shares, place);
}

static struct s53_shares_route *
route_of(struct s53_shares *shares, uint32_t id)
{
	struct s53_shares_route *route = find_route(shares, id);

	return route != NULL ? route : new_route(shares, id);
}

bool
s53_shares_enter(struct s53_shares *shares, struct s53_shares_place *place, uint32_t route_id,
    const struct s53_client *from)
{
	struct s53_shares_route *route = route_of(shares, route_id);

	if (route == NULL)
		return false;
	enter(shares, place, route, from);
	return true;
}

void
s53_shares_pin(struct s53_shares_place *place)
{
	s53_list_remove(&place->in_route);
	s53_list_remove(&place->in_client);
}

void
s53_shares_leave(struct s53_shares *shares, struct s53_shares_place *place)
{
	struct s53_shares_route *route = place->route;

	s53_shares_pin(place);
	route->kept_count -= place->kept;
	if (place->client != NULL)
		client_leave(shares, place->client);
	place->route = NULL;
	place->client = NULL;
	route_leave(shares, route);
	shares->slots--;
	if (shares->slots < shares->counted_from / 2)
		shares->counts_clients = false;
}

void
s53_shares_move(struct s53_shares *shares, struct s53_shares_place *place, uint32_t route_id)
{
	struct s53_shares_route *route = route_of(shares, route_id);

	if (route == NULL)
		return;
	if (route == place->route) {
		s53_shares_pin(place);
		queue(place);
		return;
	}
	s53_shares_leave(shares, place);
	enter(shares, place, route, place->from);
}

static void
attach_all(struct s53_shares *shares, struct s53_link *list)
{
	S53_LIST_EACH (list, link) {
		struct s53_shares_place *place =
		    S53_CONTAINER_OF(link, struct s53_shares_place, in_route);

		if (place->client == NULL)
			attach(shares, place);
	}
}

static void
count_clients(struct s53_shares *shares)
{
	if (shares->counts_clients)
		return;
	shares->counts_clients = true;
	shares->counted_from = shares->slots;
	S53_LIST_EACH (&shares->active, link) {
		struct s53_shares_route *route =
		    S53_CONTAINER_OF(link, struct s53_shares_route, active);

		attach_all(shares, &route->kept);
		attach_all(shares, &route->fifo);
	}
}

/* --- which place is displaced ---------------------------------------------------------------- */

static struct s53_shares_place *
first_in_route(const struct s53_link *list)
{
	return s53_list_empty(list)
	    ? NULL
	    : S53_CONTAINER_OF(list->next, struct s53_shares_place, in_route);
}

static struct s53_shares_place *
first_of_client(const struct s53_shares_client *client)
{
	const struct s53_link *list = s53_list_empty(&client->fifo) ? &client->kept : &client->fifo;

	return s53_list_empty(list)
	    ? NULL
	    : S53_CONTAINER_OF(list->next, struct s53_shares_place, in_client);
}

/*
 * The oldest place of a client over its fair share. Clients of the same weight are served in turn.
 */
static struct s53_shares_place *
of_a_heavy_client(struct s53_shares_route *route)
{
	unsigned share = route->client_count > 0 ? route->slots / route->client_count : 0;
	unsigned weight = S53_SHARES_WEIGHTS, least = weight_of(share + 1), looks = 0;

	while (weight-- > least) {
		S53_LIST_EACH_SAFE (&route->clients[weight], link, following) {
			struct s53_shares_client *client =
			    S53_CONTAINER_OF(link, struct s53_shares_client, by_weight);
			struct s53_shares_place *place = first_of_client(client);

			if (looks++ == S53_SHARES_LOOKS)
				return NULL;
			if (client->slots <= share || place == NULL)
				continue;
			s53_list_remove(link);
			s53_list_append(&route->clients[weight], link);
			return place;
		}
	}
	return NULL;
}

static struct s53_shares_place *
of_route(struct s53_shares_route *route)
{
	struct s53_shares_place *place = of_a_heavy_client(route);

	if (place == NULL)
		place = first_in_route(&route->fifo);
	return place != NULL ? place : first_in_route(&route->kept);
}

static bool
has_waiting(const struct s53_shares_route *route)
{
	return !s53_list_empty(&route->fifo) || !s53_list_empty(&route->kept);
}

static bool
is_over(const struct s53_shares_route *route, unsigned share)
{
	return count_of(load(route->slot)) > share && has_waiting(route);
}

/* The last route found, while it is still over its share: so most new queries need no search. */
static struct s53_shares_route *
heaviest(struct s53_shares *shares, unsigned share)
{
	struct s53_shares_route *found = NULL;

	if (shares->heaviest != NULL && is_over(shares->heaviest, share))
		return shares->heaviest;
	S53_LIST_EACH (&shares->active, link) {
		struct s53_shares_route *route =
		    S53_CONTAINER_OF(link, struct s53_shares_route, active);

		if (is_over(route, share) &&
		    (found == NULL || count_of(load(route->slot)) > count_of(load(found->slot))))
			found = route;
	}
	return shares->heaviest = found;
}

unsigned
s53_shares_places(const struct s53_shares *shares, uint32_t route_id)
{
	uint64_t slot = load(slot_for(shares->shared, route_id));

	return id_of(slot) == route_id ? count_of(slot) : 0;
}

/* The fair share of a route; is_new: the new query's route is not among the active ones yet. */
static unsigned
share_of(const struct s53_shares *shares, bool is_new, unsigned soft)
{
	unsigned active = atomic_load_explicit(&shares->shared->active, memory_order_relaxed);
	unsigned share = soft / (active + is_new > 0 ? active + is_new : 1);

	return share > 0 ? share : 1;
}

struct s53_shares_place *
s53_shares_displace(struct s53_shares *shares, uint32_t route_id, unsigned soft)
{
	unsigned slots = s53_shares_places(shares, route_id);
	unsigned share = share_of(shares, slots == 0, soft);
	struct s53_shares_route *route;

	count_clients(shares);
	if (slots < share) {
		route = heaviest(shares, share);
		return route == NULL ? NULL : of_route(route);
	}
	route = find_route(shares, route_id);
	return route == NULL || route->slots == 0 ? NULL : of_route(route);
}
