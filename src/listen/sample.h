/* SPDX-License-Identifier: ISC
 *
 * sample.h - every 64th query is counted by name and by client, for `split53ctl top`.
 *
 * Layer    listen
 * Threads  the worker's own; the tables have a lock of their own
 * Memory   none
 */
#pragma once

#include "context.h"

/* The 64th query is among these: count it. */
void s53_sample_take(
    struct s53_listen_context *context, const struct s53_arrival *arrivals, unsigned count);

/* Queries are about to be handed over. One subtraction and one branch for all of them. */
static inline void
s53_sample(struct s53_listen_context *context, const struct s53_arrival *arrivals, unsigned count)
{
	context->until_sample -= (int)count;
	if (__builtin_expect(context->until_sample <= 0, 0))
		s53_sample_take(context, arrivals, count);
}
