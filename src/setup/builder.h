/* SPDX-License-Identifier: ISC
 *
 * builder.h - the state of one s53_setup() call, and the functions that setup's files share.
 *
 * Layer    setup, private
 * Threads  main thread
 * Memory   a builder exists for one call of s53_setup(); what it makes for the snapshot is in
 *          the snapshot's arena or owned by it, the rest is in `scratch`
 *
 * The functions below are named after their file: builder_*() are in builder.c, setup_acl*()
 * in acl.c, and so on. A function that runs out of memory sets `no_memory`; s53_setup() then
 * returns S53_E_NOMEM.
 */
#pragma once

#include <split53/setup.h>
#include <split53/zone.h>

struct setup_acl_memo;
struct setup_server_use;

/* The `server` statements that apply in one view. */
struct setup_servers {
	bool known;
	const struct s53_conf_statement *view_body;
	const struct s53_conf_statement **clauses;
	unsigned count;
};

/* The hash of one server and its options; family AF_UNSPEC: none is known yet. */
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
	struct s53_acl *localhost, *localnets; /* owned by the snapshot; NULL until needed */
	struct setup_acl_memo *acls; /* `acl` statements that have been built */
	struct s53_arena scratch; /* until the call ends */
	struct setup_servers servers; /* of the current view; in scratch */
	struct setup_server_use *uses, **uses_last; /* servers with their zones; in scratch */
	struct setup_server_hash last_hash; /* zones in a row often share their servers */
	bool host_servers_chosen; /* decided by a `forwarders` statement */
	bool
	    default_reported; /* the notice was given which servers are used without `forwarders` */
	bool cache_wanted; /* some view or zone enables the cache */
	uint64_t cache_octets; /* the largest max-cache-size of a view or zone */
	bool no_memory;
};

/* builder.c */
void builder_error(struct setup_builder *builder, struct s53_place place, const char *format, ...)
    S53_PRINTF(3, 4);
void builder_warn(struct setup_builder *builder, struct s53_place place, const char *format, ...)
    S53_PRINTF(3, 4);
/* Of class S53_DIAG_DIFFERS; the text contains "[differs]". */
void builder_warn_differs(struct setup_builder *builder, struct s53_place place, const char *format,
    ...) S53_PRINTF(3, 4);
void builder_notice(struct setup_builder *builder, struct s53_place place, const char *format, ...)
    S53_PRINTF(3, 4);
/* Zeroed, in the snapshot's arena; NULL: out of memory. */
void *builder_alloc(struct setup_builder *builder, size_t size);
char *builder_text(struct setup_builder *builder, const char *format, ...) S53_PRINTF(2, 3);
/* A relative `path` is taken from `directory`, as in named; in the snapshot's arena. */
const char *builder_path(struct setup_builder *builder, const char *path);
/* Does the new snapshot listen on `addr`, and no other program? */
bool builder_is_ourselves(const struct setup_builder *builder, const struct s53_addr *addr);

/* option.c: as s53_setup_option(). A zone's own statement overrides; zone_body NULL: no zone. */
const struct s53_conf_statement *setup_option_of_zone(const struct s53_source *source,
    const struct s53_conf_statement *zone_body, const struct s53_conf_statement *view_body,
    const char *name);
bool setup_option_bool(const struct s53_source *source, const struct s53_conf_statement *view_body,
    const char *name, bool otherwise);
uint64_t setup_option_number(const struct s53_source *source,
    const struct s53_conf_statement *view_body, const char *name, uint64_t otherwise);

/* acl.c: the snapshot's list for a match list; NULL: out of memory, or an error in diags. */
struct s53_acl *setup_acl(struct setup_builder *builder, const struct s53_conf_match *match);
struct s53_acl *setup_acl_default(struct setup_builder *builder, enum s53_setup_default which);

/* listen.c, statistics.c, log.c, view.c */
void setup_listen(struct setup_builder *builder);
void setup_statistics(struct setup_builder *builder);
void setup_log(struct setup_builder *builder);
void setup_views(struct setup_builder *builder);

/* channels.c: the control channels, once it is known where the server listens. */
void setup_channels(struct setup_builder *builder);
/* Read BIND's rndc.key if a channel is to use it; problems go to `diags` and stop nothing. */
void setup_channels_load_key(struct s53_source *source, struct s53_diags *diags);

/* zone.c: the routes of a view; `statement`: its statement, or NULL. */
void setup_zones(
    struct setup_builder *builder, unsigned view, const struct s53_conf_statement *statement);

/* Is the zone of class IN? Set its apex, in lower case; false: its name is not valid. */
bool setup_zone_is_in(const struct s53_conf_statement *zone);
bool setup_zone_apex(const struct s53_conf_statement *zone, struct s53_name *apex);

/*
 * builtin.c: add the built-in zones of a view, after its own zones. `statement`: its statement, or
 * NULL; `is_root_zone`: the default route is a zone of the configuration.
 */
void setup_builtin_zones(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_conf_statement *statement, bool is_root_zone);

/* in_view.c: the route of a zone with `in-view`, in view number `view`. false: it has no effect. */
bool setup_shared_route(struct setup_builder *builder, unsigned view,
    const struct s53_conf_statement *zone, struct s53_route *route);

