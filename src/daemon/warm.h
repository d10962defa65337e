/* SPDX-License-Identifier: ISC
 *
 * warm.h - the cache outlives the process: read at start, written at the end.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   s53_warm_end() or s53_warm_drop() frees what begin() made
 */
#pragma once

struct s53_daemon;

/*
 * The workers serve: read the file in turns of the main loop. What is refused is said in the log,
 * and the cache stays as it is.
 */
void s53_warm_begin(struct s53_daemon *daemon);

/* The workers have ended: take what is left of the old file, then write the new one. */
void s53_warm_end(struct s53_daemon *daemon);

/* Give up what begin() began. */
void s53_warm_drop(struct s53_daemon *daemon);
