/* SPDX-License-Identifier: ISC
 *
 * value_list.c - values in braces: match lists, servers, texts, and values that are not parsed.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <split53/name.h>

#include "parser.h"
#include "units.h"

bool
conf_list_open(struct conf_parser *parser, struct s53_place *opened)
{
	char shown[CONF_QUOTED];

	*opened = parser->token.place;
	if (parser->token.kind == TOKEN_OPEN) {
		conf_advance(parser);
		return true;
	}
	conf_error(parser, parser->token.place, "expected '{' to begin a list, not %s",
	    conf_token_text(parser, shown));
	return false;
}

/* If the next element is on a line of its own, only the semicolon is missing. */
void
conf_list_end(struct conf_parser *parser)
{
	char shown[CONF_QUOTED];

	if (conf_semicolon_taken(parser))
		return;
	if (parser->after_hash) {
		conf_error(parser, parser->after,
		    "';' is missing: '#' begins a comment; a port is written 'port 53'");
		return;
	}
	if (parser->token.kind == TOKEN_CLOSE || parser->token.kind == TOKEN_END ||
	    parser->token.place.line > parser->after.line) {
		conf_error(parser, parser->after, "';' is missing after this element");
		return;
	}
	conf_error(parser, parser->token.place, "unexpected %s: the element must end with ';'",
	    conf_token_text(parser, shown));
	conf_skip(parser);
}

/*
 * Does a statement begin here, so that the list's '}' is missing? It begins a line, has the name of
 * a statement, and is followed by more than a semicolon, unlike an element of that name.
 */
static bool
statement_begins(struct conf_parser *parser)
{
	struct conf_lexer ahead = parser->lexer;
	struct conf_token next;

	if (parser->token.kind != TOKEN_WORD || parser->token.place.line == parser->after.line ||
	    conf_rule_anywhere(parser->token.text) == NULL || conf_token_is(parser, "key"))
		return false;
	conf_lexer_next(&ahead, &next);
	return next.kind == TOKEN_WORD || next.kind == TOKEN_STRING || next.kind == TOKEN_OPEN;
}

bool
conf_list_more(struct conf_parser *parser, struct s53_place opened)
{
	char shown[CONF_QUOTED];

	for (;;) {
		switch (parser->token.kind) {
		case TOKEN_CLOSE:
			conf_advance(parser);
			return false;
		case TOKEN_END:
			if (!parser->out_of_memory)
				conf_error(parser, opened,
				    "the list that begins here is not closed: '}' is missing");
			return false;
		case TOKEN_SEMICOLON:
			conf_error(parser, parser->token.place,
			    "unexpected %s: there is no element before it",
			    conf_token_text(parser, shown));
			conf_advance(parser);
			break;
		default:
			if (parser->guessed)
				return false;
			if (!statement_begins(parser))
				return true;
			parser->guessed = true;
			conf_error(parser, opened,
			    "this list is not closed before %s in line %u: '};' is missing",
			    conf_token_text(parser, shown), parser->token.place.line);
			return false;
		}
	}
}

/* Can it only be an address: "10/8", "192.0.2.1", anything with a colon? */
static bool
looks_like_address(const char *text)
{
	return strchr(text, ':') != NULL ||
	    (text[0] >= '0' && text[0] <= '9' && text[strspn(text, "0123456789./")] == '\0') ||
	    (text[0] >= '0' && text[0] <= '9' && strchr(text, '/') != NULL);
}

/* "127.0.0.1:8600", "[::1]:53" or "[::1]": the form in which other programs write a server. */
static bool
is_addr_port(const char *text)
{
	struct s53_addr addr;

	return strchr(text, ':') != NULL && s53_addr_parse(text, 0, &addr) != S53_OK &&
	    s53_addr_parse_port(text, 0, &addr) == S53_OK;
}

