/* SPDX-License-Identifier: ISC
 *
 * probe.h - questions of our own that see how a server does.
 *
 * Layer    upstream
 * Threads  main thread; what they find is noted for all
 * Memory   a prober holds a count of each server that it is asking
 * Units    ms
 *
 * Two halves. The plan (probing.c) says per server what is asked next and when, and what a result
 * means; it has no socket, so that replay tests drive it. The prober (prober.c) asks by c-ares.
 *
 * Lazy, one at a time a server, both protocols together. While it is suspect, stalled or
 * recovering: work, again after `interval`; after a good answer at once. While it is down, in turns
 * work and life over UDP and work over TCP, each a tenth of its time down after the last, at least
 * `interval`, at most `interval-max`, with jitter of a tenth; any sign of life leads to work over
 * UDP at once. UDP and TCP of one server share these turns.
 */
#pragma once

#include <split53/upstream.h>

enum s53_probe_kind {
	S53_PROBE_READINESS, /* the question of health-check, which needs real work */
	S53_PROBE_LIVENESS, /* version.bind CH TXT: whoever runs has an answer, whatever it is */
};

struct s53_probe {
	enum s53_probe_kind kind;
	enum s53_protocol over;
	/*
	 * WORK over UDP of a server that is not down: when it is not answered after this long, ask
	 * for life as well. 0: do not.
	 */
	uint32_t liveness_after_ms;
	uint32_t timeout_ms; /* of the whole */
};

enum s53_probe_end {
	S53_PROBE_ANSWERED, /* WORK: with a rcode that is accepted. LIFE: at all */
	S53_PROBE_UNFIT, /* with SERVFAIL, which is not accepted: it lives, but it does not work */
	S53_PROBE_NOT_READY, /* not in time, but the question for life was answered */
	S53_PROBE_LOST,
	S53_PROBE_REFUSED,
	S53_PROBE_UNREACHABLE,
	S53_PROBE_SKIPPED, /* proves nothing: no memory, no socket, this process stood still */
	S53_PROBE_DECLINED, /* with another rcode that is not accepted: not to this question */
};

/* When the next one is due; UINT64_MAX: none. From any thread. */
uint64_t s53_probe_due_ms(const struct s53_upstream *upstream);

/* Is one due? It is under way then, until s53_probe_end(). */
bool s53_probe_begin(struct s53_upstream *upstream, struct s53_probe *out, uint64_t now_ms);
void s53_probe_end(struct s53_upstream *upstream, const struct s53_probe *probe,
    enum s53_probe_end end, uint32_t rtt_ms, uint64_t now_ms);

/* The check that is in force, copied. */
void s53_probe_check(const struct s53_upstream *upstream, struct s53_health_check *out);
