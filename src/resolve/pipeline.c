/* SPDX-License-Identifier: ISC
 *
 * pipeline.c - the life of a query from end to end: start reading here.
 *
 *	parse -> view -> admit -> route -> find ->
 *	    | join -> choose -> exchange -> validate -> store | -> answer
 *
 * Up to find, nothing is allocated and nothing waits. From choose to store the steps run on a
 * fetch, the upstream work for one key; when it ends, the queries that wait in join are woken
 * through the resolver's run queue. The only edge back leads from validate to choose (or from a
 * failed exchange to choose), and is bounded by the servers of the group, the passes and the
 * deadline.
 */
#include <split53/log.h>

#include "resolver_private.h"
#include "trace.h"

static bool
is_blackholed(const struct s53_query *query)
{
	const struct s53_acl *blackhole = query->policy->blackhole;

	if (blackhole == NULL || !s53_acl_allows(blackhole, &query->client.addr))
		return false;
	s53_count(query->resolver->counters, S53_C_ADMIT_BLACKHOLED);
	return true;
}

enum s53_verdict
s53_query_fail(struct s53_query *query, uint16_t rcode, uint16_t ede, const char *text)
{
	query->outcome = (struct s53_outcome){ .rcode = rcode, .ede = ede, .ede_text = text };
	return S53_REPLY;
}

/* RFC 1035 s4.1, RFC 6891, RFC 9619: one question and at most one OPT, or the matching error. */
static enum s53_verdict
parse(struct s53_query *query)
{
	struct s53_counters *counters = query->resolver->counters;
	enum s53_request_verdict verdict =
	    s53_request_parse(query->octets, query->octets_len, &query->request);

	if (verdict == S53_REQUEST_OK)
		return S53_NEXT;
	if (verdict == S53_REQUEST_SILENCE) {
		s53_count(counters, S53_C_PARSE_DROPPED);
		return S53_DROP;
	}
	if (is_blackholed(query))
		return S53_DROP;
	switch (verdict) {
	case S53_REQUEST_NOTIMP:
		s53_count(counters, S53_C_PARSE_NOTIMP);
		return s53_query_fail(query, S53_RCODE_NOTIMP, S53_EDE_NOT_SUPPORTED, NULL);
	case S53_REQUEST_BADVERS:
		s53_count(counters, S53_C_PARSE_BADVERS);
		return s53_query_fail(query, S53_RCODE_BADVERS, S53_EDE_NONE, NULL);
	default:
		s53_count(counters, S53_C_PARSE_FORMERR);
		return s53_query_fail(query, S53_RCODE_FORMERR, S53_EDE_NONE, NULL);
	}
}

static enum s53_verdict
view(struct s53_query *query)
{
	query->view = s53_policy_view(query->policy, &query->client.addr, &query->client.local,
	    (query->request.flags & S53_RD) != 0);
	if (query->view != NULL) {
		query->answering = &query->view->answering;
		return S53_NEXT;
	}
	if (is_blackholed(query))
		return S53_DROP;
	s53_query_log_unmatched(query);
	s53_count(query->resolver->counters, S53_C_VIEW_REFUSED);
	return s53_query_fail(
	    query, S53_RCODE_REFUSED, S53_EDE_PROHIBITED, "no matching view for this client");
}

/*
 * Evaluates the view's access lists. The step route decides with them, since a zone may
 * override them.
 */
static enum s53_verdict
admit(struct s53_query *query)
{
	const struct s53_view *seen = query->view;
	const struct s53_addr *client = &query->client.addr;
	const struct s53_addr *local = &query->client.local;

	if (is_blackholed(query))
		return S53_DROP;
	query->may_query = s53_acl_allows(seen->allow_query, client) &&
	    s53_acl_allows(seen->allow_query_on, local);
	/*
	 * As in BIND: without recursion no client gets the cache, whatever allow-query-cache says.
	 */
	query->may_use_cache = seen->recursion && s53_acl_allows(seen->allow_query_cache, client) &&
	    s53_acl_allows(seen->allow_query_cache_on, local);
	query->may_recurse = query->may_use_cache &&
	    s53_acl_allows(seen->allow_recursion, client) &&
	    s53_acl_allows(seen->allow_recursion_on, local);
	return s53_policy_watch(query->policy) != 0 ? s53_query_watch(query) : S53_NEXT;
}

