/* SPDX-License-Identifier: ISC
 *
 * exchange.c - the step exchange: queries the chosen server and handles the end of the exchange.
 */
#include <string.h>

#include <split53/reply.h>
#include <split53/traffic.h>

#include "resolver_private.h"

/*
 * Write the upstream query: RD always; AD unless the server has a quirk with it (RFC 6840 s5.7:
 * we want to know whether the answer was validated); the client's CD and DO; an OPT of our own.
 */
static void
write_query(struct s53_attempt *attempt)
{
	const struct s53_fetch *fetch = attempt->fetch;
	const struct s53_plan *plan = &attempt->plan;
	const struct s53_question *question = &fetch->question;
	const struct s53_name *name = s53_plan_name(fetch, plan);
	struct s53_edns_reply opt = { .udp_size = plan->udp_size,
		.dnssec_ok = fetch->key.dnssec_ok,
		.ede_code = S53_EDE_NONE,
		.keepalive = -1 };
	struct s53_writer ask = s53_writer_of(attempt->ask, sizeof(attempt->ask));
	uint16_t flags = (uint16_t)(S53_RD | (plan->ad ? S53_AD : 0) |
	    (fetch->key.checking_disabled ? S53_CD : 0));

	memset(s53_write_reserve(&ask, S53_HEADER_LEN), 0, S53_HEADER_LEN);
	s53_header_set_flags(attempt->ask, flags);
	s53_header_set_count(attempt->ask, S53_QUESTION, 1);
	s53_write(&ask, name->octets, name->len);
	s53_write_u16(&ask, question->qtype);
	s53_write_u16(&ask, question->qclass);
	if (plan->edns) {
		s53_edns_write(&ask, &opt);
		s53_header_set_count(attempt->ask, S53_ADDITIONAL, 1);
	}
	attempt->ask_len = (uint16_t)ask.at;
}

void
s53_fetch_resume(struct s53_fetch *fetch, enum s53_step step)
{
	fetch->now_ms = s53_exchanger_now_ms(fetch->resolver->exchanger);
	fetch->step = step;
	s53_fetch_run(fetch);
}

/* The ways an exchange ends, for the extended error and the log. */
static const struct {
	uint16_t ede;
	const char *text, *bind; /* bind: named's words */
} ends[] = {
	[S53_EXCHANGE_ANSWERED] = { S53_EDE_NONE, "response", NULL },
	[S53_EXCHANGE_TIMEOUT] = { S53_EDE_NO_REACHABLE_AUTHORITY, "does not respond",
	    "timed out" },
	[S53_EXCHANGE_REFUSED] = { S53_EDE_NETWORK_ERROR, "refused: nothing listens on that port",
	    "connection refused" },
	[S53_EXCHANGE_UNREACHABLE] = { S53_EDE_NETWORK_ERROR, "is unreachable: no route",
	    "network unreachable" },
	[S53_EXCHANGE_NO_SOURCE] = { S53_EDE_NETWORK_ERROR,
	    "was not queried: query-source is not an address of this host",
	    "address not available" },
	[S53_EXCHANGE_NO_RESOURCES] = { S53_EDE_OTHER, "was not queried: out of sockets or memory",
	    "not enough free resources" },
	[S53_EXCHANGE_GARBLED] = { S53_EDE_INVALID_DATA,
	    "sent data that is not a response, over TCP", NULL },
};

static void
note_failure(struct s53_attempt *attempt, enum s53_exchange_end end)
{
	const char *text = ends[end].text, *bind = ends[end].bind;

	if (end == S53_EXCHANGE_TIMEOUT)
		text = s53_attempt_silence(attempt);
	if (attempt->garbled)
		bind = NULL;
	s53_cause_add(attempt, ends[end].ede, text, 0);
	s53_attempt_log_failure(attempt, bind, text, 0);
	s53_attempt_fails(attempt);
}

/* TCP, to which the query had moved from UDP, failed: go on over UDP. */
static bool
goes_on_over_udp(struct s53_attempt *attempt, enum s53_exchange_end end)
{
	struct s53_fetch *fetch = attempt->fetch;

	if (!attempt->plan.tcp_instead || end == S53_EXCHANGE_TIMEOUT)
		return false;
	fetch->no_tcp |= UINT32_C(1) << attempt->plan.server;
	fetch->now_ms = s53_exchanger_now_ms(fetch->resolver->exchanger);
	if (!s53_plan_after_refused_tcp(attempt, &fetch->plan))
		return false;
	s53_attempt_free(attempt);
	s53_fetch_resume(fetch, S53_STEP_EXCHANGE);
	return true;
}

/* The exchange ended without a response. */
static void
failed(struct s53_attempt *attempt, enum s53_exchange_end end)
{
	struct s53_fetch *fetch = attempt->fetch;
	bool explored = attempt->plan.explores;

	if (attempt->plan.beside && fetch->attempt_count > 1) {
		s53_attempt_free(attempt);
		return;
	}
	if (attempt->plan.for_whole && end != S53_EXCHANGE_TIMEOUT) {
		s53_partial_fall_back(attempt);
		s53_fetch_resume(fetch, S53_STEP_EXCHANGE);
		return;
	}
	if (goes_on_over_udp(attempt, end))
		return;
	note_failure(attempt, end);
	s53_attempt_free(attempt);
	if (explored && !s53_list_empty(&fetch->attempts))
		return;
	/* An exchange times out at the fetch's deadline: no other server is queried after that. */
	if (end == S53_EXCHANGE_TIMEOUT)
		fetch->tried = fetch->failed = UINT32_MAX;
	s53_fetch_resume(fetch, S53_STEP_CHOOSE);
}

