/* SPDX-License-Identifier: ISC
 *
 * memory.h - how much memory this process may use.
 *
 * Layer    base
 * Threads  main thread
 * Memory   none
 * Units    bytes
 */
#pragma once

#include <stdint.h>

/* The memory of the machine, or the control group's limit if that is less; 0: unknown. */
uint64_t s53_memory_octets(void);

/*
 * The limit of a process with `groups` as /proc/self/cgroup and the control groups mounted at
 * `mount`; 0: none. s53_memory_octets() calls this; tests do so with a tree of their own.
 */
uint64_t s53_memory_limit(const char *groups, const char *mount);
