/* SPDX-License-Identifier: ISC
 *
 * group.c - the policy and the quotas of a group of servers.
 */
#include "builder.h"

#include <string.h>

static const char *const policy_names[] = {
	[S53_FORWARDERS_FASTEST] = "fastest",
	[S53_FORWARDERS_ORDERED] = "ordered",
	[S53_FORWARDERS_ROUND_ROBIN] = "round-robin",
	[S53_FORWARDERS_RANDOM] = "random",
	[S53_FORWARDERS_LEAST_OUTSTANDING] = "least-outstanding",
	[S53_FORWARDERS_RACE] = "race",
};

const char *
s53_setup_policy_name(enum s53_forwarders_policy policy)
{
	return policy_names[policy];
}

static enum s53_forwarders_policy
policy_of(const struct s53_conf_statement *statement)
{
	enum s53_forwarders_policy policy = S53_FORWARDERS_FASTEST;

	if (statement == NULL || statement->value.type != S53_CONF_TEXT)
		return policy;
	for (unsigned i = 0; i < sizeof(policy_names) / sizeof(policy_names[0]); i++)
		if (strcmp(policy_names[i], statement->value.text) == 0)
			policy = (enum s53_forwarders_policy)i;
	return policy;
}

/* `drop`: BIND's default for this quota. */
static struct s53_quota
quota_of(const struct setup_builder *builder, const struct setup_peers *peers, const char *name,
    bool drop)
{
	const struct s53_conf_statement *statement =
	    s53_setup_option(builder->input->source, peers->view_body, name);
	struct s53_quota quota = { .limit = 0, .drop = drop };

	if (statement == NULL || statement->value.type != S53_CONF_NUMBER)
		return quota;
	quota.limit = (unsigned)statement->value.number;
	if (statement->second.type == S53_CONF_TEXT)
		quota.drop = strcmp(statement->second.text, "drop") == 0;
	return quota;
}

void
setup_group_rules(const struct setup_builder *builder, const struct setup_peers *peers,
    struct s53_group_rules *out)
{
	const struct s53_conf_statement *caps = setup_option_of_zone(
	    builder->input->source, peers->zone_body, peers->view_body, "use-caps-for-id");

	out->no_caps = caps != NULL && caps->value.type == S53_CONF_BOOL && !caps->value.boolean;
	out->policy = policy_of(setup_option_of_zone(
	    builder->input->source, peers->zone_body, peers->view_body, "forwarders-policy"));
	out->per_server = quota_of(builder, peers, "fetches-per-server", false);
	out->per_zone = quota_of(builder, peers, "fetches-per-zone", true);
}
