/* SPDX-License-Identifier: ISC
 *
 * grammar.h - the statements of named.conf: where each is valid, what its value is, and how far
 *             split53 supports it.
 *
 * Layer    conf, private
 * Threads  main thread
 * Memory   constant tables, one per subject (the files of grammar/), and a hashed index that is
 *          built at first use
 * Sources  BIND 9.11 to 9.20: doc/misc/options and the ARM, "Statements"; what named-checkconf 9.18
 *          accepts and rejects
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <split53/conf.h>

/* Where a statement is valid. Those from IN_FILE on are parts of a statement, not blocks. */
enum conf_context {
	IN_TOP,
	IN_OPTIONS,
	IN_VIEW,
	IN_ZONE,
	IN_SERVER,
	IN_LOGGING,
	IN_CHANNEL,
	IN_KEY,
	IN_TLS,
	IN_HTTP,
	IN_CONTROLS,
	IN_STATISTICS,
	IN_POLICY, /* dnssec-policy */
	IN_KEY_STORE,
	IN_RATE_LIMIT,
	IN_HEALTH_CHECK,
	IN_FILE, /* channel: file "x" versions ... */
	IN_LISTEN, /* listen-on tls x http y { } */
	IN_LIST, /* primaries source * { }, allow-transfer transport tls { } */
	IN_INET, /* inet ADDR allow { } keys { } */
	IN_UNIX,
	IN_STATISTICS_INET, /* inet ADDR allow { } of statistics-channels */
	CONTEXT_COUNT,
};

#define AT(place) (1u << (place))
#define OPTIONS_ AT(IN_OPTIONS)
#define OV (AT(IN_OPTIONS) | AT(IN_VIEW))
#define OVZ (OV | AT(IN_ZONE))
#define ZONE_ AT(IN_ZONE)

/* Types of zones, as bits: in which of them a statement is valid (BIND rejects it elsewhere). */
enum conf_zone_type {
	ZONE_PRIMARY = 1,
	ZONE_SECONDARY = 2,
	ZONE_MIRROR = 4,
	ZONE_FORWARD = 8,
	ZONE_HINT = 16,
	ZONE_REDIRECT = 32,
	ZONE_STATIC_STUB = 64,
	ZONE_STUB = 128,
	ZONE_DELEGATION = 256,
	ZONE_IN_VIEW = 512,
};

#define ZONE_COPIES (ZONE_SECONDARY | ZONE_MIRROR)
#define ZONE_SERVED (ZONE_PRIMARY | ZONE_COPIES)
#define ZONE_SIGNED (ZONE_PRIMARY | ZONE_SECONDARY)
#define ZONE_FETCHED (ZONE_COPIES | ZONE_STUB)
/* Zones with queries that are sent to servers. */
#define ROUTED (ZONE_FORWARD | ZONE_SECONDARY | ZONE_STUB | ZONE_STATIC_STUB)
#define ZONE_DATA (ZONE_SERVED | ZONE_REDIRECT | ZONE_STATIC_STUB | ZONE_STUB)
#define ZONE_FILES (ZONE_SERVED | ZONE_REDIRECT | ZONE_STUB)

/* The forms of values; docs/config.md prints them by conf_form_text(). */
enum conf_form {
	FORM_NONE,
	FORM_BOOL,
	FORM_NUMBER,
	FORM_SIZE,
	FORM_DURATION,
	FORM_STRING, /* a text in quotes (a bare word is accepted, too) */
	FORM_NAME, /* a name: of a channel, a tls, an algorithm */
	FORM_DOMAIN, /* a domain name */
	FORM_WORD, /* one of .words */
	FORM_BOOL_OR_WORD,
	FORM_STRING_OR_WORD, /* a text, or one of .words bare */
	FORM_SEVERITY, /* critical ... info, debug [N], dynamic */
	FORM_MATCH,
	FORM_PEERS,
	FORM_ADDRESS, /* address or *, with [port N|*] */
	FORM_SOURCE, /* query-source: [address] ADDRESS [port N|*], in any order; or none */
	FORM_STRINGS, /* { text; ... } */
	FORM_TYPE, /* a type of records, by its name or as TYPE65 */
	FORM_RCODES, /* { rcode; ... } */
	FORM_ORDER, /* rrset-order's { [class C] [type T] [name "N"] order W; ... } */
	FORM_RAW, /* anything up to the semicolon: not parsed */
	FORM_BODY, /* { statements } of place .inside */
	FORM_COUNT,
};

