/* SPDX-License-Identifier: ISC
 *
 * pending.h - queries that wait: pooled, found by key, joined.
 *
 * Layer    resolve (private)
 * Threads  their worker's
 * Memory   the resolver's pool owns them; S53_POOL_KEEP unused ones are kept for the next
 *
 * The first query of a key leads: it is in the in-flight table and asks upstream. Others with
 * that key follow: they hang in the leader's list, and its end always ends them.
 *
 * A query that we ask ourselves for a CNAME's end (chase.c) follows only a leader that is not
 * chasing one itself. So nobody waits for ever, even when CNAMEs point at each other: around a
 * circle of waits each would have begun its chase before the next did. And it leads only while it
 * has more time left than half of what a client's query has, which may follow it.
 */
#pragma once

#include <split53/arena.h>
#include <split53/exchange.h>
#include <split53/list.h>
#include <split53/resolver.h>

#include "budget.h"
#include "query.h"

#define S53_POOL_KEEP 256
#define S53_EDE_TEXT_MAX 160
#define S53_CYCLIC_TURNS 512
#define S53_ASK_MAX (S53_HEADER_LEN + S53_NAME_MAX + 4 + S53_OPT_LEN)

/* Who is to be asked and how. */
struct s53_plan {
	unsigned server; /* index in the group */
	bool edns, tcp;
	bool without_edns; /* because it could not take it: remembered when that helps */
	bool explores; /* to see how the server does: nobody waits for it */
};

/* One question on its way to one server. */
struct s53_attempt {
	struct s53_link link; /* in the pending query's list */
	struct s53_pending *pending;
	struct s53_exchange *exchange;
	struct s53_plan plan;
	uint32_t wait_ms; /* what is left of the wait when it is late for the first time */
	uint64_t late_at_ms; /* when that is */
	uint16_t ask_len;
	bool was_late;
	bool spared; /* got a little longer, to spare a question */
	bool watches; /* it has led to the next server: now only to see whether all have died */
	bool pressed; /* the client asked again: late at once */
	bool cut; /* the answer came with TC: it is fetched over TCP now */
	bool was_up; /* the server, when it was asked */
	bool case_differs; /* a reply was right but for the letter case of its question */
	struct s53_edns reply_edns; /* of the reply that passed the check */
	size_t reply_opt_at;
	uint8_t ask[S53_ASK_MAX];
};

struct s53_pending {
	struct s53_query query;
	struct s53_link link; /* the resolver's list of all, or its free list */
	struct s53_link bucket; /* in-flight table, when leading */
	bool leading;
	bool chase_follows; /* a query of a chase is or was among the followers */
	bool shed; /* somebody was not let in among the followers: clients-per-query */
	unsigned follower_count; /* those that there were */
	unsigned presses; /* questions that came again and led to the next server */
	struct s53_link followers; /* pending queries, by `follow` */
	struct s53_link follow;
	struct s53_name spelling; /* what upstreams see: letter case at random (0x20) */
	uint64_t asked_hash; /* of it, in the table of loop.c; 0: it is not there */
	bool depends_on_client; /* the outcome holds for this client only: chase.c */
	uint64_t deadline_ms;
	struct s53_link attempts;
	uint32_t tried; /* servers asked in this pass */
	uint32_t failed; /* servers that said or proved that they cannot */
	uint32_t ill; /* those of them that were not up then: they may get well */
	uint32_t left_out; /* servers that are not asked (again) as they are stalled or down */
	uint32_t unfit; /* those of them that said so by a rcode */
	uint64_t fresh_ms; /* when it began, or began anew for who joined it: join.c */
	bool asked; /* anybody, ever */
	bool asked_down; /* the same: somebody who was down */
	bool waited; /* some attempt was late */
	bool late; /* CHOOSE is taken because of that */
	bool owes; /* whom it finds then is asked out of the budget */
	bool group_dead; /* as CHOOSE saw it last: all servers are down */
	bool in_zone_quota; /* counted against fetches-per-zone */
	unsigned pass; /* 0 and 1 with EDNS, later ones without */
	unsigned attempt_count;
	struct s53_plan plan; /* by CHOOSE for EXCHANGE */
	struct s53_attempt *answered; /* for VALIDATE; its message is in query.outcome */
	uint16_t ede; /* of the last failure, for SERVFAIL */
	char ede_text[S53_EDE_TEXT_MAX];
	struct s53_timer patience; /* stale-answer-client-timeout */
	struct s53_arena arena;
	struct s53_chase *chase; /* in the arena; or NULL */
};

/*
 * Move the query off the stack. NULL: no memory or recursive-clients reached; the query is
 * untouched.
 */
struct s53_pending *s53_pending_move(struct s53_query *query);

/*
 * Cancel what is under way, give it back. Its client has been served. Followers are not touched:
 * there are none.
 */
