/* SPDX-License-Identifier: ISC
 *
 * lexer.h - the tokens of named.conf.
 *
 * Layer    conf, private
 * Threads  main thread
 * Memory   the text of a token is in the arena given to init()
 * Sources  BIND ARM, "Configuration File": comments, quoted strings. A slash belongs to the word
 *          around it (10.0.0.0/8) unless a comment begins there.
 */
#pragma once

#include <split53/arena.h>

#include "source.h"

#define TOKEN_MAX 65535 /* bytes: longer than any name, path or key */

enum conf_token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_STRING, /* in quotes */
	TOKEN_OPEN, /* { */
	TOKEN_CLOSE, /* } */
	TOKEN_SEMICOLON,
	TOKEN_NOT, /* ! */
};

struct conf_token {
	enum conf_token_kind kind;
	struct s53_place place;
	struct s53_place after; /* one column after its last byte */
	const char *text; /* WORD, STRING; NULL: no memory */
	bool has_typographic_quote; /* a word with a quote as word processors make them */
	bool hash_follows; /* directly followed by a comment: 192.0.2.1#53 is a likely mistake */
};

struct conf_lexer {
	struct conf_sources *sources;
	struct s53_arena *arena;
	const struct conf_source *source;
	size_t at;
	unsigned line;
	size_t line_start;
	bool nul_said; /* NUL bytes are reported once */
	bool out_of_memory;
};

void conf_lexer_init(struct conf_lexer *lexer, struct conf_sources *sources,
    struct s53_arena *arena, const struct conf_source *source);

/* The next token; at the end always TOKEN_END. Errors are reported, then skipped. */
void conf_lexer_next(struct conf_lexer *lexer, struct conf_token *out);
