/* SPDX-License-Identifier: ISC
 *
 * exchange.c - the step exchange: the chosen server is asked, and what becomes of that.
 *
 * All attempts of a query stay open: the late answer of the first is still taken. When one is late
 * the next server is asked as well. Each pass waits twice as long.
 */
#include <stdio.h>
#include <string.h>

#include <split53/reply.h>

#include "pending.h"

#define PASSES_DOUBLING 4 /* the wait stops growing after this many, or at: */
#define WAIT_MOST_MS 2000 /* or what is usual for the server, when that is more */
#define SLICE_MS 500 /* of a longer wait: then it is looked whether they have all died */
#define WATCH_MS 250 /* when nobody else is to be asked for it: the same */
#define SPARE_MS 200 /* longer for an answer, when asking a second server is over the budget */
#define ATTEMPTS_OPEN_MAX 24 /* at once, of one query */

struct s53_upstream *
s53_attempt_server(const struct s53_attempt *attempt)
{
	return s53_group_server(attempt->pending->query.route->group, attempt->plan.server);
}

/*
 * The upstream's question: RD and AD always (we want the recursion, and word of whether it was
 * validated, RFC 6840 s5.7), CD and DO as the client said, its name in random letter case, an OPT
 * of our own.
 */
static void
write_ask(struct s53_attempt *attempt, const struct s53_upstream *server)
{
	const struct s53_query *query = &attempt->pending->query;
	const struct s53_request *request = &query->request;
	struct s53_edns_reply opt = { .udp_size = s53_upstream_options(server)->edns_udp_size,
		.dnssec_ok = request->edns.dnssec_ok,
		.ede_code = S53_EDE_NONE,
		.keepalive = -1 };
	const struct s53_name *name = &attempt->pending->spelling;
	struct s53_writer ask = s53_writer_of(attempt->ask, sizeof attempt->ask);
	uint16_t flags = (uint16_t)(S53_RD | S53_AD | (request->flags & S53_CD));

	memset(s53_write_room(&ask, S53_HEADER_LEN), 0, S53_HEADER_LEN);
	s53_header_set_flags(attempt->ask, flags);
	s53_header_set_count(attempt->ask, S53_QUESTION, 1);
	s53_write(&ask, name->octets, name->len);
	s53_write_u16(&ask, request->question.qtype);
	s53_write_u16(&ask, request->question.qclass);
	if (attempt->plan.edns) {
		s53_edns_write(&ask, &opt);
		s53_header_set_count(attempt->ask, S53_ADDITIONAL, 1);
	}
	attempt->ask_len = (uint16_t)ask.at;
}

/*
 * The wait after which the next is asked as well: short before another server of the pass, longer
 * before the same ones are asked again, since a slow server is no lost datagram. Those that are
 * dead are not worth more than the first.
 */
static uint32_t
late_ms(const struct s53_pending *pending, const struct s53_upstream *server)
{
	unsigned doublings = pending->pass < PASSES_DOUBLING ? pending->pass : PASSES_DOUBLING;
	uint32_t late_ms = s53_upstream_hedge_ms(server), wait_ms, most_ms;

	if (pending->group_dead)
		return late_ms;
	if (s53_all_asked(pending))
		late_ms = s53_upstream_retransmit_ms(server);
	wait_ms = late_ms << doublings;
	most_ms = late_ms > WAIT_MOST_MS ? late_ms : WAIT_MOST_MS;
	return wait_ms < most_ms ? wait_ms : most_ms;
}

/* Go on with a query that an event of an exchange woke. */
static void
resume(struct s53_pending *pending, enum s53_step step)
{
	pending->query.now_ms = s53_exchanger_now_ms(pending->query.resolver->exchanger);
	pending->query.step = step;
	s53_query_run(&pending->query);
}

/*
 * A server that answered in other letter case than we asked does not keep the case (or someone is
 * forging): it is asked over TCP, where nobody but the server can answer.
 */
static void
ask_over_tcp(struct s53_attempt *attempt)
{
	struct s53_pending *pending = attempt->pending;

	s53_upstream_set_quirk(s53_attempt_server(attempt), S53_QUIRK_NO_CASE,
	    s53_exchanger_now_ms(pending->query.resolver->exchanger));
	pending->plan = attempt->plan;
	pending->plan.tcp = true;
	s53_attempt_free(attempt);
	resume(pending, S53_STEP_EXCHANGE);
}

/*
 * The rest of a long wait, or a little more for a server that is up, to spare a question. Nothing
 * when it is late before its time: then it cannot answer, or the client is in a hurry.
 */
