/* SPDX-License-Identifier: ISC
 *
 * answer.c - the step answer, the last: make the reply fit this client and send it.
 */
#include <string.h>

#include <split53/fit.h>
#include <split53/log.h>
#include <split53/reply.h>

#include "arrange.h"
#include "resolver_private.h"

#define RCODE_LOW 0x0f
#define DEFAULT_UDP_SIZE 1232
#define UDP_BUFFER 4096 /* max-udp-size is at most this; datagrams on loopback may be larger */
#define ANY_LOOKS_MAX 256 /* records of the answer that are searched for the first RRset */
#define RESPELL_EFFORT 10 /* bounds the work for each reply */
#define ERROR_BUFFER 512 /* enough for a question, an OPT and an extended error */

static struct s53_edns_reply
edns_of(const struct s53_query *query)
{
	const struct s53_edns *asked = &query->request.edns;
	const struct s53_view *view = query->view;
	struct s53_edns_reply edns = { .rcode = query->outcome.rcode,
		.dnssec_ok = asked->dnssec_ok,
		.ede_code = query->outcome.ede,
		.ede_text = query->outcome.ede_text,
		.upstream_error = query->outcome.error,
		.keepalive = -1,
		.udp_size = view == NULL ? DEFAULT_UDP_SIZE : view->edns_udp_size };

	/* RFC 7828 s3.3.2: only over TCP, and only if the client sent the option. */
	if (asked->keepalive && query->client.kind == S53_TCP)
		edns.keepalive = (int)query->policy->tcp_keepalive_100ms;
	if (asked->nsid && view != NULL)
		edns.nsid = view->server_id;
	return edns;
}

/* The client accepts more than max-udp-size: on loopback no path MTU forbids that. */
__attribute__((noinline)) static size_t
most_octets(const struct s53_query *query, size_t limit)
{
	const struct s53_view *view = query->view;
	size_t most = s53_addr_is_loopback(&query->client.addr) ? view->udp_size_loopback
								: view->udp_size_max;

	return limit < most ? limit : most;
}

size_t
s53_reply_limit(const struct s53_query *query)
{
	const struct s53_edns *asked = &query->request.edns;
	size_t limit = asked->udp_size < S53_EDNS_MIN ? S53_EDNS_MIN : asked->udp_size;

	if (query->client.kind == S53_TCP)
		return S53_MESSAGE_MAX;
	if (!asked->present)
		return S53_EDNS_MIN;
	return limit <= query->view->udp_size_max ? limit : most_octets(query, limit);
}

static size_t
opt_len_of(const struct s53_query *query, const struct s53_edns_reply *edns)
{
	bool with_opt = query->request.edns.present && query->chase_depth == 0;

	return with_opt ? s53_edns_reply_len(edns) : 0;
}

size_t
s53_reply_space(const struct s53_query *query)
{
	struct s53_edns_reply edns = edns_of(query);

	return s53_reply_limit(query) - opt_len_of(query, &edns);
}

static uint16_t
flags_of(const struct s53_query *query, uint16_t of_message)
{
	const struct s53_request *request = &query->request;
	unsigned flags = S53_QR | (request->flags & (S53_RD | S53_CD)) | (of_message & S53_TC) |
	    (query->outcome.rcode & RCODE_LOW);

	/* The answer keeps its AA where BIND would have a copy of the zone (RFC 1035 s4.1.1). */
	if (query->route != NULL && query->route->rights == S53_RIGHTS_COPY)
		flags |= of_message & S53_AA;
	if (query->may_recurse)
		flags |= S53_RA;
	if (query->outcome.authoritative)
		flags |= S53_AA;
	/* RFC 6840 s5.8: AD only for clients that set AD or DO. */
	if (query->outcome.authentic && (request->edns.dnssec_ok || (request->flags & S53_AD)))
		flags |= S53_AD;
	return (uint16_t)flags;
}

/* Only if there are several records; a local zone has reduced its answer itself. */
static bool
is_to_be_minimal(const struct s53_query *query)
{
	return s53_query_wants_minimal_any(query) && query->route != NULL &&
	    query->route->kind == S53_ROUTE_FORWARD &&
	    s53_header_count(query->outcome.message, S53_ANSWER) > 1;
}

