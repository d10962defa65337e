/* SPDX-License-Identifier: ISC
 *
 * chase.c - a CNAME that leads out of its route is completed in the route that it leads into.
 *
 * Consul answers a service with an external address by a bare CNAME, and a public name may point
 * into `consul`. The records up to the crossing are kept; what the upstream says of names beyond
 * it is not its business and is dropped (it could plant addresses for names of another route);
 * the name behind it is asked as a query of our own (the child), which walks the same line from
 * ROUTE on. Its answer comes back as a client's would, through client->send, and the query that
 * waited for it (the parent) is put into the run queue, to append it and to answer. Bounded by
 * CHASE_DEPTH_MAX crossings; a circle ends with SERVFAIL as soon as a name comes again.
 *
 * A chase is a client's own matter, with that client's rights. The children of clients that one
 * fetch released join each other's fetch.
 */
#include <string.h>

#include <split53/reply.h>
#include <split53/zone.h>

#include "resolver_private.h"

#define CHASE_DEPTH_MAX 8 /* crossings of one query */
#define CHAIN_MAX 16 /* CNAMEs of one answer */
#define LOOKS_MAX 512 /* at CNAMEs' owners: a chain of 16 in the worst order needs half of it */

struct s53_chase {
	struct s53_pending *parent;
	struct s53_pending *child; /* while it waits; or NULL */
	const struct s53_question *question; /* of the parent */
	uint8_t *message; /* the parent's: a copy, or what its upstream sent */
	size_t message_len;
	unsigned kept; /* names whose records stay */
	struct s53_name
	    names[CHAIN_MAX + 1]; /* qname and targets up to the crossing, which is the last */
	uint8_t *reply; /* of the child, in the parent's arena */
	size_t reply_len;
	struct s53_outcome reply_outcome;
	unsigned looks; /* taken at owners of CNAMEs */
	bool endless; /* more CNAMEs than are followed, of which one may leave */
	bool delegated; /* the chain's last name is below a delegation of the zone */
	bool finished;
	bool parked; /* the parent waits and is to be run */
};

/*
 * The target of the answer section's CNAME owned by `owner`. This is done for each hit of the
 * cache: thousands of CNAMEs with names of many pointers would take a tenth of a second.
 */
static bool
find_cname(struct s53_chase *chase, const struct s53_name *owner, struct s53_name *target)
{
	struct s53_reader message = s53_reader_of(chase->message, chase->message_len);
	struct s53_walk walk;
	struct s53_rr rr;

	if (!s53_walk_begin(&walk, chase->message, chase->message_len))
		return false;
	while (s53_walk_next(&walk, &rr) && rr.section == S53_ANSWER) {
		struct s53_reader at = message;

		if (rr.type != S53_TYPE_CNAME)
			continue;
		if (++chase->looks > LOOKS_MAX) {
			chase->endless = true;
			return false;
		}
		at.at = rr.owner_at;
		if (!s53_name_read_equal(&at, owner))
			continue;
		at = message;
		at.at = rr.rdata_at;
		return s53_name_read(&at, target);
	}
	return false;
}

static bool
same_route(const struct s53_route *a, const struct s53_route *b)
{
	if (a == b)
		return true;
	return a != NULL && b != NULL && a->kind == S53_ROUTE_FORWARD &&
	    b->kind == S53_ROUTE_FORWARD && a->group == b->group;
}

/* The chain has all the names there is room for: does it go on, and not in a circle? */
static bool
goes_on(struct s53_chase *chase)
{
	struct s53_name next;

	for (unsigned i = 0; i < CHAIN_MAX; i++)
		if (s53_name_equal(&chase->names[i], &chase->names[CHAIN_MAX]))
			return false;
	return find_cname(chase, &chase->names[CHAIN_MAX], &next);
}

/*
 * Follow the chain to its first target outside of `route`: names[kept]; or it is endless. false: it
 * stays where it is.
 */
static bool
find_crossing(
    struct s53_chase *chase, const struct s53_routes *routes, const struct s53_route *route)
{
	const struct s53_name *qname = &chase->question->lower;

	chase->kept = chase->looks = 0;
	chase->endless = false;
	if (!chase->delegated && !find_cname(chase, qname, &chase->names[1]))
		return chase->endless; /* the rule: nothing to follow, nothing has been copied */
	s53_name_copy(&chase->names[0], qname);
	for (chase->kept = 1; chase->kept <= CHAIN_MAX; chase->kept++) {
		struct s53_name *target = &chase->names[chase->kept];

		if (!find_cname(chase, target - 1, target)) {
			chase->kept--; /* the last name is the crossing, if anything is */
			return chase->endless || (chase->delegated && chase->kept > 0);
		}
		s53_name_lower(target);
		if (!same_route(route, s53_routes_find(routes, target)))
			return true;
	}
	chase->endless = chase->endless || goes_on(chase);
	return chase->endless;
}