static void
on_done(void *arg, struct s53_exchange *exchange, enum s53_exchange_end end, uint8_t *octets,
    size_t len)
{
	struct s53_attempt *attempt = arg;
	struct s53_fetch *fetch = attempt->fetch;
	struct s53_resolver *resolver = fetch->resolver;

	(void)exchange;
	(void)len; /* includes bytes that arrived behind the message */
	attempt->exchange = NULL;
	s53_attempt_log(attempt, "%s", ends[end].text);
	if (end == S53_EXCHANGE_ANSWERED) {
		fetch->answered = attempt;
		fetch->outcome = (struct s53_outcome){
			.ede = S53_EDE_NONE, .message = octets, .message_len = attempt->reply_len
		};
		s53_fetch_resume(fetch, S53_STEP_VALIDATE);
	} else {
		failed(attempt, end);
	}
	s53_resolver_drain(resolver);
}

bool
s53_fetch_send(struct s53_fetch *fetch, const struct s53_plan *plan)
{
	struct s53_upstream *server = s53_group_server(fetch->route->group, plan->server);
	struct s53_attempt *attempt = s53_attempt_new(fetch, plan);
	struct s53_exchange_spec ask;
	uint32_t timeout_ms;

	fetch->tried |= 1u << plan->server;
	fetch->ever_asked |= 1u << plan->server;
	fetch->asked = true;
	if (attempt == NULL) {
		fetch->failed |= 1u << plan->server;
		return false;
	}
	write_query(attempt);
	timeout_ms = s53_attempt_timeout_ms(attempt);
	ask = (struct s53_exchange_spec){ .octets = attempt->ask,
		.len = attempt->ask_len,
		.tcp = plan->tcp,
		.lone = plan->lone,
		.may_be_held = plan->tcp && plan->tcp_instead,
		.fresh_port = plan->fresh_port,
		.overdue_ms = timeout_ms < S53_TIMEOUT_SLICE_MS ? timeout_ms : S53_TIMEOUT_SLICE_MS,
		.timeout_ms = (uint32_t)(fetch->deadline_ms - fetch->now_ms),
		.now_ms = fetch->now_ms,
		.arg = attempt,
		.check = s53_validate_check,
		.overdue = s53_attempt_overdue,
		.done = on_done };
	attempt->server_was_up = s53_upstream_state(server) == S53_HEALTH_UP;
	attempt->rest_ms = timeout_ms - ask.overdue_ms;
	attempt->due_ms = fetch->now_ms + ask.overdue_ms;
	attempt->exchange = s53_exchange_start(fetch->resolver->exchanger, server, &ask);
	if (attempt->exchange != NULL) {
		s53_attempt_log(attempt, "query of %u bytes%s", attempt->ask_len,
		    plan->edns ? "" : " without EDNS");
		return true;
	}
	note_failure(attempt, S53_EXCHANGE_NO_RESOURCES);
	s53_attempt_free(attempt);
	return false;
}

/* Besides a fetch's first query, send a copy to another server, to measure that one. */
static void
explore(struct s53_fetch *fetch)
{
	struct s53_budget *budget = &fetch->resolver->budget;
	struct s53_plan plan;
	int other;

	s53_budget_earn(budget);
	if (!fetch->group_dead && !s53_budget_allows(budget))
		return;
	other = s53_group_explore(fetch->route->group, fetch->plan.server, fetch->now_ms);
	if (other < 0)
		return;
	if (!fetch->group_dead)
		s53_budget_pay(budget);
	plan = s53_plan_for(fetch, (unsigned)other);
	plan.explores = true;
	if (s53_fetch_send(fetch, &plan))
		s53_count(fetch->resolver->counters, S53_C_CHOOSE_EXPLORED);
}

enum s53_verdict
s53_step_exchange(struct s53_fetch *fetch)
{
	bool first = !fetch->asked;

	if (fetch->now_ms >= fetch->deadline_ms)
		return s53_list_empty(&fetch->attempts) ? s53_fetch_give_up(fetch) : S53_WAIT;
	if (fetch->overdue && fetch->pass == 0 && !s53_list_empty(&fetch->attempts)) {
		s53_count(fetch->resolver->counters, S53_C_CHOOSE_HEDGED);
		s53_upstream_count(
		    s53_group_server(fetch->route->group, fetch->plan.server), S53_TRAFFIC_HEDGE);
	}
	if (!s53_fetch_send(fetch, &fetch->plan))
		return S53_RETRY;
	if (first)
		explore(fetch);
	return s53_group_races(fetch->route->group, fetch->tried) ? S53_RETRY : S53_WAIT;
}
