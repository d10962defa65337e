/* SPDX-License-Identifier: ISC
 *
 * forwarding.c - the forwarding that BIND would do, and zones with an empty list of forwarders.
 *
 * An empty list turns forwarding off: named resolves the names itself, from the root. Below a
 * forward zone this is the way to exclude names from it, and here the default route resolves
 * them just as well. Without such a zone it keeps names from the default forwarders, which is
 * not the default here: hence a warning, and `empty-forwarders refuse`.
 */
#include "builder.h"

#include <string.h>

enum s53_route_forwarding
setup_forwarding_of(
    const struct s53_conf_statement *forwarders, const struct s53_conf_statement *policy)
{
	if (forwarders == NULL)
		return S53_FORWARDING_INHERITED;
	if (forwarders->value.peers == NULL)
		return S53_FORWARDING_NONE;
	return policy != NULL && policy->value.type == S53_CONF_TEXT &&
		strcmp(policy->value.text, "only") == 0
	    ? S53_FORWARDING_ONLY
	    : S53_FORWARDING_FIRST;
}

const struct s53_route *
setup_forwarding_find(const struct s53_routes *routes, const struct s53_name *name)
{
	const struct s53_route *route = s53_routes_find(routes, name);
	struct s53_name parent;

	while (
	    route != NULL && route->apex.len > 1 && route->forwarding == S53_FORWARDING_INHERITED) {
		parent = s53_name_ancestor(&route->apex, 1);
		route = s53_routes_find(routes, &parent);
	}
	return route;
}

bool
setup_refuses_exempt(const struct setup_builder *builder,
    const struct s53_conf_statement *zone_body, const struct s53_conf_statement *view_body)
{
	const struct s53_conf_statement *statement =
	    setup_option_of_zone(builder->input->source, zone_body, view_body, "empty-forwarders");

	return statement != NULL && statement->value.type == S53_CONF_TEXT &&
	    strcmp(statement->value.text, "refuse") == 0;
}

static bool
is_exempt(const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *type = s53_conf_find(zone->body, "type");
	const struct s53_conf_statement *forwarders = s53_conf_find(zone->body, "forwarders");

	if (forwarders != NULL)
		return forwarders->value.peers == NULL;
	return type != NULL && type->value.type == S53_CONF_TEXT &&
	    strcmp(type->value.text, "forward") == 0;
}

/* Is it below a zone that BIND forwards? Then its names are excluded from that zone. */
static bool
is_below_forwarded(const struct s53_routes *routes, const struct s53_name *apex, bool is_root_zone)
{
	const struct s53_name parent = s53_name_ancestor(apex, 1);
	const struct s53_route *above = setup_forwarding_find(routes, &parent);

	return above != NULL && (above->apex.len > 1 || is_root_zone) &&
	    (above->forwarding == S53_FORWARDING_FIRST || above->forwarding == S53_FORWARDING_ONLY);
}

/* Do names of the zone go to the default route, which BIND would not send there? */
static bool
needs_warning(const struct s53_routes *routes, const struct s53_name *apex, bool is_root_zone)
{
	const struct s53_name root = { .len = 1 };
	const struct s53_route *route = s53_routes_find(routes, apex);
	const struct s53_route *above = s53_routes_find(routes, &root);

	if (above == NULL || above->kind != S53_ROUTE_FORWARD || route->builtin ||
	    is_below_forwarded(routes, apex, is_root_zone))
		return false;
	return route->kind == S53_ROUTE_LOCAL || route->rights != S53_RIGHTS_STUB;
}

void
setup_warn_of_exempt(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_conf_statement *statement, bool is_root_zone)
{
	const struct s53_conf_statement *body = statement != NULL ? statement->body : NULL;
	const struct s53_conf_statement *zone =
	    s53_conf_find(statement != NULL ? body : s53_setup_top(builder->input->source), "zone");

	for (; zone != NULL; zone = s53_conf_find(zone->next, "zone")) {
		struct s53_name apex;

		if (is_exempt(zone) &&
		    setup_option_of_zone(
			builder->input->source, zone->body, body, "empty-forwarders") == NULL &&
		    setup_zone_is_in(zone) && setup_zone_apex(zone, &apex) && apex.len > 1 &&
		    needs_warning(view->routes, &apex, is_root_zone))
			builder_warn(builder, zone->place,
			    "'zone' [differs]: without forwarders BIND resolves names of '%s' from "
			    "the root, unless they are in its own zones; split53 sends them to the "
			    "default forwarders. To prevent that: empty-forwarders refuse;",
			    zone->label);
	}
}
