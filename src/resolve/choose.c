/* SPDX-License-Identifier: ISC
 *
 * choose.c - the step choose: which server is queried, and when querying ends.
 *
 * A pass queries each server of the group once, the next one as soon as the last is overdue or has
 * failed. A server that said or proved that it cannot help (failed) is not queried again; one that
 * is silent is queried anew in the next pass, since datagrams get lost. plan.h says how.
 *
 * In a group whose servers are all known to be down a fetch tries one of them (and those that were
 * not tried lately), for no longer than a response takes as a rule: so the first server that is
 * back is found by the first fetch, and no client waits for dead ones. While other servers live a
 * fetch tries one that is down at most, and when that is overdue and the rest has failed, it ends.
 * The only server of a group is waited for while it is silent (its process may stand still for a
 * moment): each fetch queries it once, one of them again each 250 ms, and all of them when it
 * responds to anything.
 * One that is stalled is queried but once, twice when it is alone: the query did arrive.
 */
#include "alias.h"
#include "resolver_private.h"

#define PASSES_UNFORGIVING 3 /* some two seconds */
#define PASSES_STALLED 1 /* after the first, of one that is alone */

static uint32_t
all_servers(const struct s53_group *group)
{
	unsigned size = s53_group_size(group);

	return size >= 32 ? UINT32_MAX : (1u << size) - 1;
}

bool
s53_all_asked(const struct s53_fetch *fetch)
{
	uint32_t all = all_servers(fetch->route->group);

	return ((fetch->tried | fetch->left_out) & all) == all;
}

enum s53_verdict
s53_give_up(struct s53_fetch *fetch)
{
	s53_count(fetch->resolver->counters,
	    fetch->group_dead ? S53_C_CHOOSE_DEAD : S53_C_CHOOSE_NONE_LEFT);
	s53_causes_tell(fetch);
	s53_fetch_fail(fetch, fetch->ede, fetch->ede_text[0] == '\0' ? NULL : fetch->ede_text);
	s53_store_failure(fetch);
	return S53_REPLY;
}

enum s53_verdict
s53_over_quota(struct s53_fetch *fetch, bool drop)
{
	s53_count(fetch->resolver->counters, S53_C_CHOOSE_QUOTA);
	s53_fetch_log_limit(fetch);
	s53_fetch_fail(fetch, S53_EDE_OTHER, "too many queries under way");
	fetch->outcome.over_quota = true;
	fetch->outcome.silent = drop;
	return S53_REPLY;
}

/*
 * Servers that are being queried over TCP and would be again: what is sent there arrives, another
 * query would only cost.
 */
static uint32_t
asked_over_tcp(const struct s53_fetch *fetch)
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

/* Each server has said or proved that it cannot help: what is still open will not either. */
static bool
all_failed(const struct s53_fetch *fetch)
{
	uint32_t all = all_servers(fetch->route->group);

	return (fetch->failed & all) == all;
}

/* Silence has lasted long enough for the same servers to be queried once more. */
static bool
may_repeat(const struct s53_fetch *fetch)
{
	return !all_failed(fetch) && (fetch->hedges || s53_list_empty(&fetch->attempts));
}

/*
 * Servers that are not queried (again) as long as their state stays: stalled ones, since the query
 * did arrive (one that is alone is queried twice); and while others live all that are down but one,
 * since that one did not answer either.
 */
static uint32_t
left_out(const struct s53_fetch *fetch)
{
	const struct s53_group *group = fetch->route->group;
	unsigned passes = s53_group_size(group) > 1 ? 0 : PASSES_STALLED;
	uint32_t servers = 0;

	if (!fetch->asked_down && fetch->pass <= passes)
		return 0;
	for (unsigned i = 0; i < s53_group_size(group); i++) {
		enum s53_health_state state = s53_upstream_state(s53_group_server(group, i));

		if ((state == S53_HEALTH_STALLED && fetch->pass > passes) ||
		    (s53_health_is_down(state) && fetch->asked_down))
			servers |= UINT32_C(1) << i;
	}
	return servers & ~fetch->failed;
}

/*
 * Servers that have failed and were not up then, but are now, may be queried again; when it takes
 * long, once all of them.
 */
static void
forgive(struct s53_fetch *fetch)
{
	const struct s53_group *group = fetch->route->group;

	if (fetch->pass == PASSES_UNFORGIVING)
		fetch->failed = fetch->failed_by_rcode = fetch->failed_ill = 0;
	for (unsigned i = 0; fetch->failed_ill != 0 && i < s53_group_size(group); i++) {
		uint32_t bit = UINT32_C(1) << i;

		if ((fetch->failed_ill & bit) == 0 ||
		    s53_upstream_state(s53_group_server(group, i)) != S53_HEALTH_UP)
			continue;
		fetch->failed_ill &= ~bit;
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

/* The next server in this pass or the first of the next; or S53_CHOSEN_NONE, S53_CHOSEN_QUOTA. */
static int
choose_server(struct s53_fetch *fetch, struct s53_group *group)
{
	uint32_t tried = fetch->tried;
	int chosen = choose_among(fetch, group);

	if (chosen != S53_CHOSEN_NONE || !may_repeat(fetch))
		return chosen;
	forgive(fetch);
	if (s53_group_retries_silent(group, fetch->now_ms))
		fetch->asked_down = false;
	fetch->pass++;
	fetch->tried = fetch->failed | asked_over_tcp(fetch);
	chosen = choose_among(fetch, group);
	if (chosen >= 0) {
		s53_count(fetch->resolver->counters, S53_C_CHOOSE_REPEATED);
	} else { /* there is no other pass yet */
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
	/* No client waits: what is under way may take its time, for the cache. */
	bool patient = s53_list_empty(&fetch->clients);
	bool hedges = fetch->hedges && !patient;
	int chosen;

	if (fetch->held.message != NULL)
		return s53_alias_release(fetch);
	fetch->group_dead = s53_group_condition(group) == S53_GROUP_DEAD;
	if (fetch->group_dead && fetch->asked)
		return idle || (fetch->overdue && !patient) ? s53_give_up(fetch) : S53_WAIT;
	chosen = choose_server(fetch, group);
	fetch->hedges = false;
	if (chosen == S53_CHOSEN_QUOTA && idle)
		return s53_over_quota(fetch, s53_group_rules(group)->per_server.drop);
	if (chosen < 0)
		return idle || all_failed(fetch) || (hedges && all_failed_or_down(fetch))
		    ? s53_give_up(fetch)
		    : S53_WAIT;
	if (fetch->owes_budget)
		s53_budget_pay(&fetch->resolver->budget);
	fetch->owes_budget = false;
	fetch->asked_down = fetch->asked_down ||
	    s53_health_is_down(s53_upstream_state(s53_group_server(group, (unsigned)chosen)));
	fetch->plan = s53_plan_for(fetch, (unsigned)chosen);
	return S53_NEXT;
}
