/* SPDX-License-Identifier: ISC
 *
 * conf.h - named.conf as a tree of typed clauses.
 *
 * Layer    conf: knows the language, nothing of what is built from it (server/setup.c does that)
 * Threads  main thread
 * Memory   a configuration owns its tree; everything in it lives until s53_conf_free()
 * Units    sizes in octets, durations in seconds unless the grammar says ms
 *
 * The grammar table (src/conf/grammar*.c) gives each clause its place, its value's type and a support level; docs/config.md is
 * generated from it. The parser checks form, s53_conf_check() what clauses say of one another.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <split53/addr.h>
#include <split53/diag.h>
#include <split53/status.h>

enum s53_conf_level {
	S53_CONF_SUPPORTED,
	S53_CONF_IGNORED_HARMLESS, /* accepted, no effect that anyone could notice */
	S53_CONF_IGNORED_DIFFERENT, /* accepted, split53 behaves differently: warned */
	S53_CONF_IGNORED_SECURITY, /* accepted, a protection that is not there: warned */
	S53_CONF_REFUSED, /* would change answers and is not there: an error */
};

enum s53_conf_type {
	S53_CONF_NONE,
	S53_CONF_BOOL, /* boolean */
	S53_CONF_NUMBER, /* number: counts, sizes, durations, TTLs, ports */
	S53_CONF_TEXT, /* text: quoted or bare word, enum words in lower case */
	S53_CONF_ADDRESS, /* addr, with port where one may follow; "*" is AF_INET or AF_INET6 any, port 0 */
	S53_CONF_MATCH, /* match: an address match list */
	S53_CONF_PEERS, /* peers: forwarders, primaries, also-notify ... */
	S53_CONF_WORDS, /* words: a list of words, or the raw tokens of what is ignored */
};

struct s53_conf_match {
	struct s53_conf_match *next;
	struct s53_place place;
	bool negated;
	enum { S53_MATCH_PREFIX, S53_MATCH_NAME, S53_MATCH_KEY, S53_MATCH_LIST } kind;
	struct s53_prefix prefix;
	const char *name; /* an acl's (any, none, localhost, localnets too), or a key's */
	struct s53_conf_match *list; /* nested { } */
};

struct s53_conf_peer {
	struct s53_conf_peer *next;
	struct s53_place place;
	const char *text; /* as written: an address, a host name, the name of a primaries list */
	bool is_address;
	struct s53_addr addr; /* when is_address; port 0 unless given */
	uint16_t port; /* 0: not given */
	const char *key, *tls; /* or NULL */
};

struct s53_conf_words {
	struct s53_conf_words *next;
	struct s53_place place;
	const char *text;
};

struct s53_conf_value {
	enum s53_conf_type type;
	struct s53_place place;
	uint16_t port; /* before a list: "listen-on port N {", "forwarders port N {"; 0: none */
	const char *tls; /* before a list; or NULL */
	union {
		bool boolean;
		uint64_t number;
		const char *text;
		struct s53_addr addr;
		struct s53_conf_match *match;
		struct s53_conf_peer *peers;
		struct s53_conf_words *words;
	};
	bool unlimited; /* number: the word "unlimited" stood there; `percent`: a number with % */
	bool percent;
};

struct s53_conf_clause {
	struct s53_conf_clause *next; /* in the order of the file */
	struct s53_conf_clause *parent; /* NULL at top level */
	struct s53_conf_clause *body; /* the clauses inside { }, or NULL */
	const char *
	    name; /* canonical: "primary" synonyms stay as written in values, names of clauses are canonical */
	const char *
	    label; /* zone "x", view "x", acl x, key x, channel x, category x, server ADDR: the text after the name; or NULL */
	const char *class_name; /* of zone and view: "IN" unless written */
	enum s53_conf_level level;
	const char *why; /* for IGNORED_* and REFUSED: one sentence for the user */
	struct s53_place place;
	struct s53_conf_value value; /* the main value */
	struct s53_conf_value second; /* where the grammar has two, e.g. prefetch; else type NONE */
};

struct s53_conf;

/*
 * Read `path` with its includes, parse and check it. All errors and warnings go to `diags`. *out is set when there is no
 * error (warnings are fine), and the caller owns it.
 *   S53_E_IO      the file itself cannot be read (said in diags too)
 *   S53_E_SYNTAX  there are errors, all of them in diags
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_conf_load(
    const char *path, struct s53_diags *diags, struct s53_conf **out);

/* The same from memory; `name` stands for the file in messages. For tests, the fuzzer and the built-in configuration. */
S53_MUST_USE enum s53_status s53_conf_parse(
    const char *name, const char *text, size_t len, struct s53_diags *diags, struct s53_conf **out);

void s53_conf_free(struct s53_conf *conf);

/* The top-level clauses, in order. */
const struct s53_conf_clause *s53_conf_top(const struct s53_conf *conf);

/* The first clause `name` among `first` and what follows it, or NULL. For the next one: s53_conf_find(found->next, name). */
const struct s53_conf_clause *s53_conf_find(const struct s53_conf_clause *first, const char *name);

/* The body of options { }, or NULL. */
const struct s53_conf_clause *s53_conf_options(const struct s53_conf *conf);

/* The clause acl NAME, or NULL. */
const struct s53_conf_clause *s53_conf_acl(const struct s53_conf *conf, const char *name);

/* Print it back in canonical form (named-checkconf -p): one clause a line, tabs, every value in its base unit. */
void s53_conf_print(const struct s53_conf *conf, FILE *out);

/* The table of docs/config.md in Markdown, from the grammar. */
void s53_conf_print_grammar(FILE *out);
