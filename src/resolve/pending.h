/* SPDX-License-Identifier: ISC
 *
 * pending.h - a query that waits, off the stack.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   the resolver's pool; what a chase needs is in the pending query's arena
 *
 * It waits for one of two, and then runs again through the resolver's run queue, which the
 * outermost entry point empties (s53_resolver_drain):
 *
 *	fetch	  the upstream's answer for its key (fetch.h)
 *	child	  the query for the end of its CNAME, which it chases (chase.c)
 *
 * A child waits for its own fetch or child. A fetch waits for servers only, so no circle of waits
 * can exist.
 *
 * A client's query has a place (shares.h) in the route of the fetch that it, or the last of its
 * children, waits for. The children have none. While it waits it may be displaced: it leaves what
 * it waits for and runs again, with SERVFAIL for an outcome.
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
	struct s53_fetch *fetch; /* it waits for; or NULL */
	struct s53_hashed same; /* in resolver->waits, beside what its client waits for too */
	struct s53_chase *chase; /* in the arena; or NULL */
	struct s53_shares_place place; /* of a client's query */
	bool may_be_own; /* came in while its name was under way: loop.h */
	struct s53_timer patience; /* stale-answer-client-timeout */
	struct s53_arena arena;
};

/*
 * Move the query off the stack. It takes a place, which may displace others. NULL: no memory, or
 * recursive-clients reached and none to displace; the query is untouched.
 */
struct s53_pending *s53_pending_move(struct s53_query *query);

/*
 * Its client has been served: it leaves its fetch, whether or not that has ended, and its child
 * goes.
 */
void s53_pending_free(struct s53_pending *pending);

/* Run it from its step on, soon: it waits in the run queue until then. */
void s53_pending_wake(struct s53_pending *pending);

/* Its client gets nothing, as newer queries of it wait for the same. */
void s53_pending_drop(struct s53_pending *pending);

/*
 * recursive-clients counts clients' queries that wait and fetches without clients, of all workers.
 * Has room: none needs to be displaced. Take: whatever the limit says.
 */
bool s53_recursive_has_room(const struct s53_resolver *resolver, unsigned limit);
void s53_recursive_take(struct s53_resolver *resolver);
void s53_recursive_leave(struct s53_resolver *resolver);

/*
 * chase.c: does the answer's chain of CNAMEs lead into another route, end in the air or never?
 * Looks only.
 */
bool s53_chase_is_due(const struct s53_view *view, const struct s53_route *route,
    const struct s53_question *question, const struct s53_outcome *outcome);

/*
 * chase.c: complete an outcome whose chain of CNAMEs leads on, if it does. S53_REPLY: done, or that
 * failed; S53_WAIT: ANSWER follows. May move the query. `delegated`: the last name of a local
 * zone's chain is below a delegation.
 */
enum s53_verdict s53_chase(struct s53_query *query, bool delegated);

/* chase.c: the end of a chase, when its child has ended: the query's outcome is complete. */
enum s53_verdict s53_chase_finish(struct s53_query *query);

/* chase.c: the extended error's text for a chain that is not followed. */
const char *s53_chase_why_not(enum s53_chain_end end);

/* chase.c: the child's query waits, as `child`. */
void s53_chase_set_child(struct s53_chase *chase, struct s53_pending *child);

/* chase.c: the client's query that it serves in the end: itself, unless it is a child. */
struct s53_pending *s53_chase_client(struct s53_pending *pending);

/* chase.c: the query that it waits with in the end: itself, or the last of its children. */
const struct s53_query *s53_chase_end(const struct s53_pending *pending);

/* chase.c: the chase, if there is one, ends without an outcome: its child goes. */
void s53_chase_abandon(struct s53_pending *pending);

/* chase.c: leave nothing in a fetch's outcome but what chases of it need. */
void s53_chase_trim(struct s53_fetch *fetch);

/*
 * waits.c: does the query's client wait for the fetch already, by the same query (address, port, ID
 * and question)?
 */
bool s53_waits_has(const struct s53_query *query, const struct s53_fetch *fetch);

/* waits.c: it has joined a fetch. When its client has too many waits there, the oldest goes. */
void s53_waits_add(struct s53_resolver *resolver, struct s53_pending *pending);
void s53_waits_remove(struct s53_resolver *resolver, struct s53_pending *pending);

/* join.c: over a limit: a stale answer, SERVFAIL, or silence when `drop`. */
enum s53_verdict s53_shed(struct s53_query *query, const char *why, bool drop);

/* stale.c: stale-answer-client-timeout begins; when it is over a stale answer goes out. */
void s53_stale_watch(struct s53_pending *pending);
