/* SPDX-License-Identifier: ISC
 *
 * inquiry.h - one probe under way: its questions, and what came of them.
 *
 * Layer    probe, private to prober.c
 * Threads  main thread
 * Memory   holds a count of the server
 * Units    ms
 *
 * It has a c-ares channel of its own, which goes with it: so each probe has a new port, and c-ares
 * no memory of earlier ones (1.34 draws its time-outs from it). The time-out is kept here, to the
 * ms.
 */
#pragma once

#include <split53/probe.h>

struct s53_inquiry;

struct s53_inquiry_ask {
	struct event_base *base;
	struct s53_upstream *upstream;
	struct s53_probe probe;
	void *arg;
	/* The end, once, from the loop. The inquiry is to be freed there. */
	void (*done)(
	    void *arg, struct s53_inquiry *inquiry, enum s53_probe_end end, uint32_t rtt_ms);
};

/* NULL: no memory; then nothing is called. */
struct s53_inquiry *s53_inquiry_new(const struct s53_inquiry_ask *ask);

/* The same at any time: what is under way is given up. */
void s53_inquiry_free(struct s53_inquiry *inquiry);

/* As it was given. */
const struct s53_inquiry_ask *s53_inquiry_ask(const struct s53_inquiry *inquiry);
