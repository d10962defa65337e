/* SPDX-License-Identifier: ISC
 *
 * print_grammar.h - prints the tables of docs/config.md from the grammar. Only one test includes
 * it.
 */
#pragma once

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/grammar.h"

/* A cell of a Markdown table: a bar would end it, so it is escaped. */
static void
print_cell(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* Is the statement unknown to BIND in this context? */
static bool
is_ours(const struct conf_rule *rule, unsigned place)
{
	if ((rule->flags & EXTENSION) != 0)
		return true;
	return (rule->flags & EXTENSION_IN_ZONE) != 0 &&
	    (place == IN_ZONE || (rule->places & AT(IN_ZONE)) == 0);
}

static void
print_places(const struct conf_rule *rule, FILE *out)
{
	const char *comma = "";

	for (unsigned place = 0; place < CONTEXT_COUNT; place++) {
		if ((rule->places & AT(place)) == 0)
			continue;
		fprintf(out, "%s%s%s", comma, conf_context_text(place),
		    is_ours(rule, place) ? " (extension)" : "");
		comma = ", ";
	}
}

/* The part of a statement before its value. */
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
		fputs(" (optional)", out);
	print_range(rule, out);
	if (rule->second != FORM_NONE && rule->second != FORM_WORD)
		fprintf(out, ", %s%s", conf_form_text((enum conf_form)rule->second),
		    (rule->flags & OPTIONAL_SECOND) != 0 ? " (optional)" : "");
	if ((rule->flags & OPTIONAL) != 0)
		fputs(", or nothing", out);
}

/* Is this the body or a part of a statement that is ignored as a whole? */
static bool
is_place_ignored(unsigned place)
{
	return (AT(place) &
		   (AT(IN_KEY) | AT(IN_TLS) | AT(IN_HTTP) | AT(IN_CONTROLS) | AT(IN_POLICY) |
		       AT(IN_KEY_STORE) | AT(IN_RATE_LIMIT) | AT(IN_INET) | AT(IN_UNIX))) != 0;
}

static bool
is_inside_ignored(const struct conf_rule *rule)
{
	for (unsigned place = 0; place < CONTEXT_COUNT; place++)
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
		fputs("ignored |", out);
	} else {
		fputs(s53_conf_level_text((enum s53_conf_level)rule->level), out);
		if (rule->silent != NULL) {
			fputs("; no warning for ", out);
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
	    "### Statements: %s\n\n"
	    "| statement | valid in | value | level | |\n|---|---|---|---|---|\n",
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

/* A statement and the table that it is in. */
struct indexed {
	const char *name;
	const struct conf_table *table;
};

static int
compare_indexed(const void *a, const void *b)
{
	return strcmp(((const struct indexed *)a)->name, ((const struct indexed *)b)->name);
}

/* The title as Markdown makes an anchor of it. */
static void
print_anchor(const char *title, FILE *out)
{
	fputs("#statements-", out);
	for (; *title != '\0'; title++)
		if (isalnum((unsigned char)*title) || *title == '-')
			fputc(tolower((unsigned char)*title), out);
		else if (*title == ' ')
			fputc('-', out);
}

/* Each statement once, in the order of the alphabet, with links to its tables. */
static void
print_index(FILE *out)
{
	static struct indexed all[1024];
	size_t count = 0;

	for (size_t i = 0; conf_tables[i] != NULL; i++)
		for (size_t j = 0; j < conf_tables[i]->count; j++)
			all[count++] =
			    (struct indexed){ conf_tables[i]->rules[j].name, conf_tables[i] };
	qsort(all, count, sizeof(all[0]), compare_indexed);
	for (size_t i = 0; i < count; i++) {
		bool is_next = i == 0 || strcmp(all[i].name, all[i - 1].name) != 0;

		if (!is_next && all[i].table == all[i - 1].table)
			continue;
		if (is_next && i > 0)
			fputs(all[i].name[0] == all[i - 1].name[0] ? ",\n" : "\n\n", out);
		if (is_next)
			fprintf(out, "`%s` ", all[i].name);
		else
			fputs(", ", out);
		fprintf(out, "[%s](", all[i].table->title);
		print_anchor(all[i].table->title, out);
		fputc(')', out);
	}
	fputs("\n", out);
}

static void
print_grammar(FILE *out)
{
	for (size_t i = 0; conf_tables[i] != NULL; i++)
		print_table(conf_tables[i], out);
	fputs("### Values with a level of their own\n\n| statement | level | |\n|---|---|---|\n",
	    out);
	for (size_t i = 0; conf_word_rules[i].name != NULL; i++) {
		const struct conf_word_rule *rule = &conf_word_rules[i];

		fprintf(out, "| `%s %s` | %s | ", rule->name, rule->word,
		    s53_conf_level_text((enum s53_conf_level)rule->level));
		print_cell(rule->why, out);
		fputs(" |\n", out);
	}
	fputs("\n### Index of all statements\n\n", out);
	print_index(out);
}
