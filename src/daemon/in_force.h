/* SPDX-License-Identifier: ISC
 *
 * in_force.h - runs an action after all workers use what the main thread has sent them: a new
 * snapshot, listeners.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   allocated before the change, so that nothing can fail after it; freed when the action
 *          has run, or by s53_in_force_drop()
 *
 * Each worker is visited (rounds.h). Messages are handled in order, so a visit shows that the
 * worker has handled those before it.
 */
#pragma once

#include <split53/operations.h>

struct s53_daemon;
struct s53_in_force;

/* `done` NULL: no callback. Returns NULL: no memory. */
struct s53_in_force *s53_in_force_new(struct s53_daemon *daemon, s53_done *done, void *done_arg);
void s53_in_force_drop(struct s53_in_force *in_force); /* instead of begin(); NULL is fine */

/*
 * When all workers have been visited, log `line` (static; of category general, at notice; NULL:
 * none), notify the supervisor that a reload has ended if `reloading`, and call `done`. At the end
 * of the program only `done` is called.
 */
void s53_in_force_begin(struct s53_in_force *in_force, const char *line, bool reloading);
