/* SPDX-License-Identifier: ISC
 *
 * overdue.c - the request timeout of an attempt: its length, and what happens at its end.
 *
 * When it is over, the next server is queried too (a hedge), or, if all have been queried, the
 * same ones again (a retry). Each pass takes twice as long. A hedge is paid for by the resolver's
 * budget (budget.h); when that is empty, the server gets a little more time.
 *
 * In two cases a copy of the query goes to the same server at once, beside the attempt and
 * without using the budget, since only that server can help:
 *
 *   - a response over UDP had TC, but not our question, so that a sender that guesses port and ID
 *     may have forged it. TCP is tried, and UDP replies are accepted until TCP has one
 *   - a query over TCP is stuck: on a shared connection, its response takes longer than the
 *     server's responses over TCP usually do. Some servers answer one query per connection, or drop
 *     pipelined ones: the copy gets a connection of its own (transport/lone.c remembers such
 *     servers)
 */
#include "resolver_private.h"

#define PASSES_DOUBLING 4 /* the timeout stops growing after this many passes, or at: */
#define SECOND_MS 500 /* up to the second pass; more if the server is slower: then TCP is due */
#define TIMEOUT_MOST_MS 2000 /* later; more if the server is slower */
#define EXTENSION_MS 200 /* additional time when the budget has no hedge left */
#define WATCH_MS 250 /* between checks of the servers' states, if nothing else is due */
#define WHOLE_PATIENCE_MS 750 /* for TCP, when UDP has brought an answer: partial.c */
#define ATTEMPTS_OPEN_MAX 24 /* open attempts of one fetch */

/*
 * Short before another server of the pass is queried, longer before the same ones are queried
 * again, since a slow response is not a lost datagram. A dead group gets only the first timeout.
 */
uint32_t
s53_attempt_timeout_ms(const struct s53_attempt *attempt)
{
	const struct s53_fetch *fetch = attempt->fetch;
	const struct s53_upstream *server = s53_attempt_server(attempt);
	unsigned doublings = fetch->pass < PASSES_DOUBLING ? fetch->pass : PASSES_DOUBLING;
	uint32_t timeout_ms = s53_upstream_hedge_ms(server), grown_ms, most_ms;

	if (fetch->group_dead)
		return timeout_ms;
	if (attempt->plan.explores || attempt->plan.beside)
		return 0;
	if (attempt->plan.trial != S53_TRIAL_NONE)
		return s53_upstream_retransmit_ms(server);
	if (s53_fetch_all_tried(fetch))
		timeout_ms = s53_upstream_retransmit_ms(server);
	grown_ms = timeout_ms << doublings;
	most_ms = fetch->pass <= 1 ? SECOND_MS : TIMEOUT_MOST_MS;
	most_ms = timeout_ms > most_ms ? timeout_ms : most_ms;
	return grown_ms < most_ms ? grown_ms : most_ms;
}

/*
 * A response had another letter case than the query: the server does not preserve it, or the
 * response is forged. Once in a fetch, the server is queried in a way that tells which (plan.h).
 * The first query stays open: its genuine response may be on its way.
 */
static bool
has_other_case(struct s53_attempt *attempt)
{
	struct s53_fetch *fetch = attempt->fetch;
	uint32_t bit = UINT32_C(1) << attempt->plan.server;

	if (!attempt->case_differs || attempt->plan.tcp || (fetch->other_case & bit) != 0)
		return false;
	fetch->other_case |= bit;
	s53_plan_other_case(attempt, &fetch->plan);
	attempt->hedged = true;
	s53_exchange_overdue_in(fetch->resolver->exchanger, attempt->exchange, WATCH_MS);
	s53_fetch_resume(fetch, S53_STEP_EXCHANGE);
	return true;
}

/* The server has answered without OPT, but not this trial's query: send the trial's next step. */
static bool
trial_goes_on(struct s53_attempt *attempt)
{
	struct s53_fetch *fetch = attempt->fetch;

	if (attempt->hedged || attempt->plan.trial == S53_TRIAL_NONE ||
	    attempt->plan.trial == S53_TRIAL_BARE ||
	    s53_group_condition(fetch->route->group) == S53_GROUP_DEAD)
		return false;
	fetch->plan = attempt->plan;
	s53_plan_next_trial(fetch, &fetch->plan);
	attempt->hedged = true;
	s53_exchange_overdue_in(fetch->resolver->exchanger, attempt->exchange, WATCH_MS);
	s53_fetch_resume(fetch, S53_STEP_EXCHANGE);
	return true;
}

/*
 * How long to wait further: the next slice of a long timeout, or an extension for a server that is
 * up, to save a hedge. 0 if overdue() was called early: then the server cannot answer, or the
 * client has retransmitted.
 */
static uint32_t
longer_ms(struct s53_attempt *attempt, bool first)
{
	struct s53_fetch *fetch = attempt->fetch;
	struct s53_budget *budget = &fetch->resolver->budget;
	uint32_t more_ms = attempt->rest_ms;

	if (fetch->now_ms < attempt->due_ms || attempt->expired) {
		attempt->expired = false;
		return 0;
	}
	if (first && fetch->pass == 0)
		s53_budget_note_overdue(budget);
	if (more_ms > 0) {
		more_ms = more_ms < S53_TIMEOUT_SLICE_MS ? more_ms : S53_TIMEOUT_SLICE_MS;
		attempt->rest_ms -= more_ms;
		return more_ms;
	}
	if (attempt->extended || s53_budget_in_trouble(budget) ||
	    s53_upstream_state(s53_attempt_server(attempt)) != S53_HEALTH_UP)
		return 0;
	if (s53_budget_allows(budget)) {
		fetch->owes_budget = true;
		return 0;
	}
	attempt->extended = true;
	s53_count(fetch->resolver->counters, S53_C_CHOOSE_HEDGE_DENIED);
	return EXTENSION_MS;
}

