/* SPDX-License-Identifier: ISC
 *
 * route.c - the step route: finds the zone that is responsible for QNAME.
 *
 * Classes other than IN and meta types are answered first, as no zone decides about them. Then the
 * longest suffix: a local zone answers here, a forward zone goes on to the cache and its upstreams.
 */
#include <split53/zone.h>

#include "local.h"
#include "resolver_private.h"

/*
 * Meta types, RFC 6895 s3.1: 128 to 255 (QTYPEs and TSIG, TKEY) and OPT.
 */
static bool
is_meta_type(uint16_t qtype)
{
	return qtype == S53_TYPE_OPT || (qtype >= 128 && qtype <= 255 && qtype != S53_TYPE_ANY);
}

/*
 * Zone transfer is not supported; the rcode says whether we have the zone (RFC 5936 s2.2.1, as
 * BIND).
 */
static enum s53_verdict
refuse_transfer(struct s53_query *query)
{
	const struct s53_route *route =
	    s53_routes_find(query->view->routes, &query->request.question.lower);
	bool zone_here = route != NULL && s53_route_is_data(route) &&
	    s53_name_equal(&route->apex, &query->request.question.lower);

	if (!zone_here)
		return s53_query_fail(
		    query, S53_RCODE_NOTAUTH, S53_EDE_NOT_AUTHORITATIVE, "zone transfer");
	if (query->client.kind == S53_UDP && query->request.question.qtype == S53_TYPE_AXFR)
		return s53_query_fail(query, S53_RCODE_FORMERR, S53_EDE_NONE, NULL);
	s53_query_log_no_transfer(query);
	return s53_query_fail(query, S53_RCODE_REFUSED, S53_EDE_NOT_SUPPORTED, "zone transfer");
}

static enum s53_verdict
answer_meta_type(struct s53_query *query)
{
	switch (query->request.question.qtype) {
	case S53_TYPE_AXFR:
	case S53_TYPE_IXFR:
		return refuse_transfer(query);
	case S53_TYPE_MAILA:
	case S53_TYPE_MAILB:
		return s53_query_fail(query, S53_RCODE_NOTIMP, S53_EDE_NOT_SUPPORTED, NULL);
	default:
		return s53_query_fail(query, S53_RCODE_FORMERR, S53_EDE_NONE, NULL);
	}
}

static enum s53_verdict
answer_other_class(struct s53_query *query)
{
	query->may_recurse = false;
	switch (query->request.question.qclass) {
	case S53_CLASS_CH:
		return s53_local_chaos(query);
	case 0:
	case S53_CLASS_NONE:
	case S53_CLASS_ANY:
		return s53_query_fail(query, S53_RCODE_FORMERR, S53_EDE_NONE, NULL);
	default:
		return s53_query_fail(
		    query, S53_RCODE_REFUSED, S53_EDE_NOT_SUPPORTED, "only class IN is served");
	}
}

/* An access list of the view, or of the zone, denies the query. */
__attribute__((noinline, cold)) static enum s53_verdict
deny(struct s53_query *query, bool by_zone)
{
	s53_query_log_denied(query, by_zone);
	s53_count(query->resolver->counters, S53_C_ADMIT_REFUSED);
	return s53_query_fail(query, S53_RCODE_REFUSED, S53_EDE_PROHIBITED, NULL);
}

static enum s53_verdict
refuse(struct s53_query *query, uint16_t ede, const char *text)
{
	s53_count(query->resolver->counters, S53_C_ADMIT_REFUSED);
	return s53_query_fail(query, S53_RCODE_REFUSED, ede, text);
}

static bool
may_query_zone(const struct s53_query *query)
{
	if (query->route->allow_query == NULL && query->route->allow_query_on == NULL)
		return query->may_query;
	return s53_view_may_query(
	    query->view, query->route, &query->client.addr, &query->client.local);
}

/* In BIND such a zone has data or servers of its own. Not inlined: the rest needs no call. */
__attribute__((noinline)) static bool
may_have_zone(const struct s53_query *query)
{
	return may_query_zone(query) &&
	    (query->route->rights == S53_RIGHTS_COPY || s53_query_gets_recursion(query));
}

static enum s53_verdict
forward(struct s53_query *query)
{
	const struct s53_route *route = query->route;
	bool may = query->may_query && query->may_use_cache;

	if (route != NULL && route->rights != S53_RIGHTS_CACHE)
		may = may_have_zone(query);
	if (!may)
		return deny(query, route != NULL && route->rights != S53_RIGHTS_CACHE);
	if (route == NULL || route->kind == S53_ROUTE_NONE)
		return refuse(query, S53_EDE_OTHER, "no forwarders for this name");
	s53_count(query->resolver->counters, S53_C_ROUTE_FORWARD);
	return S53_NEXT;
}

static const struct s53_route *
find_route(const struct s53_query *query)
{
	const struct s53_routes *routes = query->view->routes;
	const struct s53_name *name = &query->request.question.lower;

	if (query->request.question.qtype == S53_TYPE_DS)
		return s53_routes_find_ds(routes, name, s53_query_gets_recursion(query));
	return s53_routes_find(routes, name);
}

void
s53_query_set_route(struct s53_query *query, const struct s53_route *route)
{
	query->route = route;
	query->tally =
	    s53_tallies_get(&query->resolver->counters->tallies, route != NULL ? route->number : 0);
	query->answering =
	    route != NULL && route->answering != NULL ? route->answering : &query->view->answering;
}

const struct s53_route *
s53_query_delegated_route(const struct s53_query *query)
{
	const struct s53_name root = { .len = 1, .octets = { 0 } };
	const struct s53_route *route = query->route->delegated;

	if (route == NULL)
		route = s53_routes_find(query->view->routes, &root);
	return route != NULL && route->kind == S53_ROUTE_FORWARD ? route : NULL;
}

enum s53_verdict
s53_step_route(struct s53_query *query)
{
	const struct s53_question *question = &query->request.question;

	if (question->qclass != S53_CLASS_IN)
		return answer_other_class(query);
	if (is_meta_type(question->qtype)) {
		if (!query->may_query)
			return deny(query, false);
		return answer_meta_type(query);
	}
	s53_query_set_route(query, find_route(query));
	s53_tally_count(query->tally, S53_TALLY_QUERIES);
	if (query->route == NULL || query->route->kind != S53_ROUTE_LOCAL)
		return forward(query);
	if (!may_query_zone(query))
		return deny(query, true);
	s53_count(query->resolver->counters, S53_C_ROUTE_LOCAL);
	return s53_local_zone(query);
}
