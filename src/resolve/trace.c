/* SPDX-License-Identifier: ISC
 *
 * trace.c - see trace.h.
 */
#include "trace.h"

#include <split53/log.h>

#include "resolver_private.h"

#define DEBUG_STEPS (S53_LOG_DEBUG + 2) /* debug 3 */

static const char *const steps[S53_STEPS] = {
	[S53_STEP_PARSE] = "parse",
	[S53_STEP_VIEW] = "view",
	[S53_STEP_ADMIT] = "admit",
	[S53_STEP_ROUTE] = "route",
	[S53_STEP_FIND] = "find",
	[S53_STEP_JOIN] = "join",
	[S53_STEP_CHOOSE] = "choose",
	[S53_STEP_EXCHANGE] = "exchange",
	[S53_STEP_VALIDATE] = "validate",
	[S53_STEP_STORE] = "store",
	[S53_STEP_ANSWER] = "answer",
};

static const char *const verdicts[] = {
	[S53_NEXT] = "done",
	[S53_REPLY] = "ends with an answer",
	[S53_WAIT] = "waits",
	[S53_RETRY] = "back to choose",
	[S53_DROP] = "ends without a reply",
	[S53_DONE] = "sent",
};

bool
s53_trace_is_on(void)
{
	return s53_log_on(S53_LOG_CLIENT, DEBUG_STEPS);
}

void
s53_trace_query(struct s53_trace *trace, const struct s53_query *query)
{
	s53_addr_print(&query->client.addr, trace->client);
	s53_name_print(&query->request.question.name, trace->name);
	trace->type = s53_log_type(query->request.question.qtype, trace->type_word);
	trace->view = s53_log_view(query);
	trace->depth = query->chase_depth;
}

void
s53_trace_step(const struct s53_trace *trace, enum s53_step step, enum s53_verdict verdict)
{
	bool has_view = trace->view[0] != '\0';

	s53_log(S53_LOG_CLIENT, DEBUG_STEPS, "client %s (%s):%s%s%s %s%s, %s: %s", trace->client,
	    trace->name, has_view ? " view " : "", trace->view, has_view ? ":" : "",
	    trace->depth > 0 ? "chase, " : "", trace->type, steps[step], verdicts[verdict]);
}

void
s53_trace_fetch(const struct s53_fetch *fetch, enum s53_step step, enum s53_verdict verdict)
{
	char name[S53_NAME_TEXT], type[S53_LOG_WORD];

	if (!s53_trace_is_on())
		return;
	s53_log(S53_LOG_CLIENT, DEBUG_STEPS, "fetch %s/%s: %s: %s",
	    s53_name_print(&fetch->client_name, name), s53_log_type(fetch->question.qtype, type),
	    steps[step], verdicts[verdict]);
}