/* The present word, joined with a slash and a length that follow separately: "10.0.0.0 / 8". */
static bool
prefix_word(struct conf_parser *parser, struct s53_prefix *out)
{
	struct s53_place place = parser->token.place;
	char text[S53_ADDR_TEXT + 8], shown[CONF_SHOWN];
	enum s53_status status;
	size_t len;

	snprintf(text, sizeof(text), "%s", parser->token.text);
	conf_advance(parser);
	while (parser->token.kind == TOKEN_WORD && strlen(text) < S53_ADDR_TEXT &&
	    (parser->token.text[0] == '/' || text[strlen(text) - 1] == '/')) {
		len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%s", parser->token.text);
		conf_advance(parser);
	}
	status = s53_prefix_parse(text, out);
	if (status == S53_OK)
		return true;
	conf_show(text, shown);
	if (strchr(text, '/') != NULL)
		conf_error(parser, place,
		    "'%s' is not a prefix: expected ADDRESS/LENGTH, without address bits that are "
		    "set beyond LENGTH",
		    shown);
	else
		conf_error(parser, place, "'%s' is not an IPv4 or IPv6 address%s", shown,
		    is_addr_port(text) ? "; the port is set before the list, as in 'listen-on port "
					 "53 { 192.0.2.1; }'"
				       : "");
	return false;
}

bool
conf_prefix(struct conf_parser *parser, struct s53_conf_value *out)
{
	struct s53_conf_match *match = conf_alloc(parser, sizeof(*match));

	if (match == NULL)
		return false;
	out->place = match->place = parser->token.place;
	match->kind = S53_MATCH_PREFIX;
	if (!prefix_word(parser, &match->prefix))
		return false;
	out->type = S53_CONF_MATCH;
	out->match = match;
	return true;
}

static bool read_match(struct conf_parser *parser, struct s53_conf_match **first, unsigned depth);

/* The name after "key". */
static bool
read_key(struct conf_parser *parser, struct s53_conf_match *match)
{
	char shown[CONF_QUOTED];

	conf_advance(parser);
	if (!conf_token_is_text(parser)) {
		conf_error(parser, parser->token.place,
		    "'key' must be followed by its name, not by %s",
		    conf_token_text(parser, shown));
		return false;
	}
	match->kind = S53_MATCH_KEY;
	match->name = parser->token.text;
	conf_advance(parser);
	return true;
}

static bool
read_element(struct conf_parser *parser, struct s53_conf_match *match, unsigned depth)
{
	char shown[CONF_QUOTED];

	if (parser->token.kind == TOKEN_OPEN) {
		match->kind = S53_MATCH_LIST;
		return read_match(parser, &match->list, depth + 1);
	}
	if (!conf_token_is_text(parser)) {
		conf_error(parser, parser->token.place,
		    "expected an address, a prefix or the name of an acl, not %s",
		    conf_token_text(parser, shown));
		return false;
	}
	if (parser->token.kind == TOKEN_WORD && looks_like_address(parser->token.text)) {
		match->kind = S53_MATCH_PREFIX;
		return prefix_word(parser, &match->prefix);
	}
	if (conf_token_is(parser, "key"))
		return read_key(parser, match);
	if (conf_token_is(parser, "geoip") || conf_token_is(parser, "ecs")) {
		conf_error(parser, parser->token.place,
		    "%s is refused: clients can be matched by address only; list their networks "
		    "instead",
		    conf_token_text(parser, shown));
		return false;
	}
	match->kind = S53_MATCH_NAME;
	match->name = parser->token.text;
	conf_advance(parser);
	return true;
}

static bool
read_match(struct conf_parser *parser, struct s53_conf_match **first, unsigned depth)
{
	struct s53_conf_match **last = first;
	struct s53_place opened;

	if (depth >= NESTING_MAX) {
		conf_error(parser, parser->token.place,
		    "address match lists are nested more than %d deep", NESTING_MAX);
		return false;
	}
	if (!conf_list_open(parser, &opened))
		return false;
	while (conf_list_more(parser, opened)) {
		struct s53_conf_match *match = conf_alloc(parser, sizeof(*match));

		if (match == NULL)
			return false;
		match->place = parser->token.place;
		if (parser->token.kind == TOKEN_NOT) {
			match->negated = true;
			conf_advance(parser);
		}
		if (!read_element(parser, match, depth)) {
			conf_skip(parser);
			continue;
		}
		*last = match;
		last = &match->next;
		conf_list_end(parser);
	}
	return true;
}

