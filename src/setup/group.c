/* SPDX-License-Identifier: ISC
 *
 * setup_group.c - by which rules servers are chosen, and how much of one thing may be under way.
 */
#include "builder.h"

#include <string.h>

/* BIND's, where clients-per-query is written and this is not. */
#define MAX_CLIENTS_PER_QUERY 100

static const char *const policy_names[] = {
	[S53_POLICY_FASTEST] = "fastest",
	[S53_POLICY_ORDERED] = "ordered",
	[S53_POLICY_ROUND_ROBIN] = "round-robin",
	[S53_POLICY_RANDOM] = "random",
	[S53_POLICY_LEAST_OUTSTANDING] = "least-outstanding",
	[S53_POLICY_RACE] = "race",
};

const char *
s53_setup_policy_name(enum s53_forwarders_policy policy)
{
	return policy_names[policy];
}

static enum s53_forwarders_policy
policy_of(const struct s53_conf_clause *clause)
{
	enum s53_forwarders_policy policy = S53_POLICY_FASTEST;

	if (clause == NULL || clause->value.type != S53_CONF_TEXT)
		return policy;
	for (unsigned i = 0; i < sizeof(policy_names) / sizeof(policy_names[0]); i++)
		if (strcmp(policy_names[i], clause->value.text) == 0)
			policy = (enum s53_forwarders_policy)i;
	return policy;
}

/* `drop`: what BIND does when the file does not say. */
static struct s53_quota
quota_of(
    const struct s53_setup *setup, const struct s53_setup_peers *peers, const char *name, bool drop)
{
	const struct s53_conf_clause *clause =
	    s53_setup_option(setup->input->source, peers->view_body, name);
	struct s53_quota quota = { .limit = 0, .drop = drop };

	if (clause == NULL || clause->value.type != S53_CONF_NUMBER)
		return quota;
	quota.limit = (unsigned)clause->value.number;
	if (clause->second.type == S53_CONF_TEXT)
		quota.drop = strcmp(clause->second.text, "drop") == 0;
	return quota;
}

void
s53_setup_group_rules(
    const struct s53_setup *setup, const struct s53_setup_peers *peers, struct s53_group_rules *out)
{
	out->policy = policy_of(s53_setup_zone_option(
	    setup->input->source, peers->zone_body, peers->view_body, "forwarders-policy"));
	out->per_server = quota_of(setup, peers, "fetches-per-server", false);
	out->per_zone = quota_of(setup, peers, "fetches-per-zone", true);
}

/* Of options it is said once, in the first view. */
static bool
is_news(const struct s53_setup *setup, const struct s53_conf_clause *view_body)
{
	return setup->snapshot->policy.view_count == 0 ||
	    s53_conf_find(view_body, "clients-per-query") != NULL ||
	    s53_conf_find(view_body, "max-clients-per-query") != NULL;
}

void
s53_setup_clients_per_query(
    struct s53_setup *setup, struct s53_view *view, const struct s53_conf_clause *view_body)
{
	const struct s53_source *source = setup->input->source;
	const struct s53_conf_clause *written =
	    s53_setup_option(source, view_body, "max-clients-per-query");
	uint64_t least = s53_setup_number(source, view_body, "clients-per-query", 0);
	uint64_t most =
	    s53_setup_number(source, view_body, "max-clients-per-query", MAX_CLIENTS_PER_QUERY);

	if (least == 0) {
		if (written != NULL && most != 0 && is_news(setup, view_body))
			s53_setup_warn(setup, written->place,
			    "'max-clients-per-query' [differs]: it has no effect without "
			    "'clients-per-query', which is 0 (no limit) unless written");
		return;
	}
	if (most != 0 && most < least) { /* as BIND 9.20 */
		if (written != NULL && is_news(setup, view_body))
			s53_setup_warn(setup, written->place,
			    "'max-clients-per-query' is less than 'clients-per-query': %u is "
			    "taken for %u",
			    (unsigned)most, (unsigned)least);
		most = least;
	}
	view->clients_per_query = (unsigned)least;
	view->max_clients_per_query = (unsigned)most;
}
