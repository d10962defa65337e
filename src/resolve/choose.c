/* SPDX-License-Identifier: ISC
 *
 * choose.c - the step choose: which server is asked, and when asking ends.
 *
 * A pass asks each server of the group once, the next one as soon as the last is late or has
 * failed. A server that said or proved that it cannot help (failed) is not asked again; one that
 * is silent is asked anew in the next pass, since datagrams get lost: with EDNS once more, then
 * without (silence may be a firewall's that drops EDNS; RFC 6891 s6.2.2).
 *
 * In a group whose servers are all known to be down a query tries one of them (and those that were
 * not tried lately), for no longer than an answer takes as a rule: so the first that is back is
 * found by the first query, and nobody waits for the dead. Where others live a query tries one that
 * is down at most, and when that is late and the rest has failed, that is all. One that is stalled
 * is asked but once, twice when it is alone: what it holds did arrive.
 */
#include <stdio.h>

#include "pending.h"

#define PASSES_WITH_EDNS 2
#define PASSES_UNFORGIVING 3 /* some two seconds */
#define PASSES_STALLED 1 /* after the first, of one that is alone */

static uint32_t
all_servers(const struct s53_group *group)
{
	unsigned size = s53_group_size(group);

	return size >= 32 ? UINT32_MAX : (1u << size) - 1;
}

bool
s53_all_asked(const struct s53_pending *pending)
{
	uint32_t all = all_servers(pending->query.route->group);

	return ((pending->tried | pending->left_out) & all) == all;
}

/* The last word on why: of whom was asked and is silent yet, unless somebody has said more. */
static void
explain_silence(struct s53_pending *pending)
{
	const struct s53_attempt *attempt;
	char addr[S53_ADDR_TEXT];

	if (pending->ede_text[0] != '\0' || s53_list_empty(&pending->attempts))
		return;
	attempt = S53_CONTAINER_OF(pending->attempts.next, struct s53_attempt, link);
	s53_addr_print(s53_upstream_addr(s53_attempt_server(attempt)), addr);
	snprintf(pending->ede_text, sizeof pending->ede_text, "%s does not answer", addr);
}

enum s53_verdict
s53_give_up(struct s53_query *query)
{
	struct s53_pending *pending = query->pending;

	s53_count(query->resolver->counters,
	    pending->group_dead ? S53_C_CHOOSE_DEAD : S53_C_CHOOSE_NONE_LEFT);
	explain_silence(pending);
	s53_attempts_end(pending); /* what comes yet would be a second end */
	s53_query_fail(query, S53_RCODE_SERVFAIL, pending->ede,
	    pending->ede_text[0] == '\0' ? NULL : pending->ede_text);
	return s53_store_failure(query);
}

enum s53_verdict
s53_over_quota(struct s53_query *query, bool drop)
{
	s53_count(query->resolver->counters, S53_C_CHOOSE_QUOTA);
	return s53_shed(query, "too many queries under way", drop);
}

/*
 * Servers that are being asked over TCP and would be again: what is sent there arrives, asking
 * again would only cost.
 */
static uint32_t
asked_over_tcp(const struct s53_pending *pending)
{
	uint32_t servers = 0;

	S53_LIST_EACH (&pending->attempts, link) {
		const struct s53_attempt *attempt =
		    S53_CONTAINER_OF(link, struct s53_attempt, link);

		if (attempt->plan.tcp &&
		    (attempt->cut || s53_plan_for(pending, attempt->plan.server).tcp))
			servers |= 1u << attempt->plan.server;
	}
	return servers;
}

/* Each has said or proved that it cannot help: what is open yet will not either. */
static bool
all_failed(const struct s53_pending *pending)
{
	uint32_t all = all_servers(pending->query.route->group);

	return (pending->failed & all) == all;
}

/* Silence has lasted long enough for the same servers to be asked once more. */
static bool
may_repeat(const struct s53_pending *pending)
{
	return !all_failed(pending) && (pending->late || s53_list_empty(&pending->attempts));
}

/*
 * Servers that are not asked (again) as long as they are what they are: those that hold the
 * question, since it did arrive (one that is alone is asked twice); and while others live all that
 * are down but one, since it was in vain with that one, too.
 */
static uint32_t
left_out(const struct s53_pending *pending)
{
	const struct s53_group *group = pending->query.route->group;
	unsigned passes = s53_group_size(group) > 1 ? 0 : PASSES_STALLED;
	uint32_t servers = 0;

	if (!pending->asked_down && pending->pass <= passes)
		return 0;
	for (unsigned i = 0; i < s53_group_size(group); i++) {
		enum s53_health_state state = s53_upstream_state(s53_group_server(group, i));

		if ((state == S53_HEALTH_STALLED && pending->pass > passes) ||
		    (s53_health_is_down(state) && pending->asked_down))
			servers |= UINT32_C(1) << i;
	}
	return servers & ~pending->failed;
}

