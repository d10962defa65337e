/* SPDX-License-Identifier: ISC
 *
 * world.c - the policy that the settings of a scenario describe, and the resolver with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/capability.h>
#include <split53/clock.h>

#include "replay.h"

#define START_MS 1000000

static void
policy_released(struct s53_policy *policy)
{
	(void)policy;
}

void
world_init(struct world *world)
{
	world->now_ms = START_MS;
	s53_clock_test_set(START_MS);
	world->registry = s53_registry_new();
	world->rules = (struct s53_cache_rules){ .max_ttl_s = 604800,
		.max_ncache_ttl_s = 10800,
		.servfail_ttl_s = 1,
		.max_stale_s = 86400,
		.stale_answer_ttl_s = 30,
		.stale_refresh_s = 30,
		.stale_client_timeout_ms = S53_STALE_TIMEOUT_OFF,
		.prefetch_trigger_s = 2,
		.prefetch_eligible_s = 9 };
	world->order = (struct s53_order_rule){ .any_name = true, .order = S53_ORDER_NONE };
	world->orders = (struct s53_order_list){ 1, &world->order };
	world->view = (struct s53_view){ .id = 1,
		.name = "_default",
		.answering = { &world->rules, &world->orders, S53_MINIMAL_NO_AUTH_RECURSIVE },
		.recursion = true,
		.udp_size_max = 1232,
		.udp_size_loopback = 1232,
		.edns_udp_size = 1232,
		.query_timeout_ms = 4500,
		.version = "split53",
		.hostname = "replay",
		.routes = s53_routes_new() };
	world->policy = (struct s53_policy){ .count = 1,
		.release = policy_released,
		.recursive_clients = 1000,
		.tcp_keepalive_100ms = 300,
		.view_count = 1,
		.views = &world->view };
	world->exchanger = s53_exchanger_new(NULL, &world->counters);
}

void
world_start(struct world *world)
{
	world->resolver =
	    s53_resolver_new(world->exchanger, &world->counters, &world->shared, &world->policy);
}

void
world_fini(struct world *world)
{
	s53_resolver_free(world->resolver);
	s53_exchanger_free(world->exchanger);
	s53_cache_drop(world->policy.cache);
	s53_routes_free(world->view.routes);
	for (unsigned i = 0; i < world->group_count; i++)
		s53_group_free(world->groups[i]);
	for (unsigned i = 0; i < world->zone_count; i++)
		s53_zone_drop(world->zones[i]);
	s53_registry_free(world->registry);
	s53_acl_drop(world->policy.blackhole);
	s53_acl_drop(world->view.allow_query);
	s53_acl_drop(world->view.allow_recursion);
	s53_acl_drop(world->view.allow_query_cache);
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		free(world->askers[i].reply);
		free(world->askers[i].room);
	}
	for (unsigned i = 0; i < world->script.count; i++)
		free(world->script.lines[i]);
	free(world->script.lines);
}

static void
add_route(struct world *world, struct s53_route *route, const char *apex)
{
	if (s53_name_parse(apex, &route->apex) != S53_OK)
		fail(&world->script, "'%s' is no name", apex);
	s53_name_lower(&route->apex);
	route->ede = S53_EDE_NONE;
	if (s53_routes_add(world->view.routes, route) != S53_OK)
		fail(&world->script, "this route is there already");
}

/* Options of the cache under the names of BIND, with its units. */
static bool
set_cache_option(struct world *world, const char *name, const char *value)
{
	struct s53_cache_rules *rules = &world->rules;
	const struct {
		const char *name;
		uint32_t *number;
	} numbers[] = {
		{ "max-cache-ttl", &rules->max_ttl_s },
		{ "min-cache-ttl", &rules->min_ttl_s },
		{ "max-ncache-ttl", &rules->max_ncache_ttl_s },
		{ "min-ncache-ttl", &rules->min_ncache_ttl_s },
		{ "servfail-ttl", &rules->servfail_ttl_s },
		{ "max-stale-ttl", &rules->max_stale_s },
		{ "stale-answer-ttl", &rules->stale_answer_ttl_s },
		{ "stale-refresh-time", &rules->stale_refresh_s },
		{ "stale-answer-client-timeout", &rules->stale_client_timeout_ms },
		{ "prefetch", &rules->prefetch_trigger_s },
		{ "prefetch-eligible", &rules->prefetch_eligible_s },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (strcmp(name, numbers[i].name) == 0) {
			*numbers[i].number = (uint32_t)strtoul(value, NULL, 10);
			return true;
		}
	}
	if (strcmp(name, "cache") == 0) {
		world->policy.cache = s53_cache_new(strtoull(value, NULL, 10));
		rules->enabled = true;
	} else if (strcmp(name, "stale-answer-enable") == 0)
		rules->stale_keep = rules->stale_answer = strcmp(value, "yes") == 0;
	else if (strcmp(name, "stale-zero-ttl") == 0)
		rules->stale_zero_ttl = strcmp(value, "yes") == 0;
	else if (strcmp(name, "stale-cache-enable") == 0)
		rules->stale_keep = strcmp(value, "yes") == 0;
	else
		return false;
	return true;
}

