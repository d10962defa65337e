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

/*
 * Is it time for one query to see how this server does? true for one caller only, then not again
 * for a second.
 */
bool s53_upstream_claim_trial(struct s53_upstream *upstream, uint64_t now_ms);
