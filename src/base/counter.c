/* SPDX-License-Identifier: ISC
 *
 * counter.c - the names of the counters.
 */
#include <stddef.h>

#include <split53/counter.h>
#include <split53/status.h>

const char *
s53_counter_name(enum s53_counter counter)
{
	static const char *const names[] = {
#define COUNTER_NAME(id, name) [S53_C_##id] = (name),
		S53_COUNTERS(COUNTER_NAME)
#undef COUNTER_NAME
	};

	S53_ASSERT(counter < S53_C_COUNT);
	return names[counter];
}
