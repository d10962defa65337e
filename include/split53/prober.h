/* SPDX-License-Identifier: ISC
 *
 * prober.h - sends the probes that are due, by c-ares.
 *
 * Layer    probe
 * Threads  main thread; what a probe finds is recorded for all threads
 * Memory   a prober keeps a count of each server that it is probing
 *
 * probe.h says when a probe is due and what its end means.
 */
#pragma once

#include <split53/upstream.h>

struct event_base;
struct s53_prober;

/* Probe the servers of `registry` while the loop runs. NULL: no memory or descriptors. */
struct s53_prober *s53_prober_new(struct event_base *base, struct s53_registry *registry);

/*
 * Call it before the registry and the loop are freed. Probes under way are abandoned. NULL is fine.
 */
void s53_prober_free(struct s53_prober *prober);
