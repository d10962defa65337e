/* SPDX-License-Identifier: ISC
 *
 * health_check.c - the health check of each server, as configured, and the default query of a
 * probe.
 *
 * A server may be in the routes of several zones but has one check. While routes are built, each
 * server is recorded with the zone that uses it; after that, the records of a server are merged.
 * Each statement within health-check is inherited separately: that of `server` overrides the
 * zone's, which overrides the view's, which overrides that of options. Name and type together are
 * the query of a probe and are inherited as one.
 *
 * If options or a view specify the query, it is sent only to servers of the route of its name: a
 * probe must not leak a name to another route's server, and `name "www.example.com"` in options
 * must not make a Consul agent appear down.
 *
 * If the zones of a server differ, the innermost statement is used, then the first, with a
 * warning. The default query is the SOA of the zone with the most labels. Reverse zones rank
 * below others (Consul has no SOA for those), and the root below all. The liveness probe is
 * always within that zone, whatever name is configured.
 *
 * down-after (how long a silent server is waited for) applies if it is the only server of a zone.
 */
#include "builder.h"

#include <string.h>

#define CHECK_BUCKETS 1021 /* a prime, since the addresses of servers are multiples of 64 */

/* The level of a statement; a higher one overrides a lower one. */
enum level { LEVEL_DEFAULT, LEVEL_OPTIONS, LEVEL_VIEW, LEVEL_ZONE, LEVEL_SERVER, LEVEL_COUNT };

/* The statements of health-check except name and type. */
enum field { ACCEPT, INTERVAL, TIMEOUT, RISE, FALL, MODE, DOWN_AFTER, FIELD_COUNT };

static const char *const field_names[FIELD_COUNT] = {
	[ACCEPT] = "accept",
	[INTERVAL] = "interval",
	[TIMEOUT] = "timeout",
	[RISE] = "rise",
	[FALL] = "fall",
	[MODE] = "mode",
	[DOWN_AFTER] = "down-after",
};

/* One server and a zone that uses it. */
struct setup_server_use {
	struct setup_server_use *next;
	struct s53_upstream *upstream;
	struct s53_name apex;
	unsigned view;
	bool alone; /* it is the only server of the zone's route */
	const struct s53_conf_statement *probes[LEVEL_COUNT]; /* health-check statements, or NULL */
};

struct found {
	const struct s53_conf_statement *statement; /* NULL: the default */
	enum level level;
};

struct probe_query {
	struct s53_name name;
	uint16_t type; /* 0: the default for the name */
	enum level level;
	struct found by_name, by_type;
	unsigned rank; /* of the default name: see rank_of() */
};

/* The check of one server while it is built. */
struct check_builder {
	struct check_builder *next;
	struct check_builder *bucket_next;
	struct s53_snapshot_check *out; /* the snapshot's */
	struct probe_query probe_query;
	struct s53_name apex; /* the zone with the highest rank */
	unsigned apex_rank;
	uint32_t alone_ms; /* the default of down-after; 0: it is never the only server */
	struct found fields[FIELD_COUNT];
	bool warned;
};

void
setup_health_check_add(struct setup_builder *builder, const struct setup_peers *peers,
    struct s53_upstream *upstream, const struct s53_conf_statement *server)
{
	struct setup_server_use *use = s53_arena_zalloc(&builder->scratch, sizeof(*use));
	static const char name[] = "health-check";

	if (use == NULL) {
		builder->no_memory = true;
		return;
	}
	use->upstream = upstream;
	use->apex = *peers->apex;
	use->view = peers->view;
	use->probes[LEVEL_OPTIONS] = s53_setup_option(builder->input->source, NULL, name);
	use->probes[LEVEL_VIEW] = s53_conf_find(peers->view_body, name);
	use->probes[LEVEL_ZONE] = s53_conf_find(peers->zone_body, name);
	use->probes[LEVEL_SERVER] = s53_conf_find(server != NULL ? server->body : NULL, name);
	*builder->uses_last = use;
	builder->uses_last = &use->next;
}

void
setup_health_check_alone(struct setup_builder *builder)
{
	if (builder->no_memory)
		return;
	S53_CONTAINER_OF(builder->uses_last, struct setup_server_use, next)->alone = true;
}

