/* SPDX-License-Identifier: ISC
 *
 * cpu.h - how many processors this process may use.
 *
 * Layer    base
 * Threads  main thread
 * Memory   none
 */
#pragma once

/* The smaller one of CPU affinity and the control group's quota; 1 .. 256. */
unsigned s53_cpu_count(void);

/*
 * The quota of a process whose /proc/self/cgroup is `groups`, with the control groups mounted at
 * `mount`, in processors, rounded up; 0: no quota. s53_cpu_count() calls this; tests do so with a
 * tree of their own.
 */
unsigned s53_cpu_quota(const char *groups, const char *mount);
