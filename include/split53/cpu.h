/* SPDX-License-Identifier: ISC
 *
 * cpu.h - how many processors this process may really use.
 *
 * Layer    base
 * Threads  main thread
 * Memory   none
 */
#pragma once

/* By affinity and the control group's quota; 1 .. 256. */
unsigned s53_cpu_count(void);

/*
 * Whole processors of the quota that holds for a process whose /proc/self/cgroup is `groups`,
 * with the control groups mounted at `mount`; 0: no quota. A part of a processor counts as one.
 */
unsigned s53_cpu_quota(const char *groups, const char *mount);
