/* SPDX-License-Identifier: ISC
 *
 * zone.c - makes routes from the zones of a view.
 *
 * A name is resolved only by the route of the longest matching zone, even if all its servers are
 * down and with `forward first`: a query by another route would leak the name.
 */
#include "builder.h"

#include <string.h>

#include <split53/hash.h>

enum zone_kind {
	ZONE_FORWARD,
	ZONE_FILE,
	ZONE_COPY,
	ZONE_STUB,
	ZONE_STATIC_STUB,
	ZONE_IN_VIEW,
	ZONE_NOTHING,
};

static const struct {
	const char *type;
	enum zone_kind kind;
} zone_kinds[] = {
	{ "forward", ZONE_FORWARD },
	{ "primary", ZONE_FILE },
	{ "master", ZONE_FILE },
	{ "secondary", ZONE_COPY },
	{ "slave", ZONE_COPY },
	{ "stub", ZONE_STUB },
	{ "static-stub", ZONE_STATIC_STUB },
};

/* The routes of one view, being built. */
struct routing {
	unsigned view;
	const struct s53_conf_statement *body; /* of the view, or NULL */
	struct s53_routes *routes;
	struct s53_route root; /* the default route, built first: exempt zones use it */
	bool has_root;
	bool is_root_zone; /* it is a zone of the configuration */
};

static enum zone_kind
kind_of(const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *type = s53_conf_find(zone->body, "type");
	enum zone_kind kind = ZONE_NOTHING;

	if (s53_conf_find(zone->body, "in-view") != NULL)
		return ZONE_IN_VIEW;
	if (type == NULL || type->value.type != S53_CONF_TEXT)
		return ZONE_NOTHING;
	for (size_t i = 0; i < sizeof(zone_kinds) / sizeof(zone_kinds[0]); i++)
		if (strcmp(type->value.text, zone_kinds[i].type) == 0)
			kind = zone_kinds[i].kind;
	/* A copy of the root zone would be the route of every name: it is ignored. */
	if (strcmp(zone->label, ".") == 0 &&
	    (kind == ZONE_COPY || kind == ZONE_STUB || kind == ZONE_STATIC_STUB))
		return ZONE_NOTHING;
	return kind;
}

/*
 * The ID of a route, by which the cache knows whether a response came by it. `servers` is the hash
 * of its servers; for a zone that uses the default route, the ID of that.
 */
static uint32_t
route_id(const struct s53_route *route, uint64_t servers)
{
	uint8_t octets[sizeof(servers) + S53_NAME_MAX + 1];
	size_t len = sizeof(servers) + route->apex.len;
	uint64_t hash;

	for (size_t i = 0; i < sizeof(servers); i++)
		octets[i] = (uint8_t)(servers >> 8 * i);
	memcpy(octets + sizeof(servers), route->apex.octets, route->apex.len);
	if (route->rights == S53_RIGHTS_COPY) /* only its answers are stored with AA */
		octets[len++] = S53_RIGHTS_COPY;
	hash = s53_hash_stable(octets, len);
	hash = (hash ^ hash >> 32) & UINT32_MAX;
	return hash != 0 ? (uint32_t)hash : 1;
}

/* Make it a route that forwards to the servers of `list`. */
static void
forward_to(struct setup_builder *builder, struct s53_route *route, struct setup_peers *list)
{
	route->kind = S53_ROUTE_FORWARD;
	route->group = setup_peers_group(builder, list);
	route->id = route_id(route, list->id);
}

static struct setup_peers
peers_of(const struct routing *routing, const struct s53_route *route,
    const struct s53_conf_statement *zone)
{
	return (struct setup_peers){ .view_body = routing->body,
		.view = routing->view,
		.apex = &route->apex,
		.zone_body = zone->body };
}

static void
add_route(struct setup_builder *builder, struct routing *routing, const struct s53_route *route,
    const struct s53_conf_statement *statement)
{
	switch (s53_routes_add(routing->routes, route)) {
	case S53_OK:
		return;
	case S53_E_EXISTS:
		builder_error(builder, statement->place,
		    "zone '%s' is already defined in this view", statement->label);
		return;
	default:
		builder->no_memory = true;
	}
}

static void
begin_route(struct s53_route *route, const struct s53_name *apex)
{
	memset(route, 0, sizeof(*route));
	route->apex = *apex;
	route->ede = S53_EDE_NONE;
}