/* per-server N [drop], per-zone N [drop] */
static struct s53_quota
quota_of(char **words, unsigned count, const char *name)
{
	struct s53_quota quota = { 0 };

	for (unsigned i = 0; i + 1 < count; i++) {
		if (strcmp(words[i], name) != 0)
			continue;
		quota.limit = (unsigned)strtoul(words[i + 1], NULL, 10);
		quota.drop = i + 2 < count && strcmp(words[i + 2], "drop") == 0;
	}
	return quota;
}

static struct s53_group_rules
rules_of(struct world *world, char **words, unsigned count)
{
	static const char *const policies[] = { "fastest", "ordered", "round-robin", "random",
		"least-outstanding", "race" };
	struct s53_group_rules rules = { .per_server = quota_of(words, count, "per-server"),
		.per_zone = quota_of(words, count, "per-zone") };
	const char *policy = word_after(words, count, "policy");
	unsigned i = 0;

	while (policy != NULL && i < 6 && strcmp(policy, policies[i]) != 0)
		i++;
	if (i == 6)
		fail(&world->script, "unknown policy '%s'", policy);
	rules.policy = (enum s53_forwarders_policy)i;
	rules.no_caps = has_word(words, count, "no-caps");
	return rules;
}

/* The only server of a route is down after 4500 ms by default, as in setup: `down-after MS`. */
static void
set_down_after(const struct s53_route *route, const char *apex, char **words, unsigned count)
{
	const char *down_after = word_after(words, count, "down-after");
	struct s53_health_check check;
	struct s53_name name;

	if (s53_group_size(route->group) != 1 || s53_name_parse(apex, &name) != S53_OK)
		return;
	s53_health_check_init(&check, &name);
	check.down_after_ms = 4500;
	if (down_after != NULL)
		check.down_after_ms = (uint32_t)strtoul(down_after, NULL, 10);
	s53_upstream_set_check(s53_group_server(route->group, 0), &check);
}

/*
 * Most scenarios are about something else: their servers are known to accept AD and any letter
 * case.
 */
static struct s53_upstream *
get_server(struct world *world, const struct s53_addr *addr,
    const struct s53_upstream_options *options, bool unknown)
{
	struct s53_upstream *server = s53_registry_get(world->registry, addr, options);

	if (!unknown) {
		s53_upstream_show(server, S53_CAPABILITY_AD, START_MS);
		s53_upstream_show(server, S53_CAPABILITY_CASE, START_MS);
	}
	return server;
}

/*
 * route APEX ADDR#PORT ... [noedns] [tcp-only] [no-caps] [unknown] [no-cache] [copy | stub] [policy
 * P] [per-server N [drop]] [per-zone N [drop]] [down-after MS]; `tier N` applies to the addresses
 * after it
 */
static void
set_route(struct world *world, char **words, unsigned count)
{
	static const struct s53_cache_rules no_cache;
	static const struct s53_answering uncached = { &no_cache, NULL,
		S53_MINIMAL_NO_AUTH_RECURSIVE };
	struct s53_route route = { .kind = S53_ROUTE_FORWARD, .id = ++world->route_count };
	struct s53_upstream_options options = { .edns = !has_word(words, count, "noedns"),
		.tcp_only = has_word(words, count, "tcp-only") };
	struct s53_group_member members[S53_GROUP_MAX];
	struct s53_group_rules rules = rules_of(world, words, count);
	unsigned server_count = 0, tier = 1;

	for (unsigned i = 2; i < count; i++) {
		struct s53_addr addr;

		if (strcmp(words[i - 1], "tier") == 0)
			tier = (unsigned)strtoul(words[i], NULL, 10);
		else if (s53_addr_parse_port(words[i], 53, &addr) == S53_OK)
			members[server_count++] =
			    (struct s53_group_member){ .server = get_server(world, &addr, &options,
							   has_word(words, count, "unknown")),
				    .tier = tier };
	}
	if (has_word(words, count, "copy"))
		route.rights = S53_RIGHTS_COPY;
	if (has_word(words, count, "stub"))
		route.rights = S53_RIGHTS_STUB;
	if (has_word(words, count, "no-cache"))
		route.answering = &uncached;
	route.group = s53_group_new(members, server_count, &rules);
	world->groups[world->group_count++] = route.group;
	set_down_after(&route, words[1], words, count);
	for (unsigned i = 0; i < server_count; i++)
		s53_upstream_drop(members[i].server);
	add_route(world, &route, words[1]);
}

