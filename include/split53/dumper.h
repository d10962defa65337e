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

#include <stdint.h>

#include <split53/counter.h>

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

/*
 * Start a dump of the cache, the servers and the counters to `path`, written piece by piece from
 * the event loop; the file replaces `path` when it is complete. While a dump is under way this call
 * only logs that. Every failure is logged. Takes a count of `policy`, copies `path`.
 */
void s53_dumper_begin(struct s53_dumper *dumper, struct s53_policy *policy, const char *path);
