/* SPDX-License-Identifier: ISC
 *
 * conf.h - named.conf as a tree of typed statements.
 *
 * Layer    conf: knows the language, but not what is built from it (setup/setup.c does that)
 * Threads  main thread
 * Memory   a configuration owns its tree; everything in it is valid until s53_conf_free()
 * Units    sizes in bytes, durations in seconds unless said otherwise below
 *
 * The grammar table (src/conf/grammar*.c) says of each statement where it is valid, the type of its
 * value and its support level; docs/config.md is generated from it. The parser checks the form of
 * each statement, check.c how statements relate to one another. A tree that was handed out has no
 * error in it: numbers are in range, acls and lists exist, zone names are domain names.
 *
 * HOW A STATEMENT IS REPRESENTED
 *
 * General rules
 *   - `name` is canonical lower case: masters is "primaries"; allow-v6-... and the like are kept.
 *   - Where a boolean or a word is valid, yes/no/true/false/1/0 give BOOL and any other word TEXT.
 *   - Words out of a closed set (TEXT) are in lower case and `value.quoted` is false. For
 *     (string | none | hostname) the bare word has quoted == false: `"none"` is a text, `none` not.
 *   - A statement that is valid once occurs once (a second one is an error), except those with *.
 *   - "Parts" are what follows a value within the same statement (file "x" versions 3 size 1m;) or
 *     precedes a list (listen-on proxy plain { }): they are in the statement's `body`, except
 *     `port` and `tls` before a list, which are value.port and value.tls.
 *   - Statements at IGNORED_* levels are in the tree, typed where their type is simple, WORDS (raw
 *     tokens) where not. setup may walk the tree and list every statement with level IGNORED_*.
 *
 * Top level, in any order
 *   options { }               body; at most once
 *   view NAME [CLASS] { } *   label, class_name, body: statements of options that are valid in a
 *                             view, match-clients, match-destinations (MATCH),
 *                             match-recursive-only (BOOL), zone, server, key
 *   zone NAME [CLASS] { } *   label (as written, a valid name), class_name, body; inside views too
 *   acl NAME { } *            label, value MATCH
 *   server PREFIX { } *       label as written; value MATCH with one S53_MATCH_PREFIX; body: edns
 *                             BOOL, edns-udp-size NUMBER, tcp-only BOOL; the rest is ignored
 *   primaries NAME { } *      label, value PEERS; also parental-agents, remote-servers: all three
 *                             name one kind of list (s53_conf_servers() finds it)
 *   logging { }               body: channel NAME { } *  label; body:
 *                                 file TEXT with parts versions (NUMBER or unlimited), size
 *                                 (NUMBER or unlimited), suffix (TEXT)
 *                                 syslog  TEXT facility; type NONE when none was given (daemon)
 *                                 stderr, null  type NONE
 *                                 severity  TEXT; `second` NUMBER for "debug N" ("debug" alone:
 *                                 type NONE, means 1)
 *                                 print-time BOOL, or TEXT local, iso8601, iso8601-utc
 *                                 print-category, print-severity, buffered  BOOL
 *                             category NAME { } *  label; value WORDS: names of channels, each
 *                                 defined, or default_syslog, default_debug, default_stderr, null
 *   controls { } *            each with any number of channels (below); each key of `keys` is
 *                             defined
 *   key NAME { } *            label; body: algorithm TEXT, secret TEXT, both there
 *   statistics-channels { } * body: inet *  value ADDRESS (port 0: 80), part allow MATCH
 *   key, tls, http, controls, dnssec-policy: body. inet in controls: value ADDRESS, parts allow
 *                             MATCH, keys WORDS, read-only BOOL; unix: TEXT, parts perm, owner,
 *                             group NUMBER, keys
 *   trust-anchors, managed-keys, trusted-keys: WORDS, ignored
 *
 * options, and view where it is valid there in BIND too (v); (z): in a zone with servers as well,
 * which is an extension (minimal-responses and rrset-order also in a zone with a file)
 *   directory                 TEXT (relative includes after it are relative to it)
 *   listen-on *, listen-on-v6 *  MATCH; value.port 0: `port`'s value. One with tls, http or proxy
 *                             has level IGNORED_*: setup does not open that listener
 *   port                      NUMBER 1..65535
 *   forwarders (v)            PEERS, may be empty (peers == NULL); value.port 0: 53. A peer's own
 *                             port overrides the list's. Host names: is_address false
 *   forwarders-policy (v, z)  TEXT fastest, ordered, round-robin, random, least-outstanding, race
 *   health-check (v, z, and in server)  body, each option at most once:
 *                               name TEXT, a valid name; type NUMBER (written as a type's name)
 *                               accept WORDS: rcodes as s53_rcode_print() has them, one or
 *                               more
 *                               interval NUMBER in seconds, 1 to 3600; `second` NUMBER or NONE
 *                               timeout NUMBER in ms, 20 to 30000
 *                               rise, fall NUMBER, 1 to 100
 *                               down-after NUMBER in ms, 1000 to 60000
 *                               mode TEXT always, lazy, never
 *   fetches-per-server, fetches-per-zone (v)  NUMBER; `second` TEXT drop, fail, or type NONE
 *   clients-per-query, max-clients-per-query (v)  NUMBER; 0: no limit
 *   forward (v)               TEXT first | only; "first" has level IGNORED_DIFFERENT
 *   recursion (v)             BOOL
 *   allow-query, allow-query-on, allow-query-cache, allow-query-cache-on, allow-recursion,
 *   allow-recursion-on (v)    MATCH
 *   blackhole                 MATCH
 *   empty-zones-enable (v)    BOOL
 *   disable-empty-zone (v) *  TEXT, a valid name
 *   edns-udp-size, max-udp-size (v)  NUMBER 512..4096 (others become the nearest limit, warned)
 *   query-source, query-source-v6 (v)  ADDRESS: family AF_INET / AF_INET6, the any address for "*";
 *                             the port is always 0 (a fixed one is ignored with a warning). Or TEXT
 *                             none: no queries over this family
 *   tcp-clients, recursive-clients, tcp-listen-queue  NUMBER
 *   tcp-initial-timeout, tcp-idle-timeout, tcp-keepalive-timeout, tcp-advertised-timeout  NUMBER in
 *                             units of 100 ms, as BIND has it
 *   resolver-query-timeout (v)  NUMBER in ms: values to 300 were seconds and have been converted;
 *                             0: the default; at most 30000
 *   version, hostname         TEXT; bare none
 *   server-id                 TEXT; bare none, hostname
 *   minimal-any (v)           BOOL
 *   minimal-responses (v, z)  BOOL, or TEXT no-auth, no-auth-recursive
 *   rrset-order (v, z)        ORDER, may be empty (orders == NULL)
 *   max-cache-size (v, z)     NUMBER in bytes; or percent, unlimited, is_default. In a view or zone
 *                             it has level IGNORED_DIFFERENT, unless it is 0 there or in
 *                             options
 *   max-cache-ttl, min-cache-ttl, max-ncache-ttl, min-ncache-ttl, servfail-ttl, max-stale-ttl,
 *   stale-answer-ttl, stale-refresh-time (v, z)  NUMBER in seconds
 *   stale-cache-enable, stale-answer-enable (v, z)  BOOL
 *   stale-answer-client-timeout (v, z)  NUMBER in ms, or TEXT off, disabled
 *   prefetch (v, z)           NUMBER, to 10; `second` NUMBER, or type NONE
 *   dump-file                 TEXT
 *   cache-file                TEXT; bare none
 *   querylog                  BOOL
 *   pid-file                  TEXT; bare none
 *   dnssec-validation (v)     BOOL, or TEXT auto
 *
 * zone body: `type` TEXT as written (master, primary, slave, secondary, mirror, stub, static-stub,
 * hint, forward, delegation-only; redirect and in-view are rejected). A view or zone of a class
 * other than IN has level IGNORED_DIFFERENT: nothing is built from it. By type:
 *   forward                   forwarders PEERS (missing: as an empty list), forward TEXT
 *   master, primary           file TEXT; allow-query, allow-query-on MATCH; forwarders
 *   slave, secondary, stub    primaries PEERS; a peer that is no address names a primaries list
 *                             (s53_conf_servers() finds it), or else is a host name
 *   static-stub               server-addresses PEERS (addresses), server-names WORDS; one of them
 *   mirror, hint, delegation-only  nothing is built from them, nor from a slave, stub or
 *                             static-stub zone of the root "." (level IGNORED_DIFFERENT on `type`)
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
	S53_CONF_IGNORED_HARMLESS, /* accepted and ignored without effect: warned, or silent */
	S53_CONF_IGNORED_DIFFERENT, /* accepted, split53 behaves differently: warned */
	S53_CONF_IGNORED_SECURITY, /* accepted, but the protection is not implemented: warned */
	S53_CONF_REFUSED, /* not implemented, and would change answers: an error */
	S53_CONF_LEVEL_COUNT,
};

