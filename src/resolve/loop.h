/* SPDX-License-Identifier: ISC
 *
 * loop.h - forwarding loops: our own upstream query comes back to the view that sent it.
 *
 * Layer    resolve (private)
 * Threads  a fetch and its test are its worker's; a query that comes back may arrive at any
 *          worker, so all else is in s53_resolver_shared, with atomics
 * Memory   a test belongs to its fetch
 * Units    ms
 *
 * A server that forwards to us, directly or through others, sends our query back. The query that
 * comes back joins the fetch that sent it, and that waits for the server: nothing moves until a
 * timeout. It cannot be told from a client's query by its contents: servers change its letter case,
 * flags and EDNS, and send it from any address, where clients may send the same query at the same
 * time. So signs only lead to a test, and a query is refused only after the test has proved the
 * loop:
 *
 *   sign	A query arrives for a name and type that its view has in flight upstream, within a
 *		second of the upstream query, and the server's response is overdue. If the query has
 *		the very letter case of the upstream query, or its flags and EDNS, or if its sender
 *		was recently proved to forward what that server was sent, the test is sent at once.
 *   test	The server is sent the same query for a name below: one label, unique to this test,
 *		is put in front. Forwarders choose by suffix, so the query takes the same path. At
 *		most one test a second for each view and server, unless the path is a proven loop.
 *   proof	A query with that label arrives in the same view. It is refused, and shows how its
 *		sender rewrites our queries (struct s53_loop_watch, `sender`).
 *   end	Queries of that sender that arrived after the fetch had sent its own, and wait for
 *		it, are its own: they are refused, so that the server queries elsewhere. So are, for
 *		a minute and without a test, queries of that sender in the letter case of ours, if
 *		the name has eight letters or more. All other queries wait on.
 *
 * One view may forward to another view of the same process, as in BIND: the other view's
 * queries are not its own. A server that does not loop just answers the test.
 */
#pragma once

#include <stdatomic.h>

#include <split53/exchange.h>

struct s53_attempt;
struct s53_fetch;
struct s53_loop_test;
struct s53_pending;
struct s53_query;

enum s53_loop_sign {
	S53_LOOP_NO_SIGN,
	S53_LOOP_MET, /* its view has the name and type in flight */
	S53_LOOP_SPELLED, /* the same, and in the letter case that was drawn at random */
};

/* The part of a fetch. */
struct s53_loop_watch {
	_Atomic uint64_t *slot; /* in the table of names in flight; NULL: none */
	uint64_t entry; /* its value in the slot, unless another fetch has taken that */
	uint64_t began_ms;
	struct s53_loop_test *test; /* the test in flight; or NULL */
	uint32_t tested; /* servers that were tested for this fetch, a bit each */
	uint32_t sender; /* the proven sender of our query, as a hash; 0: none */
	bool met; /* a query arrived that may be ours, come back */
};

/*
 * The fetch begins: enter its name and type for its view. It ends (leave may come without enter).
 */
void s53_loop_enter(struct s53_fetch *fetch);
void s53_loop_leave(struct s53_fetch *fetch);

/* The sign of a query that is about to begin or to join a fetch. */
enum s53_loop_sign s53_loop_sign(const struct s53_query *query);

/* The query has begun or joined a fetch: test now if the sign calls for it. */
void s53_loop_note(struct s53_pending *pending, enum s53_loop_sign sign);

/*
 * The attempt's response is overdue: test its server if there was a sign, and check whether a
 * test has come back. false: the fetch has ended, as only our own queries waited for it.
 */
bool s53_loop_look(struct s53_attempt *attempt);

/*
 * Is this query a test of this view that has come back? Is it proved to be our own query: does it
 * come from the proven sender of the fetch (NULL: there is none), or from a sender known to loop
 * for one of its route's servers, in our letter case?
 */
bool s53_loop_is_test(const struct s53_query *query);
bool s53_loop_is_own(
    const struct s53_query *query, const struct s53_fetch *fetch, enum s53_loop_sign sign);

/*
 * Refuse such a query, so that its sender queries elsewhere. A test is logged, once a minute for
 * each server, and the server is observed to loop.
 */
enum s53_verdict s53_loop_found(struct s53_query *query);
enum s53_verdict s53_loop_refuse(struct s53_query *query);

/*
 * May this rcode, of a response to the attempt's query, be what became of our own REFUSED, after
 * the query had come back to us? Its server has lately been proved to loop; or it is being tested,
 * where the rcode is one that forwarders make of a refusal. FORMERR and NOTIMP say more often that
 * a server has no EDNS. Then it is no use to send the query once more in another form.
 */
bool s53_loop_may_be_ours(const struct s53_attempt *attempt, uint16_t rcode);
