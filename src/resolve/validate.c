/* SPDX-License-Identifier: ISC
 *
 * validate.c - the step validate: is a message a response to the query, and is it an answer?
 *
 * It works in two parts. check() runs on each message from the right address and port with the
 * right ID. A message that is malformed or does not echo the question is no response: over UDP the
 * wait goes on (RFC 5452 s9.1), so that a forged or broken message cannot end an exchange; over TCP
 * only the server can have sent it, and the attempt ends. The step runs on messages that passed: it
 * handles the rcodes, and the filter keeps the records that answer the query.
 *
 * TC over UDP is checked before the form: servers truncate messages anywhere, and the rest of the
 * message is not used (RFC 2181 s9). With our question, TC leads to TCP. Without it, TC is easily
 * forged: TCP is tried beside, and a good response over UDP still counts (overdue.c).
 */
#include <string.h>

#include <split53/capability.h>
#include <split53/hash.h>
#include <split53/message.h>
#include <split53/traffic.h>

#include "alias.h"
#include "filter.h"
#include "loop_path.h"
#include "resolver_private.h"

/*
 * FORMERR without the question, from a server that could not read it (RFC 1035 s4.1.1 allows
 * both). Over UDP that proves nothing: see is_unproven().
 */
static bool
is_bare_formerr(const uint8_t *octets)
{
	return s53_header_rcode(octets) == S53_RCODE_FORMERR &&
	    s53_header_count(octets, S53_QUESTION) == 0;
}

static size_t
question_end(const struct s53_attempt *attempt)
{
	return S53_HEADER_LEN + (size_t)attempt->fetch->question.name.len + 4;
}

/* The usual case: the question comes back byte for byte as it was sent. */
static bool
echoes_exactly(const struct s53_attempt *attempt, const uint8_t *octets, size_t len)
{
	size_t end = question_end(attempt);

	return len >= end && s53_header_count(octets, S53_QUESTION) == 1 &&
	    memcmp(octets + S53_HEADER_LEN, attempt->ask + S53_HEADER_LEN, end - S53_HEADER_LEN) ==
	    0;
}

static bool
echoes_question(struct s53_attempt *attempt, const uint8_t *octets, size_t len)
{
	const struct s53_question *asked = &attempt->fetch->question;
	struct s53_reader reader = s53_reader_of(octets, len);
	struct s53_name name;

	if (echoes_exactly(attempt, octets, len))
		return true;
	if (s53_header_count(octets, S53_QUESTION) != 1)
		return is_bare_formerr(octets);
	s53_read(&reader, S53_HEADER_LEN);
	if (!s53_name_read(&reader, &name) || reader.at != S53_HEADER_LEN + (size_t)name.len ||
	    !s53_name_equal(&name, &asked->lower) || s53_read_u16(&reader) != asked->qtype ||
	    s53_read_u16(&reader) != asked->qclass || reader.bad)
		return false;
	attempt->case_differs = true; /* nothing else can differ here */
	return attempt->plan.tcp;
}

static bool
is_response(const uint8_t *octets, size_t len)
{
	return len >= S53_HEADER_LEN && (s53_header_flags(octets) & S53_QR) != 0 &&
	    s53_header_opcode(octets) == S53_OPCODE_QUERY;
}

/* A response with TC over UDP, which may be truncated anywhere, even within the question. */
static enum s53_validity
check_truncated(struct s53_attempt *attempt, const uint8_t *octets, size_t len)
{
	uint16_t questions = s53_header_count(octets, S53_QUESTION);

	if (echoes_exactly(attempt, octets, len)) {
		attempt->plan.tcp = attempt->truncated = true;
		return S53_VALIDITY_ACCEPTED;
	}
	if (questions > 1 ||
	    (questions == 1 &&
		(len >= question_end(attempt) ||
		    memcmp(octets + S53_HEADER_LEN, attempt->ask + S53_HEADER_LEN,
			len - S53_HEADER_LEN) != 0)))
		return S53_VALIDITY_REJECTED;
	attempt->maybe_truncated = true;
	return S53_VALIDITY_UNPROVEN;
}

static enum s53_validity
check_whole(struct s53_attempt *attempt, const uint8_t *octets, size_t len)
{
	attempt->reply_len = len;
	return echoes_question(attempt, octets, len) &&
		s53_message_check_arrived(
		    octets, &attempt->reply_len, &attempt->reply_edns, &attempt->reply_opt_at)
	    ? S53_VALIDITY_ACCEPTED
	    : S53_VALIDITY_REJECTED;
}

