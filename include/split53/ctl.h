/* SPDX-License-Identifier: ISC
 *
 * ctl.h - split53ctl: what an operator types.
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
	S53_CTL_FAILED, /* the server says no; of `health` and `ready`: it is not */
	S53_CTL_USAGE, /* the command line makes no sense */
	S53_CTL_UNREACHABLE, /* no server answers */
};

/* Run the command of a command line. Returns the exit code of the program. */
int s53_ctl_run(int argc, char *const argv[]);

/* Is the server at this Unix socket healthy? Says so; returns the exit code. */
int s53_ctl_health(const char *path);
