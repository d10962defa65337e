/* SPDX-License-Identifier: ISC
 *
 * cgroup.c - control groups, from a process's own up to the root.
 *
 * A group inherits the limits of its parents, so the smallest one on the path to the root applies.
 * In a container, /proc/self/cgroup may name a path that is not mounted there: then the parents
 * that are mounted decide.
 *
 * Sources  cgroups(7): /proc/PID/cgroup, and the directories of versions 1 and 2
 */
#include "cgroup.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

bool
s53_cgroup_line(const char *folder, const char *name, char *line, int size)
{
	char path[PATH_MAX + 64];
	FILE *file;
	bool fine;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	fine = fgets(line, size, file) != NULL;
	fclose(file);
	return fine;
}

/* The smallest limit of `root`/`group` and each directory above it, up to `root`; 0: none. */
static uint64_t
least_upwards(const char *root, const char *group, uint64_t (*read_limit)(const char *folder))
{
	char folder[PATH_MAX];
	uint64_t least = 0;
	int len = snprintf(folder, sizeof(folder), "%s%s", root, group);

	if (len < 0 || len >= (int)sizeof(folder))
		return 0;
	for (;;) {
		uint64_t limit = read_limit(folder);
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

/* The limit by one line "ID:CONTROLLERS:PATH"; the line of version 2 names no controllers. */
static uint64_t
line_limit(char *line, const char *mount, const struct s53_cgroup_limit *limit)
{
	char root[PATH_MAX];
	char *controllers = strchr(line, ':');
	char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
	uint64_t found;

	if (group == NULL)
		return 0;
	*group++ = '\0';
	controllers++;
	group[strcspn(group, "\n")] = '\0';
	if (strcmp(group, "/") == 0)
		*group = '\0';
	if (*controllers == '\0') {
		found = least_upwards(mount, group, limit->read_v2);
		if (found > 0)
			return found;
		snprintf(root, sizeof(root), "%s/unified", mount); /* the hybrid layout */
		return least_upwards(root, group, limit->read_v2);
	}
	if (!has_word(controllers, limit->controller))
		return 0;
	snprintf(root, sizeof(root), "%s/%s", mount, controllers); /* "cpu,cpuacct" */
	found = least_upwards(root, group, limit->read_v1);
	if (found > 0)
		return found;
	snprintf(root, sizeof(root), "%s/%s", mount, limit->controller);
	return least_upwards(root, group, limit->read_v1);
}

uint64_t
s53_cgroup_least(const char *groups, const char *mount, const struct s53_cgroup_limit *limit)
{
	FILE *file = fopen(groups, "re");
	char line[PATH_MAX + 64];
	uint64_t least = 0;

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		uint64_t found = line_limit(line, mount, limit);

		if (found > 0 && (least == 0 || found < least))
			least = found;
	}
	fclose(file);
	return least;
}
