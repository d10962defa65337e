/* SPDX-License-Identifier: ISC
 *
 * overdue.c - the request timeout of an attempt: how long it is, and what follows.
 *
 * When it is over the next server is queried as well, which is a hedge, or a retry when all were.
 * Each pass takes twice as long. A hedge is paid for by the resolver's budget (budget.h); when
 * that has nothing left the server gets a little longer.
 *
 * Two attempts lead to a copy to the same server beside them, at once and without a budget, since
 * none but that server can help:
 *
 *   - over UDP a response with TC has come, but without our question, so that a sender that guesses
 *     port and ID may have forged it. TCP is asked, and UDP listened to until TCP has answered
 *   - over TCP a query is stuck: on a connection that carries others too, its response takes longer
 *     than the server's responses over TCP do. Some servers answer one query per connection, or
 *     drop those that arrive together: the copy gets a connection of its own (transport/lone.c
 *     remembers such servers)
 */
#include "resolver_private.h"

#define PASSES_DOUBLING 4 /* the timeout stops growing after this many, or at: */
#define SECOND_MS 500 /* at most, or once what is usual: then TCP is due */
#define TIMEOUT_MOST_MS 2000 /* or what is usual for the server, when that is more */
#define EXTENSION_MS 200 /* longer, when a hedge is over the budget */
#define WATCH_MS 250 /* between two looks at the servers' states, when nothing else is to be done */
#define WHOLE_PATIENCE_MS 750 /* with TCP, where there is an answer over UDP: partial.c */
#define ATTEMPTS_OPEN_MAX 24 /* at once, of one fetch */

/*
 * Short before another server of the pass, longer before the same ones are queried again, since a
 * slow server is no lost datagram. Dead ones are not worth more than the first timeout.
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
	if (s53_all_asked(fetch))
		timeout_ms = s53_upstream_retransmit_ms(server);
	grown_ms = timeout_ms << doublings;
	most_ms = fetch->pass <= 1 ? SECOND_MS : TIMEOUT_MOST_MS;
	most_ms = timeout_ms > most_ms ? timeout_ms : most_ms;
	return grown_ms < most_ms ? grown_ms : most_ms;
}

/*
 * A response had another letter case than the query: the server does not keep it, or the response
 * is forged. Once a fetch the server is queried in a way that tells them apart (plan.h). The first
 * query stays open: its own response may be on its way.
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
	s53_exchange_later(fetch->resolver->exchanger, attempt->exchange, WATCH_MS);
	s53_fetch_resume(fetch, S53_STEP_EXCHANGE);
	return true;
}

/* Its server has answered without OPT, and does not answer this query: the trial goes on. */
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
	s53_exchange_later(fetch->resolver->exchanger, attempt->exchange, WATCH_MS);
	s53_fetch_resume(fetch, S53_STEP_EXCHANGE);
	return true;
}

/*
 * The rest of a long timeout, or an extension for a server that is up, to spare a hedge. 0 when it
 * is over before its time: then the server cannot answer, or the client does not want to wait.
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
		s53_budget_note_late(budget);
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
	s53_count(fetch->resolver->counters, S53_C_CHOOSE_HEDGE_SPARED);
	return EXTENSION_MS;
}

/* Its server was not up when it was queried, and is now: said once a fetch. */
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

/* Is there an attempt whose timeout will lead to another query? */
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

/* Until it looks again; 0: now another query is due. */
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

/* Its copy, unless there is one already. true: it is for this that overdue() was called. */
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
		s53_fetch_ask(fetch, &plan);
	return !stuck;
}

/*
 * Query the next server as well. An attempt leads to that once. From then on it looks from time to
 * time whether all servers have died or its own has recovered, which nothing else would tell a
 * fetch that waits; and when no other attempt will hedge any more, whether a server is to be
 * queried (again): one that was left out or has failed may have recovered.
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
		s53_exchange_later(exchanger, attempt->exchange, wait_ms);
		return;
	}
	if (trial_goes_on(attempt))
		return;
	attempt->hedged = true;
	s53_exchange_later(exchanger, attempt->exchange, WATCH_MS);
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
