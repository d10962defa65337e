/* SPDX-License-Identifier: ISC
 *
 * value.c - values of one or a few words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <split53/name.h>

#include "parser.h"
#include "units.h"

/* "'port' takes a number, not 'x'": the value is of another kind. */
static bool
wrong(struct conf_parser *parser, const char *name, const char *expected)
{
	char shown[CONF_QUOTED];

	if (!parser->out_of_memory)
		conf_error(parser, parser->token.place, "'%s' takes %s, not %s", name, expected,
		    conf_token_text(parser, shown));
	return false;
}

/* The same where one of several words is valid: lists them, and suggests the one that was meant. */
static bool
wrong_word(struct conf_parser *parser, const struct conf_rule *rule, enum conf_form form)
{
	char shown[CONF_QUOTED], expected[256];
	const char *near = NULL;
	size_t len = 0, used;

	used = (size_t)snprintf(expected, sizeof(expected), "%s%s ", conf_form_text(form),
	    form == FORM_NUMBER ? "," : "");
	for (const char *at = rule->words; *at != '\0' && used < sizeof(expected) - 3; at++) {
		if (*at == ' ')
			expected[used++] = ',';
		expected[used++] = *at;
	}
	expected[used] = '\0';
	if (conf_token_is_text(parser))
		near = conf_words_suggest(rule->words, parser->token.text, &len);
	if (near == NULL)
		return wrong(parser, rule->name, expected);
	conf_error(parser, parser->token.place, "'%s' takes %s, not %s; did you mean '%.*s'?",
	    rule->name, expected, conf_token_text(parser, shown), (int)len, near);
	return false;
}

static bool
wrong_for(struct conf_parser *parser, const struct conf_rule *rule, enum conf_form form)
{
	if (parser->out_of_memory)
		return false;
	if (rule->words == NULL || (form == FORM_NUMBER && rule->second == FORM_WORD))
		return wrong(parser, rule->name, conf_form_text(form));
	return wrong_word(parser, rule, form);
}

static bool
read_bool(struct conf_parser *parser, struct s53_conf_value *out)
{
	static const char *const words[] = { "no", "yes", "false", "true", "0", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (conf_token_is(parser, words[i])) {
			out->type = S53_CONF_BOOL;
			out->boolean = i % 2 == 1;
			conf_advance(parser);
			return true;
		}
	}
	return false;
}

/* One of the rule's words, in the rule's letter case. */
static bool
read_word(struct conf_parser *parser, const struct conf_rule *rule, struct s53_conf_value *out)
{
	size_t len;
	const char *word;
	char *copy;

	if (rule->words == NULL || !conf_token_is_text(parser))
		return false;
	if ((word = conf_words_find(rule->words, parser->token.text, &len)) == NULL)
		return false;
	if ((copy = conf_alloc(parser, len + 1)) == NULL)
		return false;
	memcpy(copy, word, len);
	out->type = S53_CONF_TEXT;
	out->text = copy;
	conf_advance(parser);
	return true;
}

static void
take_text(struct conf_parser *parser, struct s53_conf_value *out)
{
	out->type = S53_CONF_TEXT;
	out->text = parser->token.text;
	out->quoted = true;
	conf_advance(parser);
}

static bool
read_text(struct conf_parser *parser, const struct conf_rule *rule, enum conf_form form,
    struct s53_conf_value *out)
{
	struct s53_name name;

	if (!conf_token_is_text(parser))
		return wrong_for(parser, rule, form);
	if (form == FORM_STRING_OR_WORD && parser->token.kind == TOKEN_WORD &&
	    read_word(parser, rule, out))
		return true;
	if (form == FORM_DOMAIN && s53_name_parse(parser->token.text, &name) != S53_OK)
		return wrong_for(parser, rule, form);
	take_text(parser, out);
	return true;
}

/* unlimited, default, 10%: false when it is none of these. */
static bool
read_special(struct conf_parser *parser, const struct conf_rule *rule, struct s53_conf_value *out)
{
	if ((rule->flags & UNLIMITED) != 0 && conf_token_is(parser, "unlimited")) {
		out->unlimited = true;
		out->number = UINT64_MAX;
	} else if ((rule->flags & DEFAULT) != 0 && conf_token_is(parser, "default")) {
		out->is_default = true;
	} else if ((rule->flags & PERCENT) != 0 &&
	    conf_percent_parse(parser->token.text, &out->number) == S53_OK) {
		out->percent = true;
	} else {
		return false;
	}
	out->type = S53_CONF_NUMBER;
	conf_advance(parser);
	return true;
}

