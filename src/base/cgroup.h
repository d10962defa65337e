/* SPDX-License-Identifier: ISC
 *
 * cgroup.h - the limits that control groups set this process.
 *
 * Layer    base, private
 * Threads  main thread
 * Memory   none
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define S53_CGROUP_GROUPS "/proc/self/cgroup"
#define S53_CGROUP_MOUNT "/sys/fs/cgroup"

/* One kind of limit: how to read it from a group's directory, by version; 0: none is set. */
struct s53_cgroup_limit {
	const char *controller; /* version 1's: "cpu" */
	uint64_t (*read_v2)(const char *folder);
	uint64_t (*read_v1)(const char *folder);
};

/*
 * The smallest limit that applies to a process with `groups` as /proc/self/cgroup and the control
 * groups mounted at `mount`; 0: none.
 */
uint64_t s53_cgroup_least(
    const char *groups, const char *mount, const struct s53_cgroup_limit *limit);

/* Read the first line of folder/name; false: there is no such file, or it is empty. */
bool s53_cgroup_line(const char *folder, const char *name, char *line, int size);
