/* SPDX-License-Identifier: ISC
 *
 * collect_system.c - processor time, memory and descriptors of this process, as the kernel counts
 * them.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "collect.h"

/* proc(5): total and resident pages. In a chroot without /proc the values stay unknown. */
static void
read_memory(struct s53_stats_system *out)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long all, resident;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (file == NULL)
		return;
	if (fscanf(file, "%lu %lu", &all, &resident) == 2) {
		out->virtual_octets = all * page;
		out->resident_octets = resident * page;
	}
	fclose(file);
}

static void
count_fds(struct s53_stats_system *out)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		out->open_fds += entry->d_name[0] != '.';
	out->open_fds--; /* the descriptor of the folder itself */
	closedir(folder);
}

void
collect_system(struct s53_stats_system *out)
{
	struct timespec cpu;
	struct rlimit limit;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
		out->cpu_ns = (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		out->max_fds = limit.rlim_cur;
	read_memory(out);
	count_fds(out);
}
