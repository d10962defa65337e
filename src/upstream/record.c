/* SPDX-License-Identifier: ISC
 *
 * record.c - how signs and probes become signals of the table of states.
 *
 *   row   failures in a row, begun when the first of their questions left. An answer ends it
 *   run   answers in a row. A lost question, a refusal and a failure end it; a late one does not,
 *         or a slow server would never be up
 */
#include "health.h"

#include <string.h>

#include <split53/clock.h>

#define SILENCE_MS 1000 /* nothing answered for so long, before it may be called down */
#define SILENCE_UNKNOWN_MS 3500 /* of a server whose round-trip time nobody knows */
#define DOUBTS 2 /* late ones, or unfit probes, in a row that make a suspect */

/*
 * A doubt that weighs is gone after 16 answers, each good; a probe is worth several, so that `rise`
 * of them do. As these answers prove little (one in five may get lost and 16 come through),
 * the same doubt within a minute costs double, up to eightfold.
 */
#define WEIGHT 16u
#define HELD_LOSS (HEALTH_WHOLE / 50)
#define HELD_TWICE 2
#define DAMP_MAX 3
#define DAMP_MS 60000

#define TOLD_MS 60000 /* changes are counted for the log by the minute */

#define PROBE_GRACE_MS 500 /* for a probe's end to be told */
#define STALE_RTT_MS 1000 /* after so long one answer that is far quicker is believed at once */
#define LIVE_PROOF_MS 60000 /* for so long a live answer's time counts more than a probe's */

static uint64_t
live_ms(const struct health *health)
{
	return atomic_load_explicit(&health->live_ms, memory_order_relaxed);
}

/* The last answer of any kind. */
static uint64_t
heard_ms(const struct health *health)
{
	uint64_t live = live_ms(health);

	return live > health->probed_ms ? live : health->probed_ms;
}

enum s53_health_state
health_state(const struct health *health)
{
	return (enum s53_health_state)atomic_load_explicit(&health->state, memory_order_relaxed);
}

bool
health_is_known(const struct health *health)
{
	return live_ms(health) != 0;
}

bool
health_is_proven(const struct health *health)
{
	return health_state(health) == S53_HEALTH_UP &&
	    atomic_load_explicit(&health->proven, memory_order_relaxed);
}

void
health_init(struct health *health, uint64_t now_ms)
{
	memset(health, 0, sizeof(*health)); /* up */
	health->since_ms = now_ms;
	health->probes = true;
	health->rise = S53_CHECK_RISE;
	health->fall = S53_CHECK_FALL;
}

void
health_set_check(struct health *health, const struct s53_health_check *check)
{
	health->probes = check->mode != S53_CHECK_NEVER;
	health->rise = check->rise > 0 ? check->rise : 1;
	health->fall = check->fall > 0 ? check->fall : 1;
	health->unfit = 0; /* the question may be another */
}

static bool
weighs(enum s53_health_reason reason)
{
	return reason == S53_REASON_LOSS || reason == S53_REASON_RCODE || reason == S53_REASON_LOOP;
}

bool
health_doubt_weighs(const struct health *health)
{
	return health_state(health) == S53_HEALTH_SUSPECT && weighs(health->reason);
}

/* Whether the next answer needs the lock. */
static void
settle(struct health *health)
{
	bool troubled = health_state(health) != S53_HEALTH_UP || health->row != 0;

	atomic_store_explicit(&health->troubled, troubled, memory_order_relaxed);
}

/* What was lost while it was in trouble says nothing of how it is from now on. */
static void
rise(struct health *health, enum s53_health_state from, uint64_t now_ms)
{
	if (from != S53_HEALTH_SUSPECT || weighs(health->reason))
		atomic_store_explicit(&health->loss, 0, memory_order_relaxed);
	if (from == S53_HEALTH_SUSPECT && weighs(health->reason)) {
		atomic_store_explicit(&health->failed, 0, memory_order_relaxed);
		health->raised_ms = now_ms;
	}
	health->unfit = 0;
}

static void
suspect(struct health *health, uint64_t now_ms)
{
	if (!weighs(health->reason))
		return;
	if (health->raised_ms == 0 || s53_clock_since_ms(health->raised_ms, now_ms) > DAMP_MS)
		health->damp = 0;
	else if (health->damp < DAMP_MAX)
		health->damp++;
}

