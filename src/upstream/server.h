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

/*
 * Less is better: smoothed RTT and a share for loss and for rcodes that led elsewhere, of the
 * protocol that it would be asked over. Nothing known: UINT32_MAX.
 */
uint32_t s53_upstream_cost(const struct s53_upstream *upstream);

/* Smoothed RTT of that protocol. false: unknown. */
bool s53_upstream_rtt(const struct s53_upstream *upstream, uint32_t *rtt_ms);

/* Questions to it that are under way. */
uint32_t s53_upstream_in_flight(const struct s53_upstream *upstream);

/* When it last answered, over whatever; 0: never. */
uint64_t s53_upstream_answered_ms(const struct s53_upstream *upstream);

/*
 * Group.c's clock of a server: when it was last chosen or claimed. _asked_at: it is being asked
 * (written only when it changes by 100 ms or more). _was_asked: ever? _claim_trial: true for one
 * caller only, when that is `gap_ms` ago or it never was; it counts as asked now.
 */
void s53_upstream_asked_at(struct s53_upstream *upstream, uint64_t now_ms);
bool s53_upstream_was_asked(const struct s53_upstream *upstream);
bool s53_upstream_claim_trial(struct s53_upstream *upstream, uint32_t gap_ms, uint64_t now_ms);
