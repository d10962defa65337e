/* SPDX-License-Identifier: ISC
 *
 * setup_acl.c - match lists of the tree as lists of policy, names looked up, localhost and
 * localnets made of this machine's addresses.
 */
#include "builder.h"

#include <string.h>

/* An acl clause is built once, however often it is named. */
struct setup_acl_memo {
	struct setup_acl_memo *next;
	const struct s53_conf_clause *clause;
	struct s53_acl *acl; /* NULL: under way, so that a list inside of itself is seen */
};

static void
drop_acl(void *acl)
{
	s53_acl_drop(acl);
}

static struct s53_acl *
new_acl(struct s53_setup *setup)
{
	struct s53_acl *acl = s53_acl_new();

	if (!s53_snapshot_own(setup->snapshot, acl, drop_acl)) {
		setup->no_memory = true;
		return NULL;
	}
	return acl;
}

static void
check(struct s53_setup *setup, enum s53_status status)
{
	if (status != S53_OK)
		setup->no_memory = true;
}

static void
add_host(struct s53_setup *setup, struct s53_acl *acl, const char *text)
{
	struct s53_prefix prefix;

	if (s53_prefix_parse(text, &prefix) == S53_OK)
		check(setup, s53_acl_add_prefix(acl, false, &prefix));
}

static struct s53_acl *
localhost_acl(struct s53_setup *setup)
{
	const struct s53_setup_input *input = setup->input;
	char text[S53_ADDR_TEXT];

	setup->snapshot->uses_interfaces = true;
	if (setup->localhost != NULL)
		return setup->localhost;
	setup->localhost = new_acl(setup);
	if (setup->localhost == NULL)
		return NULL;
	add_host(setup, setup->localhost, "127.0.0.1");
	add_host(setup, setup->localhost, "::1");
	for (unsigned i = 0; i < input->interface_count; i++) {
		s53_addr_print_host(&input->interfaces[i].addr, text);
		text[strcspn(text, "%")] = '\0'; /* a prefix knows no scope */
		add_host(setup, setup->localhost, text);
	}
	return setup->localhost;
}

static struct s53_acl *
localnets_acl(struct s53_setup *setup)
{
	const struct s53_setup_input *input = setup->input;

	setup->snapshot->uses_interfaces = true;
	if (setup->localnets != NULL)
		return setup->localnets;
	setup->localnets = new_acl(setup);
	if (setup->localnets == NULL)
		return NULL;
	for (unsigned i = 0; i < input->interface_count; i++)
		check(setup,
		    s53_acl_add_prefix(setup->localnets, false, &input->interfaces[i].network));
	return setup->localnets;
}

static const struct s53_conf_clause *
find_acl(const struct s53_source *source, const char *name)
{
	const struct s53_conf_clause *clause = NULL;

	if (source->file != NULL)
		clause = s53_conf_acl(source->file, name);
	if (clause == NULL && source->flags != NULL)
		clause = s53_conf_acl(source->flags, name);
	return clause;
}

static struct s53_acl *
defined_acl(struct s53_setup *setup, const struct s53_conf_match *match)
{
	const struct s53_conf_clause *clause = find_acl(setup->input->source, match->name);
	struct setup_acl_memo *memo;

	if (clause == NULL) {
		s53_setup_error(setup, match->place, "acl '%s' is not defined; add acl %s { ... };",
		    match->name, match->name);
		return NULL;
	}
	for (memo = setup->acls; memo != NULL; memo = memo->next) {
		if (memo->clause != clause)
			continue;
		if (memo->acl == NULL)
			s53_setup_error(
			    setup, match->place, "acl '%s' contains itself", match->name);
		return memo->acl;
	}
	memo = s53_setup_alloc(setup, sizeof(*memo));
	if (memo == NULL)
		return NULL;
	memo->clause = clause;
	memo->next = setup->acls;
	setup->acls = memo;
	memo->acl = s53_setup_acl(setup, clause->value.match);
	return memo->acl;
}

static void
add_list(struct s53_setup *setup, struct s53_acl *acl, bool negated, struct s53_acl *list)
{
	if (list != NULL)
		check(setup, s53_acl_add_list(acl, negated, list));
}

static void
add_name(struct s53_setup *setup, struct s53_acl *acl, const struct s53_conf_match *match)
{
	if (strcmp(match->name, "any") == 0)
		check(setup, s53_acl_add_any(acl, match->negated));
	else if (strcmp(match->name, "none") == 0) /* BIND: none is "!any" */
		check(setup, s53_acl_add_any(acl, !match->negated));
	else if (strcmp(match->name, "localhost") == 0)
		add_list(setup, acl, match->negated, localhost_acl(setup));
	else if (strcmp(match->name, "localnets") == 0)
		add_list(setup, acl, match->negated, localnets_acl(setup));
	else
		add_list(setup, acl, match->negated, defined_acl(setup, match));
}

struct s53_acl *
s53_setup_acl(struct s53_setup *setup, const struct s53_conf_match *match)
{
	struct s53_acl *acl = new_acl(setup);

	for (; match != NULL && acl != NULL; match = match->next) {
		switch (match->kind) {
		case S53_MATCH_PREFIX:
			check(setup, s53_acl_add_prefix(acl, match->negated, &match->prefix));
			break;
		case S53_MATCH_NAME:
			add_name(setup, acl, match);
			break;
		case S53_MATCH_LIST:
			add_list(setup, acl, match->negated, s53_setup_acl(setup, match->list));
			break;
		case S53_MATCH_KEY:
			/* Nobody signs queries here, so that a key never matches. */
			s53_setup_warn(setup, match->place,
			    "key '%s': queries are not checked for signatures, this element never"
			    " matches",
			    match->name);
			break;
		}
	}
	return acl;
}

struct s53_acl *
s53_setup_acl_default(struct s53_setup *setup, enum s53_setup_default which)
{
	struct s53_acl *acl;

	if (which == S53_ACCESS_ANY)
		return NULL;
	acl = new_acl(setup);
	if (acl == NULL || which == S53_ACCESS_NONE)
		return acl;
	add_list(setup, acl, false, localnets_acl(setup));
	add_list(setup, acl, false, localhost_acl(setup));
	return acl;
}