/*
 * Reduce an upstream's answer to ANY to its first RRset and the signatures, in the scratch buffer,
 * where the cache may have put it. The result fits a datagram, and at most ANY_LOOKS_MAX records
 * are read.
 */
static void
keep_first_rrset(struct s53_query *query)
{
	struct s53_outcome *outcome = &query->outcome;
	uint8_t octets[UDP_BUFFER];
	struct s53_reply reply;
	struct s53_walk walk;
	struct s53_rr rr;
	uint16_t type = S53_TYPE_RRSIG;
	size_t cap = s53_reply_space(query);
	unsigned looks = 0;

	s53_reply_begin(&reply, octets, cap < sizeof(octets) ? cap : sizeof(octets),
	    query->request.id, s53_header_flags(outcome->message), &query->request.question);
	s53_walk_begin(&walk, outcome->message, outcome->message_len);
	while (s53_walk_next(&walk, &rr) && rr.section == S53_ANSWER && looks++ < ANY_LOOKS_MAX) {
		if (type == S53_TYPE_RRSIG)
			type = rr.type;
		if ((rr.type == type || rr.type == S53_TYPE_RRSIG) &&
		    !s53_reply_copy(
			&reply, S53_ANSWER, outcome->message, outcome->message_len, &rr))
			break;
	}
	outcome->message_len = s53_reply_end(&reply, NULL);
	outcome->message = query->resolver->scratch;
	memcpy(outcome->message, octets, outcome->message_len);
}

/*
 * Copy to the scratch buffer what fits into a datagram. The message itself is not changed, as all
 * clients of one fetch share it. It may be in the scratch buffer already: so the copy is made on
 * the stack first.
 */
static size_t
fit_datagram(struct s53_query *query, size_t limit)
{
	struct s53_outcome *outcome = &query->outcome;
	uint8_t *scratch = query->resolver->scratch;
	struct s53_fit fit = { .limit = limit };
	uint8_t octets[UDP_BUFFER];
	size_t len;

	fit.spin = s53_arrange_spin(query, &fit.rotate);
	len = s53_message_fit_unknown(outcome->message, outcome->message_len, &fit, octets);
	memcpy(scratch, octets, len);
	outcome->arranged = fit.settled;
	return len;
}

/* The message cut to the limit, in the scratch buffer. Returns its new length. */
__attribute__((noinline)) static size_t
fit(struct s53_query *query, size_t limit, const uint8_t **message)
{
	struct s53_outcome *outcome = &query->outcome;
	uint8_t *scratch = query->resolver->scratch;

	*message = scratch;
	s53_count(query->resolver->counters, S53_C_ANSWER_TRUNCATED);
	if (query->client.kind == S53_UDP && limit <= UDP_BUFFER)
		return fit_datagram(query, limit);
	if (outcome->message != scratch)
		memcpy(scratch, outcome->message, outcome->message_len);
	outcome->arranged = true;
	s53_arrange(query, scratch, outcome->message_len);
	return s53_message_cut(scratch, outcome->message_len, limit);
}

/* Copy the message into the client's buffer, unless FIND has read it into there. */
static uint8_t *
buffer_with(struct s53_query *query, const uint8_t *message, size_t len, size_t opt_len)
{
	uint8_t *room = query->room;

	if (room != NULL && room == message)
		return room;
	room = query->client.ops->room(&query->client, len + opt_len);
	if (room != NULL)
		memcpy(room, message, len);
	return room;
}

/* RFC 1035 s4.1: the client's ID, our flags, QNAME in the client's spelling, our own OPT. */
static size_t
send_message(struct s53_query *query)
{
	const struct s53_request *request = &query->request;
	struct s53_edns_reply edns = edns_of(query);
	size_t opt_len = opt_len_of(query, &edns);
	struct s53_writer writer;
	const uint8_t *message;
	uint8_t *room;
	size_t len;

	if (is_to_be_minimal(query))
		keep_first_rrset(query);
	message = query->outcome.message;
	len = query->outcome.message_len;
	if (len > s53_reply_limit(query) - opt_len)
		len = fit(query, s53_reply_limit(query) - opt_len, &message);
	if ((room = buffer_with(query, message, len, opt_len)) == NULL)
		return 0;
	/*
	 * In the copy, not in the message: the clients of a fetch share it, and each gets an order
	 * of its own.
	 */
	if (!query->outcome.arranged)
		s53_arrange(query, room, len);
	s53_header_set_id(room, request->id);
	s53_header_set_flags(room, flags_of(query, s53_header_flags(message)));
	memcpy(room + S53_HEADER_LEN, request->question.name.octets, request->question.name.len);
	if (query->outcome.respell)
		s53_message_respell(room, len, &request->question.name, RESPELL_EFFORT);
	if (opt_len == 0)
		return len;
	writer = s53_writer_of(room + len, opt_len);
	s53_edns_write(&writer, &edns);
	s53_header_set_count(
	    room, S53_ADDITIONAL, (uint16_t)(s53_header_count(room, S53_ADDITIONAL) + 1));
	return len + writer.at;
}

