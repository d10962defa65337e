/* SPDX-License-Identifier: ISC
 *
 * record.c - turns observations and the ends of probes into signals.
 *
 *   failures   in a row; the first one's query was sent at failures_since_ms. A reply ends the row
 *   successes  replies in a row. A lost query, a refusal and a failure end the row; an overdue one
 *              does not, otherwise a slow server would never be up
 */
#include "record.h"

#include <string.h>

#include <split53/clock.h>

#define SILENCE_MS 1000 /* at least so long without a reply before SILENT or FALL */
#define SILENCE_UNKNOWN_MS 3500 /* the same, while the round-trip time is unknown */
#define SUSPECT_AFTER 2 /* suspicious failures, or probes with bad rcodes, in a row */

#define NOT_READY_LOSS (SHARE_WHOLE / 50)
#define NOT_READY_IN_ROW 2
#define PROBE_GRACE_MS 500 /* until a probe's end is processed */
#define RTT_STALE_MS 1000 /* without a reply for so long, a far lower RTT is accepted at once */
#define LIVE_PROOF_MS 60000 /* for so long a live query's RTT is preferred to a probe's */

static uint64_t
replied_at_ms(const struct record *record)
{
	return atomic_load_explicit(&record->replied_at_ms, memory_order_relaxed);
}

/* The last reply of any kind. */
static uint64_t
last_reply_ms(const struct record *record)
{
	uint64_t live = replied_at_ms(record);

	return live > record->probe_replied_at_ms ? live : record->probe_replied_at_ms;
}

enum s53_health_state
record_state(const struct record *record)
{
	return (enum s53_health_state)atomic_load_explicit(&record->state, memory_order_relaxed);
}

bool
record_has_replied(const struct record *record)
{
	return replied_at_ms(record) != 0;
}

bool
record_is_proven(const struct record *record)
{
	return record_state(record) == S53_HEALTH_UP &&
	    atomic_load_explicit(&record->proven, memory_order_relaxed);
}

void
record_init(struct record *record, uint64_t now_ms)
{
	memset(record, 0, sizeof(*record)); /* up */
	record->since_ms = now_ms;
	record->probes = true;
	record->rise = S53_PROBE_RISE;
	record->fall = S53_PROBE_FALL;
}

void
record_set_check(struct record *record, const struct s53_health_check *check)
{
	record->probes = check->mode != S53_PROBE_MODE_NEVER;
	record->rise = check->rise > 0 ? check->rise : 1;
	record->fall = check->fall > 0 ? check->fall : 1;
	record->down_after_ms = check->down_after_ms;
	record->bad_rcodes = 0; /* the probe's query may have changed */
}

/* A reply ends the row of failures. */
static void
clear_failures(struct record *record)
{
	record->failures = record->failures_open = record->failures_suspicious = 0;
}

bool
record_is_troubled(const struct record *record)
{
	return atomic_load_explicit(&record->troubled, memory_order_relaxed);
}

/*
 * Drop the known round-trip time if the server was down, or if it had no queries for a while and is
 * far quicker now: then this sample is the first (RFC 6298 s2.2).
 */
static void
sample_rtt(struct record *record, uint32_t rtt_ms, uint64_t now_ms)
{
	enum s53_health_state state = record_state(record);
	bool quicker = 4 * 8 * (uint64_t)rtt_ms < record_srtt_8ms(record) &&
	    s53_clock_since_ms(replied_at_ms(record), now_ms) >= RTT_STALE_MS;

	if (quicker || s53_health_is_down(state) || state == S53_HEALTH_RECOVERING)
		record_forget_rtt(record);
	record_sample_rtt(record, rtt_ms);
}

void
record_sample_reply(struct record *record, uint32_t rtt_ms, uint64_t now_ms)
{
	sample_rtt(record, rtt_ms, now_ms);
	record_sample_loss(record, false);
	record_sample_good(record);
	if (replied_at_ms(record) != now_ms)
		atomic_store_explicit(&record->replied_at_ms, now_ms, memory_order_relaxed);
	if (!atomic_load_explicit(&record->proven, memory_order_relaxed) &&
	    record_state(record) == S53_HEALTH_UP)
		atomic_store_explicit(&record->proven, true, memory_order_relaxed);
}

/* A late reply does not revive a server that has refused since the query was sent. */
static bool
is_superseded(const struct record *record, uint64_t sent_ms)
{
	return s53_health_is_down(record_state(record)) && sent_ms < record->since_ms &&
	    (record->reason == S53_REASON_REFUSED || record->reason == S53_REASON_UNREACHABLE);
}

