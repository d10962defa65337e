/* SPDX-License-Identifier: ISC
 *
 * chase.c - completes a chain of CNAMEs that leads on, in the route that it leads into.
 *
 * Consul answers a service with an external address by a bare CNAME, and a public name may point
 * into `consul`; servers that do not recurse answer with a bare CNAME in their own route, too. The
 * records up to the crossing are kept. What the upstream says of names beyond it is dropped, since
 * it could plant addresses for names of another route. The last name is resolved by a query of our
 * own (the child), which takes the usual steps from ROUTE on. Its reply arrives through
 * client->send, like a client's, and the query that waits for it (the parent) is put into the run
 * queue, to append it and to answer. A client's query has S53_CHAIN_MAX links in all: a child gets
 * what its parents have left. A chain with more links, or one that comes back to a name, ends with
 * SERVFAIL.
 *
 * Each client chases by itself, with its own rights. The children of clients that one fetch
 * released join each other's fetch.
 */
#include <string.h>

#include <split53/reply.h>
#include <split53/zone.h>

#include "chain.h"
#include "resolver_private.h"

struct s53_chase {
	struct s53_pending *parent;
	struct s53_pending *child; /* while it waits; else NULL */
	struct s53_chain chain; /* its message is a copy, in the parent's arena */
	uint8_t *reply; /* of the child, in the parent's arena */
	size_t reply_len;
	struct s53_outcome reply_outcome; /* its texts are in the parent's arena */
	bool finished;
	bool parked; /* the parent waits and is to be run */
};

/*
 * Find where the outcome's chain ends. A local zone has no more to say about its own names: its
 * chain leads on where it leaves the zone, or (`delegated`) where the last name is below a
 * delegation in it.
 */
static enum s53_chain_end
look(struct s53_chain *chain, const struct s53_chain_scope *scope,
    const struct s53_outcome *outcome, bool delegated)
{
	enum s53_chain_end end;

	chain->links = 0;
	chain->message = outcome->message;
	chain->len = outcome->message_len;
	if (!s53_chain_is_followed(chain->question->qtype) || outcome->message == NULL ||
	    s53_header_count(outcome->message, S53_ANSWER) == 0)
		return S53_CHAIN_COMPLETE;
	end = s53_chain_follow(chain, scope);
	if (end == S53_CHAIN_BARE && scope->route->kind != S53_ROUTE_FORWARD)
		end = S53_CHAIN_COMPLETE;
	return end == S53_CHAIN_COMPLETE && delegated && chain->links > 0 ? S53_CHAIN_BARE : end;
}

/* Does the chain come back to a name in the chain of one of the query's parents? */
static bool
is_circle(const struct s53_query *query, const struct s53_chain *chain)
{
	for (const struct s53_chase *of = query->chase_of; of != NULL;
	     of = of->parent->query.chase_of) {
		for (unsigned i = 1; i <= chain->links; i++)
			if (s53_chain_has(&of->chain, &chain->names[i]))
				return true;
	}
	return false;
}

/* A record's type; of a signature, the type that it covers (RFC 4034 s3.1). */
static uint16_t
type_of(const struct s53_chain *chain, const struct s53_rr *rr)
{
	struct s53_reader at = s53_reader_of(chain->message, chain->len);

	if (rr->type != S53_TYPE_RRSIG)
		return rr->type;
	at.at = rr->rdata_at;
	return s53_read_u16(&at);
}

/*
 * Does the record belong to the chain: is it the CNAME of one of its names, or the DNAME that
 * made one (RFC 6672)?
 */
static bool
belongs_to_chain(const struct s53_chain *chain, const struct s53_rr *rr)
{
	struct s53_reader at = s53_reader_of(chain->message, chain->len);
	uint16_t type = type_of(chain, rr);
	struct s53_name owner;

	at.at = rr->owner_at;
	if ((type != S53_TYPE_CNAME && type != S53_TYPE_DNAME) || !s53_name_read(&at, &owner))
		return false;
	for (unsigned i = 0; i < chain->links; i++) {
		if (type == S53_TYPE_CNAME ? s53_name_equal(&chain->names[i], &owner)
					   : s53_name_is_at_or_below(&chain->names[i], &owner))
			return true;
	}
	return false;
}

/*
 * AA, kept if the chain's message has it, refers to the first owner of the answer (RFC 1035
 * s4.1.1).
 */
static uint16_t
flags_of_chain(const struct s53_chain *chain)
{
	return (uint16_t)(S53_QR | (s53_header_flags(chain->message) & S53_AA));
}

