/* SPDX-License-Identifier: ISC
 *
 * setup_listen.c - listen-on and listen-on-v6 as rules; which of the machine's addresses they
 * mean is seen when listeners are opened, and again when addresses come and go.
 */
#include "builder.h"

#include <string.h>

#define RULES_MAX 64
#define NAMED_MAX 64

/* The addresses written one by one are collected here. */
struct named {
	struct s53_addr addrs[NAMED_MAX];
	unsigned count;
};

static uint16_t
default_port(const struct s53_setup *setup)
{
	if (setup->input->options->port != 0)
		return setup->input->options->port; /* -p wins over `port`, as with named */
	return (uint16_t)s53_setup_number(setup->input->source, NULL, "port", S53_DNS_PORT);
}

static void
prefix_addr(const struct s53_prefix *prefix, uint16_t port, struct s53_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->family = prefix->family;
	if (prefix->family == AF_INET)
		memcpy(&out->in.sin_addr, prefix->octets, sizeof(out->in.sin_addr));
	else
		memcpy(&out->in6.sin6_addr, prefix->octets, sizeof(out->in6.sin6_addr));
	s53_addr_set_port(out, port);
}

static void
collect_named(struct s53_setup *setup, const struct s53_conf_match *match,
    const struct s53_listen_rule *rule, struct named *named, unsigned depth)
{
	for (; match != NULL && depth < 16; match = match->next) {
		const struct s53_conf_clause *acl;

		if (match->negated)
			continue;
		if (match->kind == S53_MATCH_LIST)
			collect_named(setup, match->list, rule, named, depth + 1);
		if (match->kind == S53_MATCH_NAME && setup->input->source->file != NULL) {
			acl = s53_conf_acl(setup->input->source->file, match->name);
			if (acl != NULL)
				collect_named(setup, acl->value.match, rule, named, depth + 1);
		}
		if (match->kind == S53_MATCH_PREFIX && match->prefix.family == rule->family &&
		    match->prefix.bits == (rule->family == AF_INET ? 32 : 128) &&
		    named->count < NAMED_MAX)
			prefix_addr(&match->prefix, rule->port, &named->addrs[named->count++]);
	}
}

static void
add_rule(struct s53_setup *setup, sa_family_t family, const struct s53_conf_value *value,
    struct s53_place place)
{
	struct s53_snapshot *snapshot = setup->snapshot;
	struct s53_listen_rule *rule = &snapshot->rules[snapshot->rule_count];
	struct named named = { .count = 0 };
	int only = setup->input->options->family;

	if (only != AF_UNSPEC && only != family)
		return;
	if (snapshot->rule_count == RULES_MAX) {
		s53_setup_error(setup, place,
		    "more than %d listen-on clauses; put several addresses"
		    " into one",
		    RULES_MAX);
		return;
	}
	rule->family = family;
	rule->port = value != NULL && value->port != 0 ? value->port : default_port(setup);
	if (value != NULL) {
		rule->match = s53_setup_acl(setup, value->match);
		collect_named(setup, value->match, rule, &named, 0);
	}
	if (named.count > 0) {
		rule->named = s53_setup_alloc(setup, named.count * sizeof(*rule->named));
		if (rule->named == NULL)
			return;
		memcpy(rule->named, named.addrs, named.count * sizeof(*rule->named));
		rule->named_count = named.count;
	}
	snapshot->rule_count++;
}

static void
add_rules(struct s53_setup *setup, const struct s53_conf_clause *options, sa_family_t family)
{
	const char *name = family == AF_INET ? "listen-on" : "listen-on-v6";
	const struct s53_conf_clause *clause = s53_conf_find(options, name);

	if (clause == NULL) {
		add_rule(setup, family, NULL, (struct s53_place){ 0 }); /* BIND's default: any */
		return;
	}
	for (; clause != NULL; clause = s53_conf_find(clause->next, name))
		if (clause->level == S53_CONF_SUPPORTED && clause->value.type == S53_CONF_MATCH)
			add_rule(setup, family, &clause->value, clause->place);
}

/* Whose listen-on counts: the command line's when it has any, for both families together. */
const struct s53_conf_clause *
s53_setup_listen_options(const struct s53_source *source)
{
	const struct s53_conf_clause *flags =
	    source->flags != NULL ? s53_conf_options(source->flags) : NULL;

	if (s53_conf_find(flags, "listen-on") != NULL ||
	    s53_conf_find(flags, "listen-on-v6") != NULL)
		return flags;
	return source->file != NULL ? s53_conf_options(source->file) : NULL;
}

void
s53_setup_listen(struct s53_setup *setup)
{
	const struct s53_source *source = setup->input->source;
	const struct s53_conf_clause *options = s53_setup_listen_options(source);
	const struct s53_conf_clause *file =
	    source->file != NULL ? s53_conf_options(source->file) : NULL;
	const struct s53_conf_clause *replaced = NULL;

	if (options != file) {
		replaced = s53_conf_find(file, "listen-on");
		if (replaced == NULL)
			replaced = s53_conf_find(file, "listen-on-v6");
	}
	if (replaced != NULL)
		s53_setup_notice(setup, replaced->place,
		    "%s on the command line takes the place of every listen-on in the file",
		    setup->input->options->listen.origin);
	setup->snapshot->rules =
	    s53_setup_alloc(setup, RULES_MAX * sizeof(*setup->snapshot->rules));
	if (setup->snapshot->rules == NULL)
		return;
	add_rules(setup, options, AF_INET);
	add_rules(setup, options, AF_INET6);
	if (!s53_listen_wanted(setup->snapshot, setup->input->interfaces,
		setup->input->interface_count, &setup->snapshot->ours))
		setup->no_memory = true;
}

bool
s53_setup_is_ourselves(const struct s53_setup *setup, const struct s53_addr *addr)
{
	return s53_snapshot_is_ourselves(setup->snapshot, setup->input->foreign, addr);
}