static void
zone_access(
    struct setup_builder *builder, struct s53_route *route, const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *allow = s53_conf_find(zone->body, "allow-query");
	const struct s53_conf_statement *where = s53_conf_find(zone->body, "allow-query-on");

	if (allow != NULL && allow->value.type == S53_CONF_MATCH)
		route->allow_query = setup_acl(builder, allow->value.match);
	if (where != NULL && where->value.type == S53_CONF_MATCH)
		route->allow_query_on = setup_acl(builder, where->value.match);
}

/*
 * No forwarders: BIND would resolve the names itself. Here the default route is used for them, or
 * they are refused.
 */
static void
exempt_route(struct setup_builder *builder, struct routing *routing, struct s53_route *route,
    const struct s53_conf_statement *zone)
{
	const char *text = "the default route: no forwarders of its own";

	if (setup_refuses_exempt(builder, zone->body, routing->body)) {
		text = "nowhere: no forwarders, and `empty-forwarders refuse`";
	} else if (!routing->has_root) {
		text = "nowhere: no forwarders, and no default route";
	} else {
		route->kind = routing->root.kind;
		route->group = routing->root.group;
		route->zone = routing->root.zone;
		if (route->kind == S53_ROUTE_FORWARD)
			route->id = route_id(route, routing->root.id);
	}
	setup_note(builder, routing->view, route, zone, text);
}

static void
forward_route(struct setup_builder *builder, struct routing *routing, struct s53_route *route,
    const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *peers = s53_conf_find(zone->body, "forwarders");
	const struct s53_conf_statement *policy = s53_conf_find(zone->body, "forward");
	struct setup_peers list = peers_of(routing, route, zone);

	if (peers == NULL || peers->value.peers == NULL) {
		route->forwarding = S53_FORWARDING_NONE;
		exempt_route(builder, routing, route, zone);
		return;
	}
	route->forward_first = policy != NULL && strcmp(policy->value.text, "first") == 0;
	list.value = &peers->value;
	forward_to(builder, route, &list);
	setup_note(builder, routing->view, route, zone, list.text);
}

/*
 * `forwarders` in a zone with a file, or in a copied one: they are asked for names below its
 * delegations. Returns their text for the note, or NULL.
 */
static const char *
delegated_route(struct setup_builder *builder, struct routing *routing, struct s53_route *zone,
    const struct s53_conf_statement *statement)
{
	const struct s53_conf_statement *peers = s53_conf_find(statement->body, "forwarders");
	struct setup_peers list = peers_of(routing, zone, statement);
	struct s53_route *route;

	if (peers == NULL)
		return NULL;
	if (peers->value.peers == NULL &&
	    !setup_refuses_exempt(builder, statement->body, routing->body))
		return NULL;
	if ((route = builder_alloc(builder, sizeof(*route))) == NULL)
		return NULL;
	begin_route(route, &zone->apex);
	route->answering = zone->answering;
	if (peers->value.peers != NULL) {
		list.value = &peers->value;
		forward_to(builder, route, &list);
	}
	zone->delegated = route;
	return list.text;
}

/* The note of a zone whose names below delegations are asked of the servers `below`; or NULL. */
static const char *
text_with(struct setup_builder *builder, const char *text, const char *below)
{
	return below == NULL
	    ? text
	    : builder_text(builder, "%s, names below delegations from %s", text, below);
}

/* A zone that BIND would transfer or resolve itself is forwarded to its servers. */
static void
remote_route(struct setup_builder *builder, struct routing *routing, struct s53_route *route,
    const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *peers = s53_conf_find(zone->body, "primaries");
	struct setup_peers list = peers_of(routing, route, zone);
	const char *below = NULL;

	list.lists = true;
	if (peers == NULL)
		peers = s53_conf_find(zone->body, "server-addresses");
	if (peers == NULL || peers->value.type != S53_CONF_PEERS)
		return;
	list.value = &peers->value;
	forward_to(builder, route, &list);
	if (route->rights == S53_RIGHTS_COPY)
		below = delegated_route(builder, routing, route, zone);
	setup_note(builder, routing->view, route, zone, text_with(builder, list.text, below));
}

