/* SPDX-License-Identifier: ISC
 *
 * explain.h - a configuration built for looking at it: --check and --explain.
 *
 * Layer    server
 * Threads  main thread
 * Memory   a rehearsal owns all of it, until s53_rehearsal_fini()
 */
#pragma once

#include <stdio.h>

#include "setup.h"

struct event_base;

/* Everything that serving would build, and nothing of what would serve. */
struct s53_rehearsal {
	const struct s53_options *options;
	struct s53_diags diags;
	struct s53_source *source; /* NULL: it could not be read */
	struct s53_snapshot *snapshot; /* NULL: it could not be built */
	struct s53_registry *registry;
	struct s53_hosts *hosts;
	struct event_base *base;
	struct s53_interface_addr *interfaces;
	struct s53_ours ours;
};

/* s53_rehearsal_fini() follows whatever is returned. */
S53_MUST_USE enum s53_status s53_rehearse(
    struct s53_options *options, struct s53_rehearsal *rehearsal);
void s53_rehearsal_fini(struct s53_rehearsal *rehearsal);

/* "{ !192.0.2.1; localnets; }" */
void s53_explain_match(const struct s53_conf_match *match, FILE *out);

/* The way of one question: view, access, route. false: NAME or CLIENT are none (said on stderr). */
bool s53_explain_name(const struct s53_rehearsal *rehearsal, FILE *out);

/* The whole configuration. */
void s53_explain_all(const struct s53_rehearsal *rehearsal, FILE *out);
