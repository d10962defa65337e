/* SPDX-License-Identifier: ISC
 *
 * route.c - the table of routes, by apex.
 *
 * A hash table has every apex and every name between an apex and the root. A look-up walks from the
 * top label down and stops at the first name that is not in the table or has nothing below it: a
 * name under "com" costs one probe, whatever its length, and only names near a deep apex (ip6.arpa)
 * cost one a label. Rejected: probing from the longest suffix down with a set of the depths in use.
 * With RFC 6303's empty zones nearly every depth is in use, so that long names would cost a probe
 * for each of their labels.
 */
#include <split53/route.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <split53/arena.h>
#include <split53/hash.h>

#define SLOTS_MIN 64
#define LABELS_MAX (S53_NAME_MAX / 2 + 1)

struct node {
	struct s53_route *route; /* NULL: the node only leads to others */
	bool has_children;
	uint8_t len;
	uint8_t octets[]; /* the name, lower case */
};

struct slot {
	uint64_t hash;
	struct node *node;
};

static _Atomic uint32_t last_serial;

struct s53_routes {
	uint32_t serial;
	struct s53_route *root; /* "." needs no probe */
	struct slot *slots; /* at most half full */
	size_t slot_count, node_count;
	struct s53_arena arena; /* nodes and routes */
	/*
	 * The top labels that occur: by length, a bit for each first byte (six bits of it). It
	 * shows for most names (com, net, org), without a hash, that they have only the root's
	 * route: 6 ns instead of 17.
	 */
	uint64_t tops[S53_LABEL_MAX + 1];
};

uint32_t
s53_routes_serial(const struct s53_routes *routes)
{
	return routes->serial;
}

struct s53_routes *
s53_routes_new(void)
{
	struct s53_routes *routes = calloc(1, sizeof(*routes));

	if (routes == NULL)
		return NULL;
	routes->serial = atomic_fetch_add(&last_serial, 1) % INT32_MAX + 1;
	s53_arena_init(&routes->arena);
	routes->slot_count = SLOTS_MIN;
	routes->slots = calloc(SLOTS_MIN, sizeof(*routes->slots));
	if (routes->slots == NULL) {
		free(routes);
		return NULL;
	}
	return routes;
}

/* Its memory is the arena's. */
static void
route_drop(struct s53_route *route)
{
	if (route == NULL)
		return;
	s53_acl_drop(route->allow_query);
	s53_acl_drop(route->allow_query_on);
}

void
s53_routes_free(struct s53_routes *routes)
{
	if (routes == NULL)
		return;
	for (size_t i = 0; i < routes->slot_count; i++)
		if (routes->slots[i].node != NULL)
			route_drop(routes->slots[i].node->route);
	route_drop(routes->root);
	s53_arena_fini(&routes->arena);
	free(routes->slots);
	free(routes);
}

/* The slot of a name, or the empty one for it. */
static struct slot *
slot_of(const struct s53_routes *routes, uint64_t hash, const uint8_t *octets, size_t len)
{
	size_t mask = routes->slot_count - 1, at = (size_t)hash & mask;
	struct slot *slot;

	for (;; at = (at + 1) & mask) {
		slot = &routes->slots[at];
		if (slot->node == NULL ||
		    (slot->hash == hash && slot->node->len == len &&
			memcmp(slot->node->octets, octets, len) == 0))
			return slot;
	}
}

static enum s53_status
grow(struct s53_routes *routes)
{
	struct s53_routes larger = { .slot_count = 2 * routes->slot_count };

	larger.slots = calloc(larger.slot_count, sizeof(*larger.slots));
	if (larger.slots == NULL)
		return S53_E_NOMEM;
	for (size_t i = 0; i < routes->slot_count; i++) {
		const struct slot *slot = &routes->slots[i];

		if (slot->node != NULL)
			*slot_of(&larger, slot->hash, slot->node->octets, slot->node->len) = *slot;
	}
	free(routes->slots);
	routes->slots = larger.slots;
	routes->slot_count = larger.slot_count;
	return S53_OK;
}

/* The node of a name, created if it does not exist. NULL: no memory. */
static struct node *
node_make(struct s53_routes *routes, const uint8_t *octets, size_t len)
{
	uint64_t hash = s53_hash(octets, len);
	struct slot *slot = slot_of(routes, hash, octets, len);
	struct node *node;

	if (slot->node != NULL)
		return slot->node;
	if (2 * (routes->node_count + 1) > routes->slot_count && grow(routes) != S53_OK)
		return NULL;
	if ((node = s53_arena_zalloc(&routes->arena, sizeof(*node) + len)) == NULL)
		return NULL;
	node->len = (uint8_t)len;
	memcpy(node->octets, octets, len);
	slot = slot_of(routes, hash, octets, len);
	*slot = (struct slot){ hash, node };
	routes->node_count++;
	return node;
}

/* The offset of each label of a name; returns their number. */
static unsigned
labels_of(const struct s53_name *name, uint8_t at[LABELS_MAX])
{
	unsigned count = 0, here = 0;

	while (name->octets[here] != 0) {
		at[count++] = (uint8_t)here;
		here += 1u + name->octets[here];
	}
	return count;
}

static uint64_t
top_bit(const uint8_t *label)
{
	return (uint64_t)1 << (label[1] & 63);
}

