/* SPDX-License-Identifier: ISC
 *
 * probing.c - the plan of a server's probes: what is asked next, and when.
 *
 *   nothing is wrong     lazy: none. always: work, each interval
 *   suspect, stalled,    work, an interval after the last; at once on entering and after an answer,
 *   recovering           as two in a row are wanted (but not when loss or failures are doubted:
 *                        probes at once would all see the same moment)
 *   down                 in turns work over TCP, work and life over UDP, a tenth of the time down
 *                        after the last; TCP has no turn once it has proved itself
 *
 * A doubt that live questions cast is looked into even when others of them have dispelled it: a
 * server that holds what needs work answers the rest.
 *
 * All times count from when the last probe left, so that one that is waited for in vain delays
 * nothing. UDP comes first; TCP alone in trouble is probed as UDP would be.
 */
#include "server.h"

#include <split53/clock.h>
#include <split53/rand.h>

#define TIMEOUT_MAX_MS 5000
#define LIFE_AFTER_MAX_MS 250
#define INTERVAL_MIN_MS 1000

enum turn { TURN_TCP, TURN_READINESS, TURN_LIVENESS, TURNS };

static uint64_t
interval_ms(const struct probing *probing)
{
	uint64_t interval_ms = (uint64_t)probing->check.interval_s * 1000;

	return interval_ms > INTERVAL_MIN_MS ? interval_ms : INTERVAL_MIN_MS;
}

/* A tenth of the time that it has been so, within bounds; with jitter, as others probe it too. */
static uint64_t
back_off_ms(const struct probing *probing, uint64_t time_ms)
{
	uint64_t least_ms = interval_ms(probing);
	uint64_t most_ms = (uint64_t)probing->check.interval_max_s * 1000;
	uint64_t gap_ms = time_ms / 10;

	if (gap_ms > most_ms)
		gap_ms = most_ms;
	gap_ms = gap_ms - gap_ms / 10 + s53_rand_below((uint32_t)(gap_ms / 5) + 1);
	return gap_ms > least_ms ? gap_ms : least_ms;
}

static bool
is_down(const struct s53_upstream *upstream, enum s53_protocol over)
{
	return s53_health_is_down(health_state(&upstream->path[over]));
}

static bool
is_up(const struct s53_upstream *upstream, enum s53_protocol over)
{
	return health_state(&upstream->path[over]) == S53_HEALTH_UP;
}

static enum s53_protocol
main_path(const struct s53_upstream *upstream)
{
	return upstream->options.tcp_only ? S53_OVER_TCP : S53_OVER_UDP;
}

/* The record that probes are for. */
static enum s53_protocol
watched(const struct s53_upstream *upstream)
{
	enum s53_protocol first = main_path(upstream);

	if (upstream->probing.doubted)
		return first;
	if (is_up(upstream, first) && !is_up(upstream, S53_OVER_TCP))
		return S53_OVER_TCP;
	return first;
}

static bool
takes_turns(const struct s53_upstream *upstream)
{
	return watched(upstream) == S53_OVER_UDP && is_down(upstream, S53_OVER_UDP);
}

static enum turn
turn_now(const struct s53_upstream *upstream)
{
	enum turn turn = (enum turn)(upstream->probing.turn % TURNS);

	if (turn == TURN_TCP && health_is_proven(&upstream->path[S53_OVER_TCP]))
		return TURN_READINESS;
	return turn;
}

enum s53_protocol
probing_over(const struct s53_upstream *upstream)
{
	if (!takes_turns(upstream))
		return watched(upstream);
	return turn_now(upstream) == TURN_TCP ? S53_OVER_TCP : S53_OVER_UDP;
}

/* How long after the last probe left the next one does. UINT64_MAX: there is none. */
static uint64_t
gap_ms(const struct s53_upstream *upstream, uint64_t now_ms)
{
	const struct probing *probing = &upstream->probing;
	enum s53_protocol over = watched(upstream);
	const struct health *health = &upstream->path[over];

	if (probing->check.mode == S53_CHECK_NEVER)
		return UINT64_MAX;
	if (is_up(upstream, over) && !probing->doubted)
		return probing->check.mode == S53_CHECK_ALWAYS ? interval_ms(probing) : UINT64_MAX;
	/* One whose probes are no measure of it goes on for as long as it gets no question. */
	if (is_down(upstream, over) || health->unfit != 0)
		return back_off_ms(probing, s53_clock_since_ms(health->since_ms, now_ms));
	return interval_ms(probing);
}

