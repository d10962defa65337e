/* SPDX-License-Identifier: ISC
 *
 * sample.h - counts every 64th query by name and by client, for `split53ctl top`.
 *
 * Layer    listen
 * Threads  the worker's; the tables have a lock
 * Memory   none
 */
#pragma once

#include "context.h"

/* One of these queries is the 64th: count it. */
void s53_sample_take(
    struct s53_listen_context *context, const struct s53_arrival *arrivals, unsigned count);

/*
 * Call before queries are passed to the resolver. One subtraction and one branch for all of them.
 */
static inline void
s53_sample(struct s53_listen_context *context, const struct s53_arrival *arrivals, unsigned count)
{
	context->until_sample -= (int)count;
	if (__builtin_expect(context->until_sample <= 0, 0))
		s53_sample_take(context, arrivals, count);
}
