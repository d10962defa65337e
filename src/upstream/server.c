/* SPDX-License-Identifier: ISC
 *
 * server.c - one server: its records of both protocols, its load, its quirks, and log lines.
 *
 * A reply of a server that is up and not troubled only updates a few atomic numbers. Any other
 * observation goes, under the server's lock, to its record (record.c) and to the plan of its probes
 * (probing.c). Log lines are written, and the prober is woken, after the lock is released.
 */
#include "server.h"

#include <split53/clock.h>
#include <split53/log.h>

#define LOGGED_MAX 30 /* log lines per record and minute */
#define RETRANSMIT_MIN_MS 250
#define RETRANSMIT_MAX_MS 4000
#define CHOSEN_STEP_MS 8 /* chosen_at_ms is written no more often */

static enum s53_protocol
over_of(const struct s53_upstream *upstream)
{
	return s53_upstream_wants_tcp(upstream) ? S53_OVER_TCP : S53_OVER_UDP;
}

static const struct record *
record_of(const struct s53_upstream *upstream)
{
	return &upstream->path[over_of(upstream)];
}

bool
s53_upstream_wants_tcp(const struct s53_upstream *upstream)
{
	const struct record *udp = &upstream->path[S53_OVER_UDP];

	if (upstream->options.tcp_only)
		return true;
	/* Without probes a return of UDP would not be detected. */
	return s53_health_is_down(record_state(udp)) &&
	    record_is_proven(&upstream->path[S53_OVER_TCP]) && s53_upstream_is_probed(upstream);
}

/* A dead server would cost two lines a probe, and one that flaps would fill the disk. */
static int
severity_of(const struct record_change *change)
{
	bool probed = s53_health_is_dead(change->from) && s53_health_is_dead(change->to);

	return probed || change->number > LOGGED_MAX ? S53_LOG_DEBUG : S53_LOG_NOTICE;
}

void
s53_upstream_log_change(
    const struct s53_upstream *upstream, enum s53_protocol over, const struct record_change *change)
{
	static const char *const names[S53_PROTOCOLS] = { "UDP", "TCP" };
	char text[S53_ADDR_TEXT];
	int severity = severity_of(change);
	const char *why = s53_health_reason_name(change->why);
	const char *from = s53_health_state_name(change->from);

	if (!change->changed || !s53_log_on(S53_LOG_RESOLVER, severity))
		return;
	if (change->to == S53_HEALTH_UP || change->to == S53_HEALTH_RECOVERING)
		why = "responds";
	if (change->from == S53_HEALTH_PROBING && severity == S53_LOG_NOTICE)
		/* the state in the last line that was logged */
		from = s53_health_state_name(S53_HEALTH_DOWN);
	s53_addr_print(&upstream->addr, text);
	s53_log(S53_LOG_RESOLVER, severity, "server %s over %s: %s -> %s: %s (%s for %.1f s)", text,
	    names[over], from, s53_health_state_name(change->to), why, from,
	    (double)change->lasted_ms / 1000);
	if (change->number == LOGGED_MAX)
		s53_log(S53_LOG_RESOLVER, S53_LOG_NOTICE,
		    "server %s over %s: changes state too often; further changes are not logged "
		    "for up to a minute",
		    text, names[over]);
}

/* Failures alone get here by way of the lock; an answer without a failure counts nothing. */
static void
count_failure(struct s53_upstream *upstream, enum s53_observed event)
{
	static const int failures[] = {
		[S53_OBSERVED_ANSWERED] = -1,
		[S53_OBSERVED_OVERDUE] = -1,
		[S53_OBSERVED_TIMEOUT] = S53_FAILURE_TIMEOUT,
		[S53_OBSERVED_GARBLED] = S53_FAILURE_GARBAGE,
		[S53_OBSERVED_REFUSED] = S53_FAILURE_REFUSED,
		[S53_OBSERVED_UNREACHABLE] = S53_FAILURE_UNREACHABLE,
		[S53_OBSERVED_FAILED] = S53_FAILURE_RCODE,
		[S53_OBSERVED_LOOP] = S53_FAILURE_LOOP,
	};
	int failure = failures[event];

	if (failure >= 0)
		atomic_fetch_add_explicit(&upstream->failures[failure], 1, memory_order_relaxed);
}

void
s53_upstream_observe(
    struct s53_upstream *upstream, struct s53_observation observation, uint64_t now_ms)
{
	struct record *record = &upstream->path[observation.over];
	struct record_change change;
	bool sooner;

