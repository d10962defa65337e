/* SPDX-License-Identifier: ISC
 *
 * test_conf_golden.c - configurations, good and broken, with their messages and their canonical
 * print.
 *
 * Each NAME.conf in test/golden/conf/good and broken has a NAME.expected: the messages, then, if
 * the file loads, the canonical print. The directories beside them are file system trees of their
 * own. S53_GOLDEN_WRITE=1 in the environment rewrites the expected files: read the difference.
 */
#include <dirent.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <split53/conf.h>

#include "conf/load.h"

#define GOLDEN S53_SOURCE_DIR "/test/golden/conf"

struct outcome {
	enum s53_status status;
	char *text; /* messages and print */
	size_t len;
	char *print; /* only the print */
	size_t print_len;
};

static void
print_again(const struct s53_conf *conf, char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);

	assert_non_null(out);
	s53_conf_print(conf, out);
	fclose(out);
}

static struct outcome
load(const char *root, const char *path)
{
	struct outcome outcome = { .text = NULL };
	struct s53_conf *conf = NULL;
	struct s53_diags diags;
	FILE *out = open_memstream(&outcome.text, &outcome.len);

	assert_non_null(out);
	s53_diags_init(&diags);
	outcome.status = conf_load_below(root, path, &diags, &conf);
	assert_int_equal(diags.error_count == 0, outcome.status == S53_OK);
	s53_diags_print(&diags, out);
	s53_diags_fini(&diags);
	if (outcome.status == S53_OK) {
		print_again(conf, &outcome.print, &outcome.print_len);
		fprintf(out, "----\n%s", outcome.print);
	}
	s53_conf_free(conf);
	fclose(out);
	return outcome;
}

static void
outcome_free(struct outcome *outcome)
{
	free(outcome->text);
	free(outcome->print);
}

static char *
read_all(const char *path, size_t *len)
{
	FILE *in = fopen(path, "re"), *out;
	char *text = NULL, chunk[4096];
	size_t count;

	if (in == NULL)
		return NULL;
	out = open_memstream(&text, len);
	while ((count = fread(chunk, 1, sizeof(chunk), in)) > 0)
		fwrite(chunk, 1, count, out);
	fclose(in);
	fclose(out);
	return text;
}

/* Compare with the expected file, or write it. */
static void
expect(const char *path, const struct outcome *outcome)
{
	char *wanted;
	size_t len = 0;

	if (getenv("S53_GOLDEN_WRITE") != NULL) {
		FILE *out = fopen(path, "we");

		assert_non_null(out);
		fwrite(outcome->text, 1, outcome->len, out);
		fclose(out);
		return;
	}
	wanted = read_all(path, &len);
	if (wanted == NULL || len != outcome->len || memcmp(wanted, outcome->text, len) != 0) {
		print_error("%s: expected:\n%s\ngot:\n%s\n", path, wanted, outcome->text);
		fail();
	}
	free(wanted);
}

/* The printed text is parsed without an error and prints the same. */
static void
expect_stable(const struct outcome *outcome)
{
	struct s53_diags diags;
	struct s53_conf *conf = NULL;
	char *text = NULL;
	size_t len = 0;

	s53_diags_init(&diags);
	assert_int_equal(
	    s53_conf_parse("printed", outcome->print, outcome->print_len, &diags, &conf), S53_OK);
	print_again(conf, &text, &len);
	assert_string_equal(text, outcome->print);
	s53_conf_free(conf);
	s53_diags_fini(&diags);
	free(text);
}

static int
is_conf(const struct dirent *entry)
{
	return fnmatch("*.conf", entry->d_name, 0) == 0;
}

static unsigned
run_folder(const char *folder, enum s53_status wanted)
{
	struct dirent **entries;
	char path[512], expected[512];
	int count = scandir(folder, &entries, is_conf, alphasort);

	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		struct outcome outcome;

		snprintf(path, sizeof(path), "%s/%s", folder, name);
		snprintf(expected, sizeof(expected), "%s/%.*s.expected", folder,
		    (int)strlen(name) - 5, name);
		outcome = load(NULL, path);
		if (outcome.status != wanted)
			print_error("%s:\n%s\n", path, outcome.text);
		assert_int_equal(outcome.status, wanted);
		expect(expected, &outcome);
		if (outcome.status == S53_OK)
			expect_stable(&outcome);
		outcome_free(&outcome);
		free(entries[i]);
	}
	free(entries);
	return (unsigned)count;
}

static void
good_configurations_load_and_print_as_expected(void **state)
{
	(void)state;
	assert_int_equal(chdir(GOLDEN), 0);
	run_folder("good", S53_OK);
}

static void
all_errors_of_a_broken_configuration_are_reported(void **state)
{
	(void)state;
	assert_int_equal(chdir(GOLDEN), 0);
	assert_true(run_folder("broken", S53_E_SYNTAX) >= 70);
}

/* A file system below GOLDEN/NAME, with the configuration at `path`. */
static void
run_tree(const char *name, const char *path)
{
	struct outcome outcome;
	char root[512], expected[512];

	snprintf(root, sizeof(root), GOLDEN "/%s", name);
	snprintf(expected, sizeof(expected), GOLDEN "/%s.expected", name);
	outcome = load(root, path);
	if (outcome.status != S53_OK)
		print_error("%s:\n%s\n", name, outcome.text);
	assert_int_equal(outcome.status, S53_OK);
	expect(expected, &outcome);
	expect_stable(&outcome);
	outcome_free(&outcome);
}

static void
the_production_configuration_loads_unchanged(void **state)
{
	(void)state;
	run_tree("production", "/etc/named.conf");
}

static void
the_stock_tree_of_debian_loads(void **state)
{
	(void)state;
	run_tree("debian", "/etc/bind/named.conf");
}

static void
the_stock_files_of_red_hat_load(void **state)
{
	(void)state;
	run_tree("rhel7", "/etc/named.conf");
	run_tree("rhel8", "/etc/named.conf");
	run_tree("rhel9", "/etc/named.conf");
}

static void
the_stanzas_that_hashicorp_publishes_load(void **state)
{
	(void)state;
	run_tree("hashicorp", "/etc/named.conf");
}

static void
a_missing_file_is_reported_and_is_no_syntax_error(void **state)
{
	struct s53_conf *conf = NULL;
	struct s53_diags diags;

	(void)state;
	s53_diags_init(&diags);
	assert_int_equal(s53_conf_load(GOLDEN "/nowhere.conf", &diags, &conf), S53_E_IO);
	assert_null(conf);
	assert_int_equal(diags.error_count, 1);
	s53_diags_fini(&diags);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_configurations_load_and_print_as_expected),
		cmocka_unit_test(all_errors_of_a_broken_configuration_are_reported),
		cmocka_unit_test(the_production_configuration_loads_unchanged),
		cmocka_unit_test(the_stock_tree_of_debian_loads),
		cmocka_unit_test(the_stock_files_of_red_hat_load),
		cmocka_unit_test(the_stanzas_that_hashicorp_publishes_load),
		cmocka_unit_test(a_missing_file_is_reported_and_is_no_syntax_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
