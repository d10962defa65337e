/* SPDX-License-Identifier: ISC
 *
 * flush.h - flushes the cache while it is in use.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   a flush is freed when it has ended
 */
#pragma once

#include <split53/operations.h>

struct s53_daemon;

/* s53_operations.flush. */
S53_MUST_USE enum s53_status s53_daemon_flush(struct s53_daemon *daemon,
    const struct s53_flush_request *request, s53_flushed *done, void *done_arg,
    char why[static S53_OPERATION_WHY]);

/* At the end of the program, after the workers have ended: complete the flushes in progress now. */
void s53_daemon_end_flushes(struct s53_daemon *daemon);