enum s53_validity
s53_validate_check(void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	struct s53_attempt *attempt = arg;
	enum s53_validity checked = S53_VALIDITY_REJECTED;

	(void)exchange;
	if (is_response(octets, len)) {
		if (!attempt->plan.tcp && (s53_header_flags(octets) & S53_TC) != 0)
			checked = check_truncated(attempt, octets, len);
		if (checked == S53_VALIDITY_REJECTED)
			checked = check_whole(attempt, octets, len);
	}
	if (checked == S53_VALIDITY_REJECTED) {
		attempt->garbled = attempt->garbled || !attempt->case_differs;
		s53_attempt_log(attempt, "received %zu bytes that are not a response to it", len);
		s53_count(attempt->fetch->resolver->counters, S53_C_VALIDATE_REJECTED);
	}
	return checked;
}

/*
 * A header alone over UDP can be forged by a sender that guesses port and ID, since it lacks the
 * question in our letter case (RFC 5452 s9). It changes how this query goes on, but nothing is
 * remembered of the server.
 */
static bool
is_unproven(const struct s53_fetch *fetch, const struct s53_attempt *attempt)
{
	return !attempt->plan.tcp && s53_header_count(fetch->outcome.message, S53_QUESTION) == 0;
}

/*
 * The server cannot answer this query, because of `why` (a text behind its address) or (NULL)
 * `rcode`: go on to the next server. It counts against the server only if another one can answer.
 */
static enum s53_verdict
next_server(struct s53_fetch *fetch, struct s53_attempt *attempt, const char *why, uint16_t rcode)
{
	bool explored = attempt->plan.explores;

	if (attempt->plan.for_whole) {
		s53_partial_fall_back(attempt);
		return s53_step_exchange(fetch);
	}
	s53_count(fetch->resolver->counters, S53_C_VALIDATE_FAILURE);
	s53_cause_add(attempt, S53_EDE_NO_REACHABLE_AUTHORITY, why, rcode);
	s53_attempt_log_failure(attempt, NULL, why, rcode);
	s53_attempt_fails(attempt);
	if (!is_unproven(fetch, attempt))
		fetch->failed_by_rcode |= 1u << attempt->plan.server;
	s53_attempt_free(attempt);
	return explored && !s53_list_empty(&fetch->attempts) ? S53_WAIT : S53_RETRY;
}

static enum s53_verdict
failed_by_rcode(struct s53_fetch *fetch, struct s53_attempt *attempt, uint16_t rcode)
{
	return next_server(
	    fetch, attempt, s53_loop_is_proved(attempt) ? S53_CAUSE_LOOP : NULL, rcode);
}

/* Query the same server again, by `plan`. */
static enum s53_verdict
query_again(struct s53_fetch *fetch, struct s53_attempt *attempt, const struct s53_plan *plan)
{
	fetch->plan = *plan;
	s53_attempt_free(attempt);
	return s53_step_exchange(fetch);
}

static enum s53_verdict
servfail(struct s53_fetch *fetch, struct s53_attempt *attempt)
{
	if (!s53_servfail_is_worth_retry(fetch, attempt))
		return failed_by_rcode(fetch, attempt, S53_RCODE_SERVFAIL);
	s53_count(fetch->resolver->counters, S53_C_VALIDATE_SERVFAIL_RETRIED);
	s53_budget_pay(&fetch->resolver->budget);
	fetch->retried_servfail = true;
	return query_again(fetch, attempt, &attempt->plan);
}

/* FORMERR, NOTIMP or BADVERS: the server may not support EDNS (RFC 6891 s6.2.2, s7). */
static enum s53_verdict
not_understood(struct s53_fetch *fetch, struct s53_attempt *attempt, uint16_t rcode)
{
	struct s53_plan plan;

	if (!s53_plan_after_decline(attempt, is_unproven(fetch, attempt), &plan))
		return failed_by_rcode(fetch, attempt, rcode);
	if (attempt->plan.edns && !plan.edns) {
		s53_count(fetch->resolver->counters, S53_C_EXCHANGE_WITHOUT_EDNS);
		s53_upstream_count(s53_attempt_server(attempt), S53_TRAFFIC_EDNS_FALLBACK);
	}
	return query_again(fetch, attempt, &plan);
}

/* OPT is hop by hop, so it is removed; the flags are set when the client is answered. */
static void
make_ours(struct s53_fetch *fetch, const struct s53_attempt *attempt)
{
	struct s53_outcome *outcome = &fetch->outcome;

	outcome->authentic = (s53_header_flags(outcome->message) & S53_AD) != 0;
	if (attempt->reply_opt_at != 0)
		outcome->message_len = s53_message_strip_opt(
		    outcome->message, outcome->message_len, attempt->reply_opt_at);
}

