/* SPDX-License-Identifier: ISC
 *
 * probe.h - probes: queries of split53's own that test a server's health.
 *
 * Layer    upstream
 * Threads  main thread; results are recorded for all threads
 * Memory   a prober keeps a count of each server that it is probing
 * Units    ms
 *
 * A probe has two halves. The plan (upstream/probing.c) decides per server which probe is sent
 * next, when, and what its result means; it has no socket, so replay tests drive it. The prober
 * (probe/prober.c) sends it by c-ares.
 *
 * There are two kinds. A readiness probe is the query of the health-check statement, which needs
 * real work. A liveness probe is a query that any running server answers by itself.
 *
 * In mode lazy a healthy server is not probed. A server in trouble has one probe under way at a
 * time, over both protocols together. Suspect, stalled or recovering: a readiness probe every
 * `interval`, and at once after a success. Down: readiness over TCP, readiness over UDP and
 * liveness over UDP in rotation, each a tenth of the time down after the last, at least `interval`,
 * at most `interval-max`, with a tenth of jitter; any response leads to a readiness probe over UDP
 * at once.
 */
#pragma once

#include <split53/upstream.h>

enum s53_probe_kind {
	S53_PROBE_READINESS, /* the query of the health check, which needs real work */
	S53_PROBE_LIVENESS, /* its liveness query, with RD clear: any running server responds */
};

struct s53_probe {
	enum s53_probe_kind kind;
	enum s53_protocol over;
	/*
	 * READINESS over UDP to a server that is not down: without a response after this long, send
	 * a liveness probe as well. 0: do not.
	 */
	uint32_t liveness_after_ms;
	uint32_t timeout_ms; /* of the whole probe */
};

enum s53_probe_end {
	S53_PROBE_ANSWERED, /* READINESS: with a rcode that is accepted; LIVENESS: with any */
	S53_PROBE_UNFIT, /* SERVFAIL, and that is not accepted: alive, but does no work */
	S53_PROBE_NOT_READY, /* no response in time, but one to the liveness probe */
	S53_PROBE_LOST,
	S53_PROBE_REFUSED,
	S53_PROBE_UNREACHABLE,
	S53_PROBE_SKIPPED, /* proves nothing: no memory, no socket, or this process stood still */
	S53_PROBE_DECLINED, /* another rcode that is not accepted: declines this query */
};

/* When the next probe is due; UINT64_MAX: none is. From any thread. */
uint64_t s53_probe_due_ms(const struct s53_upstream *upstream);

/* Is a probe due? If so, it is under way until s53_probe_end(). */
bool s53_probe_begin(struct s53_upstream *upstream, struct s53_probe *out, uint64_t now_ms);
void s53_probe_end(struct s53_upstream *upstream, const struct s53_probe *probe,
    enum s53_probe_end end, uint32_t rtt_ms, uint64_t now_ms);

/* The health check in force, copied. */
void s53_probe_copy_check(const struct s53_upstream *upstream, struct s53_health_check *out);
