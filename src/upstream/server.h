/* SPDX-License-Identifier: ISC
 *
 * server.h - what choosing needs to know of a server.
 *
 * Layer    upstream, private to server.c and group.c
 * Threads  atomics, any
 * Units    ms
 */
#pragma once

#include <split53/upstream.h>

/* Less is better: smoothed RTT and a share for rcodes that led elsewhere. */
uint32_t s53_upstream_cost(const struct s53_upstream *upstream);

/* Known, and not in trouble. */
bool s53_upstream_is_good(const struct s53_upstream *upstream);

/* Did it ever answer, or fail to? */
bool s53_upstream_was_asked(const struct s53_upstream *upstream);

/*
 * May one query see how this server does? _claim: true for one caller only, then due again after a
 * second.
 */
bool s53_upstream_trial_is_due(const struct s53_upstream *upstream, uint64_t now_ms);
bool s53_upstream_claim_trial(struct s53_upstream *upstream, uint64_t now_ms);