/* Was the server not up when it was queried, and is it up now? true once in a fetch. */
static bool
has_recovered(struct s53_attempt *attempt)
{
	if (attempt->server_was_up ||
	    s53_upstream_state(s53_attempt_server(attempt)) != S53_HEALTH_UP)
		return false;
	S53_LIST_EACH (&attempt->fetch->attempts, link) {
		struct s53_attempt *other = S53_CONTAINER_OF(link, struct s53_attempt, link);

		if (other->plan.server == attempt->plan.server)
			other->server_was_up = true;
	}
	return true;
}

/* Does any open attempt's timeout still lead to another query? */
static bool
another_will_hedge(const struct s53_fetch *fetch)
{
	S53_LIST_EACH (&fetch->attempts, link) {
		const struct s53_attempt *attempt =
		    S53_CONTAINER_OF(link, struct s53_attempt, link);

		if (!attempt->hedged && (!attempt->plan.explores || fetch->group_dead))
			return true;
	}
	return false;
}

/* Time until the next check; 0: another query is due now. */
static uint32_t
wait_on_ms(struct s53_attempt *attempt, bool first)
{
	struct s53_fetch *fetch = attempt->fetch;

	if (s53_group_condition(fetch->route->group) == S53_GROUP_DEAD || has_recovered(attempt))
		return 0;
	if (attempt->hedged && !attempt->expired && another_will_hedge(fetch))
		return WATCH_MS;
	return longer_ms(attempt, first);
}

/* Send the copy (see above), unless it was sent. true: overdue() was called only because of TC. */
static bool
double_over_tcp(struct s53_attempt *attempt)
{
	struct s53_fetch *fetch = attempt->fetch;
	struct s53_plan plan = attempt->plan;
	bool tcp_is_down =
	    s53_health_is_down(s53_upstream_path_state(s53_attempt_server(attempt), S53_OVER_TCP));
	bool stuck = attempt->plan.tcp && s53_exchange_is_stuck(attempt->exchange, fetch->now_ms);

	if (attempt->doubled || (!stuck && (!attempt->maybe_truncated || attempt->plan.tcp)))
		return false;
	attempt->doubled = true;
	plan.tcp = plan.beside = true;
	plan.lone = stuck;
	if ((stuck || !tcp_is_down) && fetch->attempt_count < ATTEMPTS_OPEN_MAX &&
	    fetch->now_ms < fetch->deadline_ms)
		s53_fetch_send(fetch, &plan);
	return !stuck;
}

/*
 * The response is overdue: query the next server too. An attempt causes that once. After that it
 * checks regularly whether all servers are dead or its own has recovered, as nothing else would
 * tell the waiting fetch; and if no other attempt will hedge, whether a server can be queried
 * (again), since one that was left out or has failed may have recovered.
 */
static void
overdue(struct s53_attempt *attempt)
{
	struct s53_fetch *fetch = attempt->fetch;
	struct s53_exchanger *exchanger = fetch->resolver->exchanger;
	enum s53_group_condition condition;
	bool first = !attempt->overdue;
	uint32_t wait_ms;

	fetch->now_ms = s53_exchanger_now_ms(exchanger);
	if (double_over_tcp(attempt) || !s53_loop_look(attempt))
		return;
	if (first)
		s53_attempt_log(attempt, "response is overdue");
	attempt->overdue = fetch->overdue = true;
	if (fetch->held.message != NULL) {
		s53_fetch_resume(fetch, S53_STEP_CHOOSE);
		return;
	}
	if (attempt->plan.for_whole && fetch->now_ms >= attempt->due_ms + WHOLE_PATIENCE_MS)
		fetch->takes_cut = true;
	if (has_other_case(attempt))
		return;
	condition = s53_group_condition(fetch->route->group);
	if (condition == S53_GROUP_STALLED || condition == S53_GROUP_SILENT)
		s53_stale_offer(fetch, condition);
	wait_ms = wait_on_ms(attempt, first);
	if (wait_ms > 0) {
		s53_exchange_overdue_in(exchanger, attempt->exchange, wait_ms);
		return;
	}
	if (trial_goes_on(attempt))
		return;
	attempt->hedged = true;
	s53_exchange_overdue_in(exchanger, attempt->exchange, WATCH_MS);
	if (fetch->attempt_count >= ATTEMPTS_OPEN_MAX)
		return;
	fetch->hedges = true;
	s53_fetch_resume(fetch, S53_STEP_CHOOSE);
}

void
s53_attempt_overdue(void *arg, struct s53_exchange *exchange)
{
	struct s53_attempt *attempt = arg;
	struct s53_resolver *resolver = attempt->fetch->resolver;

	(void)exchange;
	overdue(attempt);
	s53_resolver_drain(resolver);
}
