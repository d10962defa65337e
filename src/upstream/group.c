/* SPDX-License-Identifier: ISC
 *
 * group.c - a forwarders list: which server is asked.
 */
#include "server.h"

#include <stdlib.h>

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

int
s53_group_choose(const struct s53_group *group, uint32_t tried, uint64_t now_ms)
{
	/* A query that another server has failed already is no one to make trials with. */
	for (unsigned i = 0; tried == 0 && group->count > 1 && i < group->count; i++) {
		if (s53_upstream_claim_trial(group->servers[i], now_ms))
			return (int)i;
	}
	return best(group, tried);
}