/* server-names of static-stub: host names, as peers. */
static void
named_route(struct setup_builder *builder, struct routing *routing, struct s53_route *route,
    const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *names = s53_conf_find(zone->body, "server-names");
	struct s53_conf_value value = { .type = S53_CONF_PEERS };
	struct setup_peers list = peers_of(routing, route, zone);
	struct s53_conf_peer **last = &value.peers;

	list.value = &value;
	if (s53_conf_find(zone->body, "server-addresses") != NULL || names == NULL ||
	    names->value.type != S53_CONF_WORDS) {
		remote_route(builder, routing, route, zone);
		return;
	}
	for (struct s53_conf_words *word = names->value.words; word != NULL; word = word->next) {
		struct s53_conf_peer *peer = builder_alloc(builder, sizeof(*peer));

		if (peer == NULL)
			return;
		peer->text = word->text;
		peer->place = word->place;
		*last = peer;
		last = &peer->next;
	}
	forward_to(builder, route, &list);
	setup_note(builder, routing->view, route, zone, list.text);
}

static void
file_route(struct setup_builder *builder, struct routing *routing, struct s53_route *route,
    const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *file = s53_conf_find(zone->body, "file");
	const char *text, *below;

	if (file == NULL) {
		builder_error(builder, zone->place, "zone '%s' requires 'file'", zone->label);
		return;
	}
	route->kind = S53_ROUTE_LOCAL;
	route->zone = setup_source_zone(builder, file, &route->apex);
	if (route->zone == NULL) {
		setup_note(builder, routing->view, route, zone,
		    builder_text(builder, "%s, not loaded: SERVFAIL", file->value.text));
		return;
	}
	below = delegated_route(builder, routing, route, zone);
	text = builder_text(
	    builder, "%s, %zu records", file->value.text, s53_zone_record_count(route->zone));
	setup_note(builder, routing->view, route, zone, text_with(builder, text, below));
}

static void
add_zone(struct setup_builder *builder, struct routing *routing,
    const struct s53_conf_statement *zone, const struct s53_name *apex)
{
	struct s53_route route;

	begin_route(&route, apex);
	route.forwarding = setup_forwarding_of(
	    s53_conf_find(zone->body, "forwarders"), s53_conf_find(zone->body, "forward"));
	zone_access(builder, &route, zone);
	route.answering = setup_cache_zone_answering(builder, zone->body, routing->body);
	switch (kind_of(zone)) {
	case ZONE_FORWARD:
		forward_route(builder, routing, &route, zone);
		break;
	case ZONE_FILE:
		file_route(builder, routing, &route, zone);
		break;
	case ZONE_COPY:
		route.rights = S53_RIGHTS_COPY;
		remote_route(builder, routing, &route, zone);
		break;
	case ZONE_STUB:
		route.rights = S53_RIGHTS_STUB;
		remote_route(builder, routing, &route, zone);
		break;
	case ZONE_STATIC_STUB:
		route.rights = S53_RIGHTS_STUB;
		named_route(builder, routing, &route, zone);
		break;
	case ZONE_IN_VIEW:
		if (!setup_shared_route(builder, routing->view, zone, &route))
			return;
		if (route.kind == S53_ROUTE_LOCAL || route.rights == S53_RIGHTS_COPY)
			delegated_route(builder, routing, &route, zone);
		break;
	case ZONE_NOTHING:
		return;
	}
	if (route.kind != S53_ROUTE_NONE || kind_of(zone) == ZONE_FORWARD)
		add_route(builder, routing, &route, zone);
}

bool
setup_zone_is_in(const struct s53_conf_statement *zone)
{
	return zone->class_name == NULL || strcmp(zone->class_name, "IN") == 0;
}

bool
setup_zone_apex(const struct s53_conf_statement *zone, struct s53_name *apex)
{
	if (zone->label == NULL || s53_name_parse(zone->label, apex) != S53_OK)
		return false;
	s53_name_lower(apex);
	return true;
}

/* The command line's zone of the same name, or NULL. */
static const struct s53_conf_statement *
flags_zone(const struct s53_source *source, const struct s53_name *apex)
{
	const struct s53_conf_statement *zone;
	struct s53_name other;

	if (source->flags == NULL)
		return NULL;
	zone = s53_conf_find(s53_conf_top(source->flags), "zone");
	while (zone != NULL && !(setup_zone_apex(zone, &other) && s53_name_equal(&other, apex)))
		zone = s53_conf_find(zone->next, "zone");
	return zone;
}