/* Record what had to be left out of the query before the server answered it; see capability.h. */
static void
note_doubts(const struct s53_fetch *fetch, const struct s53_attempt *attempt)
{
	const struct s53_plan *plan = &attempt->plan;
	struct s53_upstream *server = s53_attempt_server(attempt);
	unsigned declined = plan->proven ? S53_DOUBT_DECLINED : 0;
	unsigned edns = plan->edns ? 0 : plan->trial == S53_TRIAL_BARE ? S53_DOUBT_LOST : declined;
	unsigned ad = !plan->tries_without_ad ? 0 : plan->declined > 0 ? declined : S53_DOUBT_LOST;
	bool no_case = plan->spelling == S53_SPELLING_LOWER && plan->fresh_port;
	uint64_t name;

	if (edns == 0 && ad == 0 && !no_case)
		return;
	name = s53_hash(fetch->question.lower.octets, fetch->question.lower.len);
	if (edns > 0)
		s53_attempt_log_without_edns(attempt);
	if (edns > 0)
		s53_upstream_doubt(server, S53_CAPABILITY_EDNS, edns, name, fetch->now_ms);
	if (ad > 0)
		s53_upstream_doubt(server, S53_CAPABILITY_AD, ad, name, fetch->now_ms);
	if (no_case)
		s53_upstream_doubt(
		    server, S53_CAPABILITY_CASE, S53_DOUBT_DECLINED, name, fetch->now_ms);
}

/*
 * Keep the records of the message that answer the query, and find where its chain ends. Returns
 * NULL, or why it is not an answer. A message with TC set came over TCP here, since TC over UDP
 * leads to TCP: it is incomplete, and there is no larger transport.
 */
static const char *
keep_the_answer(struct s53_fetch *fetch, enum s53_chain_end *end)
{
	struct s53_outcome *outcome = &fetch->outcome;
	struct s53_filter filter = { .routes = fetch->view->routes,
		.route = fetch->route,
		.question = &fetch->question,
		.dnssec_ok = fetch->key.dnssec_ok,
		.message = outcome->message,
		.len = outcome->message_len,
		.room = fetch->resolver->filtered };
	const char *why;

	if ((s53_header_flags(outcome->message) & S53_TC) != 0)
		return "answered over TCP with a truncated message";
	if ((why = s53_filter(&filter)) != NULL)
		return why;
	outcome->message = filter.message;
	outcome->message_len = filter.len;
	outcome->respell = filter.respell;
	outcome->no_data = filter.no_data;
	outcome->referral = filter.referral;
	*end = s53_chain_is_followed(fetch->question.qtype) ? filter.end : S53_CHAIN_COMPLETE;
	outcome->leads_on = *end != S53_CHAIN_COMPLETE;
	if (filter.referral) /* a server is not authoritative for a name that it delegates */
		s53_header_set_flags(
		    outcome->message, (uint16_t)(s53_header_flags(outcome->message) & ~S53_AA));
	return NULL;
}

/* Observe what the answer shows about the server that gave it, and about those that failed. */
static void
note_servers(const struct s53_fetch *fetch, const struct s53_attempt *attempt)
{
	const struct s53_group *group = fetch->route->group;
	struct s53_observation sign = { .event = S53_OBSERVED_FAILED };
	uint64_t now_ms = fetch->now_ms;

	if (attempt->plan.edns && attempt->reply_edns.present)
		s53_upstream_show(s53_attempt_server(attempt), S53_CAPABILITY_EDNS, now_ms);
	if (attempt->plan.ad)
		s53_upstream_show(s53_attempt_server(attempt), S53_CAPABILITY_AD, now_ms);
	note_doubts(fetch, attempt);
	/* Only over TCP: over UDP such a response is rejected, as it may be forged. */
	if (attempt->case_differs && attempt->plan.tcp && !attempt->truncated)
		s53_upstream_set_quirk(s53_attempt_server(attempt), S53_QUIRK_NO_CASE, now_ms);
	for (unsigned i = 0; fetch->failed_by_rcode != 0 && i < s53_group_size(group); i++) {
		struct s53_upstream *server = s53_group_server(group, i);

		if ((fetch->failed_by_rcode >> i & 1) == 0)
			continue;
		sign.over = s53_upstream_wants_tcp(server) ? S53_OVER_TCP : S53_OVER_UDP;
		s53_upstream_observe(server, sign, now_ms);
	}
}

