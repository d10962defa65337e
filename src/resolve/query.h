/* SPDX-License-Identifier: ISC
 *
 * query.h - a query: one client's, which walks the table of steps.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   begins on the stack of s53_resolver_take_batch(); the first step that must wait moves it
 *          into a pending query of the resolver's pool (pending.h). Nothing is allocated before.
 * Units    ms, octets
 */
#pragma once

#include <split53/client.h>
#include <split53/key.h>
#include <split53/request.h>
#include <split53/resolver.h>
#include <split53/view.h>

struct s53_cache_ask;
struct s53_chase;
struct s53_pending;
struct s53_resolver;
struct s53_upstream;

/*
 * The life of a query, in order; pipeline.c has the table. CHOOSE to STORE run on the fetch that
 * the query waits for (fetch.h).
 */
enum s53_step {
	S53_STEP_PARSE,
	S53_STEP_VIEW,
	S53_STEP_ADMIT,
	S53_STEP_ROUTE,
	S53_STEP_FIND,
	S53_STEP_JOIN,
	S53_STEP_CHOOSE,
	S53_STEP_EXCHANGE,
	S53_STEP_VALIDATE,
	S53_STEP_STORE,
	S53_STEP_ANSWER,
	S53_STEPS
};

enum s53_verdict {
	S53_NEXT, /* on to the following step */
	S53_REPLY, /* to ANSWER with what is in `outcome` */
	S53_WAIT, /* parked until what it waits for runs it again */
	S53_RETRY, /* back to CHOOSE: the only backward edge; fetches only */
	S53_DROP, /* the end, in silence; queries only */
	S53_DONE, /* the end, the reply has gone; queries only */
};

/* What ANSWER sends, and what a fetch ends with. */
struct s53_outcome {
	uint16_t rcode; /* of an answer without a message */
	uint16_t ede; /* S53_EDE_NONE: no extended error */
	const char *ede_text; /* static, or in the fetch that failed (see fetch.h); or NULL */
	/* An upstream's: the fetch's, the resolver's (from the cache) or in an arena; or NULL. */
	const struct s53_extended_error *error;
	uint8_t *message; /* NULL: only the rcode. Checked, without OPT, of `message_len` octets */
	size_t message_len;
	bool authoritative; /* AA: a zone of ours */
	bool authentic; /* AD, for clients that may know (RFC 6840 s5.8) */
	bool respell; /* names besides the question may spell its labels out */
	bool silent; /* nothing is sent at all */
	bool over_quota; /* a failure by fetches-per-server or fetches-per-zone */
	bool no_data; /* its last name has records of other types alone: nothing to chase */
	bool leads_on; /* its chain of CNAMEs has no end yet: still to be chased */
	bool arranged; /* the message is cut, and its records are in their order */
};

struct s53_query {
	enum s53_step step;
	struct s53_resolver *resolver;
	const uint8_t *octets; /* of the client's message, during PARSE only */
	size_t octets_len;
	uint64_t now_ms; /* of the batch, or of the event that woke it */
	struct s53_policy *policy;
	const struct s53_view *view;
	const struct s53_route *route;
	const struct s53_answering *answering; /* of the view, then of the route */
	struct s53_pending *pending; /* NULL while on the stack */
	uint64_t deadline_ms; /* of a chase's query: its client's; 0: not known until it waits */
	struct s53_chase *chase_of; /* chase.c: the chase that this query serves, or NULL */
	uint8_t chase_depth; /* over 0: a query of our own, for a CNAME's end */
	uint8_t chase_links; /* of the chain that leads to it */
	bool short_of_time; /* then: less than half of that query's time is left */
	bool whole; /* FIND saw an answer that may be cut, which this client does not get */
	bool stale; /* FIND saw an answer that may go out when the upstreams fail (stale.c) */
	bool may_query; /* allow-query, allow-query-on */
	bool may_use_cache; /* allow-query-cache, allow-query-cache-on */
	bool may_recurse; /* allow-recursion and kin: also the RA bit */
	struct s53_outcome outcome;
	uint8_t *room; /* of the client, with the outcome's message in it; or NULL */
	struct s53_key key; /* its name is NULL until made */
	struct s53_client client;
	struct s53_request request; /* the last: s53_query_copy() */
};

