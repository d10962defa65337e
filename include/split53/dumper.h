/* SPDX-License-Identifier: ISC
 *
 * dumper.h - dumpdb: writes the cache, the upstream servers and the counters as text, like BIND's
 * dump.
 *
 * Layer    control
 * Threads  main thread
 * Memory   a dump keeps a count of its policy until it ends
 *
 * The dumper reads counters through struct s53_dump_source, which the daemon fills in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <split53/counter.h>
#include <split53/status.h>

struct event_base;
struct s53_dumper;
struct s53_policy;
struct s53_registry;

struct s53_dump_source {
	struct event_base *base;
	struct s53_registry *registry;
	/* The sum of a counter over all workers. */
	uint64_t (*counter)(void *arg, enum s53_counter counter);
	/* How many queries wait now, over all workers: what recursive-clients bounds. */
	unsigned (*pending)(void *arg);
	void *arg;
};

/* `source` is copied; what it refers to must outlive the dumper. NULL: no memory. */
struct s53_dumper *s53_dumper_new(const struct s53_dump_source *source);

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

/* Is a dump under way? */
bool s53_dumper_is_busy(const struct s53_dumper *dumper);
