/* SPDX-License-Identifier: ISC
 *
 * acl.c - turns address match lists of the configuration into access lists of the policy: named
 * lists are looked up, localhost and localnets are made from this machine's addresses.
 */
#include "builder.h"

#include <string.h>

/* An `acl` statement is built once, however many lists refer to it. */
struct setup_acl_memo {
	struct setup_acl_memo *next;
	const struct s53_conf_statement *statement;
	struct s53_acl *acl; /* NULL: being built; a reference now is a cycle */
};

static void
drop_acl(void *acl)
{
	s53_acl_drop(acl);
}

static struct s53_acl *
new_acl(struct setup_builder *builder)
{
	struct s53_acl *acl = s53_acl_new();

	if (!s53_snapshot_own(builder->snapshot, acl, drop_acl)) {
		builder->no_memory = true;
		return NULL;
	}
	return acl;
}

static void
check(struct setup_builder *builder, enum s53_status status)
{
	if (status != S53_OK)
		builder->no_memory = true;
}

static void
add_host(struct setup_builder *builder, struct s53_acl *acl, const char *text)
{
	struct s53_prefix prefix;

	if (s53_prefix_parse(text, &prefix) == S53_OK)
		check(builder, s53_acl_add_prefix(acl, false, &prefix));
}

static struct s53_acl *
localhost_acl(struct setup_builder *builder)
{
	const struct s53_setup_input *input = builder->input;
	char text[S53_ADDR_TEXT];

	builder->snapshot->uses_interfaces = true;
	if (builder->localhost != NULL)
		return builder->localhost;
	builder->localhost = new_acl(builder);
	if (builder->localhost == NULL)
		return NULL;
	add_host(builder, builder->localhost, "127.0.0.1");
	add_host(builder, builder->localhost, "::1");
	for (unsigned i = 0; i < input->interface_count; i++) {
		s53_addr_print_host(&input->interfaces[i].addr, text);
		text[strcspn(text, "%")] = '\0'; /* a prefix has no scope */
		add_host(builder, builder->localhost, text);
	}
	check(builder, s53_acl_index(builder->localhost));
	return builder->localhost;
}

static struct s53_acl *
localnets_acl(struct setup_builder *builder)
{
	const struct s53_setup_input *input = builder->input;

	builder->snapshot->uses_interfaces = true;
	if (builder->localnets != NULL)
		return builder->localnets;
	builder->localnets = new_acl(builder);
	if (builder->localnets == NULL)
		return NULL;
	for (unsigned i = 0; i < input->interface_count; i++)
		check(builder,
		    s53_acl_add_prefix(builder->localnets, false, &input->interfaces[i].network));
	check(builder, s53_acl_index(builder->localnets));
	return builder->localnets;
}

static const struct s53_conf_statement *
find_acl(const struct s53_source *source, const char *name)
{
	const struct s53_conf_statement *statement = NULL;

	if (source->file != NULL)
		statement = s53_conf_acl(source->file, name);
	if (statement == NULL && source->flags != NULL)
		statement = s53_conf_acl(source->flags, name);
	return statement;
}

static struct s53_acl *
defined_acl(struct setup_builder *builder, const struct s53_conf_match *match)
{
	const struct s53_conf_statement *statement = find_acl(builder->input->source, match->name);
	struct setup_acl_memo *memo;

	if (statement == NULL) {
		builder_error(builder, match->place, "acl '%s' is not defined; add acl %s { ... };",
		    match->name, match->name);
		return NULL;
	}
	for (memo = builder->acls; memo != NULL; memo = memo->next) {
		if (memo->statement != statement)
			continue;
		if (memo->acl == NULL)
			builder_error(
			    builder, match->place, "acl '%s' contains itself", match->name);
		return memo->acl;
	}
	memo = builder_alloc(builder, sizeof(*memo));
	if (memo == NULL)
		return NULL;
	memo->statement = statement;
	memo->next = builder->acls;
	builder->acls = memo;
	memo->acl = setup_acl(builder, statement->value.match);
	return memo->acl;
}

static void
add_list(struct setup_builder *builder, struct s53_acl *acl, bool negated, struct s53_acl *list)
{
	if (list != NULL)
		check(builder, s53_acl_add_list(acl, negated, list));
}

static void
add_name(struct setup_builder *builder, struct s53_acl *acl, const struct s53_conf_match *match)
{
	if (strcmp(match->name, "any") == 0)
		check(builder, s53_acl_add_any(acl, match->negated));
	else if (strcmp(match->name, "none") == 0) /* BIND: none is "!any" */
		check(builder, s53_acl_add_any(acl, !match->negated));
	else if (strcmp(match->name, "localhost") == 0)
		add_list(builder, acl, match->negated, localhost_acl(builder));
	else if (strcmp(match->name, "localnets") == 0)
		add_list(builder, acl, match->negated, localnets_acl(builder));
	else
		add_list(builder, acl, match->negated, defined_acl(builder, match));
}

struct s53_acl *
setup_acl(struct setup_builder *builder, const struct s53_conf_match *match)
{
	struct s53_acl *acl = new_acl(builder);

	for (; match != NULL && acl != NULL; match = match->next) {
		switch (match->kind) {
		case S53_MATCH_PREFIX:
			check(builder, s53_acl_add_prefix(acl, match->negated, &match->prefix));
			break;
		case S53_MATCH_NAME:
			add_name(builder, acl, match);
			break;
		case S53_MATCH_LIST:
			add_list(builder, acl, match->negated, setup_acl(builder, match->list));
			break;
		case S53_MATCH_KEY:
			break; /* a key never matches: signatures are not checked; warned of */
		}
	}
	if (acl != NULL)
		check(builder, s53_acl_index(acl));
	return acl;
}

struct s53_acl *
setup_acl_default(struct setup_builder *builder, enum s53_setup_default which)
{
	struct s53_acl *acl;

	if (which == S53_ACCESS_ANY)
		return NULL;
	acl = new_acl(builder);
	if (acl == NULL || which == S53_ACCESS_NONE)
		return acl;
	add_list(builder, acl, false, localnets_acl(builder));
	add_list(builder, acl, false, localhost_acl(builder));
	return acl;
}
