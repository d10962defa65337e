/* SPDX-License-Identifier: ISC
 *
 * group.c - a forwarders list: which of its servers gets the next query.
 *
 * Servers fall into ranks, and a query goes to the best rank that has an untried server. The rank
 * follows from the class of state (up; suspect or recovering; stalled; down), then slow servers
 * come last, then the tier counts. Within a rank the policy decides. All servers that are down have
 * one rank and get queries in rotation, whatever the policy: so the first that is back is found
 * soon.
 *
 * A slow server takes over S53_SLOW_MS and over SLOW_TIMES as long as the quickest of the group
 * that is up. The policies that compare round-trip times avoid it anyway; the others would send it
 * every n-th client. A race queries it as well.
 */
#include "server.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <split53/probe.h>
#include <split53/rand.h>

#define SLOW_TIMES 4
#define QUIET_MS 1000 /* without a reply for so long, its health is unknown */
#define EXPLORE_MS 1000 /* between two explorations of a server */
#define EXPLORE_SOON_MS 100 /* the same for one in trouble, which may be over */
#define SILENT_MS 250 /* between two retries of all queries that wait for a silent server */
#define CACHE_LINE 64

struct s53_group {
	struct s53_group_rules rules;
	unsigned count;
	/*
	 * On a cache line of its own: the members above never change and are read by all workers.
	 */
	/* queries that chose a server: the position in the rotation; wraps */
	_Alignas(CACHE_LINE) _Atomic uint32_t queries;
	/* fetches of fetches-per-zone; counted only if there is a limit */
	_Atomic uint32_t under_way;
	_Alignas(CACHE_LINE) struct s53_group_member members[]; /* a count of each server */
};

/* The untried servers of the best rank. */
struct rank {
	unsigned order; /* less is better */
	unsigned count;
	uint8_t indexes[S53_GROUP_MAX]; /* in the list's order */
};

#define RANK_NONE UINT32_MAX
#define CLASS_UP 0
#define CLASS_SUSPECT 1
#define CLASS_STALLED 2
#define CLASS_DOWN 3

static unsigned
class_of(const struct s53_upstream *server)
{
	static const uint8_t classes[S53_HEALTH_STATES] = {
		[S53_HEALTH_UP] = CLASS_UP,
		[S53_HEALTH_SUSPECT] = CLASS_SUSPECT,
		[S53_HEALTH_RECOVERING] = CLASS_SUSPECT,
		[S53_HEALTH_STALLED] = CLASS_STALLED,
		[S53_HEALTH_DOWN] = CLASS_DOWN,
		[S53_HEALTH_PROBING] = CLASS_DOWN,
		[S53_HEALTH_SILENT] = CLASS_DOWN,
	};

	return classes[s53_upstream_state(server)];
}

struct s53_group *
s53_group_new(
    const struct s53_group_member *members, unsigned count, const struct s53_group_rules *rules)
{
	struct s53_group *group;
	size_t size = sizeof(*group) + count * sizeof(*members);

	S53_ASSERT(count <= S53_GROUP_MAX);
	size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE; /* aligned_alloc requires that */
	group = aligned_alloc(CACHE_LINE, size);
	if (group == NULL)
		return NULL;
	*group = (struct s53_group){ .count = count };
	if (rules != NULL)
		group->rules = *rules;
	for (unsigned i = 0; i < count; i++) {
		S53_ASSERT(members[i].tier > 0);
		group->members[i] = members[i];
		s53_upstream_keep(members[i].server);
	}
	return group;
}

void
s53_group_free(struct s53_group *group)
{
	if (group == NULL)
		return;
	for (unsigned i = 0; i < group->count; i++)
		s53_upstream_drop(group->members[i].server);
	free(group);
}

unsigned
s53_group_size(const struct s53_group *group)
{
	return group->count;
}

struct s53_upstream *
s53_group_server(const struct s53_group *group, unsigned index)
{
	S53_ASSERT(index < group->count);
	return group->members[index].server;
}

unsigned
s53_group_tier(const struct s53_group *group, unsigned index)
{
	S53_ASSERT(index < group->count);
	return group->members[index].tier;
}

const struct s53_group_rules *
s53_group_rules(const struct s53_group *group)
{
	return &group->rules;
}

bool
s53_group_has_caps(const struct s53_group *group, unsigned index)
{
	enum s53_caps own = s53_upstream_options(s53_group_server(group, index))->caps;

	return own == S53_CAPS_INHERIT ? !group->rules.no_caps : own == S53_CAPS_YES;
}

/* The best class of any server of the group. */
static unsigned
best_class(const struct s53_group *group)
{
	unsigned best = CLASS_DOWN;

	for (unsigned i = 0; i < group->count && best > CLASS_UP; i++) {
		unsigned class = class_of(group->members[i].server);

		if (class < best)
			best = class;
	}
	return best;
}

