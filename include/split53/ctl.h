/* SPDX-License-Identifier: ISC
 *
 * ctl.h - the program split53ctl.
 *
 * Layer    ctl
 * Threads  one
 * Memory   nothing is left when a call returns
 */
#pragma once

#include <split53/channel.h>

/* Exit codes of split53ctl. */
enum s53_ctl_exit {
	S53_CTL_OK,
	/* the server rejected the command, it failed, or the server is not healthy or not ready */
	S53_CTL_FAILED,
	S53_CTL_USAGE, /* the command line is wrong */
	S53_CTL_UNREACHABLE, /* no server responds */
};

/* Run the command of a command line. Returns the exit code of the program. */
int s53_ctl_run(int argc, char *const argv[]);

/* Print whether the server at this Unix socket is healthy. Returns the exit code. */
int s53_ctl_health(const char *path);
