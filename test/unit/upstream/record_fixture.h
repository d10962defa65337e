/* SPDX-License-Identifier: ISC
 *
 * record_fixture.h - the record of a server, the time, and events that change the record.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "upstream/record.h"

#define START_MS 1000000

/* A record and its clock. */
struct fixture {
	struct record record;
	uint64_t now_ms;
	struct record_change last; /* the last change of state */
	unsigned changes;
};

static inline void
apply(struct fixture *p, struct record_change change)
{
	if (change.changed) {
		p->last = change;
		p->changes++;
	}
}

static inline void
observe(struct fixture *p, enum s53_observed event, uint32_t waited_ms)
{
	struct s53_observation observation = { event, S53_OVER_UDP, waited_ms, 0 };

	apply(p, record_observe(&p->record, observation, p->now_ms));
}

static inline struct fixture
fixture_unknown(void)
{
	struct fixture p = { .now_ms = START_MS };

	record_init(&p.record, p.now_ms);
	return p;
}

/* Up, with a round-trip time of `rtt_ms`. */
static inline struct fixture
fixture_new(uint32_t rtt_ms)
{
	struct fixture p = fixture_unknown();

	for (unsigned i = 0; i < 50; i++) {
		p.now_ms += 100;
		observe(&p, S53_OBSERVED_ANSWERED, rtt_ms);
	}
	return p;
}

static inline enum s53_health_state
state(const struct fixture *p)
{
	return record_state(&p->record);
}

/* A query is sent now, and is overdue after `ms`. */
static inline void
overdue_after(struct fixture *p, uint32_t ms)
{
	p->now_ms += ms;
	observe(p, S53_OBSERVED_OVERDUE, ms);
}

static inline void
probe(struct fixture *p, enum s53_probe_kind kind, enum s53_probe_end end)
{
	struct s53_probe leaves = { .kind = kind, .over = S53_OVER_UDP, .timeout_ms = 1000 };
	struct probe_result ends = { kind, end, 5, p->now_ms };

	apply(p, record_probe_begin(&p->record, &leaves, p->now_ms));
	p->now_ms += end == S53_PROBE_LOST || end == S53_PROBE_NOT_READY ? 1000 : 5;
	apply(p, record_probe_end(&p->record, &ends, p->now_ms));
}

static inline void
becomes(struct fixture *p, enum s53_health_state wanted)
{
	switch (wanted) {
	case S53_HEALTH_SUSPECT:
		overdue_after(p, 50);
		overdue_after(p, 50);
		break;
	case S53_HEALTH_STALLED:
		probe(p, S53_PROBE_READINESS, S53_PROBE_NOT_READY);
		break;
	case S53_HEALTH_RECOVERING:
		observe(p, S53_OBSERVED_REFUSED, 0);
		probe(p, S53_PROBE_LIVENESS, S53_PROBE_ANSWERED);
		break;
	case S53_HEALTH_DOWN:
		observe(p, S53_OBSERVED_REFUSED, 0);
		break;
	default:
		break;
	}
	assert_int_equal(state(p), wanted);
	p->now_ms += 10;
}

static inline unsigned
probes_until_up(struct fixture *p)
{
	unsigned probes = 0;

	for (; probes < 100 && state(p) != S53_HEALTH_UP; probes++)
		probe(p, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	return probes;
}
