/* SPDX-License-Identifier: ISC
 *
 * test_conf_grammar.c - the grammar knows every statement of BIND, and the documentation is
 * generated from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <split53/conf.h>

#include "conf/grammar.h"
#include "print_grammar.h"

static int
place_of(const char *name)
{
	if (strcmp(name, "top") == 0)
		return IN_TOP;
	for (int place = 0; place < CONTEXT_COUNT; place++)
		if (strcmp(conf_context_text((enum conf_context)place), name) == 0)
			return place;
	return -1;
}

static void
every_statement_of_bind_is_known_where_bind_allows_it(void **state)
{
	FILE *in = fopen(S53_SOURCE_DIR "/test/golden/conf/bind-clauses.txt", "re");
	char line[256], where[64], name[64];
	unsigned count = 0, missing = 0;

	(void)state;
	assert_non_null(in);
	while (fgets(line, sizeof(line), in) != NULL) {
		int place;

		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%63s %63s", where, name), 2);
		place = place_of(where);
		assert_true(place >= 0);
		count++;
		if (conf_rule_find(name, (enum conf_context)place) == NULL) {
			print_error("%s is not known in %s\n", name, where);
			missing++;
		}
	}
	fclose(in);
	assert_true(count > 600);
	assert_int_equal(missing, 0);
}

static void
a_statement_has_one_rule_per_context(void **state)
{
	(void)state;
	for (size_t t = 0; conf_tables[t] != NULL; t++) {
		for (size_t i = 0; i < conf_tables[t]->count; i++) {
			const struct conf_rule *rule = &conf_tables[t]->rules[i];

			for (unsigned place = 0; place < CONTEXT_COUNT; place++) {
				if ((rule->places & AT(place)) == 0)
					continue;
				if (conf_rule_find(rule->name, (enum conf_context)place) != rule)
					print_error("%s has two rules in %s\n", rule->name,
					    conf_context_text((enum conf_context)place));
				assert_ptr_equal(
				    conf_rule_find(rule->name, (enum conf_context)place), rule);
			}
		}
	}
}

static void
each_rule_of_the_grammar_is_complete(void **state)
{
	(void)state;
	for (size_t t = 0; conf_tables[t] != NULL; t++) {
		for (size_t i = 0; i < conf_tables[t]->count; i++) {
			const struct conf_rule *rule = &conf_tables[t]->rules[i];

			if (rule->level != S53_CONF_SUPPORTED)
				assert_non_null(rule->why);
			if (rule->form == FORM_WORD || rule->form == FORM_BOOL_OR_WORD)
				assert_non_null(rule->words);
			if (rule->form == FORM_BODY)
				assert_int_not_equal(rule->inside, 0);
		}
	}
}

static void
a_misspelled_word_gets_a_suggestion(void **state)
{
	(void)state;
	assert_string_equal(conf_rule_suggest("fowarders", IN_OPTIONS), "forwarders");
	assert_string_equal(conf_rule_suggest("forwardesr", IN_OPTIONS), "forwarders");
	assert_string_equal(conf_rule_suggest("ALLOW_QUERY", IN_OPTIONS), "allow-query");
	assert_string_equal(conf_rule_suggest("zoen", IN_TOP), "zone");
	assert_null(conf_rule_suggest("x", IN_TOP));
	assert_null(conf_rule_suggest("nothing-like-it", IN_OPTIONS));
}

static void
a_word_of_a_set_is_matched_whole(void **state)
{
	size_t len = 0;

	(void)state;
	assert_non_null(conf_words_find("first only", "ONLY", &len));
	assert_int_equal(len, 4);
	assert_null(conf_words_find("first only", "on", &len));
	assert_null(conf_words_find("first only", "", &len));
	assert_memory_equal(conf_words_suggest("first only", "frist", &len), "first", 5);
	assert_null(conf_words_suggest("first only", "never", &len));
}

/* docs/config.md has the table between two marks; S53_GOLDEN_WRITE=1 writes it there. */
static void
the_table_of_the_documentation_is_current(void **state)
{
	static const char path[] = S53_SOURCE_DIR "/docs/config.md";
	static const char begin[] = "<!-- generated from the grammar -->\n";
	static const char end[] = "<!-- end of what is generated -->\n";
	char *table = NULL, *text = NULL, *from, *to, chunk[4096];
	size_t table_len = 0, text_len = 0, count;
	FILE *in = fopen(path, "re"), *out = open_memstream(&table, &table_len);

	(void)state;
	assert_non_null(in);
	print_grammar(out);
	fclose(out);
	out = open_memstream(&text, &text_len);
	while ((count = fread(chunk, 1, sizeof(chunk), in)) > 0)
		fwrite(chunk, 1, count, out);
	fclose(in);
	fclose(out);
	from = strstr(text, begin);
	to = strstr(text, end);
	assert_true(from != NULL && to != NULL && from < to);
	from += strlen(begin);
	if (getenv("S53_GOLDEN_WRITE") != NULL) {
		out = fopen(path, "we");
		fprintf(out, "%.*s%s%s", (int)(from - text), text, table, to);
		fclose(out);
	} else {
		assert_int_equal(to - from, table_len);
		assert_memory_equal(from, table, table_len);
	}
	free(text);
	free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_statement_of_bind_is_known_where_bind_allows_it),
		cmocka_unit_test(a_statement_has_one_rule_per_context),
		cmocka_unit_test(each_rule_of_the_grammar_is_complete),
		cmocka_unit_test(a_misspelled_word_gets_a_suggestion),
		cmocka_unit_test(a_word_of_a_set_is_matched_whole),
		cmocka_unit_test(the_table_of_the_documentation_is_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
