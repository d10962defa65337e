/* SPDX-License-Identifier: ISC
 *
 * cpu.c - the number of processors, by CPU affinity and by the quota of a container.
 *
 * Sources  cgroups(7): cpu.max of version 2 ("max 100000", "150000 100000"); cpu.cfs_quota_us and
 *          cpu.cfs_period_us of version 1
 */
#include <split53/cpu.h>

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "cgroup.h"

#define CPU_MAX 256

static uint64_t
whole(long long quota_us, long long period_us)
{
	long long count;

	if (quota_us <= 0 || period_us <= 0)
		return 0;
	count = (quota_us + period_us - 1) / period_us;
	return count > CPU_MAX ? CPU_MAX : (uint64_t)count;
}

static uint64_t
read_v2(const char *folder)
{
	char line[64];
	long long quota, period;

	if (!s53_cgroup_line(folder, "cpu.max", line, sizeof(line)) ||
	    sscanf(line, "%lld %lld", &quota, &period) != 2)
		return 0;
	return whole(quota, period);
}

static uint64_t
read_v1(const char *folder)
{
	char quota[32], period[32];

	if (!s53_cgroup_line(folder, "cpu.cfs_quota_us", quota, sizeof(quota)) ||
	    !s53_cgroup_line(folder, "cpu.cfs_period_us", period, sizeof(period)))
		return 0;
	return whole(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

unsigned
s53_cpu_quota(const char *groups, const char *mount)
{
	static const struct s53_cgroup_limit cpu = { "cpu", read_v2, read_v1 };

	return (unsigned)s53_cgroup_least(groups, mount, &cpu);
}

unsigned
s53_cpu_count(void)
{
	cpu_set_t set;
	unsigned quota = s53_cpu_quota(S53_CGROUP_GROUPS, S53_CGROUP_MOUNT);
	unsigned count = 1;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		count = (unsigned)CPU_COUNT(&set);
	if (quota > 0 && quota < count)
		count = quota;
	return count > CPU_MAX ? CPU_MAX : count;
}
