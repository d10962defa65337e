/* SPDX-License-Identifier: ISC
 *
 * explain.h - a dry run: a configuration that is built for --check and --explain.
 *
 * Layer    inspect
 * Threads  main thread
 * Memory   a dry run owns everything in it until s53_dry_run_fini()
 */
#pragma once

#include <stdio.h>

#include <split53/setup.h>

struct json_object;

/* The configuration as it would be built for serving. */
struct s53_dry_run {
	const struct s53_options *options;
	struct s53_diags diags;
	struct s53_source *source; /* NULL: it could not be read */
	struct s53_snapshot *snapshot; /* NULL: it could not be built */
	struct s53_registry *registry;
	struct s53_interface_addr *interfaces;
};

/* s53_dry_run_fini() must be called in any case. */
S53_MUST_USE enum s53_status s53_dry_run(struct s53_options *options, struct s53_dry_run *dry_run);
void s53_dry_run_fini(struct s53_dry_run *dry_run);

/* "{ !192.0.2.1; localnets; }" */
void s53_explain_match(const struct s53_conf_match *match, FILE *out);

/* " (named.conf:7)", or " (default)" for NULL, and the end of the line. */
void s53_explain_place(const struct s53_conf_statement *statement, FILE *out);

/* The cache as a whole: its size and its files. */
void s53_explain_cache(const struct s53_dry_run *dry_run, FILE *out);

/* A view, or a zone if zone_body is not NULL. */
struct s53_explain_scope {
	const struct s53_source *source;
	const struct s53_conf_statement *zone_body, *view_body;
	const struct s53_answering *answering;
	const char *indent;
};

/* The statements about caching and replies, one per line. */
void s53_explain_answering(const struct s53_explain_scope *scope, FILE *out);

/* Policy and quotas that a view or options set, one per line. */
void s53_explain_upstreams(const struct s53_source *source,
    const struct s53_conf_statement *view_body, const struct s53_view *view, FILE *out);

/* A zone's own forwarders-policy; the health checks of its servers; one per line. */
void s53_explain_zone_policy(const struct s53_conf_statement *zone_body, FILE *out);
void s53_explain_checks(
    const struct s53_snapshot *snapshot, const struct s53_group *group, FILE *out);

/* Policy and quotas of a group, if they differ from the default: one line. */
void s53_explain_choice(const struct s53_group *group, FILE *out);

/* ", probed by SOA consul": printed after a server. */
void s53_explain_server_check(
    const struct s53_snapshot *snapshot, const struct s53_upstream *upstream, FILE *out);

#define S53_EXPLAIN_WHY 512

/* A query whose way is explained. */
struct s53_explain_query {
	const struct s53_snapshot *snapshot; /* with notes */
	const char *name, *client; /* as written; client NULL: 127.0.0.1 */
	bool is_live; /* also the servers' health and what is in the cache now */
	uint16_t type; /* is_live */
	struct s53_cache *cache; /* is_live; NULL: there is none */
	struct json_object *json; /* is_live: gets the same as fields; NULL: text alone */
};

/* Its view, access and route. false: name or client is invalid, as `why` says. */
bool s53_explain_query(
    const struct s53_explain_query *query, FILE *out, char why[static S53_EXPLAIN_WHY]);

enum s53_explain_local {
	S53_EXPLAIN_NOT_LOADED, /* its file is not, or there is no memory */
	S53_EXPLAIN_ANSWERED, /* records, NODATA, NXDOMAIN */
	S53_EXPLAIN_DELEGATED, /* below a delegation: forwarded, if the client gets recursion */
	S53_EXPLAIN_ALIAS, /* a CNAME that leads out of the zone, to *target */
};

/* explain_local.c: what the zone (NULL: not loaded) has for the name. `target`: see ALIAS. */
enum s53_explain_local s53_explain_local(const struct s53_zone *zone, const struct s53_name *name,
    uint16_t type, struct s53_name *target);

/* explain_live.c: ", up for 12 s, RTT 3 ms": follows a server. */
void s53_explain_health(struct s53_upstream *upstream, FILE *out);
/*
 * explain_live.c: what the cache has for the query: lines. Returns the answer that it leads to;
 * NULL: a server is asked.
 */
const char *s53_explain_cached(const struct s53_explain_query *query, const struct s53_view *view,
    const struct s53_route *route, const struct s53_name *name, FILE *out);

/* One query: its view, access and route. false: NAME or CLIENT is invalid (reported on stderr). */
bool s53_explain_name(const struct s53_dry_run *dry_run, FILE *out);

/* The whole configuration. */
void s53_explain_all(const struct s53_dry_run *dry_run, FILE *out);
