/* SPDX-License-Identifier: ISC
 *
 * builtin.c - built-in zones: special names (RFC 6761) and the empty zones of private reverse names
 * (RFC 6303).
 *
 * A configured zone at or above a built-in one replaces it. As in BIND, there are no empty zones if
 * the default route is `forward only`: the forwarders then know the private names.
 */
#include "builder.h"

#include <stdlib.h>

static bool
is_disabled(const struct s53_source *source, const struct s53_conf_clause *view_body,
    const struct s53_name *apex)
{
	const struct s53_conf_clause *clause =
	    s53_setup_option(source, view_body, "disable-empty-zone");
	struct s53_name name;

	for (; clause != NULL; clause = s53_conf_find(clause->next, "disable-empty-zone"))
		if (clause->value.type == S53_CONF_TEXT &&
		    s53_name_parse(clause->value.text, &name) == S53_OK &&
		    s53_name_equal(&name, apex))
			return true;
	return false;
}

static bool
is_configured(const struct s53_view *view, const struct s53_name *apex)
{
	const struct s53_route *route = s53_routes_find(view->routes, apex);

	return route != NULL && !route->builtin && route->apex.len > 1;
}

static void
drop_zone(void *zone)
{
	s53_zone_drop(zone);
}

/* Parsed once per source, not for each view and rebuild. NULL: no memory. */
static struct s53_zone *
builtin_zone(
    struct s53_source *source, const struct s53_builtin_zone *builtin, const struct s53_name *apex)
{
	size_t index = (size_t)(builtin - s53_builtin_zones);
	struct s53_zone *zone = NULL;
	struct s53_diags diags;

	if (source->builtins == NULL)
		source->builtins = calloc(s53_builtin_zone_count, sizeof(struct s53_zone *));
	if (source->builtins == NULL || source->builtins[index] != NULL)
		return source->builtins != NULL ? source->builtins[index] : NULL;
	s53_diags_init(&diags); /* not shown: the texts are not the user's */
	if (s53_zone_parse(builtin->apex, builtin->text, apex, &diags, &zone) == S53_OK)
		source->builtins[index] = zone;
	s53_diags_fini(&diags);
	return source->builtins[index];
}

static void
add_builtin(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_builtin_zone *builtin, const struct s53_name *apex)
{
	struct s53_route route = { .apex = *apex, .kind = S53_ROUTE_LOCAL, .builtin = true };
	struct s53_zone *zone = builtin_zone(builder->input->source, builtin, apex);
	enum s53_status status;

	if (zone == NULL || !s53_snapshot_own(builder->snapshot, s53_zone_keep(zone), drop_zone)) {
		builder->no_memory = true;
		return;
	}
	route.zone = zone;
	route.ede = builtin->ede;
	status = s53_routes_add(view->routes, &route);
	if (status != S53_OK && status != S53_E_EXISTS)
		builder->no_memory = true;
}

void
setup_builtin_zones(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_conf_clause *view_body, bool forward_only)
{
	const struct s53_source *source = builder->input->source;
	bool empty_zones =
	    setup_option_bool(source, view_body, "empty-zones-enable", true) && !forward_only;

	for (unsigned i = 0; i < s53_builtin_zone_count; i++) {
		const struct s53_builtin_zone *builtin = &s53_builtin_zones[i];
		struct s53_name apex;

		if (s53_name_parse(builtin->apex, &apex) != S53_OK || is_configured(view, &apex))
			continue;
		s53_name_lower(&apex);
		if (builtin->empty && (!empty_zones || is_disabled(source, view_body, &apex)))
			continue;
		add_builtin(builder, view, builtin, &apex);
	}
}