void s53_pending_free(struct s53_pending *pending);

void s53_attempt_free(struct s53_attempt *attempt);
void s53_attempts_end(struct s53_pending *pending); /* all that are open */
struct s53_attempt *s53_attempt_new(struct s53_pending *pending, const struct s53_plan *plan);
/* Its server cannot help: to be called before the attempt is freed. */
void s53_attempt_fails(const struct s53_attempt *attempt);
struct s53_upstream *s53_attempt_server(const struct s53_attempt *attempt);

/* The in-flight table. */
struct s53_inflight {
	struct s53_link *buckets;
	unsigned mask;
	unsigned count;
};

enum s53_status s53_inflight_init(struct s53_inflight *table);
void s53_inflight_fini(struct s53_inflight *table);
struct s53_pending *s53_inflight_find(
    const struct s53_inflight *table, const struct s53_query *query);
void s53_inflight_add(struct s53_inflight *table, struct s53_pending *pending);
void s53_inflight_remove(struct s53_inflight *table, struct s53_pending *pending);

struct s53_resolver {
	struct s53_exchanger *exchanger;
	struct s53_counters *counters;
	struct s53_resolver_shared *shared;
	struct s53_policy *policy;
	struct s53_inflight inflight;
	struct s53_link pending; /* all that wait */
	unsigned pending_count;
	struct s53_link free_pending;
	unsigned free_pending_count;
	struct s53_link free_attempts;
	unsigned free_attempt_count;
	uint32_t dice; /* of random order: arrange.c */
	uint16_t turns[S53_CYCLIC_TURNS]; /* of cyclic order: whose record comes first next time */
	uint64_t error_told_ms; /* when a failure was last logged at info */
	uint64_t stale_told_ms; /* and a stale answer */
	uint64_t dead_asked_ms; /* when dead servers were last asked beside a stale answer */
	struct s53_budget budget;
	unsigned clients_more; /* over clients-per-query, as experience has shown: join.c */
	uint64_t clients_less_ms; /* when that was last lowered or raised */
	uint8_t scratch[S53_MESSAGE_MAX]; /* a message before it is sent */
};

/*
 * chase.c: does the outcome's answer lead into another route? S53_NEXT: no, or completed; S53_WAIT:
 * being completed, ANSWER follows; S53_REPLY: that failed. May move the query.
 */
enum s53_verdict s53_chase(struct s53_query *query);

/*
 * The same for an outcome that goes straight to ANSWER: S53_REPLY or S53_WAIT. `delegated`: the
 * last name of a local zone's chain is below a delegation.
 */
enum s53_verdict s53_chase_to_reply(struct s53_query *query, bool delegated);

/* Who waits for this query of a chase: chase_of is not NULL. */
struct s53_pending *s53_chase_parent(const struct s53_query *query);

/* Would it? Looks only. */
bool s53_chase_is_due(struct s53_query *query);

/* What is about to be decided for a chase's child holds for this client only: tell who led here. */
void s53_chase_depends_on_client(const struct s53_query *query);

/* choose.c: how a server is to be asked in this pass. */
struct s53_plan s53_plan_for(const struct s53_pending *pending, unsigned server);

/* choose.c: has this pass asked all servers? */
bool s53_all_asked(const struct s53_pending *pending);

/* choose.c: nobody is left to ask: SERVFAIL with what is known of why, unless the cache helps. */
enum s53_verdict s53_give_up(struct s53_query *query);

/* join.c: more than may be: the newest gets a stale answer, SERVFAIL, or silence when `drop`. */
enum s53_verdict s53_shed(struct s53_query *query, const char *why, bool drop);

/* choose.c: the same, for a quota of servers or zones. */
enum s53_verdict s53_over_quota(struct s53_query *query, bool drop);

/* stale.c: what is expired goes out now, to the leader's client and to those who joined. */
void s53_stale_offer(struct s53_pending *pending);

/* loop.c: its question is known, as spelled, as long as it is under way. Leave: also without. */
void s53_loop_enter(struct s53_pending *pending);
void s53_loop_leave(struct s53_pending *pending);

/* loop.c: is this query what somebody here asks an upstream, come back to us? */
bool s53_is_loop(const struct s53_query *query);

/* loop.c: then it is refused, so that who sent it asks elsewhere; told and noted. */
enum s53_verdict s53_refuse_loop(struct s53_query *query);

/* join.c: the leader's answer is here, and not all who asked for it had room: more will have. */
void s53_clients_learn(struct s53_pending *leader);

/* join.c: ask by itself, as who leads or does not join. */
void s53_pending_lead(struct s53_pending *pending);

/* stale.c: the client's patience begins; when it ends a stale answer goes out. */
void s53_stale_watch(struct s53_pending *pending);

/* validate.c: the exchange's check(), see exchange.h. */
bool s53_validate_check(
    void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len);
