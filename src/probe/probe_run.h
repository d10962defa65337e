/* SPDX-License-Identifier: ISC
 *
 * probe_run.h - one probe in flight: its queries and its end.
 *
 * Layer    probe, private to prober.c
 * Threads  main thread
 * Memory   holds a count of the server
 * Units    ms
 *
 * Each probe has a c-ares channel of its own, which is closed with it. So each probe uses a
 * new port, and earlier probes have no influence on c-ares (1.34 adapts its timeouts to them).
 * The timeout is kept here, to the millisecond.
 */
#pragma once

#include <split53/probe.h>

struct s53_probe_run;

struct s53_probe_run_spec {
	struct event_base *base;
	struct s53_upstream *upstream;
	struct s53_probe probe;
	void *arg;
	/* Called once, from the loop, when the probe ends. It must free the run. */
	void (*done)(void *arg, struct s53_probe_run *run, enum s53_probe_end end, uint32_t rtt_ms);
};

/* NULL: out of memory, and nothing is called back. */
struct s53_probe_run *s53_probe_run_start(const struct s53_probe_run_spec *spec);

/* May be called at any time, also in done(). A probe in flight is abandoned. */
void s53_probe_run_free(struct s53_probe_run *run);

/* The spec that the run was started with. */
const struct s53_probe_run_spec *s53_probe_run_spec(const struct s53_probe_run *run);
