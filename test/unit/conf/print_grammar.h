/* SPDX-License-Identifier: ISC
 *
 * print_grammar.h - the tables of docs/config.md, printed from the grammar. One test includes it.
 */
#pragma once

#include <inttypes.h>
#include <string.h>

#include "conf/grammar.h"

/* A cell of a Markdown table: the bar would end it. */
static void
print_cell(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* Does BIND not have the clause there? */
static bool
is_ours(const struct conf_rule *rule, unsigned place)
{
	if ((rule->flags & NOT_BINDS) != 0)
		return true;
	return (rule->flags & OURS) != 0 && (place == IN_ZONE || (rule->places & AT(IN_ZONE)) == 0);
}

static void
print_places(const struct conf_rule *rule, FILE *out)
{
	const char *comma = "";

	for (unsigned place = 0; place < PLACE_COUNT; place++) {
		if ((rule->places & AT(place)) == 0)
			continue;
		fprintf(out, "%s%s%s", comma, conf_place_text(place),
		    is_ours(rule, place) ? " (extension)" : "");
		comma = ", ";
	}
}

/* What stands before the value. */
static void
print_head(const struct conf_rule *rule, FILE *out)
{
	if ((rule->flags & PREFIXED) != 0)
		fputs("prefix ", out);
	if ((rule->flags & LABEL) != 0)
		fputs("name ", out);
	if ((rule->flags & CLASSED) != 0)
		fputs("[class] ", out);
	if (rule->form != FORM_MATCH && rule->form != FORM_PEERS)
		return;
	if (rule->inside == IN_LISTEN)
		fputs("[port number] [tls name] [http name] [proxy word] ", out);
	else if (rule->inside == IN_LIST)
		fputs("[port number] ", out);
}

static void
print_words(const char *words, const char *separator, FILE *out)
{
	while (*words != '\0') {
		size_t len = strcspn(words, " ");

		fprintf(out, "%.*s", (int)len, words);
		words += len + strspn(words + len, " ");
		if (*words != '\0')
			fputs(separator, out);
	}
}

static void
print_range(const struct conf_rule *rule, FILE *out)
{
	if (rule->max != 0)
		fprintf(out, ", %" PRIu64 " to %" PRIu64, rule->min, rule->max);
	if ((rule->flags & PERCENT) != 0)
		fputs(", percent", out);
	if ((rule->flags & UNLIMITED) != 0)
		fputs(", unlimited", out);
	if ((rule->flags & DEFAULT) != 0)
		fputs(", default", out);
}

static void
print_value(const struct conf_rule *rule, FILE *out)
{
	print_head(rule, out);
	if (rule->form == FORM_WORD && rule->second == FORM_NONE) {
		print_words(rule->words, ", ", out);
	} else {
		print_cell(conf_form_text((enum conf_form)rule->form), out);
		if (rule->words != NULL) {
			fputs(rule->form == FORM_NUMBER ? ", " : " ", out);
			print_words(rule->words, rule->second == FORM_WORD ? " or " : ", ", out);
		}
	}
	if ((rule->flags & TIERED) != 0)
		fputs(" (extension: tier number)", out);
	if (rule->second == FORM_WORD && (rule->flags & OPTIONAL_SECOND) != 0)
		fputs(" if wanted", out);
	print_range(rule, out);
	if (rule->second != FORM_NONE && rule->second != FORM_WORD)
		fprintf(out, ", %s%s", conf_form_text((enum conf_form)rule->second),
		    (rule->flags & OPTIONAL_SECOND) != 0 ? " if wanted" : "");
	if ((rule->flags & OPTIONAL) != 0)
		fputs(", or nothing", out);
}

/* Is this the body or the parts of something that is ignored as a whole? */
static bool
is_place_ignored(unsigned place)
{
	return (AT(place) &
		   (AT(IN_KEY) | AT(IN_TLS) | AT(IN_HTTP) | AT(IN_CONTROLS) | AT(IN_STATISTICS) |
		       AT(IN_POLICY) | AT(IN_KEY_STORE) | AT(IN_RATE_LIMIT) | AT(IN_INET) |
		       AT(IN_UNIX))) != 0;
}

static bool
is_inside_ignored(const struct conf_rule *rule)
{
	for (unsigned place = 0; place < PLACE_COUNT; place++)
		if ((rule->places & AT(place)) != 0 && !is_place_ignored(place))
			return false;
	return true;
}

static void
print_level(const struct conf_rule *rule, FILE *out)
{
	if (is_inside_ignored(rule)) {
		fputs("as its block |", out);
	} else if (rule->silent != NULL && strcmp(rule->silent, CONF_ALWAYS) == 0) {
		fputs("silent |", out);
	} else {
		fputs(s53_conf_level_text((enum s53_conf_level)rule->level), out);
		if (rule->silent != NULL) {
			fputs("; silent: ", out);
			print_words(rule->silent, ", ", out);
		}
		fputs(" |", out);
	}
	if (rule->why != NULL) {
		fputc(' ', out);
		print_cell(rule->why, out);
	} else if (rule->fallback != NULL) {
		fputs(" default: ", out);
		print_cell(rule->fallback, out);
	}
	fputs(" |\n", out);
}

static void
print_table(const struct conf_table *table, FILE *out)
{
	fprintf(out,
	    "### %s\n\n| statement | valid in | value | level | |\n|---|---|---|---|---|\n",
	    table->title);
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_rule *rule = &table->rules[i];

		fprintf(out, "| `%s` | ", rule->name);
		print_places(rule, out);
		fputs(" | ", out);
		print_value(rule, out);
		fputs(" | ", out);
		print_level(rule, out);
	}
	fputc('\n', out);
}

static void
print_grammar(FILE *out)
{
	for (size_t i = 0; conf_tables[i] != NULL; i++)
		print_table(conf_tables[i], out);
	fputs(
	    "### Words with a level of their own\n\n| statement | level | |\n|---|---|---|\n", out);
	for (size_t i = 0; conf_word_rules[i].name != NULL; i++) {
		const struct conf_word_rule *rule = &conf_word_rules[i];

		fprintf(out, "| `%s %s` | %s | ", rule->name, rule->word,
		    s53_conf_level_text((enum s53_conf_level)rule->level));
		print_cell(rule->why, out);
		fputs(" |\n", out);
	}
}
