/* SPDX-License-Identifier: ISC
 *
 * choose.c - the step choose: selects the server to query, and decides when the fetch gives up.
 *
 * A pass queries each server of the group once, the next one as soon as the last is overdue or has
 * failed. A server that has shown that it cannot answer (failed) is not queried again; a silent
 * one is queried again in the next pass, since datagrams get lost. plan.h says in which form.
 *
 * If all servers of a group are known to be down, a fetch tries one of them (and a copy goes to
 * one that was not tried lately), for no longer than a response usually takes: so the first fetch
 * after a server's return finds it, and no client waits for dead servers. While other servers are
 * up, a fetch tries at most one that is down; when that one is overdue and the others have failed,
 * the fetch ends. A silent server that is the only one of its group is waited for, as its process
 * may be suspended for a moment: each fetch queries it once, one fetch queries it again each 250
 * ms, and all do when it responds to anything. A stalled server is queried only once, or twice if
 * it is the only one, since the query did arrive.
 */
#include "alias.h"
#include "resolver_private.h"

#define PASSES_UNFORGIVING 3 /* about two seconds */
#define PASSES_STALLED 1 /* passes after the first in which an only server is still queried */

/* All that may be queried: those that the operator has set down are as if they were not there. */
static uint32_t
all_servers(const struct s53_group *group)
{
	uint32_t servers = 0;

	for (unsigned i = 0; i < s53_group_size(group); i++)
		if (s53_upstream_admin(s53_group_server(group, i)) != S53_ADMIN_DOWN)
			servers |= UINT32_C(1) << i;
	return servers;
}

bool
s53_fetch_all_tried(const struct s53_fetch *fetch)
{
	uint32_t all = all_servers(fetch->route->group);

	return ((fetch->tried | fetch->left_out) & all) == all;
}

enum s53_verdict
s53_fetch_give_up(struct s53_fetch *fetch)
{
	s53_count(fetch->resolver->counters,
	    fetch->group_dead ? S53_C_CHOOSE_ALL_DOWN : S53_C_CHOOSE_EXHAUSTED);
	s53_causes_write(fetch);
	s53_fetch_fail(fetch, fetch->ede, fetch->ede_text[0] == '\0' ? NULL : fetch->ede_text);
	s53_store_failure(fetch);
	return S53_REPLY;
}

enum s53_verdict
s53_fetch_over_quota(struct s53_fetch *fetch, bool drop)
{
	s53_count(fetch->resolver->counters, S53_C_CHOOSE_QUOTA);
	s53_fetch_log_limit(fetch);
	s53_fetch_fail(fetch, S53_EDE_OTHER,
	    "too many upstream queries (fetches-per-server, fetches-per-zone)");
	fetch->outcome.over_quota = true;
	fetch->outcome.silent = drop;
	return S53_REPLY;
}

/*
 * Servers that have the query over TCP and would get it over TCP again: TCP delivers it, so a
 * second query would only add load.
 */
static uint32_t
queried_over_tcp(const struct s53_fetch *fetch)
{
	uint32_t servers = 0;

	S53_LIST_EACH (&fetch->attempts, link) {
		const struct s53_attempt *attempt =
		    S53_CONTAINER_OF(link, struct s53_attempt, link);

		if (attempt->plan.tcp &&
		    (attempt->truncated || s53_plan_for(fetch, attempt->plan.server).tcp))
			servers |= 1u << attempt->plan.server;
	}
	return servers;
}

/* Every server has shown that it cannot answer, so the open attempts will not help either. */
static bool
all_failed(const struct s53_fetch *fetch)
{
	uint32_t all = all_servers(fetch->route->group);

	return (fetch->failed & all) == all;
}

/*
 * May the same servers be queried again? Only after a request timeout, or if no query is
 * outstanding.
 */
static bool
may_repeat(const struct s53_fetch *fetch)
{
	return !all_failed(fetch) && (fetch->hedges || s53_list_empty(&fetch->attempts));
}

/*
 * Servers that are not queried (again) while their state stays the same: stalled ones, since the
 * query did arrive (an only server is queried twice), and once a server that is down was queried,
 * all that are down.
 */
