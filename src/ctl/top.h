/* SPDX-License-Identifier: ISC
 *
 * top.h - shows the activity of the server, updated every few seconds.
 *
 * Layer    ctl, private
 * Threads  one
 * Memory   all is freed when a call returns
 */
#pragma once

#include "options.h"

/* Read -n and -d after the verb. false: a message is on stderr. */
bool ctl_top_options(struct ctl_options *options, char *const words[]);

/*
 * Draw until -n screens are drawn, the server no longer responds, or `q` or Ctrl-C is pressed. If
 * the output is not a terminal: plain text, once unless -n is given. Returns the exit code.
 */
int ctl_top(const struct ctl_options *options, const struct ctl_server *server);
