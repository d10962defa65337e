/* SPDX-License-Identifier: ISC
 *
 * setup.h - from the configuration's tree to a snapshot: the setup*.c files among themselves.
 *
 * Layer    server; the only place that knows both sides
 * Threads  main thread
 * Memory   a source owns its trees and the zones read for them; a snapshot points into neither,
 *          but for the notes of --explain
 *
 * What holds where: a zone's own clause, then its view's, then the command line's, then options',
 * then BIND's default. s53_setup_option() is that order, and explain asks through it as well, so
 * that what is explained is what is done.
 */
#pragma once

#include <split53/conf.h>
#include <split53/hosts.h>
#include <split53/interface.h>
#include <split53/options.h>
#include <split53/snapshot.h>
#include <split53/upstream.h>
#include <split53/zone.h>

#define S53_DNS_PORT 53
#define S53_FLAGS_NAME "command line" /* stands for a file's name in messages */

struct setup_zone_file;

/*
 * What was read: trees, and the zone files that they name. Kept, so that a rebuild reads nothing.
 */
struct s53_source {
	struct s53_conf *file; /* NULL: no file */
	struct s53_conf *flags; /* NULL: no flag or variable asks for anything */
	struct setup_zone_file *zones;
	struct s53_zone *
	    *builtins; /* those that were needed, by s53_builtin_zones' order; or NULL */
};

/* Read the file and the flags' text. Problems go to `diags`; *out is written on S53_OK only. */
S53_MUST_USE enum s53_status s53_source_load(
    struct s53_options *options, struct s53_diags *diags, struct s53_source **out);
void s53_source_free(struct s53_source *source); /* NULL is fine */

/* Growing lists of addresses with ports. */
struct s53_addr_list {
	struct s53_addr *addrs; /* malloc'ed */
	unsigned count, room;
};
bool s53_addr_list_add(
    struct s53_addr_list *list, const struct s53_addr *addr); /* false: no memory */
bool s53_addr_list_has(const struct s53_addr_list *list, const struct s53_addr *addr);
void s53_addr_list_fini(struct s53_addr_list *list);

/* Where we listen: a forwarder among these would be a loop. */
struct s53_ours {
	struct s53_addr_list addrs; /* what the rules mean on this machine */
	struct s53_addr_list foreign; /* of these, what another program held when last tried */
};

struct s53_setup_input {
	const struct s53_options *options;
	struct s53_source *source;
	struct s53_registry *registry;
	struct s53_hosts *hosts; /* NULL: host names stay without addresses, resolv.conf unread */
	const char *resolv_conf; /* its path */
	const struct s53_interface_addr *interfaces;
	unsigned interface_count;
	struct s53_ours *ours; /* `addrs` is written; outlives hosts, which asks it later */
	bool want_notes; /* for --explain */
	uint64_t memory_octets; /* that this process may use; 0: ask the machine */
};

/*
 * Build. Errors, warnings and notices go to `diags`.
 *   S53_E_SYNTAX  there are errors in diags
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_setup(
    const struct s53_setup_input *input, struct s53_diags *diags, struct s53_snapshot **out);

/* --- between the setup files ---------------------------------------------------------------- */

struct setup_acl_memo;
struct setup_asked;

/* The server clauses of one view. */
struct setup_servers {
	bool known;
	const struct s53_conf_clause *view_body;
	const struct s53_conf_clause **clauses;
	unsigned count;
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
	bool hosts_asked; /* s53_setup_ask() has been */
	bool cache_wanted; /* some view or zone keeps answers */
	uint64_t cache_octets; /* the most that one of them asks for; 0: none does by itself */
	bool no_memory;
};

/*
 * The clause that decides `name` for a view (its body, or NULL: for options), or NULL: the
 * default.
 */
const struct s53_conf_clause *s53_setup_option(
    const struct s53_source *source, const struct s53_conf_clause *view_body, const char *name);

