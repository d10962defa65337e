/* SPDX-License-Identifier: ISC
 *
 * check_policy.c - dnssec-policy: the policies that zones name; update-policy: its rules.
 *
 * Neither has an effect here. What named rejects is rejected all the same.
 *
 * Sources  BIND 9 ARM, "Dynamic Update Policies"; named-checkconf 9.18
 */
#include <string.h>
#include <strings.h>

#include <split53/mnemonic.h>
#include <split53/name.h>

#include "check.h"

static const char built_in[] = "default insecure none";

/* As in BIND, a policy in options is checked where a zone inherits it. */
static void
check_defined(struct conf_checker *checker, const struct s53_conf_statement *zone)
{
	static const char others[] = "forward hint delegation-only redirect";
	const struct s53_conf_statement *type = s53_conf_find(zone->body, "type");
	const struct s53_conf_statement *used =
	    conf_check_inherited(checker, zone, "dnssec-policy");
	char shown[CONF_SHOWN];
	size_t len;

	if (type == NULL || type->value.type != S53_CONF_TEXT ||
	    conf_words_find(others, type->value.text, &len) != NULL)
		return;
	if (used == NULL || used->value.type != S53_CONF_TEXT || checker->sources->incomplete ||
	    conf_words_find(built_in, used->value.text, &len) != NULL ||
	    conf_index_find(&checker->policies, used->value.text) != NULL)
		return;
	conf_check_error(checker, zone->place, "dnssec-policy '%s' of this zone is not defined",
	    conf_show(used->value.text, shown));
}

static void
check_zones_of(struct conf_checker *checker, const struct s53_conf_statement *first)
{
	for (const struct s53_conf_statement *it = s53_conf_find(first, "zone"); it != NULL;
	     it = s53_conf_find(it->next, "zone"))
		check_defined(checker, it);
}

void
conf_check_policies(struct conf_checker *checker)
{
	const struct s53_conf_statement *top = checker->conf->top;
	size_t len;

	for (const struct s53_conf_statement *it = s53_conf_find(top, "dnssec-policy"); it != NULL;
	     it = s53_conf_find(it->next, "dnssec-policy")) {
		if (it->label == NULL)
			continue;
		conf_index_add(checker, &checker->policies, it->label, conf_node_of(it));
		conf_check_kasp(checker, it);
		if (conf_words_find(built_in, it->label, &len) != NULL)
			conf_check_error(checker, it->place,
			    "dnssec-policy '%s' is built in and cannot be redefined", it->label);
	}
	conf_index_sort(&checker->policies);
	conf_index_twice(checker, &checker->policies);
	check_zones_of(checker, top);
	for (const struct s53_conf_statement *view = s53_conf_find(top, "view"); view != NULL;
	     view = s53_conf_find(view->next, "view"))
		check_zones_of(checker, view->body);
}

/* What the name in a rule must be, by the kind of the rule. */
enum name_rule { NO_NAME, ANY_NAME, NO_TYPE, PLACEHOLDER, IDENTITY, WILDCARD };

static const struct {
	const char *word;
	enum name_rule name;
} kinds[] = {
	{ "zonesub", NO_NAME },
	{ "external", ANY_NAME },
	{ "name", NO_TYPE },
	{ "subdomain", NO_TYPE },
	{ "krb5-subdomain", NO_TYPE },
	{ "ms-subdomain", NO_TYPE },
	{ "krb5-subdomain-self-rhs", NO_TYPE },
	{ "ms-subdomain-self-rhs", NO_TYPE },
	{ "6to4-self", PLACEHOLDER },
	{ "tcp-self", PLACEHOLDER },
	{ "krb5-self", PLACEHOLDER },
	{ "krb5-selfsub", PLACEHOLDER },
	{ "ms-self", PLACEHOLDER },
	{ "ms-selfsub", PLACEHOLDER },
	{ "self", IDENTITY },
	{ "selfsub", IDENTITY },
	{ "selfwild", IDENTITY },
	{ "wildcard", WILDCARD },
};

static const struct s53_conf_words *
error_at(struct conf_checker *checker, const struct s53_conf_words *word, const char *why)
{
	char shown[CONF_SHOWN];

	conf_check_error(
	    checker, word->place, "update-policy: '%s' %s", conf_show(word->text, shown), why);
	return NULL;
}

