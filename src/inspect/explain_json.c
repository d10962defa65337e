/* SPDX-License-Identifier: ISC
 *
 * explain_json.c - see explain_json.h. Names and values are documented in docs/operations.md.
 */
#include "explain_json.h"

#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include <split53/clock.h>
#include <split53/header.h>
#include <split53/mnemonic.h>
#include <split53/render.h>

void
explain_json_text(struct json_object *json, const char *name, const char *value)
{
	if (json != NULL)
		json_object_object_add(json, name, json_object_new_string(value));
}

void
explain_json_flag(struct json_object *json, const char *name, bool value)
{
	if (json != NULL)
		json_object_object_add(json, name, json_object_new_boolean(value));
}

static void
add_number(struct json_object *json, const char *name, uint64_t value)
{
	json_object_object_add(json, name, json_object_new_uint64(value));
}

void
explain_json_route(
    struct json_object *json, const struct s53_route *route, const struct s53_route_note *note)
{
	struct json_object *object;
	char apex[S53_NAME_TEXT];

	if (json == NULL)
		return;
	object = json_object_new_object();
	explain_json_text(object, "zone", s53_name_print(&route->apex, apex));
	explain_json_text(object, "kind",
	    route->kind == S53_ROUTE_LOCAL         ? "local"
		: route->kind == S53_ROUTE_FORWARD ? "forward"
						   : "none");
	explain_json_text(
	    object, "source", note != NULL && note->text != NULL ? note->text : "a built-in zone");
	explain_json_text(object, "place", note != NULL ? note->place : "built in");
	json_object_object_add(json, "route", object);
}

static void
add_quota(struct json_object *json, const char *name, const struct s53_quota *quota)
{
	struct json_object *object;

	if (quota->limit == 0)
		return;
	object = json_object_new_object();
	add_number(object, "limit", quota->limit);
	explain_json_text(object, "over-it", quota->drop ? "drop" : "fail");
	json_object_object_add(json, name, object);
}

static struct json_object *
policy_json(const struct s53_group_rules *rules)
{
	struct json_object *json = json_object_new_object();

	explain_json_text(json, "forwarders-policy", s53_setup_policy_name(rules->policy));
	add_quota(json, "fetches-per-server", &rules->per_server);
	add_quota(json, "fetches-per-zone", &rules->per_zone);
	return json;
}

/* Health over the protocol that the next query would use, as the text has it. */
static void
add_health(struct json_object *json, struct s53_upstream *upstream)
{
	uint64_t now_ms = s53_clock_ms();
	bool tcp = s53_upstream_wants_tcp(upstream);
	const struct s53_health_report *path;
	struct s53_upstream_report report;

	s53_upstream_report(upstream, &report, now_ms);
	path = &report.path[tcp ? S53_OVER_TCP : S53_OVER_UDP];
	explain_json_text(json, "set", s53_admin_name(report.admin));
	explain_json_text(json, "over", tcp ? "TCP" : "UDP");
	explain_json_text(json, "state", s53_health_state_name(path->state));
	if (path->reason != S53_REASON_NONE)
		explain_json_text(json, "reason", s53_health_reason_name(path->reason));
	if (path->since_ms != 0)
		add_number(json, "state-ms", s53_clock_since_ms(path->since_ms, now_ms));
	if (path->has_rtt)
		add_number(json, "rtt-ms", path->rtt_ms);
	if (path->asked)
		add_number(json, "loss-permille", path->loss_permille);
}

static struct json_object *
server_json(const struct s53_group *group, unsigned index)
{
	struct s53_upstream *upstream = s53_group_server(group, index);
	const struct s53_upstream_options *options = s53_upstream_options(upstream);
	struct json_object *json = json_object_new_object();
	char text[S53_ADDR_TEXT];

	explain_json_text(json, "server", s53_addr_print(s53_upstream_addr(upstream), text));
	add_number(json, "tier", s53_group_tier(group, index));
	explain_json_flag(json, "tcp-only", options->tcp_only);
	explain_json_flag(json, "edns", options->edns);
	if (options->edns)
		add_number(json, "edns-udp-size", options->edns_udp_size);
	add_health(json, upstream);
	return json;
}

void
explain_json_group(struct json_object *json, const struct s53_group *group)
{
	struct json_object *servers;

	if (json == NULL)
		return;
	servers = json_object_new_array();
	json_object_object_add(json, "policy", policy_json(s53_group_rules(group)));
	for (unsigned i = 0; i < s53_group_size(group); i++)
		json_object_array_add(servers, server_json(group, i));
	json_object_object_add(json, "upstreams", servers);
}

void
explain_json_cache_rules(struct json_object *json, const struct s53_cache_rules *rules)
{
	struct json_object *object = NULL;

	if (json == NULL)
		return;
	if (rules->enabled) {
		object = json_object_new_object();
		add_number(object, "min-cache-ttl", rules->min_ttl_s);
		add_number(object, "max-cache-ttl", rules->max_ttl_s);
		add_number(object, "min-ncache-ttl", rules->min_ncache_ttl_s);
		add_number(object, "max-ncache-ttl", rules->max_ncache_ttl_s);
		add_number(object, "servfail-ttl", rules->servfail_ttl_s);
		explain_json_flag(object, "stale-cache", rules->stale_keep);
		explain_json_flag(object, "stale-answers", rules->stale_answer);
		if (rules->stale_keep)
			add_number(object, "max-stale-ttl", rules->max_stale_s);
	}
	json_object_object_add(json, "cache", object);
}

/* The lines of a dump without its comments. NULL: out of memory. */
static struct json_object *
records_json(const uint8_t *message, size_t len)
{
	const struct s53_render_cached rendered = { .message = message, .len = len };
	struct json_object *records = json_object_new_array();
	size_t size = 0;
	char *text = NULL, *rest = NULL;
	FILE *out = open_memstream(&text, &size);
	bool fine = out != NULL && s53_render_cached(out, &rendered);

	if (out != NULL && fclose(out) != 0)
		fine = false;
	if (fine)
		for (char *line = strtok_r(text, "\n", &rest); line != NULL;
		     line = strtok_r(NULL, "\n", &rest))
			if (line[0] != ';')
				json_object_array_add(records, json_object_new_string(line));
	free(text);
	return records;
}

void
explain_json_cached(
    struct json_object *json, enum s53_freshness freshness, const uint8_t *message, size_t len)
{
	static const char *const states[] = {
		[S53_CACHE_MISS] = "none",
		[S53_CACHE_FRESH] = "fresh",
		[S53_CACHE_STALE] = "stale",
		[S53_CACHE_FAILURE] = "failure",
		[S53_CACHE_CUT] = "cut",
	};
	struct json_object *object;
	char rcode[S53_MNEMONIC_TEXT];

	if (json == NULL)
		return;
	object = json_object_new_object();
	explain_json_text(object, "state", states[freshness]);
	if (len > 0) {
		uint32_t ttl = s53_message_least_ttl(message, len);

		explain_json_text(
		    object, "rcode", s53_rcode_print(s53_header_rcode(message), rcode));
		if (ttl != UINT32_MAX)
			add_number(object, "ttl", ttl);
		json_object_object_add(object, "records", records_json(message, len));
	}
	json_object_object_add(json, "in-cache", object);
}