/* The pointer for the route of `apex`, with nodes for all names above it. NULL: no memory. */
static struct s53_route **
route_slot(struct s53_routes *routes, const struct s53_name *apex)
{
	struct s53_route **place = &routes->root;
	struct node *node = NULL;
	uint8_t at[LABELS_MAX];

	for (unsigned i = labels_of(apex, at); i-- > 0;) {
		const uint8_t *label = apex->octets + at[i];

		if (node != NULL)
			node->has_children = true;
		else
			routes->tops[*label] |= top_bit(label);
		node = node_make(routes, label, (size_t)apex->len - at[i]);
		if (node == NULL)
			return NULL;
		place = &node->route;
	}
	return place;
}

enum s53_status
s53_routes_add(struct s53_routes *routes, const struct s53_route *route)
{
	struct s53_route **place = route_slot(routes, &route->apex), *copy;

	if (place == NULL)
		return S53_E_NOMEM;
	if (*place != NULL && (*place)->builtin == route->builtin)
		return S53_E_EXISTS;
	if ((copy = s53_arena_copy(&routes->arena, route, sizeof(*route))) == NULL)
		return S53_E_NOMEM;
	if (copy->allow_query != NULL)
		s53_acl_keep(copy->allow_query);
	if (copy->allow_query_on != NULL)
		s53_acl_keep(copy->allow_query_on);
	route_drop(*place);
	*place = copy;
	return S53_OK;
}

const struct s53_route *
s53_routes_find(const struct s53_routes *routes, const struct s53_name *name)
{
	const struct s53_route *found = routes->root;
	uint8_t at[LABELS_MAX];
	unsigned i = labels_of(name, at);
	const uint8_t *top = i > 0 ? name->octets + at[i - 1] : NULL;

	if (top == NULL || (routes->tops[*top] & top_bit(top)) == 0)
		return found;
	while (i-- > 0) {
		const uint8_t *octets = name->octets + at[i];
		size_t len = (size_t)name->len - at[i];
		const struct node *node = slot_of(routes, s53_hash(octets, len), octets, len)->node;

		if (node == NULL)
			break;
		if (node->route != NULL)
			found = node->route;
		if (!node->has_children)
			break;
	}
	return found;
}

bool
s53_route_is_data(const struct s53_route *route)
{
	return route->kind == S53_ROUTE_LOCAL ||
	    (route->kind == S53_ROUTE_FORWARD && route->rights == S53_RIGHTS_COPY);
}

const struct s53_route *
s53_routes_find_ds(
    const struct s53_routes *routes, const struct s53_name *name, bool gets_recursion)
{
	const struct s53_route *route = s53_routes_find(routes, name), *above;
	struct s53_name parent;

	if (route == NULL || route->builtin || name->len == 1 ||
	    !s53_name_equal(&route->apex, name))
		return route;
	parent = s53_name_ancestor(name, 1);
	above = s53_routes_find(routes, &parent);
	if (s53_route_is_data(route) && !gets_recursion &&
	    (above == NULL || !s53_route_is_data(above)))
		return route;
	return above;
}

static void
number_one(struct s53_route *route, uint32_t (*number)(const struct s53_route *route, void *arg),
    void *arg)
{
	if (route == NULL)
		return;
	route->number = number(route, arg);
	if (route->delegated != NULL)
		route->delegated->number = route->number;
}

void
s53_routes_number(struct s53_routes *routes,
    uint32_t (*number)(const struct s53_route *route, void *arg), void *arg)
{
	number_one(routes->root, number, arg);
	for (size_t i = 0; i < routes->slot_count; i++)
		if (routes->slots[i].node != NULL)
			number_one(routes->slots[i].node->route, number, arg);
}

/*
 * RFC 4034 s6.1: label by label from the root, compared as bytes (apexes are in lower case).
 */
static int
canonical_order(const void *left, const void *right)
{
	const struct s53_name *a = &(*(const struct s53_route *const *)left)->apex;
	const struct s53_name *b = &(*(const struct s53_route *const *)right)->apex;
	uint8_t a_at[LABELS_MAX], b_at[LABELS_MAX];
	unsigned i = labels_of(a, a_at), j = labels_of(b, b_at);

	while (i > 0 && j > 0) {
		const uint8_t *x = a->octets + a_at[--i], *y = b->octets + b_at[--j];
		int order = memcmp(x + 1, y + 1, *x < *y ? *x : *y);

		if (order != 0 || *x != *y)
			return order != 0 ? order : *x - *y;
	}
	return (i > 0) - (j > 0);
}

void
s53_routes_each(const struct s53_routes *routes,
    void (*each)(const struct s53_route *route, void *arg), void *arg)
{
	const struct s53_route **all = calloc(routes->node_count + 1, sizeof(*all));
	size_t count = 0;

	if (all == NULL)
		return;
	if (routes->root != NULL)
		all[count++] = routes->root;
	for (size_t i = 0; i < routes->slot_count; i++) {
		const struct node *node = routes->slots[i].node;

		if (node != NULL && node->route != NULL)
			all[count++] = node->route;
	}
	qsort(all, count, sizeof(*all), canonical_order);
	for (size_t i = 0; i < count; i++)
		each(all[i], arg);
	free(all);
}
