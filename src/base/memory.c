/* SPDX-License-Identifier: ISC
 *
 * memory.c - the memory of the machine, and the limit of a container.
 *
 * Sources  cgroups(7): memory.max of version 2 ("max", "67108864"); memory.limit_in_bytes of
 *          version 1, where a number near 2^63 means "no limit"
 */
#include <split53/memory.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cgroup.h"

#define NO_LIMIT ((uint64_t)1 << 62)

static uint64_t
read_octets(const char *folder, const char *name)
{
	char line[64], *end;
	unsigned long long octets;

	if (!s53_cgroup_line(folder, name, line, sizeof(line)) || line[0] < '0' || line[0] > '9')
		return 0;
	errno = 0;
	octets = strtoull(line, &end, 10);
	return errno != 0 || octets >= NO_LIMIT ? 0 : octets;
}

static uint64_t
read_v2(const char *folder)
{
	return read_octets(folder, "memory.max");
}

static uint64_t
read_v1(const char *folder)
{
	return read_octets(folder, "memory.limit_in_bytes");
}

uint64_t
s53_memory_limit(const char *groups, const char *mount)
{
	static const struct s53_cgroup_limit memory = { "memory", read_v2, read_v1 };

	return s53_cgroup_least(groups, mount, &memory);
}

uint64_t
s53_memory_octets(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
	uint64_t limit = s53_memory_limit(S53_CGROUP_GROUPS, S53_CGROUP_MOUNT), machine = 0;

	if (pages > 0 && page_size > 0)
		machine = (uint64_t)pages * (uint64_t)page_size;
	if (machine == 0 || (limit > 0 && limit < machine))
		return limit;
	return machine;
}
