/* SPDX-License-Identifier: ISC
 *
 * inspect.h - examine a configuration without serving it.
 *
 * Layer    inspect
 * Threads  main thread
 * Memory   nothing is left when a call returns
 */
#pragma once

#include <stdio.h>

#include <split53/channel.h>
#include <split53/options.h>

struct json_object;
struct s53_cache;
struct s53_snapshot;

/* A query, as the operator wrote it; type NULL: A; client NULL: 127.0.0.1. */
struct s53_explain_question {
	const char *name, *type, *client;
};

/*
 * What would happen to the query now: view, access, route, the health of the servers, and what
 * `cache` (NULL: none) has of it. `snapshot` has notes (want_notes). `out` gets it as text, `json`
 * (NULL: not wanted) as fields, which docs/operations.md lists. S53_E_SYNTAX: `why`, of `size`
 * octets, says which word is invalid; S53_E_NOMEM.
 */
S53_MUST_USE enum s53_status s53_explain_live(const struct s53_snapshot *snapshot,
    struct s53_cache *cache, const struct s53_explain_question *question, FILE *out,
    struct json_object *json, char *why, size_t size);

/* Where the server of these options has its Unix socket for commands. */
void s53_inspect_channel(struct s53_options *options, char path[static S53_CHANNEL_PATH_MAX]);

/* --check and --explain. Print to stdout and stderr; return the exit code of the program. */
int s53_check_run(struct s53_options *options);
int s53_explain_run(struct s53_options *options);