	if (observation.event == S53_OBSERVED_ANSWERED && !record_is_troubled(record)) {
		record_sample_reply(record, observation.waited_ms, now_ms);
		return;
	}
	count_failure(upstream, observation.event);
	pthread_mutex_lock(&upstream->lock);
	change = record_observe(record, observation, now_ms);
	sooner = change.changed && probing_replan(upstream, observation.over, &change, now_ms);
	pthread_mutex_unlock(&upstream->lock);
	s53_upstream_log_change(upstream, observation.over, &change);
	if (sooner)
		s53_registry_wake(upstream->registry);
}

void
s53_upstream_begin(struct s53_upstream *upstream)
{
	atomic_fetch_add_explicit(
	    &upstream->load, UINT64_C(1) << S53_LOAD_SHIFT | 1, memory_order_relaxed);
}

void
s53_upstream_end(struct s53_upstream *upstream)
{
	atomic_fetch_sub_explicit(&upstream->load, 1, memory_order_relaxed);
}

uint32_t
s53_upstream_in_flight(const struct s53_upstream *upstream)
{
	return (uint32_t)atomic_load_explicit(&upstream->load, memory_order_relaxed) &
	    ((UINT32_C(1) << S53_LOAD_SHIFT) - 1);
}

static uint64_t
total_queries(const struct s53_upstream *upstream)
{
	return atomic_load_explicit(&upstream->load, memory_order_relaxed) >> S53_LOAD_SHIFT;
}

uint32_t
s53_upstream_hedge_ms(const struct s53_upstream *upstream)
{
	return record_hedge_ms(record_of(upstream));
}

uint32_t
s53_upstream_retransmit_ms(const struct s53_upstream *upstream)
{
	return s53_upstream_path_retransmit_ms(upstream, over_of(upstream));
}

uint32_t
s53_upstream_path_retransmit_ms(const struct s53_upstream *upstream, enum s53_protocol over)
{
	uint32_t rto_ms = record_rto_ms(&upstream->path[over]);

	if (rto_ms < RETRANSMIT_MIN_MS)
		return RETRANSMIT_MIN_MS;
	return rto_ms < RETRANSMIT_MAX_MS ? rto_ms : RETRANSMIT_MAX_MS;
}

enum s53_admin
s53_upstream_admin(const struct s53_upstream *upstream)
{
	return (enum s53_admin)atomic_load_explicit(&upstream->admin, memory_order_relaxed);
}

/* What the record says, unless the operator says otherwise. */
static enum s53_health_state
state_of(const struct s53_upstream *upstream, const struct record *record)
{
	switch (s53_upstream_admin(upstream)) {
	case S53_ADMIN_UP:
		return S53_HEALTH_UP;
	case S53_ADMIN_DOWN:
		return S53_HEALTH_DOWN;
	case S53_ADMIN_AUTO:
		break;
	}
	return record_state(record);
}

enum s53_health_state
s53_upstream_state(const struct s53_upstream *upstream)
{
	return state_of(upstream, record_of(upstream));
}

enum s53_health_state
s53_upstream_path_state(const struct s53_upstream *upstream, enum s53_protocol over)
{
	return state_of(upstream, &upstream->path[over]);
}

uint32_t
s53_upstream_cost(const struct s53_upstream *upstream)
{
	return record_cost_8ms(record_of(upstream));
}

bool
s53_upstream_is_slow(const struct s53_upstream *upstream)
{
	return record_srtt_8ms(record_of(upstream)) > 8 * S53_SLOW_MS;
}

bool
s53_upstream_was_queried(const struct s53_upstream *upstream)
{
	return total_queries(upstream) != 0 || record_has_replied(record_of(upstream));
}