static void
copy_chain(struct s53_reply *to, const struct s53_chain *chain)
{
	struct s53_walk walk;
	struct s53_rr rr;

	s53_walk_begin(&walk, chain->message, chain->len);
	while (s53_walk_next(&walk, &rr) && rr.section == S53_ANSWER) {
		if (belongs_to_chain(chain, &rr))
			s53_reply_copy(to, S53_ANSWER, chain->message, chain->len, &rr);
	}
}

/* The proofs that the chain's wildcards need (RFC 4035 s3.1.3.3). */
static void
copy_proofs(struct s53_reply *to, const struct s53_chain *chain)
{
	struct s53_walk walk;
	struct s53_rr rr;

	s53_walk_begin(&walk, chain->message, chain->len);
	while (s53_walk_next(&walk, &rr)) {
		uint16_t type = type_of(chain, &rr);

		if (rr.section == S53_AUTHORITY &&
		    (type == S53_TYPE_NSEC || type == S53_TYPE_NSEC3))
			s53_reply_copy(to, S53_AUTHORITY, chain->message, chain->len, &rr);
	}
}

/* In each of the three sections the chain's own records come first, then the child's. */
static void
merge(struct s53_reply *merged, const struct s53_chase *chase)
{
	enum s53_section section = S53_ANSWER;
	struct s53_walk walk;
	struct s53_rr rr;

	copy_chain(merged, &chase->chain);
	s53_walk_begin(&walk, chase->reply, chase->reply_len);
	while (s53_walk_next(&walk, &rr)) {
		if (section == S53_ANSWER && rr.section != S53_ANSWER)
			copy_proofs(merged, &chase->chain);
		section = rr.section;
		s53_reply_copy(merged, section, chase->reply, chase->reply_len, &rr);
	}
	if (section == S53_ANSWER)
		copy_proofs(merged, &chase->chain);
}

static bool
is_answer(uint16_t rcode)
{
	return rcode == S53_RCODE_NOERROR || rcode == S53_RCODE_NXDOMAIN ||
	    rcode == S53_RCODE_YXDOMAIN;
}

/* The child has failed, so the query fails too. */
static void
fail_as(struct s53_query *query, const struct s53_outcome *end)
{
	const char *text = end->ede_text;

	s53_query_fail(query, S53_RCODE_SERVFAIL, end->ede,
	    text != NULL ? text : "the target of a CNAME could not be resolved");
	query->outcome.error = end->error;
	query->outcome.over_quota = end->over_quota;
}

/* Merge the chain and the child's reply into the query's outcome. */
static void
complete(struct s53_query *query)
{
	struct s53_pending *pending = query->pending;
	struct s53_chase *chase = pending->chase;
	const struct s53_outcome *end = &chase->reply_outcome;
	struct s53_reply merged;
	uint8_t *octets;

	if (chase->reply_len == 0 || !is_answer(end->rcode)) {
		fail_as(query, end);
		return;
	}
	octets = s53_arena_alloc(&pending->arena, S53_MESSAGE_MAX);
	if (octets == NULL) {
		s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, "out of memory");
		return;
	}
	s53_reply_begin(&merged, octets, S53_MESSAGE_MAX, 0, flags_of_chain(&chase->chain),
	    &query->request.question);
	merge(&merged, chase);
	query->outcome.message = octets;
	query->outcome.message_len = s53_reply_end(&merged, NULL);
	query->outcome.rcode = end->rcode;
	query->outcome.leads_on = false;
	if (end->ede != S53_EDE_NONE) { /* else keep it: the chain itself may be stale */
		query->outcome.ede = end->ede;
		query->outcome.ede_text = end->ede_text;
	}
	if (end->error != NULL)
		query->outcome.error = end->error;
	query->outcome.authentic = query->outcome.authentic && end->authentic;
}

/* The child's client: its transport is the chase. */
static uint8_t *
child_buffer(struct s53_client *client, size_t cap)
{
	struct s53_chase *chase = client->transport;

	return chase->reply = s53_arena_alloc(&chase->parent->arena, cap);
}

/* Copy the texts: the child's fetch or the cache's buffer is released before the parent answers. */
static void
keep_errors(struct s53_arena *arena, struct s53_outcome *outcome)
{
	if (outcome->ede_text != NULL)
		outcome->ede_text =
		    s53_arena_copy(arena, outcome->ede_text, strlen(outcome->ede_text) + 1);
	if (outcome->error != NULL)
		outcome->error = s53_arena_copy(arena, outcome->error, sizeof(*outcome->error));
}