bool
conf_match_list(struct conf_parser *parser, struct s53_conf_value *out)
{
	if (!read_match(parser, &out->match, 0))
		return false;
	out->type = S53_CONF_MATCH;
	return true;
}

/* The number after "tier". */
static bool
read_tier(struct conf_parser *parser, const struct conf_rule *rule, struct s53_conf_peer *peer)
{
	struct s53_place place = parser->token.place;
	char shown[CONF_QUOTED];
	uint64_t number;

	if ((rule->flags & TIERED) == 0) {
		conf_error(parser, place,
		    "'tier' is not valid in '%s': no queries are sent to its servers", rule->name);
		return false;
	}
	conf_advance(parser);
	if (parser->token.kind != TOKEN_WORD ||
	    conf_number_parse(parser->token.text, &number) != S53_OK || number == 0 ||
	    number > S53_CONF_TIER_MAX) {
		conf_error(parser, parser->token.place, "a tier is a number from 1 to %d, not %s",
		    S53_CONF_TIER_MAX, conf_token_text(parser, shown));
		return false;
	}
	if (peer->tier != 0) {
		conf_error(parser, place, "'tier' is repeated");
		return false;
	}
	peer->tier = (unsigned)number;
	conf_advance(parser);
	return true;
}

/* "port N", "key NAME", "tls NAME", "tier N" and the obsolete "dscp N" after a server. */
static bool
read_peer_part(struct conf_parser *parser, const struct conf_rule *rule, struct s53_conf_peer *peer)
{
	bool is_key = conf_token_is(parser, "key"), is_tls = conf_token_is(parser, "tls");
	bool is_port = conf_token_is(parser, "port");
	char shown[CONF_QUOTED];

	if (conf_token_is(parser, "tier"))
		return read_tier(parser, rule, peer);
	if (!is_key && !is_tls && !is_port && !conf_token_is(parser, "dscp")) {
		conf_error(parser, parser->token.place,
		    "unexpected %s: a server may be followed by 'port', 'key', 'tls'%s or ';'",
		    conf_token_text(parser, shown), (rule->flags & TIERED) != 0 ? ", 'tier'" : "");
		return false;
	}
	conf_advance(parser);
	if (is_port)
		return conf_port(parser, &peer->port);
	if (!conf_token_is_text(parser)) {
		conf_error(parser, parser->token.place, "expected a name or a number, not %s",
		    conf_token_text(parser, shown));
		return false;
	}
	if (is_key)
		peer->key = parser->token.text;
	else if (is_tls)
		peer->tls = parser->token.text;
	conf_advance(parser);
	return true;
}

/* The name of a host or a list: letters, digits, "-", "_" and ".". */
static bool
is_host_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	struct s53_name name;

	return text[strspn(text, letters)] == '\0' && !looks_like_address(text) &&
	    s53_name_parse(text, &name) == S53_OK;
}

/* "tier 1" before the servers, a likely mistake; a host may be called that, but not a number. */
static bool
is_tier_before(const struct conf_parser *parser)
{
	struct conf_lexer ahead = parser->lexer;
	struct conf_token next;

	if (!conf_token_is(parser, "tier"))
		return false;
	conf_lexer_next(&ahead, &next);
	return next.kind == TOKEN_WORD && next.text[0] >= '0' && next.text[0] <= '9';
}

/* Report a server in the form of other programs, with the form that is valid here. */
static bool
peer_with_port(struct conf_parser *parser, const struct s53_conf_peer *peer)
{
	char shown[CONF_QUOTED], host[S53_ADDR_TEXT];
	struct s53_addr addr;

	if (s53_addr_parse_port(peer->text, 53, &addr) == S53_OK)
		conf_error(parser, peer->place, "%s must be written '%s port %u'",
		    conf_token_text(parser, shown), s53_addr_print_host(&addr, host),
		    s53_addr_port(&addr));
	return false;
}

