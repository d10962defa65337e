/* SPDX-License-Identifier: ISC
 *
 * probing.c - the plan of a server's probes: which probe is next, and when.
 *
 *   healthy              lazy: none. always: readiness, every interval
 *   suspect, stalled,    readiness, an interval after the last probe; at once on entering the
 *   recovering           state and after a success, because `rise` successes are needed (not for
 *                        a suspicion of loss or failures: probes at once would all sample the same
 *                        moment)
 *   silent, down         a cycle of readiness over TCP, readiness over UDP and liveness over UDP;
 *                        each a tenth of the time down after the last. TCP is skipped once it has
 *                        proved itself
 *
 * When live queries have made a server suspect, a readiness probe follows even if other live
 * queries clear the suspicion: a server that is not ready may still reply to what it has cached.
 *
 * A server that the operator has set down is not probed at all; when that ends, it is as soon as
 * its state asks for it.
 *
 * Intervals are counted from the start of the last probe, so a timeout of a probe delays nothing.
 * Probes serve UDP first; if TCP alone is in trouble, it is probed as UDP would be.
 */
#include "server.h"

#include <split53/clock.h>
#include <split53/rand.h>

#define TIMEOUT_MAX_MS 5000
#define LIVENESS_AFTER_MAX_MS 250
#define INTERVAL_MIN_MS 1000

static uint64_t
interval_ms(const struct probing *probing)
{
	uint64_t interval_ms = (uint64_t)probing->check.interval_s * 1000;

	return interval_ms > INTERVAL_MIN_MS ? interval_ms : INTERVAL_MIN_MS;
}

/* A tenth of `time_ms` within bounds, with jitter because other clients probe this server, too. */
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
	return s53_health_is_down(record_state(&upstream->path[over]));
}

static bool
is_up(const struct s53_upstream *upstream, enum s53_protocol over)
{
	return record_state(&upstream->path[over]) == S53_HEALTH_UP;
}

static enum s53_protocol
main_path(const struct s53_upstream *upstream)
{
	return upstream->options.tcp_only ? S53_OVER_TCP : S53_OVER_UDP;
}

/* The protocol with the record that decides on probes. */
static enum s53_protocol
probed_path(const struct s53_upstream *upstream)
{
	enum s53_protocol first = main_path(upstream);

	if (upstream->probing.readiness_next)
		return first;
	if (is_up(upstream, first) && !is_up(upstream, S53_OVER_TCP))
		return S53_OVER_TCP;
	return first;
}

static bool
is_in_down_cycle(const struct s53_upstream *upstream)
{
	return probed_path(upstream) == S53_OVER_UDP && is_down(upstream, S53_OVER_UDP);
}

static enum down_step
current_step(const struct s53_upstream *upstream)
{
	enum down_step step = upstream->probing.step;

	if (step == STEP_TCP && record_is_proven(&upstream->path[S53_OVER_TCP]))
		return STEP_READINESS;
	return step;
}

enum s53_protocol
probing_over(const struct s53_upstream *upstream)
{
	if (!is_in_down_cycle(upstream))
		return probed_path(upstream);
	return current_step(upstream) == STEP_TCP ? S53_OVER_TCP : S53_OVER_UDP;
}

