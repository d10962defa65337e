/* SPDX-License-Identifier: ISC
 *
 * warm.h - the cache file: read after the start, written at the end.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   s53_warm_end() or s53_warm_drop() frees what begin() has made
 */
#pragma once

struct s53_daemon;

/*
 * Begin to read the file, in short turns of the main loop, while the workers serve. A file that is
 * rejected is logged and adds nothing to the cache.
 */
void s53_warm_begin(struct s53_daemon *daemon);

/* The workers have ended: read the rest of the old file, then write the new one. */
void s53_warm_end(struct s53_daemon *daemon);

/* Stop reading. */
void s53_warm_drop(struct s53_daemon *daemon);