static size_t
send_rcode(struct s53_query *query)
{
	struct s53_edns_reply edns = edns_of(query);
	uint8_t *room = query->client.ops->room(&query->client, ERROR_BUFFER);

	if (room == NULL)
		return 0;
	return s53_reply_error(
	    room, ERROR_BUFFER, &query->request, query->outcome.rcode, query->may_recurse, &edns);
}

static void
count_answer(const struct s53_query *query)
{
	static const enum s53_counter by_rcode[] = {
		[S53_RCODE_NOERROR] = S53_C_ANSWER_NOERROR,
		[S53_RCODE_FORMERR] = S53_C_ANSWER_FORMERR,
		[S53_RCODE_SERVFAIL] = S53_C_ANSWER_SERVFAIL,
		[S53_RCODE_NXDOMAIN] = S53_C_ANSWER_NXDOMAIN,
		[S53_RCODE_NOTIMP] = S53_C_ANSWER_OTHER,
		[S53_RCODE_REFUSED] = S53_C_ANSWER_REFUSED,
	};
	uint16_t rcode = query->outcome.rcode;

	s53_count(query->resolver->counters,
	    rcode < sizeof(by_rcode) / sizeof(*by_rcode) ? by_rcode[rcode] : S53_C_ANSWER_OTHER);
	if (query->outcome.ede == S53_EDE_STALE || query->outcome.ede == S53_EDE_STALE_NXDOMAIN) {
		s53_count(query->resolver->counters, S53_C_ANSWER_STALE);
		s53_tally_count(query->tally, S53_TALLY_STALE);
		s53_query_log_stale(query);
	}
}

void
s53_reply_send(struct s53_query *query)
{
	size_t len;

	if (query->outcome.rcode != S53_RCODE_NOERROR &&
	    s53_quiet_keeps(&query->resolver->quiet, query)) {
		s53_count(query->resolver->counters, S53_C_ANSWER_SUPPRESSED);
		query->client.ops->drop(&query->client);
		return;
	}
	if (query->outcome.silent) {
		query->client.ops->drop(&query->client);
		return;
	}
	if (query->chase_depth == 0)
		count_answer(query);
	len = query->outcome.message != NULL ? send_message(query) : send_rcode(query);

	query->client.keepalive = query->request.edns.keepalive;
	if (len == 0)
		query->client.ops->drop(&query->client);
	else
		query->client.ops->send(&query->client, len);
}

/* Why a query fails, as its zone counts it. */
static enum s53_tally_kind
failure_kind(const struct s53_outcome *outcome)
{
	if (outcome->over_quota)
		return S53_TALLY_FAILED_LIMIT;
	switch (outcome->ede) {
	case S53_EDE_CACHED_ERROR:
		return S53_TALLY_FAILED_REMEMBERED;
	case S53_EDE_NETWORK_ERROR:
		return S53_TALLY_FAILED_UNREACHABLE;
	default:
		return S53_TALLY_FAILED_UPSTREAM;
	}
}

/* The client of a chase's child gets its parent's failure. */
__attribute__((noinline, cold)) static void
note_failure(struct s53_query *query)
{
	if (query->tally != NULL)
		s53_tally_count(query->tally, failure_kind(&query->outcome));
	if (query->chase_depth == 0)
		s53_query_log_error(query);
}

enum s53_verdict
s53_step_answer(struct s53_query *query)
{
	struct s53_pending *pending = query->pending;

	if (query->outcome.rcode == S53_RCODE_SERVFAIL)
		note_failure(query);
	s53_reply_send(query);
	if (pending != NULL) {
		s53_pending_answered(pending);
		s53_pending_free(pending);
	}
	return S53_DONE;
}
