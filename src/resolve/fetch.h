/* SPDX-License-Identifier: ISC
 *
 * fetch.h - the upstream work for one key: which servers were queried, and with what result.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   the resolver's pool. A fetch that has ended stays until the run queue is empty, since
 *          the outcome that its clients answer with points into it.
 * Units    ms
 *
 * A fetch walks the steps choose, exchange, validate and store, and waits for nothing but servers.
 * So fetches never wait for each other, whatever the CNAMEs are. Any number of clients wait for it
 * (pending.h), or none: a refresh is a fetch without clients, and a client that got an expired
 * answer early leaves its fetch, which goes on for the cache. A client may leave at any time; if
 * it was displaced (shares.h) and no other client waits, the fetch ends.
 *
 * When the fetch ends, all its clients are woken: each gets the outcome and goes on through the
 * resolver's run queue. If the answer's chain of CNAMEs leads on, each client chases its end
 * (chase.c).
 */
#pragma once

#include "attempt.h"
#include "cause.h"
#include "loop.h"
#include "query.h"
#include "table.h"

#define S53_EDE_TEXT_MAX 240

struct s53_fetch {
	struct s53_link link; /* in the resolver's list of all or of ended fetches, or its pool */
	struct s53_link idle; /* in the resolver's list of those without clients */
	struct s53_hashed in_flight; /* in the resolver's table */
	struct s53_link clients; /* pending queries, by `wait` */
	enum s53_step step;
	bool in_table;
	bool in_zone_quota; /* counted against fetches-per-zone */
	bool short_of_time; /* its client had less than half of its time left at the start */
	bool has_older; /* the cache has an answer, fresh or expired, which this one replaces */
	bool whole; /* the answer that we have may lack records: query over TCP */
	bool takes_cut; /* TCP did not help: accept one over UDP even if it may lack records */
	bool may_be_cut; /* the outcome may lack records: partial.c */
	bool shed; /* clients-per-query kept a client from joining */
	bool
	    outdated; /* the cache was flushed since it began: no query joins it, nothing is kept */
	bool asked; /* a server was queried */
	bool queried_down; /* a server was queried although it was down */
	bool overdue; /* some attempt's request timeout is over */
	bool hedges; /* CHOOSE is taken because of that */
	bool owes_budget; /* the budget is to be charged for the next query */
	bool retried_servfail; /* the only server's SERVFAIL has led to a second query */
	bool group_dead; /* as CHOOSE saw it last: all servers are down */
	unsigned joined; /* clients that joined, including those that have left */
	unsigned expired; /* attempts that were made overdue because a client retransmitted */
	unsigned pass; /* from 0; plan.h says how it changes the query */
	unsigned attempt_count; /* open attempts */
	uint32_t tried; /* servers queried in this pass, a bit each */
	uint32_t ever_asked; /* servers queried in any */
	uint32_t failed; /* servers that have shown that they cannot answer */
	uint32_t failed_unhealthy; /* those of `failed` that were not up then: they may recover */
	uint32_t failed_by_rcode; /* those of `failed` that sent an rcode */
	uint32_t no_tcp; /* servers that refused TCP after UDP had led to it */
	uint32_t other_case; /* servers that responded over UDP in another letter case */
	uint32_t left_out; /* servers not to be queried (again), as they are stalled or down */
	uint64_t now_ms; /* when the event happened that the fetch handles */
	uint64_t deadline_ms;
	uint64_t began_ms;
	uint64_t fresh_ms; /* its start, or when failures were forgotten for a new client */
	struct s53_resolver *resolver;
	struct s53_policy *policy;
	const struct s53_view *view;
	const struct s53_route *route;
	const struct s53_answering *answering;
	struct s53_link attempts;
	struct s53_plan plan; /* made by CHOOSE for EXCHANGE */
	struct s53_attempt *answered; /* for VALIDATE; its message is in the outcome */
	struct s53_outcome outcome; /* its message is the exchange's, valid during done() */
	struct s53_outcome held; /* alias.c: held back, with a malloc'd message; NULL: none is */
	struct s53_loop_watch loop;
	struct s53_key key;
	struct s53_question question; /* name: in the random letter case that is sent (0x20) */
	struct s53_name client_name; /* in the spelling of the client that it began with */
	bool verified; /* verify.c: a negative answer was checked by a second query */
	uint16_t negative_rcode; /* of that answer */
	bool without_signatures; /* DO was set, but the answer is to a query without OPT */
	struct s53_extended_error error; /* the last that a server sent; S53_EDE_NONE: none */
	uint32_t error_codes; /* of the last response, a bit each: s53_edns_find_errors() */
	struct s53_causes causes; /* of the servers that have failed */
	uint16_t ede; /* of the last failure, for SERVFAIL */
	char ede_text[S53_EDE_TEXT_MAX];
};

