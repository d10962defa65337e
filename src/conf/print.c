/* SPDX-License-Identifier: ISC
 *
 * print.c - print the tree as a named.conf; reading that gives the same tree.
 *
 * Texts and names are in quotes, words of a closed set bare, numbers in their base unit. What was
 * not parsed is printed token by token.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include <split53/mnemonic.h>

#include "tree.h"

/*
 * In quotes, with \" for a quote. A word that ends in a backslash would escape the closing quote:
 * it is printed bare, and can only have been written so.
 */
static void
print_quoted(const char *text, FILE *out)
{
	size_t len = strlen(text), slashes = 0;

	while (slashes < len && text[len - 1 - slashes] == '\\')
		slashes++;
	if (slashes % 2 == 1) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* The name of an acl: bare when it cannot be read as anything else. */
static void
print_name(const char *name, FILE *out)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_.";
	bool is_plain = name[0] != '\0' && name[strspn(name, safe)] == '\0' &&
	    !(name[0] >= '0' && name[0] <= '9') && strcasecmp(name, "key") != 0 &&
	    strcasecmp(name, "geoip") != 0 && strcasecmp(name, "ecs") != 0;

	if (is_plain)
		fputs(name, out);
	else
		print_quoted(name, out);
}

static void
print_match(const struct s53_conf_match *match, FILE *out)
{
	char text[S53_ADDR_TEXT];

	fputs("{ ", out);
	for (; match != NULL; match = match->next) {
		if (match->negated)
			fputc('!', out);
		switch (match->kind) {
		case S53_MATCH_PREFIX:
			fputs(s53_prefix_print(&match->prefix, text), out);
			break;
		case S53_MATCH_NAME:
			print_name(match->name, out);
			break;
		case S53_MATCH_KEY:
			fputs("key ", out);
			print_quoted(match->name, out);
			break;
		case S53_MATCH_LIST:
			print_match(match->list, out);
			break;
		}
		fputs("; ", out);
	}
	fputc('}', out);
}

static void
print_peers(const struct s53_conf_peer *peer, FILE *out)
{
	char text[S53_ADDR_TEXT];

	fputs("{ ", out);
	for (; peer != NULL; peer = peer->next) {
		if (peer->is_address)
			fputs(s53_addr_print_host(&peer->addr, text), out);
		else
			print_quoted(peer->text, out);
		if (peer->port != 0)
			fprintf(out, " port %u", peer->port);
		if (peer->key != NULL) {
			fputs(" key ", out);
			print_quoted(peer->key, out);
		}
		if (peer->tls != NULL) {
			fputs(" tls ", out);
			print_quoted(peer->tls, out);
		}
		if (peer->tier != 0)
			fprintf(out, " tier %u", peer->tier);
		fputs("; ", out);
	}
	fputc('}', out);
}

/* The tokens as they were read, separated by blanks except before a semicolon. */
static void
print_raw(const struct s53_conf_words *word, FILE *out)
{
	const char *blank = "";

	for (; word != NULL; word = word->next) {
		if (word->quoted || strcmp(word->text, ";") != 0)
			fputs(blank, out);
		if (word->quoted)
			print_quoted(word->text, out);
		else
			fputs(word->text, out);
		blank = " ";
	}
}

static void
print_strings(const struct s53_conf_words *word, FILE *out)
{
	fputs("{ ", out);
	for (; word != NULL; word = word->next) {
		print_quoted(word->text, out);
		fputs("; ", out);
	}
	fputc('}', out);
}

static void
print_rcodes(const struct s53_conf_words *word, FILE *out)
{
	fputs("{ ", out);
	for (; word != NULL; word = word->next)
		fprintf(out, "%s; ", word->text);
	fputc('}', out);
}

static void
print_orders(const struct s53_conf_order *rule, FILE *out)
{
	fputs("{ ", out);
	for (; rule != NULL; rule = rule->next) {
		if (rule->class_name != NULL)
			fprintf(out, "class %s ", rule->class_name);
		if (rule->type_name != NULL)
			fprintf(out, "type %s ", rule->type_name);
		if (rule->name != NULL) {
			fputs("name ", out);
			print_quoted(rule->name, out);
			fputc(' ', out);
		}
		fprintf(out, "order %s; ", rule->order);
	}
	fputc('}', out);
}

static void
print_number(const struct s53_conf_value *value, FILE *out)
{
	if (value->unlimited)
		fputs("unlimited", out);
	else if (value->is_default)
		fputs("default", out);
	else
		fprintf(out, "%" PRIu64 "%s", value->number, value->percent ? "%" : "");
}

