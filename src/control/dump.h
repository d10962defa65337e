/* SPDX-License-Identifier: ISC
 *
 * dump.h - the sections of a dump that have a file of their own.
 *
 * Layer    control, private to dumper.c and the dump_*.c files
 * Threads  main thread
 * Memory   none
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include <split53/dumper.h>

struct s53_registry;

/*
 * dump_upstreams.c: all servers of the registry, and the zones of the policy that forward to them.
 */
void s53_dump_upstreams(
    FILE *out, struct s53_registry *registry, const struct s53_policy *policy, uint64_t now_ms);

/*
 * dump_zones.c: the local zones of some views of a policy that outlives it, in steps. step() false:
 * no memory, or an error of `out`; *more false: that was the last step. new() NULL: no memory.
 */
struct dump_zones;
struct dump_zones *s53_dump_zones_new(
    const struct s53_policy *policy, unsigned view, unsigned views_until);
bool s53_dump_zones_step(struct dump_zones *zones, FILE *out, bool *more);
void s53_dump_zones_free(struct dump_zones *zones); /* NULL is fine */
