/* SPDX-License-Identifier: ISC
 *
 * process.h - the process among others: going into the background, the supervisor, the pid-file.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   none
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <split53/status.h>

/*
 * Go into the background. In the parent this does not return: it waits until the child is ready
 * or has failed, and exits with 0 or 1, so that a start script learns the truth. In the child:
 * *ready_fd is for s53_process_ready().
 */
S53_MUST_USE enum s53_status s53_process_daemonise(int *ready_fd);

/*
 * The start has succeeded: the parent may go, and the terminal is let loose. -1: not in the
 * background.
 */
void s53_process_ready(int ready_fd);

/*
 * The supervisor's socket ($NOTIFY_SOCKET, sd_notify(3)), to be opened before chroot; -1: there
 * is none.
 */
int s53_notify_open(void);
void s53_notify(int fd, const char *state);

/* Written whole or not at all; folders that are missing are made for `owner`. S53_E_IO: errno. */
S53_MUST_USE enum s53_status s53_pidfile_write(const char *path, uid_t owner, gid_t group);
void s53_pidfile_remove(const char *path); /* when it still holds our own number */