enum s53_conf_type {
	S53_CONF_NONE,
	S53_CONF_BOOL, /* boolean */
	S53_CONF_NUMBER, /* number: counts, sizes, durations, TTLs, ports */
	S53_CONF_TEXT, /* text: quoted or bare word, enum words in lower case */
	S53_CONF_ADDRESS, /* addr, with a port where one is valid; "*": any of its family */
	S53_CONF_MATCH, /* match: an address match list */
	S53_CONF_PEERS, /* peers: forwarders, primaries, also-notify ... */
	S53_CONF_WORDS, /* words: a list of words, or the raw tokens of an ignored statement */
	S53_CONF_ORDER, /* orders: the rules of rrset-order */
	S53_CONF_TYPE_COUNT,
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
	/*
	 * In lists of servers to query: "ADDRESS [port N] tier N", 1 to 32. 0: not given; inherits
	 * from the entry of the outer list that names this list, or is 1.
	 */
	unsigned tier;
	const char *key, *tls; /* or NULL */
};

struct s53_conf_words {
	struct s53_conf_words *next;
	struct s53_place place;
	const char *text;
	bool quoted;
};

struct s53_conf_order {
	struct s53_conf_order *next;
	struct s53_place place;
	const char *class_name; /* IN, CH, HS; NULL: any */
	const char *type_name; /* upper case; NULL: any */
	uint16_t type; /* 0: any */
	const char *name; /* as written, a domain name; NULL: any */
	const char *order; /* random, cyclic, fixed, none */
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
		struct s53_conf_order *orders;
	};
	bool quoted; /* text: it was in quotes */
	bool unlimited; /* number: the word "unlimited"; number is UINT64_MAX */
	bool is_default; /* number: the word "default"; number is 0 */
	bool percent; /* number: written with % */
};

