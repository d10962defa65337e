/* SPDX-License-Identifier: ISC
 *
 * builder.h - the state of one s53_setup() call, and what the setup files use of one another.
 *
 * Layer    setup, private
 * Threads  main thread
 * Memory   a builder lives for one call of s53_setup()
 */
#pragma once

#include <split53/setup.h>
#include <split53/zone.h>

struct setup_acl_memo;
struct setup_asked;

/* The server clauses of one view. */
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

struct s53_setup {
	const struct s53_setup_input *input;
	struct s53_diags *diags;
	struct s53_snapshot *snapshot;
	struct s53_acl *localhost, *localnets; /* the snapshot's; NULL until asked for */
	struct setup_acl_memo *acls; /* acl clauses that have been built */
	struct s53_arena scratch; /* what is needed for as long as it is built */
	struct setup_servers servers; /* of the view at hand; in scratch */
	struct setup_asked *asked, **asked_last; /* servers, and for which zones; in scratch */
	struct setup_server_hash last_hash; /* zones in a row often share their servers */
	bool host_servers_chosen; /* a `forwarders` statement has decided them */
	bool cache_wanted; /* some view or zone keeps answers */
	uint64_t cache_octets; /* the most that one of them asks for; 0: none does by itself */
	bool no_memory;
};

/* The same for a zone of that view, whose own clause goes first; zone_body NULL: for the view. */
const struct s53_conf_clause *s53_setup_zone_option(const struct s53_source *source,
    const struct s53_conf_clause *zone_body, const struct s53_conf_clause *view_body,
    const char *name);
bool s53_setup_bool(const struct s53_source *source, const struct s53_conf_clause *view_body,
    const char *name, bool otherwise);
uint64_t s53_setup_number(const struct s53_source *source, const struct s53_conf_clause *view_body,
    const char *name, uint64_t otherwise);

/* A list of the snapshot's for a match list; NULL: no memory, or an error that was noted. */
struct s53_acl *s53_setup_acl(struct s53_setup *setup, const struct s53_conf_match *match);
struct s53_acl *s53_setup_acl_default(struct s53_setup *setup, enum s53_setup_default which);

void s53_setup_listen(struct s53_setup *setup);

bool s53_setup_is_ourselves(const struct s53_setup *setup, const struct s53_addr *addr);
void s53_setup_log(struct s53_setup *setup);
void s53_setup_views(struct s53_setup *setup);
void s53_setup_routes(struct s53_setup *setup, unsigned view, const struct s53_conf_clause *clause);
void s53_setup_builtins(struct s53_setup *setup, const struct s53_view *view,
    const struct s53_conf_clause *view_body, bool forward_only);

/* How upstreams of one view are asked, and the group of a list of peers. */
struct s53_setup_peers {
	const struct s53_conf_clause *view_body;
	unsigned view;
	const struct s53_name *apex; /* of the route */
	const struct s53_conf_clause *zone_body; /* NULL: the default route without a zone */
	const struct s53_conf_value *value; /* PEERS */
	bool lists; /* a word may name a primaries list */
	char *text; /* for the note: arena, grows; or NULL */
	/*
	 * Of the servers and how they are asked, in whatever order; a host counts by its name,
	 * whatever its addresses are. For s53_route.id.
	 */
	uint64_t id;
};
struct s53_group *s53_setup_group(struct s53_setup *setup, struct s53_setup_peers *peers);

/* setup_group.c: by which rules the group of these peers chooses. */
void s53_setup_group_rules(const struct s53_setup *setup, const struct s53_setup_peers *peers,
    struct s53_group_rules *out);

/* clients-per-query and max-clients-per-query of a view. */
void s53_setup_clients_per_query(
    struct s53_setup *setup, struct s53_view *view, const struct s53_conf_clause *view_body);

/* setup_check.c: the peers' route asks `upstream`, which the clause `server` speaks of, or NULL. */
void s53_setup_asked(struct s53_setup *setup, const struct s53_setup_peers *peers,
    struct s53_upstream *upstream, const struct s53_conf_clause *server);

/* Once all routes are there: how each server is checked. */
void s53_setup_checks(struct s53_setup *setup);

/*
 * Choose the servers to query for the addresses of host names: the addresses among the default
 * forwarders, else the nameservers of resolv.conf. The first view with `forwarders` decides.
 */
void s53_setup_host_servers(struct s53_setup *setup, const struct s53_conf_value *value);

/* The nameservers of resolv.conf, without ourselves; notes that the snapshot depends on them. */
const struct s53_snapshot_servers *s53_setup_nameservers(struct s53_setup *setup);

/* The default group when nothing says `forwarders`; *place: resolv.conf, or "built in". */
struct s53_group *s53_setup_default_group(
    struct s53_setup *setup, struct s53_setup_peers *peers, const char **place);

/* setup_cache.c: how answers are kept and given out, in a view and in a zone of it. */
void s53_setup_answering(
    struct s53_setup *setup, const struct s53_conf_clause *view_body, struct s53_answering *out);

/* NULL: the zone says nothing of its own, or there is no memory. */
const struct s53_answering *s53_setup_zone_answering(struct s53_setup *setup,
    const struct s53_conf_clause *zone_body, const struct s53_conf_clause *view_body);

/* Once all views are there: how large the cache is. */
void s53_setup_cache_size(struct s53_setup *setup);

/* dump-file and cache-file. */
void s53_setup_cache_files(struct s53_setup *setup);

/* setup_order.c: NULL: no rrset-order is written. */
const struct s53_order_list *s53_setup_order(
    struct s53_setup *setup, const struct s53_conf_clause *clause);

/* The zone of a clause with `file`, read at most once per source; NULL: an error was noted. */
struct s53_zone *s53_setup_zone_file(
    struct s53_setup *setup, const struct s53_conf_clause *clause, const struct s53_name *apex);

void s53_setup_error(struct s53_setup *setup, struct s53_place place, const char *format, ...)
    S53_PRINTF(3, 4);
void s53_setup_warn(struct s53_setup *setup, struct s53_place place, const char *format, ...)
    S53_PRINTF(3, 4);
void s53_setup_notice(struct s53_setup *setup, struct s53_place place, const char *format, ...)
    S53_PRINTF(3, 4);

/* `path` against `directory`, as named does by changing into it; in the arena. */
const char *s53_setup_path(struct s53_setup *setup, const char *path);

/* In the snapshot's arena; NULL: no memory, which is noted. */
void *s53_setup_alloc(struct s53_setup *setup, size_t size);
char *s53_setup_text(struct s53_setup *setup, const char *format, ...) S53_PRINTF(2, 3);