/* The same for a zone of that view, whose own clause goes first; zone_body NULL: for the view. */
const struct s53_conf_clause *s53_setup_zone_option(const struct s53_source *source,
    const struct s53_conf_clause *zone_body, const struct s53_conf_clause *view_body,
    const char *name);
bool s53_setup_bool(const struct s53_source *source, const struct s53_conf_clause *view_body,
    const char *name, bool otherwise);
uint64_t s53_setup_number(const struct s53_source *source, const struct s53_conf_clause *view_body,
    const char *name, uint64_t otherwise);

/*
 * Which access list holds, by BIND's inheritance; NULL: none is written, and *otherwise says
 * which.
 */
enum s53_setup_default { S53_ACCESS_ANY, S53_ACCESS_NONE, S53_ACCESS_LOCAL };
const struct s53_conf_clause *s53_setup_access(const struct s53_source *source,
    const struct s53_conf_clause *view_body, const char *name, enum s53_setup_default *otherwise);

/*
 * The views of class IN, in order: f(body or NULL, name, place). A file without views has
 * "_default".
 */
const struct s53_conf_clause *s53_setup_next_view(
    const struct s53_source *source, const struct s53_conf_clause *after);

/* The tree whose top level has the zones of views that do not have any of their own. */
const struct s53_conf_clause *s53_setup_top(const struct s53_source *source);

/* A list of the snapshot's for a match list; NULL: no memory, or an error that was noted. */
struct s53_acl *s53_setup_acl(struct s53_setup *setup, const struct s53_conf_match *match);
struct s53_acl *s53_setup_acl_default(struct s53_setup *setup, enum s53_setup_default which);

/* The options body whose listen-on clauses count. */
const struct s53_conf_clause *s53_setup_listen_options(const struct s53_source *source);
void s53_setup_listen(struct s53_setup *setup);

/* The addresses that the rules mean, each once. false: no memory. */
bool s53_listen_wanted(const struct s53_snapshot *snapshot,
    const struct s53_interface_addr *interfaces, unsigned interface_count,
    struct s53_addr_list *out);
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

/* The policy as the file writes it. */
const char *s53_setup_policy_name(enum s53_forwarders_policy policy);

/* clients-per-query and max-clients-per-query of a view. */
void s53_setup_clients_per_query(
    struct s53_setup *setup, struct s53_view *view, const struct s53_conf_clause *view_body);

/* setup_check.c: the peers' route asks `upstream`, which the clause `server` speaks of, or NULL. */
void s53_setup_asked(struct s53_setup *setup, const struct s53_setup_peers *peers,
    struct s53_upstream *upstream, const struct s53_conf_clause *server);

/* Once all routes are there: how each server is checked. */
void s53_setup_checks(struct s53_setup *setup);

/*
 * Whom to ask for the addresses of host names: the default forwarders that are addresses, else
 * the system's nameservers. Before the first name is watched; later calls do nothing.
 */
void s53_setup_ask(struct s53_setup *setup, const struct s53_conf_value *value);

/* The default group when nothing says `forwarders`; *place: resolv.conf, or "built in". */
struct s53_group *s53_setup_default_group(
    struct s53_setup *setup, struct s53_setup_peers *peers, const char **place);

/* The clauses that s53_answering is made of. */
extern const char *const s53_setup_answering_names[];
extern const unsigned s53_setup_answering_count;

/* setup_cache.c: how answers are kept and given out, in a view and in a zone of it. */
void s53_setup_answering(
    struct s53_setup *setup, const struct s53_conf_clause *view_body, struct s53_answering *out);

/* NULL: the zone says nothing of its own, or there is no memory. */
const struct s53_answering *s53_setup_zone_answering(struct s53_setup *setup,
    const struct s53_conf_clause *zone_body, const struct s53_conf_clause *view_body);

/* Is it max-cache-size 0? NULL is not. */
bool s53_setup_is_none(const struct s53_conf_clause *clause);

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
