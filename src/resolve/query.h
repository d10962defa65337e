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
	struct s53_pending *pending; /* NULL while on the stack */
	uint64_t deadline_ms; /* of the query that this one serves; 0: it begins when it waits */
	struct s53_chase *chase_of; /* chase.c: whose CNAME's end this is, or NULL */
	uint8_t chase_depth; /* over 0: asked by ourselves for a CNAME's end */
	bool may_query; /* allow-query, allow-query-on */
	bool may_recurse; /* allow-recursion and kin: also the RA bit */
	struct s53_outcome outcome;
	struct s53_key key;
	struct s53_client client;
	struct s53_request request;
};

/* Walk the table from query->step until the query ends or waits. */
void s53_query_run(struct s53_query *query);

/* Set an outcome without records; returns S53_REPLY. */
enum s53_verdict s53_query_fail(
    struct s53_query *query, uint16_t rcode, uint16_t ede, const char *text);

/* The steps that have a file of their own. */
enum s53_verdict s53_step_route(struct s53_query *query);
enum s53_verdict s53_step_join(struct s53_query *query);
enum s53_verdict s53_step_choose(struct s53_query *query);
enum s53_verdict s53_step_exchange(struct s53_query *query);
enum s53_verdict s53_step_validate(struct s53_query *query);
enum s53_verdict s53_step_answer(struct s53_query *query);

/* minimal-any: one RRset is enough for ANY over UDP (RFC 8482 s4.1, s4.4). */
bool s53_wants_minimal_any(const struct s53_query *query);

/* querylog and query-errors, in BIND's form. */
void s53_query_log(const struct s53_query *query);
void s53_query_log_error(const struct s53_query *query);
