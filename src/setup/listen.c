/* SPDX-License-Identifier: ISC
 *
 * listen.c - listen-on and listen-on-v6 as rules, and the addresses of this machine that they
 * match.
 *
 * The rules are evaluated when listeners are opened, and again when addresses change.
 */
#include "builder.h"

#include <string.h>

#define RULES_MAX 64
#define NAMED_MAX 64

/* Addresses that a list contains one by one. */
struct named {
	struct s53_addr addrs[NAMED_MAX];
	unsigned count;
};

static uint16_t
default_port(const struct setup_builder *builder)
{
	if (builder->input->options->port != 0)
		return builder->input->options->port; /* -p overrides `port`, as with named */
	return (uint16_t)setup_option_number(builder->input->source, NULL, "port", S53_DNS_PORT);
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
collect_named(struct setup_builder *builder, const struct s53_conf_match *match,
    const struct s53_listen_rule *rule, struct named *named, unsigned depth)
{
	for (; match != NULL && depth < 16; match = match->next) {
		const struct s53_conf_statement *acl;

		if (match->negated)
			continue;
		if (match->kind == S53_MATCH_LIST)
			collect_named(builder, match->list, rule, named, depth + 1);
		if (match->kind == S53_MATCH_NAME && builder->input->source->file != NULL) {
			acl = s53_conf_acl(builder->input->source->file, match->name);
			if (acl != NULL)
				collect_named(builder, acl->value.match, rule, named, depth + 1);
		}
		if (match->kind == S53_MATCH_PREFIX && match->prefix.family == rule->family &&
		    match->prefix.bits == (rule->family == AF_INET ? 32 : 128) &&
		    named->count < NAMED_MAX)
			prefix_addr(&match->prefix, rule->port, &named->addrs[named->count++]);
	}
}

static void
add_rule(struct setup_builder *builder, sa_family_t family, const struct s53_conf_value *value,
    struct s53_place place)
{
	struct s53_snapshot *snapshot = builder->snapshot;
	struct s53_listen_rule *rule = &snapshot->rules[snapshot->rule_count];
	struct named named = { .count = 0 };
	int only = builder->input->options->family;

	if (only != AF_UNSPEC && only != family)
		return;
	if (snapshot->rule_count == RULES_MAX) {
		builder_error(builder, place,
		    "more than %d listen-on statements; put several addresses into one", RULES_MAX);
		return;
	}
	rule->family = family;
	rule->port = value != NULL && value->port != 0 ? value->port : default_port(builder);
	if (value != NULL) {
		rule->match = setup_acl(builder, value->match);
		collect_named(builder, value->match, rule, &named, 0);
	}
	if (named.count > 0) {
		rule->named = builder_alloc(builder, named.count * sizeof(*rule->named));
		if (rule->named == NULL)
			return;
		memcpy(rule->named, named.addrs, named.count * sizeof(*rule->named));
		rule->named_count = named.count;
	}
	snapshot->rule_count++;
}

static void
add_rules(
    struct setup_builder *builder, const struct s53_conf_statement *options, sa_family_t family)
{
	const char *name = family == AF_INET ? "listen-on" : "listen-on-v6";
	const struct s53_conf_statement *statement = s53_conf_find(options, name);

	if (statement == NULL) {
		add_rule(builder, family, NULL, (struct s53_place){ 0 }); /* BIND's default: any */
		return;
	}
	for (; statement != NULL; statement = s53_conf_find(statement->next, name))
		if (statement->level == S53_CONF_SUPPORTED &&
		    statement->value.type == S53_CONF_MATCH)
			add_rule(builder, family, &statement->value, statement->place);
}

/* The command line's listeners replace those of the file, for both families together. */
const struct s53_conf_statement *
s53_setup_listen_options(const struct s53_source *source)
{
	const struct s53_conf_statement *flags =
	    source->flags != NULL ? s53_conf_options(source->flags) : NULL;

	if (s53_conf_find(flags, "listen-on") != NULL ||
	    s53_conf_find(flags, "listen-on-v6") != NULL)
		return flags;
	return source->file != NULL ? s53_conf_options(source->file) : NULL;
}

void
setup_listen(struct setup_builder *builder)
{
	const struct s53_source *source = builder->input->source;
	const struct s53_conf_statement *options = s53_setup_listen_options(source);
	const struct s53_conf_statement *file =
	    source->file != NULL ? s53_conf_options(source->file) : NULL;
	const struct s53_conf_statement *replaced = NULL;

	if (options != file) {
		replaced = s53_conf_find(file, "listen-on");
		if (replaced == NULL)
			replaced = s53_conf_find(file, "listen-on-v6");
	}
	if (replaced != NULL)
		builder_notice(builder, replaced->place,
		    "%s on the command line overrides every listen-on in the file",
		    builder->input->options->listen.origin);
	builder->snapshot->rules =
	    builder_alloc(builder, RULES_MAX * sizeof(*builder->snapshot->rules));
	if (builder->snapshot->rules == NULL)
		return;
	add_rules(builder, options, AF_INET);
	add_rules(builder, options, AF_INET6);
	if (!s53_setup_listen_addrs(builder->snapshot, builder->input->interfaces,
		builder->input->interface_count, &builder->snapshot->ours))
		builder->no_memory = true;
}

static bool
want(const struct s53_listen_rule *rule, const struct s53_addr *addr, struct s53_addr_list *out)
{
	struct s53_addr wanted = *addr;

	if (addr->family != rule->family || !s53_acl_allows(rule->match, addr))
		return true;
	s53_addr_set_port(&wanted, rule->port);
	return s53_addr_list_has(out, &wanted) || s53_addr_list_add(out, &wanted);
}

bool
s53_setup_listen_addrs(const struct s53_snapshot *snapshot,
    const struct s53_interface_addr *interfaces, unsigned interface_count,
    struct s53_addr_list *out)
{
	for (unsigned r = 0; r < snapshot->rule_count; r++) {
		const struct s53_listen_rule *rule = &snapshot->rules[r];

		for (unsigned i = 0; i < interface_count; i++)
			if (!want(rule, &interfaces[i].addr, out))
				return false;
		/*
		 * All of 127/8 can be bound, though the interface has only one address of it.
		 */
		for (unsigned i = 0; i < rule->named_count; i++)
			if (s53_addr_is_loopback(&rule->named[i]) &&
			    !want(rule, &rule->named[i], out))
				return false;
	}
	return true;
}
