/* SPDX-License-Identifier: ISC
 *
 * exchange.c - the steps choose and exchange: which server is asked, how, and when the next one.
 *
 * A pass asks each server of the group once, the next one as soon as the last is late or has
 * failed. A server that said or proved that it cannot help (failed) is not asked again; one that
 * is silent is asked anew in the next pass, since datagrams get lost: with EDNS once more, then
 * without (silence may be a firewall's that drops EDNS; RFC 6891 s6.2.2). Each pass waits twice
 * as long. All attempts stay open: the late answer of the first is still taken.
 */
#include <stdio.h>
#include <string.h>

#include <split53/reply.h>

#include "pending.h"

#define PASSES_WITH_EDNS 2
#define PASSES_DOUBLING 4 /* the wait stops growing after this many */
#define REPEAT_MS 250 /* before a server is asked again */
#define ATTEMPTS_OPEN_MAX 24 /* at once, of one query */

static uint32_t
all_servers(const struct s53_group *group)
{
	unsigned size = s53_group_size(group);

	return size >= 32 ? UINT32_MAX : (1u << size) - 1;
}

/* No server is left: SERVFAIL with what is known of why, unless the cache can help. */
static enum s53_verdict
give_up(struct s53_query *query)
{
	struct s53_pending *pending = query->pending;

	s53_count(query->resolver->counters, S53_C_CHOOSE_NONE_LEFT);
	s53_query_fail(query, S53_RCODE_SERVFAIL, pending->ede,
	    pending->ede_text[0] == '\0' ? NULL : pending->ede_text);
	return s53_store_failure(query);
}

/*
 * Servers that are being asked over TCP: what is sent there arrives, asking again would only
 * cost.
 */
static uint32_t
asked_over_tcp(const struct s53_pending *pending)
{
	uint32_t servers = 0;

	S53_LIST_EACH (&pending->attempts, link) {
		const struct s53_attempt *attempt =
		    S53_CONTAINER_OF(link, struct s53_attempt, link);

		if (attempt->tcp)
			servers |= 1u << attempt->server;
	}
	return servers;
}

/* The next server in this pass or the first of the next. -1: nobody is to be asked now. */
static int
choose_server(struct s53_pending *pending, const struct s53_group *group)
{
	int chosen = s53_group_choose(group, pending->tried, pending->query.now_ms);

	if (chosen >= 0 || (pending->failed & all_servers(group)) == all_servers(group))
		return chosen;
	pending->pass++;
	pending->tried = pending->failed | asked_over_tcp(pending);
	return s53_group_choose(group, pending->tried, pending->query.now_ms);
}

enum s53_verdict
s53_step_choose(struct s53_query *query)
{
	struct s53_pending *pending = query->pending;
	const struct s53_group *group = query->route->group;
	const struct s53_upstream_options *options;
	int chosen = choose_server(pending, group);

	if (chosen < 0)
		return s53_list_empty(&pending->attempts) ? give_up(query) : S53_WAIT;
	options = s53_upstream_options(s53_group_server(group, (unsigned)chosen));
	pending->tried |= 1u << chosen;
	pending->chosen = chosen;
	pending->chosen_tcp = options->tcp_only;
	pending->chosen_edns = options->edns && pending->pass < PASSES_WITH_EDNS;
	return S53_NEXT;
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
	if (attempt->edns) {
		s53_edns_write(&ask, &opt);
		s53_header_set_count(attempt->ask, S53_ADDITIONAL, 1);
	}
	attempt->ask_len = (uint16_t)ask.at;
}

/*
 * The wait after which the next is asked as well: short before another server of the pass, longer
 * before the same ones are asked again, since a slow server is no lost datagram.
 */