/* The steps in order: each runs on the query, or on the fetch that the query waits for. */
static const union {
	enum s53_verdict (*query)(struct s53_query *query);
	enum s53_verdict (*fetch)(struct s53_fetch *fetch);
} pipeline[S53_STEPS] = {
	[S53_STEP_PARSE].query = parse, /* one question, RFC 1035 s4.1, RFC 9619 */
	[S53_STEP_VIEW].query = view, /* match-clients, match-destinations */
	[S53_STEP_ADMIT].query = admit, /* blackhole, allow-query, allow-recursion */
	[S53_STEP_ROUTE].query = s53_step_route, /* longest suffix: forward, local zone, none */
	[S53_STEP_FIND].query = s53_step_find, /* cache: fresh answers leave here */
	[S53_STEP_JOIN].query = s53_step_join, /* join the key's fetch, or begin it */
	[S53_STEP_CHOOSE].fetch = s53_step_choose, /* best upstream not yet tried */
	[S53_STEP_EXCHANGE].fetch = s53_step_exchange, /* UDP, TCP on TC */
	[S53_STEP_VALIDATE].fetch = s53_step_validate, /* rcode, chain, filter */
	[S53_STEP_STORE].fetch = s53_step_store, /* kept as the upstream sent it */
	[S53_STEP_ANSWER].query = s53_step_answer, /* ID, flags, spelling, EDNS, size */
};

bool
s53_query_run_until(struct s53_query *query, enum s53_step until)
{
	while (query->step != until) {
		enum s53_verdict verdict = pipeline[query->step].query(query);

		if (verdict == S53_WAIT || verdict == S53_DONE)
			return false;
		/* If the step moved the query off the stack, go on with the moved one. */
		if (query->pending != NULL)
			query = &query->pending->query;
		switch (verdict) {
		case S53_NEXT:
			query->step++;
			break;
		case S53_REPLY:
			query->step = S53_STEP_ANSWER;
			break;
		default:
			query->client.ops->drop(&query->client);
			return false;
		}
	}
	return true;
}

/*
 * The same up to the end, with a trace line for each step. It is a loop of its own so that other
 * queries do not pay for the test at each step.
 */
static void
run_traced(struct s53_query *query)
{
	while (query->step != S53_STEPS) {
		enum s53_step step = query->step;
		struct s53_trace trace;
		enum s53_verdict verdict;

		s53_trace_query(&trace, query); /* the query may be gone after the step */
		verdict = pipeline[step].query(query);
		s53_trace_step(&trace, step, verdict);
		if (verdict == S53_WAIT || verdict == S53_DONE)
			return;
		if (query->pending != NULL)
			query = &query->pending->query;
		if (verdict != S53_NEXT && verdict != S53_REPLY) {
			query->client.ops->drop(&query->client);
			return;
		}
		query->step = verdict == S53_NEXT ? step + 1 : S53_STEP_ANSWER;
	}
}

/* The steps up to ADMIT are traced when they are over, so that untraced queries pay nothing. */
enum s53_verdict
s53_query_watch(struct s53_query *query)
{
	unsigned watch = s53_policy_watch(query->policy);
	struct s53_trace trace;

	if ((watch & S53_WATCH_QUERIES) != 0)
		s53_query_log(query);
	if ((watch & S53_WATCH_RESPONSES) != 0)
		s53_query_watch_response(query);
	if ((watch & S53_WATCH_STEPS) == 0 || !s53_trace_is_on())
		return S53_NEXT;
	s53_trace_query(&trace, query);
	for (unsigned step = S53_STEP_PARSE; step <= S53_STEP_ADMIT; step++)
		s53_trace_step(&trace, (enum s53_step)step, S53_NEXT);
	query->step = S53_STEP_ROUTE;
	run_traced(query);
	return S53_DONE;
}

void
s53_query_resume(struct s53_query *query)
{
	if ((s53_policy_watch(query->policy) & S53_WATCH_STEPS) != 0 && s53_trace_is_on())
		run_traced(query);
	else
		s53_query_run(query);
}

void
s53_query_run(struct s53_query *query)
{
	s53_query_run_until(query, S53_STEPS);
}

void
s53_fetch_run(struct s53_fetch *fetch)
{
	while (fetch->step != S53_STEP_ANSWER) {
		enum s53_step step = fetch->step;
		enum s53_verdict verdict = pipeline[step].fetch(fetch);

		if ((s53_policy_watch(fetch->policy) & S53_WATCH_STEPS) != 0)
			s53_trace_fetch(fetch, step, verdict);
		switch (verdict) {
		case S53_NEXT:
			fetch->step++;
			break;
		case S53_RETRY:
			fetch->step = S53_STEP_CHOOSE;
			break;
		case S53_REPLY:
			fetch->step = S53_STEP_ANSWER;
			break;
		default:
			return;
		}
	}
	s53_fetch_end(fetch);
}