/* Is it the only server and silent, but not for so long that it counts as down? */
static bool
is_waited_for(const struct s53_group *group)
{
	return group->count == 1 &&
	    s53_upstream_state(group->members[0].server) == S53_HEALTH_SILENT;
}

enum s53_group_condition
s53_group_condition(const struct s53_group *group)
{
	switch (best_class(group)) {
	case CLASS_DOWN:
		return is_waited_for(group) ? S53_GROUP_SILENT : S53_GROUP_DEAD;
	case CLASS_STALLED:
		return S53_GROUP_STALLED;
	default:
		return S53_GROUP_ALIVE;
	}
}

/* --- ranks ----------------------------------------------------------------------------------- */

/* The cost above which a server of the group is slow. */
static uint32_t
slow_cost(const struct s53_group *group)
{
	uint32_t least = UINT32_MAX / SLOW_TIMES;

	for (unsigned i = 0; i < group->count; i++) {
		const struct s53_upstream *server = group->members[i].server;
		uint32_t cost = s53_upstream_cost(server);

		if (cost > 0 && cost < least && class_of(server) == CLASS_UP)
			least = cost;
	}
	return least * SLOW_TIMES;
}

static bool
is_slow(const struct s53_upstream *server, uint32_t slow_from)
{
	return s53_upstream_is_slow(server) && s53_upstream_cost(server) > slow_from;
}

static unsigned
order_of(const struct s53_group *group, unsigned index, uint32_t slow_from)
{
	const struct s53_group_member *member = &group->members[index];
	unsigned class = class_of(member->server);

	if (class == CLASS_DOWN) /* the tier of a dead server does not matter */
		return class << 16;
	return class << 16 | (unsigned)is_slow(member->server, slow_from) << 8 | member->tier;
}

/* Has the operator taken it out of service? Then it gets no query at all. */
static bool
is_set_down(const struct s53_upstream *server)
{
	return s53_upstream_admin(server) == S53_ADMIN_DOWN;
}

static bool
is_full(const struct s53_group *group, const struct s53_upstream *server)
{
	unsigned limit = group->rules.per_server.limit;

	return limit > 0 && s53_upstream_in_flight(server) >= limit;
}

/*
 * The servers of the best rank that are not in `tried`; order RANK_NONE: there are none. *full: a
 * server was excluded because it is at its quota.
 */
static struct rank
best_rank(const struct s53_group *group, uint32_t tried, bool *full)
{
	bool races = group->rules.policy == S53_FORWARDERS_RACE;
	uint32_t slow_from = races || group->count == 1 ? UINT32_MAX : slow_cost(group);
	struct rank best;

	best.order = RANK_NONE;
	best.count = 0;
	*full = false;
	for (unsigned i = 0; i < group->count; i++) {
		unsigned order;

		if ((tried & UINT32_C(1) << i) != 0 || is_set_down(group->members[i].server))
			continue;
		if (is_full(group, group->members[i].server)) {
			*full = true;
			continue;
		}
		order = order_of(group, i, slow_from);
		if (order < best.order) {
			best.order = order;
			best.count = 0;
		}
		if (order == best.order)
			best.indexes[best.count++] = (uint8_t)i;
	}
	return best;
}

/* --- policies -------------------------------------------------------------------------------- */

/* The server with the least weight; of equals the first. */
static unsigned
lightest(const struct s53_group *group, const struct rank *rank,
    uint64_t (*weight)(const struct s53_upstream *server))
{
	unsigned found = rank->indexes[0];
	uint64_t least = weight(group->members[found].server);

	for (unsigned i = 1; i < rank->count; i++) {
		uint64_t own = weight(group->members[rank->indexes[i]].server);

		if (own < least) {
			found = rank->indexes[i];
			least = own;
		}
	}
	return found;
}

/*
 * A server that is not known comes last: no client's query goes to it first while there is another
 * server.
 */
static uint64_t
cost(const struct s53_upstream *server)
{
	uint32_t known = s53_upstream_cost(server);

	return known > 0 ? known : UINT32_MAX;
}

/* Among servers with equally many queries under way, the quicker one is preferred. */
static uint64_t
outstanding(const struct s53_upstream *server)
{
	return (uint64_t)s53_upstream_in_flight(server) << 32 | cost(server);
}

static unsigned
by_policy(const struct s53_group *group, const struct rank *rank, uint32_t position)
{
	if (rank->count == 1)
		return rank->indexes[0];
	if (rank->order >> 16 == CLASS_DOWN)
		return rank->indexes[position % rank->count];
	switch (group->rules.policy) {
	case S53_FORWARDERS_ORDERED:
		break;
	case S53_FORWARDERS_ROUND_ROBIN:
		return rank->indexes[position % rank->count];
	case S53_FORWARDERS_RANDOM:
		return rank->indexes[s53_rand_below(rank->count)];
	case S53_FORWARDERS_LEAST_OUTSTANDING:
		return lightest(group, rank, outstanding);
	case S53_FORWARDERS_FASTEST:
	case S53_FORWARDERS_RACE:
		return lightest(group, rank, cost);
	}
	return rank->indexes[0];
}

