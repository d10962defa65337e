/* SPDX-License-Identifier: ISC
 *
 * top.h - a live picture of the server.
 *
 * Layer    ctl, private
 * Threads  one
 * Memory   none is left
 */
#pragma once

#include "options.h"

/* Read -n and -d behind the verb. false: said on stderr. */
bool ctl_top_options(struct ctl_options *options, char *const words[]);

/*
 * Draw until -n pictures are drawn, the server is gone, or `q` or Ctrl-C is pressed. On what is no
 * terminal: plain text, once unless -n says otherwise. Returns the exit code.
 */
int ctl_top(const struct ctl_options *options, const struct ctl_server *server);
