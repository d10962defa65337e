/* SPDX-License-Identifier: ISC
 *
 * view.c - views and their access lists, with BIND's inheritance.
 *
 * Sources  BIND 9 ARM, "Access Control": allow-recursion, allow-query-cache and allow-query inherit
 *          from one another in a fixed order.
 */
#include "builder.h"

#include <string.h>
#include <unistd.h>

#include <split53/hash.h>

/* BIND: 10 s. Stub resolvers time out after 5 s; the response must be there before that. */
#define QUERY_TIMEOUT_MS 4500
#define EDNS_UDP_SIZE 1232
#define LOOPBACK_UDP_SIZE 65507 /* the longest datagram over IPv4 */
/* BIND's default, if clients-per-query is set. */
#define MAX_CLIENTS_PER_QUERY 100

/* The statements that `name` inherits from, in order, and its default. */
struct inheritance {
	const char *name;
	const char *inherits_from[2];
	enum s53_setup_default otherwise;
};

static const struct inheritance inheritances[] = {
	{ "allow-query", { NULL, NULL }, S53_ACCESS_ANY },
	{ "allow-query-on", { NULL, NULL }, S53_ACCESS_ANY },
	{ "allow-recursion", { "allow-query-cache", "allow-query" }, S53_ACCESS_LOCAL },
	{ "allow-recursion-on", { "allow-query-cache-on", NULL }, S53_ACCESS_ANY },
	{ "allow-query-cache", { "allow-recursion", "allow-query" }, S53_ACCESS_LOCAL },
	{ "allow-query-cache-on", { "allow-recursion-on", NULL }, S53_ACCESS_ANY },
};

const struct s53_conf_statement *
s53_setup_access(const struct s53_source *source, const struct s53_conf_statement *view_body,
    const char *name, enum s53_setup_default *otherwise)
{
	const struct inheritance *rule = inheritances;
	const struct s53_conf_statement *statement;

	while (strcmp(rule->name, name) != 0)
		rule++;
	*otherwise = rule->otherwise;
	/* As in BIND: without recursion, by default no client gets the cache. */
	if (strcmp(name, "allow-query-cache") == 0 &&
	    !setup_option_bool(source, view_body, "recursion", true))
		*otherwise = S53_ACCESS_NONE;
	statement = s53_setup_option(source, view_body, name);
	for (unsigned i = 0; i < 2 && statement == NULL && rule->inherits_from[i] != NULL; i++)
		statement = s53_setup_option(source, view_body, rule->inherits_from[i]);
	return statement;
}

static struct s53_acl *
access_list(struct setup_builder *builder, const struct s53_conf_statement *body, const char *name)
{
	enum s53_setup_default otherwise;
	const struct s53_conf_statement *statement =
	    s53_setup_access(builder->input->source, body, name, &otherwise);

	if (statement != NULL && statement->value.type == S53_CONF_MATCH)
		return setup_acl(builder, statement->value.match);
	return setup_acl_default(builder, otherwise);
}

static struct s53_acl *
match_list(struct setup_builder *builder, const struct s53_conf_statement *body, const char *name)
{
	const struct s53_conf_statement *statement = s53_conf_find(body, name);

	if (statement == NULL || statement->value.type != S53_CONF_MATCH)
		return NULL;
	return setup_acl(builder, statement->value.match);
}

static void
setup_match(
    struct setup_builder *builder, struct s53_view *view, const struct s53_conf_statement *body)
{
	const struct s53_conf_statement *statement = s53_conf_find(body, "match-recursive-only");

	view->match_clients = match_list(builder, body, "match-clients");
	view->match_destinations = match_list(builder, body, "match-destinations");
	view->match_recursive_only = statement != NULL && statement->value.boolean;
}

static void
setup_access(
    struct setup_builder *builder, struct s53_view *view, const struct s53_conf_statement *body)
{
	view->recursion = setup_option_bool(builder->input->source, body, "recursion", true);
	view->allow_query = access_list(builder, body, "allow-query");
	view->allow_query_on = access_list(builder, body, "allow-query-on");
	view->allow_query_cache = access_list(builder, body, "allow-query-cache");
	view->allow_query_cache_on = access_list(builder, body, "allow-query-cache-on");
	view->allow_recursion = access_list(builder, body, "allow-recursion");
	view->allow_recursion_on = access_list(builder, body, "allow-recursion-on");
}

/* version, hostname and server-id (RFC 4892): a text, the machine's name, or none. */
static const char *
identity(struct setup_builder *builder, const char *name, const char *otherwise)
{
	const struct s53_conf_statement *statement =
	    s53_setup_option(builder->input->source, NULL, name);
	char host[256] = "";

	if (statement != NULL && statement->value.type == S53_CONF_TEXT) {
		otherwise = statement->value.text;
		if (!statement->value.quoted && strcmp(otherwise, "none") == 0)
			return NULL;
		if (statement->value.quoted || strcmp(otherwise, "hostname") != 0)
			return builder_text(builder, "%s", otherwise);
	}
	if (otherwise == NULL || strcmp(otherwise, "hostname") != 0)
		return otherwise;
	if (gethostname(host, sizeof(host) - 1) != 0)
		return NULL;
	return builder_text(builder, "%s", host);
}

/* A statement in options is warned of once, in the first view. */
static bool
is_first_warning(const struct setup_builder *builder, const struct s53_conf_statement *view_body)
{
	return builder->snapshot->policy.view_count == 0 ||
	    s53_conf_find(view_body, "clients-per-query") != NULL ||
	    s53_conf_find(view_body, "max-clients-per-query") != NULL;
}

