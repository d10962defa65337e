/* SPDX-License-Identifier: ISC
 *
 * verbs.h - the functions of the verbs; verbs.c has the table.
 *
 * Layer    control, private
 * Threads  main thread
 * Memory   a command is freed by the command_end() that each of these leads to
 */
#pragma once

#include "inside.h"

/* verb_status.c */
void verb_null(struct command *command);
void verb_status(struct command *command);
void verb_health(struct command *command);
void verb_ready(struct command *command);

/* verb_server.c: configuration, log, end */
void verb_reload(struct command *command);
void verb_reconfig(struct command *command);
void verb_stop(struct command *command);
void verb_halt(struct command *command);
void verb_querylog(struct command *command);
void verb_responselog(struct command *command);
void verb_trace(struct command *command);
void verb_notrace(struct command *command);
void verb_serve_stale(struct command *command);
void verb_showconf(struct command *command);
void verb_explain(struct command *command);

/* verb_cache.c */
void verb_flush(struct command *command);
void verb_flushname(struct command *command);
void verb_flushtree(struct command *command);
void verb_dumpdb(struct command *command);

/* verb_upstreams.c */
void verb_upstreams(struct command *command);
void verb_upstream(struct command *command);

/* verb_recursing.c */
void verb_recursing(struct command *command);

/* verb_stats.c */
void verb_stats(struct command *command);
void verb_reset_stats(struct command *command);
void verb_top(struct command *command);
