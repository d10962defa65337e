/* SPDX-License-Identifier: ISC
 *
 * level.c - how far split53 supports a statement with its value.
 */
#include <stdio.h>
#include <string.h>

#include "parser.h"

static const char *
word_of(const struct s53_conf_value *value)
{
	if (value->type == S53_CONF_BOOL)
		return value->boolean ? "yes" : "no";
	if (value->type == S53_CONF_TEXT && !value->quoted)
		return value->text;
	return NULL;
}

static bool
is_listener(const struct s53_conf_clause *clause)
{
	return strcmp(clause->name, "listen-on") == 0 || strcmp(clause->name, "listen-on-v6") == 0;
}

/* A listener for a protocol that is not supported is ignored: plain DNS must not use its port. */
static void
listener_level(struct s53_conf_clause *clause)
{
	bool is_http = s53_conf_find(clause->body, "http") != NULL;
	bool is_proxy = s53_conf_find(clause->body, "proxy") != NULL;
	bool is_tls = clause->value.tls != NULL && strcmp(clause->value.tls, "none") != 0;

	if (!is_tls && !is_http && !is_proxy)
		return;
	clause->level = S53_CONF_IGNORED_DIFFERENT;
	clause->why =
	    "TLS, HTTPS and the PROXY protocol are not supported: this listener is ignored";
}

/* A root zone of a type that BIND transfers or resolves itself, other than hint. */
static bool
is_root_copy(const struct s53_conf_clause *clause)
{
	static const char copies[] = "slave secondary mirror stub static-stub";
	const struct s53_conf_clause *zone = clause->parent;
	size_t len;

	return zone != NULL && strcmp(clause->name, "type") == 0 && zone->label != NULL &&
	    strcmp(zone->label, ".") == 0 && clause->value.type == S53_CONF_TEXT &&
	    conf_words_find(copies, clause->value.text, &len) != NULL;
}

static void
root_copy_level(struct s53_conf_clause *clause)
{
	clause->level = S53_CONF_IGNORED_DIFFERENT;
	clause->why = "the root zone is neither transferred nor used; names without a zone of "
		      "their own go to 'forwarders'";
}

void
conf_level(struct conf_node *node)
{
	struct s53_conf_clause *clause = &node->clause;
	const struct s53_conf_clause *parent = clause->parent;
	const char *word = word_of(&clause->value);
	const struct conf_word_rule *special =
	    word != NULL ? conf_word_rule_find(clause->name, word) : NULL;

	if (parent != NULL && parent->level != S53_CONF_SUPPORTED) {
		clause->level = parent->level;
		clause->why = parent->why;
		return;
	}
	clause->level = special != NULL ? special->level : node->rule->level;
	clause->why = special != NULL ? special->why : node->rule->why;
	if (is_root_copy(clause))
		root_copy_level(clause);
	else if (is_listener(clause))
		listener_level(clause);
	else if (node->rule->form != FORM_BODY && conf_is_usual(node))
		clause->level = S53_CONF_SUPPORTED; /* it requests what split53 does anyway */
}

void
conf_level_say(struct conf_parser *parser, const struct conf_node *node)
{
	const struct s53_conf_clause *clause = &node->clause;
	const char *word = word_of(&clause->value);
	char what[CONF_SHOWN];

	if (clause->level == S53_CONF_SUPPORTED || conf_is_usual(node) ||
	    conf_is_always_silent(node->rule) ||
	    (node->rule->places & AT(IN_LISTEN)) != 0) /* the listener's warning covers it */
		return;
	if (clause->parent != NULL && clause->parent->level != S53_CONF_SUPPORTED)
		return; /* the block's warning covers it */
	if (word == NULL || conf_word_rule_find(clause->name, word) == NULL)
		snprintf(what, sizeof(what), "%s", clause->name);
	else
		snprintf(what, sizeof(what), "%s %s", clause->name, word);
	if (clause->level == S53_CONF_REFUSED)
		conf_error(parser, clause->place, "'%s' is refused: %s", what, clause->why);
	else
		conf_warn(&parser->sources, clause->level, clause->place, what, "%s", clause->why);
}