static bool
is_mark(const struct s53_conf_words *word, const char *mark)
{
	return word != NULL && !word->quoted && strcmp(word->text, mark) == 0;
}

/* "A", "TYPE65", "ANY", "PTR(1)" */
static bool
is_type(const char *text)
{
	char name[S53_MNEMONIC_TEXT];
	size_t len = strcspn(text, "(");

	if (len >= sizeof(name))
		return false;
	memcpy(name, text, len);
	name[len] = '\0';
	return strcasecmp(name, "ANY") == 0 || s53_type_parse(name) != 0;
}

static bool
same_name(const char *a, const char *b)
{
	struct s53_name left, right;

	return s53_name_parse(a, &left) == S53_OK && s53_name_parse(b, &right) == S53_OK &&
	    s53_name_equal(&left, &right);
}

/* Why `name` is not valid in the rule; NULL: it is. */
static const char *
check_name(enum name_rule rule, const char *identity, const char *name)
{
	struct s53_name parsed;

	if (s53_name_parse(name, &parsed) != S53_OK)
		return "is not a domain name";
	switch (rule) {
	case NO_TYPE:
		return is_type(name) ? "is a type, but the name before it is missing" : NULL;
	case PLACEHOLDER:
		return parsed.len > 1 ? "must be '.': this kind of rule has no name" : NULL;
	case IDENTITY:
		return parsed.len > 1 && !same_name(identity, name)
		    ? "must be the identity again, or '.'"
		    : NULL;
	case WILDCARD:
		return strncmp(name, "*.", 2) != 0 && strcmp(name, "*") != 0 ? "is not a wildcard"
									     : NULL;
	case NO_NAME:
	case ANY_NAME:
		break;
	}
	return NULL;
}

/* What follows the identity and the kind: the name, then types. Returns the ';' or NULL. */
static const struct s53_conf_words *
check_target(struct conf_checker *checker, const struct s53_conf_words *word, enum name_rule rule,
    const char *identity)
{
	const char *why = NULL;

	if (rule != NO_NAME) {
		if (word == NULL || is_mark(word, ";") || is_mark(word, "}"))
			return error_at(
			    checker, word, "was found where the name of the rule is expected");
		if ((why = check_name(rule, identity, word->text)) != NULL)
			return error_at(checker, word, why);
		word = word->next;
	}
	for (; word != NULL && !is_mark(word, ";"); word = word->next)
		if (!is_type(word->text))
			return error_at(checker, word, "is not a record type");
	return word;
}

/* grant|deny IDENTITY KIND [NAME] [TYPE ...]; returns what follows, or NULL after an error. */
static const struct s53_conf_words *
check_rule(struct conf_checker *checker, const struct s53_conf_words *word)
{
	const struct s53_conf_words *identity = word->next;
	const struct s53_conf_words *kind = identity != NULL ? identity->next : NULL;
	struct s53_name name;

	if (strcasecmp(word->text, "grant") != 0 && strcasecmp(word->text, "deny") != 0)
		return error_at(checker, word, "was found where 'grant' or 'deny' is expected");
	if (kind == NULL || kind->next == NULL || is_mark(identity, ";") || is_mark(kind, ";"))
		return error_at(
		    checker, word, "must be followed by an identity and a kind of rule");
	if (s53_name_parse(identity->text, &name) != S53_OK)
		return error_at(checker, identity, "is not a domain name");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcasecmp(kinds[i].word, kind->text) != 0)
			continue;
		word = check_target(checker, kind->next, kinds[i].name, identity->text);
		return word != NULL ? word->next : NULL;
	}
	return error_at(checker, kind, "is not a kind of rule");
}

void
conf_check_update_policy(struct conf_checker *checker, const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *policy = s53_conf_find(zone->body, "update-policy");
	const struct s53_conf_words *word;

	if (policy == NULL || policy->value.type != S53_CONF_WORDS ||
	    (word = policy->value.words) == NULL)
		return;
	if (s53_conf_find(zone->body, "allow-update") != NULL)
		conf_check_error(checker, policy->place,
		    "'update-policy' and 'allow-update' cannot be used in one zone: remove one of "
		    "them");
	if (!is_mark(word, "{")) {
		if (strcasecmp(word->text, "local") != 0)
			error_at(checker, word, "was found where 'local' or '{' is expected");
		return;
	}
	for (word = word->next; word != NULL && !is_mark(word, "}");)
		word = check_rule(checker, word);
}