/* Which change of this minute is it? */
static unsigned
count_change(struct health *health, uint64_t now_ms)
{
	if (health->told == 0 || s53_clock_since_ms(health->told_ms, now_ms) >= TOLD_MS) {
		health->told_ms = now_ms;
		health->told = 0;
	}
	return ++health->told;
}

static struct health_change
move(struct health *health, enum s53_health_state to, enum s53_health_reason why, uint64_t now_ms)
{
	struct health_change change = { .changed = true,
		.from = health_state(health),
		.to = to,
		.why = why,
		.lasted_ms = s53_clock_since_ms(health->since_ms, now_ms) };
	bool probed = s53_health_is_down(change.from) && s53_health_is_down(to);

	atomic_store_explicit(&health->state, to, memory_order_relaxed);
	if (!probed) {
		health->since_ms = now_ms;
		change.told = count_change(health, now_ms);
	}
	if (to == S53_HEALTH_UP)
		rise(health, change.from, now_ms);
	else
		atomic_store_explicit(&health->proven, false, memory_order_relaxed);
	if (to == S53_HEALTH_SUSPECT)
		suspect(health, now_ms);
	if (to != S53_HEALTH_RECOVERING)
		health->run = 0; /* what it did well before does not count again */
	return change;
}

/* Is `why` to be told as the reason from now on? */
static bool
is_reason(const struct health *health, enum health_signal signal, enum s53_health_reason why)
{
	switch (signal) {
	case SIGNAL_DOUBT:
		return health_state(health) == S53_HEALTH_UP ||
		    (health_state(health) == S53_HEALTH_SUSPECT && weighs(why) &&
			!weighs(health->reason));
	case SIGNAL_NOT_READY:
	case SIGNAL_FALL:
	case SIGNAL_REFUSE:
		return true;
	default:
		return false;
	}
}

static struct health_change
give(struct health *health, enum health_signal signal, enum s53_health_reason why, uint64_t now_ms)
{
	enum s53_health_state from = health_state(health), to = health_next(from, signal);
	struct health_change change = { .changed = false };

	if (is_reason(health, signal, why))
		health->reason = why;
	if (to != from)
		change = move(health, to, why, now_ms);
	settle(health);
	return change;
}

/* An answer: no row of failures any more. */
static void
hear(struct health *health)
{
	health->row = health->open = health->doubts = 0;
}

/* So many answers in a row make it rise. */
static unsigned
needed(const struct health *health)
{
	return health_doubt_weighs(health) ? WEIGHT << health->damp : health->rise;
}

static struct health_change
gain(struct health *health, unsigned points, uint64_t now_ms)
{
	struct health_change change;

	if (health->run == 0)
		health->run_ms = now_ms;
	health->run += points;
	change = give(health, health->run >= needed(health) ? SIGNAL_RISE : SIGNAL_ANSWER,
	    S53_REASON_NONE, now_ms);
	if (health_state(health) == S53_HEALTH_UP)
		atomic_store_explicit(&health->proven, true, memory_order_relaxed);
	return change;
}

bool
health_is_calm(const struct health *health)
{
	return !atomic_load_explicit(&health->troubled, memory_order_relaxed);
}

/*
 * What was known of its time is of no use when it was down, or when nobody has asked for a while
 * and it is far quicker now: then it is measured as for the first time (RFC 6298 s2.2).
 */
static void
sample_rtt(struct health *health, uint32_t rtt_ms, uint64_t now_ms)
{
	enum s53_health_state state = health_state(health);
	bool quicker = 4 * 8 * (uint64_t)rtt_ms < health_srtt_8ms(health) &&
	    s53_clock_since_ms(live_ms(health), now_ms) >= STALE_RTT_MS;

	if (quicker || s53_health_is_down(state) || state == S53_HEALTH_RECOVERING)
		health_forget_rtt(health);
	health_sample_rtt(health, rtt_ms);
}

void
health_answered(struct health *health, uint32_t rtt_ms, uint64_t now_ms)
{
	sample_rtt(health, rtt_ms, now_ms);
	health_sample_loss(health, false);
	health_sample_good(health);
	if (live_ms(health) != now_ms)
		atomic_store_explicit(&health->live_ms, now_ms, memory_order_relaxed);
	if (!atomic_load_explicit(&health->proven, memory_order_relaxed) &&
	    health_state(health) == S53_HEALTH_UP)
		atomic_store_explicit(&health->proven, true, memory_order_relaxed);
}

