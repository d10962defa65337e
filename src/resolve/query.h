/* SPDX-License-Identifier: ISC
 *
 * query.h - one client's query, which walks the table of steps.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   begins on the stack of s53_resolver_take_batch(); the first step that must wait moves it
 *          into a pending query of the resolver's pool (pending.h). Nothing is allocated before
 *          that.
 * Units    ms, bytes
 */
#pragma once

#include <split53/client.h>
#include <split53/counter.h>
#include <split53/key.h>
#include <split53/request.h>
#include <split53/resolver.h>
#include <split53/view.h>

struct s53_cache_lookup;
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
	S53_WAIT, /* parked until its fetch or child runs it again */
	S53_RETRY, /* back to CHOOSE: the only backward edge; fetches only */
	S53_DROP, /* the end, without a reply; queries only */
	S53_DONE, /* the end, the reply was sent; queries only */
};

/* What ANSWER sends, and what a fetch ends with. */
struct s53_outcome {
	uint16_t rcode; /* of an answer without a message */
	uint16_t ede; /* S53_EDE_NONE: no extended error */
	const char *ede_text; /* static, or in the fetch that failed (see fetch.h); or NULL */
	/* An upstream's; in the fetch, the resolver (from the cache) or an arena; or NULL. */
	const struct s53_extended_error *error;
	uint8_t *message; /* checked, without OPT, of `message_len` bytes; NULL: only the rcode */
	size_t message_len;
	bool authoritative; /* AA: a zone of ours */
	bool authentic; /* AD, for clients that may know (RFC 6840 s5.8) */
	bool respell; /* names besides the question may spell its labels out */
	bool silent; /* nothing is sent at all */
	bool over_quota; /* a failure by a limit: of clients, queries or fetches */
	bool no_data; /* its last name has records of other types alone: nothing to chase */
	bool leads_on; /* its chain of CNAMEs has no end yet: still to be chased */
	bool referral; /* a copied zone's, to the servers of a name below a delegation */
	bool arranged; /* the message is cut, and its records are in their order */
};

struct s53_query {
	enum s53_step step;
	struct s53_resolver *resolver;
	const uint8_t *octets; /* of the client's message, during PARSE only */
	size_t octets_len;
	uint64_t now_ms; /* of the batch, or of the event that woke the query */
	struct s53_policy *policy;
	const struct s53_view *view;
	const struct s53_route *route;
	const struct s53_answering *answering; /* of the view, then of the route */
	struct s53_tally *tally; /* of the route; NULL before ROUTE */
	struct s53_pending *pending; /* NULL while on the stack */
	uint64_t deadline_ms; /* of a chase's query: its client's; 0: it has not waited yet */
	struct s53_chase *chase_of; /* chase.c: the chase that this query serves, or NULL */
	uint8_t chase_depth; /* over 0: our own query, for the end of a chain of CNAMEs */
	uint8_t chase_links; /* links of the chain that leads to it */
	bool short_of_time; /* the client's query has less than half of its time left */
	bool whole; /* FIND saw an answer that may lack records, which the client must not get */
	bool stale; /* FIND saw an expired answer, for use if the upstreams fail (stale.c) */
	bool may_query; /* allow-query, allow-query-on */
	bool may_use_cache; /* allow-query-cache, allow-query-cache-on */
	bool may_recurse; /* allow-recursion, allow-recursion-on: also the RA bit */
	struct s53_outcome outcome;
	uint8_t *room; /* the client's buffer, with the outcome's message in it; or NULL */
	/* responselog.c: of the client, while the response is to be logged; else not set. */
	const struct s53_client_ops *logged_ops;
	uint8_t *logged_room;
	struct s53_key key; /* its name is NULL until made */
	struct s53_client client;
	struct s53_request request; /* at the end: s53_query_copy() */
};

/* Copies without the unused part of the request, by far the largest member. */
static inline void
s53_query_copy(struct s53_query *to, const struct s53_query *from)
{
	memcpy(to, from, offsetof(struct s53_query, request));
	s53_request_copy(&to->request, &from->request);
}

/* Walk the table from query->step until the query ends or waits. */
void s53_query_run(struct s53_query *query);

