/* SPDX-License-Identifier: ISC
 *
 * parser.h - tokens and grammar become a tree.
 *
 * Layer    conf, private
 * Threads  main thread
 * Memory   the tree lives in conf's arena, the texts in conf_sources
 *
 * Whatever is wrong is reported and stepped over, at the next semicolon or closing brace, so that
 * one run finds all there is. A clause whose value is wrong stays in the tree, with a value of type
 * NONE and `broken` set: it is not missing.
 */
#pragma once

#include "lexer.h"
#include "tree.h"

#define NESTING_MAX 64 /* of braces in a match list */
#define INCLUDES_MAX 32 /* of files within files */
#define FILES_MAX 10000 /* of files altogether: two files that include the next one twice ... */
#define SEEN_WORDS (CONF_RULES_MAX / 64)

/* One block that is open. */
struct conf_frame {
	struct conf_frame *outer; /* NULL: top level */
	struct conf_node *node; /* the block's clause; NULL: top level */
	enum conf_place place;
	struct s53_place opened; /* its { */
	struct s53_conf_clause **last; /* where the next clause is hung */
	struct conf_node *run; /* the first of the last ones that have one name; or NULL */
	uint64_t seen[SEEN_WORDS]; /* rules that stood here, by number */
};

struct conf_parser {
	struct conf_sources sources;
	struct conf_lexer lexer;
	struct conf_token token; /* the next one */
	struct s53_place after; /* behind the last one */
	bool after_hash; /* a comment began right behind it */
	struct s53_conf *conf;
	const struct conf_frame *floor; /* the block in which the current file began */
	const char *directory; /* options' directory so far, or NULL */
	const char *root; /* put before absolute paths, for tests; or NULL */
	const struct conf_source *open_files[INCLUDES_MAX];
	unsigned open_file_count;
	unsigned file_count; /* read so far */
	bool guessed; /* a list was taken for closed: its '}' and ';' were said to be missing */
	bool files_allowed; /* is there include? */
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

/* "'x' in quotes as it stands there, or what the token is": for messages. */
#define CONF_QUOTED (CONF_SHOWN + 2)
const char *conf_token_text(const struct conf_parser *parser, char shown[static CONF_QUOTED]);

/* To behind the next ';', or to the '}' that closes what is open; braces between are balanced. */
void conf_skip(struct conf_parser *parser);

/* Take the ';' that ends an element. false: it is missing, and the caller reports that. */
bool conf_semicolon_taken(struct conf_parser *parser);

/* The ';' behind `what`. When it is missing that is said, and what follows perhaps skipped. */
void conf_semicolon(struct conf_parser *parser, enum conf_place place, const char *what);

/*
 * Read clauses until the block's '}', and over it, or to the end of the file in which the block
 * began. False: the '}' is missing, which was reported.
 */
bool conf_clauses(struct conf_parser *parser, struct conf_frame *frame);

/* Read all of the source; the whole tree is then parser->conf. */
void conf_parser_run(struct conf_parser *parser, const struct conf_source *source);

/* include.c */
void conf_include(struct conf_parser *parser, struct conf_frame *frame);

/* statement.c */
void conf_statement(struct conf_parser *parser, struct conf_frame *frame);

/* value.c: false: it was reported, and the statement is to be skipped */
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

/* value_list.c, for lists elsewhere: the '{' of a list. */
bool conf_list_open(struct conf_parser *parser, struct s53_place *opened);

/* Is there one more element? Else the '}' was stepped over, or found missing. */
bool conf_list_more(struct conf_parser *parser, struct s53_place opened);
void conf_list_end(struct conf_parser *parser); /* the ';' behind an element */

/* value_health.c: what is behind "type" and "accept" of health-check */
bool conf_type(struct conf_parser *parser, struct s53_conf_value *out);
bool conf_rcode_list(struct conf_parser *parser, struct s53_conf_value *out);

/* value_order.c */
bool conf_order_list(struct conf_parser *parser, struct s53_conf_value *out);

/*
 * level.c: how far split53 has what this clause says. Of a block before its body is read, which
 * inherits the level.
 */
void conf_level(struct conf_node *node);
/* The warning or error of that level; of a block behind its body. */
void conf_level_say(struct conf_parser *parser, const struct conf_node *node);

/* silence.c: does its value ask for what happens anyway, by `silent` of its rule? */
bool conf_is_usual(const struct conf_node *node);
/* Is no statement of the rule warned of, since another one is? */
bool conf_is_always_silent(const struct conf_rule *rule);