/* Has one of the queries that lead here already asked for this name? */
static bool
is_circle(const struct s53_query *query, const struct s53_name *target)
{
	for (;;) {
		if (s53_name_equal(&query->request.question.lower, target))
			return true;
		if (query->chase_of == NULL)
			return false;
		query = &query->chase_of->parent->query;
	}
}

/* A record's type, or what a signature covers (RFC 4034 s3.1). */
static uint16_t
type_of(const struct s53_chase *chase, const struct s53_rr *rr)
{
	struct s53_reader at = s53_reader_of(chase->message, chase->message_len);

	if (rr->type != S53_TYPE_RRSIG)
		return rr->type;
	at.at = rr->rdata_at;
	return s53_read_u16(&at);
}

/*
 * Does the record belong to the chain: the CNAME of one of its names, or the DNAME that made one
 * (RFC 6672)?
 */
static bool
belongs_to_chain(const struct s53_chase *chase, const struct s53_rr *rr)
{
	struct s53_reader at = s53_reader_of(chase->message, chase->message_len);
	uint16_t type = type_of(chase, rr);
	struct s53_name owner;

	at.at = rr->owner_at;
	if ((type != S53_TYPE_CNAME && type != S53_TYPE_DNAME) || !s53_name_read(&at, &owner))
		return false;
	for (unsigned i = 0; i < chase->kept; i++) {
		if (type == S53_TYPE_CNAME ? s53_name_equal(&chase->names[i], &owner)
					   : s53_name_is_at_or_below(&chase->names[i], &owner))
			return true;
	}
	return false;
}

static void
copy_chain(struct s53_reply *to, const struct s53_chase *chase)
{
	struct s53_walk walk;
	struct s53_rr rr;

	s53_walk_begin(&walk, chase->message, chase->message_len);
	while (s53_walk_next(&walk, &rr) && rr.section == S53_ANSWER) {
		if (belongs_to_chain(chase, &rr))
			s53_reply_copy(to, S53_ANSWER, chase->message, chase->message_len, &rr);
	}
}

/* The chain's own records, then the child's three sections. */
static void
merge(struct s53_reply *merged, const struct s53_chase *chase)
{
	struct s53_walk walk;
	struct s53_rr rr;

	copy_chain(merged, chase);
	s53_walk_begin(&walk, chase->reply, chase->reply_len);
	while (s53_walk_next(&walk, &rr))
		s53_reply_copy(merged, rr.section, chase->reply, chase->reply_len, &rr);
}

/* Put both parts together into the query's outcome. */
static void
complete(struct s53_query *query)
{
	struct s53_pending *pending = query->pending;
	struct s53_chase *chase = pending->chase;
	const struct s53_outcome *end = &chase->reply_outcome;
	struct s53_reply merged;
	uint8_t *octets;

	/* The text of a failure is its fetch's, which is about to go: only an answer's is kept. */
	if (chase->reply_len == 0 ||
	    (end->rcode != S53_RCODE_NOERROR && end->rcode != S53_RCODE_NXDOMAIN)) {
		s53_query_fail(query, S53_RCODE_SERVFAIL, end->ede,
		    "the target of a CNAME could not be resolved");
		return;
	}
	octets = s53_arena_alloc(&pending->arena, S53_MESSAGE_MAX);
	if (octets == NULL) {
		s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, "out of memory");
		return;
	}
	s53_reply_begin(&merged, octets, S53_MESSAGE_MAX, 0, S53_QR, &query->request.question);
	merge(&merged, chase);
	query->outcome.message = octets;
	query->outcome.message_len = s53_reply_end(&merged, NULL);
	query->outcome.rcode = end->rcode;
	query->outcome.leads_on = false;
	if (end->ede != S53_EDE_NONE) { /* else it may still be the chain that is stale */
		query->outcome.ede = end->ede;
		query->outcome.ede_text = end->ede_text;
	}
	query->outcome.authentic = query->outcome.authentic && end->authentic;
}

/* The child's way back: a client whose transport is the chase. */
static uint8_t *
child_room(struct s53_client *client, size_t cap)
{
	struct s53_chase *chase = client->transport;

	return chase->reply = s53_arena_alloc(&chase->parent->arena, cap);
}

static void
child_ended(struct s53_client *client, size_t len)
{
	struct s53_chase *chase = client->transport;
	struct s53_query *child = S53_CONTAINER_OF(client, struct s53_query, client);
	struct s53_query *query = &chase->parent->query;

	chase->child = NULL;
	chase->reply_outcome = child->outcome;
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
	.room = child_room, .send = child_ended, .drop = child_dropped
};

