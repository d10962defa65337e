/* SPDX-License-Identifier: ISC
 *
 * statement.c - one statement: its name, label, value and parts.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <split53/name.h>

#include "parser.h"

#define PLACES_TEXT 256

/* "options, view, zone": where a rule is valid. */
static const char *
print_places(const struct conf_rule *rule, char text[PLACES_TEXT])
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned place = 0; place < CONTEXT_COUNT && len < PLACES_TEXT; place++)
		if ((rule->places & AT(place)) != 0)
			len += (size_t)snprintf(text + len, PLACES_TEXT - len, "%s%s",
			    len > 0 ? ", " : "", conf_context_text(place));
	return text;
}

static void
unknown_statement(struct conf_parser *parser, const struct conf_frame *frame)
{
	const char *place = conf_context_text(frame->place), *word = parser->token.text;
	const char *in = frame->place == IN_TOP ? "at" : "in";
	const struct conf_rule *elsewhere = conf_rule_anywhere(word);
	const char *near = conf_rule_suggest(word, frame->place);
	struct s53_place at = parser->token.place;
	char shown[CONF_SHOWN], places[PLACES_TEXT];

	conf_show(word, shown);
	if (elsewhere != NULL)
		conf_error(parser, at, "'%s' is not valid %s %s; it is valid in: %s", shown, in,
		    place, print_places(elsewhere, places));
	else if (near != NULL)
		conf_error(parser, at, "unknown statement '%s' %s %s; did you mean '%s'?", shown,
		    in, place, near);
	else
		conf_error(parser, at, "unknown statement '%s' %s %s", shown, in, place);
	conf_skip(parser);
}

/* Report a second occurrence of what is valid once. */
static void
check_twice(struct conf_parser *parser, struct conf_frame *frame, const struct conf_node *node)
{
	const char *name = node->statement.name;
	const struct conf_rule *rule = node->rule;
	const struct s53_conf_statement *first;
	size_t number;
	uint64_t bit;

	if ((node->rule->flags & MULTI) != 0)
		return;
	if (rule->canonical != NULL && conf_rule_find(name, frame->place) != NULL)
		rule = conf_rule_find(name, frame->place); /* masters: primaries */
	number = conf_rule_number(rule);
	bit = (uint64_t)1 << (number % 64);
	if ((frame->seen[number / 64] & bit) == 0) {
		frame->seen[number / 64] |= bit;
		return;
	}
	first = frame->node != NULL ? frame->node->statement.body : parser->conf->top;
	first = s53_conf_find(first, name);
	conf_error(parser, node->statement.place, "'%s' is repeated; the first is in %s:%u", name,
	    first->place.file, first->place.line);
}

static struct conf_node *
node_new(struct conf_parser *parser, const struct conf_rule *rule, struct conf_frame *frame)
{
	struct conf_node *node = conf_alloc(parser, sizeof(*node));

	if (node == NULL)
		return NULL;
	node->rule = rule;
	node->statement.name = rule->canonical != NULL ? rule->canonical : rule->name;
	node->statement.place = parser->token.place;
	node->statement.parent = frame->node != NULL ? &frame->node->statement : NULL;
	*frame->last = &node->statement;
	frame->last = &node->statement.next;
	/* In places with zones: a search for another name skips all of these. */
	if (frame->place != IN_TOP && frame->place != IN_VIEW)
		return node;
	if (frame->run != NULL && frame->run->statement.name == node->statement.name)
		frame->run->statement.last_alike = &node->statement;
	else
		frame->run = node;
	return node;
}

static bool
read_class(struct conf_parser *parser, struct s53_conf_statement *statement)
{
	static const char *const classes[] = { "IN", "CH", "HS", "CHAOS", "HESIOD" };
	char shown[CONF_QUOTED];

	statement->class_name = classes[0];
	if (parser->token.kind != TOKEN_WORD)
		return true;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (conf_token_is(parser, classes[i])) {
			statement->class_name = classes[i < 3 ? i : i - 2];
			conf_advance(parser);
			return true;
		}
	}
	conf_error(parser, parser->token.place, "expected a class (IN, CH or HS) or '{', not %s",
	    conf_token_text(parser, shown));
	return false;
}

/* The name, class or prefix between the statement's name and its value. */
static bool
read_label(
    struct conf_parser *parser, const struct conf_rule *rule, struct s53_conf_statement *statement)
{
	char shown[CONF_QUOTED];

	if ((rule->flags & (LABEL | PREFIXED)) == 0)
		return true;
	if (!conf_token_is_text(parser)) {
		conf_error(parser, parser->token.place, "'%s' must be followed by %s, not by %s",
		    statement->name,
		    (rule->flags & LABEL) != 0 ? "a name" : "an address or a prefix",
		    conf_token_text(parser, shown));
		return false;
	}
	statement->label = parser->token.text;
	if ((rule->flags & PREFIXED) != 0)
		return conf_prefix(parser, &statement->value);
	if (statement->label[0] == '\0') {
		conf_error(
		    parser, parser->token.place, "the name of this '%s' is empty", statement->name);
		statement->label = NULL;
		return false;
	}
	conf_advance(parser);
	return (rule->flags & CLASSED) == 0 || read_class(parser, statement);
}

/* One part, such as "versions 3", linked into the node's body. */
static bool
read_part(struct conf_parser *parser, struct conf_node *node, struct conf_frame *parts)
{
	const struct conf_rule *rule = conf_rule_find(parser->token.text, parts->place);
	struct conf_node *part = node_new(parser, rule, parts);

	if (part == NULL)
		return false;
	check_twice(parser, parts, part);
	conf_advance(parser);
	if (!conf_value(parser, rule, rule->form, &part->statement.value)) {
		part->broken = node->broken = true;
		return false;
	}
	conf_level(part);
	conf_level_say(parser, part);
	return true;
}