/* The request is by far the largest part, and most of it is unused room for names. */
static inline void
s53_query_copy(struct s53_query *to, const struct s53_query *from)
{
	memcpy(to, from, offsetof(struct s53_query, request));
	s53_request_copy(&to->request, &from->request);
}

/* Walk the table from query->step until the query ends or waits. */
void s53_query_run(struct s53_query *query);

/* The same, but stop before the step `until`. false: it has ended or waits. */
bool s53_query_run_until(struct s53_query *query, enum s53_step until);

/* Is the client to have its query resolved: may it, and does it say so (RD, RFC 1035 s4.1.1)? */
static inline bool
s53_query_gets_recursion(const struct s53_query *query)
{
	return query->may_recurse && (query->request.flags & S53_RD) != 0;
}

/* What the cache is asked with; FIND has made the key. */
struct s53_cache_ask s53_query_cache_ask(const struct s53_query *query);

/* The extended error beside what FIND found with has_error, until the next call; or NULL. */
const struct s53_extended_error *s53_query_cached_error(const struct s53_query *query);

/*
 * FIND follows soon: make the key and have the cache's memory for it fetched; then, when that has
 * been called for all of the batch, the entry itself.
 */
void s53_query_fetch(struct s53_query *query);
void s53_query_fetch_entry(const struct s53_query *query);

/* Is there a cache, and is it to be used for this query's route? */
bool s53_query_is_cached(const struct s53_query *query);

/* Set an outcome without records; returns S53_REPLY. */
enum s53_verdict s53_query_fail(
    struct s53_query *query, uint16_t rcode, uint16_t ede, const char *text);

/* The steps that have a file of their own; fetch.h has those that run on a fetch. */
enum s53_verdict s53_step_route(struct s53_query *query);
enum s53_verdict s53_step_find(struct s53_query *query);
enum s53_verdict s53_step_join(struct s53_query *query);
enum s53_verdict s53_step_answer(struct s53_query *query);

/*
 * answer.c: what a datagram to this client may hold (RFC 1035 s4.2.1, RFC 6891 s6.2.5,
 * max-udp-size), or what TCP may.
 */
size_t s53_reply_limit(const struct s53_query *query);

/* answer.c: what of it our OPT leaves to the outcome's message. */
size_t s53_reply_room(const struct s53_query *query);

/* answer.c: send the outcome to the client, which is used up. */
void s53_reply_send(struct s53_query *query);

/*
 * Beside the extended error of a failure in the cache (22 or 23; the cache keeps numbers under 63):
 * all servers were down or stalled. It holds only as long as they are.
 */
#define S53_FAILED_IN_TROUBLE 0x20

/* refresh.c: fetch the same once more, for the cache. */
void s53_refresh(const struct s53_query *query);

/*
 * stale.c: put the expired answer into the outcome, `why` as extended error's text (RFC 8767 s4).
 * false: there is none (any more), or it may not be given out; the outcome is untouched.
 */
bool s53_stale_take(struct s53_query *query, const char *why);

/* route.c: this route is it, with its own rules for answers if it has any. */
void s53_query_set_route(struct s53_query *query, const struct s53_route *route);

/* minimal-any: one RRset is enough for ANY over UDP (RFC 8482 s4.1, s4.4). */
static inline bool
s53_query_wants_minimal_any(const struct s53_query *query)
{
	return query->view->minimal_any && query->client.kind == S53_UDP &&
	    query->request.question.qtype == S53_TYPE_ANY;
}

/*
 * pipeline.c: ADMIT is over in a policy that is watched: the query log's line, and with debug 3 the
 * rest of the way, with a line for each step. A query that waited, or a chase's child, goes on.
 */
enum s53_verdict s53_query_watch(struct s53_query *query);
void s53_query_resume(struct s53_query *query);

/* querylog, query-errors, serve-stale, resolver and unmatched. */
void s53_query_log(const struct s53_query *query);
void s53_query_log_unmatched(const struct s53_query *query);
void s53_query_log_error(const struct s53_query *query);
void s53_query_log_stale(const struct s53_query *query);
/* limitlog.c: a limit is reached: the first of a minute, with what caused it. */
void s53_query_log_limit(const struct s53_query *query, enum s53_limit limit);
/* This server sends our queries back: once a minute, as *told_ms remembers. */
void s53_query_log_loop(
    const struct s53_query *query, const struct s53_upstream *server, _Atomic uint64_t *told_ms);
