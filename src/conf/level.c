/* SPDX-License-Identifier: ISC
 *
 * level.c - how far split53 has what a clause says.
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

static void
say(struct conf_parser *parser, const struct s53_conf_clause *clause, const char *word)
{
	const char *blank = word != NULL ? " " : "";

	word = word != NULL ? word : "";
	if (clause->level == S53_CONF_REFUSED)
		conf_error(parser, clause->place, "'%s%s%s' is refused: %s", clause->name, blank,
		    word, clause->why);
	else
		conf_report(&parser->sources, S53_DIAG_WARNING, clause->place, "'%s%s%s' [%s]: %s",
		    clause->name, blank, word, s53_conf_level_text(clause->level), clause->why);
}

static bool
is_listener(const struct s53_conf_clause *clause)
{
	return strcmp(clause->name, "listen-on") == 0 || strcmp(clause->name, "listen-on-v6") == 0;
}

/* A listener for what is not spoken here is left out: never plain DNS on its port. */
static void
listener_level(struct s53_conf_clause *clause)
{
	bool is_http = s53_conf_find(clause->body, "http") != NULL;
	bool is_proxy = s53_conf_find(clause->body, "proxy") != NULL;

	if (clause->value.tls != NULL && strcmp(clause->value.tls, "none") == 0)
		clause->value.tls = NULL;
	if (clause->value.tls == NULL && !is_http && !is_proxy)
		return;
	clause->level = S53_CONF_IGNORED_DIFFERENT;
	clause->why = "TLS, HTTPS and the PROXY protocol are not spoken: this listener is left out";
}

/* A copy of the root zone serves who asks the tree of servers, which is not done here. */
static bool
is_root_type(const struct s53_conf_clause *clause)
{
	static const char copies[] = "slave secondary mirror stub static-stub";
	const struct s53_conf_clause *zone = clause->parent;
	size_t len;

	return zone != NULL && strcmp(clause->name, "type") == 0 && zone->label != NULL &&
	    strcmp(zone->label, ".") == 0 && clause->value.type == S53_CONF_TEXT &&
	    conf_words_find(copies, clause->value.text, &len) != NULL;
}

void
conf_level(struct conf_parser *parser, struct conf_node *node)
{
	struct s53_conf_clause *clause = &node->clause;
	const struct s53_conf_clause *parent = clause->parent;
	const char *word = word_of(&clause->value);
	const struct conf_word_rule *special =
	    word != NULL ? conf_word_rule_find(clause->name, word) : NULL;

	if (parent != NULL && parent->level != S53_CONF_SUPPORTED) {
		clause->level = parent->level; /* the block was spoken of as a whole */
		clause->why = parent->why;
		return;
	}
	clause->level = special != NULL ? special->level : node->rule->level;
	clause->why = special != NULL ? special->why : node->rule->why;
	if (is_root_type(clause))
		clause->why = conf_word_rule_find("type", "hint")->why;
	else if (is_listener(clause))
		listener_level(clause);
	else if ((node->rule->places & AT(IN_LISTEN)) != 0)
		return; /* the listener says it */
	if (clause->level != S53_CONF_SUPPORTED)
		say(parser, clause, special != NULL ? word : NULL);
}