static void
setup_clients_per_query(struct setup_builder *builder, struct s53_view *view,
    const struct s53_conf_statement *view_body)
{
	const struct s53_source *source = builder->input->source;
	const struct s53_conf_statement *written =
	    s53_setup_option(source, view_body, "max-clients-per-query");
	uint64_t least = setup_option_number(source, view_body, "clients-per-query", 0);
	uint64_t most =
	    setup_option_number(source, view_body, "max-clients-per-query", MAX_CLIENTS_PER_QUERY);

	if (least == 0) {
		if (written != NULL && most != 0 && is_first_warning(builder, view_body))
			builder_warn_differs(builder, written->place,
			    "'max-clients-per-query' [differs]: it has no effect without "
			    "'clients-per-query', whose default is 0 (no limit)");
		return;
	}
	if (most != 0 && most < least) { /* as BIND 9.20 */
		if (written != NULL && is_first_warning(builder, view_body))
			builder_warn(builder, written->place,
			    "'max-clients-per-query' is less than 'clients-per-query': %u is "
			    "raised to %u",
			    (unsigned)most, (unsigned)least);
		most = least;
	}
	view->clients_per_query = (unsigned)least;
	view->max_clients_per_query = (unsigned)most;
}

static void
setup_limits(
    struct setup_builder *builder, struct s53_view *view, const struct s53_conf_statement *body)
{
	const struct s53_source *source = builder->input->source;

	view->minimal_any = setup_option_bool(source, body, "minimal-any", false);
	view->udp_size_max =
	    (uint16_t)setup_option_number(source, body, "max-udp-size", EDNS_UDP_SIZE);
	view->udp_size_loopback = s53_setup_option(source, body, "max-udp-size") != NULL
	    ? view->udp_size_max
	    : LOOPBACK_UDP_SIZE;
	view->edns_udp_size =
	    (uint16_t)setup_option_number(source, body, "edns-udp-size", EDNS_UDP_SIZE);
	view->query_timeout_ms =
	    (uint32_t)setup_option_number(source, body, "resolver-query-timeout", 0);
	if (view->query_timeout_ms == 0)
		view->query_timeout_ms = QUERY_TIMEOUT_MS;
	setup_clients_per_query(builder, view, body);
	view->version = identity(builder, "version", "split53 " S53_VERSION);
	view->hostname = identity(builder, "hostname", "hostname");
	view->server_id = identity(builder, "server-id", NULL);
}

/*
 * The ID is part of the cache's key. It is unique, since views must not share responses, and the
 * same in every process, since the cache file outlives the process.
 */
static uint32_t
view_id(const struct s53_policy *policy, const char *name)
{
	uint32_t id = (uint32_t)s53_hash_stable(name, strlen(name));

	for (unsigned i = 0; i < policy->view_count; i++) {
		if (policy->views[i].id == id) {
			id++;
			i = UINT32_MAX; /* start over */
		}
	}
	return id;
}

static void
setup_view(struct setup_builder *builder, const struct s53_conf_statement *statement)
{
	struct s53_policy *policy = &builder->snapshot->policy;
	struct s53_view *view = &policy->views[policy->view_count];
	const struct s53_conf_statement *body = statement != NULL ? statement->body : NULL;

	view->name = builder_text(builder, "%s",
	    statement != NULL && statement->label != NULL ? statement->label : "_default");
	if (view->name == NULL)
		return;
	view->id = view_id(policy, view->name);
	setup_access(builder, view, body);
	setup_limits(builder, view, body);
	setup_cache_answering(builder, body, &view->answering);
	setup_zones(builder, policy->view_count, statement);
	policy->view_count++;
}

static void
setup_query_log(struct setup_builder *builder)
{
	const struct s53_source *source = builder->input->source;
	const struct s53_conf_statement *logging = s53_conf_find(s53_setup_top(source), "logging");
	const struct s53_conf_statement *category =
	    s53_conf_find(logging != NULL ? logging->body : NULL, "category");
	struct s53_policy *policy = &builder->snapshot->policy;
	bool has_queries = false;

	/* As in BIND: a category `queries` turns the query log on, unless `querylog` is set. */
	for (; category != NULL; category = s53_conf_find(category->next, "category"))
		has_queries = has_queries || strcmp(category->label, "queries") == 0;
	policy->query_log = setup_option_bool(source, NULL, "querylog", has_queries);
	policy->response_log = setup_option_bool(source, NULL, "responselog", false);
	s53_policy_set_watch(policy, S53_WATCH_QUERIES, policy->query_log);
	s53_policy_set_watch(policy, S53_WATCH_RESPONSES, policy->response_log);
}

void
setup_views(struct setup_builder *builder)
{
	const struct s53_source *source = builder->input->source;
	const struct s53_conf_statement *statement;
	unsigned count = 0;

	setup_query_log(builder);
	for (statement = s53_setup_next_view(source, NULL); statement != NULL;
	     statement = s53_setup_next_view(source, statement))
		count++;
	builder->snapshot->policy.views = builder_alloc(
	    builder, (count > 0 ? count : 1) * sizeof(*builder->snapshot->policy.views));
	if (builder->snapshot->policy.views == NULL)
		return;
	/* A view's servers may be addresses that another view answers on: see itself.c. */
	for (statement = s53_setup_next_view(source, NULL), count = 0; statement != NULL;
	     statement = s53_setup_next_view(source, statement))
		setup_match(builder, &builder->snapshot->policy.views[count++], statement->body);
	if (count == 0)
		setup_view(builder, NULL);
	for (statement = s53_setup_next_view(source, NULL); statement != NULL;
	     statement = s53_setup_next_view(source, statement))
		setup_view(builder, statement);
}