/* The innermost statement `name`. */
static struct found
find(const struct setup_server_use *use, const char *name)
{
	struct found found = { .statement = NULL };

	for (unsigned level = LEVEL_COUNT - 1; level > LEVEL_DEFAULT; level--) {
		const struct s53_conf_statement *probe = use->probes[level];

		found.statement = s53_conf_find(probe != NULL ? probe->body : NULL, name);
		if (found.statement != NULL) {
			found.level = (enum level)level;
			break;
		}
	}
	return found;
}

/* Is this server in the route of the name? */
static bool
is_server_of(const struct setup_builder *builder, const struct setup_server_use *use,
    const struct s53_name *name)
{
	const struct s53_view *view = &builder->snapshot->policy.views[use->view];
	const struct s53_route *route = s53_routes_find(view->routes, name);

	if (route == NULL || route->kind != S53_ROUTE_FORWARD)
		return false;
	for (unsigned i = 0; i < s53_group_size(route->group); i++)
		if (s53_group_server(route->group, i) == use->upstream)
			return true;
	return false;
}

static bool
name_of(const struct s53_conf_statement *statement, struct s53_name *out)
{
	if (s53_name_parse(statement->value.text, out) != S53_OK)
		return false;
	s53_name_lower(out);
	return true;
}

/*
 * For the default query, the zone with the highest rank is used: root, reverse, others; by depth.
 */
static unsigned
rank_of(const struct s53_name *apex)
{
	static const struct s53_name arpa = { .len = 6, .octets = "\4arpa" };
	unsigned depth = s53_name_label_count(apex);

	return depth == 0 || s53_name_is_at_or_below(apex, &arpa) ? depth : depth + S53_NAME_MAX;
}

static void
find_query(const struct setup_builder *builder, const struct setup_server_use *use,
    struct probe_query *out)
{
	struct setup_server_use seen = *use;
	struct s53_name name;

	/* A name in options or a view may belong to a route without this server. */
	for (unsigned level = LEVEL_OPTIONS; level <= LEVEL_VIEW; level++) {
		const struct s53_conf_statement *probe = use->probes[level];
		const struct s53_conf_statement *statement =
		    s53_conf_find(probe != NULL ? probe->body : NULL, "name");

		if (statement != NULL &&
		    !(name_of(statement, &name) && is_server_of(builder, use, &name)))
			seen.probes[level] = NULL;
	}
	memset(out, 0, sizeof(*out));
	out->by_name = find(&seen, "name");
	out->by_type = find(&seen, "type");
	out->level =
	    out->by_name.level > out->by_type.level ? out->by_name.level : out->by_type.level;
	if (out->by_name.statement == NULL || !name_of(out->by_name.statement, &out->name)) {
		out->name = use->apex;
		out->rank = rank_of(&use->apex);
	}
	if (out->by_type.statement != NULL)
		out->type = (uint16_t)out->by_type.statement->value.number;
}

static uint32_t
accepted(const struct s53_conf_statement *statement)
{
	uint32_t bits = 0;

	for (const struct s53_conf_words *word = statement->value.words; word != NULL;
	     word = word->next) {
		int rcode = s53_conf_rcode(word->text);

		if (rcode >= 0)
			bits |= UINT32_C(1) << rcode;
	}
	return bits;
}

static uint32_t
longest_pause(const struct s53_conf_statement *statement)
{
	if (statement->second.type == S53_CONF_NUMBER)
		return (uint32_t)statement->second.number;
	return statement->value.number > S53_PROBE_INTERVAL_MAX_S
	    ? (uint32_t)statement->value.number
	    : S53_PROBE_INTERVAL_MAX_S;
}

static enum s53_probe_mode
mode_of(const char *word)
{
	return strcmp(word, "always") == 0 ? S53_PROBE_MODE_ALWAYS
	    : strcmp(word, "never") == 0   ? S53_PROBE_MODE_NEVER
					   : S53_PROBE_MODE_LAZY;
}

static void
apply(struct s53_health_check *check, enum field field, const struct s53_conf_statement *statement)
{
	uint32_t number =
	    statement->value.type == S53_CONF_NUMBER ? (uint32_t)statement->value.number : 0;

	switch (field) {
	case ACCEPT:
		check->accept = accepted(statement);
		break;
	case INTERVAL:
		check->interval_s = number;
		check->interval_max_s = longest_pause(statement);
		break;
	case TIMEOUT:
		check->timeout_ms = number;
		break;
	case RISE:
		check->rise = number;
		break;
	case FALL:
		check->fall = number;
		break;
	case MODE:
		check->mode = mode_of(statement->value.text);
		break;
	case DOWN_AFTER:
		check->down_after_ms = number;
		break;
	case FIELD_COUNT:
		break;
	}
}

