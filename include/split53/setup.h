/* SPDX-License-Identifier: ISC
 *
 * setup.h - from the tree of a configuration to the snapshot that workers serve by.
 *
 * Layer    setup; the only layer that knows both the tree and what is built from it
 * Threads  main thread
 * Memory   a source owns its trees and the zones read for them; a snapshot points into neither,
 *          but for the notes of --explain
 * Units    bytes
 *
 * A zone's own statement overrides its view's, that one the command line's, that one options', and
 * that one BIND's default. s53_setup_option() implements this order; --explain uses it too, so that
 * it explains what is done.
 */
#pragma once

#include <split53/addr_list.h>
#include <split53/conf.h>
#include <split53/hosts.h>
#include <split53/interface.h>
#include <split53/options.h>
#include <split53/snapshot.h>
#include <split53/upstream.h>

struct s53_zone;

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

/*
 * The clause that decides `name` for a view (its body, or NULL: for options), or NULL: the
 * default.
 */
const struct s53_conf_clause *s53_setup_option(
    const struct s53_source *source, const struct s53_conf_clause *view_body, const char *name);

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

/* The options body whose listen-on clauses count. */
const struct s53_conf_clause *s53_setup_listen_options(const struct s53_source *source);

/* The addresses that the rules mean, each once. false: no memory. */
bool s53_listen_wanted(const struct s53_snapshot *snapshot,
    const struct s53_interface_addr *interfaces, unsigned interface_count,
    struct s53_addr_list *out);

/* The policy as the file writes it. */
const char *s53_setup_policy_name(enum s53_forwarders_policy policy);

/* The clauses that s53_answering is made of. */
extern const char *const s53_setup_answering_names[];
extern const unsigned s53_setup_answering_count;

/* Is it max-cache-size 0? NULL is not. */
bool s53_setup_is_none(const struct s53_conf_clause *clause);
