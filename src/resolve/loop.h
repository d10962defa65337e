/* SPDX-License-Identifier: ISC
 *
 * loop.h - forwarding loops: our own upstream query comes back to the view that sent it.
 *
 * Layer    resolve (private)
 * Threads  a fetch and its test are its worker's; what comes back may come to any worker, so the
 *          rest is in s53_resolver_shared, by atomics
 * Memory   a test belongs to its fetch
 * Units    ms
 *
 * A server that forwards to us, directly or by way of others, sends our query back. There it waits
 * for the fetch that sent it, which waits for the server: nothing moves until a timeout. A query
 * that came back cannot be told from a client's by its looks: servers change its letter case, flags
 * and EDNS, and send it from any address, where clients may ask the same at the same time. So
 * signs only lead to a test, and a query is refused only when the test has proved the loop:
 *
 *   sign	A query comes in for a name and type that its view has under way upstream, within a
 *		second of it, and the server's response is overdue. Or it has the very letter case
 *		of the upstream query, or its flags and EDNS; or its sender has lately been proved
 *		to forward what that server was sent: then the test does not wait.
 *   test	The server is sent the same query for a name of its own below: one label that
 *		nothing but this query holds is put in front. Forwarders choose by suffix, so it
 *		takes the same way. At most one a second for each view and server, unless the path
 *		is a proven loop.
 *   proof	A query with that label comes in, in the same view. It is refused and shows what its
 *		sender makes of our queries (struct s53_loop_watch, `sender`).
 *   end	Queries of that sender that came in after the fetch had sent its own, and wait for
 *		it, are what it sent: they are refused, so that the server looks elsewhere. So
 *		are, for a minute and without a test, its queries in the letter case of ours, of
 *		eight letters or more. All others wait on.
 *
 * One view may forward to another of the same process, as in BIND: the other view's queries are
 * none of its own. A server that does not loop answers the test, and nothing has happened.
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
	S53_LOOP_MET, /* its view has the name and type under way */
	S53_LOOP_SPELLED, /* in this letter case, which was drawn at random */
};

/* Of a fetch. */
struct s53_loop_watch {
	_Atomic uint64_t *slot; /* in the table of names under way; NULL: none */
	uint64_t entry; /* there, unless another has taken the slot */
	uint64_t began_ms;
	struct s53_loop_test *test; /* under way; or NULL */
	uint32_t tested; /* servers that have had a test for this fetch, a bit each */
	uint32_t sender; /* the proven sender of our query, as a hash; 0: none */
	bool met; /* a query came in while this was under way, and may be it */
};

/* The fetch begins: its name and type are under way in its view. The end: also without. */
void s53_loop_enter(struct s53_fetch *fetch);
void s53_loop_leave(struct s53_fetch *fetch);

/* Of a query that is about to begin or to join a fetch. */
enum s53_loop_sign s53_loop_sign(const struct s53_query *query);

/* It has begun or joined a fetch: test now if the sign calls for it. */
void s53_loop_note(struct s53_pending *pending, enum s53_loop_sign sign);

/*
 * The attempt's response is overdue: test its server if there was a sign, and look whether a test
 * has come back. false: the fetch has ended, as none but our own queries waited for it.
 */
bool s53_loop_look(struct s53_attempt *attempt);

/*
 * Is this query a test of this view's that has come back? Or is it proved to be our own: its sender
 * that of the fetch's (NULL: there is none), or of its route's servers and the letter case ours?
 */
bool s53_loop_is_test(const struct s53_query *query);
bool s53_loop_is_own(
    const struct s53_query *query, const struct s53_fetch *fetch, enum s53_loop_sign sign);

/*
 * Then it is refused, so that the sender looks elsewhere. A test is logged, once a minute for each
 * server, and the server is observed to loop.
 */
enum s53_verdict s53_loop_found(struct s53_query *query);
enum s53_verdict s53_loop_refuse(struct s53_query *query);

/*
 * May this failure, of an attempt's query, be our own answer to it? Its server is being tested, or
 * has lately been proved to loop. Then it is no use to send it in another form.
 */
bool s53_loop_may_be_ours(const struct s53_attempt *attempt);