static void
child_ended(struct s53_client *client, size_t len)
{
	struct s53_chase *chase = client->transport;
	struct s53_query *child = S53_CONTAINER_OF(client, struct s53_query, client);
	struct s53_query *query = &chase->parent->query;

	chase->child = NULL;
	chase->reply_outcome = child->outcome;
	keep_errors(&chase->parent->arena, &chase->reply_outcome);
	chase->reply_len = len;
	chase->finished = true;
	if (!chase->parked)
		return;
	query->now_ms = child->now_ms;
	query->step = S53_STEP_JOIN;
	s53_pending_wake(chase->parent);
}

static void
child_dropped(struct s53_client *client)
{
	child_ended(client, 0);
}

static const struct s53_client_ops child_ops = {
	.room = child_buffer, .send = child_ended, .drop = child_dropped
};

/* Resolve the chain's last name for the parent: with the same client, view and rights. */
static void
start_child(struct s53_query *query, struct s53_chase *chase)
{
	struct s53_query child = { .step = S53_STEP_ROUTE,
		.resolver = query->resolver,
		.now_ms = query->now_ms,
		.deadline_ms = query->deadline_ms,
		.policy = query->policy,
		.view = query->view,
		.answering = &query->view->answering,
		.chase_of = chase,
		.chase_depth = (uint8_t)(query->chase_depth + 1),
		.chase_links = (uint8_t)(query->chase_links + chase->chain.links),
		.short_of_time =
		    query->now_ms + query->view->query_timeout_ms / 2 > query->deadline_ms,
		.may_query = query->may_query,
		.may_use_cache = query->may_use_cache,
		.may_recurse = query->may_recurse,
		.client = query->client };
	struct s53_request *request = &child.request;

	child.client.ops = &child_ops;
	child.client.transport = chase;
	child.client.kind = S53_TCP;
	request->flags = (uint16_t)((query->request.flags & (S53_RD | S53_CD)) | S53_AD);
	request->has_question = true;
	request->question.name = request->question.lower = chase->chain.names[chase->chain.links];
	request->question.qtype = query->request.question.qtype;
	request->question.qclass = query->request.question.qclass;
	request->edns = (struct s53_edns){ .present = true,
		.udp_size = S53_MESSAGE_MAX,
		.dnssec_ok = query->request.edns.dnssec_ok };
	s53_query_resume(&child);
}

/* Start the child. REPLY: it has ended already; WAIT: the parent waits for it. */
static enum s53_verdict
lead_on(struct s53_query *query, struct s53_chase *chase)
{
	s53_count(query->resolver->counters, S53_C_VALIDATE_CHASED);
	chase->parent = query->pending;
	query->pending->chase = chase;
	start_child(query, chase);
	if (!chase->finished) {
		chase->parked = true;
		return S53_WAIT;
	}
	complete(query);
	return S53_REPLY;
}

bool
s53_chase_is_due(const struct s53_view *view, const struct s53_route *route,
    const struct s53_question *question, const struct s53_outcome *outcome)
{
	struct s53_chain_scope scope = { .routes = view->routes, .route = route };
	struct s53_chain chain;

	chain.question = question;
	return look(&chain, &scope, outcome, false) != S53_CHAIN_COMPLETE;
}

/*
 * Copy the chain: its message is in the exchange's or a scratch buffer, which does not outlast the
 * wait.
 */
static struct s53_chase *
keep(struct s53_pending *pending, const struct s53_chain *chain)
{
	struct s53_arena *arena = &pending->arena;
	struct s53_chase *chase = s53_arena_alloc(arena, sizeof(*chase));

	if (chase == NULL)
		return NULL;
	*chase = (struct s53_chase){ .parent = pending };
	chase->chain = *chain;
	chase->chain.message = s53_arena_copy(arena, chain->message, chain->len);
	chase->chain.question = &pending->query.request.question;
	keep_errors(arena, &pending->query.outcome);
	return chase->chain.message == NULL ? NULL : chase;
}

/* The extended error's text for a chain that is not followed. */
static const char *
why_not(enum s53_chain_end end)
{
	switch (end) {
	case S53_CHAIN_LOOPS:
		return "the CNAME chain loops";
	case S53_CHAIN_TOO_LONG:
		return "the CNAME chain has more than 16 links";
	default:
		return "several CNAMEs for one name, or too many in the answer";
	}
}

