/* SPDX-License-Identifier: ISC
 *
 * dumper.h - dumpdb: writes the cache, the upstream servers and the counters as text, like BIND's
 * dump.
 *
 * Layer    control
 * Threads  main thread
 * Memory   a dump keeps a count of its policy until it ends
 *
 * The statistics at the end of a dump are layer stats's.
 */
#pragma once

#include <stdbool.h>

#include <split53/status.h>

struct event_base;
struct s53_dumper;
struct s53_policy;
struct s53_stats_source;

/* `source` must outlive the dumper. NULL: no memory. */
struct s53_dumper *s53_dumper_new(struct event_base *base, const struct s53_stats_source *source);

/* A dump under way is abandoned and its file removed. NULL is fine. */
void s53_dumper_free(struct s53_dumper *dumper);

enum s53_dump_part {
	S53_DUMP_CACHE = 1,
	S53_DUMP_ZONES = 2, /* that are answered from here, without those that are built in */
	S53_DUMP_UPSTREAMS = 4,
	S53_DUMP_COUNTERS = 8,
};

/*
 * Start a dump of `parts` to `path`, written in turns of the loop; the file replaces `path` when it
 * is complete. Of all views, or of the one of this name. Every failure is logged. Takes a count of
 * `policy`, copies `path`.
 *   S53_E_ABSENT  there is no such view
 *   S53_E_LIMIT   a dump is under way: this one is not begun
 *   S53_E_IO      the file cannot be written: errno
 *   S53_E_EXISTS  `path` is no regular file
 *   S53_E_NOMEM
 */
enum s53_status s53_dumper_begin(struct s53_dumper *dumper, struct s53_policy *policy,
    const char *path, unsigned parts, const char *view);

/* Is a dump under way? NULL, the dumper of a program that ends: no. */
bool s53_dumper_is_busy(const struct s53_dumper *dumper);