static uint32_t
left_out(const struct s53_fetch *fetch)
{
	const struct s53_group *group = fetch->route->group;
	unsigned passes = s53_group_size(group) > 1 ? 0 : PASSES_STALLED;
	uint32_t servers = 0;

	if (!fetch->queried_down && fetch->pass <= passes)
		return 0;
	for (unsigned i = 0; i < s53_group_size(group); i++) {
		enum s53_health_state state = s53_upstream_state(s53_group_server(group, i));

		if ((state == S53_HEALTH_STALLED && fetch->pass > passes) ||
		    (s53_health_is_down(state) && fetch->queried_down))
			servers |= UINT32_C(1) << i;
	}
	return servers & ~fetch->failed;
}

/*
 * A server that failed while it was not up may be queried again once it is up; after
 * PASSES_UNFORGIVING passes all may.
 */
static void
forgive(struct s53_fetch *fetch)
{
	const struct s53_group *group = fetch->route->group;

	if (fetch->pass == PASSES_UNFORGIVING)
		fetch->failed = fetch->failed_by_rcode = fetch->failed_unhealthy = 0;
	for (unsigned i = 0; fetch->failed_unhealthy != 0 && i < s53_group_size(group); i++) {
		uint32_t bit = UINT32_C(1) << i;

		if ((fetch->failed_unhealthy & bit) == 0 ||
		    s53_upstream_state(s53_group_server(group, i)) != S53_HEALTH_UP)
			continue;
		fetch->failed_unhealthy &= ~bit;
		fetch->failed &= ~bit;
		fetch->failed_by_rcode &= ~bit;
	}
}

static bool
all_failed_or_down(const struct s53_fetch *fetch)
{
	const struct s53_group *group = fetch->route->group;

	if (s53_group_condition(group) == S53_GROUP_SILENT)
		return false;
	for (unsigned i = 0; i < s53_group_size(group); i++) {
		if ((fetch->failed >> i & 1) == 0 &&
		    !s53_health_is_down(s53_upstream_state(s53_group_server(group, i))))
			return false;
	}
	return true;
}

static int
choose_among(struct s53_fetch *fetch, struct s53_group *group)
{
	fetch->left_out = left_out(fetch);
	return s53_group_choose(group, fetch->tried | fetch->left_out, fetch->now_ms);
}

/*
 * The next server of this pass, or the first of the next pass; or S53_CHOSEN_NONE,
 * S53_CHOSEN_QUOTA.
 */
static int
choose_server(struct s53_fetch *fetch, struct s53_group *group)
{
	uint32_t tried = fetch->tried;
	int chosen = choose_among(fetch, group);

	if (chosen != S53_CHOSEN_NONE || !may_repeat(fetch))
		return chosen;
	forgive(fetch);
	if (s53_group_retries_silent(group, fetch->now_ms))
		fetch->queried_down = false;
	fetch->pass++;
	fetch->tried = fetch->failed | queried_over_tcp(fetch);
	chosen = choose_among(fetch, group);
	if (chosen >= 0) {
		s53_count(fetch->resolver->counters, S53_C_CHOOSE_RETRIED);
	} else { /* no other pass is possible yet */
		fetch->pass--;
		fetch->tried = tried;
	}
	return chosen;
}

enum s53_verdict
s53_step_choose(struct s53_fetch *fetch)
{
	struct s53_group *group = fetch->route->group;
	bool idle = s53_list_empty(&fetch->attempts);
	/* No client waits any more: let the open attempts end, for the cache. */
	bool patient = s53_list_empty(&fetch->clients);
	bool hedges = fetch->hedges && !patient;
	int chosen;

	if (fetch->held.message != NULL)
		return s53_alias_release(fetch);
	fetch->group_dead = s53_group_condition(group) == S53_GROUP_DEAD;
	if (fetch->group_dead && fetch->asked)
		return idle || (fetch->overdue && !patient) ? s53_fetch_give_up(fetch) : S53_WAIT;
	chosen = choose_server(fetch, group);
	fetch->hedges = false;
	if (chosen == S53_CHOSEN_QUOTA && idle)
		return s53_fetch_over_quota(fetch, s53_group_rules(group)->per_server.drop);
	if (chosen < 0)
		return idle || all_failed(fetch) || (hedges && all_failed_or_down(fetch))
		    ? s53_fetch_give_up(fetch)
		    : S53_WAIT;
	if (fetch->owes_budget)
		s53_budget_pay(&fetch->resolver->budget);
	fetch->owes_budget = false;
	fetch->queried_down = fetch->queried_down ||
	    s53_health_is_down(s53_upstream_state(s53_group_server(group, (unsigned)chosen)));
	fetch->plan = s53_plan_for(fetch, (unsigned)chosen);
	return S53_NEXT;
}