/*
 * Those that have failed and were not up then, but are now, may be asked again; when it takes long,
 * once all of them.
 */
static void
forgive(struct s53_pending *pending)
{
	const struct s53_group *group = pending->query.route->group;

	if (pending->pass == PASSES_UNFORGIVING)
		pending->failed = pending->unfit = pending->ill = 0;
	for (unsigned i = 0; pending->ill != 0 && i < s53_group_size(group); i++) {
		uint32_t bit = UINT32_C(1) << i;

		if ((pending->ill & bit) == 0 ||
		    s53_upstream_state(s53_group_server(group, i)) != S53_HEALTH_UP)
			continue;
		pending->ill &= ~bit;
		pending->failed &= ~bit;
		pending->unfit &= ~bit;
	}
}

/* Has each either failed or is down? */
static bool
nobody_lives(const struct s53_pending *pending)
{
	const struct s53_group *group = pending->query.route->group;

	for (unsigned i = 0; i < s53_group_size(group); i++) {
		if ((pending->failed >> i & 1) == 0 &&
		    !s53_health_is_down(s53_upstream_state(s53_group_server(group, i))))
			return false;
	}
	return true;
}

static int
choose_among(struct s53_pending *pending, struct s53_group *group)
{
	pending->left_out = left_out(pending);
	return s53_group_choose(group, pending->tried | pending->left_out, pending->query.now_ms);
}

/* The next server in this pass or the first of the next; or S53_CHOSEN_NONE, S53_CHOSEN_QUOTA. */
static int
choose_server(struct s53_pending *pending, struct s53_group *group)
{
	uint32_t tried = pending->tried;
	int chosen = choose_among(pending, group);

	if (chosen != S53_CHOSEN_NONE || !may_repeat(pending))
		return chosen;
	forgive(pending);
	pending->pass++;
	pending->tried = pending->failed | asked_over_tcp(pending);
	chosen = choose_among(pending, group);
	if (chosen >= 0) {
		s53_count(pending->query.resolver->counters, S53_C_CHOOSE_REPEATED);
	} else { /* there is no other pass yet */
		pending->pass--;
		pending->tried = tried;
	}
	return chosen;
}

struct s53_plan
s53_plan_for(const struct s53_pending *pending, unsigned server)
{
	const struct s53_upstream *upstream = s53_group_server(pending->query.route->group, server);
	uint64_t now_ms = pending->query.now_ms;
	/* Over TCP nobody but the server can answer, whatever the letter case. */
	bool tcp = s53_upstream_wants_tcp(upstream) ||
	    (s53_upstream_has_quirk(upstream, S53_QUIRK_NO_CASE, now_ms) &&
		s53_upstream_path_state(upstream, S53_OVER_TCP) == S53_HEALTH_UP);

	return (struct s53_plan){ .server = server,
		.tcp = tcp,
		.edns = s53_upstream_options(upstream)->edns && pending->pass < PASSES_WITH_EDNS &&
		    !s53_upstream_has_quirk(upstream, S53_QUIRK_NO_EDNS, now_ms) };
}

/* Nobody waits: what is under way may take its time, for the cache. */
static bool
is_for_nobody(const struct s53_pending *pending)
{
	return pending->query.refresh && s53_list_empty(&pending->followers);
}

enum s53_verdict
s53_step_choose(struct s53_query *query)
{
	struct s53_pending *pending = query->pending;
	struct s53_group *group = query->route->group;
	enum s53_group_condition condition = s53_group_condition(group);
	bool idle = s53_list_empty(&pending->attempts);
	bool late = pending->late && !is_for_nobody(pending);
	int chosen;

	pending->group_dead = condition == S53_GROUP_DEAD;
	if (pending->group_dead && pending->asked)
		return idle || (pending->waited && !is_for_nobody(pending)) ? s53_give_up(query)
									    : S53_WAIT;
	chosen = choose_server(pending, group);
	pending->late = false;
	if (chosen == S53_CHOSEN_QUOTA && idle)
		return s53_over_quota(query, s53_group_rules(group)->per_server.drop);
	if (chosen < 0)
		return idle || all_failed(pending) || (late && nobody_lives(pending))
		    ? s53_give_up(query)
		    : S53_WAIT;
	if (pending->owes)
		s53_budget_pay(&query->resolver->budget);
	pending->owes = false;
	pending->asked_down = pending->asked_down ||
	    s53_health_is_down(s53_upstream_state(s53_group_server(group, (unsigned)chosen)));
	pending->plan = s53_plan_for(pending, (unsigned)chosen);
	return S53_NEXT;
}
