/* SPDX-License-Identifier: ISC
 *
 * view.c - see view.h.
 */
#include <split53/view.h>

void
s53_policy_drop(struct s53_policy *policy)
{
	if (policy != NULL &&
	    atomic_fetch_sub_explicit(&policy->count, 1, memory_order_acq_rel) == 1)
		policy->release(policy);
}

static bool
matches(const struct s53_view *view, const struct s53_addr *client,
    const struct s53_addr *destination, bool recursion_desired)
{
	return (recursion_desired || !view->match_recursive_only) &&
	    s53_acl_allows(view->match_clients, client) &&
	    s53_acl_allows(view->match_destinations, destination);
}

const struct s53_view *
s53_policy_view(const struct s53_policy *policy, const struct s53_addr *client,
    const struct s53_addr *destination, bool recursion_desired)
{
	/* The usual configuration has one view without lists: matches() is then three compares. */
	for (unsigned i = 0; i < policy->view_count; i++)
		if (matches(&policy->views[i], client, destination, recursion_desired))
			return &policy->views[i];
	return NULL;
}

bool
s53_view_may_query(const struct s53_view *view, const struct s53_route *route,
    const struct s53_addr *client, const struct s53_addr *destination)
{
	const struct s53_acl *clients =
	    route->allow_query != NULL ? route->allow_query : view->allow_query;
	const struct s53_acl *destinations =
	    route->allow_query_on != NULL ? route->allow_query_on : view->allow_query_on;

	return s53_acl_allows(clients, client) && s53_acl_allows(destinations, destination);
}