/* forwarding.c: how a zone (or the default route) forwards; `forwarders` may be NULL. */
enum s53_route_forwarding setup_forwarding_of(
    const struct s53_conf_statement *forwarders, const struct s53_conf_statement *policy);
/*
 * The route that has the `forwarders` BIND would use for `name`; the default one if none has any.
 */
const struct s53_route *setup_forwarding_find(
    const struct s53_routes *routes, const struct s53_name *name);
/* Does `empty-forwarders` refuse names of forward zones with an empty list? */
bool setup_refuses_exempt(const struct setup_builder *builder,
    const struct s53_conf_statement *zone_body, const struct s53_conf_statement *view_body);
/* Warn of such zones if BIND would not send their names to the default forwarders. */
void setup_warn_of_exempt(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_conf_statement *statement, bool is_root_zone);

/* undelegated.c: warn of forward zones that a zone from a file would hide in BIND. */
void setup_warn_of_undelegated(struct setup_builder *builder, const struct s53_view *view,
    const struct s53_conf_statement *statement);

/* note.c: for --explain; NULL: no notes are wanted, or out of memory. `statement` may be NULL. */
struct s53_route_note *setup_note(struct setup_builder *builder, unsigned view,
    const struct s53_route *route, const struct s53_conf_statement *statement, const char *text);

/*
 * source.c: the zone of a `file` statement, read once per source. If the file cannot be loaded:
 * the zone that the source in force has from it, or NULL; the reason is in file_diags.
 */
struct s53_zone *setup_source_zone(struct setup_builder *builder,
    const struct s53_conf_statement *statement, const struct s53_name *apex);

/* server.c: the `server` statement with the longest prefix that contains `addr`; or NULL. */
const struct s53_conf_statement *setup_server_find(struct setup_builder *builder,
    const struct s53_conf_statement *view_body, const struct s53_addr *addr);
/* The options for the server at `addr`; false: it is not used, as its address family is off. */
bool setup_server_options(struct setup_builder *builder, const struct s53_conf_statement *view_body,
    const struct s53_addr *addr, struct s53_upstream_options *out);

/* itself.c: would a query that this view sends to `addr` come back to the view? */
bool setup_is_itself(struct setup_builder *builder, const struct s53_conf_statement *view_body,
    const struct s53_addr *addr);

/* A list of servers as written for a route, and what was found out about it. */
struct setup_peers {
	const struct s53_conf_statement *view_body;
	unsigned view;
	const struct s53_name *apex; /* of the route */
	const struct s53_conf_statement *zone_body; /* NULL: the default route without a zone */
	const struct s53_conf_value *value; /* PEERS; NULL: the nameservers of resolv.conf */
	bool lists; /* a name may be that of a primaries list */
	char *text; /* for the route's note, in the snapshot's arena; or NULL */
	/*
	 * A hash of the servers and their options, in any order. A host name counts as itself,
	 * whatever its addresses are. For s53_route.id.
	 */
	uint64_t id;
};

/* peers.c: the group of the servers in peers->value. NULL: out of memory. */
struct s53_group *setup_peers_group(struct setup_builder *builder, struct setup_peers *peers);
/* The group if there is no `forwarders` statement; *place: resolv.conf, or "built in". */
struct s53_group *setup_peers_default(
    struct setup_builder *builder, struct setup_peers *peers, const char **place);

/* no_forwarders.c: report that, and the servers that are used instead. */
void setup_no_forwarders_report(
    struct setup_builder *builder, const struct s53_conf_statement *view_body);

/* group.c: policy and quotas of the group of these servers. */
void setup_group_rules(const struct setup_builder *builder, const struct setup_peers *peers,
    struct s53_group_rules *out);

/* nameserver.c: those of resolv.conf, without ourselves; the snapshot then depends on the file. */
const struct s53_snapshot_servers *setup_nameservers(struct setup_builder *builder);
/*
 * Choose the servers that are queried for the addresses of host names: the addresses in
 * `value` (`forwarders` of a view or of options), else the nameservers of resolv.conf. The
 * first call decides.
 */
void setup_nameservers_of_hosts(struct setup_builder *builder, const struct s53_conf_value *value);

/* health_check.c: the route of `peers` uses `upstream`, with the `server` statement `server`. */
void setup_health_check_add(struct setup_builder *builder, const struct setup_peers *peers,
    struct s53_upstream *upstream, const struct s53_conf_statement *server);
/* The server that was added last is the only one of its route. */
void setup_health_check_alone(struct setup_builder *builder);
/* After all routes exist: build the check of each server. */
void setup_health_checks(struct setup_builder *builder);

/* cache.c: the cache rules and reply options of a view. */
void setup_cache_answering(struct setup_builder *builder,
    const struct s53_conf_statement *view_body, struct s53_answering *out);
/* The same for a zone; NULL: the zone has no such statement, or out of memory. */
const struct s53_answering *setup_cache_zone_answering(struct setup_builder *builder,
    const struct s53_conf_statement *zone_body, const struct s53_conf_statement *view_body);
/* After all views exist: the size of the cache. */
void setup_cache_size(struct setup_builder *builder);
/* dump-file and cache-file. */
void setup_cache_files(struct setup_builder *builder);

/* order.c: NULL if `statement` is no rrset-order. */
const struct s53_order_list *setup_order(
    struct setup_builder *builder, const struct s53_conf_statement *statement);
