/* SPDX-License-Identifier: ISC
 *
 * cpu.c - processors by affinity, and by the quota that containers are given.
 *
 * Sources  cgroups(7): cpu.max of version 2 ("max 100000", "150000 100000"); cpu.cfs_quota_us and
 *          cpu.cfs_period_us of version 1. A limit of a parent binds its children, so that the
 *          smallest on the way up holds. Inside of a container the path may not be there: then
 *          its parents decide.
 */
#include "cpu.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPU_MAX 256

static unsigned
whole(long long quota_us, long long period_us)
{
	long long count;

	if (quota_us <= 0 || period_us <= 0)
		return 0;
	count = (quota_us + period_us - 1) / period_us;
	return count > CPU_MAX ? CPU_MAX : (unsigned)count;
}

static bool
read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");
	bool fine;

	if (file == NULL)
		return false;
	fine = fgets(line, size, file) != NULL;
	fclose(file);
	return fine;
}

static unsigned
read_v2(const char *folder)
{
	char path[PATH_MAX + 16], line[64];
	long long quota, period;

	snprintf(path, sizeof(path), "%s/cpu.max", folder);
	if (!read_line(path, line, sizeof(line)) || sscanf(line, "%lld %lld", &quota, &period) != 2)
		return 0;
	return whole(quota, period);
}

static unsigned
read_v1(const char *folder)
{
	char path[PATH_MAX + 32], quota[32], period[32];

	snprintf(path, sizeof(path), "%s/cpu.cfs_quota_us", folder);
	if (!read_line(path, quota, sizeof(quota)))
		return 0;
	snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", folder);
	if (!read_line(path, period, sizeof(period)))
		return 0;
	return whole(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

/* The smallest limit from `group` below `root` up to `root` itself. */
static unsigned
least_upwards(const char *root, const char *group, unsigned (*read_limit)(const char *folder))
{
	char folder[PATH_MAX];
	unsigned least = 0;
	int len = snprintf(folder, sizeof(folder), "%s%s", root, group);

	if (len < 0 || len >= (int)sizeof(folder))
		return 0;
	for (;;) {
		unsigned limit = read_limit(folder);
		char *slash = strrchr(folder, '/');

		if (limit > 0 && (least == 0 || limit < least))
			least = limit;
		if (slash == NULL || (size_t)(slash - folder) < strlen(root))
			return least;
		*slash = '\0';
	}
}

static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, word, len) == 0 && (at[len] == ',' || at[len] == '\0'))
			return true;
	}
	return false;
}

/* One line "ID:CONTROLLERS:PATH"; version 2 has no controllers in it. */
static unsigned
line_quota(char *line, const char *mount)
{
	char root[PATH_MAX];
	char *controllers = strchr(line, ':');
	char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
	unsigned limit;

	if (group == NULL)
		return 0;
	*group++ = '\0';
	controllers++;
	group[strcspn(group, "\n")] = '\0';
	if (strcmp(group, "/") == 0)
		*group = '\0';
	if (*controllers == '\0') {
		limit = least_upwards(mount, group, read_v2);
		if (limit > 0)
			return limit;
		snprintf(root, sizeof(root), "%s/unified", mount); /* the hybrid layout */
		return least_upwards(root, group, read_v2);
	}
	if (!has_word(controllers, "cpu"))
		return 0;
	snprintf(root, sizeof(root), "%s/%s", mount, controllers); /* "cpu,cpuacct" */
	limit = least_upwards(root, group, read_v1);
	if (limit > 0)
		return limit;
	snprintf(root, sizeof(root), "%s/cpu", mount);
	return least_upwards(root, group, read_v1);
}

unsigned
s53_cpu_quota(const char *groups, const char *mount)
{
	FILE *file = fopen(groups, "re");
	char line[PATH_MAX + 64];
	unsigned least = 0;

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned limit = line_quota(line, mount);

		if (limit > 0 && (least == 0 || limit < least))
			least = limit;
	}
	fclose(file);
	return least;
}

unsigned
s53_cpu_count(void)
{
	cpu_set_t set;
	unsigned quota = s53_cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup");
	unsigned count = 1;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		count = (unsigned)CPU_COUNT(&set);
	if (quota > 0 && quota < count)
		count = quota;
	return count > CPU_MAX ? CPU_MAX : count;
}
