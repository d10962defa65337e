/* SPDX-License-Identifier: ISC
 *
 * pending.h - a query that waits, moved off the stack.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   the resolver's pool; what a chase needs is in the pending query's arena
 *
 * It waits for one of two things, and then runs again through the resolver's run queue,
 * which the outermost entry point empties (s53_resolver_drain):
 *
 *	fetch	  the upstream's answer for its key (fetch.h)
 *	child	  the query for the end of its CNAME, which it chases (chase.c)
 *
 * A child waits for its own fetch or child. A fetch waits for servers only, so queries cannot
 * wait for each other in a circle.
 *
 * A client's query has a place (shares.h) in the route of the fetch that it, or the last of its
 * children, waits for. Children have no places. While the query waits it may be displaced: it
 * leaves its fetch or child and runs again, with SERVFAIL for an outcome.
 */
#pragma once

#include <split53/arena.h>
#include <split53/exchange.h>
#include <split53/list.h>

#include "chain.h"
#include "query.h"
#include "shares.h"

struct s53_fetch;

struct s53_pending {
	struct s53_query query;
	struct s53_link wait; /* in a fetch's clients, run queue or pool */
	struct s53_fetch *fetch; /* that it waits for; or NULL */
	struct s53_hashed same; /* in resolver->waits, beside its client's others for that fetch */
	struct s53_chase *chase; /* in the arena; or NULL */
	struct s53_shares_place place; /* of a client's query */
	uint64_t received_ns; /* its query, by s53_clock_ns() */
	bool may_be_own; /* came in while its name was under way: loop.h */
	struct s53_timer patience; /* stale-answer-client-timeout */
	struct s53_arena arena;
};

/*
 * Move the query off the stack. It takes a place, which may displace other queries. NULL: out of
 * memory, or recursive-clients is reached and nothing can be displaced; the query is unchanged.
 */
struct s53_pending *s53_pending_move(struct s53_query *query);

/*
 * Its client has been served: leave its fetch, whether or not that has ended, and free its
 * child.
 */
void s53_pending_free(struct s53_pending *pending);

/* Put it into the run queue: it will run from its step on. */
void s53_pending_wake(struct s53_pending *pending);

/* Its client has its reply: count the latency. For a chase's child nothing is counted. */
void s53_pending_answered(const struct s53_pending *pending);

/* Drop it without a reply, as its client has sent newer queries for the same. */
void s53_pending_drop(struct s53_pending *pending);

/*
 * recursive-clients counts clients' queries that wait and fetches without clients, of all workers.
 * has_room: the soft limit is not reached. take: without checking the limit.
 */
bool s53_recursive_has_room(const struct s53_resolver *resolver, unsigned limit);
void s53_recursive_take(struct s53_resolver *resolver);
void s53_recursive_leave(struct s53_resolver *resolver);

/*
 * chase.c: does the answer's chain of CNAMEs lead into another route, end without records, or
 * not end at all? Changes nothing.
 */
bool s53_chase_is_due(const struct s53_view *view, const struct s53_route *route,
    const struct s53_question *question, const struct s53_outcome *outcome);

/*
 * chase.c: if the outcome's chain of CNAMEs leads on, complete it. S53_REPLY: done, or failed;
 * S53_WAIT: the child is waited for. May move the query. `delegated`: the last name of a local
 * zone's chain is below a delegation.
 */
enum s53_verdict s53_chase(struct s53_query *query, bool delegated);

/* chase.c: the child has ended: complete the query's outcome with its reply. */
enum s53_verdict s53_chase_finish(struct s53_query *query);

/* chase.c: the child's query waits as `child`. */
void s53_chase_set_child(struct s53_chase *chase, struct s53_pending *child);

/* chase.c: the client's query that it belongs to: itself, unless it is a child. */
struct s53_pending *s53_chase_client(struct s53_pending *pending);

/* chase.c: the query that waits for a fetch: itself, or the last of its children. */
const struct s53_query *s53_chase_end(const struct s53_pending *pending);

/* chase.c: if there is a chase, end it without an outcome and free its child. */
void s53_chase_abandon(struct s53_pending *pending);

/* chase.c: drop the records from a fetch's outcome that its clients' chases do not need. */
void s53_chase_trim(struct s53_fetch *fetch);

/*
 * waits.c: does the query's client wait for the fetch already, with the same query (address, port,
 * ID and question)?
 */
bool s53_waits_has(const struct s53_query *query, const struct s53_fetch *fetch);

/*
 * waits.c: it has joined a fetch. When its client has too many waits there, the oldest is dropped.
 */
void s53_waits_add(struct s53_resolver *resolver, struct s53_pending *pending);
void s53_waits_remove(struct s53_resolver *resolver, struct s53_pending *pending);

/* join.c: a limit is reached: answer with stale data, with SERVFAIL, or, if `drop`, not at all. */
enum s53_verdict s53_query_shed(struct s53_query *query, const char *why, bool drop);

/* stale.c: start stale-answer-client-timeout; when it is over, a stale answer is sent. */
void s53_stale_watch(struct s53_pending *pending);
