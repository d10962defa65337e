/* SPDX-License-Identifier: ISC
 *
 * resolver_private.h - the contents of a resolver.
 *
 * Layer    resolve (private)
 * Threads  its worker's; `shared` is shared by all workers, with atomics
 * Memory   the resolver owns the pools, the tables and every query and fetch in flight
 */
#pragma once

#include <split53/resolver.h>

#include "budget.h"
#include "denials.h"
#include "fetch.h"
#include "inflight.h"
#include "pending.h"
#include "quiet.h"
#include "shares.h"
#include "spares.h"
#include "table.h"

#define S53_CYCLIC_COUNTERS 512

struct s53_resolver {
	struct s53_exchanger *exchanger;
	struct s53_counters *counters;
	struct s53_resolver_shared *shared;
	struct s53_policy *policy;
	struct s53_table inflight; /* fetches by key: inflight.c */
	struct s53_table waits; /* queries by fetch and client: waits.c */
	struct s53_shares shares;
	struct s53_link fetches; /* all that are in flight */
	struct s53_link idle; /* those of them without clients, oldest first, by `idle` */
	struct s53_link ended; /* ended fetches, freed when the run queue is empty */
	struct s53_link run_queue; /* pending queries that are ready, by `wait` */
	struct s53_spares free_pending, free_fetches, free_attempts;
	uint64_t received_ns; /* the batch; 0: not known */
	unsigned pending_count; /* pending queries, and fetches without clients */
	uint32_t random_state; /* the state of random order: arrange.c */
	uint16_t cyclic_counters
	    [S53_CYCLIC_COUNTERS]; /* of cyclic order: each RRset's next first record */
	uint64_t error_logged_ms; /* when a failure was last logged at info */
	uint64_t stale_logged_ms; /* and a stale answer */
	uint64_t lame_logged_ms, edns_logged_ms; /* and lines of attemptlog.c */
	struct s53_denials denials;
	uint64_t dead_queried_ms; /* when dead servers were last queried for a refresh */
	struct s53_budget budget;
	unsigned clients_more; /* added to clients-per-query by tuning: join.c */
	uint64_t clients_less_ms; /* when that was last lowered or raised */
	struct s53_quiet quiet;
	struct s53_extended_error error; /* of the cache's answer that is about to be sent */
	uint8_t scratch[S53_MESSAGE_MAX]; /* a message before it is sent */
	uint8_t filtered[S53_MESSAGE_MAX]; /* a fetch's outcome that the filter had to rewrite */
};

/*
 * Run all queries that are ready, then free the fetches that have ended. Each entry point of the
 * resolver (a batch, an exchange's done() or overdue(), a timer, the end) calls this last. So a
 * query is woken outside of every step, and an upstream's answer is sent to all its clients while
 * it is still in the exchange's buffer. Only the child of a chase runs inside its parent's step.
 */
void s53_resolver_drain(struct s53_resolver *resolver);
