/* SPDX-License-Identifier: ISC
 *
 * dumper.h - dumpdb: what the server knows, as text, in the form of BIND's cache dump.
 *
 * Layer    control
 * Threads  main thread
 * Memory   a dump holds a count of the policy that it began with until it ends
 *
 * The dumper gets what it shows through struct s53_dump_source, which the daemon fills in.
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
	void *arg;
};

/* `source` is copied; what it points to must outlive the dumper. NULL: no memory. */
struct s53_dumper *s53_dumper_new(const struct s53_dump_source *source);

/* The file of a dump under way is removed. NULL is fine. */
void s53_dumper_free(struct s53_dumper *dumper);

/*
 * Write the cache, the servers and the counters to `path`, in turns of the loop; the file replaces
 * `path` when it is complete. One dump at a time: while one is under way this call only logs so.
 * Every failure is logged. Takes a count of `policy` and copies `path`.
 */
void s53_dumper_begin(struct s53_dumper *dumper, struct s53_policy *policy, const char *path);