static uint32_t
longer_ms(struct s53_attempt *attempt, bool first)
{
	struct s53_budget *budget = &attempt->pending->query.resolver->budget;
	bool early = attempt->pending->query.now_ms < attempt->late_at_ms;
	uint32_t wait_ms = attempt->wait_ms;

	if (early || attempt->pressed) {
		attempt->pressed = false;
		return 0;
	}
	if (first && attempt->pending->pass == 0)
		s53_budget_note_late(budget);
	if (wait_ms > 0) {
		wait_ms = wait_ms < SLICE_MS ? wait_ms : SLICE_MS;
		attempt->wait_ms -= wait_ms;
		return wait_ms;
	}
	if (attempt->spared || s53_budget_in_trouble(budget) ||
	    s53_upstream_state(s53_attempt_server(attempt)) != S53_HEALTH_UP)
		return 0;
	if (s53_budget_allows(budget)) {
		attempt->pending->owes = true;
		return 0;
	}
	attempt->spared = true;
	s53_count(attempt->pending->query.resolver->counters, S53_C_CHOOSE_HEDGE_SPARED);
	return SPARE_MS;
}

/* It was in trouble when it was asked, and is not any more: told once a query. */
static bool
is_back(struct s53_attempt *attempt)
{
	if (attempt->was_up || s53_upstream_state(s53_attempt_server(attempt)) != S53_HEALTH_UP)
		return false;
	S53_LIST_EACH (&attempt->pending->attempts, link) {
		struct s53_attempt *other = S53_CONTAINER_OF(link, struct s53_attempt, link);

		if (other->plan.server == attempt->plan.server)
			other->was_up = true;
	}
	return true;
}

/* Is there an attempt that will lead to the next server when it is late? */
static bool
somebody_leads(const struct s53_pending *pending)
{
	S53_LIST_EACH (&pending->attempts, link) {
		const struct s53_attempt *attempt =
		    S53_CONTAINER_OF(link, struct s53_attempt, link);

		if (!attempt->watches && (!attempt->plan.explores || pending->group_dead))
			return true;
	}
	return false;
}

/*
 * Late: ask the next server as well. An attempt leads there once. From then on it looks from time
 * to time whether they have all died or its own server is back, which nobody else would tell a
 * query that waits; and when no other attempt leads any more, whether somebody is to be asked
 * (again): who was left out or has failed may be back.
 */
static void
on_overdue(void *arg, struct s53_exchange *exchange)
{
	struct s53_attempt *attempt = arg;
	struct s53_pending *pending = attempt->pending;
	enum s53_group_condition condition = s53_group_condition(pending->query.route->group);
	bool first = !attempt->was_late;
	uint32_t wait_ms;

	pending->query.now_ms = s53_exchanger_now_ms(pending->query.resolver->exchanger);
	attempt->was_late = pending->waited = true;
	if (attempt->case_differs && !attempt->plan.tcp) {
		ask_over_tcp(attempt);
		return;
	}
	if (condition == S53_GROUP_STALLED)
		s53_stale_offer(pending);
	if (condition == S53_GROUP_DEAD || is_back(attempt))
		wait_ms = 0;
	else if (attempt->watches && !attempt->pressed && somebody_leads(pending))
		wait_ms = WATCH_MS;
	else
		wait_ms = longer_ms(attempt, first);
	if (wait_ms > 0) {
		s53_exchange_later(pending->query.resolver->exchanger, exchange, wait_ms);
		return;
	}
	attempt->watches = true;
	s53_exchange_later(pending->query.resolver->exchanger, exchange, WATCH_MS);
	if (pending->attempt_count >= ATTEMPTS_OPEN_MAX)
		return;
	pending->late = true;
	resume(pending, S53_STEP_CHOOSE);
}

static void
note_failure(struct s53_attempt *attempt, enum s53_exchange_end end)
{
	static const struct {
		uint16_t ede;
		const char *text;
	} ends[] = {
		[S53_EXCHANGE_TIMEOUT] = { S53_EDE_NO_REACHABLE_AUTHORITY, "does not answer" },
		[S53_EXCHANGE_REFUSED] = { S53_EDE_NETWORK_ERROR, "refuses: nobody listens there" },
		[S53_EXCHANGE_UNREACHABLE] = { S53_EDE_NETWORK_ERROR, "cannot be reached" },
		[S53_EXCHANGE_NO_RESOURCES] = { S53_EDE_OTHER,
		    "was not asked: out of sockets or memory" },
	};
	struct s53_pending *pending = attempt->pending;
	char addr[S53_ADDR_TEXT];

	s53_addr_print(s53_upstream_addr(s53_attempt_server(attempt)), addr);
	pending->ede = ends[end].ede;
	snprintf(pending->ede_text, sizeof pending->ede_text, "%s %s", addr, ends[end].text);
	s53_attempt_fails(attempt);
}

