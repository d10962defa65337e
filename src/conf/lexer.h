/* SPDX-License-Identifier: ISC
 *
 * lexer.h - named.conf's tokens.
 *
 * Layer    conf, private
 * Threads  main thread
 * Memory   the text of a token lives in the arena that was given
 * Sources  BIND ARM, "Configuration File": comments, quoted strings. A slash belongs to the word
 *          around it (10.0.0.0/8) unless a comment begins there.
 */
#pragma once

#include <split53/arena.h>

#include "source.h"

#define TOKEN_MAX 65535 /* octets: longer than any name, path or key */

enum conf_token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_STRING, /* it stood in quotes */
	TOKEN_OPEN, /* { */
	TOKEN_CLOSE, /* } */
	TOKEN_SEMICOLON,
	TOKEN_NOT, /* ! */
};

struct conf_token {
	enum conf_token_kind kind;
	struct s53_place place;
	struct s53_place after; /* one column after its last octet */
	const char *text; /* WORD, STRING; NULL: no memory */
	bool has_typographic_quote; /* a word with one of those that word processors make */
	bool hash_follows; /* a # stands right behind it: 192.0.2.1#53 is meant, and is a comment */
};

struct conf_lexer {
	struct conf_sources *sources;
	struct s53_arena *arena;
	const struct conf_source *source;
	size_t at;
	unsigned line;
	size_t line_start;
	bool nul_said; /* one message about NUL octets is enough */
	bool out_of_memory;
};

void conf_lexer_init(struct conf_lexer *lexer, struct conf_sources *sources,
    struct s53_arena *arena, const struct conf_source *source);

/* The next token; TOKEN_END again and again at the end. Errors are reported, then skipped. */
void conf_lexer_next(struct conf_lexer *lexer, struct conf_token *out);
