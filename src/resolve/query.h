/* SPDX-License-Identifier: ISC
 *
 * query.h - a query: one object that walks one table of steps.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   begins on the stack of s53_resolver_take(); the first step that must wait moves it into
 *          a pending query of the resolver's pool (pending.h). Nothing is allocated before that.
 * Units    ms, octets
 */
#pragma once

#include <split53/client.h>
#include <split53/key.h>
#include <split53/request.h>
#include <split53/view.h>

struct s53_chase;
struct s53_pending;
struct s53_resolver;
struct s53_upstream;

/* The life of a query, in order; pipeline.c has the table. */
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
	S53_WAIT, /* parked; whoever parked it runs it again */
	S53_RETRY, /* back to CHOOSE: the only backward edge */
	S53_DROP, /* the end, in silence */
	S53_DONE, /* the end, the reply has gone */
};

/* What ANSWER sends. */
struct s53_outcome {
	uint16_t rcode; /* of an answer without a message */
	uint16_t ede; /* S53_EDE_NONE: no extended error */
	const char *ede_text; /* lives as long as the query, or NULL */
	uint8_t *message; /* NULL: only the rcode. Checked, without OPT, of `message_len` octets */
	size_t message_len;
	bool authoritative; /* AA: a zone of ours */
	bool authentic; /* AD, for clients that may know (RFC 6840 s5.8) */
	bool respell; /* owners besides the question may spell the name out */
	bool silent; /* nothing is sent at all */
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
	uint64_t deadline_ms; /* of the query that this one serves; 0: it begins when it waits */
	struct s53_chase *chase_of; /* chase.c: whose CNAME's end this is, or NULL */
	uint8_t chase_depth; /* over 0: asked by ourselves for a CNAME's end */
	bool hurried; /* which it is when less than half of the time is left */
	bool refresh; /* nobody waits any more, or ever did: for the cache alone (refresh.c) */
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

/* What the cache is asked with; FIND has made the key. */
struct s53_cache_ask s53_query_cache_ask(const struct s53_query *query);

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

/* The steps that have a file of their own. */
enum s53_verdict s53_step_route(struct s53_query *query);
enum s53_verdict s53_step_find(struct s53_query *query);
enum s53_verdict s53_step_join(struct s53_query *query);
enum s53_verdict s53_step_choose(struct s53_query *query);
enum s53_verdict s53_step_exchange(struct s53_query *query);
enum s53_verdict s53_step_validate(struct s53_query *query);
enum s53_verdict s53_step_store(struct s53_query *query);
enum s53_verdict s53_step_answer(struct s53_query *query);

/*
 * answer.c: what a datagram to this client may hold (RFC 1035 s4.2.1, RFC 6891 s6.2.5,
 * max-udp-size), or what TCP may.
 */
size_t s53_reply_limit(const struct s53_query *query);

/* answer.c: send the outcome to the client, which is used up. */
void s53_reply_send(struct s53_query *query);

/*
 * Beside the extended error of a failure in the cache (22 or 23; the cache keeps numbers under 63):
 * all servers were down or stalled. It holds only as long as they are.
 */
#define S53_FAILED_IN_TROUBLE 0x20

/*
 * store.c: resolving has failed, as the outcome says: remember it. S53_REPLY, with a stale answer
 * in the outcome where one may go out; S53_WAIT when that one is being completed.
 */
enum s53_verdict s53_store_failure(struct s53_query *query);

/* refresh.c: from now on nobody waits for this query's answer. */
void s53_query_set_nobody(struct s53_query *query);

/* refresh.c: ask for the same once more, for the cache. */
void s53_refresh(const struct s53_query *query);

/*
 * stale.c: put the expired answer into the outcome, `why` as extended error's text (RFC 8767 s4).
 * false: there is none (any more), or it may not be given out; the outcome is untouched.
 */
bool s53_stale_take(struct s53_query *query, const char *why);

/* route.c: this route is it, with its own rules for answers if it has any. */
void s53_query_set_route(struct s53_query *query, const struct s53_route *route);

/* minimal-any: one RRset is enough for ANY over UDP (RFC 8482 s4.1, s4.4). */
bool s53_wants_minimal_any(const struct s53_query *query);

/* querylog, query-errors, serve-stale and resolver. */
void s53_query_log(const struct s53_query *query);
void s53_query_log_error(const struct s53_query *query);
void s53_query_log_stale(const struct s53_query *query);
void s53_query_log_loop(const struct s53_query *query, const struct s53_upstream *server);