static struct record_change
on_reply(struct record *record, uint32_t rtt_ms, uint64_t now_ms)
{
	bool stalled = record_state(record) == S53_HEALTH_STALLED && record->probes;
	bool unfit = record->bad_rcodes > 0 && record->reason == S53_REASON_RCODE;

	record_sample_reply(record, rtt_ms, now_ms);
	if (is_superseded(record, s53_clock_since_ms(rtt_ms, now_ms)))
		return (struct record_change){ .changed = false };
	clear_failures(record);
	if (stalled || unfit) /* readiness probes alone decide */
		return record_signal(record, SIGNAL_REPLY, S53_REASON_NONE, now_ms);
	return record_succeed(record, 1, now_ms);
}

/*
 * Count a failure of a query that was sent at `sent_ms`. `ends`: it has timed out; if it was
 * overdue, it is counted already. false: not counted, because a reply arrived after it was sent.
 */
static bool
count_failure(struct record *record, uint64_t sent_ms, bool ends)
{
	if (sent_ms < last_reply_ms(record))
		return false;
	if (record->failures > 0 &&
	    record->failures_since_ms < record->resumed_ms) /* this process was suspended since */
		record->failures = record->failures_suspicious = record->failures_open = 0;
	if (ends && record->failures_open > 0) {
		record->failures_open--;
		return true;
	}
	if (record->failures == 0 || sent_ms < record->failures_since_ms)
		record->failures_since_ms = sent_ms;
	record->failures++;
	return true;
}

static uint64_t
silence_needed(const struct record *record)
{
	uint64_t rto_ms = record_rto_ms(record);
	uint64_t least_ms = rto_ms != 0 ? SILENCE_MS : SILENCE_UNKNOWN_MS;

	return rto_ms > least_ms ? rto_ms : least_ms;
}

static uint64_t
silence_ms(const struct record *record, uint64_t now_ms)
{
	return s53_clock_since_ms(record->failures_since_ms, now_ms);
}

static bool
is_silent(const struct record *record, uint64_t now_ms)
{
	return record->failures >= record->fall &&
	    silence_ms(record, now_ms) >= silence_needed(record);
}

/* The signal of the row of failures, if it is long enough for one. */
static struct record_change
judge_failures(struct record *record, enum s53_health_reason why, bool may_fall, uint64_t now_ms)
{
	if (may_fall && is_silent(record, now_ms))
		return record_signal(record,
		    silence_ms(record, now_ms) >= record->down_after_ms ? SIGNAL_FALL
									: SIGNAL_SILENT,
		    why == S53_REASON_OVERDUE ? S53_REASON_TIMEOUT : why, now_ms);
	if (record->failures_suspicious >= SUSPECT_AFTER)
		return record_signal(record, SIGNAL_SUSPECT, why, now_ms);
	if (record_is_lossy(record))
		return record_signal(record, SIGNAL_SUSPECT, S53_REASON_LOSS, now_ms);
	record_update_troubled(record);
	return (struct record_change){ .changed = false };
}

/* May live queries alone make it silent or fall? */
static bool
live_traffic_decides(const struct record *record, uint64_t now_ms)
{
	bool stalled = record_state(record) == S53_HEALTH_STALLED && record->probes;

	/* A silent server has not replied to probes either. */
	if (record_state(record) == S53_HEALTH_SILENT)
		return true;
	return !stalled && now_ms >= record->probe_until_ms;
}

static struct record_change
on_overdue(struct record *record, uint32_t waited_ms, uint64_t now_ms)
{
	uint32_t srtt_8ms = record_srtt_8ms(record);
	bool slow = record_rto_ms(record) != 0 && 8 * (uint64_t)waited_ms <= srtt_8ms;

	if (count_failure(record, s53_clock_since_ms(waited_ms, now_ms), false)) {
		record->failures_open++;
		record->failures_suspicious += !slow; /* overdue is normal for a slow server */
	}
	return judge_failures(
	    record, S53_REASON_OVERDUE, live_traffic_decides(record, now_ms), now_ms);
}

static void
mark_failure(struct record *record, enum s53_health_reason why, uint64_t sent_ms, uint64_t now_ms)
{
	record->failed_at_ms = now_ms;
	if (record_state(record) == S53_HEALTH_UP)
		record->reason = why;
	if (sent_ms >= record->successes_since_ms)
		record->successes = 0;
}

