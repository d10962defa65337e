/* SPDX-License-Identifier: ISC
 *
 * group.c - a forwarders list: which server is asked.
 */
#include "server.h"

#include <stdlib.h>

#include <split53/rand.h>

#define TRIAL_SHARE 16

struct s53_group {
	unsigned count;
	struct s53_upstream *servers[]; /* a count of each */
};

struct s53_group *
s53_group_new(struct s53_upstream *const *servers, unsigned count)
{
	struct s53_group *group;

	S53_ASSERT(count <= S53_GROUP_MAX);
	group = malloc(sizeof(*group) + count * sizeof(struct s53_upstream *));
	if (group == NULL)
		return NULL;
	group->count = count;
	for (unsigned i = 0; i < count; i++)
		group->servers[i] = s53_upstream_keep(servers[i]);
	return group;
}

void
s53_group_free(struct s53_group *group)
{
	if (group == NULL)
		return;
	for (unsigned i = 0; i < group->count; i++)
		s53_upstream_drop(group->servers[i]);
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
	return group->servers[index];
}

/* Is `a` to be asked before `b`? Equals stay in the list's order. */
static bool
is_better(const struct s53_upstream *a, const struct s53_upstream *b)
{
	bool a_good = s53_upstream_is_good(a), b_good = s53_upstream_is_good(b);

	if (a_good != b_good)
		return a_good;
	return s53_upstream_cost(a) < s53_upstream_cost(b);
}

static int
best(const struct s53_group *group, uint32_t tried)
{
	int found = -1;

	for (unsigned i = 0; i < group->count; i++) {
		if ((tried & UINT32_C(1) << i) != 0)
			continue;
		if (found < 0 || is_better(group->servers[i], group->servers[found]))
			found = (int)i;
	}
	return found;
}

/*
 * A server that this query may be spent on to see how it does, or -1. While `found` is good that
 * is one query in TRIAL_SHARE at most, or with little traffic all of it would go to servers that
 * are gone; but one that was never asked gets its query at once.
 */
static int
trial(const struct s53_group *group, int found, uint64_t now_ms)
{
	bool found_good = s53_upstream_is_good(group->servers[found]);

	for (unsigned i = 0; i < group->count; i++) {
		struct s53_upstream *server = group->servers[i];

		if (!s53_upstream_trial_is_due(server, now_ms) || (found_good && (int)i == found))
			continue;
		if (found_good && s53_upstream_was_asked(server) &&
		    s53_rand_below(TRIAL_SHARE) != 0)
			continue;
		if (s53_upstream_claim_trial(server, now_ms))
			return (int)i;
	}
	return -1;
}

int
s53_group_choose(const struct s53_group *group, uint32_t tried, uint64_t now_ms)
{
	int found = best(group, tried);
	int on_trial = -1;

	/* A query that another server has failed already is no one to make trials with. */
	if (tried == 0 && group->count > 1)
		on_trial = trial(group, found, now_ms);
	return on_trial >= 0 ? on_trial : found;
}
