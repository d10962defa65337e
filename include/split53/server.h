/* SPDX-License-Identifier: ISC
 *
 * server.h - the whole program at work: start, reload, drain, end.
 *
 * Layer    server
 * Threads  main thread
 * Memory   s53_server_run() owns everything and has freed it when it returns
 */
#pragma once

#include <split53/options.h>
#include <split53/worker.h>

struct s53_server;

/*
 * Serve until SIGTERM or SIGINT; returns what the program is to exit with: 0, or 1 when it could
 * not start, of which stderr has been told.
 */
int s53_server_run(struct s53_options *options);

/* Read the configuration again and swap it in; a bad one changes nothing and is logged. */
S53_MUST_USE enum s53_status s53_server_reload(struct s53_server *server);

/* End as on SIGTERM. */
void s53_server_stop(struct s53_server *server);

/* --check and --explain; return what the program is to exit with. */
int s53_check_run(struct s53_options *options);
int s53_explain_run(struct s53_options *options);