static void
print_address(const struct s53_addr *addr, FILE *out)
{
	char text[S53_ADDR_TEXT];

	bool is_star = addr->family == AF_INET && s53_addr_is_any(addr); /* for IPv6: "::" */

	fputs(is_star ? "*" : s53_addr_print_host(addr, text), out);
	if (s53_addr_port(addr) != 0)
		fprintf(out, " port %u", s53_addr_port(addr));
}

static void
print_value(const struct s53_conf_value *value, enum conf_form form, FILE *out)
{
	char type[S53_MNEMONIC_TEXT];

	switch (value->type) {
	case S53_CONF_BOOL:
		fputs(value->boolean ? "yes" : "no", out);
		break;
	case S53_CONF_NUMBER:
		if (form == FORM_TYPE)
			fputs(s53_type_print((uint16_t)value->number, type), out);
		else
			print_number(value, out);
		break;
	case S53_CONF_TEXT:
		if (value->quoted)
			print_quoted(value->text, out);
		else
			fputs(value->text, out);
		break;
	case S53_CONF_ADDRESS:
		print_address(&value->addr, out);
		break;
	case S53_CONF_MATCH:
		print_match(value->match, out);
		break;
	case S53_CONF_PEERS:
		print_peers(value->peers, out);
		break;
	case S53_CONF_WORDS:
		if (form == FORM_RAW)
			print_raw(value->words, out);
		else if (form == FORM_RCODES)
			print_rcodes(value->words, out);
		else
			print_strings(value->words, out);
		break;
	case S53_CONF_ORDER:
		print_orders(value->orders, out);
		break;
	case S53_CONF_NONE:
	case S53_CONF_TYPE_COUNT:
		break;
	}
}

static void
print_blank_value(const struct s53_conf_value *value, enum conf_form form, FILE *out)
{
	bool is_empty = value->type == S53_CONF_NONE || (form == FORM_RAW && value->words == NULL);

	if (is_empty)
		return;
	fputc(' ', out);
	print_value(value, form, out);
}

static void
print_parts(const struct s53_conf_statement *part, FILE *out)
{
	for (; part != NULL; part = part->next) {
		fprintf(out, " %s", part->name);
		print_blank_value(
		    &part->value, (enum conf_form)conf_node_of(part)->rule->form, out);
	}
}

static void
print_label(const struct s53_conf_statement *statement, const struct conf_rule *rule, FILE *out)
{
	char text[S53_ADDR_TEXT];

	if ((rule->flags & PREFIXED) != 0 && statement->value.match != NULL) {
		fprintf(out, " %s", s53_prefix_print(&statement->value.match->prefix, text));
	} else if (statement->label != NULL) {
		fputc(' ', out);
		print_quoted(statement->label, out);
	}
	if (statement->class_name != NULL)
		fprintf(out, " %s", statement->class_name);
}

static void
print_statement(const struct s53_conf_statement *statement, FILE *out)
{
	const struct conf_rule *rule = conf_node_of(statement)->rule;
	bool before = rule->form == FORM_MATCH || rule->form == FORM_PEERS;

	if (before) {
		if (statement->value.port != 0)
			fprintf(out, " port %u", statement->value.port);
		if (statement->value.tls != NULL) {
			fputs(" tls ", out);
			print_quoted(statement->value.tls, out);
		}
		print_parts(statement->body, out);
	}
	print_blank_value(&statement->value, (enum conf_form)rule->form, out);
	print_blank_value(&statement->second, (enum conf_form)rule->second, out);
	if (!before)
		print_parts(statement->body, out);
}

/* Is the value a secret: a key, or what opens something? */
static bool
is_secret(const struct s53_conf_statement *statement)
{
	return strcmp(statement->name, "secret") == 0 || strcmp(statement->name, "pkcs11-uri") == 0;
}

static void
print_statements(const struct s53_conf_statement *statement, int depth, bool is_public, FILE *out)
{
	static const char tabs[] = "\t\t\t\t\t\t\t\t";

	for (; statement != NULL; statement = statement->next) {
		const struct conf_rule *rule = conf_node_of(statement)->rule;

		fprintf(out, "%.*s%s", depth, tabs, statement->name);
		print_label(statement, rule, out);
		if (rule->form == FORM_BODY) {
			fputs(" {\n", out);
			print_statements(statement->body, depth + 1, is_public, out);
			fprintf(out, "%.*s};\n", depth, tabs);
		} else if (is_public && is_secret(statement)) {
			fputs(" \"????????????????\";\n", out); /* as named-checkconf -px */
		} else {
			print_statement(statement, out);
			fputs(";\n", out);
		}
	}
}

void
s53_conf_print(const struct s53_conf *conf, FILE *out)
{
	print_statements(conf->top, 0, false, out);
}

void
s53_conf_print_public(const struct s53_conf *conf, FILE *out)
{
	print_statements(conf->top, 0, true, out);
}
