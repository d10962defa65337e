/* SPDX-License-Identifier: ISC
 *
 * builder.h - the state of one s53_setup() call, and what the files of setup use of one another.
 *
 * Layer    setup, private
 * Threads  main thread
 * Memory   a builder lives for one call of s53_setup(); what it makes for the snapshot is in the
 *          snapshot's arena or owned by it, the rest is in `scratch`
 *
 * The functions below are named for the file that has them: builder_*() are in builder.c,
 * setup_acl*() in acl.c, and so on. A function that fails because of memory sets `no_memory`;
 * s53_setup() then returns S53_E_NOMEM.
 */
#pragma once

#include <split53/setup.h>
#include <split53/zone.h>

struct setup_acl_memo;
struct setup_server_use;

/* The `server` statements that are valid in one view. */
struct setup_servers {
	bool known;
	const struct s53_conf_clause *view_body;
	const struct s53_conf_clause **clauses;
	unsigned count;
};

/* The hash of one server and how it is queried; family AF_UNSPEC: none is known yet. */
struct setup_server_hash {
	struct s53_addr addr;
	struct s53_upstream_options options;
	uint64_t hash;
};

struct setup_builder {
	const struct s53_setup_input *input;
	struct s53_diags *diags;
	struct s53_diags *file_diags; /* of zone files */
	unsigned unloaded_errors; /* those of file_diags that stop no build */
	struct s53_snapshot *snapshot;
	struct s53_acl *localhost, *localnets; /* the snapshot's; NULL until one is needed */
	struct setup_acl_memo *acls; /* `acl` statements that have been built */
	struct s53_arena scratch; /* until the call ends */
	struct setup_servers servers; /* of the current view; in scratch */
	struct setup_server_use *uses, **uses_last; /* servers with their zones; in scratch */
	struct setup_server_hash last_hash; /* zones in a row often share their servers */
	bool host_servers_chosen; /* a `forwarders` statement has decided them */
	bool default_said; /* the notice which servers are asked without `forwarders` */
	bool cache_wanted; /* in some view or zone the cache is enabled */
	uint64_t cache_octets; /* the largest max-cache-size that a view or zone has of its own */
	bool no_memory;
};

/* builder.c */
void builder_error(struct setup_builder *builder, struct s53_place place, const char *format, ...)
    S53_PRINTF(3, 4);
void builder_warn(struct setup_builder *builder, struct s53_place place, const char *format, ...)
    S53_PRINTF(3, 4);
/* Of class S53_DIAG_DIFFERS; the text has "[differs]" in it. */
void builder_warn_differs(struct setup_builder *builder, struct s53_place place, const char *format,
    ...) S53_PRINTF(3, 4);
void builder_notice(struct setup_builder *builder, struct s53_place place, const char *format, ...)
    S53_PRINTF(3, 4);
/* Zeroed, in the snapshot's arena; NULL: no memory. */
void *builder_alloc(struct setup_builder *builder, size_t size);
char *builder_text(struct setup_builder *builder, const char *format, ...) S53_PRINTF(2, 3);
/* A relative `path` is one below `directory`, into which named changes; in the snapshot's arena. */
const char *builder_path(struct setup_builder *builder, const char *path);
/* Does the new snapshot listen on `addr`, and no other program? */
bool builder_is_ourselves(const struct setup_builder *builder, const struct s53_addr *addr);

/* option.c: as s53_setup_option(). A zone's own statement comes first; zone_body NULL: no zone. */
const struct s53_conf_clause *setup_option_of_zone(const struct s53_source *source,
    const struct s53_conf_clause *zone_body, const struct s53_conf_clause *view_body,
    const char *name);
bool setup_option_bool(const struct s53_source *source, const struct s53_conf_clause *view_body,
    const char *name, bool otherwise);
uint64_t setup_option_number(const struct s53_source *source,
    const struct s53_conf_clause *view_body, const char *name, uint64_t otherwise);

/* acl.c: the snapshot's list for a match list; NULL: no memory, or an error in diags. */
struct s53_acl *setup_acl(struct setup_builder *builder, const struct s53_conf_match *match);
struct s53_acl *setup_acl_default(struct setup_builder *builder, enum s53_setup_default which);

/* listen.c, log.c, view.c */
void setup_listen(struct setup_builder *builder);
void setup_log(struct setup_builder *builder);
void setup_views(struct setup_builder *builder);

/* zone.c: the routes of a view; `clause`: its statement, or NULL. */
void setup_zones(
    struct setup_builder *builder, unsigned view, const struct s53_conf_clause *clause);

/* Is the zone of class IN? Its apex in lower case; false: it has no valid name. */
bool setup_zone_is_in(const struct s53_conf_clause *zone);
bool setup_zone_apex(const struct s53_conf_clause *zone, struct s53_name *apex);

/*
 * builtin.c: the built-in zones of a view, once its own zones are there. `clause`: its statement,
 * or NULL; `is_root_zone`: the default route is a zone of the configuration.
 */
void setup_builtin_zones(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_conf_clause *clause, bool is_root_zone);

/* in_view.c: the route of a zone with `in-view`, in view number `view`. false: it has no effect. */
bool setup_shared_route(struct setup_builder *builder, unsigned view,
    const struct s53_conf_clause *zone, struct s53_route *route);