struct s53_conf_statement {
	struct s53_conf_statement *next; /* in the order of the file */
	/* The last of the statements right behind this one that have its name; or NULL. */
	struct s53_conf_statement *last_alike;
	struct s53_conf_statement *parent; /* NULL at top level */
	struct s53_conf_statement *body; /* the statements inside { }, or NULL */
	const char *name; /* canonical; synonyms in values ("master") stay as written */
	const char
	    *label; /* the text after the name of zone, view, acl, key, server ...; or NULL */
	const char *class_name; /* of zone and view, upper case: "IN" unless written; else NULL */
	enum s53_conf_level level;
	const char *why; /* for IGNORED_* and REFUSED: one sentence for the user */
	struct s53_place place;
	struct s53_conf_value value; /* the main value */
	struct s53_conf_value second; /* where the grammar has two, e.g. prefetch; else type NONE */
};

#define S53_CONF_TIER_MAX 32
#define S53_CONF_PEERS_MAX 32 /* servers of one forwarders list */

struct s53_conf;

/*
 * Read `path` with its includes, parse and check it. All errors and warnings go to `diags`. *out is
 * set when there is no error (warnings are fine), and the caller owns it. A relative include is
 * relative to `directory` if that precedes it, else to the working directory, as in named.
 *   S53_E_IO      the file itself cannot be read (reported in diags too)
 *   S53_E_SYNTAX  there are errors, all of them in diags
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_conf_load(
    const char *path, struct s53_diags *diags, struct s53_conf **out);

/*
 * The same from memory; messages call the file `name`. For tests, the fuzzer and the built-in
 * configuration: `include` is an error here, no file is opened.
 */
S53_MUST_USE enum s53_status s53_conf_parse(
    const char *name, const char *text, size_t len, struct s53_diags *diags, struct s53_conf **out);

void s53_conf_free(struct s53_conf *conf);

/* The top-level statements, in order. */
const struct s53_conf_statement *s53_conf_top(const struct s53_conf *conf);

/*
 * The first statement `name` in the list that begins with `first`, or NULL. For the next one:
 * s53_conf_find(found->next, name).
 */
const struct s53_conf_statement *s53_conf_find(
    const struct s53_conf_statement *first, const char *name);

/* The body of options { }, or NULL. */
const struct s53_conf_statement *s53_conf_options(const struct s53_conf *conf);

/* The statement acl NAME, or NULL. */
const struct s53_conf_statement *s53_conf_acl(const struct s53_conf *conf, const char *name);

/* The list of servers primaries, parental-agents or remote-servers NAME, or NULL. */
const struct s53_conf_statement *s53_conf_servers(const struct s53_conf *conf, const char *name);

/* "NXDOMAIN" in any letter case, "12" or "0xc"; -1: it is no rcode. */
#define S53_CONF_RCODE_MAX 31
int s53_conf_rcode(const char *word);

/* "harmless", "differs", "security": the classes of warnings; "supported", "refused". */
const char *s53_conf_level_text(enum s53_conf_level level);

/*
 * Print it back in canonical form (named-checkconf -p): one statement a line, tabs, every value in
 * its base unit. Parsing what is printed gives the same tree.
 */
void s53_conf_print(const struct s53_conf *conf, FILE *out);

/* The same, question marks for secrets (named-checkconf -px). */
void s53_conf_print_public(const struct s53_conf *conf, FILE *out);
