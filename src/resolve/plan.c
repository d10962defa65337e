/* SPDX-License-Identifier: ISC
 *
 * plan.c - see plan.h.
 */
#include "plan.h"

#include <split53/capability.h>

#include "resolver_private.h"

#define PASS_SMALLER 1
#define PASS_TCP 2
/*
 * The size that each IPv4 host accepts in one piece (RFC 791 s3.1: "576 octets"), without the
 * headers. Not 512: up to that size Consul assumes a client without EDNS and answers with three
 * instances.
 */
#define SMALL_SIZE 548
#define DECLINES_WITH_DO 2

static const struct s53_upstream *
server_of(const struct s53_fetch *fetch, unsigned server)
{
	return s53_group_server(fetch->route->group, server);
}

static bool
has_bit(uint32_t servers, unsigned server)
{
	return (servers >> server & 1) != 0;
}

static bool
has_shown(
    const struct s53_fetch *fetch, const struct s53_plan *plan, enum s53_capability capability)
{
	return s53_upstream_has_shown(server_of(fetch, plan->server), capability, fetch->now_ms);
}

/* TCP is not known to be down, and was not refused for this fetch. */
static bool
may_use_tcp(const struct s53_fetch *fetch, unsigned server)
{
	return !has_bit(fetch->no_tcp, server) &&
	    !s53_health_is_down(s53_upstream_path_state(server_of(fetch, server), S53_OVER_TCP));
}

static bool
wants_edns(const struct s53_fetch *fetch, unsigned server)
{
	const struct s53_upstream *upstream = server_of(fetch, server);

	return s53_upstream_options(upstream)->edns &&
	    !s53_upstream_has_quirk(upstream, S53_QUIRK_NO_EDNS, fetch->now_ms);
}

/*
 * On loopback no fragments are lost, and a smaller size makes Consul leave out instances, so a
 * server there keeps its size.
 */
static uint16_t
size_for(const struct s53_fetch *fetch, const struct s53_upstream *upstream)
{
	uint16_t size = s53_upstream_options(upstream)->edns_udp_size;

	if (!fetch->key.dnssec_ok || fetch->pass < PASS_SMALLER || size < SMALL_SIZE ||
	    s53_addr_is_loopback(s53_upstream_addr(upstream)))
		return size;
	return SMALL_SIZE;
}

static enum s53_spelling
spelling_for(const struct s53_fetch *fetch, const struct s53_plan *plan)
{
	const struct s53_upstream *upstream = server_of(fetch, plan->server);

	if (!plan->tcp &&
	    (has_bit(fetch->other_case, plan->server) ||
		s53_upstream_has_quirk(upstream, S53_QUIRK_NO_CASE, fetch->now_ms)))
		return S53_SPELLING_LOWER;
	if (!s53_group_has_caps(fetch->route->group, plan->server) ||
	    s53_upstream_has_quirk(upstream, S53_QUIRK_CASE_MATTERS, fetch->now_ms))
		return S53_SPELLING_CLIENT;
	return S53_SPELLING_RANDOM;
}

/* From the third pass on, after two datagrams without a response. */
static void
plan_late_pass(const struct s53_fetch *fetch, struct s53_plan *plan)
{
	if (plan->tcp)
		return;
	if (fetch->pass == PASS_TCP && may_use_tcp(fetch, plan->server)) {
		plan->tcp = plan->tcp_instead = true;
		return;
	}
	if (plan->edns && !has_shown(fetch, plan, S53_CAPABILITY_EDNS)) {
		plan->edns = plan->ad = false;
		plan->stripped = true;
	} else if (plan->ad && !has_shown(fetch, plan, S53_CAPABILITY_AD)) {
		plan->ad = false;
		plan->tries_without_ad = true;
	}
}

struct s53_plan
s53_plan_for(const struct s53_fetch *fetch, unsigned server)
{
	const struct s53_upstream *upstream = server_of(fetch, server);
	uint64_t now_ms = fetch->now_ms;
	/* Over TCP only the server can answer, whatever the letter case. */
	bool tcp = s53_upstream_wants_tcp(upstream) ||
	    (s53_upstream_has_quirk(upstream, S53_QUIRK_NO_CASE, now_ms) &&
		!has_bit(fetch->no_tcp, server) &&
		s53_upstream_path_state(upstream, S53_OVER_TCP) == S53_HEALTH_UP);
	struct s53_plan plan = { .server = server,
		.udp_size = size_for(fetch, upstream),
		.edns = wants_edns(fetch, server),
		.ad = !s53_upstream_has_quirk(upstream, S53_QUIRK_NO_AD, now_ms),
		.tcp = tcp,
		.tcp_instead = tcp && !s53_upstream_wants_tcp(upstream) };

	if (fetch->pass >= PASS_TCP) {
		plan_late_pass(fetch, &plan);
	} else if (fetch->pass > 0 && plan.ad &&
	    s53_upstream_is_doubted(upstream, S53_CAPABILITY_AD)) {
		plan.ad = false;
		plan.tries_without_ad = true;
	}
	plan.for_whole = !plan.tcp && fetch->whole && s53_partial_may_use_tcp(fetch, server);
	plan.tcp = plan.tcp || plan.for_whole;
	plan.spelling = spelling_for(fetch, &plan);
	plan.fresh_port = has_bit(fetch->other_case, server);
	return plan;
}