enum conf_rule_flag {
	MULTI = 1, /* may occur more than once */
	OPTIONAL = 2, /* the value may be omitted */
	OPTIONAL_SECOND = 4, /* the second value may be omitted */
	LABEL = 8, /* a name follows the statement's name */
	CLASSED = 16, /* and perhaps a class: zone, view */
	PREFIXED = 32, /* an address or prefix follows: server */
	UNLIMITED = 64, /* number: the word unlimited is valid */
	DEFAULT = 128, /* number: the word default is valid */
	PERCENT = 256, /* number: 10% is valid */
	FAMILY4 = 512, /* addresses of IPv4 only */
	FAMILY6 = 1024, /* addresses of IPv6 only */
	CLAMPED = 2048, /* a number out of range is moved to the limit with a warning, as in BIND */
	HOSTS = 4096, /* peers: host names are valid */
	REMOTES = 8192, /* peers: names of primaries lists are valid */
	TIMEOUT = 16384, /* a number up to 300 is in seconds; it becomes milliseconds */
	EXTENSION_IN_ZONE =
	    32768, /* an extension in zones; or everywhere, when it is not valid in a zone */
	EXTENSION = 65536, /* an extension wherever it is valid */
	TIERED = 131072, /* peers: "tier N" may follow a server */
};

struct conf_rule {
	const char *name;
	uint32_t places; /* AT() bits */
	uint16_t zone_types; /* in a zone: bits; 0 means any */
	uint32_t flags;
	uint8_t form; /* enum conf_form */
	uint8_t second; /* enum conf_form, FORM_NONE: there is none */
	uint8_t inside; /* enum conf_context of the body or of the parts; 0: no parts */
	uint8_t level; /* enum s53_conf_level */
	uint64_t min, max; /* of numbers; max 0: UINT32_MAX, for sizes and durations no limit */
	const char *words; /* separated by blanks */
	const char *canonical; /* the name in the tree; NULL: its own */
	const char *fallback; /* default, for the documentation; or NULL */
	const char *why; /* of all levels except S53_CONF_SUPPORTED: one sentence */
	/*
	 * Values, separated by blanks, that request what split53 does anyway, so that no warning is
	 * due: yes, no, words, numbers. "none" is also an empty list or block and a match list that
	 * matches nothing. CONF_ALWAYS: every value.
	 */
	const char *silent;
};

/* For statements that only modify what another statement turns on. */
#define CONF_ALWAYS "always"

/* The levels except S53_CONF_SUPPORTED, each with its sentence. */
#define HARMLESS(text) .level = S53_CONF_IGNORED_HARMLESS, .why = (text)
#define DIFFERENT(text) .level = S53_CONF_IGNORED_DIFFERENT, .why = (text)
#define SECURITY(text) .level = S53_CONF_IGNORED_SECURITY, .why = (text)
#define SILENT(text) .level = S53_CONF_IGNORED_HARMLESS, .why = (text), .silent = CONF_ALWAYS
#define REFUSED(text) .level = S53_CONF_REFUSED, .why = (text)

/* A value that has a level of its own: "forward first" is not "forward only". */
struct conf_word_rule {
	const char *name; /* of the statement */
	const char *word; /* the value, "yes" for true, "no" for false */
	uint8_t level;
	const char *why;
};

struct conf_table {
	const char *title; /* of its section in docs/config.md */
	const struct conf_rule *rules;
	size_t count;
};

extern const struct conf_table conf_table_blocks;
extern const struct conf_table conf_table_forward;
extern const struct conf_table conf_table_health;
extern const struct conf_table conf_table_access;
extern const struct conf_table conf_table_serve;
extern const struct conf_table conf_table_cache;
extern const struct conf_table conf_table_answer;
extern const struct conf_table conf_table_dnssec;
extern const struct conf_table conf_table_transfer;
extern const struct conf_table conf_table_zone;
extern const struct conf_table conf_table_files;
extern const struct conf_table conf_table_server;
extern const struct conf_table conf_table_logging;
extern const struct conf_table conf_table_channels;
extern const struct conf_table conf_table_old;

/* The tables in the order of the documentation; ends with NULL. */
extern const struct conf_table *const conf_tables[];

/* The rule for `name` in `place`, or NULL. Ignores letter case. */
const struct conf_rule *conf_rule_find(const char *name, enum conf_context place);

/* A rule of that name in any place, one of BIND's rather than an extension; or NULL. */
const struct conf_rule *conf_rule_anywhere(const char *name);

/* The known name most similar to `name` in `place`, if `name` can be a typing error; or NULL. */
const char *conf_rule_suggest(const char *name, enum conf_context place);

/* How many rules there are, and the number of one of them: for sets of rules. */
#define CONF_RULES_MAX 1024
size_t conf_rule_number(const struct conf_rule *rule);

/* Ends with a name of NULL. */
extern const struct conf_word_rule conf_word_rules[];
const struct conf_word_rule *conf_word_rule_find(const char *name, const char *word);

/* "options", "view" ...: for messages and the documentation. */
const char *conf_context_text(enum conf_context place);

/* "yes or no", "an address match list" ...: for messages and the documentation's column. */
const char *conf_form_text(enum conf_form form);

/* Is `word` one of the blank-separated `words`? Its canonical spelling within `words`, or NULL. */
const char *conf_words_find(const char *words, const char *word, size_t *len);

/* The one of `words` that was probably meant, or NULL. */
const char *conf_words_suggest(const char *words, const char *word, size_t *len);