/* Apply the rule's limits: a number beyond them is an error, or is moved to the limit. */
static bool
in_range(struct conf_parser *parser, const struct conf_rule *rule, uint64_t *number)
{
	uint64_t max = rule->max != 0 ? rule->max : UINT32_MAX;
	uint64_t nearest = *number < rule->min ? rule->min : max;

	if (*number >= rule->min && *number <= max)
		return true;
	if ((rule->flags & CLAMPED) == 0) {
		conf_error(parser, parser->token.place,
		    "'%s' must be from %" PRIu64 " to %" PRIu64 ", not %" PRIu64, rule->name,
		    rule->min, max, *number);
		return false;
	}
	conf_report(&parser->sources, S53_DIAG_WARNING, parser->token.place,
	    "'%s' must be from %" PRIu64 " to %" PRIu64 ": %" PRIu64 " is changed to %" PRIu64,
	    rule->name, rule->min, max, *number, nearest);
	*number = nearest;
	return true;
}

static bool
read_number(struct conf_parser *parser, const struct conf_rule *rule, enum conf_form form,
    struct s53_conf_value *out)
{
	enum s53_status status = S53_E_SYNTAX;
	uint64_t number = 0;

	if (parser->token.kind != TOKEN_WORD)
		return wrong_for(parser, rule, form);
	if (read_special(parser, rule, out))
		return true;
	if (rule->second != FORM_WORD && read_word(parser, rule, out))
		return true; /* stale-answer-client-timeout off */
	if (form == FORM_NUMBER)
		status = conf_number_parse(parser->token.text, &number);
	else if (form == FORM_SIZE)
		status = conf_size_parse(parser->token.text, &number);
	else
		status = conf_duration_parse(parser->token.text, &number);
	if (status == S53_E_RANGE ||
	    (status == S53_OK && form != FORM_SIZE && number > UINT32_MAX)) {
		conf_error(parser, parser->token.place, "this number is too large");
		return false;
	}
	if (status != S53_OK)
		return wrong_for(parser, rule, form);
	if ((rule->flags & TIMEOUT) != 0 && number <= 300)
		number *= 1000; /* as in BIND, where the unit once was seconds */
	if (form == rule->form && (form != FORM_SIZE || rule->max != 0) &&
	    !in_range(parser, rule, &number))
		return false;
	out->type = S53_CONF_NUMBER;
	out->number = number;
	conf_advance(parser);
	return true;
}

static bool
read_severity(struct conf_parser *parser, struct s53_conf_value *out)
{
	static const struct conf_rule words = { .name = "severity",
		.words = "critical error warning notice info debug dynamic" };

	return read_word(parser, &words, out) || wrong_for(parser, &words, FORM_WORD);
}

bool
conf_port(struct conf_parser *parser, uint16_t *out)
{
	char shown[CONF_QUOTED];
	uint64_t number;

	if (parser->token.kind != TOKEN_WORD ||
	    conf_number_parse(parser->token.text, &number) != S53_OK || number == 0 ||
	    number > UINT16_MAX) {
		conf_error(parser, parser->token.place,
		    "a port is a number from 1 to 65535, not %s", conf_token_text(parser, shown));
		return false;
	}
	*out = (uint16_t)number;
	conf_advance(parser);
	return true;
}

static void
any_address(sa_family_t family, struct s53_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->family = family;
}

/* An address or "*", of the address family that the rule requires. */
static bool
read_host(struct conf_parser *parser, const struct conf_rule *rule, struct s53_conf_value *out)
{
	bool is_4 = (rule->flags & FAMILY6) == 0, is_6 = (rule->flags & FAMILY4) == 0;
	struct s53_addr addr;

	if (conf_token_is(parser, "*")) {
		any_address(is_4 ? AF_INET : AF_INET6, &addr);
	} else if (!conf_token_is_text(parser) ||
	    s53_addr_parse(parser->token.text, 0, &addr) != S53_OK ||
	    !(addr.family == AF_INET ? is_4 : is_6)) {
		return wrong(parser, rule->name,
		    !is_6       ? "an IPv4 address or *"
			: !is_4 ? "an IPv6 address or *"
				: "an address or *");
	}
	out->type = S53_CONF_ADDRESS;
	out->addr = addr;
	conf_advance(parser);
	return true;
}

