/* SPDX-License-Identifier: ISC
 *
 * explain_name.c - --explain NAME [CLIENT], and `explain` of the control channel: view, access and
 * route of one query, decided by the functions that decide them for a client's query.
 */
#include <string.h>

#include <split53/cache.h>
#include <split53/mnemonic.h>

#include "explain.h"
#include "explain_json.h"

#define NOT_FORWARDED "REFUSED: this client is not allowed recursion"

struct explained_query {
	struct s53_name name;
	struct s53_addr client;
	struct s53_addr local; /* the listener that would receive the query */
};

/* false: `why` says which of them is invalid. */
static bool
read_query(const struct s53_explain_query *query, struct explained_query *explained_query,
    char why[static S53_EXPLAIN_WHY])
{
	const char *client = query->client != NULL ? query->client : "127.0.0.1";
	const char *local;

	if (s53_name_parse(query->name, &explained_query->name) != S53_OK) {
		snprintf(why, S53_EXPLAIN_WHY, "'%s' is not a domain name", query->name);
		return false;
	}
	s53_name_lower(&explained_query->name);
	if (s53_addr_parse(client, 0, &explained_query->client) != S53_OK) {
		snprintf(why, S53_EXPLAIN_WHY, "'%s' is not a client's address", client);
		return false;
	}
	local = explained_query->client.family == AF_INET6 ? "::1" : "127.0.0.1";
	return s53_addr_parse(local, S53_DNS_PORT, &explained_query->local) == S53_OK;
}

static const char *
yes_or_no(bool value)
{
	return value ? "yes" : "no";
}

static void
print_answer(const struct s53_explain_query *query, const char *answer, FILE *out)
{
	fprintf(out, "answer   %s\n", answer);
	explain_json_text(query->json, "answer", answer);
}

/* The six lists and recursion, as the step admit evaluates them. */
struct admitted {
	const struct s53_view *view;
	bool query, cache, recursion;
};

static struct admitted
print_admit(const struct s53_explain_query *query, const struct s53_view *view,
    const struct explained_query *explained_query, FILE *out)
{
	const struct s53_addr *client = &explained_query->client, *local = &explained_query->local;
	bool recursion = s53_acl_allows(view->allow_recursion, client) &&
	    s53_acl_allows(view->allow_recursion_on, local);
	bool cache = s53_acl_allows(view->allow_query_cache, client) &&
	    s53_acl_allows(view->allow_query_cache_on, local);
	bool may_query = s53_acl_allows(view->allow_query, client) &&
	    s53_acl_allows(view->allow_query_on, local);

	fprintf(out,
	    "admit    allow-query %s, recursion %s, allow-recursion %s, allow-query-cache %s\n",
	    yes_or_no(may_query), yes_or_no(view->recursion), yes_or_no(recursion),
	    yes_or_no(cache));
	explain_json_flag(query->json, "allow-query", may_query);
	explain_json_flag(query->json, "recursion", view->recursion);
	explain_json_flag(query->json, "allow-recursion", recursion);
	explain_json_flag(query->json, "allow-query-cache", cache);
	cache = view->recursion && cache;
	return (struct admitted){
		.view = view, .query = may_query, .cache = cache, .recursion = recursion && cache
	};
}

static void
print_group(const struct s53_explain_query *query, const struct s53_group *group, FILE *out)
{
	char text[S53_ADDR_TEXT];

	s53_explain_choice(group, out);
	explain_json_group(query->json, group);
	for (unsigned i = 0; i < s53_group_size(group); i++) {
		struct s53_upstream *upstream = s53_group_server(group, i);
		const struct s53_upstream_options *options = s53_upstream_options(upstream);

		fprintf(out, "upstream %s", s53_addr_print(s53_upstream_addr(upstream), text));
		if (s53_group_tier(group, i) > 1)
			fprintf(out, ", tier %u", s53_group_tier(group, i));
		if (options->tcp_only)
			fputs(", TCP only", out);
		if (options->edns)
			fprintf(out, ", EDNS %u bytes", options->edns_udp_size);
		else
			fputs(", no EDNS", out);
		if (!s53_group_has_caps(group, i))
			fputs(", names in the client's letter case", out);
		if (options->source.family != AF_UNSPEC)
			fprintf(out, ", from %s", s53_addr_print_host(&options->source, text));
		s53_explain_server_check(query->snapshot, upstream, out);
		if (query->is_live)
			s53_explain_health(upstream, out);
		fputc('\n', out);
	}
}

static const struct s53_route_note *
find_note(const struct s53_snapshot *snapshot, unsigned view, const struct s53_name *apex)
{
	const struct s53_route_note *note = snapshot->notes;

	while (note != NULL && !(note->view == view && s53_name_equal(&note->apex, apex)))
		note = note->next;
	return note;
}

