/* SPDX-License-Identifier: ISC
 *
 * server.c - how a server does, over both protocols.
 *
 * An answer of a server that is up and in no trouble is a sample for a few atomic numbers and no
 * more. Any other sign goes through its lock, to its record (record.c) and to the plan of its
 * probes (probing.c); log lines and the word to the prober come after the lock.
 */
#include "server.h"

#include <split53/clock.h>
#include <split53/log.h>

#define TOLD_MAX 30 /* changes of one record in a minute */
#define LOST_MIN_MS 250
#define LOST_MAX_MS 4000
#define CHOSEN_STEP_MS 8 /* chosen_ms is not written more often */
#define SHOWN_AGAIN_MS 60000 /* edns_shown_ms is not */

static enum s53_protocol
over_of(const struct s53_upstream *upstream)
{
	return s53_upstream_wants_tcp(upstream) ? S53_OVER_TCP : S53_OVER_UDP;
}

static const struct health *
health_of(const struct s53_upstream *upstream)
{
	return &upstream->path[over_of(upstream)];
}

bool
s53_upstream_wants_tcp(const struct s53_upstream *upstream)
{
	const struct health *udp = &upstream->path[S53_OVER_UDP];

	if (upstream->options.tcp_only)
		return true;
	/* Without probes nobody would see that UDP is back. */
	return s53_health_is_down(health_state(udp)) &&
	    health_is_proven(&upstream->path[S53_OVER_TCP]) && s53_upstream_is_probed(upstream);
}

/* Each probe of a dead server would be two lines, and one that flaps would fill the disk. */
static int
severity_of(const struct health_change *change)
{
	bool probed = s53_health_is_down(change->from) && s53_health_is_down(change->to);

	return probed || change->told > TOLD_MAX ? S53_LOG_DEBUG : S53_LOG_NOTICE;
}

void
s53_upstream_tell(
    const struct s53_upstream *upstream, enum s53_protocol over, const struct health_change *change)
{
	static const char *const names[S53_PROTOCOLS] = { "UDP", "TCP" };
	char text[S53_ADDR_TEXT];
	int severity = severity_of(change);
	const char *why = s53_health_reason_name(change->why);
	const char *from = s53_health_state_name(change->from);

	if (!change->changed || !s53_log_on(S53_LOG_RESOLVER, severity))
		return;
	if (change->to == S53_HEALTH_UP || change->to == S53_HEALTH_RECOVERING)
		why = "answers";
	if (change->from == S53_HEALTH_PROBING && severity == S53_LOG_NOTICE)
		from = s53_health_state_name(S53_HEALTH_DOWN); /* the last that was told */
	s53_addr_print(&upstream->addr, text);
	s53_log(S53_LOG_RESOLVER, severity, "server %s over %s: %s -> %s: %s (%s for %.1f s)", text,
	    names[over], from, s53_health_state_name(change->to), why, from,
	    (double)change->lasted_ms / 1000);
	if (change->told == TOLD_MAX)
		s53_log(S53_LOG_RESOLVER, S53_LOG_NOTICE,
		    "server %s over %s: changes too often, told again in a minute", text,
		    names[over]);
}

void
s53_upstream_observe(struct s53_upstream *upstream, struct s53_observation sign, uint64_t now_ms)
{
	struct health *health = &upstream->path[sign.over];
	struct health_change change;
	bool sooner;

	if (sign.event == S53_OBSERVED_ANSWERED && health_is_calm(health)) {
		health_answered(health, sign.waited_ms, now_ms);
		return;
	}
	pthread_mutex_lock(&upstream->lock);
	change = health_observe(health, sign, now_ms);
	sooner = change.changed && probing_replan(upstream, sign.over, &change, now_ms);
	pthread_mutex_unlock(&upstream->lock);
	s53_upstream_tell(upstream, sign.over, &change);
	if (sooner)
		s53_registry_wake(upstream->registry);
}

void
s53_upstream_begin(struct s53_upstream *upstream)
{
	atomic_fetch_add_explicit(&upstream->load, UINT64_C(1) << 32 | 1, memory_order_relaxed);
}

void
s53_upstream_end(struct s53_upstream *upstream)
{
	atomic_fetch_sub_explicit(&upstream->load, 1, memory_order_relaxed);
}

uint32_t
s53_upstream_in_flight(const struct s53_upstream *upstream)
{
	return (uint32_t)atomic_load_explicit(&upstream->load, memory_order_relaxed);
}

static uint32_t
asked(const struct s53_upstream *upstream)
{
	return (uint32_t)(atomic_load_explicit(&upstream->load, memory_order_relaxed) >> 32);
}

uint32_t
s53_upstream_hedge_ms(const struct s53_upstream *upstream)
{
	return health_late_ms(health_of(upstream));
}

uint32_t
s53_upstream_retransmit_ms(const struct s53_upstream *upstream)
{
	uint32_t wait_ms = health_wait_ms(health_of(upstream));

	if (wait_ms < LOST_MIN_MS)
		return LOST_MIN_MS;
	return wait_ms < LOST_MAX_MS ? wait_ms : LOST_MAX_MS;
}

enum s53_health_state
s53_upstream_state(const struct s53_upstream *upstream)
{
	return health_state(health_of(upstream));
}

