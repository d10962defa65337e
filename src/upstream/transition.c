/* SPDX-License-Identifier: ISC
 *
 * transition.c - applies signals to a record and updates what depends on its state.
 *
 * A suspicion of loss, of failures or of a loop persists until CLEAR_REPLIES good replies in a row.
 * That many prove little (at a loss of one in five, 16 in a row do arrive now and then), so each
 * relapse within RELAPSE_MS of the last clearing doubles the number, at most eightfold.
 */
#include "record.h"

#include <split53/clock.h>

#define RELAPSES_MAX 3
#define RELAPSE_MS 60000
#define CHANGES_MS 60000 /* the log's limit of changes is per minute */

static bool
is_persistent(enum s53_health_reason reason)
{
	return reason == S53_REASON_LOSS || reason == S53_REASON_RCODE || reason == S53_REASON_LOOP;
}

bool
record_suspicion_persists(const struct record *record)
{
	return record_state(record) == S53_HEALTH_SUSPECT && is_persistent(record->reason);
}

void
record_update_troubled(struct record *record)
{
	bool troubled = record_state(record) != S53_HEALTH_UP || record->failures != 0;

	atomic_store_explicit(&record->troubled, troubled, memory_order_relaxed);
}

/* The loss and failures of a time in trouble do not predict those of the time that begins now. */
static void
on_up(struct record *record, enum s53_health_state from, uint64_t now_ms)
{
	if (from != S53_HEALTH_SUSPECT || is_persistent(record->reason))
		atomic_store_explicit(&record->loss, 0, memory_order_relaxed);
	if (from == S53_HEALTH_SUSPECT && is_persistent(record->reason)) {
		atomic_store_explicit(&record->failed, 0, memory_order_relaxed);
		record->cleared_at_ms = now_ms;
	}
	record->bad_rcodes = 0;
}

static void
on_suspect(struct record *record, uint64_t now_ms)
{
	if (!is_persistent(record->reason))
		return;
	if (record->cleared_at_ms == 0 ||
	    s53_clock_since_ms(record->cleared_at_ms, now_ms) > RELAPSE_MS)
		record->relapses = 0;
	else if (record->relapses < RELAPSES_MAX)
		record->relapses++;
}

/* Count a change in its minute. */
static unsigned
count_change(struct record *record, uint64_t now_ms)
{
	if (record->changes == 0 ||
	    s53_clock_since_ms(record->changes_since_ms, now_ms) >= CHANGES_MS) {
		record->changes_since_ms = now_ms;
		record->changes = 0;
	}
	return ++record->changes;
}

static struct record_change
move(struct record *record, enum s53_health_state to, enum s53_health_reason why, uint64_t now_ms)
{
	struct record_change change = { .changed = true,
		.from = record_state(record),
		.to = to,
		.why = why,
		.lasted_ms = s53_clock_since_ms(record->since_ms, now_ms) };
	bool stays_dead = s53_health_is_dead(change.from) && s53_health_is_dead(to);

	atomic_store_explicit(&record->state, to, memory_order_relaxed);
	if (!stays_dead) {
		record->since_ms = now_ms;
		change.number = count_change(record, now_ms);
	}
	if (to == S53_HEALTH_UP)
		on_up(record, change.from, now_ms);
	else
		atomic_store_explicit(&record->proven, false, memory_order_relaxed);
	if (to == S53_HEALTH_SUSPECT)
		on_suspect(record, now_ms);
	if (to != S53_HEALTH_RECOVERING)
		record->successes = 0; /* earlier successes do not count for the new state */
	return change;
}

/* Does `why` become the record's reason? */
static bool
is_reason(const struct record *record, enum health_signal signal, enum s53_health_reason why)
{
	switch (signal) {
	case SIGNAL_SUSPECT:
		return record_state(record) == S53_HEALTH_UP ||
		    (record_state(record) == S53_HEALTH_SUSPECT && is_persistent(why) &&
			!is_persistent(record->reason));
	case SIGNAL_NOT_READY:
	case SIGNAL_SILENT:
	case SIGNAL_FALL:
	case SIGNAL_REFUSED:
		return true;
	default:
		return false;
	}
}

struct record_change
record_signal(
    struct record *record, enum health_signal signal, enum s53_health_reason why, uint64_t now_ms)
{
	enum s53_health_state from = record_state(record), to = health_next(from, signal);
	struct record_change change = { .changed = false };

	if (is_reason(record, signal, why))
		record->reason = why;
	if (to != from)
		change = move(record, to, why, now_ms);
	record_update_troubled(record);
	return change;
}

/* Replies in a row until RISE. */
static unsigned
successes_needed(const struct record *record)
{
	return record_suspicion_persists(record) ? CLEAR_REPLIES << record->relapses : record->rise;
}

struct record_change
record_succeed(struct record *record, unsigned successes, uint64_t now_ms)
{
	struct record_change change;

	if (record->successes == 0)
		record->successes_since_ms = now_ms;
	record->successes += successes;
	change = record_signal(record,
	    record->successes >= successes_needed(record) ? SIGNAL_RISE : SIGNAL_REPLY,
	    S53_REASON_NONE, now_ms);
	if (record_state(record) == S53_HEALTH_UP)
		atomic_store_explicit(&record->proven, true, memory_order_relaxed);
	return change;
}
