/* SPDX-License-Identifier: ISC
 *
 * undelegated.c - forward zones below a zone with data that does not delegate them.
 *
 * BIND searches its own zones first, and forwards only what it would resolve: a forward zone
 * below a primary zone is used if that zone has NS records for it (or above it); otherwise its
 * names do not exist. Here the longest suffix decides, so the forwarders are queried.
 * Automatic empty zones hide no forward zone in BIND either.
 */
#include <split53/message.h>
#include <split53/reply.h>
#include <split53/zone.h>

#include "builder.h"

#include <string.h>

/* The zone with a file that contains `apex`, ignoring forward zones between the two; or NULL. */
static const struct s53_route *
zone_above(const struct s53_routes *routes, const struct s53_name *apex)
{
	struct s53_name parent = s53_name_ancestor(apex, 1);
	const struct s53_route *route = s53_routes_find(routes, &parent);

	while (route != NULL && route->apex.len > 1 && route->rights == S53_RIGHTS_CACHE &&
	    route->kind != S53_ROUTE_LOCAL) {
		parent = s53_name_ancestor(&route->apex, 1);
		route = s53_routes_find(routes, &parent);
	}
	return route != NULL && route->kind == S53_ROUTE_LOCAL && !route->builtin ? route : NULL;
}

static bool
is_delegated(const struct s53_zone *zone, const struct s53_name *apex)
{
	const struct s53_question question = {
		.name = *apex, .lower = *apex, .qtype = S53_TYPE_A, .qclass = S53_CLASS_IN
	};
	uint8_t octets[S53_HEADER_LEN + S53_NAME_MAX + 4];
	struct s53_zone_answer answer;
	struct s53_reply reply;

	/* No space except for the question: the records themselves do not matter. */
	s53_reply_begin(&reply, octets, sizeof(octets), 0, S53_QR, &question);
	s53_zone_answer(zone, &question, 0, &reply, &answer);
	return answer.referral;
}

static bool
is_forward_zone(const struct s53_routes *routes, const struct s53_conf_statement *zone,
    const struct s53_name *apex)
{
	const struct s53_conf_statement *type = s53_conf_find(zone->body, "type");
	const struct s53_route *route = s53_routes_find(routes, apex);

	return type != NULL && type->value.type == S53_CONF_TEXT &&
	    strcmp(type->value.text, "forward") == 0 && route != NULL && !route->builtin;
}

void
setup_warn_of_undelegated(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_conf_statement *statement)
{
	const struct s53_conf_statement *zone = s53_conf_find(
	    statement != NULL ? statement->body : s53_setup_top(builder->input->source), "zone");

	for (; zone != NULL; zone = s53_conf_find(zone->next, "zone")) {
		const struct s53_route *above;
		struct s53_name apex;
		char text[S53_NAME_TEXT];

		if (!setup_zone_is_in(zone) || !setup_zone_apex(zone, &apex) || apex.len == 1 ||
		    !is_forward_zone(view->routes, zone, &apex))
			continue;
		above = zone_above(view->routes, &apex);
		if (above == NULL || is_delegated(above->zone, &apex))
			continue;
		builder_warn(builder, zone->place,
		    "'zone' [differs]: BIND answers NXDOMAIN for names of '%s' from zone '%s', "
		    "which has no NS records for it; split53 queries its forwarders. With NS "
		    "records for it in that zone's file, BIND does so as well",
		    zone->label, s53_name_print(&above->apex, text));
	}
}