static enum s53_verdict
follow_on(struct s53_query *query, const struct s53_chain *chain)
{
	struct s53_pending *pending = query->pending;
	struct s53_chase *chase;

	if (pending == NULL && (pending = s53_pending_move(query)) == NULL)
		return s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER,
		    "too many queries are waiting (recursive-clients)");
	query = &pending->query;
	if ((chase = keep(pending, chain)) == NULL)
		return s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, "out of memory");
	return lead_on(query, chase);
}

/*
 * The client gets no recursion: the answer ends where the chain leaves the route. Not inlined,
 * because of its large buffer; a buffer of its own, as the message may be in the scratch buffer.
 */
__attribute__((noinline)) static enum s53_verdict
end_at_crossing(struct s53_query *query, const struct s53_chain *chain)
{
	struct s53_outcome *outcome = &query->outcome;
	uint8_t octets[S53_MESSAGE_MAX];
	struct s53_reply to;

	s53_reply_begin(
	    &to, octets, sizeof(octets), 0, flags_of_chain(chain), &query->request.question);
	copy_chain(&to, chain);
	copy_proofs(&to, chain);
	outcome->message_len = s53_reply_end(&to, NULL);
	outcome->message = query->resolver->scratch;
	memcpy(outcome->message, octets, outcome->message_len);
	outcome->rcode = S53_RCODE_NOERROR; /* that of the target is unknown (RFC 6604 s3) */
	outcome->leads_on = true;
	return S53_REPLY;
}

enum s53_verdict
s53_chase(struct s53_query *query, bool delegated)
{
	struct s53_chain_scope scope = { .routes = query->view->routes,
		.route = query->route,
		.links_before = query->chase_links };
	struct s53_chain chain;
	enum s53_chain_end end;

	chain.question = &query->request.question;
	end = look(&chain, &scope, &query->outcome, delegated);
	if (is_circle(query, &chain))
		end = S53_CHAIN_LOOPS;
	switch (end) {
	case S53_CHAIN_COMPLETE:
		return S53_REPLY;
	case S53_CHAIN_CROSSES:
		if (!s53_query_gets_recursion(query))
			return end_at_crossing(query, &chain);
		return follow_on(query, &chain);
	case S53_CHAIN_BARE:
		return follow_on(query, &chain);
	default:
		return s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, why_not(end));
	}
}

enum s53_verdict
s53_chase_finish(struct s53_query *query)
{
	complete(query);
	return S53_REPLY;
}

void
s53_chase_set_child(struct s53_chase *chase, struct s53_pending *child)
{
	chase->child = child;
}

struct s53_pending *
s53_chase_client(struct s53_pending *pending)
{
	while (pending->query.chase_of != NULL)
		pending = pending->query.chase_of->parent;
	return pending;
}

const struct s53_query *
s53_chase_end(const struct s53_pending *pending)
{
	while (pending->chase != NULL && pending->chase->child != NULL)
		pending = pending->chase->child;
	return &pending->query;
}

void
s53_chase_abandon(struct s53_pending *pending)
{
	struct s53_pending *child = pending->chase == NULL ? NULL : pending->chase->child;

	pending->chase = NULL;
	if (child == NULL)
		return;
	if (child->fetch != NULL)
		s53_fetch_abandon(child);
	s53_pending_free(child);
}

/*
 * Each client of the fetch copies the message and searches it, perhaps a thousand times: so records
 * that the upstream put beside the chain, up to 64 KiB, are removed once.
 */
void
s53_chase_trim(struct s53_fetch *fetch)
{
	struct s53_chain_scope scope = { .routes = fetch->view->routes, .route = fetch->route };
	struct s53_outcome *outcome = &fetch->outcome;
	uint8_t *scratch = fetch->resolver->scratch;
	struct s53_chain chain;
	struct s53_reply to;
	enum s53_chain_end end;
	size_t len;

	chain.question = &fetch->question;
	end = look(&chain, &scope, outcome, false);
	if (end != S53_CHAIN_BARE && end != S53_CHAIN_CROSSES)
		return;
	s53_reply_begin(&to, scratch, sizeof(fetch->resolver->scratch), 0, flags_of_chain(&chain),
	    &fetch->question);
	copy_chain(&to, &chain);
	copy_proofs(&to, &chain);
	len = s53_reply_end(&to, NULL);
	if (len > outcome->message_len)
		return;
	memcpy(outcome->message, scratch, len);
	outcome->message_len = len;
}
