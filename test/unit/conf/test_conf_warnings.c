/* SPDX-License-Identifier: ISC
 *
 * test_conf_warnings.c - how many warnings there are, in which order, and what an error text says.
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
#include "conf/load.h"

#define GOLDEN S53_SOURCE_DIR "/test/golden/conf"

static char *
print(const struct s53_diags *diags)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	s53_diags_print(diags, out);
	fclose(out);
	return text;
}

/* 1,100 zones, then the statement that matters. The caller frees it. */
static char *
many_zones(const char *statement, const char *last)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	for (unsigned i = 0; i < 1100; i++)
		fprintf(out, "zone \"a%u.example\" { type primary; file \"a.db\"; %s; };\n", i,
		    statement);
	fputs(last, out);
	fclose(out);
	return text;
}

static void
security_warnings_come_first_however_many_warnings_there_are(void **state)
{
	char *text = many_zones("notify yes",
	    "options { dnssec-validation auto; rate-limit { responses-per-second 5; }; };\n");
	struct s53_conf *conf = NULL;
	struct s53_diags diags;
	char *said;

	(void)state;
	s53_diags_init(&diags);
	assert_int_equal(s53_conf_parse("n.conf", text, strlen(text), &diags, &conf), S53_OK);
	assert_int_equal(diags.warning_count, 3);
	said = print(&diags);
	assert_memory_equal(
	    said, "n.conf:1101:11: warning: 'dnssec-validation auto' [security]", 60);
	assert_non_null(strstr(said, "'rate-limit' [security]"));
	assert_true(strstr(said, "'rate-limit'") < strstr(said, "'notify'"));
	assert_non_null(strstr(said, "(1100 times: also n.conf:2, n.conf:3, n.conf:4 ...)\n"));
	free(said);
	free(text);
	s53_conf_free(conf);
	s53_diags_fini(&diags);
}

/* The setup adds one more warning where there are no forwarders. */
static void
stock_files_have_one_warning_each(void **state)
{
	static const struct {
		const char *root, *path;
		unsigned count;
	} trees[] = {
		{ "debian", "/etc/bind/named.conf", 1 },
		{ "rhel7", "/etc/named.conf", 1 },
		{ "rhel8", "/etc/named.conf", 1 },
		{ "rhel9", "/etc/named.conf", 1 },
		{ "hashicorp", "/etc/named.conf", 1 },
		{ "production", "/etc/named.conf", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		struct s53_conf *conf = NULL;
		struct s53_diags diags;
		char root[256];

		snprintf(root, sizeof(root), GOLDEN "/%s", trees[i].root);
		s53_diags_init(&diags);
		assert_int_equal(conf_load_below(root, trees[i].path, &diags, &conf), S53_OK);
		assert_int_equal(diags.warning_count, trees[i].count);
		s53_conf_free(conf);
		s53_diags_fini(&diags);
	}
}

static bool
says_what_to_do(const char *why)
{
	return strstr(why, ": remove") != NULL || strstr(why, ": use") != NULL ||
	    strstr(why, ": serve") != NULL || strstr(why, ": define") != NULL;
}

static void
each_error_says_what_to_do(void **state)
{
	(void)state;
	for (size_t t = 0; conf_tables[t] != NULL; t++)
		for (size_t i = 0; i < conf_tables[t]->count; i++)
			if (conf_tables[t]->rules[i].level == S53_CONF_REFUSED &&
			    !says_what_to_do(conf_tables[t]->rules[i].why))
				fail_msg("%s: %s", conf_tables[t]->rules[i].name,
				    conf_tables[t]->rules[i].why);
	for (size_t i = 0; conf_word_rules[i].name != NULL; i++)
		if (conf_word_rules[i].level == S53_CONF_REFUSED)
			assert_true(says_what_to_do(conf_word_rules[i].why));
}

/* The texts that users read: software is "it". */
static void
no_text_of_the_grammar_calls_software_a_person(void **state)
{
	static const char *const persons[] = { "nobody", "somebody", "whoever", "who ", "whom" };

	(void)state;
	for (size_t t = 0; conf_tables[t] != NULL; t++)
		for (size_t i = 0; i < conf_tables[t]->count; i++)
			for (size_t p = 0; p < sizeof(persons) / sizeof(persons[0]); p++)
				if (conf_tables[t]->rules[i].why != NULL)
					assert_null(
					    strstr(conf_tables[t]->rules[i].why, persons[p]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(security_warnings_come_first_however_many_warnings_there_are),
		cmocka_unit_test(stock_files_have_one_warning_each),
		cmocka_unit_test(each_error_says_what_to_do),
		cmocka_unit_test(no_text_of_the_grammar_calls_software_a_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