/* The same, but stop before the step `until`. false: the query has ended or waits. */
bool s53_query_run_until(struct s53_query *query, enum s53_step until);

/* Does the client get recursion: is it allowed, and does the query have RD (RFC 1035 s4.1.1)? */
static inline bool
s53_query_gets_recursion(const struct s53_query *query)
{
	return query->may_recurse && (query->request.flags & S53_RD) != 0;
}

/* The key and rules for a cache lookup; FIND has made the key. */
struct s53_cache_lookup s53_query_cache_lookup(const struct s53_query *query);

/* The upstream's extended error that the cache has with the entry, until the next call; or NULL. */
const struct s53_extended_error *s53_query_cached_error(const struct s53_query *query);

/*
 * Before FIND: make the key and prefetch the cache's index for it; then, after that was called
 * for each query of the batch, prefetch the entry itself.
 */
void s53_query_fetch(struct s53_query *query);
void s53_query_fetch_entry(const struct s53_query *query);

/* Does this query's route use a cache? */
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
 * answer.c: the largest datagram that this client may get (RFC 1035 s4.2.1, RFC 6891
 * s6.2.5, max-udp-size); over TCP the largest message.
 */
size_t s53_reply_limit(const struct s53_query *query);

/* answer.c: that limit without our OPT: for the outcome's message. */
size_t s53_reply_space(const struct s53_query *query);

/* answer.c: send the outcome to the client; it must not be used after that. */
void s53_reply_send(struct s53_query *query);

/*
 * A flag on the extended error of a failure in the cache (22 or 23; the cache keeps numbers under
 * 63): all servers were down or stalled. The failure is used only as long as they are.
 */
#define S53_FAILED_IN_TROUBLE 0x20

/* refresh.c: fetch the same key again, for the cache. */
void s53_refresh(const struct s53_query *query);

/*
 * stale.c: put the expired answer into the outcome, with `why` as the extended error's text (RFC
 * 8767 s4). false: there is none, or it may not be used; the outcome is unchanged.
 */
bool s53_stale_take(struct s53_query *query, const char *why);

/* route.c: set the route, and its own rules for answers if it has any. */
void s53_query_set_route(struct s53_query *query, const struct s53_route *route);

/*
 * route.c: the route of names below a delegation of the query's zone: its own forwarders, or the
 * default ones, as in BIND. NULL: there is none, and a referral is all that there is to say.
 */
const struct s53_route *s53_query_delegated_route(const struct s53_query *query);

/* minimal-any: over UDP one RRset is enough for ANY (RFC 8482 s4.1, s4.4). */
static inline bool
s53_query_wants_minimal_any(const struct s53_query *query)
{
	return query->view->minimal_any && query->client.kind == S53_UDP &&
	    query->request.question.qtype == S53_TYPE_ANY;
}

/*
 * pipeline.c: ADMIT is over in a policy that is watched: the query log's line, the response log
 * prepared, and with debug 3 the rest of the way, with a line for each step. A query that waited,
 * or a chase's child, goes on.
 */
enum s53_verdict s53_query_watch(struct s53_query *query);
void s53_query_resume(struct s53_query *query);

/*
 * responselog.c: the response is to be logged when it leaves. Until then the client's operations
 * are those of the log, so that a query that is not logged pays nothing.
 */
void s53_query_watch_response(struct s53_query *query);

/* querylog.c: "+E(0)TDC", BIND's word for flags of the client's query. */
#define S53_LOG_FLAGS 20
void s53_query_log_flags(const struct s53_query *query, char word[static S53_LOG_FLAGS]);

/* querylog, query-errors, serve-stale, resolver and unmatched. */
void s53_query_log(const struct s53_query *query);
void s53_query_log_unmatched(const struct s53_query *query);
void s53_query_log_error(const struct s53_query *query);
void s53_query_log_stale(const struct s53_query *query);
/* limitlog.c: log that a limit is reached, and by what, at most once a minute. */
void s53_query_log_limit(const struct s53_query *query, enum s53_limit limit);
/* Log that this server sends our queries back, at most once a minute; *logged_ms: the last time. */
void s53_query_log_loop(
    const struct s53_query *query, const struct s53_upstream *server, _Atomic uint64_t *logged_ms);