/* How long responses are cached, by the rules of the zone or the view. */
static void
print_cache(const struct s53_explain_query *query, const struct s53_view *view,
    const struct s53_route *route, FILE *out)
{
	const struct s53_answering *answering =
	    route->answering != NULL ? route->answering : &view->answering;
	const struct s53_cache_rules *rules = answering->cache;

	explain_json_cache_rules(query->json, rules);
	if (!rules->enabled) {
		fputs("cache    none\n", out);
		return;
	}
	fprintf(out, "cache    answers %u to %u s, negative answers %u to %u s, failures %u s",
	    rules->min_ttl_s, rules->max_ttl_s, rules->min_ncache_ttl_s, rules->max_ncache_ttl_s,
	    rules->servfail_ttl_s);
	if (rules->stale_keep)
		fprintf(out, ", stale %u s more%s", rules->max_stale_s,
		    rules->stale_answer ? "" : ", but not used for answers");
	fputc('\n', out);
}

/* By the lists of the zone, or, if it has none, of its view. */
static bool
may_query_zone(const struct s53_explain_query *query, const struct s53_view *view,
    const struct s53_route *route, const struct explained_query *explained_query, FILE *out)
{
	bool may_query =
	    s53_view_may_query(view, route, &explained_query->client, &explained_query->local);

	if (route->allow_query != NULL || route->allow_query_on != NULL) {
		fprintf(out, "admit    the zone's own allow-query %s\n", yes_or_no(may_query));
		explain_json_flag(query->json, "allow-query-of-zone", may_query);
	}
	return may_query;
}

static void
print_forward(const struct s53_explain_query *query, const struct s53_view *view,
    const struct s53_route *route, const struct explained_query *explained_query, FILE *out)
{
	const char *why_empty = s53_group_rules(route->group)->why_empty;
	char no_server[S53_EXPLAIN_WHY];
	const char *answer = NULL;

	print_cache(query, view, route, out);
	if (query->is_live)
		answer = s53_explain_cached(query, view, route, &explained_query->name, out);
	print_group(query, route->group, out);
	if (answer == NULL && query->is_live && s53_group_size(route->group) > 0 &&
	    s53_group_condition(route->group) == S53_GROUP_DEAD)
		answer = "SERVFAIL, or an expired answer if one may be used: all servers are down";
	if (answer == NULL && s53_group_size(route->group) > 0) {
		answer = "the reply of an upstream";
	} else if (answer == NULL && why_empty != NULL) {
		snprintf(no_server, sizeof(no_server), "SERVFAIL: no server can be queried: %s",
		    why_empty);
		answer = no_server;
	} else if (answer == NULL) {
		answer = "SERVFAIL: no address of an upstream is known yet";
	}
	print_answer(query, answer, out);
}

/* As the steps route and find decide, for a query with RD for a name outside of all local zones. */
static void
print_beyond_zones(const struct s53_explain_query *query, const struct s53_route *route,
    const struct explained_query *explained_query, const struct admitted *admitted, FILE *out)
{
	if (!admitted->query || !admitted->cache)
		print_answer(query, NOT_FORWARDED, out);
	else if (route == NULL || route->kind == S53_ROUTE_NONE)
		print_answer(query, "REFUSED: no forwarders for this name", out);
	else if (!admitted->recursion)
		print_answer(query,
		    "from the cache, or a referral to the root: this client is not allowed "
		    "recursion",
		    out);
	else
		print_forward(query, admitted->view, route, explained_query, out);
}

/* A delegation in a zone leads to the zone's own forwarders, or to the default ones, as in BIND. */
static void
print_delegated(const struct s53_explain_query *query, const struct s53_route *route,
    const struct explained_query *explained_query, const struct s53_view *view, FILE *out)
{
	const struct s53_name root = { .len = 1, .octets = { 0 } };
	const struct s53_route *beyond = route->delegated;

	if (beyond == NULL)
		beyond = s53_routes_find(view->routes, &root);
	if (beyond == NULL || beyond->kind != S53_ROUTE_FORWARD) {
		print_answer(query, "a referral from this zone", out);
		return;
	}
	fputs("route    below a delegation in the zone: forwarded\n", out);
	explain_json_flag(query->json, "delegated", true);
	print_forward(query, view, beyond, explained_query, out);
}

