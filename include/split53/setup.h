/* SPDX-License-Identifier: ISC
 *
 * setup.h - build the snapshot that workers serve from the tree of a configuration.
 *
 * Layer    setup; the only layer that knows both the tree and what is built from it
 * Threads  main thread
 * Memory   a source owns its trees and the zones read for them; a snapshot points into neither,
 *          except for the notes of --explain
 * Units    bytes
 *
 * A zone's own statement overrides its view's, that one the command line's, that one options', and
 * that one BIND's default. s53_setup_option() implements this order; --explain uses it too, so that
 * it explains what is done.
 */
#pragma once

#include <split53/addr_list.h>
#include <split53/channel.h>
#include <split53/conf.h>
#include <split53/interface.h>
#include <split53/options.h>
#include <split53/snapshot.h>
#include <split53/upstream.h>

struct s53_zone;

#define S53_DNS_PORT 53
#define S53_FLAGS_NAME "command line" /* used as the file's name in messages */

struct setup_zone_file;

/* Trees and the zone files that they name. Kept, so that a rebuild reads nothing. */
struct s53_source {
	struct s53_conf *file; /* NULL: no file */
	struct s53_conf *flags; /* NULL: no flag or variable configures anything */
	struct s53_conf *rndc_key; /* BIND's rndc.key; NULL: not there, or nothing needs it */
	bool rndc_key_denied; /* it is there, and this user may not read it */
	struct setup_zone_file **zones; /* by a hash of the apex; NULL: none */
	unsigned zone_slots, zone_count; /* slots: a power of two, or 0 */
	struct s53_zone *
	    *builtins; /* those that were needed, by s53_builtin_zones' order; or NULL */
};

/* Read the file and the flags' text. Problems go to `diags`; *out is written on S53_OK only. */
S53_MUST_USE enum s53_status s53_source_load(
    struct s53_options *options, struct s53_diags *diags, struct s53_source **out);
void s53_source_free(struct s53_source *source); /* NULL is fine */

/*
 * `source` comes into force in place of `previous`: what root could read at the start, and the user
 * of -u cannot read at a reload, is handed on.
 */
void s53_source_inherit(struct s53_source *source, struct s53_source *previous);

/*
 * Read the files of a zone again: in all views, or only what became `zone` (NULL: what could not be
 * loaded). A snapshot that is built from now on has what was read; those of before keep theirs. A
 * file that cannot be loaded is an error in `diags`, and what was read before stays.
 *   S53_E_ABSENT  no such zone has a file
 *   S53_E_SYNTAX  a file cannot be loaded
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_source_reload_zone(struct s53_source *source,
    const struct s53_name *apex, bool all_views, const struct s53_zone *zone,
    struct s53_diags *diags);

/* The addresses that are known of a host name at this moment (port 0); starts nothing. */
struct s53_known_hosts {
	unsigned (*addrs)(const void *known, const char *name,
	    struct s53_addr out[static S53_HOST_ADDRS_MAX]); /* NULL: none is known */
	const void *known;
};

/* The facts that a snapshot is built from. */
struct s53_setup_input {
	const struct s53_options *options;
	struct s53_source *source;
	struct s53_registry *registry;
	struct s53_known_hosts hosts;
	const char *resolv_conf; /* its path, for messages */
	const struct s53_addr *nameservers; /* that it names, with their ports */
	unsigned nameserver_count;
	unsigned bad_nameserver_line; /* of resolv.conf, for a warning; 0: none */
	const struct s53_interface_addr *interfaces;
	unsigned interface_count;
	/* Addresses to listen on that another program used when last tried; NULL: none. */
	const struct s53_addr_list *foreign;
	/* The source in force, for zones with a file that cannot be loaded now; or NULL. */
	const struct s53_source *previous;
	struct s53_diags *file_diags; /* takes the messages about zone files; NULL: `diags` does */
	enum s53_switch serve_stale; /* the operator's: overrides each stale-answer-enable */
	bool keep_zone_files; /* what `previous` has read of a file is not read again */
	bool want_notes; /* for --explain */
	uint64_t memory_octets; /* that this process may use; 0: read it from the system */
};

/*
 * Build a snapshot. No query is sent, no name and no file is watched: the snapshot says what is to
 * be watched and queried, and the caller does that when it applies the snapshot. Errors, warnings
 * and notices go to `diags`. As in BIND, a zone file that cannot be loaded is reported as an error
 * but does not stop the server: names of the zone get SERVFAIL, or what `previous` has.
 *   S53_E_SYNTAX  there are other errors in diags
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_setup(
    const struct s53_setup_input *input, struct s53_diags *diags, struct s53_snapshot **out);

/*
 * The statement that decides `name` for a view (its body; NULL: for options). NULL: the default.
 */
const struct s53_conf_statement *s53_setup_option(
    const struct s53_source *source, const struct s53_conf_statement *view_body, const char *name);

/*
 * The access list that is in effect, by BIND's inheritance. NULL: none is written, and *otherwise
 * is the default.
 */
enum s53_setup_default { S53_ACCESS_ANY, S53_ACCESS_NONE, S53_ACCESS_LOCAL };
const struct s53_conf_statement *s53_setup_access(const struct s53_source *source,
    const struct s53_conf_statement *view_body, const char *name,
    enum s53_setup_default *otherwise);

/* The views of class IN, in order; `after` NULL: the first. NULL: there is no other. */
const struct s53_conf_statement *s53_setup_next_view(
    const struct s53_source *source, const struct s53_conf_statement *after);

/* The first statement at the top level of the file; NULL: there is no file. */
const struct s53_conf_statement *s53_setup_top(const struct s53_source *source);

/* The body of the options with the listen-on that is in effect. */
const struct s53_conf_statement *s53_setup_listen_options(const struct s53_source *source);

/* The addresses that the listen-on rules match, each once. false: no memory. */
bool s53_setup_listen_addrs(const struct s53_snapshot *snapshot,
    const struct s53_interface_addr *interfaces, unsigned interface_count,
    struct s53_addr_list *out);

/* The name of a forwarders-policy in a file. */
const char *s53_setup_policy_name(enum s53_forwarders_policy policy);

/* The statements that a s53_answering is built from. */
extern const char *const s53_setup_answering_names[];
extern const unsigned s53_setup_answering_count;

/*
 * Where the server that serves by `source` has its first Unix socket for commands. Reads no zone
 * file: a container asks for it every few seconds.
 */
void s53_setup_channel_path(const struct s53_source *source, const struct s53_options *options,
    char out[static S53_CHANNEL_PATH_MAX]);

/* Is it max-cache-size 0? false for NULL. */
bool s53_setup_is_none(const struct s53_conf_statement *statement);