/*
 * REFUSED in response to a query with AD, from a server that has never accepted AD: query once more
 * without AD, from the retry budget.
 */
static bool
refused_because_of_ad(struct s53_fetch *fetch, struct s53_attempt *attempt, struct s53_plan *plan)
{
	struct s53_budget *budget = &fetch->resolver->budget;

	if (!attempt->plan.ad || attempt->plan.explores || !s53_budget_allows(budget) ||
	    s53_upstream_has_shown(s53_attempt_server(attempt), S53_CAPABILITY_AD, fetch->now_ms))
		return false;
	s53_budget_pay(budget);
	*plan = attempt->plan;
	plan->ad = false;
	plan->tries_without_ad = true;
	return true;
}

/* A good answer that may not be used yet: `plan` is the query to send first. */
static bool
is_doubtful(struct s53_fetch *fetch, const struct s53_attempt *attempt, struct s53_plan *plan)
{
	if (s53_plan_answer_counts(attempt))
		return s53_verify_is_due(attempt, plan);
	*plan = attempt->plan;
	plan->trial = S53_TRIAL_NONE;
	s53_plan_next_trial(fetch, plan);
	return true;
}

/* Record the extended errors of the response, whether or not it is accepted. */
static void
take_error(struct s53_fetch *fetch, const struct s53_attempt *attempt)
{
	struct s53_outcome *outcome = &fetch->outcome;

	if (s53_edns_find_errors(outcome->message, outcome->message_len, attempt->reply_opt_at,
		&fetch->error_codes, &fetch->error))
		outcome->error = &fetch->error;
}

/* The rcode is that of an answer: check the rest. */
static enum s53_verdict
take(struct s53_fetch *fetch, struct s53_attempt *attempt)
{
	enum s53_chain_end end = S53_CHAIN_COMPLETE;
	const char *why;

	s53_verify_note(attempt);
	if ((why = keep_the_answer(fetch, &end)) != NULL)
		return next_server(fetch, attempt, why, 0);
	fetch->outcome.rcode = s53_header_rcode(fetch->outcome.message);
	note_servers(fetch, attempt);
	if (end != S53_CHAIN_BARE || !s53_alias_hold(fetch))
		return S53_NEXT;
	s53_attempt_free(attempt);
	return S53_WAIT;
}

enum s53_verdict
s53_step_validate(struct s53_fetch *fetch)
{
	struct s53_attempt *attempt = fetch->answered;
	uint16_t rcode = (uint16_t)(s53_header_rcode(fetch->outcome.message) |
	    (attempt->reply_edns.present ? attempt->reply_edns.rcode_high << 4 : 0));
	struct s53_plan plan;

	fetch->answered = NULL;
	take_error(fetch, attempt);
	if (rcode != S53_RCODE_NOERROR && s53_loop_may_be_ours(attempt, rcode))
		return failed_by_rcode(fetch, attempt, rcode);
	switch (rcode) {
	case S53_RCODE_NOERROR:
	case S53_RCODE_NXDOMAIN:
	case S53_RCODE_YXDOMAIN:
		break;
	case S53_RCODE_FORMERR:
	case S53_RCODE_NOTIMP:
	case S53_RCODE_BADVERS:
		return not_understood(fetch, attempt, rcode);
	case S53_RCODE_SERVFAIL:
		return servfail(fetch, attempt);
	case S53_RCODE_REFUSED:
		if (refused_because_of_ad(fetch, attempt, &plan))
			return query_again(fetch, attempt, &plan);
		return failed_by_rcode(fetch, attempt, rcode);
	default:
		return failed_by_rcode(fetch, attempt, rcode);
	}
	if (s53_header_count(fetch->outcome.message, S53_QUESTION) != 1)
		return failed_by_rcode(fetch, attempt, rcode);
	if (is_doubtful(fetch, attempt, &plan))
		return query_again(fetch, attempt, &plan);
	make_ours(fetch, attempt);
	fetch->may_be_cut = s53_partial_response(fetch, attempt);
	if (fetch->may_be_cut && s53_partial_may_use_tcp(fetch, attempt->plan.server) &&
	    s53_partial_for_a_client(fetch)) {
		plan = attempt->plan;
		plan.tcp = plan.for_whole = fetch->whole = true;
		return query_again(fetch, attempt, &plan);
	}
	fetch->without_signatures = fetch->key.dnssec_ok && !attempt->plan.edns;
	return take(fetch, attempt);
}
