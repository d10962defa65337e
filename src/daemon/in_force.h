/* SPDX-License-Identifier: ISC
 *
 * in_force.h - what is done when all workers have taken what the main thread has sent them: a new
 * snapshot, listeners.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   made before the change that it follows, so that nothing can fail after it; freed when it
 *          has ended or by s53_in_force_drop()
 *
 * Each worker is visited (rounds.h), and finds the visit behind the messages that came before.
 */
#pragma once

#include <split53/operations.h>

struct s53_daemon;
struct s53_in_force;

/* `done` NULL: no one waits. NULL: no memory. */
struct s53_in_force *s53_in_force_new(struct s53_daemon *daemon, s53_done *done, void *done_arg);
void s53_in_force_drop(struct s53_in_force *in_force); /* instead of begin(); NULL is fine */

/*
 * When all workers have come so far, log `line` (static; of category general, at notice; NULL:
 * none), tell the supervisor that a reload has ended if `reloading`, and call `done`. At the end of
 * the program `done` is called, and the rest is not done.
 */
void s53_in_force_begin(struct s53_in_force *in_force, const char *line, bool reloading);
