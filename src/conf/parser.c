/* SPDX-License-Identifier: ISC
 *
 * parser.c - blocks of statements, and recovery after an error.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "parser.h"

void
conf_advance(struct conf_parser *parser)
{
	char shown[CONF_QUOTED];

	parser->after = parser->token.after;
	parser->after_hash = parser->token.hash_follows;
	conf_lexer_next(&parser->lexer, &parser->token);
	if (parser->token.has_typographic_quote)
		conf_error(parser, parser->token.place,
		    "%s has typographic quotes, which are ordinary characters here: use \" on both "
		    "sides",
		    conf_token_text(parser, shown));
	if (parser->lexer.out_of_memory || parser->out_of_memory) {
		parser->out_of_memory = true; /* stop as at the end of the file */
		parser->token.kind = TOKEN_END;
	}
	if (parser->sources.errors > REPORT_MAX)
		parser->token.kind = TOKEN_END; /* no more errors are listed */
}

void *
conf_alloc(struct conf_parser *parser, size_t size)
{
	void *memory = s53_arena_zalloc(&parser->conf->arena, size);

	if (memory == NULL) {
		parser->out_of_memory = true;
		parser->token.kind = TOKEN_END;
	}
	return memory;
}

char *
conf_strdup(struct conf_parser *parser, const char *text)
{
	size_t len = strlen(text);
	char *copy = conf_alloc(parser, len + 1);

	if (copy != NULL)
		memcpy(copy, text, len);
	return copy;
}

void
conf_error(struct conf_parser *parser, struct s53_place place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	conf_vreport(&parser->sources, S53_DIAG_ERROR, place, format, arguments);
	va_end(arguments);
}

bool
conf_token_is(const struct conf_parser *parser, const char *word)
{
	return parser->token.kind == TOKEN_WORD && strcasecmp(parser->token.text, word) == 0;
}

bool
conf_token_is_text(const struct conf_parser *parser)
{
	return parser->token.kind == TOKEN_WORD || parser->token.kind == TOKEN_STRING;
}

const char *
conf_token_text(const struct conf_parser *parser, char shown[static CONF_QUOTED])
{
	static const char *const marks[] = {
		[TOKEN_END] = "the end of the file",
		[TOKEN_OPEN] = "'{'",
		[TOKEN_CLOSE] = "'}'",
		[TOKEN_SEMICOLON] = "';'",
		[TOKEN_NOT] = "'!'",
	};

	if (!conf_token_is_text(parser))
		return marks[parser->token.kind];
	shown[0] = '\'';
	conf_show(parser->token.text, shown + 1);
	strcat(shown, "'");
	return shown;
}

void
conf_skip(struct conf_parser *parser)
{
	unsigned depth = 0;

	while (parser->token.kind != TOKEN_END) {
		enum conf_token_kind kind = parser->token.kind;
		unsigned line = parser->token.place.line;

		if (kind == TOKEN_CLOSE && depth == 0)
			return;
		if (kind == TOKEN_OPEN)
			depth++;
		else if (kind == TOKEN_CLOSE)
			depth--;
		conf_advance(parser);
		if (depth > 0)
			continue;
		if (kind == TOKEN_SEMICOLON)
			return;
		/* A block that ended without its semicolon: the next line is a new statement. */
		if (kind == TOKEN_CLOSE && parser->token.kind == TOKEN_WORD &&
		    parser->token.place.line > line)
			return;
	}
}

bool
conf_semicolon_taken(struct conf_parser *parser)
{
	if (parser->token.kind == TOKEN_SEMICOLON) {
		conf_advance(parser);
		return true;
	}
	return parser->out_of_memory || parser->guessed;
}

void
conf_semicolon(struct conf_parser *parser, enum conf_context place, const char *what)
{
	char shown[CONF_QUOTED], name[CONF_SHOWN];

	if (conf_semicolon_taken(parser))
		return;
	conf_show(what, name);
	if (parser->token.place.line > parser->after.line || parser->token.kind == TOKEN_CLOSE ||
	    parser->token.kind == TOKEN_END ||
	    (parser->token.kind == TOKEN_WORD &&
		conf_rule_find(parser->token.text, place) != NULL)) {
		conf_error(parser, parser->after, "';' is missing after '%s'", name);
		return;
	}
	conf_error(parser, parser->token.place,
	    "unexpected %s: '%s' is complete and must end with ';'", conf_token_text(parser, shown),
	    name);
	conf_skip(parser);
}

/*
 * Does the present word begin a statement of an outer block of the same file? If so, it begins a
 * line, and is not indented further than the block that was not closed.
 */
static bool
belongs_outside(const struct conf_parser *parser, const struct conf_frame *frame)
{
	if (parser->token.place.line == parser->after.line ||
	    (frame->node != NULL &&
		parser->token.place.column > frame->node->statement.place.column))
		return false;
	while (frame != parser->floor && frame->outer != NULL) {
		const struct conf_rule *rule;

		frame = frame->outer;
		rule = conf_rule_find(parser->token.text, frame->place);
		if (rule != NULL && (rule->form == FORM_BODY || (rule->flags & LABEL) != 0))
			return true;
	}
	return false;
}

static void
stray_close(struct conf_parser *parser)
{
	conf_error(parser, parser->token.place, "unmatched '}': no block is open in this file");
	conf_advance(parser);
	if (parser->token.kind == TOKEN_SEMICOLON)
		conf_advance(parser);
}

static void
missing_close(struct conf_parser *parser, const struct conf_frame *frame)
{
	char shown[CONF_QUOTED];

	if (parser->out_of_memory)
		return;
	if (parser->token.kind == TOKEN_END)
		conf_error(parser, frame->opened, "this '{' of '%s' is not closed: '}' is missing",
		    frame->node->statement.name);
	else
		conf_error(parser, parser->token.place,
		    "%s is not valid in '%s': '}' is missing for the '{' in line %u",
		    conf_token_text(parser, shown), frame->node->statement.name,
		    frame->opened.line);
}

bool
conf_statements(struct conf_parser *parser, struct conf_frame *frame)
{
	bool is_base = frame == parser->floor;
	char shown[CONF_QUOTED];

	for (;;) {
		switch (parser->token.kind) {
		case TOKEN_END:
			if (!is_base)
				missing_close(parser, frame);
			return is_base;
		case TOKEN_CLOSE:
			if (!is_base) {
				conf_advance(parser);
				return true;
			}
			stray_close(parser);
			break;
		case TOKEN_WORD:
			if (conf_rule_find(parser->token.text, frame->place) == NULL &&
			    belongs_outside(parser, frame)) {
				missing_close(parser, frame);
				return false;
			}
			conf_statement(parser, frame);
			break;
		case TOKEN_SEMICOLON:
			conf_error(parser, parser->token.place,
			    "unexpected ';': there is no statement before it");
			conf_advance(parser);
			break;
		default:
			conf_error(parser, parser->token.place,
			    "unexpected %s: expected the name of a statement",
			    conf_token_text(parser, shown));
			conf_skip(parser);
		}
	}
}

void
conf_parser_run(struct conf_parser *parser, const struct conf_source *source)
{
	struct conf_frame top = { .place = IN_TOP, .last = &parser->conf->top };

	parser->floor = &top;
	parser->open_files[0] = source;
	parser->open_file_count = parser->file_count = 1;
	conf_lexer_init(&parser->lexer, &parser->sources, &parser->conf->arena, source);
	memset(&parser->token, 0, sizeof(parser->token));
	conf_advance(parser);
	(void)conf_statements(parser, &top);
	parser->floor = NULL;
}