/* Who was there when he was asked, but has refused since, is not there for an answer on its way. */
static bool
is_overtaken(const struct health *health, uint64_t left_ms)
{
	return s53_health_is_down(health_state(health)) && left_ms < health->since_ms &&
	    (health->reason == S53_REASON_REFUSED || health->reason == S53_REASON_UNREACHABLE);
}

static struct health_change
on_answer(struct health *health, uint32_t rtt_ms, uint64_t now_ms)
{
	bool stalled = health_state(health) == S53_HEALTH_STALLED && health->probes;
	bool unfit = health->unfit > 0 && health->reason == S53_REASON_RCODE;

	health_answered(health, rtt_ms, now_ms);
	if (is_overtaken(health, s53_clock_since_ms(rtt_ms, now_ms)))
		return (struct health_change){ .changed = false };
	hear(health);
	if (stalled || unfit) /* by some question; but probes for work decide */
		return give(health, SIGNAL_ANSWER, S53_REASON_NONE, now_ms);
	return gain(health, 1, now_ms);
}

/*
 * A failure of a question that left at `left_ms`; false: something was answered since. One that
 * was late is in the row already when it ends.
 */
static bool
enter_row(struct health *health, uint64_t left_ms, bool ends)
{
	if (left_ms < heard_ms(health))
		return false;
	if (health->row > 0 && health->row_ms < health->resumed_ms) /* nobody listened meanwhile */
		health->row = health->doubts = health->open = 0;
	if (ends && health->open > 0) {
		health->open--;
		return true;
	}
	if (health->row == 0 || left_ms < health->row_ms)
		health->row_ms = left_ms;
	health->row++;
	return true;
}

static uint64_t
silence_needed(const struct health *health)
{
	uint64_t wait_ms = health_wait_ms(health);
	uint64_t least_ms = wait_ms != 0 ? SILENCE_MS : SILENCE_UNKNOWN_MS;

	return wait_ms > least_ms ? wait_ms : least_ms;
}

static bool
is_silent(const struct health *health, uint64_t now_ms)
{
	return health->row >= health->fall &&
	    s53_clock_since_ms(health->row_ms, now_ms) >= silence_needed(health);
}

/* What the row says, once live questions or probes have made it longer. */
static struct health_change
weigh(struct health *health, enum s53_health_reason why, bool may_fall, uint64_t now_ms)
{
	if (may_fall && is_silent(health, now_ms))
		return give(
		    health, SIGNAL_FALL, why == S53_REASON_LATE ? S53_REASON_TIMEOUT : why, now_ms);
	if (health->doubts >= DOUBTS)
		return give(health, SIGNAL_DOUBT, why, now_ms);
	if (health_is_lossy(health))
		return give(health, SIGNAL_DOUBT, S53_REASON_LOSS, now_ms);
	settle(health);
	return (struct health_change){ .changed = false };
}

/* May live questions alone make it fall? */
static bool
live_decides(const struct health *health, uint64_t now_ms)
{
	bool stalled = health_state(health) == S53_HEALTH_STALLED && health->probes;

	return !stalled && now_ms >= health->waits_ms;
}

static struct health_change
on_late(struct health *health, uint32_t waited_ms, uint64_t now_ms)
{
	uint32_t srtt_8ms = health_srtt_8ms(health);
	bool slow = health_wait_ms(health) != 0 && 8 * (uint64_t)waited_ms <= srtt_8ms;

	if (enter_row(health, s53_clock_since_ms(waited_ms, now_ms), false)) {
		health->open++;
		health->doubts += !slow; /* that a slow one is not here yet is no wonder */
	}
	return weigh(health, S53_REASON_LATE, live_decides(health, now_ms), now_ms);
}

static void
fail(struct health *health, enum s53_health_reason why, uint64_t left_ms, uint64_t now_ms)
{
	health->failed_ms = now_ms;
	if (health_state(health) == S53_HEALTH_UP)
		health->reason = why;
	if (left_ms >= health->run_ms)
		health->run = 0;
}

