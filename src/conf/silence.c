/* SPDX-License-Identifier: ISC
 *
 * silence.c - statements that request what split53 does anyway: no warning is due.
 *
 * In real files three of four warnings were for such statements (`notify no`,
 * `allow-update { none; }`), and hid the others.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "parser.h"

/* A match list that can match nothing, whatever its acls contain. */
static bool
matches_nothing(const struct s53_conf_match *match)
{
	for (; match != NULL; match = match->next) {
		if (match->negated)
			continue;
		if (match->kind == S53_MATCH_LIST
			? !matches_nothing(match->list)
			: match->kind != S53_MATCH_NAME || strcasecmp(match->name, "none") != 0)
			return false;
	}
	return true;
}

/* "{ }" as raw tokens, or an empty list of texts. */
static bool
has_no_words(const struct s53_conf_words *words)
{
	return words == NULL ||
	    (strcmp(words->text, "{") == 0 && !words->quoted && words->next != NULL &&
		strcmp(words->next->text, "}") == 0 && words->next->next == NULL);
}

/* The word for the value as it is listed in `silent`. */
static const char *
word_of(const struct s53_conf_statement *statement, char number[static 24])
{
	const struct s53_conf_value *value =
	    statement->second.type == S53_CONF_TEXT ? &statement->second : &statement->value;
	bool is_none = false;

	switch (value->type) {
	case S53_CONF_BOOL:
		return value->boolean ? "yes" : "no";
	case S53_CONF_TEXT:
		return value->text;
	case S53_CONF_NUMBER:
		if (value->unlimited || value->is_default)
			return value->unlimited ? "unlimited" : "default";
		snprintf(number, 24, "%" PRIu64, value->number);
		return number;
	case S53_CONF_ADDRESS:
		return s53_addr_is_any(&value->addr) && s53_addr_port(&value->addr) == 0 ? "*" : "";
	case S53_CONF_MATCH:
		is_none = matches_nothing(value->match);
		break;
	case S53_CONF_PEERS:
		is_none = value->peers == NULL;
		break;
	case S53_CONF_WORDS:
		is_none = has_no_words(value->words);
		break;
	case S53_CONF_NONE:
		is_none = statement->body == NULL;
		break;
	case S53_CONF_ORDER:
	case S53_CONF_TYPE_COUNT:
		break;
	}
	return is_none ? "none" : "";
}

bool
conf_is_always_silent(const struct conf_rule *rule)
{
	return rule->silent != NULL && strcmp(rule->silent, CONF_ALWAYS) == 0;
}

bool
conf_is_usual(const struct conf_node *node)
{
	const char *silent = node->rule->silent;
	char number[24];
	size_t len;

	return silent != NULL &&
	    conf_words_find(silent, word_of(&node->statement, number), &len) != NULL;
}
