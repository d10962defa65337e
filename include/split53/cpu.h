/* SPDX-License-Identifier: ISC
 *
 * cpu.h - how many processors this process may use.
 *
 * Layer    base
 * Threads  main thread
 * Memory   none
 */
#pragma once

/* The smaller of the CPU affinity and the control group's quota; 1 .. 256. */
unsigned s53_cpu_count(void);

/*
 * The quota of a process with `groups` as /proc/self/cgroup and the control groups mounted at
 * `mount`, in processors, rounded up; 0: no quota. s53_cpu_count() calls this; tests do so with a
 * directory tree of their own.
 */
unsigned s53_cpu_quota(const char *groups, const char *mount);
