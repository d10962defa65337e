/* SPDX-License-Identifier: ISC
 *
 * daemon.h - the whole program at work: start, reload, drain, end.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   s53_daemon_run() owns everything and has freed it when it returns
 */
#pragma once

#include <split53/options.h>
#include <split53/worker.h>

struct s53_daemon;

/*
 * Serve until SIGTERM or SIGINT; returns what the program is to exit with: 0, or 1 when it could
 * not start, of which stderr has been told.
 */
int s53_daemon_run(struct s53_options *options);

/* Read the configuration again and swap it in; a bad one changes nothing and is logged. */
S53_MUST_USE enum s53_status s53_daemon_reload(struct s53_daemon *daemon);

/* End as on SIGTERM. */
void s53_daemon_stop(struct s53_daemon *daemon);
