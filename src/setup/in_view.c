/* SPDX-License-Identifier: ISC
 *
 * in_view.c - zones that a view shares with an earlier one.
 *
 * As in BIND it is one zone: its file, servers and client lists are those of the view that defines
 * it. Parts that need recursion (stub zones, aliases that leave the zone) depend on the rights of
 * the view that the client matches.
 */
#include "builder.h"

#include <string.h>

static void
drop_acl(void *acl)
{
	s53_acl_drop(acl);
}

/*
 * The list of the zone, or of its view; an explicit `any`, since NULL means the list of this view.
 */
static struct s53_acl *
list_of(struct setup_builder *builder, struct s53_acl *of_zone, struct s53_acl *of_view)
{
	struct s53_acl *any;

	if (of_zone != NULL || of_view != NULL)
		return of_zone != NULL ? of_zone : of_view;
	any = s53_acl_new();
	if (!s53_snapshot_own(builder->snapshot, any, drop_acl) ||
	    s53_acl_add_any(any, false) != S53_OK) {
		builder->no_memory = true;
		return NULL;
	}
	return any;
}

static unsigned
find_view(const struct s53_policy *policy, const char *name)
{
	unsigned i = 0;

	while (i < policy->view_count && strcmp(policy->views[i].name, name) != 0)
		i++;
	return i;
}

bool
setup_shared_route(struct setup_builder *builder, unsigned view,
    const struct s53_conf_statement *zone, struct s53_route *route)
{
	const struct s53_policy *policy = &builder->snapshot->policy;
	const struct s53_conf_statement *statement = s53_conf_find(zone->body, "in-view");
	const struct s53_route *shared;
	unsigned other = policy->view_count;

	if (statement->value.type == S53_CONF_TEXT)
		other = find_view(policy, statement->value.text);
	if (other == policy->view_count)
		return false; /* that view is of another class */
	shared = s53_routes_find(policy->views[other].routes, &route->apex);
	/* A zone that has no effect there (mirror, hint) has none here. */
	if (shared == NULL || shared->builtin || !s53_name_equal(&shared->apex, &route->apex) ||
	    (shared->kind == S53_ROUTE_FORWARD && shared->rights == S53_RIGHTS_CACHE))
		return false;
	*route = *shared;
	route->forwarding = setup_forwarding_of(
	    s53_conf_find(zone->body, "forwarders"), s53_conf_find(zone->body, "forward"));
	route->delegated = NULL; /* `forwarders` is the only statement that is this view's own */
	if (shared->answering == NULL)
		route->answering = &policy->views[other].answering;
	route->allow_query =
	    list_of(builder, shared->allow_query, policy->views[other].allow_query);
	route->allow_query_on =
	    list_of(builder, shared->allow_query_on, policy->views[other].allow_query_on);
	if (builder->input->want_notes)
		setup_note(builder, view, route, zone,
		    builder_text(builder, "the zone of view \"%s\"", policy->views[other].name));
	return true;
}