/* Do two statements of one kind have the same value? */
static bool
has_same_value(
    enum field field, const struct s53_conf_statement *one, const struct s53_conf_statement *other)
{
	struct s53_health_check a = { .type = 0 }, b = { .type = 0 };

	apply(&a, field, one);
	apply(&b, field, other);
	return a.accept == b.accept && a.interval_s == b.interval_s &&
	    a.interval_max_s == b.interval_max_s && a.timeout_ms == b.timeout_ms &&
	    a.rise == b.rise && a.fall == b.fall && a.mode == b.mode &&
	    a.down_after_ms == b.down_after_ms;
}

static void
warn_of_two(struct setup_builder *builder, struct check_builder *check,
    const struct s53_conf_statement *counts, const struct s53_conf_statement *other)
{
	char text[S53_ADDR_TEXT];

	if (check->warned)
		return;
	check->warned = true;
	builder_warn(builder, other->place,
	    "%s already has another '%s' in %s:%u:%u, which is used: a server has one health check",
	    s53_addr_print(s53_upstream_addr(check->out->upstream), text), counts->name,
	    counts->place.file != NULL ? counts->place.file : S53_FLAGS_NAME, counts->place.line,
	    counts->place.column);
}

static const struct s53_conf_statement *
clause_of(const struct probe_query *probe_query)
{
	return probe_query->by_name.statement != NULL ? probe_query->by_name.statement
						      : probe_query->by_type.statement;
}

static void
merge_query(
    struct setup_builder *builder, struct check_builder *check, const struct probe_query *other)
{
	struct probe_query *own = &check->probe_query;

	if (other->level != own->level) {
		if (other->level > own->level)
			*own = *other;
	} else if (own->by_name.statement == NULL && other->by_name.statement == NULL) {
		if (other->rank > own->rank)
			*own = *other;
	} else if (!s53_name_equal(&own->name, &other->name) || own->type != other->type) {
		warn_of_two(builder, check, clause_of(own), clause_of(other));
	}
}

static void
merge_field(struct setup_builder *builder, struct check_builder *check, enum field field,
    struct found other)
{
	struct found *own = &check->fields[field];

	if (other.level > own->level)
		*own = other;
	else if (other.level == own->level && other.statement != own->statement &&
	    !has_same_value(field, own->statement, other.statement))
		warn_of_two(builder, check, own->statement, other.statement);
}

static struct check_builder *
check_new(struct setup_builder *builder, const struct setup_server_use *use)
{
	struct check_builder *check = s53_arena_zalloc(&builder->scratch, sizeof(*check));

	if (check != NULL)
		check->out = builder_alloc(builder, sizeof(*check->out));
	if (check == NULL || check->out == NULL) {
		builder->no_memory = true;
		return NULL;
	}
	check->out->upstream = use->upstream;
	find_query(builder, use, &check->probe_query);
	check->apex = use->apex;
	check->apex_rank = rank_of(&use->apex);
	return check;
}

static void
merge_apex(struct check_builder *check, const struct setup_server_use *use)
{
	unsigned rank = rank_of(&use->apex);

	if (rank <= check->apex_rank)
		return;
	check->apex = use->apex;
	check->apex_rank = rank;
}

/*
 * A view's queries fail after their own timeout, so by default a server is not waited for longer.
 */
static void
merge_alone(const struct setup_builder *builder, struct check_builder *check,
    const struct setup_server_use *use)
{
	uint32_t ms = builder->snapshot->policy.views[use->view].query_timeout_ms;

	if (!use->alone)
		return;
	if (ms > S53_PROBE_DOWN_AFTER_MS)
		ms = S53_PROBE_DOWN_AFTER_MS;
	if (ms > check->alone_ms)
		check->alone_ms = ms;
}

/* Merge one more zone that uses the server. */
static void
merge(
    struct setup_builder *builder, struct check_builder *check, const struct setup_server_use *use)
{
	struct probe_query probe_query;

	find_query(builder, use, &probe_query);
	merge_query(builder, check, &probe_query);
	merge_apex(check, use);
	merge_alone(builder, check, use);
	for (unsigned i = 0; i < FIELD_COUNT; i++)
		merge_field(builder, check, (enum field)i, find(use, field_names[i]));
}