static uint64_t
get64(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

uint64_t
s53_upstream_replied_at_ms(const struct s53_upstream *upstream)
{
	uint64_t udp_ms = get64(&upstream->path[S53_OVER_UDP].replied_at_ms);
	uint64_t tcp_ms = get64(&upstream->path[S53_OVER_TCP].replied_at_ms);

	return udp_ms > tcp_ms ? udp_ms : tcp_ms;
}

uint64_t
s53_upstream_chosen_at_ms(const struct s53_upstream *upstream)
{
	return get64(&upstream->chosen_at_ms);
}

void
s53_upstream_set_chosen(struct s53_upstream *upstream, uint64_t now_ms)
{
	if (now_ms >= get64(&upstream->chosen_at_ms) + CHOSEN_STEP_MS)
		atomic_store_explicit(&upstream->chosen_at_ms, now_ms, memory_order_relaxed);
}

bool
s53_upstream_is_probed(const struct s53_upstream *upstream)
{
	return atomic_load_explicit(&upstream->path[S53_OVER_UDP].probes, memory_order_relaxed);
}

bool
s53_upstream_claim_exploration(struct s53_upstream *upstream, uint32_t gap_ms, uint64_t now_ms)
{
	uint64_t explored_at_ms = get64(&upstream->explored_at_ms);

	return (explored_at_ms == 0 || now_ms >= explored_at_ms + gap_ms) &&
	    atomic_compare_exchange_strong_explicit(&upstream->explored_at_ms, &explored_at_ms,
		now_ms, memory_order_relaxed, memory_order_relaxed);
}

bool
s53_upstream_set_quirk(
    struct s53_upstream *upstream, enum s53_upstream_quirk quirk, uint64_t now_ms)
{
	uint64_t until_ms = atomic_exchange_explicit(
	    &upstream->quirk_until_ms[quirk], now_ms + S53_QUIRK_MS, memory_order_relaxed);

	return until_ms <= now_ms;
}

bool
s53_upstream_has_quirk(
    const struct s53_upstream *upstream, enum s53_upstream_quirk quirk, uint64_t now_ms)
{
	return get64(&upstream->quirk_until_ms[quirk]) > now_ms;
}

bool
s53_upstream_had_quirk(const struct s53_upstream *upstream, enum s53_upstream_quirk quirk)
{
	return get64(&upstream->quirk_until_ms[quirk]) != 0;
}

void
s53_upstream_set_check(struct s53_upstream *upstream, const struct s53_health_check *check)
{
	bool sooner;

	pthread_mutex_lock(&upstream->lock);
	upstream->probing.check = *check;
	for (unsigned i = 0; i < S53_PROTOCOLS; i++)
		record_set_check(&upstream->path[i], check);
	sooner = probing_replan(upstream, S53_OVER_UDP, NULL, s53_clock_ms());
	pthread_mutex_unlock(&upstream->lock);
	if (sooner)
		s53_registry_wake(upstream->registry);
}

static void
log_admin(const struct s53_upstream *upstream, enum s53_admin admin)
{
	static const char *const words[] = {
		"set to auto by the operator: its health state is used again",
		"set up by the operator: its health state is ignored",
		"set down by the operator: it gets no queries and no probes"
	};
	char text[S53_ADDR_TEXT];

	s53_log(S53_LOG_RESOLVER, S53_LOG_NOTICE, "server %s: %s",
	    s53_addr_print(&upstream->addr, text), words[admin]);
}

void
s53_upstream_set_admin(struct s53_upstream *upstream, enum s53_admin admin)
{
	bool sooner, changed;

	pthread_mutex_lock(&upstream->lock);
	changed = atomic_exchange(&upstream->admin, (uint8_t)admin) != (uint8_t)admin;
	sooner = changed && probing_replan(upstream, S53_OVER_UDP, NULL, s53_clock_ms());
	pthread_mutex_unlock(&upstream->lock);
	if (changed)
		log_admin(upstream, admin);
	if (sooner)
		s53_registry_wake(upstream->registry);
}

/* Seconds until `until_ms`, rounded up. */
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
		.asked = total_queries(upstream),
		.in_flight = s53_upstream_in_flight(upstream),
		.admin = s53_upstream_admin(upstream),
		.no_edns_s =
		    seconds_left(get64(&upstream->quirk_until_ms[S53_QUIRK_NO_EDNS]), now_ms),
		.no_case_s =
		    seconds_left(get64(&upstream->quirk_until_ms[S53_QUIRK_NO_CASE]), now_ms),
		.one_per_connection_s = seconds_left(
		    get64(&upstream->quirk_until_ms[S53_QUIRK_ONE_PER_CONNECTION]), now_ms),
		.case_matters_s =
		    seconds_left(get64(&upstream->quirk_until_ms[S53_QUIRK_CASE_MATTERS]), now_ms),
		.no_ad_s = seconds_left(get64(&upstream->quirk_until_ms[S53_QUIRK_NO_AD]), now_ms),
	};
	for (unsigned i = 0; i < S53_FAILURES; i++)
		out->failures[i] = get64(&upstream->failures[i]);
	pthread_mutex_lock(&upstream->lock);
	for (unsigned i = 0; i < S53_PROTOCOLS; i++)
		record_report(&upstream->path[i], &out->path[i]);
	if (due_ms != UINT64_MAX)
		out->path[probing_over(upstream)].next_probe_ms = due_ms != 0 ? due_ms : 1;
	pthread_mutex_unlock(&upstream->lock);
}