static uint64_t
next_ms(const struct s53_upstream *upstream, bool at_once, uint64_t now_ms)
{
	const struct probing *probing = &upstream->probing;
	uint64_t gap = gap_ms(upstream, now_ms), due_ms;

	if (gap == UINT64_MAX)
		return UINT64_MAX;
	if (at_once || !probing->began)
		return now_ms;
	due_ms = probing->began_ms + gap;
	return due_ms > now_ms ? due_ms : now_ms;
}

static bool
set_due(struct s53_upstream *upstream, bool at_once, uint64_t now_ms)
{
	struct probing *probing = &upstream->probing;
	uint64_t was_ms = atomic_load_explicit(&probing->due_ms, memory_order_relaxed);
	uint64_t due_ms = next_ms(upstream, at_once, now_ms);

	atomic_store_explicit(&probing->due_ms, due_ms, memory_order_relaxed);
	return due_ms < was_ms;
}

/* It could not leave: try again before long, however long it has been down. */
static bool
set_due_after_skip(struct s53_upstream *upstream, uint64_t now_ms)
{
	bool wanted = gap_ms(upstream, now_ms) != UINT64_MAX;

	atomic_store_explicit(&upstream->probing.due_ms,
	    wanted ? now_ms + interval_ms(&upstream->probing) : UINT64_MAX, memory_order_relaxed);
	return wanted;
}

static bool
has_fallen(const struct health_change *change)
{
	return change->changed && change->to == S53_HEALTH_DOWN &&
	    change->from != S53_HEALTH_PROBING;
}

/* It may have got better or worse: that is seen to at once. But what is held, is held for long. */
static bool
is_urgent(const struct health_change *change)
{
	return has_fallen(change) ||
	    (change->changed &&
		(change->to == S53_HEALTH_SUSPECT || change->to == S53_HEALTH_RECOVERING));
}

bool
probing_replan(struct s53_upstream *upstream, enum s53_protocol over,
    const struct health_change *change, uint64_t now_ms)
{
	bool urgent = change != NULL && is_urgent(change);
	uint64_t was_ms;

	/* Just fallen, or TCP no longer does in its stead: TCP comes first. */
	if (urgent && takes_turns(upstream))
		upstream->probing.turn = TURN_TCP;
	else
		urgent = urgent && over == watched(upstream);
	if (upstream->probing.under_way) {
		if (change != NULL && change->changed && change->to == S53_HEALTH_SUSPECT &&
		    over == main_path(upstream))
			upstream->probing.doubted = true;
		return false;
	}
	was_ms = s53_probe_due_ms(upstream);
	if (set_due(upstream, urgent, now_ms))
		return true;
	if (s53_probe_due_ms(upstream) != UINT64_MAX) /* what was due at once still is */
		atomic_store_explicit(&upstream->probing.due_ms, was_ms, memory_order_relaxed);
	return false;
}

void
probing_init(struct probing *probing)
{
	static const struct s53_name root = { .len = 1 };

	*probing = (struct probing){ .due_ms = UINT64_MAX };
	s53_health_check_init(&probing->check, &root);
}

uint64_t
s53_probe_due_ms(const struct s53_upstream *upstream)
{
	return atomic_load_explicit(&upstream->probing.due_ms, memory_order_relaxed);
}

static void
fill(const struct s53_upstream *upstream, struct s53_probe *out)
{
	const struct s53_health_check *check = &upstream->probing.check;
	enum s53_protocol over = probing_over(upstream);
	const struct health *health = &upstream->path[over];
	uint32_t wait_ms = health_wait_ms(health), late_ms = health_late_ms(health);

	*out = (struct s53_probe){ .kind = S53_PROBE_READINESS, .over = over };
	out->timeout_ms = wait_ms < TIMEOUT_MAX_MS ? wait_ms : TIMEOUT_MAX_MS;
	if (out->timeout_ms < check->timeout_ms)
		out->timeout_ms = check->timeout_ms;
	if (takes_turns(upstream) && turn_now(upstream) == TURN_LIVENESS)
		out->kind = S53_PROBE_LIVENESS;
	else if (over == S53_OVER_UDP && !is_down(upstream, S53_OVER_UDP))
		out->liveness_after_ms = late_ms < LIFE_AFTER_MAX_MS ? late_ms : LIFE_AFTER_MAX_MS;
}