static uint32_t
late_ms(const struct s53_pending *pending, const struct s53_upstream *server)
{
	unsigned doublings = pending->pass < PASSES_DOUBLING ? pending->pass : PASSES_DOUBLING;
	uint32_t all = all_servers(pending->query.route->group);
	uint32_t wait_ms = s53_upstream_late_ms(server);

	if ((pending->tried & all) == all && wait_ms < REPEAT_MS)
		wait_ms = REPEAT_MS;
	return wait_ms << doublings;
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
 * Late: ask the next server as well. A server that answered in other letter case than we asked
 * does not keep the case (or someone is forging): it is asked over TCP, where nobody but the
 * server can answer.
 */
static void
on_late(void *arg, struct s53_exchange *exchange)
{
	struct s53_attempt *attempt = arg;
	struct s53_pending *pending = attempt->pending;

	(void)exchange;
	if (pending->attempt_count >= ATTEMPTS_OPEN_MAX)
		return;
	if (attempt->case_differs && !attempt->tcp) {
		pending->chosen = (int)attempt->server;
		pending->chosen_tcp = true;
		pending->chosen_edns = attempt->edns;
		s53_attempt_free(attempt);
		resume(pending, S53_STEP_EXCHANGE);
		return;
	}
	resume(pending, S53_STEP_CHOOSE);
}

static void
note_failure(struct s53_attempt *attempt, enum s53_exchange_end end)
{
	struct s53_pending *pending = attempt->pending;
	const struct s53_group *group = pending->query.route->group;
	char addr[S53_ADDR_TEXT];

	s53_addr_print(s53_upstream_addr(s53_group_server(group, attempt->server)), addr);
	switch (end) {
	case S53_EXCHANGE_TIMEOUT:
		pending->ede = S53_EDE_NO_REACHABLE_AUTHORITY;
		snprintf(pending->ede_text, sizeof pending->ede_text, "%s does not answer", addr);
		break;
	case S53_EXCHANGE_UNREACHABLE:
		pending->ede = S53_EDE_NETWORK_ERROR;
		snprintf(pending->ede_text, sizeof pending->ede_text, "%s cannot be reached", addr);
		break;
	default:
		pending->ede = S53_EDE_OTHER;
		snprintf(pending->ede_text, sizeof pending->ede_text, "out of sockets or memory");
		break;
	}
	pending->failed |= 1u << attempt->server;
}

static void
on_done(void *arg, struct s53_exchange *exchange, enum s53_exchange_end end, uint8_t *octets,
    size_t len)
{
	struct s53_attempt *attempt = arg;
	struct s53_pending *pending = attempt->pending;

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
	/* A timeout is the query's deadline: nobody else is asked after it. */
	if (end == S53_EXCHANGE_TIMEOUT)
		pending->tried = pending->failed = UINT32_MAX;
	resume(pending, S53_STEP_CHOOSE);
}

enum s53_verdict
s53_step_exchange(struct s53_query *query)
{
	struct s53_pending *pending = query->pending;
	struct s53_upstream *server =
	    s53_group_server(query->route->group, (unsigned)pending->chosen);
	struct s53_attempt *attempt;
	struct s53_exchange_ask ask;

	if (query->now_ms >= pending->deadline_ms)
		return s53_list_empty(&pending->attempts) ? give_up(query) : S53_WAIT;
	if ((attempt = s53_attempt_new(pending)) == NULL)
		return s53_list_empty(&pending->attempts) ? give_up(query) : S53_WAIT;
	attempt->server = (unsigned)pending->chosen;
	attempt->edns = pending->chosen_edns;
	attempt->tcp = pending->chosen_tcp;
	write_ask(attempt, server);
	ask = (struct s53_exchange_ask){ .octets = attempt->ask,
		.len = attempt->ask_len,
		.tcp = attempt->tcp,
		.late_ms = late_ms(pending, server),
		.timeout_ms = (uint32_t)(pending->deadline_ms - query->now_ms),
		.now_ms = query->now_ms,
		.arg = attempt,
		.check = s53_validate_check,
		.late = on_late,
		.done = on_done };
	attempt->exchange = s53_exchange_start(query->resolver->exchanger, server, &ask);
	if (attempt->exchange == NULL) {
		note_failure(attempt, S53_EXCHANGE_NO_RESOURCES);
		s53_attempt_free(attempt);
		return S53_RETRY;
	}
	return S53_WAIT;
}