static struct record_change
on_timeout(struct record *record, enum s53_health_reason why, uint32_t waited_ms, uint64_t now_ms)
{
	uint64_t sent_ms = s53_clock_since_ms(waited_ms, now_ms);

	/* The client's query ended before this upstream query was even overdue. */
	if (why == S53_REASON_TIMEOUT && waited_ms < record_hedge_ms(record))
		return (struct record_change){ .changed = false };
	/*
	 * A query counts as loss only among replies: not while the server is down or silent, nor
	 * when it was sent before the server was up. The row of failures and the state cover these.
	 */
	if (record_suspicion_persists(record) ||
	    (record_state(record) == S53_HEALTH_UP && sent_ms >= record->since_ms))
		record_sample_loss(record, true);
	if (count_failure(record, sent_ms, true) && record->failures_suspicious < record->failures)
		record->failures_suspicious++;
	mark_failure(record, why, sent_ms, now_ms);
	return judge_failures(record, why, live_traffic_decides(record, now_ms), now_ms);
}

static struct record_change
on_refused(struct record *record, enum s53_health_reason why, uint64_t now_ms)
{
	mark_failure(record, why, now_ms, now_ms);
	return record_signal(record, SIGNAL_REFUSED, why, now_ms);
}

static struct record_change
on_failed(struct record *record, enum s53_health_reason why, uint64_t now_ms)
{
	if (why == S53_REASON_LOOP)
		record_sample_good(record); /* no ANSWERED was observed for it */
	record_sample_failed(record);
	mark_failure(record, why, now_ms, now_ms);
	if (record_is_failing(record))
		return record_signal(record, SIGNAL_SUSPECT, why, now_ms);
	return (struct record_change){ .changed = false };
}

struct record_change
record_observe(struct record *record, struct s53_observation observation, uint64_t now_ms)
{
	record->observed = true;
	if (observation.resumed_ms > record->resumed_ms)
		record->resumed_ms = observation.resumed_ms;
	switch (observation.event) {
	case S53_OBSERVED_ANSWERED:
		return on_reply(record, observation.waited_ms, now_ms);
	case S53_OBSERVED_OVERDUE:
		return on_overdue(record, observation.waited_ms, now_ms);
	case S53_OBSERVED_TIMEOUT:
		return on_timeout(record, S53_REASON_TIMEOUT, observation.waited_ms, now_ms);
	case S53_OBSERVED_GARBLED:
		return on_timeout(record, S53_REASON_GARBAGE, observation.waited_ms, now_ms);
	case S53_OBSERVED_REFUSED:
		return on_refused(record, S53_REASON_REFUSED, now_ms);
	case S53_OBSERVED_UNREACHABLE:
		return on_refused(record, S53_REASON_UNREACHABLE, now_ms);
	case S53_OBSERVED_FAILED:
		return on_failed(record, S53_REASON_RCODE, now_ms);
	case S53_OBSERVED_LOOP:
		return on_failed(record, S53_REASON_LOOP, now_ms);
	}
	return (struct record_change){ .changed = false };
}

struct record_change
record_probe_begin(struct record *record, const struct s53_probe *probe, uint64_t now_ms)
{
	record->observed = true;
	record->probe_until_ms = now_ms + probe->timeout_ms + PROBE_GRACE_MS;
	return record_signal(record, SIGNAL_PROBE, record->reason, now_ms);
}

static struct record_change
probe_answered(struct record *record, const struct probe_result *result, uint64_t now_ms)
{
	unsigned points = 1;

	record->probe_replied_at_ms = now_ms;
	clear_failures(record);
	/*
	 * A readiness probe usually takes longer than live queries: its RTT counts only while there
	 * is no better one.
	 */
	if (record_state(record) != S53_HEALTH_UP || replied_at_ms(record) == 0 ||
	    s53_clock_since_ms(replied_at_ms(record), now_ms) > LIVE_PROOF_MS)
		sample_rtt(record, result->rtt_ms, now_ms);
	if (result->kind == S53_PROBE_LIVENESS)
		return record_signal(record, SIGNAL_REPLY, S53_REASON_NONE, now_ms);
	record->bad_rcodes = record->not_ready = 0;
	if (record_suspicion_persists(record))
		points = (CLEAR_REPLIES + record->rise - 1) / record->rise;
	return record_succeed(record, points, now_ms);
}

