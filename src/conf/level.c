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
is_listener(const struct s53_conf_statement *statement)
{
	return strcmp(statement->name, "listen-on") == 0 ||
	    strcmp(statement->name, "listen-on-v6") == 0;
}

/* A listener for a protocol that is not supported is ignored: plain DNS must not use its port. */
static void
listener_level(struct s53_conf_statement *statement)
{
	bool is_http = s53_conf_find(statement->body, "http") != NULL;
	bool is_proxy = s53_conf_find(statement->body, "proxy") != NULL;
	bool is_tls = statement->value.tls != NULL && strcmp(statement->value.tls, "none") != 0;

	if (!is_tls && !is_http && !is_proxy)
		return;
	statement->level = S53_CONF_IGNORED_DIFFERENT;
	statement->why =
	    "TLS, HTTPS and the PROXY protocol are not supported: this listener is ignored";
}

/* A root zone of a type that BIND transfers or resolves itself, other than hint. */
static bool
is_root_copy(const struct s53_conf_statement *statement)
{
	static const char copies[] = "slave secondary mirror stub static-stub";
	const struct s53_conf_statement *zone = statement->parent;
	size_t len;

	return zone != NULL && strcmp(statement->name, "type") == 0 && zone->label != NULL &&
	    strcmp(zone->label, ".") == 0 && statement->value.type == S53_CONF_TEXT &&
	    conf_words_find(copies, statement->value.text, &len) != NULL;
}

static void
root_copy_level(struct s53_conf_statement *statement)
{
	statement->level = S53_CONF_IGNORED_DIFFERENT;
	statement->why = "the root zone is neither transferred nor used; names without a zone of "
			 "their own go to 'forwarders'";
}

void
conf_level(struct conf_node *node)
{
	struct s53_conf_statement *statement = &node->statement;
	const struct s53_conf_statement *parent = statement->parent;
	const char *word = word_of(&statement->value);
	const struct conf_word_rule *special =
	    word != NULL ? conf_word_rule_find(statement->name, word) : NULL;

	if (parent != NULL && parent->level != S53_CONF_SUPPORTED) {
		statement->level = parent->level;
		statement->why = parent->why;
		return;
	}
	statement->level = special != NULL ? special->level : node->rule->level;
	statement->why = special != NULL ? special->why : node->rule->why;
	if (is_root_copy(statement))
		root_copy_level(statement);
	else if (is_listener(statement))
		listener_level(statement);
	else if (node->rule->form != FORM_BODY && conf_is_usual(node))
		statement->level = S53_CONF_SUPPORTED; /* it requests what split53 does anyway */
}

void
conf_level_say(struct conf_parser *parser, const struct conf_node *node)
{
	const struct s53_conf_statement *statement = &node->statement;
	const char *word = word_of(&statement->value);
	char what[CONF_SHOWN];

	if (statement->level == S53_CONF_SUPPORTED || conf_is_usual(node) ||
	    conf_is_always_silent(node->rule) ||
	    (node->rule->places & AT(IN_LISTEN)) != 0) /* the listener's warning covers it */
		return;
	if (statement->parent != NULL && statement->parent->level != S53_CONF_SUPPORTED)
		return; /* the block's warning covers it */
	if (word == NULL || conf_word_rule_find(statement->name, word) == NULL)
		snprintf(what, sizeof(what), "%s", statement->name);
	else
		snprintf(what, sizeof(what), "%s %s", statement->name, word);
	if (statement->level == S53_CONF_REFUSED)
		conf_error(parser, statement->place, "'%s' is refused: %s", what, statement->why);
	else
		conf_warn(&parser->sources, statement->level, statement->place, what, "%s",
		    statement->why);
}
