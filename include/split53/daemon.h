/* SPDX-License-Identifier: ISC
 *
 * daemon.h - the running program: start, reload, drain, end.
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
 * Serve until SIGTERM or SIGINT. Returns the exit status of the program: 0, or 1 if it could not
 * start; the reason is on stderr.
 */
int s53_daemon_run(struct s53_options *options);

/* Read the configuration and apply it; if it has errors, they are logged and nothing changes. */
S53_MUST_USE enum s53_status s53_daemon_reload(struct s53_daemon *daemon);

/* Stop as on SIGTERM. */
void s53_daemon_stop(struct s53_daemon *daemon);