/* "port N", "port *" or "dscp N" after an address. false with *fine: it is something else. */
static bool
read_suffix(struct conf_parser *parser, uint16_t *port, bool *fine)
{
	uint64_t number;

	*fine = true;
	if (conf_token_is(parser, "port")) {
		conf_advance(parser);
		if (conf_token_is(parser, "*"))
			conf_advance(parser);
		else
			*fine = conf_port(parser, port);
		return true;
	}
	if (!conf_token_is(parser, "dscp"))
		return false;
	conf_advance(parser); /* obsolete in BIND 9.18, removed in 9.20 */
	if (parser->token.kind != TOKEN_WORD ||
	    conf_number_parse(parser->token.text, &number) != S53_OK || number > 63)
		*fine = wrong(parser, "dscp", "a number up to 63");
	else
		conf_advance(parser);
	return true;
}

static bool
read_address(struct conf_parser *parser, const struct conf_rule *rule, struct s53_conf_value *out)
{
	uint16_t port = 0;
	bool fine = read_host(parser, rule, out);

	while (fine && read_suffix(parser, &port, &fine))
		;
	if (fine)
		s53_addr_set_port(&out->addr, port);
	return fine;
}

/* query-source: the address may be omitted when there is a port. */
static bool
read_source(struct conf_parser *parser, const struct conf_rule *rule, struct s53_conf_value *out)
{
	unsigned addresses = 0, ports = 0;
	bool fine = true;
	uint16_t port = 0;
	struct s53_place place = parser->token.place;

	if (conf_token_is(parser, "none")) {
		out->type = S53_CONF_TEXT;
		out->text = "none";
		conf_advance(parser);
		return true;
	}
	out->type = S53_CONF_ADDRESS;
	any_address((rule->flags & FAMILY6) != 0 ? AF_INET6 : AF_INET, &out->addr);
	while (fine && conf_token_is_text(parser)) {
		bool is_port = conf_token_is(parser, "port");

		if (read_suffix(parser, &port, &fine)) {
			ports += is_port;
			continue;
		}
		if (conf_token_is(parser, "address"))
			conf_advance(parser);
		fine = read_host(parser, rule, out);
		addresses++;
	}
	if (fine && addresses + ports == 0)
		return wrong_for(parser, rule, FORM_SOURCE);
	if (fine && (addresses > 1 || ports > 1)) {
		conf_error(
		    parser, place, "'%s' takes one address and one port at most", rule->name);
		return false;
	}
	if (fine && port != 0)
		conf_warn(&parser->sources, S53_CONF_IGNORED_SECURITY, place, rule->name,
		    "the port is ignored: source ports are always random, because a known one "
		    "makes it easy to forge answers; remove 'port'");
	return fine;
}

bool
conf_value(struct conf_parser *parser, const struct conf_rule *rule, enum conf_form form,
    struct s53_conf_value *out)
{
	out->place = parser->token.place;
	switch (form) {
	case FORM_NONE:
	case FORM_BODY:
	case FORM_COUNT:
		return true;
	case FORM_BOOL:
		return read_bool(parser, out) || wrong_for(parser, rule, form);
	case FORM_WORD:
		return read_word(parser, rule, out) || wrong_for(parser, rule, form);
	case FORM_BOOL_OR_WORD:
		return read_bool(parser, out) || read_word(parser, rule, out) ||
		    wrong_for(parser, rule, form);
	case FORM_NUMBER:
	case FORM_SIZE:
	case FORM_DURATION:
		return read_number(parser, rule, form, out);
	case FORM_STRING:
	case FORM_NAME:
	case FORM_DOMAIN:
	case FORM_STRING_OR_WORD:
		return read_text(parser, rule, form, out);
	case FORM_SEVERITY:
		return read_severity(parser, out);
	case FORM_MATCH:
		return conf_match_list(parser, out);
	case FORM_PEERS:
		return conf_peer_list(parser, rule, out);
	case FORM_ADDRESS:
		return read_address(parser, rule, out);
	case FORM_SOURCE:
		return read_source(parser, rule, out);
	case FORM_STRINGS:
		return conf_string_list(parser, out);
	case FORM_TYPE:
		return conf_type(parser, out) || wrong_for(parser, rule, form);
	case FORM_RCODES:
		return conf_rcode_list(parser, out);
	case FORM_ORDER:
		return conf_order_list(parser, out);
	case FORM_RAW:
		return conf_raw(parser, out);
	}
	return false;
}
