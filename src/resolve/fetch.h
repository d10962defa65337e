/* SPDX-License-Identifier: ISC
 *
 * fetch.h - the upstream work for one key: which servers were queried, and what came of it.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   the resolver's pool. A fetch that has ended stays until the run queue is empty, since
 *          the outcome that its clients answer with points into it.
 * Units    ms
 *
 * A fetch walks the steps choose, exchange, validate and store, and waits for nothing but servers.
 * So fetches never wait for each other, whatever CNAMEs say. Any number of clients wait for it
 * (pending.h), also none: a refresh is a fetch without clients, and a client that got an expired
 * answer early leaves its fetch, which goes on for the cache. A client may leave at any time; when
 * it was displaced (shares.h) and no other waits, the fetch ends.
 *
 * The end wakes all clients: each gets the outcome and goes on through the resolver's run queue.
 * Where the answer's CNAME leaves the route each of them chases its end (chase.c).
 */
#pragma once

#include "attempt.h"
#include "cause.h"
#include "loop.h"
#include "query.h"
#include "table.h"

#define S53_EDE_TEXT_MAX 240

struct s53_fetch {
	struct s53_link link; /* the resolver's list of all or of those that ended, or its pool */
	struct s53_link idle; /* in the resolver's list of those without clients */
	struct s53_hashed in_flight; /* in the resolver's table */
	struct s53_link clients; /* pending queries, by `wait` */
	enum s53_step step;
	bool in_table;
	bool in_zone_quota; /* counted against fetches-per-zone */
	bool short_of_time; /* its client had less than half of its time left at the start */
	bool has_older; /* the cache holds an answer, fresh or expired, that this is to replace */
	bool whole; /* what the cache holds, or UDP has brought, may be cut: over TCP */
	bool takes_cut; /* TCP was of no help: an answer over UDP is taken though it may be cut */
	bool may_be_cut; /* its answer is such a one */
	bool shed; /* clients-per-query kept a client from joining */
	bool asked; /* a server was queried */
	bool asked_down; /* a server was queried although it was down */
	bool overdue; /* some attempt's request timeout is over */
	bool hedges; /* CHOOSE is taken because of that */
	bool owes_budget; /* the next query is paid for by the budget */
	bool retried_servfail; /* the only server's SERVFAIL has led to a second query */
	bool group_dead; /* as CHOOSE saw it last: all servers are down */
	unsigned joined; /* clients that joined, also those that have left */
	unsigned expired; /* timeouts that ended early because a client sent its query again */
	unsigned pass; /* from 0; what it means for the query: plan.h */
	unsigned attempt_count; /* open */
	uint32_t tried; /* servers queried in this pass, a bit each */
	uint32_t failed; /* servers that said or proved that they cannot help */
	uint32_t failed_ill; /* those of them that were not up then: they may recover */
	uint32_t failed_by_rcode; /* those of them that said so by an rcode */
	uint32_t no_tcp; /* servers that refused TCP, which UDP had led to */
	uint32_t other_case; /* servers whose response over UDP had another letter case */
	uint32_t left_out; /* servers that are not queried (again) as they are stalled or down */
	uint64_t now_ms; /* of the event that woke it */
	uint64_t deadline_ms;
	uint64_t fresh_ms; /* when it began, or when a client that joined had failures forgotten */
	struct s53_resolver *resolver;
	struct s53_policy *policy;
	const struct s53_view *view;
	const struct s53_route *route;
	const struct s53_answering *answering;
	struct s53_link attempts;
	struct s53_plan plan; /* by CHOOSE for EXCHANGE */
	struct s53_attempt *answered; /* for VALIDATE; its message is in the outcome */
	struct s53_outcome outcome; /* its message is the exchange's, valid during done() */
	uint8_t *rewritten; /* malloc'd: that message with CNAMEs that it lacked; or NULL */
	struct s53_outcome held; /* alias.c: held back, with a malloc'd message; NULL: none is */
	struct s53_loop_watch loop;
	struct s53_key key;
	struct s53_question question; /* name: as servers see it, in random letter case (0x20) */
	struct s53_name client_name; /* as the client spelled it that it began with */
	bool verified; /* verify.c: the negative answer that it got was asked once more */
	uint16_t negative_rcode; /* of that answer */
	bool lacks_signatures; /* DO was asked for, and its answer is to a query without OPT */
	struct s53_extended_error error; /* the last that a server sent; S53_EDE_NONE: none did */
	struct s53_causes causes; /* of the servers that have failed */
	uint16_t ede; /* of the last failure, for SERVFAIL */
	char ede_text[S53_EDE_TEXT_MAX];
};

/* For the query's key; it has no clients and has not begun. NULL: no memory. */
struct s53_fetch *s53_fetch_new(const struct s53_query *query);

