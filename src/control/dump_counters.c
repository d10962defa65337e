/* SPDX-License-Identifier: ISC
 *
 * dump_counters.c - the last section of a dump: the number of queries that wait, lost log lines,
 * and the counters, if not 0.
 */
#include "dump.h"

#include <inttypes.h>

#include <split53/log.h>

void
s53_dump_counters(FILE *out, const struct s53_dump_source *source)
{
	unsigned pending = source->pending(source->arg);
	uint64_t lost = s53_log_lost();

	fputs(";\n; Counters\n;\n", out);
	if (pending > 0)
		fprintf(out, "; %-24s %u\n", "pending-now", pending);
	if (lost > 0)
		fprintf(out, "; %-24s %" PRIu64 "\n", "log-lines-lost", lost);
	for (unsigned counter = 0; counter < S53_C_COUNT; counter++) {
		uint64_t total = source->counter(source->arg, (enum s53_counter)counter);

		if (total > 0)
			fprintf(out, "; %-24s %" PRIu64 "\n",
			    s53_counter_name((enum s53_counter)counter), total);
	}
}
