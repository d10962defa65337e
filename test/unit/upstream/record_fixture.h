/* SPDX-License-Identifier: ISC
 *
 * record_fixture.h - one record of a server's record, a time of its own, and what happens to it.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "upstream/record.h"

#define START_MS 1000000

/* A record and its time. */
struct patient {
	struct record record;
	uint64_t now_ms;
	struct record_change last; /* the last change that there was */
	unsigned changes;
};

static inline void
took(struct patient *p, struct record_change change)
{
	if (change.changed) {
		p->last = change;
		p->changes++;
	}
}

static inline void
sign(struct patient *p, enum s53_observed event, uint32_t waited_ms)
{
	struct s53_observation s = { event, S53_OVER_UDP, waited_ms, 0 };

	took(p, record_observe(&p->record, s, p->now_ms));
}

static inline struct patient
patient_unknown(void)
{
	struct patient p = { .now_ms = START_MS };

	record_init(&p.record, p.now_ms);
	return p;
}

/* Up, with a round trip of `rtt_ms`. */
static inline struct patient
patient_new(uint32_t rtt_ms)
{
	struct patient p = patient_unknown();

	for (unsigned i = 0; i < 50; i++) {
		p.now_ms += 100;
		sign(&p, S53_OBSERVED_ANSWERED, rtt_ms);
	}
	return p;
}

static inline enum s53_health_state
state(const struct patient *p)
{
	return record_state(&p->record);
}

/* A question leaves now, and it is late after `ms`. */
static inline void
late_after(struct patient *p, uint32_t ms)
{
	p->now_ms += ms;
	sign(p, S53_OBSERVED_OVERDUE, ms);
}

static inline void
probe(struct patient *p, enum s53_probe_kind kind, enum s53_probe_end end)
{
	struct s53_probe leaves = { .kind = kind, .over = S53_OVER_UDP, .timeout_ms = 1000 };
	struct probe_result ends = { kind, end, 5, p->now_ms };

	took(p, record_probe_begin(&p->record, &leaves, p->now_ms));
	p->now_ms += end == S53_PROBE_LOST || end == S53_PROBE_NOT_READY ? 1000 : 5;
	took(p, record_probe_end(&p->record, &ends, p->now_ms));
}

static inline void
becomes(struct patient *p, enum s53_health_state wanted)
{
	switch (wanted) {
	case S53_HEALTH_SUSPECT:
		late_after(p, 50);
		late_after(p, 50);
		break;
	case S53_HEALTH_STALLED:
		probe(p, S53_PROBE_READINESS, S53_PROBE_NOT_READY);
		break;
	case S53_HEALTH_RECOVERING:
		sign(p, S53_OBSERVED_REFUSED, 0);
		probe(p, S53_PROBE_LIVENESS, S53_PROBE_ANSWERED);
		break;
	case S53_HEALTH_DOWN:
		sign(p, S53_OBSERVED_REFUSED, 0);
		break;
	default:
		break;
	}
	assert_int_equal(state(p), wanted);
	p->now_ms += 10;
}

static inline unsigned
probes_until_up(struct patient *p)
{
	unsigned probes = 0;

	for (; probes < 100 && state(p) != S53_HEALTH_UP; probes++)
		probe(p, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	return probes;
}
