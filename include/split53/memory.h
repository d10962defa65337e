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

/* The machine's, or the limit of the control group if that is less; 0: nobody knows. */
uint64_t s53_memory_octets(void);

/*
 * The limit that holds for a process whose /proc/self/cgroup is `groups`, with the control groups
 * mounted at `mount`; 0: none.
 */
uint64_t s53_memory_limit(const char *groups, const char *mount);
