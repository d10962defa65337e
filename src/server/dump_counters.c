/* SPDX-License-Identifier: ISC
 *
 * dump_counters.c - what has happened how often, at the end of a dump: those that are not 0.
 */
#include "dump.h"

#include <inttypes.h>

#include <split53/worker.h>

#include "inside.h"

static uint64_t
sum(const struct s53_server *server, enum s53_counter counter)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < server->worker_count; i++)
		total += s53_counter_read(s53_worker_counters(server->workers[i]), counter);
	return total;
}

void
s53_dump_counters(FILE *out, const struct s53_server *server)
{
	fputs(";\n; Counters\n;\n", out);
	for (unsigned counter = 0; counter < S53_C_COUNT; counter++) {
		uint64_t total = sum(server, (enum s53_counter)counter);

		if (total > 0)
			fprintf(out, "; %-24s %" PRIu64 "\n",
			    s53_counter_name((enum s53_counter)counter), total);
	}
}
