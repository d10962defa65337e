/* SPDX-License-Identifier: ISC
 *
 * route.h - which zone a name belongs to: the longest match decides.
 *
 * Layer    policy: zones and groups are opaque here
 * Threads  built by the main thread, then immutable and read by any thread
 * Memory   a table owns its routes and takes a count of their access lists; zones and groups
 *          are the snapshot's
 */
#pragma once

#include <split53/acl.h>
#include <split53/name.h>

struct s53_zone;
struct s53_group;
struct s53_answering;

enum s53_route_kind {
	S53_ROUTE_NONE, /* no servers: an empty forwarders list on the default route */
	S53_ROUTE_FORWARD, /* to `group` */
	S53_ROUTE_LOCAL, /* from `zone` */
};

/* The statement `forwarders` of the route's zone, as BIND understands it. */
enum s53_route_forwarding {
	S53_FORWARDING_INHERITED, /* there is none: that of the nearest zone above */
	S53_FORWARDING_NONE, /* an empty list: BIND resolves the names itself */
	S53_FORWARDING_FIRST, /* forwarders, then the root: the default when `forward` is missing */
	S53_FORWARDING_ONLY, /* forwarders and nothing else */
};

/* The access lists that clients of a FORWARD route must pass: each the route's, else the view's. */
enum s53_route_rights {
	S53_RIGHTS_CACHE, /* allow-query, and allow-query-cache and allow-recursion of the view */
	S53_RIGHTS_COPY, /* allow-query alone: in BIND the zone is a copy (type secondary) */
	S53_RIGHTS_STUB, /* allow-query and recursion, RD too: types stub and static-stub */
};

struct s53_route {
	struct s53_name apex; /* lower case */
	/*
	 * FORWARD: a hash of what decides where its names are resolved: apex, servers, ports and
	 * how they are queried. It is the same in every process and after every reload while that
	 * does not change: cached answers with another id are not used.
	 */
	uint32_t id;
	/* Of what is counted of it (tally.h); 0: it has none of its own. */
	uint32_t number;
	enum s53_route_kind kind;
	bool builtin; /* a special or empty zone that is built in, not the user's */
	bool forward_first; /* `forward first` is in the file; only --explain uses it */
	enum s53_route_forwarding forwarding; /* decides whether there is an empty zone */
	enum s53_route_rights rights; /* FORWARD */
	struct s53_group *group; /* FORWARD */
	struct s53_zone *zone; /* LOCAL; NULL: its file cannot be loaded, so SERVFAIL */
	/*
	 * LOCAL, and FORWARD of a copy: of names below a delegation of the zone, which has
	 * `forwarders`; NULL: the default route. It is in no table.
	 */
	struct s53_route *delegated;
	struct s53_acl *allow_query; /* of the zone statement; NULL: the view's */
	struct s53_acl *allow_query_on; /* the same */
	const struct s53_answering *answering; /* of the zone statement; NULL: the view's */
	uint16_t ede; /* of its negative answers (special names), or S53_EDE_NONE */
};

struct s53_routes;

struct s53_routes *s53_routes_new(void);
void s53_routes_free(struct s53_routes *routes);

/* A number that no other table of this process has; less than 2^31, never 0. */
uint32_t s53_routes_serial(const struct s53_routes *routes);

/*
 * Add a copy of `route`, with counts of its own of the access lists.
 *   S53_E_EXISTS  there is one for that apex, and both or neither are builtin. Otherwise the old
 *                 one is replaced: the caller knows which of the two is to be in force
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_routes_add(
    struct s53_routes *routes, const struct s53_route *route);

/*
 * The route with the longest apex that is a suffix of `name` (lower case), or NULL when not even
 * the root has one. One hash look-up a label, from the top down, until a name has nothing below it:
 * one in all for most names. Does not allocate. Not for DS queries.
 */
const struct s53_route *s53_routes_find(
    const struct s53_routes *routes, const struct s53_name *name);

/*
 * The same for a DS query: that of a zone's apex belongs to its parent (RFC 4035 s3.1.4.1). If
 * getting it needs recursion and the client gets none, a zone with data here answers that it has no
 * such record, as in BIND.
 */
const struct s53_route *s53_routes_find_ds(
    const struct s53_routes *routes, const struct s53_name *name, bool gets_recursion);

/* Is it a local zone, or one that BIND would have a copy of? */
bool s53_route_is_data(const struct s53_route *route);

/* Do both lead to the same servers? NULL is no route; two NULLs are the same. */
static inline bool
s53_route_is_same(const struct s53_route *a, const struct s53_route *b)
{
	if (a == b)
		return true;
	return a != NULL && b != NULL && a->kind == S53_ROUTE_FORWARD &&
	    b->kind == S53_ROUTE_FORWARD && a->group == b->group;
}

/*
 * Give each route its number, and the route below its delegations the same, while no other thread
 * has the table yet. In no order.
 */
void s53_routes_number(struct s53_routes *routes,
    uint32_t (*number)(const struct s53_route *route, void *arg), void *arg);

/*
 * All routes, sorted by apex in canonical order (RFC 4034 s6.1): for explain. Allocates; without
 * memory `each` is never called.
 */
void s53_routes_each(const struct s53_routes *routes,
    void (*each)(const struct s53_route *route, void *arg), void *arg);