enum s53_health_state
s53_upstream_path_state(const struct s53_upstream *upstream, enum s53_protocol over)
{
	return health_state(&upstream->path[over]);
}

uint32_t
s53_upstream_cost(const struct s53_upstream *upstream)
{
	return health_cost_8ms(health_of(upstream));
}

bool
s53_upstream_is_slow(const struct s53_upstream *upstream)
{
	return health_srtt_8ms(health_of(upstream)) > 8 * S53_SLOW_MS;
}

bool
s53_upstream_was_asked(const struct s53_upstream *upstream)
{
	return asked(upstream) != 0 || health_is_known(health_of(upstream));
}

static uint64_t
get64(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

uint64_t
s53_upstream_answered_ms(const struct s53_upstream *upstream)
{
	uint64_t udp_ms = get64(&upstream->path[S53_OVER_UDP].live_ms);
	uint64_t tcp_ms = get64(&upstream->path[S53_OVER_TCP].live_ms);

	return udp_ms > tcp_ms ? udp_ms : tcp_ms;
}

uint64_t
s53_upstream_chosen_ms(const struct s53_upstream *upstream)
{
	return get64(&upstream->chosen_ms);
}

void
s53_upstream_set_chosen(struct s53_upstream *upstream, uint64_t now_ms)
{
	if (now_ms >= get64(&upstream->chosen_ms) + CHOSEN_STEP_MS)
		atomic_store_explicit(&upstream->chosen_ms, now_ms, memory_order_relaxed);
}

bool
s53_upstream_is_probed(const struct s53_upstream *upstream)
{
	return atomic_load_explicit(&upstream->path[S53_OVER_UDP].probes, memory_order_relaxed);
}

bool
s53_upstream_trial_claim(struct s53_upstream *upstream, uint32_t gap_ms, uint64_t now_ms)
{
	uint64_t trial_ms = get64(&upstream->trial_ms);

	return (trial_ms == 0 || now_ms >= trial_ms + gap_ms) &&
	    atomic_compare_exchange_strong_explicit(
		&upstream->trial_ms, &trial_ms, now_ms, memory_order_relaxed, memory_order_relaxed);
}

void
s53_upstream_show_edns(struct s53_upstream *upstream, uint64_t now_ms)
{
	uint64_t shown_ms = get64(&upstream->edns_shown_ms);

	/* Each time would be a write to a line that all workers read. */
	if (shown_ms == 0 || now_ms >= shown_ms + SHOWN_AGAIN_MS)
		atomic_store_explicit(&upstream->edns_shown_ms, now_ms, memory_order_relaxed);
}

void
s53_upstream_set_quirk(struct s53_upstream *upstream, enum s53_upstream_quirk lack, uint64_t now_ms)
{
	uint64_t shown_ms = get64(&upstream->edns_shown_ms);

	if (lack == S53_QUIRK_NO_EDNS && shown_ms != 0 && now_ms < shown_ms + S53_QUIRK_MS)
		return;
	atomic_store_explicit(
	    &upstream->quirk_until_ms[lack], now_ms + S53_QUIRK_MS, memory_order_relaxed);
}

bool
s53_upstream_has_quirk(
    const struct s53_upstream *upstream, enum s53_upstream_quirk lack, uint64_t now_ms)
{
	return get64(&upstream->quirk_until_ms[lack]) > now_ms;
}

void
s53_upstream_set_check(struct s53_upstream *upstream, const struct s53_health_check *check)
{
	bool sooner;

	pthread_mutex_lock(&upstream->lock);
	upstream->probing.check = *check;
	for (unsigned i = 0; i < S53_PROTOCOLS; i++)
		health_set_check(&upstream->path[i], check);
	sooner = probing_replan(upstream, S53_OVER_UDP, NULL, s53_clock_ms());
	pthread_mutex_unlock(&upstream->lock);
	if (sooner)
		s53_registry_wake(upstream->registry);
}

/* For how many seconds yet, the started one counted. */
static uint32_t
seconds_left(uint64_t until_ms, uint64_t now_ms)
{
	return until_ms > now_ms ? (uint32_t)((until_ms - now_ms + 999) / 1000) : 0;
}

void
s53_upstream_report(struct s53_upstream *upstream, struct s53_upstream_report *out, uint64_t now_ms)
{
	uint64_t due_ms = s53_probe_due_ms(upstream);

	*out = (struct s53_upstream_report){
		.addr = upstream->addr,
		.asked = asked(upstream),
		.in_flight = s53_upstream_in_flight(upstream),
		.no_edns_s =
		    seconds_left(get64(&upstream->quirk_until_ms[S53_QUIRK_NO_EDNS]), now_ms),
		.no_case_s =
		    seconds_left(get64(&upstream->quirk_until_ms[S53_QUIRK_NO_CASE]), now_ms),
	};
	pthread_mutex_lock(&upstream->lock);
	for (unsigned i = 0; i < S53_PROTOCOLS; i++)
		health_report(&upstream->path[i], &out->path[i]);
	if (due_ms != UINT64_MAX)
		out->path[probing_over(upstream)].next_probe_ms = due_ms != 0 ? due_ms : 1;
	pthread_mutex_unlock(&upstream->lock);
}
