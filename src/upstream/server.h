/* SPDX-License-Identifier: ISC
 *
 * server.h - what choosing needs to know of a server, and what a server is made of.
 *
 * Layer    upstream, private to server.c, registry.c, probing.c and group.c; group.c keeps to the
 *          functions
 * Threads  functions: any, no lock
 * Units    ms
 *
 * Everything here is of the protocol that the server would be asked over, as are
 * s53_upstream_state() and s53_upstream_late_ms().
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include <split53/list.h>
#include <split53/probe.h>
#include <split53/upstream.h>

#include "health.h"

#define S53_SLOW_MS 250

/*
 * Less is better, in eighths of a ms: smoothed RTT, and 250 ms for each whole share of lost
 * questions and of answers that led elsewhere. 0: nothing is known.
 */
uint32_t s53_upstream_cost(const struct s53_upstream *upstream);

/* Does it take more than S53_SLOW_MS as a rule? */
bool s53_upstream_is_slow(const struct s53_upstream *upstream);

/* Did it ever get a question, or show a sign? */
bool s53_upstream_was_asked(const struct s53_upstream *upstream);

/* Questions under way, over both protocols. */
uint32_t s53_upstream_in_flight(const struct s53_upstream *upstream);

/* The last answer to a client's question (probes do not count), over either; 0: none yet. */
uint64_t s53_upstream_answered_ms(const struct s53_upstream *upstream);

/* When it was last chosen, to within some ms; 0: never. Who chooses says so. */
uint64_t s53_upstream_chosen_ms(const struct s53_upstream *upstream);
void s53_upstream_set_chosen(struct s53_upstream *upstream, uint64_t now_ms);

/*
 * May a query see how this server does, `gap_ms` after the last that did? At once when none has.
 * _claim: the same, true for one caller only, and spent.
 */
bool s53_upstream_trial_is_due(
    const struct s53_upstream *upstream, uint32_t gap_ms, uint64_t now_ms);
bool s53_upstream_trial_claim(struct s53_upstream *upstream, uint32_t gap_ms, uint64_t now_ms);
