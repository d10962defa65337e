/* SPDX-License-Identifier: ISC
 *
 * pending.h - a query that waits, off the stack.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   the resolver's pool; what a chase needs is in the pending query's arena
 *
 * It waits for one of three, and then runs again through the resolver's run queue, which the
 * outermost entry point empties (s53_resolver_drain):
 *
 *	fetch	  the upstream's answer for its key (fetch.h)
 *	leader	  a query of the same key, released by the same fetch, that chases the end of their
 *		  answer's CNAME: its answer is theirs
 *	child	  the query for the end of its CNAME, which it chases (chase.c)
 *
 * No circle of waits can exist. A fetch waits for servers only. A query follows a leader from the
 * moment when their fetch ends, never later, and the leader's child begins after that: so along a
 * chain of waits each one began after the one before, and none leads back.
 */
#pragma once

#include <split53/arena.h>
#include <split53/exchange.h>
#include <split53/list.h>

#include "query.h"

struct s53_fetch;

struct s53_pending {
	struct s53_query query;
	struct s53_link wait; /* in a fetch's clients, a leader's followers, run queue or pool */
	struct s53_fetch *fetch; /* it waits for; or NULL */
	struct s53_link followers; /* pending queries that wait for this one, by `wait` */
	struct s53_chase *chase; /* in the arena; or NULL */
	bool depends_on_client; /* the chase's outcome holds for this client only */
	bool begins_anew; /* such an outcome was the leader's: it needs a fetch of its own */
	struct s53_timer patience; /* stale-answer-client-timeout */
	struct s53_arena arena;
};

/*
 * Move the query off the stack. NULL: no memory or recursive-clients reached; the query is
 * untouched.
 */
struct s53_pending *s53_pending_move(struct s53_query *query);

/*
 * Its client has been served: it leaves its fetch or leader, whether or not that has ended. It has
 * no followers and no child that is under way.
 */
void s53_pending_free(struct s53_pending *pending);

/* Run it from its step on, soon: it waits in the run queue until then. */
void s53_pending_wake(struct s53_pending *pending);

/*
 * recursive-clients counts pending queries and fetches without clients, of all workers. Enter:
 * false when there are as many; with `beyond` it counts all the same.
 */
bool s53_recursive_enter(struct s53_resolver *resolver, unsigned limit, bool beyond);
void s53_recursive_leave(struct s53_resolver *resolver);

/*
 * chase.c: does the answer's CNAME lead into another route, or is the chain endless? Looks only.
 */
bool s53_chase_is_due(const struct s53_view *view, const struct s53_route *route,
    const struct s53_question *question, const struct s53_outcome *outcome);

/*
 * chase.c: complete an outcome whose CNAME leads into another route, if it does. S53_REPLY: done,
 * or that failed; S53_WAIT: ANSWER follows. May move the query. `delegated`: the last name of a
 * local zone's chain is below a delegation.
 */
enum s53_verdict s53_chase(struct s53_query *query, bool delegated);

/*
 * chase.c: is about to answer. Its followers are woken with its outcome, and it runs again after
 * them, since that outcome is in its arena. false: there are none.
 */
bool s53_chase_wake_followers(struct s53_pending *leader);

/* chase.c: what is about to be decided for a chase's child holds for its client only. */
void s53_chase_depends_on_client(const struct s53_query *query);

/* join.c: over a limit: a stale answer, SERVFAIL, or silence when `drop`. */
enum s53_verdict s53_shed(struct s53_query *query, const char *why, bool drop);

/* loop.c: is this query what this process queries an upstream for, come back? */
bool s53_is_loop(const struct s53_query *query);

/* loop.c: then it is refused, so that the sender tries elsewhere; logged and observed. */
enum s53_verdict s53_refuse_loop(struct s53_query *query);

/* stale.c: stale-answer-client-timeout begins; when it is over a stale answer goes out. */
void s53_stale_watch(struct s53_pending *pending);