static bool
read_peer(struct conf_parser *parser, const struct conf_rule *rule, struct s53_conf_peer *peer)
{
	bool names = (rule->flags & (HOSTS | REMOTES)) != 0;
	char shown[CONF_QUOTED];

	if ((rule->flags & TIERED) != 0 && is_tier_before(parser)) {
		conf_error(parser, parser->token.place,
		    "'tier' must follow each server, as in '192.0.2.1 port 53 tier 2'");
		return false;
	}
	if (!conf_token_is_text(parser)) {
		conf_error(parser, parser->token.place, "expected the address of a server, not %s",
		    conf_token_text(parser, shown));
		return false;
	}
	peer->text = parser->token.text;
	peer->is_address = s53_addr_parse(peer->text, 0, &peer->addr) == S53_OK;
	if (!peer->is_address && is_addr_port(peer->text))
		return peer_with_port(parser, peer);
	if (!peer->is_address && !(names && is_host_name(peer->text))) {
		conf_error(parser, peer->place, "%s is not an IPv4 or IPv6 address%s",
		    conf_token_text(parser, shown), names ? " or host name" : "");
		return false;
	}
	conf_advance(parser);
	while (conf_token_is_text(parser) && parser->token.place.line == parser->after.line)
		if (!read_peer_part(parser, rule, peer))
			return false;
	if (peer->is_address)
		s53_addr_set_port(&peer->addr, peer->port);
	return true;
}

bool
conf_peer_list(struct conf_parser *parser, const struct conf_rule *rule, struct s53_conf_value *out)
{
	struct s53_conf_peer **last = &out->peers;
	struct s53_place opened;

	if (!conf_list_open(parser, &opened))
		return false;
	out->type = S53_CONF_PEERS;
	while (conf_list_more(parser, opened)) {
		struct s53_conf_peer *peer = conf_alloc(parser, sizeof(*peer));

		if (peer == NULL)
			return false;
		peer->place = parser->token.place;
		if (!read_peer(parser, rule, peer)) {
			conf_skip(parser);
			continue;
		}
		*last = peer;
		last = &peer->next;
		conf_list_end(parser);
	}
	return true;
}

static struct s53_conf_words *
add_word(struct conf_parser *parser, struct s53_conf_words ***last, const char *text)
{
	struct s53_conf_words *word = conf_alloc(parser, sizeof(*word));

	if (word == NULL)
		return NULL;
	word->place = parser->token.place;
	word->text = text;
	word->quoted = parser->token.kind == TOKEN_STRING;
	**last = word;
	*last = &word->next;
	return word;
}

bool
conf_string_list(struct conf_parser *parser, struct s53_conf_value *out)
{
	struct s53_conf_words **last = &out->words;
	struct s53_place opened;
	char shown[CONF_QUOTED];

	if (!conf_list_open(parser, &opened))
		return false;
	out->type = S53_CONF_WORDS;
	while (conf_list_more(parser, opened)) {
		if (!conf_token_is_text(parser)) {
			conf_error(parser, parser->token.place,
			    "expected a name or a string, not %s", conf_token_text(parser, shown));
			conf_skip(parser);
			continue;
		}
		if (add_word(parser, &last, parser->token.text) == NULL)
			return false;
		conf_advance(parser);
		conf_list_end(parser);
	}
	return true;
}

bool
conf_raw(struct conf_parser *parser, struct s53_conf_value *out)
{
	static const char *const marks[] = {
		[TOKEN_OPEN] = "{", [TOKEN_CLOSE] = "}", [TOKEN_SEMICOLON] = ";", [TOKEN_NOT] = "!"
	};
	struct s53_conf_words **last = &out->words;
	struct s53_place opened = parser->token.place;
	unsigned depth = 0;

	out->type = S53_CONF_WORDS;
	for (;;) {
		enum conf_token_kind kind = parser->token.kind;

		if (kind == TOKEN_END && depth > 0) {
			if (!parser->out_of_memory)
				conf_error(parser, opened,
				    "the list that begins here is not closed: '}' is missing");
			return true;
		}
		if (kind == TOKEN_END || (depth == 0 && kind == TOKEN_SEMICOLON) ||
		    (depth == 0 && kind == TOKEN_CLOSE))
			return true;
		if (kind == TOKEN_OPEN && depth++ == 0)
			opened = parser->token.place;
		if (kind == TOKEN_CLOSE)
			depth--;
		if (add_word(parser, &last,
			conf_token_is_text(parser) ? parser->token.text : marks[kind]) == NULL)
			return false;
		conf_advance(parser);
	}
}
