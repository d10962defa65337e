/* SPDX-License-Identifier: ISC
 *
 * capability.c - see capability.h.
 */
#include <split53/capability.h>

#include "server.h"

#define SHOWN_STEP_MS 60000 /* shown_at_ms, which all workers read, is written no more often */
#define POINTS 0xffu /* of a word of doubt; the rest is the hash of the last event's name */

static const enum s53_upstream_quirk quirk_of[S53_CAPABILITIES] = {
	[S53_CAPABILITY_EDNS] = S53_QUIRK_NO_EDNS,
	[S53_CAPABILITY_AD] = S53_QUIRK_NO_AD,
	[S53_CAPABILITY_CASE] = S53_QUIRK_NO_CASE,
};

static uint64_t
get64(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

static void
set64(_Atomic uint64_t *at, uint64_t value)
{
	if (get64(at) != value)
		atomic_store_explicit(at, value, memory_order_relaxed);
}

void
s53_upstream_show(struct s53_upstream *upstream, enum s53_capability capability, uint64_t now_ms)
{
	uint64_t shown_ms = get64(&upstream->shown_at_ms[capability]);

	if (shown_ms == 0 || now_ms >= shown_ms + SHOWN_STEP_MS)
		set64(&upstream->shown_at_ms[capability], now_ms);
	set64(&upstream->doubt[capability], 0);
	/* Letter case that is kept over TCP, or once, does not prove that it is kept over UDP. */
	if (capability != S53_CAPABILITY_CASE)
		set64(&upstream->quirk_until_ms[quirk_of[capability]], 0);
}

bool
s53_upstream_has_shown(
    const struct s53_upstream *upstream, enum s53_capability capability, uint64_t now_ms)
{
	uint64_t shown_ms = get64(&upstream->shown_at_ms[capability]);

	return shown_ms != 0 && now_ms < shown_ms + S53_QUIRK_MS;
}

bool
s53_upstream_is_doubted(const struct s53_upstream *upstream, enum s53_capability capability)
{
	return get64(&upstream->doubt[capability]) != 0;
}

void
s53_upstream_doubt(struct s53_upstream *upstream, enum s53_capability capability, unsigned points,
    uint64_t qname_hash, uint64_t now_ms)
{
	uint64_t was = get64(&upstream->doubt[capability]), name = qname_hash & ~(uint64_t)POINTS;
	unsigned sum = (unsigned)(was & POINTS) + points;

	if (s53_upstream_has_shown(upstream, capability, now_ms) ||
	    (was != 0 && (was & ~(uint64_t)POINTS) == name))
		return;
	if (sum >= S53_DOUBT_PROVES) {
		s53_upstream_set_quirk(upstream, quirk_of[capability], now_ms);
		sum = S53_DOUBT_PROVES - S53_DOUBT_LOST; /* one more event renews it */
	}
	set64(&upstream->doubt[capability], name | sum);
}
