/* SPDX-License-Identifier: ISC
 *
 * parser.h - build the tree from tokens, by the grammar.
 *
 * Layer    conf, private
 * Threads  main thread
 * Memory   the tree is in conf's arena, the texts in conf_sources
 *
 * An error is reported and the parser continues at the next semicolon or closing brace, so that one
 * run finds all errors. A statement with a wrong value stays in the tree, with a value of type
 * NONE and `broken` set: it does not count as missing.
 */
#pragma once

#include "lexer.h"
#include "tree.h"

#define NESTING_MAX 64 /* of braces in a match list */
#define INCLUDES_MAX 32 /* depth of included files */
#define FILES_MAX 10000 /* number of included files: each could include the next one twice */
#define SEEN_WORDS (CONF_RULES_MAX / 64)

/* An open block. */
struct conf_frame {
	struct conf_frame *outer; /* NULL: top level */
	struct conf_node *node; /* the block's statement; NULL: top level */
	enum conf_context place;
	struct s53_place opened; /* its { */
	struct s53_conf_statement **last; /* where the next statement is linked */
	struct conf_node *run; /* the first of the latest statements with one name; or NULL */
	uint64_t seen[SEEN_WORDS]; /* rules that occurred here, by number */
};

struct conf_parser {
	struct conf_sources sources;
	struct conf_lexer lexer;
	struct conf_token token; /* the next one */
	struct s53_place after; /* the position behind the last token */
	bool after_hash; /* a # directly followed that token */
	struct s53_conf *conf;
	const struct conf_frame *floor; /* the block in which the current file began */
	const char *directory; /* options' directory so far, or NULL */
	const char *root; /* put before absolute paths, for tests; or NULL */
	const struct conf_source *open_files[INCLUDES_MAX];
	unsigned open_file_count;
	unsigned file_count; /* read so far */
	bool guessed; /* a list was assumed to end, and its missing '}' and ';' were reported */
	bool files_allowed; /* is `include` valid? */
	bool out_of_memory;
};

/* parser.c */
void conf_advance(struct conf_parser *parser);
void *conf_alloc(struct conf_parser *parser, size_t size); /* zeroed */
char *conf_strdup(struct conf_parser *parser, const char *text);
void conf_error(struct conf_parser *parser, struct s53_place place, const char *format, ...)
    S53_PRINTF(3, 4);
bool conf_token_is(const struct conf_parser *parser, const char *word); /* a bare word */
bool conf_token_is_text(const struct conf_parser *parser); /* a word or a string */

/* "'x' in quotes as it was written, or what the token is": for messages. */
#define CONF_QUOTED (CONF_SHOWN + 2)
const char *conf_token_text(const struct conf_parser *parser, char shown[static CONF_QUOTED]);

/* Skip the next ';', or to the '}' that closes the open block; braces between are balanced. */
void conf_skip(struct conf_parser *parser);

/* Take the ';' that ends an element. false: it is missing, and the caller reports that. */
bool conf_semicolon_taken(struct conf_parser *parser);

/* The ';' behind `what`. If it is missing, that is reported, and what follows may be skipped. */
void conf_semicolon(struct conf_parser *parser, enum conf_context place, const char *what);

/*
 * Read statements until the block's '}', and skip that, or to the end of the file in which the
 * block began. false: the '}' is missing, which was reported.
 */
bool conf_statements(struct conf_parser *parser, struct conf_frame *frame);

/* Read all of the source; the whole tree is then in parser->conf. */
void conf_parser_run(struct conf_parser *parser, const struct conf_source *source);

/* include.c */
void conf_include(struct conf_parser *parser, struct conf_frame *frame);

/* statement.c */
void conf_statement(struct conf_parser *parser, struct conf_frame *frame);

/* value.c: false: an error was reported, and the statement is to be skipped */
bool conf_value(struct conf_parser *parser, const struct conf_rule *rule, enum conf_form form,
    struct s53_conf_value *out);
bool conf_port(struct conf_parser *parser, uint16_t *out); /* the number after "port"; "*" is 0 */

/* value_list.c */
bool conf_match_list(struct conf_parser *parser, struct s53_conf_value *out);
bool conf_prefix(struct conf_parser *parser, struct s53_conf_value *out); /* one, as a list */
bool conf_peer_list(
    struct conf_parser *parser, const struct conf_rule *rule, struct s53_conf_value *out);
bool conf_string_list(struct conf_parser *parser, struct s53_conf_value *out);
bool conf_raw(struct conf_parser *parser, struct s53_conf_value *out);

/* value_list.c, also used for other lists: the '{' of a list. */
bool conf_list_open(struct conf_parser *parser, struct s53_place *opened);

/* Is there another element? If not, the '}' has been skipped, or reported as missing. */
bool conf_list_more(struct conf_parser *parser, struct s53_place opened);
void conf_list_end(struct conf_parser *parser); /* the ';' behind an element */

/* value_health.c: the values of "type" and "accept" of health-check */
bool conf_type(struct conf_parser *parser, struct s53_conf_value *out);
bool conf_rcode_list(struct conf_parser *parser, struct s53_conf_value *out);

/* value_order.c */
bool conf_order_list(struct conf_parser *parser, struct s53_conf_value *out);

/*
 * level.c: how far split53 supports the statement. For a block this is called before its body is
 * read, which inherits the level.
 */
void conf_level(struct conf_node *node);
/* Report the warning or error of that level; for a block after its body. */
void conf_level_say(struct conf_parser *parser, const struct conf_node *node);

/* silence.c: does its value request what split53 does anyway, by `silent` of its rule? */
bool conf_is_usual(const struct conf_node *node);
/* Is no statement of the rule warned of, because another one is? */
bool conf_is_always_silent(const struct conf_rule *rule);