static void
on_done(void *arg, struct s53_exchange *exchange, enum s53_exchange_end end, uint8_t *octets,
    size_t len)
{
	struct s53_attempt *attempt = arg;
	struct s53_pending *pending = attempt->pending;
	bool explored = attempt->plan.explores;

	(void)exchange;
	attempt->exchange = NULL;
	if (end == S53_EXCHANGE_ANSWERED) {
		pending->answered = attempt;
		pending->query.outcome = (struct s53_outcome){
			.ede = S53_EDE_NONE, .message = octets, .message_len = len
		};
		resume(pending, S53_STEP_VALIDATE);
		return;
	}
	note_failure(attempt, end);
	s53_attempt_free(attempt);
	if (explored && !s53_list_empty(&pending->attempts))
		return;
	/* A timeout is the query's deadline: nobody else is asked after it. */
	if (end == S53_EXCHANGE_TIMEOUT)
		pending->tried = pending->failed = UINT32_MAX;
	resume(pending, S53_STEP_CHOOSE);
}

/* false: no memory, nothing was sent. */
static bool
ask(struct s53_pending *pending, const struct s53_plan *plan)
{
	struct s53_query *query = &pending->query;
	struct s53_upstream *server = s53_group_server(query->route->group, plan->server);
	struct s53_attempt *attempt = s53_attempt_new(pending, plan);
	struct s53_exchange_ask ask;
	uint32_t wait_ms;

	pending->tried |= 1u << plan->server;
	pending->asked = true;
	if (attempt == NULL) {
		pending->failed |= 1u << plan->server;
		return false;
	}
	write_ask(attempt, server);
	wait_ms = plan->explores && !pending->group_dead ? 0 : late_ms(pending, server);
	ask = (struct s53_exchange_ask){ .octets = attempt->ask,
		.len = attempt->ask_len,
		.tcp = plan->tcp,
		.overdue_ms = wait_ms < SLICE_MS ? wait_ms : SLICE_MS,
		.timeout_ms = (uint32_t)(pending->deadline_ms - query->now_ms),
		.now_ms = query->now_ms,
		.arg = attempt,
		.check = s53_validate_check,
		.overdue = on_overdue,
		.done = on_done };
	attempt->was_up = s53_upstream_state(server) == S53_HEALTH_UP;
	attempt->wait_ms = wait_ms - ask.overdue_ms;
	attempt->late_at_ms = query->now_ms + ask.overdue_ms;
	attempt->exchange = s53_exchange_start(query->resolver->exchanger, server, &ask);
	if (attempt->exchange != NULL)
		return true;
	note_failure(attempt, S53_EXCHANGE_NO_RESOURCES);
	s53_attempt_free(attempt);
	return false;
}

/* With a query's first question: the same to another server, to see how that one does. */
static void
explore(struct s53_pending *pending)
{
	struct s53_query *query = &pending->query;
	struct s53_budget *budget = &query->resolver->budget;
	struct s53_plan plan;
	int other;

	s53_budget_earn(budget);
	if (!pending->group_dead && !s53_budget_allows(budget))
		return;
	other = s53_group_explore(query->route->group, pending->plan.server, query->now_ms);
	if (other < 0)
		return;
	if (!pending->group_dead)
		s53_budget_pay(budget);
	plan = s53_plan_for(pending, (unsigned)other);
	plan.explores = true;
	if (ask(pending, &plan))
		s53_count(query->resolver->counters, S53_C_CHOOSE_EXPLORED);
}

enum s53_verdict
s53_step_exchange(struct s53_query *query)
{
	struct s53_pending *pending = query->pending;
	bool first = !pending->asked;

	if (query->now_ms >= pending->deadline_ms)
		return s53_list_empty(&pending->attempts) ? s53_give_up(query) : S53_WAIT;
	if (pending->waited && pending->pass == 0 && !s53_list_empty(&pending->attempts))
		s53_count(query->resolver->counters, S53_C_CHOOSE_HEDGED);
	if (!ask(pending, &pending->plan))
		return S53_RETRY;
	if (first)
		explore(pending);
	return s53_group_races(query->route->group, pending->tried) ? S53_RETRY : S53_WAIT;
}
