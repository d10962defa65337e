/* SPDX-License-Identifier: ISC
 *
 * health.h - one record: what a server's answers over one protocol have shown, and the table of
 * states.
 *
 * Layer    upstream, private to health.c (the table), record.c (signals), sample.c (numbers),
 *          server.c and probing.c
 * Threads  its upstream's lock guards it, but for the atomics, which any may read and which
 *          health_answered() writes without it
 * Memory   a plain object; no lock, clock or log line in here
 * Units    ms
 * Sources  RFC 6298 (round-trip time)
 *
 * The table (health.c) says where a signal leads from each state; signals are made here from signs
 * (live traffic) and the ends of probes:
 *
 *   ANSWER   an answer, not yet `rise` of them in a row
 *   RISE     that many. In STALLED only probes for work count. A doubt that weighs (loss, failures,
 *            a loop) is not disproved by an answer or two: health_doubt_weighs()
 *   DOUBT    two late ones in a row with nothing answered since they left; or loss over a tenth; or
 *            nearly all answers being failures where others do well, or loops; or two probes in a
 *            row with a rcode that is not accepted
 *   HELD     a probe for work is not answered while the server answers other things
 *   FALL     `fall` failures in a row, a second or more (or RTT and 4 variations, when that is
 *            longer) since the first of them left, nothing answered since
 *   REFUSE   refused or unreachable
 *   PROBE    a probe leaves
 *
 * A question that left before the last answer came is no sign of silence, whenever it turns out to
 * be late or lost; so a server that is slow for good, or drops one in a hundred under load, makes
 * no rows of failures. And while a probe is under way, or the server is stalled, live questions
 * alone do not make it fall: the probe's end tells a server that holds them from a dead one.
 */
#pragma once

#include <stdatomic.h>

#include <split53/health.h>
#include <split53/probe.h>
#include <split53/upstream.h>

enum health_signal {
	SIGNAL_ANSWER,
	SIGNAL_RISE,
	SIGNAL_DOUBT,
	SIGNAL_NOT_READY,
	SIGNAL_FALL,
	SIGNAL_REFUSE,
	SIGNAL_PROBE,
	SIGNAL_COUNT
};

/* Where `signal` leads from `state`. */
enum s53_health_state health_next(enum s53_health_state state, enum health_signal signal);

struct health {
	/* Two that write at once may lose a sample, which is as good as one that never came. */
	_Atomic uint64_t rtt; /* 8 x smoothed << 32 | 4 x variation; 0: unknown */
	_Atomic uint64_t live_ms; /* the last answer to a client's question; 0: none */
	_Atomic uint32_t loss; /* share of HEALTH_WHOLE */
	_Atomic uint32_t failed; /* the same << 8 | samples */
	_Atomic uint32_t state; /* enum s53_health_state */
	_Atomic bool troubled; /* an answer changes more than the numbers above */
	_Atomic bool proven; /* answered since it was last not up */
	_Atomic bool probes; /* the check's mode is not never */

	/* Under the lock. */
	bool known; /* it has shown some sign */
	unsigned rise, fall; /* the check's */
	enum s53_health_reason reason;
	uint64_t since_ms; /* of the state; probing is a part of down */
	uint64_t probed_ms; /* the last answer to a probe */
	uint64_t failed_ms;
	uint64_t raised_ms; /* when a doubt that weighs was last over; 0: never */
	uint64_t waits_ms; /* until then a probe is under way, whose end tells whether it falls */
	uint64_t resumed_ms; /* nobody listened some time before this; 0: always */
	uint64_t row_ms; /* when the first question of the row left */
	unsigned row; /* failures in a row */
	unsigned open; /* of these, late ones that have not ended yet */
	unsigned doubts; /* of these, those that are no wonder of a slow server */
	uint64_t run_ms; /* when the first answer of the run came */
	unsigned run; /* answers in a row; points while a doubt weighs */
	unsigned held; /* probes for work in a row that were held */
	unsigned unfit; /* probes in a row with a rcode that is not accepted */
	unsigned damp; /* doubts that weigh, soon after one another */
	uint64_t told_ms; /* the minute that changes are counted in, for the log */
	unsigned told;
};

#define HEALTH_WHOLE 65536 /* of a share */

/* What has changed, for the log; `changed` false: nothing. */
struct health_change {
	bool changed;
	enum s53_health_state from, to;
	enum s53_health_reason why;
	uint64_t lasted_ms; /* of `from` */
	unsigned told; /* which one of this minute it is, from 1; probes of the dead do not count */
};

struct health_probed {
	enum s53_probe_kind kind;
	enum s53_probe_end end;
	uint32_t rtt_ms; /* of an answer */
	uint64_t began_ms;
};

/* `now_ms`: it is up from then, with nothing known. */
void health_init(struct health *health, uint64_t now_ms);
void health_set_check(struct health *health, const struct s53_health_check *check);

/* Any thread, no lock: is an answer now nothing but another sample? Then that is taken by: */
bool health_is_calm(const struct health *health);
void health_answered(struct health *health, uint32_t rtt_ms, uint64_t now_ms);

/* Everything else: `waited_ms` of `sign` is since the question left. */
struct health_change health_observe(
    struct health *health, struct s53_observation sign, uint64_t now_ms);

/* A probe leaves over this protocol, and ends. */
struct health_change health_probe_leaves(
    struct health *health, const struct s53_probe *probe, uint64_t now_ms);
struct health_change health_probe_ends(
    struct health *health, const struct health_probed *probed, uint64_t now_ms);

/* Does its trouble need more than one or two answers to be disproved: loss, failures, a loop? */
bool health_doubt_weighs(const struct health *health);

void health_report(const struct health *health, struct s53_health_report *out);

/* Any thread, no lock. */
enum s53_health_state health_state(const struct health *health);
bool health_is_known(const struct health *health); /* ever answered a client's question */
bool health_is_proven(const struct health *health); /* up, and answered since it is */
uint32_t health_srtt_8ms(const struct health *health); /* in eighths of a ms; 0: unknown */
uint32_t health_wait_ms(const struct health *health); /* SRTT + 4 VAR; 0: unknown */
uint32_t health_late_ms(const struct health *health); /* the same, 20 to 250; 250: unknown */
uint32_t health_cost_8ms(const struct health *health);

/* sample.c: the numbers, without a lock. `rtt_ms` of an answer. */
void health_sample_rtt(struct health *health, uint32_t rtt_ms);
void health_forget_rtt(struct health *health); /* the next sample is the first */
void health_sample_loss(struct health *health, bool lost);
void health_sample_good(struct health *health); /* an answer; that it failed is told later */
void health_sample_failed(struct health *health);
uint32_t health_failed_share(const struct health *health);
bool health_is_lossy(const struct health *health);
bool health_is_failing(const struct health *health);