/* Ask for names[kept] on the parent's behalf: the same client, view and rights. */
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
	request->flags = (uint16_t)(S53_RD | S53_AD | (query->request.flags & S53_CD));
	request->has_question = true;
	request->question.name = request->question.lower = chase->names[chase->kept];
	request->question.qtype = query->request.question.qtype;
	request->question.qclass = query->request.question.qclass;
	request->edns = (struct s53_edns){ .present = true,
		.udp_size = S53_MESSAGE_MAX,
		.dnssec_ok = query->request.edns.dnssec_ok };
	s53_query_run(&child);
}

/* The crossing is known: ask beyond it, now or (WAIT) when the child's upstream answers. */
static enum s53_verdict
cross(struct s53_query *query, struct s53_chase *chase)
{
	if (query->chase_depth >= CHASE_DEPTH_MAX || is_circle(query, &chase->names[chase->kept]))
		return s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, "CNAME circle");
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

/* A CNAME asked for, or ANY, is its own end (RFC 1034 s3.6.2). */
static bool
is_followed(uint16_t qtype)
{
	return qtype != S53_TYPE_CNAME && qtype != S53_TYPE_ANY && qtype != S53_TYPE_DNAME;
}

/* Does the outcome lead on? `chase` is filled as far as it is needed. */
static bool
is_due(struct s53_chase *chase, const struct s53_view *view, const struct s53_route *route,
    const struct s53_outcome *outcome)
{
	chase->message = outcome->message;
	chase->message_len = outcome->message_len;
	return is_followed(chase->question->qtype) && outcome->message != NULL &&
	    s53_header_count(outcome->message, S53_ANSWER) > 0 &&
	    find_crossing(chase, view->routes, route);
}

bool
s53_chase_is_due(const struct s53_view *view, const struct s53_route *route,
    const struct s53_question *question, const struct s53_outcome *outcome)
{
	struct s53_chase chase;

	chase.question = question;
	chase.delegated = false;
	return is_due(&chase, view, route, outcome);
}

/* What is looked at is the exchange's or a scratch buffer's: it is gone when the child waits. */
static struct s53_chase *
keep(struct s53_pending *pending, const struct s53_chase *chase)
{
	struct s53_arena *arena = &pending->arena;
	struct s53_chase *kept = s53_arena_copy(arena, chase, sizeof *chase);

	if (kept == NULL)
		return NULL;
	kept->message = s53_arena_copy(arena, chase->message, chase->message_len);
	kept->question = &pending->query.request.question;
	kept->reply = NULL;
	kept->reply_len = 0;
	kept->child = NULL;
	kept->finished = kept->parked = false;
	return kept->message == NULL ? NULL : kept;
}

enum s53_verdict
s53_chase_endless(struct s53_query *query)
{
	s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, "too many CNAMEs");
	query->outcome.endless = true;
	return S53_REPLY;
}

enum s53_verdict
s53_chase(struct s53_query *query, bool delegated)
{
	struct s53_pending *pending = query->pending;
	struct s53_chase chase, *kept;

	chase.question = &query->request.question;
	chase.delegated = delegated;
	if (!is_due(&chase, query->view, query->route, &query->outcome))
		return S53_REPLY;
	if (chase.endless)
		return s53_chase_endless(query);
	if (pending == NULL && (pending = s53_pending_move(query)) == NULL)
		return s53_query_fail(
		    query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, "too many queries wait");
	query = &pending->query;
	if ((kept = keep(pending, &chase)) == NULL)
		return s53_query_fail(query, S53_RCODE_SERVFAIL, S53_EDE_OTHER, "out of memory");
	return cross(query, kept);
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
 * Each client copies the message and looks through it: what the upstream put beside the chain, up
 * to 64 KiB, would cost a thousand times.
 */
void
s53_chase_trim(struct s53_fetch *fetch)
{
	struct s53_outcome *outcome = &fetch->outcome;
	uint8_t *scratch = fetch->resolver->scratch;
	struct s53_chase chase;
	struct s53_reply chain;
	size_t len;

	chase.question = &fetch->question;
	chase.delegated = false;
	if (!is_due(&chase, fetch->view, fetch->route, outcome) || chase.endless)
		return;
	s53_reply_begin(
	    &chain, scratch, sizeof fetch->resolver->scratch, 0, S53_QR, &fetch->question);
	copy_chain(&chain, &chase);
	len = s53_reply_end(&chain, NULL);
	if (len > outcome->message_len)
		return;
	memcpy(outcome->message, scratch, len);
	outcome->message_len = len;
}
