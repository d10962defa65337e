/* SPDX-License-Identifier: ISC
 *
 * check.h - checks of statements against one another.
 *
 * Layer    conf, private
 * Threads  main thread
 * Memory   its own, freed before conf_check() returns
 *
 * A statement in which the parser found an error (`broken`) is not checked for missing statements.
 */
#pragma once

#include "source.h"
#include "tree.h"

/* All checks; false: no memory. May remove statements from the tree that a later one replaces. */
bool conf_check(struct s53_conf *conf, struct conf_sources *sources);

/* Nodes sorted by a key made of their names, so that nodes of one name are neighbours. */
struct conf_key {
	const uint8_t *octets;
	size_t len;
	const struct conf_node *node;
	size_t order; /* in the file */
};

struct conf_index {
	struct conf_key *keys;
	size_t count, room;
};

struct conf_checker {
	struct s53_conf *conf;
	struct conf_sources *sources;
	struct s53_arena scratch;
	struct conf_index acls, servers, views, keys, tls, http, policies;
	bool out_of_memory;
};

/* index.c */
void conf_index_add(struct conf_checker *checker, struct conf_index *index, const char *name,
    const struct conf_node *node);
void conf_index_add_octets(struct conf_checker *checker, struct conf_index *index,
    const uint8_t *octets, size_t len, const struct conf_node *node);
void conf_index_sort(struct conf_index *index);
/* The first of that name, ignoring letter case; NULL: none. The index must be sorted. */
const struct conf_key *conf_index_find(const struct conf_index *index, const char *name);
const struct conf_key *conf_index_find_octets(
    const struct conf_index *index, const uint8_t *octets, size_t len);
/* Report each node that has the name of one before it: "'acl x' is defined a second time". */
void conf_index_twice(struct conf_checker *checker, const struct conf_index *index);
void conf_index_fini(struct conf_index *index);

/* check.c */
void conf_check_error(struct conf_checker *checker, struct s53_place place, const char *format, ...)
    S53_PRINTF(3, 4);
void conf_check_warn(struct conf_checker *checker, const struct s53_conf_statement *statement,
    enum s53_conf_level level, const char *what, const char *why);

/* The zone's own statement, else its view's, else that of options; or NULL. */
const struct s53_conf_statement *conf_check_inherited(
    const struct conf_checker *checker, const struct s53_conf_statement *zone, const char *name);

/* check_names.c: acls, lists of servers, and the statements that use them */
void conf_check_names(struct conf_checker *checker);

/* check_keys.c: TSIG keys, and their use in controls */
void conf_check_keys(struct conf_checker *checker);
/* RFC 4648 s4, in groups of four; blanks are allowed between them. */
bool conf_check_is_base64(const char *text);
/* Check that the key named at `place`, in a view or outside any (NULL), is defined. */
void conf_check_key_used(struct conf_checker *checker, const struct s53_conf_statement *view,
    const char *label, struct s53_place place);

/* check_anchors.c: trust anchors at top level and in views */
void conf_check_anchors(struct conf_checker *checker);

/* check_kasp.c: the body of a dnssec-policy; a zone with statements that its policy replaces */
void conf_check_kasp(struct conf_checker *checker, const struct s53_conf_statement *policy);
void conf_check_kasp_zone(struct conf_checker *checker, const struct s53_conf_statement *zone);

/* check_tls.c: the blocks tls and http; the listeners among `first` and what follows it */
void conf_check_tls(struct conf_checker *checker);
void conf_check_listeners(struct conf_checker *checker, const struct s53_conf_statement *first);

/* check_server.c: the statements server of a view, or of the top level */
void conf_check_servers(struct conf_checker *checker, const struct s53_conf_statement *first);

/* check_files.c: the files of all zones */
void conf_check_files(struct conf_checker *checker);

/* check_policy.c: dnssec-policy everywhere; update-policy of one zone */
void conf_check_policies(struct conf_checker *checker);
void conf_check_update_policy(struct conf_checker *checker, const struct s53_conf_statement *zone);

/* check_options.c: of options, a view or a zone: values that must fit one another */
void conf_check_options(struct conf_checker *checker, const struct s53_conf_statement *block);

/* check_raw.c: of options or a view: what the parser keeps as words */
void conf_check_raw(struct conf_checker *checker, const struct s53_conf_statement *block);

/* check_zone.c: the zones of a view, or of the top level */
void conf_check_zones(struct conf_checker *checker, const struct s53_conf_statement *first);

/* check_in_view.c: zones that a view shares with an earlier one; of all views */
void conf_check_in_view(struct conf_checker *checker);

/* check_cache.c: of options, a view or a zone */
void conf_check_cache(struct conf_checker *checker, const struct s53_conf_statement *block);

/* check_health.c: of `first`, what follows it and their bodies */
void conf_check_health(struct conf_checker *checker, const struct s53_conf_statement *first);

/* check_logging.c */
void conf_check_logging(struct conf_checker *checker, struct s53_conf_statement *logging);
