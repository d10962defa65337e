/* SPDX-License-Identifier: ISC
 *
 * process.h - goes into the background, notifies the supervisor.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   none
 */
#pragma once

#include <split53/status.h>

/*
 * Go into the background. It does not return in the parent, which waits until the child is ready or
 * has failed, and exits with 0 or 1, so that a start script gets the result. In the child,
 * *ready_fd is for s53_process_ready(). S53_E_IO: errno.
 */
S53_MUST_USE enum s53_status s53_process_daemonise(int *ready_fd);

/*
 * The start has succeeded: the parent exits, and the terminal is released. `ready_fd` -1: the
 * process is not in the background.
 */
void s53_process_ready(int ready_fd);

/*
 * Open the supervisor's socket ($NOTIFY_SOCKET, sd_notify(3)), before chroot. -1: there is none.
 */
int s53_notify_open(void);
void s53_notify(int fd, const char *state);
