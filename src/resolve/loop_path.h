/* SPDX-License-Identifier: ISC
 *
 * loop_path.h - what tests have shown of a view and a server: when the last test was sent, and
 * which sender sends the server's queries back.
 *
 * Layer    resolve (private)
 * Threads  any worker: s53_resolver_shared, with atomics. Two paths may share an entry: then one
 *          is tested less, or more
 * Memory   plain values
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct s53_attempt;
struct s53_query;
struct s53_upstream;

/*
 * Hash of what is the same in each query of one forwarder: host, transport, flags and EDNS. Never
 * 0.
 */
uint32_t s53_loop_sender(const struct s53_query *query);

/*
 * Is a test of the attempt's server due, as none was sent within a second? true: it counts as sent.
 */
bool s53_loop_is_due(const struct s53_attempt *attempt);

/* Was the attempt's server recently proved to loop, by any sender? */
bool s53_loop_is_proved(const struct s53_attempt *attempt);

/*
 * Was this query's sender recently proved to forward what the attempt's server is sent? And for
 * which of the servers of its route was it? NULL: none.
 */
bool s53_loop_is_known(const struct s53_attempt *attempt, const struct s53_query *query);
struct s53_upstream *s53_loop_known_server(const struct s53_query *query);

/* A query to the server has come back: record it as an observation. */
void s53_loop_observe(struct s53_upstream *server, uint64_t now_ms);

/* The test of this server has come back as this query: remember, log and observe it. */
void s53_loop_prove(const struct s53_query *query, struct s53_upstream *server, uint32_t sender);
