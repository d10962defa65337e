/* SPDX-License-Identifier: ISC
 *
 * loop_path.h - what tests have shown of a view and a server: when the last was sent, and what
 * sends the server's queries back.
 *
 * Layer    resolve (private)
 * Threads  any worker: s53_resolver_shared, by atomics. Two paths may share a place: then one has
 *          less tests, or one more
 * Memory   plain values
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct s53_attempt;
struct s53_query;
struct s53_upstream;

/*
 * A query's client by all that is the same in each query of one forwarder: host, transport, flags
 * and EDNS. Never 0.
 */
uint32_t s53_loop_sender(const struct s53_query *query);

/* A test of the attempt's server is due: none was within a second. Taken as sent when true. */
bool s53_loop_is_due(const struct s53_attempt *attempt);

/* Has the attempt's server lately been proved to loop, by whatever sender? */
bool s53_loop_is_proved(const struct s53_attempt *attempt);

/*
 * Has this query's sender lately been proved to forward what the attempt's server is sent? And what
 * one of the servers of its route is sent: which? NULL: none.
 */
bool s53_loop_is_known(const struct s53_attempt *attempt, const struct s53_query *query);
struct s53_upstream *s53_loop_known_server(const struct s53_query *query);

/* A query to the server has come back. */
void s53_loop_observe(struct s53_upstream *server, uint64_t now_ms);

/* The test that this server was sent has come back as this query: remembered, logged, observed. */
void s53_loop_prove(const struct s53_query *query, struct s53_upstream *server, uint32_t sender);