static struct s53_acl *
acl_of(struct world *world, const char *word)
{
	struct s53_acl *acl = s53_acl_new();
	struct s53_prefix prefix;

	if (s53_prefix_parse(word, &prefix) != S53_OK ||
	    s53_acl_add_prefix(acl, false, &prefix) != S53_OK)
		fail(&world->script, "'%s' is no prefix", word);
	return acl;
}

/* local APEX [PREFIX of the clients allowed], then the lines of the zone, then `end` */
static void
set_local(struct world *world, char **words, unsigned count)
{
	struct s53_route route = { .kind = S53_ROUTE_LOCAL };
	struct script *script = &world->script;
	struct s53_diags diags;
	struct s53_name apex;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	while (script->at < script->count && strcmp(script->lines[script->at], "end") != 0)
		fprintf(file, "%s\n", script->lines[script->at++]);
	script->at++;
	fclose(file);
	s53_diags_init(&diags);
	if (s53_name_parse(words[1], &apex) != S53_OK ||
	    s53_zone_parse(words[1], text, &apex, &diags, &route.zone) != S53_OK) {
		s53_diags_print(&diags, stderr);
		fail(script, "bad zone");
	}
	s53_diags_fini(&diags);
	free(text);
	world->zones[world->zone_count++] = route.zone;
	if (count > 2)
		route.allow_query = acl_of(world, words[2]);
	add_route(world, &route, words[1]);
	s53_acl_drop(route.allow_query);
}

static void
set_acl(struct world *world, struct s53_acl **list, const char *word)
{
	s53_acl_drop(*list);
	*list = acl_of(world, word);
}

static void
set_option(struct world *world, char **words, unsigned count)
{
	const char *name = words[1];
	const char *value = count > 2 ? words[2] : "";

	if (strcmp(name, "recursion") == 0)
		world->view.recursion = strcmp(value, "yes") == 0;
	else if (strcmp(name, "minimal-any") == 0)
		world->view.minimal_any = strcmp(value, "yes") == 0;
	else if (strcmp(name, "max-udp-size") == 0)
		world->view.udp_size_max = world->view.udp_size_loopback =
		    (uint16_t)strtoul(value, NULL, 10);
	else if (strcmp(name, "udp-size-on-loopback") == 0)
		world->view.udp_size_loopback = (uint16_t)strtoul(value, NULL, 10);
	else if (strcmp(name, "resolver-query-timeout") == 0)
		world->view.query_timeout_ms = (uint32_t)strtoul(value, NULL, 10);
	else if (strcmp(name, "clients-per-query") == 0)
		world->view.clients_per_query = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "max-clients-per-query") == 0)
		world->view.max_clients_per_query = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "recursive-clients") == 0)
		world->policy.recursive_clients = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "allow-query") == 0)
		world->view.allow_query = acl_of(world, value);
	else if (strcmp(name, "allow-recursion") == 0) {
		set_acl(world, &world->view.allow_recursion, value);
		set_acl(world, &world->view.allow_query_cache, value); /* unless set after it */
	} else if (strcmp(name, "allow-query-cache") == 0)
		set_acl(world, &world->view.allow_query_cache, value);
	else if (strcmp(name, "blackhole") == 0)
		world->policy.blackhole = acl_of(world, value);
	else if (strcmp(name, "server-id") == 0)
		world->view.server_id = "replay-id";
	else if (!set_cache_option(world, name, value))
		fail(&world->script, "unknown option '%s'", name);
}

bool
world_setting(struct world *world, char **words, unsigned count)
{
	if (count < 2)
		return false;
	if (strcmp(words[0], "route") == 0)
		set_route(world, words, count);
	else if (strcmp(words[0], "local") == 0)
		set_local(world, words, count);
	else if (strcmp(words[0], "option") == 0)
		set_option(world, words, count);
	else
		return false;
	return true;
}