bool
s53_probe_begin(struct s53_upstream *upstream, struct s53_probe *out, uint64_t now_ms)
{
	struct probing *probing = &upstream->probing;
	struct health_change change;

	pthread_mutex_lock(&upstream->lock);
	if (s53_probe_due_ms(upstream) > now_ms) {
		pthread_mutex_unlock(&upstream->lock);
		return false;
	}
	fill(upstream, out);
	probing->probe = *out;
	probing->under_way = probing->began = true;
	probing->began_ms = now_ms;
	probing->doubted = false;
	atomic_store_explicit(&probing->due_ms, UINT64_MAX, memory_order_relaxed);
	change = health_probe_leaves(&upstream->path[out->over], out, now_ms);
	pthread_mutex_unlock(&upstream->lock);
	s53_upstream_tell(upstream, out->over, &change);
	return true;
}

static bool
shows_life(enum s53_probe_end end)
{
	return end == S53_PROBE_ANSWERED || end == S53_PROBE_UNFIT || end == S53_PROBE_DECLINED ||
	    end == S53_PROBE_NOT_READY;
}

/* While it is down: whose turn is next, and is that at once? */
static bool
take_turns(struct s53_upstream *upstream, const struct s53_probe *probe, enum s53_probe_end end)
{
	struct probing *probing = &upstream->probing;
	bool alive = shows_life(end);

	if (probe->over == S53_OVER_UDP) {
		probing->turn = probe->kind == S53_PROBE_LIVENESS ? TURN_TCP : TURN_LIVENESS;
		return false;
	}
	/* TCP that answers again has to do so a few times, like any. */
	probing->turn =
	    end == S53_PROBE_ANSWERED && !health_is_proven(&upstream->path[S53_OVER_TCP])
	    ? TURN_TCP
	    : TURN_READINESS;
	return alive;
}

/* Is the next one due at once after this end? */
static bool
goes_on(struct s53_upstream *upstream, const struct s53_probe *probe, enum s53_probe_end end,
    const struct health_change *change)
{
	enum s53_protocol over = watched(upstream);

	if (takes_turns(upstream) && probe->over == S53_OVER_UDP && has_fallen(change)) {
		upstream->probing.turn = TURN_TCP;
		return true;
	}
	if (takes_turns(upstream))
		return take_turns(upstream, probe, end);
	if (is_up(upstream, over) && !upstream->probing.doubted)
		return false;
	if (probe->over != over)
		return true; /* it is the other that is in trouble now */
	if (end == S53_PROBE_ANSWERED)
		return !health_doubt_weighs(&upstream->path[over]);
	return is_urgent(change);
}

void
s53_probe_end(struct s53_upstream *upstream, const struct s53_probe *probe, enum s53_probe_end end,
    uint32_t rtt_ms, uint64_t now_ms)
{
	struct probing *probing = &upstream->probing;
	struct health_change change;
	bool sooner;

	pthread_mutex_lock(&upstream->lock);
	change = health_probe_ends(&upstream->path[probe->over],
	    &(struct health_probed){ probe->kind, end, rtt_ms, probing->began_ms }, now_ms);
	probing->under_way = false;
	/* Held once may be bad luck, and what is held is no matter of a few live answers. */
	if (end == S53_PROBE_NOT_READY && is_up(upstream, probe->over))
		probing->doubted = true;
	if (end == S53_PROBE_SKIPPED)
		sooner = set_due_after_skip(upstream, now_ms);
	else
		sooner = set_due(upstream, goes_on(upstream, probe, end, &change), now_ms);
	pthread_mutex_unlock(&upstream->lock);
	s53_upstream_tell(upstream, probe->over, &change);
	if (sooner)
		s53_registry_wake(upstream->registry);
}

void
s53_probe_check(const struct s53_upstream *upstream, struct s53_health_check *out)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&upstream->lock; /* reading changes nothing */

	pthread_mutex_lock(lock);
	*out = upstream->probing.check;
	pthread_mutex_unlock(lock);
}