/* If a zone has several servers, another one is queried at once. `told`: last one warned of. */
static void
warn_of_several(struct setup_builder *builder, const struct check_builder *check,
    const struct s53_conf_statement **told)
{
	const struct found *found = &check->fields[DOWN_AFTER];
	char text[S53_ADDR_TEXT];

	if (found->level != LEVEL_ZONE || check->alone_ms != 0 || found->statement == *told)
		return;
	*told = found->statement;
	builder_warn(builder, found->statement->place,
	    "'down-after' has no effect: %s is not the only server of any zone",
	    s53_addr_print(s53_upstream_addr(check->out->upstream), text));
}

static void
finish(const struct check_builder *check)
{
	struct s53_snapshot_check *out = check->out;

	s53_health_check_init(&out->check, &check->probe_query.name);
	s53_health_check_set_liveness(&out->check, &check->apex);
	out->check.down_after_ms = check->alone_ms;
	if (check->probe_query.type != 0)
		out->check.type = check->probe_query.type;
	out->written = check->probe_query.level != LEVEL_DEFAULT;
	for (unsigned i = 0; i < FIELD_COUNT; i++) {
		if (check->fields[i].statement == NULL)
			continue;
		apply(&out->check, (enum field)i, check->fields[i].statement);
		out->written = true;
	}
	out->down_after_written =
	    check->fields[DOWN_AFTER].statement != NULL && check->alone_ms != 0;
	if (check->alone_ms == 0)
		out->check.down_after_ms = 0;
}

/* In the order of their first use, and hashed by server, as there may be thousands. */
struct check_builders {
	struct check_builder *first, **last;
	struct check_builder *buckets[CHECK_BUCKETS];
};

/* The check of the server, made if there is none. NULL: out of memory. */
static struct check_builder *
check_of(struct setup_builder *builder, struct check_builders *checks,
    const struct setup_server_use *use)
{
	size_t bucket = ((uintptr_t)use->upstream >> 6) % CHECK_BUCKETS;
	struct check_builder *check = checks->buckets[bucket];

	while (check != NULL && check->out->upstream != use->upstream)
		check = check->bucket_next;
	if (check != NULL || (check = check_new(builder, use)) == NULL)
		return check;
	check->bucket_next = checks->buckets[bucket];
	checks->buckets[bucket] = check;
	*checks->last = check;
	checks->last = &check->next;
	return check;
}

/* Warn of a name in options or a view that no route of these views forwards. */
static void
warn_of_unused(struct setup_builder *builder, const struct s53_conf_statement *probe,
    unsigned first_view, unsigned count)
{
	const struct s53_conf_statement *statement =
	    s53_conf_find(probe != NULL ? probe->body : NULL, "name");
	struct s53_name name;

	if (statement == NULL || !name_of(statement, &name))
		return;
	for (unsigned i = first_view; i < first_view + count; i++) {
		const struct s53_route *route =
		    s53_routes_find(builder->snapshot->policy.views[i].routes, &name);

		if (route != NULL && route->kind == S53_ROUTE_FORWARD)
			return;
	}
	builder_warn(builder, statement->place,
	    "no server gets queries for '%s': this 'name' of health-check has no effect",
	    statement->value.text);
}

static void
warn_of_names(struct setup_builder *builder)
{
	const struct s53_conf_statement *probe = NULL;

	if (builder->uses != NULL)
		warn_of_unused(builder, builder->uses->probes[LEVEL_OPTIONS], 0,
		    builder->snapshot->policy.view_count);
	/* Uses of the same view are adjacent. */
	for (const struct setup_server_use *use = builder->uses; use != NULL; use = use->next) {
		if (use->probes[LEVEL_VIEW] == probe)
			continue;
		probe = use->probes[LEVEL_VIEW];
		warn_of_unused(builder, probe, use->view, 1);
	}
}

void
setup_health_checks(struct setup_builder *builder)
{
	struct s53_snapshot_check **out = &builder->snapshot->checks;
	struct check_builders checks = { .last = &checks.first };
	const struct s53_conf_statement *told = NULL;

	warn_of_names(builder);
	for (const struct setup_server_use *use = builder->uses; use != NULL; use = use->next) {
		struct check_builder *check = check_of(builder, &checks, use);

		if (check == NULL)
			return;
		merge(builder, check, use);
	}
	for (struct check_builder *check = checks.first; check != NULL; check = check->next) {
		finish(check);
		warn_of_several(builder, check, &told);
		*out = check->out;
		out = &check->out->next;
	}
}