/* Add each zone of one list except the root, which setup_root() has built. */
static void
add_zones(struct setup_builder *builder, struct routing *routing,
    const struct s53_conf_statement *first, bool from_file)
{
	const struct s53_conf_statement *zone = s53_conf_find(first, "zone");

	for (; zone != NULL; zone = s53_conf_find(zone->next, "zone")) {
		struct s53_name apex;

		if (!setup_zone_is_in(zone)) {
			builder_warn(builder, zone->place,
			    "zone '%s' is of class %s: only IN is served", zone->label,
			    zone->class_name);
			continue;
		}
		if (!setup_zone_apex(zone, &apex) || apex.len == 1)
			continue;
		if (from_file && flags_zone(builder->input->source, &apex) != NULL)
			builder_notice(builder, zone->place,
			    "zone '%s' of the command line overrides this one", zone->label);
		else
			add_zone(builder, routing, zone, &apex);
	}
}

static const struct s53_conf_statement *
find_root_zone(const struct s53_conf_statement *first)
{
	const struct s53_conf_statement *zone = s53_conf_find(first, "zone");
	struct s53_name apex;

	while (zone != NULL &&
	    !(setup_zone_is_in(zone) && setup_zone_apex(zone, &apex) && apex.len == 1 &&
		kind_of(zone) != ZONE_NOTHING))
		zone = s53_conf_find(zone->next, "zone");
	return zone;
}

/*
 * The default route: zone ".", else forwarders of view or options, else the system's nameservers.
 */
static void
setup_root(struct setup_builder *builder, struct routing *routing,
    const struct s53_conf_statement *root_zone)
{
	const struct s53_conf_statement *peers =
	    s53_setup_option(builder->input->source, routing->body, "forwarders");
	const struct s53_name apex = { .len = 1 };
	struct setup_peers list = {
		.view_body = routing->body, .view = routing->view, .apex = &apex
	};
	struct s53_route_note *note;
	const char *place;

	begin_route(&routing->root, &apex);
	if (peers != NULL)
		setup_nameservers_of_hosts(builder, &peers->value);
	if (root_zone != NULL) {
		add_zone(builder, routing, root_zone, &apex);
		if (s53_routes_find(routing->routes, &apex) != NULL) {
			routing->root = *s53_routes_find(routing->routes, &apex);
			routing->has_root = routing->root.kind != S53_ROUTE_NONE;
			routing->is_root_zone = true;
			return;
		}
	}
	routing->root.forwarding = setup_forwarding_of(
	    peers, s53_setup_option(builder->input->source, routing->body, "forward"));
	if (peers != NULL && peers->value.peers == NULL) {
		setup_note(builder, routing->view, &routing->root, peers,
		    "nowhere: an empty forwarders list");
	} else if (peers != NULL) {
		list.value = &peers->value;
		forward_to(builder, &routing->root, &list);
		setup_note(builder, routing->view, &routing->root, peers, list.text);
	} else {
		routing->root.kind = S53_ROUTE_FORWARD;
		routing->root.group = setup_peers_default(builder, &list, &place);
		routing->root.id = route_id(&routing->root, list.id);
		note = setup_note(builder, routing->view, &routing->root, NULL, list.text);
		if (note != NULL)
			note->place = builder_text(builder, "%s", place);
	}
	routing->has_root = routing->root.kind != S53_ROUTE_NONE;
	if (s53_routes_add(routing->routes, &routing->root) != S53_OK)
		builder->no_memory = true;
}

static void
free_routes(void *routes)
{
	s53_routes_free(routes);
}

void
setup_zones(
    struct setup_builder *builder, unsigned view, const struct s53_conf_statement *statement)
{
	const struct s53_source *source = builder->input->source;
	const struct s53_conf_statement *flags =
	    source->flags != NULL ? s53_conf_top(source->flags) : NULL;
	struct s53_view *target = &builder->snapshot->policy.views[view];
	struct routing routing = { .view = view,
		.body = statement != NULL ? statement->body : NULL };
	const struct s53_conf_statement *zones =
	    statement != NULL ? statement->body : s53_setup_top(source);
	const struct s53_conf_statement *root_zone = find_root_zone(flags);

	routing.routes = s53_routes_new();
	if (!s53_snapshot_own(builder->snapshot, routing.routes, free_routes)) {
		builder->no_memory = true;
		return;
	}
	target->routes = routing.routes;
	if (root_zone == NULL)
		root_zone = find_root_zone(zones);
	setup_root(builder, &routing, root_zone);
	add_zones(builder, &routing, zones, true);
	add_zones(builder, &routing, flags, false);
	setup_builtin_zones(builder, target, statement, routing.is_root_zone);
	setup_warn_of_exempt(builder, target, statement, routing.is_root_zone);
	setup_warn_of_undelegated(builder, target, statement);
}