static bool
read_tls(struct conf_parser *parser, struct s53_conf_value *value)
{
	char shown[CONF_QUOTED];

	conf_advance(parser);
	if (!conf_token_is_text(parser)) {
		conf_error(parser, parser->token.place,
		    "'tls' must be followed by a name, not by %s", conf_token_text(parser, shown));
		return false;
	}
	value->tls = parser->token.text;
	conf_advance(parser);
	return true;
}

/* DNS over HTTPS without `tls`: BIND requires "tls none" for plain HTTP. */
static bool
check_http(struct conf_parser *parser, const struct conf_node *node)
{
	const struct s53_conf_statement *http = s53_conf_find(node->statement.body, "http");

	if (node->rule->inside != IN_LISTEN || http == NULL || node->statement.value.tls != NULL)
		return true;
	conf_error(parser, http->place,
	    "'http' requires 'tls' with the name of a tls block, ephemeral, or none");
	return false;
}

/* The parts before a list or after a value; `port` and `tls` before a list go into the value. */
static bool
read_parts(struct conf_parser *parser, struct conf_node *node)
{
	bool before_list = node->rule->form == FORM_MATCH || node->rule->form == FORM_PEERS;
	struct conf_frame parts = {
		.node = node, .place = node->rule->inside, .last = &node->statement.body
	};
	bool fine = true;

	if (node->rule->inside == 0 || node->rule->form == FORM_BODY)
		return true;
	while (fine && parser->token.kind == TOKEN_WORD) {
		if (before_list && conf_token_is(parser, "port")) {
			conf_advance(parser);
			fine = conf_port(parser, &node->statement.value.port);
		} else if (before_list && conf_token_is(parser, "tls")) {
			fine = read_tls(parser, &node->statement.value);
		} else if (conf_rule_find(parser->token.text, parts.place) != NULL) {
			fine = read_part(parser, node, &parts);
		} else {
			break;
		}
	}
	return fine && check_http(parser, node);
}

/* The body in braces. false: the statement is to be skipped. */
static bool
read_body(
    struct conf_parser *parser, struct conf_frame *outer, struct conf_node *node, bool *closed)
{
	struct conf_frame frame = { .outer = outer,
		.node = node,
		.place = node->rule->inside,
		.opened = parser->token.place,
		.last = &node->statement.body };
	char shown[CONF_QUOTED];

	if (parser->token.kind == TOKEN_OPEN) {
		conf_advance(parser);
	} else {
		conf_error(parser, parser->token.place, "'{' is missing after '%s'; found %s",
		    node->statement.label != NULL ? node->statement.label : node->statement.name,
		    conf_token_text(parser, shown));
		if (parser->token.kind != TOKEN_WORD ||
		    conf_rule_find(parser->token.text, frame.place) == NULL)
			return false;
	}
	*closed = conf_statements(parser, &frame);
	return true;
}

/* One or two values. */
static bool
read_value(struct conf_parser *parser, struct conf_node *node)
{
	const struct conf_rule *rule = node->rule;
	struct s53_conf_statement *statement = &node->statement;
	bool ends;

	if ((rule->flags & OPTIONAL) != 0 && parser->token.kind == TOKEN_SEMICOLON)
		return true;
	if (!conf_value(parser, rule, rule->form, &statement->value))
		return false;
	ends = parser->token.kind == TOKEN_SEMICOLON || parser->token.kind == TOKEN_CLOSE ||
	    parser->token.kind == TOKEN_END || parser->token.place.line > parser->after.line;
	if (rule->form == FORM_SEVERITY) {
		if (strcmp(statement->value.text, "debug") != 0 || ends)
			return true;
		return conf_value(parser, rule, FORM_NUMBER, &statement->second);
	}
	if (rule->second == FORM_NONE || ((rule->flags & OPTIONAL_SECOND) != 0 && ends))
		return true;
	return conf_value(parser, rule, rule->second, &statement->second);
}

static void
note_directory(struct conf_parser *parser, const struct conf_node *node)
{
	if (node->rule->places == OPTIONS_ && strcmp(node->statement.name, "directory") == 0)
		parser->directory = node->statement.value.text;
}

void
conf_statement(struct conf_parser *parser, struct conf_frame *frame)
{
	const struct conf_rule *rule = conf_rule_find(parser->token.text, frame->place);
	unsigned errors = parser->sources.errors;
	bool closed = true, fine;
	struct conf_node *node;

	parser->guessed = false;
	if (conf_token_is(parser, "include")) {
		conf_include(parser, frame);
		return;
	}
	if (rule == NULL) {
		unknown_statement(parser, frame);
		return;
	}
	if ((node = node_new(parser, rule, frame)) == NULL)
		return;
	check_twice(parser, frame, node);
	conf_advance(parser);
	fine = read_label(parser, rule, &node->statement);
	if (fine && rule->form == FORM_BODY) {
		conf_level(node);
		fine = read_body(parser, frame, node, &closed);
		conf_level_say(parser, node);
	} else if (fine) {
		bool first = rule->form == FORM_MATCH || rule->form == FORM_PEERS;

		fine = (!first || read_parts(parser, node)) && read_value(parser, node) &&
		    (first || read_parts(parser, node));
		if (fine) {
			conf_level(node);
			conf_level_say(parser, node);
			note_directory(parser, node);
		}
	}
	if (!fine)
		conf_skip(parser);
	else if (closed && (parser->token.kind != TOKEN_END || parser->sources.errors == errors))
		conf_semicolon(parser, frame->place, node->statement.name);
	node->broken = parser->sources.errors != errors;
}
