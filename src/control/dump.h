/* SPDX-License-Identifier: ISC
 *
 * dump.h - the sections of a dump that have a file of their own.
 *
 * Layer    control, private to dumper.c and the dump_*.c files
 * Threads  main thread
 * Memory   none
 */
#pragma once

#include <stdio.h>

#include <split53/dumper.h>

/*
 * dump_upstreams.c: all servers of the registry, and the zones of the policy that forward to them.
 */
void s53_dump_upstreams(
    FILE *out, struct s53_registry *registry, const struct s53_policy *policy, uint64_t now_ms);

/* dump_counters.c: how many queries wait, and the counters; zeros are left out. */
void s53_dump_counters(FILE *out, const struct s53_dump_source *source);