/* Choose a server and query it. `in_table`: other queries of its key join it. */
void s53_fetch_begin(struct s53_fetch *fetch, bool in_table);

/*
 * A client waits for it; leaves before the end, while the fetch goes on for the cache; or leaves,
 * and when it was the last the fetch ends.
 */
void s53_fetch_join(struct s53_fetch *fetch, struct s53_pending *pending);
void s53_fetch_leave(struct s53_pending *pending);
void s53_fetch_abandon(struct s53_pending *pending);

/* It has no clients: it counts against recursive-clients, and is the first to go at the limit. */
void s53_fetch_idle(struct s53_fetch *fetch);
void s53_fetch_cancel(struct s53_fetch *fetch);

/* pipeline.c: walk the table from fetch->step until the fetch ends or waits. */
void s53_fetch_run(struct s53_fetch *fetch);

/* It is over, with its outcome: cancel what is under way, wake its clients. */
void s53_fetch_end(struct s53_fetch *fetch);

/* Set an outcome without records, with a server's error beside ours; returns S53_REPLY. */
enum s53_verdict s53_fetch_fail(struct s53_fetch *fetch, uint16_t ede, const char *text);

/* What the cache is asked with. Is there a cache, and is it to be used for this route? */
struct s53_cache_ask s53_fetch_cache_ask(const struct s53_fetch *fetch);
bool s53_fetch_is_cached(const struct s53_fetch *fetch);

/* The steps that run on a fetch, each in a file of its own. */
enum s53_verdict s53_step_choose(struct s53_fetch *fetch);
enum s53_verdict s53_step_exchange(struct s53_fetch *fetch);
enum s53_verdict s53_step_validate(struct s53_fetch *fetch);
enum s53_verdict s53_step_store(struct s53_fetch *fetch);

/* choose.c: has this pass queried all servers? */
bool s53_all_asked(const struct s53_fetch *fetch);

/* choose.c: no server is left: SERVFAIL, and why as far as that is known. */
enum s53_verdict s53_give_up(struct s53_fetch *fetch);

/* limitlog.c: over that quota: the first of a minute. */
void s53_fetch_log_limit(const struct s53_fetch *fetch);

/* choose.c: over a quota of servers or zones. */
enum s53_verdict s53_over_quota(struct s53_fetch *fetch, bool drop);

/* attempt.c: the attempt begun last, of those that do not explore if there is one; or NULL. */
struct s53_attempt *s53_fetch_last_attempt(const struct s53_fetch *fetch);

/* exchange.c: query a server as planned. false: no memory, nothing was sent. */
bool s53_fetch_ask(struct s53_fetch *fetch, const struct s53_plan *plan);

/* exchange.c: an event of an exchange: take up the fetch at this step. */
void s53_fetch_resume(struct s53_fetch *fetch, enum s53_step step);

/* validate.c: the exchange's check(), see exchange.h. */
enum s53_checked s53_validate_check(
    void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len);

/*
 * servfail.c: the outcome is SERVFAIL: is the same query to be sent once more, because the server
 * is the only one and may answer now?
 */
bool s53_servfail_is_worth_retry(const struct s53_fetch *fetch, const struct s53_attempt *attempt);

/*
 * partial.c: may records be missing in the response of this attempt, which is the outcome, without
 * OPT? Would a client that waits get more over TCP; would this query's client, than `message`? May
 * TCP be asked for it? When TCP was of no help: plan the same server over UDP, for EXCHANGE.
 */
bool s53_partial_response(const struct s53_fetch *fetch, const struct s53_attempt *attempt);
bool s53_partial_for_a_client(const struct s53_fetch *fetch);
bool s53_partial_for(const struct s53_query *query, const uint8_t *message, size_t len);
bool s53_partial_may_use_tcp(const struct s53_fetch *fetch, unsigned server);
void s53_partial_fall_back(struct s53_attempt *attempt);

/* verify.c: is this good answer a negative one to be asked for once more? Then `plan` says how. */
bool s53_verify_is_due(const struct s53_attempt *attempt, struct s53_plan *plan);
void s53_verify_note(const struct s53_attempt *attempt); /* what a good answer shows */

/* store.c: the fetch has failed, as its outcome says: remember it. */
void s53_store_failure(const struct s53_fetch *fetch);

/*
 * stale.c: expired answers go out now, to the clients that wait, since the group is stalled or
 * silent; the fetch goes on.
 */
void s53_stale_offer(struct s53_fetch *fetch, enum s53_group_condition condition);

/* join.c: the answer is here, and clients-per-query kept clients out: raise the limit. */
void s53_clients_learn(const struct s53_fetch *fetch);
