/* SPDX-License-Identifier: ISC
 *
 * memory.h - how much memory this process may use.
 *
 * Layer    base
 * Threads  main thread
 * Memory   none
 * Units    octets
 */
#pragma once

#include <stdint.h>

/* The memory of the machine, or the control group's limit if that is less; 0: unknown. */
uint64_t s53_memory_octets(void);

/*
 * The limit of a process whose /proc/self/cgroup is `groups`, with the control groups mounted at
 * `mount`; 0: none. s53_memory_octets() calls this; tests do so with a tree of their own.
 */
uint64_t s53_memory_limit(const char *groups, const char *mount);
