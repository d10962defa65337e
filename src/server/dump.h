/* SPDX-License-Identifier: ISC
 *
 * dump.h - the cache as text, in the form of BIND's cache dump.
 *
 * Layer    server
 * Threads  main thread
 * Memory   a dump holds a count of the policy that it began with, and is freed by its end
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

struct s53_policy;
struct s53_registry;
struct s53_server;

/*
 * Write the cache to the snapshot's dump_file, in turns of the main loop. One at a time: while one
 * is under way this only says so. All that goes wrong is said in the log.
 */
void s53_dump_begin(struct s53_server *server);

/* The process ends: what is there of the new file is taken away. */
void s53_dump_abandon(struct s53_server *server);

/* --- between the dump's files --------------------------------------------------------------- */

/* dump_upstreams.c: all servers of the registry, and which zones of the policy ask them. */
void s53_dump_upstreams(
    FILE *out, struct s53_registry *registry, const struct s53_policy *policy, uint64_t now_ms);

/* dump_counters.c: what all workers have counted. */
void s53_dump_counters(FILE *out, const struct s53_server *server);