int
s53_group_choose(struct s53_group *group, uint32_t tried, uint64_t now_ms)
{
	bool full;
	struct rank rank = best_rank(group, tried, &full);
	uint32_t position = 0;
	unsigned chosen;

	if (rank.count == 0)
		return full ? S53_CHOSEN_QUOTA : S53_CHOSEN_NONE;
	if (group->count > 1) /* a query moves the rotation once, however many servers it tries */
		position = atomic_fetch_add_explicit(
		    &group->queries, tried == 0 ? 1 : 0, memory_order_relaxed);
	chosen = by_policy(group, &rank, position);
	s53_upstream_set_chosen(group->members[chosen].server, now_ms);
	return (int)chosen;
}

bool
s53_group_races(const struct s53_group *group, uint32_t tried)
{
	struct rank next;
	bool full;

	if (group->rules.policy != S53_FORWARDERS_RACE)
		return false;
	next = best_rank(group, tried, &full);
	if (next.count == 0)
		return false;
	for (unsigned i = 0; i < group->count; i++) {
		if ((tried & UINT32_C(1) << i) != 0 && order_of(group, i, UINT32_MAX) < next.order)
			return false;
	}
	return true;
}

/* --- exploration ----------------------------------------------------------------------------- */

/* Was the server not chosen for `gap_ms`, and is this caller the first to notice? */
static bool
explore_after(struct s53_upstream *server, uint32_t gap_ms, uint64_t now_ms)
{
	uint64_t chosen_at_ms = s53_upstream_chosen_at_ms(server);

	return (chosen_at_ms == 0 || now_ms >= chosen_at_ms + gap_ms) &&
	    s53_upstream_claim_exploration(server, gap_ms, now_ms);
}

/*
 * Explores a server without probes: one with probes that is stalled, or down in a live group, is
 * left to the prober.
 */
static bool
explore_unprobed(struct s53_upstream *server, uint64_t now_ms)
{
	return !s53_upstream_is_probed(server) && explore_after(server, EXPLORE_MS, now_ms);
}

static bool
wants_exploration(
    struct s53_group *group, struct s53_upstream *server, unsigned best, uint64_t now_ms)
{
	if (!s53_upstream_was_queried(server))
		return explore_after(server, EXPLORE_MS, now_ms);
	switch (class_of(server)) {
	case CLASS_UP:
		if (is_slow(server, slow_cost(group)))
			return explore_after(server, EXPLORE_SOON_MS, now_ms);
		return now_ms >= s53_upstream_replied_at_ms(server) + QUIET_MS &&
		    explore_after(server, EXPLORE_MS, now_ms);
	case CLASS_SUSPECT:
		return explore_after(server, EXPLORE_SOON_MS, now_ms);
	case CLASS_STALLED: /* a readiness probe ends that state, unless probes are off */
		return explore_unprobed(server, now_ms);
	default:
		return best == CLASS_DOWN ? explore_after(server, EXPLORE_SOON_MS, now_ms)
					  : explore_unprobed(server, now_ms);
	}
}

int
s53_group_explore(struct s53_group *group, unsigned chosen, uint64_t now_ms)
{
	unsigned best;

	if (group->count == 1 || group->rules.policy == S53_FORWARDERS_RACE)
		return -1;
	best = best_class(group);
	for (unsigned i = 0; i < group->count; i++) {
		struct s53_upstream *server = group->members[i].server;

		if (i != chosen && !is_full(group, server) && !is_set_down(server) &&
		    wants_exploration(group, server, best, now_ms))
			return (int)i;
	}
	return -1;
}

bool
s53_group_retries_silent(struct s53_group *group, uint64_t now_ms)
{
	return is_waited_for(group) &&
	    s53_upstream_claim_exploration(group->members[0].server, SILENT_MS, now_ms);
}

/* --- fetches-per-zone ------------------------------------------------------------------------ */

bool
s53_group_enter(struct s53_group *group)
{
	unsigned limit = group->rules.per_zone.limit;

	if (limit == 0 ||
	    atomic_fetch_add_explicit(&group->under_way, 1, memory_order_relaxed) < limit)
		return true;
	atomic_fetch_sub_explicit(&group->under_way, 1, memory_order_relaxed);
	return false;
}

void
s53_group_leave(struct s53_group *group)
{
	if (group->rules.per_zone.limit > 0)
		atomic_fetch_sub_explicit(&group->under_way, 1, memory_order_relaxed);
}