static struct health_change
on_lost(struct health *health, enum s53_health_reason why, uint32_t waited_ms, uint64_t now_ms)
{
	uint64_t left_ms = s53_clock_since_ms(waited_ms, now_ms);

	/* The query's time was over before this question was even late. */
	if (why == S53_REASON_TIMEOUT && waited_ms < health_late_ms(health))
		return (struct health_change){ .changed = false };
	/*
	 * What gets lost while nothing is answered, or left before it rose, is no loss among
	 * answers: the row and the state tell of that.
	 */
	if (health_doubt_weighs(health) ||
	    (health_state(health) == S53_HEALTH_UP && left_ms >= health->since_ms))
		health_sample_loss(health, true);
	if (enter_row(health, left_ms, true) && health->doubts < health->row)
		health->doubts++;
	fail(health, why, left_ms, now_ms);
	return weigh(health, why, live_decides(health, now_ms), now_ms);
}

static struct health_change
on_refused(struct health *health, enum s53_health_reason why, uint64_t now_ms)
{
	fail(health, why, now_ms, now_ms);
	return give(health, SIGNAL_REFUSE, why, now_ms);
}

static struct health_change
on_failed(struct health *health, enum s53_health_reason why, uint64_t now_ms)
{
	if (why == S53_REASON_LOOP)
		health_sample_good(health); /* no ANSWERED came before it */
	health_sample_failed(health);
	fail(health, why, now_ms, now_ms);
	if (health_is_failing(health))
		return give(health, SIGNAL_DOUBT, why, now_ms);
	return (struct health_change){ .changed = false };
}

struct health_change
health_observe(struct health *health, struct s53_observation sign, uint64_t now_ms)
{
	health->known = true;
	if (sign.resumed_ms > health->resumed_ms)
		health->resumed_ms = sign.resumed_ms;
	switch (sign.event) {
	case S53_OBSERVED_ANSWERED:
		return on_answer(health, sign.waited_ms, now_ms);
	case S53_OBSERVED_OVERDUE:
		return on_late(health, sign.waited_ms, now_ms);
	case S53_OBSERVED_TIMEOUT:
		return on_lost(health, S53_REASON_TIMEOUT, sign.waited_ms, now_ms);
	case S53_OBSERVED_GARBLED:
		return on_lost(health, S53_REASON_GARBAGE, sign.waited_ms, now_ms);
	case S53_OBSERVED_REFUSED:
		return on_refused(health, S53_REASON_REFUSED, now_ms);
	case S53_OBSERVED_UNREACHABLE:
		return on_refused(health, S53_REASON_UNREACHABLE, now_ms);
	case S53_OBSERVED_FAILED:
		return on_failed(health, S53_REASON_RCODE, now_ms);
	case S53_OBSERVED_LOOP:
		return on_failed(health, S53_REASON_LOOP, now_ms);
	}
	return (struct health_change){ .changed = false };
}

struct health_change
health_probe_leaves(struct health *health, const struct s53_probe *probe, uint64_t now_ms)
{
	health->known = true;
	health->waits_ms = now_ms + probe->timeout_ms + PROBE_GRACE_MS;
	return give(health, SIGNAL_PROBE, health->reason, now_ms);
}

static struct health_change
probe_answered(struct health *health, const struct health_probed *probed, uint64_t now_ms)
{
	unsigned points = 1;

	health->probed_ms = now_ms;
	hear(health);
	/* The time of real work says little of live questions: it counts for want of better. */
	if (health_state(health) != S53_HEALTH_UP || live_ms(health) == 0 ||
	    s53_clock_since_ms(live_ms(health), now_ms) > LIVE_PROOF_MS)
		sample_rtt(health, probed->rtt_ms, now_ms);
	if (probed->kind == S53_PROBE_LIVENESS)
		return give(health, SIGNAL_ANSWER, S53_REASON_NONE, now_ms);
	health->unfit = health->held = 0;
	if (health_doubt_weighs(health))
		points = (WEIGHT + health->rise - 1) / health->rise;
	return gain(health, points, now_ms);
}

