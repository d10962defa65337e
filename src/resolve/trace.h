/* SPDX-License-Identifier: ISC
 *
 * trace.h - a line for each step of a query and of a fetch, at debug 3 (`-d 3`): category client.
 *
 * Layer    resolve (private)
 * Threads  any
 * Memory   the caller's
 */
#pragma once

#include <split53/addr.h>
#include <split53/name.h>

#include "logword.h"
#include "query.h"

struct s53_fetch;

/* The part of a query's lines that is the same in each. */
struct s53_trace {
	char client[S53_ADDR_TEXT], name[S53_NAME_TEXT], type_word[S53_LOG_WORD];
	const char *type, *view;
	unsigned depth; /* of a chase */
};

bool s53_trace_is_on(void);
void s53_trace_query(struct s53_trace *trace, const struct s53_query *query);
void s53_trace_step(const struct s53_trace *trace, enum s53_step step, enum s53_verdict verdict);
void s53_trace_fetch(const struct s53_fetch *fetch, enum s53_step step, enum s53_verdict verdict);
