/* SPDX-License-Identifier: ISC
 *
 * value_order.c - the rules of rrset-order.
 *
 * Sources  BIND 9 ARM, "RRset Ordering". BIND requires class, type, name and order in this order;
 *          here each may occur once, in any order.
 */
#include <stdio.h>
#include <string.h>

#include <split53/mnemonic.h>
#include <split53/name.h>

#include "parser.h"

/* "X is no class" ...: the present word is not valid here. */
static bool
wrong(struct conf_parser *parser, const char *what)
{
	char shown[CONF_QUOTED];

	if (!parser->out_of_memory)
		conf_error(parser, parser->token.place, "%s is not a valid %s",
		    conf_token_text(parser, shown), what);
	return false;
}

static bool
read_class(struct conf_parser *parser, struct s53_conf_order *rule)
{
	static const struct {
		const char *word, *name;
	} classes[] = { { "IN", "IN" }, { "CH", "CH" }, { "CHAOS", "CH" }, { "HS", "HS" },
		{ "HESIOD", "HS" }, { "ANY", NULL } };

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (conf_token_is(parser, classes[i].word)) {
			rule->class_name = classes[i].name;
			return true;
		}
	}
	return wrong(parser, "class: IN, CH, HS or ANY");
}

static bool
read_type(struct conf_parser *parser, struct s53_conf_order *rule)
{
	char *name;

	if (conf_token_is(parser, "ANY"))
		return true;
	if (conf_token_is_text(parser))
		rule->type = s53_type_parse(parser->token.text);
	if (rule->type == 0)
		return wrong(parser, "record type");
	if ((name = conf_strdup(parser, parser->token.text)) == NULL)
		return false;
	rule->type_name = name;
	for (; *name != '\0'; name++)
		if (*name >= 'a' && *name <= 'z')
			*name = (char)(*name - 'a' + 'A');
	return true;
}

static bool
read_name(struct conf_parser *parser, struct s53_conf_order *rule)
{
	struct s53_name name;

	if (!conf_token_is_text(parser) || s53_name_parse(parser->token.text, &name) != S53_OK)
		return wrong(parser, "domain name");
	rule->name = parser->token.text;
	return true;
}

static bool
read_order(struct conf_parser *parser, struct s53_conf_order *rule)
{
	static const char *const orders[] = { "random", "cyclic", "fixed", "none" };

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (conf_token_is(parser, orders[i])) {
			rule->order = orders[i];
			return true;
		}
	}
	return wrong(parser, "order: random, cyclic, fixed or none");
}

static const struct {
	const char *word;
	bool (*read)(struct conf_parser *parser, struct s53_conf_order *rule);
} parts[] = {
	{ "class", read_class },
	{ "type", read_type },
	{ "name", read_name },
	{ "order", read_order },
};

#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

/* The part that begins here; PART_COUNT: none. */
static size_t
part_here(const struct conf_parser *parser)
{
	size_t i = 0;

	while (i < PART_COUNT && !conf_token_is(parser, parts[i].word))
		i++;
	return i;
}

/* One word and its value. */
static bool
read_part(struct conf_parser *parser, struct s53_conf_order *rule, unsigned *seen)
{
	char shown[CONF_QUOTED];
	size_t i = part_here(parser);

	if (i == PART_COUNT) {
		conf_error(parser, parser->token.place,
		    "expected 'class', 'type', 'name' or 'order', not %s",
		    conf_token_text(parser, shown));
		return false;
	}
	if ((*seen & 1u << i) != 0) {
		conf_error(parser, parser->token.place, "'%s' is repeated", parts[i].word);
		return false;
	}
	*seen |= 1u << i;
	conf_advance(parser);
	if (!parts[i].read(parser, rule))
		return false;
	conf_advance(parser);
	return true;
}

static bool
read_rule(struct conf_parser *parser, struct s53_conf_order *rule)
{
	unsigned seen = 0;

	do {
		if (!read_part(parser, rule, &seen))
			return false;
	} while (conf_token_is_text(parser) &&
	    (rule->order == NULL || parser->token.place.line == parser->after.line));
	if (rule->order == NULL)
		conf_error(parser, parser->after, "'order' is missing in this rule");
	return true;
}

bool
conf_order_list(struct conf_parser *parser, struct s53_conf_value *out)
{
	struct s53_conf_order **last = &out->orders;
	struct s53_place opened;

	if (!conf_list_open(parser, &opened))
		return false;
	out->type = S53_CONF_ORDER;
	/* `type` begins a rule here; other lists take it for a statement after a missing brace. */
	while (part_here(parser) < PART_COUNT || conf_list_more(parser, opened)) {
		struct s53_conf_order *rule = conf_alloc(parser, sizeof(*rule));

		if (rule == NULL)
			return false;
		rule->place = parser->token.place;
		if (!read_rule(parser, rule)) {
			conf_skip(parser);
			continue;
		}
		*last = rule;
		last = &rule->next;
		conf_list_end(parser);
	}
	return true;
}