/* forwarding.c: a zone's (or the default) `forwarders`, which may be NULL, and `forward`. */
enum s53_route_forwarding setup_forwarding_of(
    const struct s53_conf_clause *forwarders, const struct s53_conf_clause *policy);
/* The route whose `forwarders` BIND would use for `name`; the default route if no zone has any. */
const struct s53_route *setup_forwarding_find(
    const struct s53_routes *routes, const struct s53_name *name);
/* Does `empty-forwarders` refuse names of forward zones with an empty list? */
bool setup_refuses_exempt(const struct setup_builder *builder,
    const struct s53_conf_clause *zone_body, const struct s53_conf_clause *view_body);
/* Warn of such zones whose names BIND would keep from the default forwarders. */
void setup_warn_of_exempt(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_conf_clause *clause, bool is_root_zone);

/* undelegated.c: warn of forward zones that a zone from a file would hide in BIND. */
void setup_warn_of_undelegated(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_conf_clause *clause);

/* note.c: for --explain; NULL: nothing is to be explained, or no memory. `clause` may be NULL. */
struct s53_route_note *setup_note(struct setup_builder *builder, unsigned view,
    const struct s53_route *route, const struct s53_conf_clause *clause, const char *text);

/*
 * source.c: the zone of a `file` statement, read once per source. Of a file that cannot be loaded,
 * the zone that the source in force has of it; NULL: there is none. file_diags says so.
 */
struct s53_zone *setup_source_zone(struct setup_builder *builder,
    const struct s53_conf_clause *clause, const struct s53_name *apex);

/* server.c: the `server` statement with the longest prefix that contains `addr`; or NULL. */
const struct s53_conf_clause *setup_server_find(struct setup_builder *builder,
    const struct s53_conf_clause *view_body, const struct s53_addr *addr);
/* How the server at `addr` is queried; false: it is not, as its address family is not used. */
bool setup_server_options(struct setup_builder *builder, const struct s53_conf_clause *view_body,
    const struct s53_addr *addr, struct s53_upstream_options *out);

/* itself.c: would a query that this view sends to `addr` come back to the view? */
bool setup_is_itself(struct setup_builder *builder, const struct s53_conf_clause *view_body,
    const struct s53_addr *addr);

/* A list of servers as it stands in a route, and what is found out about it. */
struct setup_peers {
	const struct s53_conf_clause *view_body;
	unsigned view;
	const struct s53_name *apex; /* of the route */
	const struct s53_conf_clause *zone_body; /* NULL: the default route without a zone */
	const struct s53_conf_value *value; /* PEERS; NULL: the nameservers of resolv.conf */
	bool lists; /* a word may name a primaries list */
	char *text; /* for the route's note, in the snapshot's arena; or NULL */
	/*
	 * A hash of the servers and how they are queried, in any order. A host counts by its name,
	 * whatever its addresses are. For s53_route.id.
	 */
	uint64_t id;
};

/* peers.c: the group of the servers in peers->value. NULL: no memory. */
struct s53_group *setup_peers_group(struct setup_builder *builder, struct setup_peers *peers);
/* The group when no statement says `forwarders`; *place: resolv.conf, or "built in". */
struct s53_group *setup_peers_default(
    struct setup_builder *builder, struct setup_peers *peers, const char **place);

/* no_forwarders.c: say that, and which servers are asked instead. */
void setup_no_forwarders_say(
    struct setup_builder *builder, const struct s53_conf_clause *view_body);

/* group.c: policy and quotas of the group of these servers. */
void setup_group_rules(const struct setup_builder *builder, const struct setup_peers *peers,
    struct s53_group_rules *out);

/* nameserver.c: those of resolv.conf, without ourselves; the snapshot then depends on the file. */
const struct s53_snapshot_servers *setup_nameservers(struct setup_builder *builder);
/*
 * Choose the servers to query for the addresses of host names: the addresses in `value`
 * (`forwarders` of a view or of options), else the nameservers of resolv.conf. The first call
 * decides.
 */
void setup_nameservers_of_hosts(struct setup_builder *builder, const struct s53_conf_value *value);

/* health_check.c: the route of `peers` uses `upstream`, whose `server` statement is `server`. */
void setup_health_check_add(struct setup_builder *builder, const struct setup_peers *peers,
    struct s53_upstream *upstream, const struct s53_conf_clause *server);
/* The server that was added last is the only one of its route. */
void setup_health_check_alone(struct setup_builder *builder);
/* Once all routes exist: the check of each server. */
void setup_health_checks(struct setup_builder *builder);

/* cache.c: how responses are cached and returned in a view. */
void setup_cache_answering(struct setup_builder *builder, const struct s53_conf_clause *view_body,
    struct s53_answering *out);
/* The same in a zone; NULL: the zone has no such statement, or no memory. */
const struct s53_answering *setup_cache_zone_answering(struct setup_builder *builder,
    const struct s53_conf_clause *zone_body, const struct s53_conf_clause *view_body);
/* Once all views exist: the size of the cache. */
void setup_cache_size(struct setup_builder *builder);
/* dump-file and cache-file. */
void setup_cache_files(struct setup_builder *builder);

/* order.c: NULL: `clause` is no rrset-order. */
const struct s53_order_list *setup_order(
    struct setup_builder *builder, const struct s53_conf_clause *clause);