static struct record_change
probe_lost(struct record *record, uint64_t began_ms, uint64_t now_ms)
{
	bool is_dead = s53_health_is_dead(record_state(record));

	if (count_failure(record, began_ms, false))
		record->failures_suspicious++;
	mark_failure(record, S53_REASON_TIMEOUT, began_ms, now_ms);
	if (is_dead)
		return record_signal(record, SIGNAL_FALL, S53_REASON_TIMEOUT, now_ms);
	return judge_failures(record, S53_REASON_TIMEOUT, true, now_ms);
}

/*
 * The server declines the probe's query, so it is alive. That suffices unless its replies were
 * suspicious: a recursor that refuses `. NS` must not stay down because of that.
 */
static bool
liveness_suffices(const struct record *record)
{
	enum s53_health_state state = record_state(record);

	return state != S53_HEALTH_UP && state != S53_HEALTH_STALLED &&
	    record->reason != S53_REASON_RCODE && record->reason != S53_REASON_LOOP &&
	    record->reason != S53_REASON_GARBAGE && record_failed_share(record) < SHARE_WHOLE / 2;
}

static struct record_change
probe_bad_rcode(struct record *record, enum s53_probe_end end, uint64_t now_ms)
{
	record->probe_replied_at_ms = now_ms;
	clear_failures(record);
	if (end == S53_PROBE_DECLINED && liveness_suffices(record))
		return record_succeed(record, 1, now_ms);
	mark_failure(record, S53_REASON_RCODE, now_ms, now_ms);
	record->bad_rcodes++;
	return record_signal(record,
	    record->bad_rcodes >= SUSPECT_AFTER && !s53_health_is_down(record_state(record))
		? SIGNAL_SUSPECT
		: SIGNAL_REPLY,
	    S53_REASON_RCODE, now_ms);
}

static struct record_change
probe_not_ready(struct record *record, uint64_t began_ms, uint64_t now_ms)
{
	bool lossy = atomic_load_explicit(&record->loss, memory_order_relaxed) > NOT_READY_LOSS ||
	    replied_at_ms(record) > began_ms;

	record->probe_replied_at_ms = now_ms;
	clear_failures(record);
	mark_failure(record, S53_REASON_NOT_READY, now_ms, now_ms);
	record->not_ready++;
	/*
	 * With loss, or replies to other queries meanwhile, this query alone may have been lost or
	 * slow.
	 */
	return record_signal(record,
	    lossy && record->not_ready < NOT_READY_IN_ROW ? SIGNAL_REPLY : SIGNAL_NOT_READY,
	    S53_REASON_NOT_READY, now_ms);
}

struct record_change
record_probe_end(struct record *record, const struct probe_result *result, uint64_t now_ms)
{
	record->probe_until_ms = 0;
	switch (result->end) {
	case S53_PROBE_ANSWERED:
		return probe_answered(record, result, now_ms);
	case S53_PROBE_UNFIT:
	case S53_PROBE_DECLINED:
		return probe_bad_rcode(record, result->end, now_ms);
	case S53_PROBE_NOT_READY:
		return probe_not_ready(record, result->began_ms, now_ms);
	case S53_PROBE_LOST:
		return probe_lost(record, result->began_ms, now_ms);
	case S53_PROBE_REFUSED:
		return on_refused(record, S53_REASON_REFUSED, now_ms);
	case S53_PROBE_UNREACHABLE:
		return on_refused(record, S53_REASON_UNREACHABLE, now_ms);
	case S53_PROBE_SKIPPED:
		break;
	}
	if (record_state(record) == S53_HEALTH_PROBING) /* down as before */
		return record_signal(record, SIGNAL_FALL, record->reason, now_ms);
	return (struct record_change){ .changed = false };
}

static uint32_t
permille(uint32_t share)
{
	return (uint32_t)((uint64_t)share * 1000 / SHARE_WHOLE);
}

void
record_report(const struct record *record, struct s53_health_report *out)
{
	uint32_t srtt_8ms = record_srtt_8ms(record), rto_ms = record_rto_ms(record);

	*out = (struct s53_health_report){
		.state = record_state(record),
		.reason = record->reason,
		.since_ms = record->since_ms,
		.asked = record->observed || rto_ms != 0,
		.has_rtt = rto_ms != 0,
		.rtt_ms = srtt_8ms / 8,
		.variation_ms = (rto_ms - srtt_8ms / 8) / 4,
		.loss_permille =
		    permille(atomic_load_explicit(&record->loss, memory_order_relaxed)),
		.failed_permille = permille(record_failed_share(record)),
		.timeouts_in_row = record->failures,
		.answered_at_ms = last_reply_ms(record),
		.failed_at_ms = record->failed_at_ms,
	};
}