/* The time from the start of the last probe to the next. UINT64_MAX: there is none. */
static uint64_t
gap_ms(const struct s53_upstream *upstream, uint64_t now_ms)
{
	const struct probing *probing = &upstream->probing;
	enum s53_protocol over = probed_path(upstream);
	const struct record *record = &upstream->path[over];

	if (probing->check.mode == S53_PROBE_MODE_NEVER ||
	    s53_upstream_admin(upstream) == S53_ADMIN_DOWN)
		return UINT64_MAX;
	if (is_up(upstream, over) && !probing->readiness_next)
		return probing->check.mode == S53_PROBE_MODE_ALWAYS ? interval_ms(probing)
								    : UINT64_MAX;
	/* A server that never gives its probes an accepted rcode is probed less and less, too. */
	if (is_down(upstream, over) || record->bad_rcodes != 0)
		return back_off_ms(probing, s53_clock_since_ms(record->since_ms, now_ms));
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

/* The probe could not be sent: try again soon, however long the server has been down. */
static bool
set_due_after_skip(struct s53_upstream *upstream, uint64_t now_ms)
{
	bool wanted = gap_ms(upstream, now_ms) != UINT64_MAX;

	atomic_store_explicit(&upstream->probing.due_ms,
	    wanted ? now_ms + interval_ms(&upstream->probing) : UINT64_MAX, memory_order_relaxed);
	return wanted;
}

static bool
has_gone_down(const struct record_change *change)
{
	return change->changed && s53_health_is_down(change->to) &&
	    !s53_health_is_down(change->from);
}

/*
 * Has the server possibly got better or worse, so that a probe is due at once? NOT_READY is not
 * urgent: it lasts.
 */
static bool
is_urgent(const struct record_change *change)
{
	return has_gone_down(change) ||
	    (change->changed &&
		(change->to == S53_HEALTH_SUSPECT || change->to == S53_HEALTH_RECOVERING));
}

bool
probing_replan(struct s53_upstream *upstream, enum s53_protocol over,
    const struct record_change *change, uint64_t now_ms)
{
	bool urgent = change != NULL && is_urgent(change);
	uint64_t was_ms;

	/* UDP has just gone down, or TCP that replaced it: TCP is probed first. */
	if (urgent && is_in_down_cycle(upstream))
		upstream->probing.step = STEP_TCP;
	else
		urgent = urgent && over == probed_path(upstream);
	if (upstream->probing.under_way) {
		if (change != NULL && change->changed && change->to == S53_HEALTH_SUSPECT &&
		    over == main_path(upstream))
			upstream->probing.readiness_next = true;
		return false;
	}
	was_ms = s53_probe_due_ms(upstream);
	if (set_due(upstream, urgent, now_ms))
		return true;
	if (s53_probe_due_ms(upstream) != UINT64_MAX) /* a probe that was due sooner stays due */
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
fill_probe(const struct s53_upstream *upstream, struct s53_probe *out)
{
	const struct s53_health_check *check = &upstream->probing.check;
	enum s53_protocol over = probing_over(upstream);
	const struct record *record = &upstream->path[over];
	uint32_t rto_ms = record_rto_ms(record), hedge_ms = record_hedge_ms(record);

	*out = (struct s53_probe){ .kind = S53_PROBE_READINESS, .over = over };
	out->timeout_ms = rto_ms < TIMEOUT_MAX_MS ? rto_ms : TIMEOUT_MAX_MS;
	if (out->timeout_ms < check->timeout_ms)
		out->timeout_ms = check->timeout_ms;
	if (is_in_down_cycle(upstream) && current_step(upstream) == STEP_LIVENESS)
		out->kind = S53_PROBE_LIVENESS;
	else if (over == S53_OVER_UDP && !is_down(upstream, S53_OVER_UDP))
		out->liveness_after_ms =
		    hedge_ms < LIVENESS_AFTER_MAX_MS ? hedge_ms : LIVENESS_AFTER_MAX_MS;
}

bool
s53_probe_begin(struct s53_upstream *upstream, struct s53_probe *out, uint64_t now_ms)
{
	struct probing *probing = &upstream->probing;
	struct record_change change;

	pthread_mutex_lock(&upstream->lock);
	if (s53_probe_due_ms(upstream) > now_ms) {
		pthread_mutex_unlock(&upstream->lock);
		return false;
	}
	fill_probe(upstream, out);
	probing->probe = *out;
	probing->under_way = probing->began = true;
	probing->began_ms = now_ms;
	probing->readiness_next = false;
	atomic_store_explicit(&probing->due_ms, UINT64_MAX, memory_order_relaxed);
	change = record_probe_begin(&upstream->path[out->over], out, now_ms);
	pthread_mutex_unlock(&upstream->lock);
	s53_upstream_log_change(upstream, out->over, &change);
	return true;
}

static bool
is_sign_of_life(enum s53_probe_end end)
{
	return end == S53_PROBE_ANSWERED || end == S53_PROBE_UNFIT || end == S53_PROBE_DECLINED ||
	    end == S53_PROBE_NOT_READY;
}

/* UDP is down: go on to the next step of the cycle. true: it is due at once. */
static bool
advance_down_cycle(
    struct s53_upstream *upstream, const struct s53_probe *probe, enum s53_probe_end end)
{
	struct probing *probing = &upstream->probing;
	bool alive = is_sign_of_life(end);

	if (probe->over == S53_OVER_UDP) {
		probing->step = probe->kind == S53_PROBE_LIVENESS ? STEP_TCP : STEP_LIVENESS;
		return false;
	}
	/* TCP, too, needs `rise` successes before it is used. */
	probing->step =
	    end == S53_PROBE_ANSWERED && !record_is_proven(&upstream->path[S53_OVER_TCP])
	    ? STEP_TCP
	    : STEP_READINESS;
	return alive;
}

/* Is the next probe due at once after this one ended? */
static bool
is_next_at_once(struct s53_upstream *upstream, const struct s53_probe *probe,
    enum s53_probe_end end, const struct record_change *change)
{
	enum s53_protocol over = probed_path(upstream);

	if (is_in_down_cycle(upstream) && probe->over == S53_OVER_UDP && has_gone_down(change)) {
		upstream->probing.step = STEP_TCP;
		return true;
	}
	if (is_in_down_cycle(upstream))
		return advance_down_cycle(upstream, probe, end);
	if (is_up(upstream, over) && !upstream->probing.readiness_next)
		return false;
	if (probe->over != over)
		return true; /* the other protocol is in trouble now */
	if (end == S53_PROBE_ANSWERED)
		return !record_suspicion_persists(&upstream->path[over]);
	return is_urgent(change);
}

void
s53_probe_end(struct s53_upstream *upstream, const struct s53_probe *probe, enum s53_probe_end end,
    uint32_t rtt_ms, uint64_t now_ms)
{
	struct probing *probing = &upstream->probing;
	struct record_change change;
	bool sooner;

	pthread_mutex_lock(&upstream->lock);
	change = record_probe_end(&upstream->path[probe->over],
	    &(struct probe_result){ probe->kind, end, rtt_ms, probing->began_ms }, now_ms);
	probing->under_way = false;
	/* One may be chance, and live replies do not show readiness: probe again. */
	if (end == S53_PROBE_NOT_READY && is_up(upstream, probe->over))
		probing->readiness_next = true;
	if (end == S53_PROBE_SKIPPED)
		sooner = set_due_after_skip(upstream, now_ms);
	else
		sooner = set_due(upstream, is_next_at_once(upstream, probe, end, &change), now_ms);
	pthread_mutex_unlock(&upstream->lock);
	s53_upstream_log_change(upstream, probe->over, &change);
	if (sooner)
		s53_registry_wake(upstream->registry);
}

void
s53_probe_copy_check(const struct s53_upstream *upstream, struct s53_health_check *out)
{
	/* only the lock is changed */
	pthread_mutex_t *lock = (pthread_mutex_t *)&upstream->lock;

	pthread_mutex_lock(lock);
	*out = upstream->probing.check;
	pthread_mutex_unlock(lock);
}