/* For the query's key; without clients and not begun. NULL: out of memory. */
struct s53_fetch *s53_fetch_new(const struct s53_query *query);

/* Choose a server and query it. `in_table`: other queries with the same key join this fetch. */
void s53_fetch_begin(struct s53_fetch *fetch, bool in_table);

/*
 * A client joins; leaves before the end, and the fetch goes on for the cache; or abandons it,
 * which ends the fetch if no other client waits.
 */
void s53_fetch_join(struct s53_fetch *fetch, struct s53_pending *pending);
void s53_fetch_leave(struct s53_pending *pending);
void s53_fetch_abandon(struct s53_pending *pending);

/*
 * The fetch has no clients: it counts against recursive-clients, and is the first to be cancelled
 * when that limit is reached.
 */
void s53_fetch_idle(struct s53_fetch *fetch);
void s53_fetch_cancel(struct s53_fetch *fetch);

/* pipeline.c: walk the table from fetch->step until the fetch ends or waits. */
void s53_fetch_run(struct s53_fetch *fetch);

/* The fetch is over, with its outcome: cancel its open attempts, wake its clients. */
void s53_fetch_end(struct s53_fetch *fetch);

/*
 * Set a SERVFAIL outcome with our extended error and the last one of a server; returns S53_REPLY.
 */
enum s53_verdict s53_fetch_fail(struct s53_fetch *fetch, uint16_t ede, const char *text);

/* The key and rules for a cache lookup. Does this route use a cache? */
struct s53_cache_lookup s53_fetch_cache_lookup(const struct s53_fetch *fetch);
bool s53_fetch_is_cached(const struct s53_fetch *fetch);

/* The steps that run on a fetch, each in a file of its own. */
enum s53_verdict s53_step_choose(struct s53_fetch *fetch);
enum s53_verdict s53_step_exchange(struct s53_fetch *fetch);
enum s53_verdict s53_step_validate(struct s53_fetch *fetch);
enum s53_verdict s53_step_store(struct s53_fetch *fetch);

/* choose.c: has this pass queried every server, except those that are left out? */
bool s53_fetch_all_tried(const struct s53_fetch *fetch);

/* choose.c: no server is left: SERVFAIL, with the known causes. */
enum s53_verdict s53_fetch_give_up(struct s53_fetch *fetch);

/* limitlog.c: log that a quota was exceeded, at most once a minute. */
void s53_fetch_log_limit(const struct s53_fetch *fetch);

/* choose.c: fail because a quota of servers or zones is exceeded. */
enum s53_verdict s53_fetch_over_quota(struct s53_fetch *fetch, bool drop);

/* attempt.c: the last attempt begun, preferably one that does not explore; or NULL. */
struct s53_attempt *s53_fetch_last_attempt(const struct s53_fetch *fetch);

/* exchange.c: query a server as planned. false: out of memory, nothing was sent. */
bool s53_fetch_send(struct s53_fetch *fetch, const struct s53_plan *plan);

/* exchange.c: go on with the fetch at this step, after an event of an exchange. */
void s53_fetch_resume(struct s53_fetch *fetch, enum s53_step step);

/* validate.c: the exchange's check(), see exchange.h. */
enum s53_validity s53_validate_check(
    void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len);

/*
 * servfail.c: the outcome is SERVFAIL: should the same query be sent once more, because the
 * server is the only one and may answer now?
 */
bool s53_servfail_is_worth_retry(const struct s53_fetch *fetch, const struct s53_attempt *attempt);

/*
 * partial.c, in this order: May records be missing in this attempt's response (the outcome, without
 * OPT)? Would a waiting client get more over TCP? Would this query's client, compared to `message`?
 * May TCP be used for it? If TCP did not help: plan a UDP query to the same server, for EXCHANGE.
 */
bool s53_partial_response(const struct s53_fetch *fetch, const struct s53_attempt *attempt);
bool s53_partial_for_a_client(const struct s53_fetch *fetch);
bool s53_partial_for(const struct s53_query *query, const uint8_t *message, size_t len);
bool s53_partial_may_use_tcp(const struct s53_fetch *fetch, unsigned server);
void s53_partial_fall_back(struct s53_attempt *attempt);

/* verify.c: should this negative answer be checked by a second query? If so, `plan` is set. */
bool s53_verify_is_due(const struct s53_attempt *attempt, struct s53_plan *plan);
void s53_verify_note(const struct s53_attempt *attempt); /* learn from a good answer */

/* store.c: remember the fetch's failure, as its outcome states it. */
void s53_store_failure(const struct s53_fetch *fetch);

/*
 * stale.c: give expired answers to the waiting clients now, since the group is stalled or
 * silent; the fetch goes on.
 */
void s53_stale_offer(struct s53_fetch *fetch, enum s53_group_condition condition);

/* join.c: the fetch has an answer, and clients-per-query rejected clients: raise the limit. */
void s53_clients_learn(const struct s53_fetch *fetch);