static struct health_change
probe_lost(struct health *health, uint64_t began_ms, uint64_t now_ms)
{
	bool is_down = s53_health_is_down(health_state(health));

	if (enter_row(health, began_ms, false))
		health->doubts++;
	fail(health, S53_REASON_TIMEOUT, began_ms, now_ms);
	if (is_down)
		return give(health, SIGNAL_FALL, S53_REASON_TIMEOUT, now_ms);
	return weigh(health, S53_REASON_TIMEOUT, true, now_ms);
}

/*
 * It declines this question, but it lives: that is all that was in doubt, unless its answers were.
 * A recursor that refuses `. NS` must not stay down for it.
 */
static bool
life_proves_enough(const struct health *health)
{
	enum s53_health_state state = health_state(health);

	return state != S53_HEALTH_UP && state != S53_HEALTH_STALLED &&
	    health->reason != S53_REASON_RCODE && health->reason != S53_REASON_LOOP &&
	    health->reason != S53_REASON_GARBAGE && health_failed_share(health) < HEALTH_WHOLE / 2;
}

static struct health_change
probe_unfit(struct health *health, enum s53_probe_end end, uint64_t now_ms)
{
	health->probed_ms = now_ms;
	hear(health);
	if (end == S53_PROBE_DECLINED && life_proves_enough(health))
		return gain(health, 1, now_ms);
	fail(health, S53_REASON_RCODE, now_ms, now_ms);
	health->unfit++;
	return give(health,
	    health->unfit >= DOUBTS && !s53_health_is_down(health_state(health)) ? SIGNAL_DOUBT
										 : SIGNAL_ANSWER,
	    S53_REASON_RCODE, now_ms);
}

static struct health_change
probe_held(struct health *health, uint64_t began_ms, uint64_t now_ms)
{
	bool lossy = atomic_load_explicit(&health->loss, memory_order_relaxed) > HELD_LOSS ||
	    live_ms(health) > began_ms;

	health->probed_ms = now_ms;
	hear(health);
	fail(health, S53_REASON_NOT_READY, now_ms, now_ms);
	health->held++;
	/* Where others are answered it may have been just this question, or it got lost. */
	return give(health, lossy && health->held < HELD_TWICE ? SIGNAL_ANSWER : SIGNAL_NOT_READY,
	    S53_REASON_NOT_READY, now_ms);
}

struct health_change
health_probe_ends(struct health *health, const struct health_probed *probed, uint64_t now_ms)
{
	health->waits_ms = 0;
	switch (probed->end) {
	case S53_PROBE_ANSWERED:
		return probe_answered(health, probed, now_ms);
	case S53_PROBE_UNFIT:
	case S53_PROBE_DECLINED:
		return probe_unfit(health, probed->end, now_ms);
	case S53_PROBE_NOT_READY:
		return probe_held(health, probed->began_ms, now_ms);
	case S53_PROBE_LOST:
		return probe_lost(health, probed->began_ms, now_ms);
	case S53_PROBE_REFUSED:
		return on_refused(health, S53_REASON_REFUSED, now_ms);
	case S53_PROBE_UNREACHABLE:
		return on_refused(health, S53_REASON_UNREACHABLE, now_ms);
	case S53_PROBE_SKIPPED:
		break;
	}
	if (health_state(health) == S53_HEALTH_PROBING) /* as down as before */
		return give(health, SIGNAL_FALL, health->reason, now_ms);
	return (struct health_change){ .changed = false };
}

static uint32_t
permille(uint32_t share)
{
	return (uint32_t)((uint64_t)share * 1000 / HEALTH_WHOLE);
}

void
health_report(const struct health *health, struct s53_health_report *out)
{
	uint32_t srtt_8ms = health_srtt_8ms(health), wait_ms = health_wait_ms(health);

	*out = (struct s53_health_report){
		.state = health_state(health),
		.reason = health->reason,
		.since_ms = health->since_ms,
		.asked = health->known || wait_ms != 0,
		.has_rtt = wait_ms != 0,
		.rtt_ms = srtt_8ms / 8,
		.variation_ms = (wait_ms - srtt_8ms / 8) / 4,
		.loss_permille =
		    permille(atomic_load_explicit(&health->loss, memory_order_relaxed)),
		.failed_permille = permille(health_failed_share(health)),
		.timeouts_in_row = health->row,
		.answered_at_ms = heard_ms(health),
		.failed_at_ms = health->failed_ms,
	};
}
