/* SPDX-License-Identifier: ISC
 *
 * builtin.c - built-in zones: special names (RFC 6761) and the empty zones of private reverse names
 * (RFC 6303).
 *
 * A zone of the configuration at or above a special name overrides it. Empty zones follow BIND
 * (configure_view() of its server.c): one exists unless the view has a zone of that very name, or
 * its names are forwarded (by the nearest forward zone, else by the default forwarders) with
 * `forward only`. So with `forward first`, the default, these names do not reach the forwarders:
 * BIND finds the empty zone first. Without recursion there is no built-in zone at all.
 */
#include "builder.h"

#include <stdlib.h>

static bool
is_disabled(const struct s53_source *source, const struct s53_conf_statement *view_body,
    const struct s53_name *apex)
{
	const struct s53_conf_statement *statement =
	    s53_setup_option(source, view_body, "disable-empty-zone");
	struct s53_name name;

	for (; statement != NULL; statement = s53_conf_find(statement->next, "disable-empty-zone"))
		if (statement->value.type == S53_CONF_TEXT &&
		    s53_name_parse(statement->value.text, &name) == S53_OK &&
		    s53_name_equal(&name, apex))
			return true;
	return false;
}

/* Does the configuration have a zone for this special name, or above it? */
static bool
is_configured(const struct s53_view *view, const struct s53_name *apex, bool is_root_zone)
{
	const struct s53_route *route = s53_routes_find(view->routes, apex);

	return route != NULL && !route->builtin && (route->apex.len > 1 || is_root_zone);
}

/* Would BIND have no empty zone here, because of the routes at `apex` and above? */
static bool
is_replaced(const struct s53_routes *routes, const struct s53_name *apex)
{
	const struct s53_route *route = s53_routes_find(routes, apex);

	if (route != NULL && s53_name_equal(&route->apex, apex) &&
	    (route->kind == S53_ROUTE_LOCAL || route->rights != S53_RIGHTS_CACHE))
		return true; /* a zone other than a forward zone */
	route = setup_forwarding_find(routes, apex);
	return route != NULL && route->forwarding == S53_FORWARDING_ONLY;
}

static void
drop_zone(void *zone)
{
	s53_zone_drop(zone);
}

/* Parsed once per source, not for each view and build. NULL: out of memory. */
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
	s53_diags_init(&diags); /* not shown: these texts are not the user's */
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

/* Warn that the view's own forward zone of that name will never be used. */
static void
warn_of_hidden(struct setup_builder *builder, const struct s53_conf_statement *statement,
    const struct s53_name *apex)
{
	const struct s53_conf_statement *zone = s53_conf_find(
	    statement != NULL ? statement->body : s53_setup_top(builder->input->source), "zone");
	struct s53_name name;

	while (zone != NULL &&
	    !(setup_zone_is_in(zone) && setup_zone_apex(zone, &name) &&
		s53_name_equal(&name, apex)))
		zone = s53_conf_find(zone->next, "zone");
	if (zone != NULL)
		builder_warn(builder, zone->place,
		    "zone '%s' has no effect, as in BIND: its names are answered from an automatic "
		    "empty zone. To forward them write 'forward only;' beside its forwarders, or "
		    "disable-empty-zone \"%s\";",
		    zone->label, zone->label);
}

static void
add_empty_zone(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_conf_statement *statement, const struct s53_builtin_zone *builtin,
    const struct s53_name *apex)
{
	const struct s53_route *route = s53_routes_find(view->routes, apex);

	if (is_replaced(view->routes, apex))
		return;
	if (route != NULL && s53_name_equal(&route->apex, apex))
		warn_of_hidden(builder, statement, apex);
	add_builtin(builder, view, builtin, apex);
}

void
setup_builtin_zones(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_conf_statement *statement, bool is_root_zone)
{
	const struct s53_source *source = builder->input->source;
	const struct s53_conf_statement *body = statement != NULL ? statement->body : NULL;
	bool empty_zones = setup_option_bool(source, body, "empty-zones-enable", true);

	for (unsigned i = 0; view->recursion && i < s53_builtin_zone_count; i++) {
		const struct s53_builtin_zone *builtin = &s53_builtin_zones[i];
		struct s53_name apex;

		if (s53_name_parse(builtin->apex, &apex) != S53_OK)
			continue;
		s53_name_lower(&apex);
		if (is_disabled(source, body, &apex))
			continue;
		if (builtin->empty && empty_zones)
			add_empty_zone(builder, view, statement, builtin, &apex);
		else if (!builtin->empty && !is_configured(view, &apex, is_root_zone))
			add_builtin(builder, view, builtin, &apex);
	}
}