static void
print_local(const struct s53_explain_query *query, const struct s53_route *route,
    const struct explained_query *explained_query, const struct admitted *admitted, FILE *out)
{
	uint16_t type = query->type != 0 ? query->type : S53_TYPE_A;
	char answer[S53_NAME_TEXT + 128], text[S53_NAME_TEXT];
	struct s53_name target = { .len = 0 };

	switch (s53_explain_local(route->zone, &explained_query->name, type, &target)) {
	case S53_EXPLAIN_NOT_LOADED:
		print_answer(query, "SERVFAIL: the zone is not loaded", out);
		return;
	case S53_EXPLAIN_DELEGATED:
		if (admitted->recursion)
			print_delegated(query, route, explained_query, admitted->view, out);
		else
			print_answer(query, "a referral from this zone", out);
		return;
	case S53_EXPLAIN_ALIAS:
		snprintf(answer, sizeof(answer), "from this zone: a CNAME to %s%s",
		    s53_name_print(&target, text),
		    admitted->recursion ? ", which is resolved as a query for it would be" : "");
		print_answer(query, answer, out);
		return;
	default:
		print_answer(query, "from this zone", out);
	}
}

/* As the step route decides, for a query with RD. */
static void
print_end(const struct s53_explain_query *query, const struct s53_route *route,
    const struct explained_query *explained_query, const struct admitted *admitted, FILE *out)
{
	const struct s53_view *view = admitted->view;
	bool may_query;

	if (route == NULL ||
	    (route->kind != S53_ROUTE_LOCAL && route->rights == S53_RIGHTS_CACHE)) {
		print_beyond_zones(query, route, explained_query, admitted, out);
		return;
	}
	may_query = may_query_zone(query, view, route, explained_query, out);
	if (!may_query)
		print_answer(query, "REFUSED", out);
	else if (route->kind == S53_ROUTE_LOCAL)
		print_local(query, route, explained_query, admitted, out);
	else if (route->rights != S53_RIGHTS_COPY && !admitted->recursion)
		print_answer(query, NOT_FORWARDED, out);
	else
		print_forward(query, view, route, explained_query, out);
}

static void
print_route(const struct s53_explain_query *query, const struct s53_view *view,
    const struct explained_query *explained_query, FILE *out)
{
	const struct s53_policy *policy = &query->snapshot->policy;
	const struct s53_route *route;
	const struct s53_route_note *note = NULL;
	struct admitted admitted = print_admit(query, view, explained_query, out);
	char apex[S53_NAME_TEXT];

	if (query->type == S53_TYPE_DS)
		route =
		    s53_routes_find_ds(view->routes, &explained_query->name, admitted.recursion);
	else
		route = s53_routes_find(view->routes, &explained_query->name);
	if (route != NULL) {
		if (!route->builtin)
			note = find_note(
			    query->snapshot, (unsigned)(view - policy->views), &route->apex);
		fprintf(out, "route    zone \"%s\" %s %s (%s)\n",
		    s53_name_print(&route->apex, apex),
		    route->kind == S53_ROUTE_LOCAL ? "answered from" : "forwarded to",
		    note != NULL && note->text != NULL ? note->text : "a built-in zone",
		    note != NULL ? note->place : "built in");
		explain_json_route(query->json, route, note);
	}
	print_end(query, route, explained_query, &admitted, out);
}

bool
s53_explain_query(
    const struct s53_explain_query *query, FILE *out, char why[static S53_EXPLAIN_WHY])
{
	const struct s53_policy *policy = &query->snapshot->policy;
	const struct s53_view *view;
	struct explained_query explained_query;
	char name[S53_NAME_TEXT], client[S53_ADDR_TEXT], type[S53_MNEMONIC_TEXT];

	if (!read_query(query, &explained_query, why))
		return false;
	fprintf(out, "query    %s", s53_name_print(&explained_query.name, name));
	if (query->is_live)
		fprintf(out, " %s", s53_type_print(query->type, type));
	fprintf(out, " from %s\n", s53_addr_print_host(&explained_query.client, client));
	explain_json_text(query->json, "name", name);
	explain_json_text(query->json, "type", s53_type_print(query->type, type));
	explain_json_text(query->json, "client", client);
	if (policy->blackhole != NULL &&
	    s53_acl_allows(policy->blackhole, &explained_query.client)) {
		print_answer(query, "none: the client is in blackhole", out);
		return true;
	}
	view = s53_policy_view(policy, &explained_query.client, &explained_query.local, true);
	if (view == NULL) {
		print_answer(query, "REFUSED: no view matches this client", out);
		return true;
	}
	fprintf(out, "view     \"%s\"\n", view->name);
	explain_json_text(query->json, "view", view->name);
	print_route(query, view, &explained_query, out);
	return true;
}

bool
s53_explain_name(const struct s53_dry_run *dry_run, FILE *out)
{
	const struct s53_explain_query query = { .snapshot = dry_run->snapshot,
		.name = dry_run->options->explain_name,
		.client = dry_run->options->explain_client };
	char why[S53_EXPLAIN_WHY] = "";

	if (s53_explain_query(&query, out, why))
		return true;
	fprintf(stderr, "split53: --explain: %s\n", why);
	return false;
}