static bool
try_without_ad(const struct s53_fetch *fetch, struct s53_plan *plan)
{
	if (!plan->ad || has_shown(fetch, plan, S53_CAPABILITY_AD))
		return false;
	plan->ad = false;
	plan->tries_without_ad = true;
	return true;
}

/* A query with DO is repeated without OPT only if the server is known not to support EDNS. */
static bool
decline_with_do(const struct s53_fetch *fetch, bool proven, struct s53_plan *plan)
{
	bool shown = has_shown(fetch, plan, S53_CAPABILITY_EDNS);

	if (!proven && !plan->tcp && may_use_tcp(fetch, plan->server)) {
		plan->tcp = plan->tcp_instead = true;
		return true;
	}
	plan->declined++;
	plan->proven = proven;
	if (plan->declined < DECLINES_WITH_DO) {
		/* Repeat it unchanged, unless AD may be the cause: one message may be forged. */
		return try_without_ad(fetch, plan) || !shown || !proven;
	}
	plan->edns = false;
	plan->tries_without_ad = false;
	return !shown;
}

bool
s53_plan_after_decline(const struct s53_attempt *attempt, bool unproven, struct s53_plan *plan)
{
	const struct s53_fetch *fetch = attempt->fetch;

	*plan = attempt->plan;
	plan->trial = S53_TRIAL_NONE;
	plan->stripped = false;
	if (plan->edns && fetch->key.dnssec_ok)
		return decline_with_do(fetch, !unproven, plan);
	if (plan->edns) {
		plan->declined++;
		plan->proven = !unproven;
		plan->edns = false;
		return true;
	}
	if (unproven && !plan->tcp && may_use_tcp(fetch, plan->server)) {
		plan->tcp = true;
		return true;
	}
	if (!try_without_ad(fetch, plan))
		return false;
	plan->edns = wants_edns(fetch, plan->server);
	return true;
}

bool
s53_plan_after_refused_tcp(const struct s53_attempt *attempt, struct s53_plan *plan)
{
	const struct s53_fetch *fetch = attempt->fetch;

	if (!attempt->plan.tcp_instead || attempt->truncated)
		return false;
	*plan = s53_plan_for(fetch, attempt->plan.server);
	plan->declined = attempt->plan.declined;
	plan->explores = attempt->plan.explores;
	return true;
}

void
s53_plan_next_trial(const struct s53_fetch *fetch, struct s53_plan *plan)
{
	plan->tcp = plan->tries_without_ad = false;
	plan->trial++;
	plan->ad = plan->trial == S53_TRIAL_FULL &&
	    !s53_upstream_has_quirk(server_of(fetch, plan->server), S53_QUIRK_NO_AD, fetch->now_ms);
	plan->edns = plan->trial != S53_TRIAL_BARE;
	plan->tries_without_ad = plan->trial == S53_TRIAL_WITHOUT_AD;
}

bool
s53_plan_answer_counts(const struct s53_attempt *attempt)
{
	const struct s53_plan *plan = &attempt->plan;

	if (!plan->stripped || plan->edns)
		return true;
	return plan->trial == S53_TRIAL_BARE &&
	    !has_shown(attempt->fetch, plan, S53_CAPABILITY_EDNS);
}

void
s53_plan_other_case(const struct s53_attempt *attempt, struct s53_plan *plan)
{
	if (may_use_tcp(attempt->fetch, attempt->plan.server)) {
		*plan = attempt->plan;
		plan->tcp = plan->tcp_instead = true;
	} else {
		*plan = s53_plan_for(attempt->fetch, attempt->plan.server);
	}
}

const struct s53_name *
s53_plan_name(const struct s53_fetch *fetch, const struct s53_plan *plan)
{
	switch (plan->spelling) {
	case S53_SPELLING_CLIENT:
		return &fetch->client_name;
	case S53_SPELLING_LOWER:
		return &fetch->question.lower;
	default:
		return &fetch->question.name;
	}
}
