/* SPDX-License-Identifier: ISC
 *
 * test_replace.c - a new file replaces the old one when it is complete, and never before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <split53/replace.h>

static char folder[64];

/* Make a temporary directory and change into it for the time of the test. */
static int
folder_enter(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/s53-replace-XXXXXX");
	return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int
folder_leave(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void
put(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const char *
text_of(const char *path)
{
	static char text[64];
	FILE *file = fopen(path, "re");
	size_t len;

	if (file == NULL)
		return "absent";
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

static void
the_old_file_stays_until_the_new_one_is_complete(void **state)
{
	struct s53_replace replace;
	struct stat found;

	(void)state;
	put("it", "old");
	assert_int_equal(s53_replace_open(&replace, "it", 0600), S53_OK);
	assert_int_equal(write(replace.fd, "new", 3), 3);
	assert_string_equal(text_of("it"), "old");
	assert_int_equal(s53_replace_commit(&replace), S53_OK);
	assert_string_equal(text_of("it"), "new");
	assert_string_equal(text_of("it.new"), "absent");
	assert_int_equal(stat("it", &found), 0);
	assert_int_equal(found.st_mode & 07777, 0600);
}

static void
an_abandoned_file_leaves_only_the_old_one(void **state)
{
	struct s53_replace replace;

	(void)state;
	put("it", "old");
	assert_int_equal(s53_replace_open(&replace, "it", 0600), S53_OK);
	s53_replace_abandon(&replace);
	s53_replace_abandon(&replace); /* harmless */
	assert_string_equal(text_of("it"), "old");
	assert_string_equal(text_of("it.new"), "absent");
}

static void
the_temporary_file_of_a_killed_process_is_replaced(void **state)
{
	struct s53_replace replace;

	(void)state;
	put("it.new", "the half of a file that was never completed");
	assert_int_equal(s53_replace_open(&replace, "it", 0600), S53_OK);
	assert_string_equal(text_of("it.new"), "");
	assert_int_equal(write(replace.fd, "new", 3), 3);
	assert_int_equal(s53_replace_commit(&replace), S53_OK);
	assert_string_equal(text_of("it"), "new");
}

static void
a_symbolic_link_is_replaced_and_its_target_is_left_alone(void **state)
{
	struct s53_replace replace;

	(void)state;
	put("victim", "precious");
	assert_int_equal(symlink("victim", "it.new"), 0);
	assert_int_equal(symlink("victim", "it"), 0);
	assert_int_equal(s53_replace_open(&replace, "it", 0600), S53_OK);
	assert_int_equal(write(replace.fd, "new", 3), 3);
	assert_int_equal(s53_replace_commit(&replace), S53_OK);
	assert_string_equal(text_of("victim"), "precious");
	assert_string_equal(text_of("it"), "new");
}

static void
anything_but_a_regular_file_is_not_replaced(void **state)
{
	struct s53_replace replace;

	(void)state;
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(symlink("/dev/null", "device"), 0);
	assert_int_equal(s53_replace_open(&replace, "folder", 0600), S53_E_EXISTS);
	assert_int_equal(s53_replace_open(&replace, "pipe", 0600), S53_E_EXISTS);
	assert_int_equal(s53_replace_open(&replace, "device", 0600), S53_E_EXISTS);
	assert_int_equal(access("folder.new", F_OK), -1);
}

static void
a_missing_folder_is_reported_by_errno(void **state)
{
	struct s53_replace replace;

	(void)state;
	assert_int_equal(s53_replace_open(&replace, "nowhere/it", 0600), S53_E_IO);
	assert_int_equal(errno, ENOENT);
	s53_replace_abandon(&replace);
	assert_int_equal(mkdir("it.new", 0700), 0);
	assert_int_equal(s53_replace_open(&replace, "it", 0600), S53_E_IO);
}

static void
a_dry_run_reports_what_opening_would_and_writes_nothing(void **state)
{
	(void)state;
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	put("folder/old", "old");
	assert_int_equal(s53_replace_check("it"), S53_OK);
	assert_int_equal(s53_replace_check("folder/old"), S53_OK);
	assert_int_equal(s53_replace_check("folder"), S53_E_EXISTS);
	assert_int_equal(s53_replace_check("pipe"), S53_E_EXISTS);
	assert_int_equal(s53_replace_check("nowhere/it"), S53_E_IO);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(s53_replace_check("folder/old/it"), S53_E_IO);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(access("it", F_OK), -1);
	assert_int_equal(access("it.new", F_OK), -1);
	assert_string_equal(text_of("folder/old"), "old");
}

/* Two processes write the same file: the one that comes too late puts no half file in place. */
static void
a_file_that_another_process_writes_is_not_put_in_place(void **state)
{
	struct s53_replace first, second;

	(void)state;
	put("it", "old");
	assert_int_equal(s53_replace_open(&first, "it", 0600), S53_OK);
	assert_int_equal(s53_replace_open(&second, "it", 0600), S53_OK);
	assert_int_equal(write(second.fd, "half", 4), 4);
	assert_int_equal(s53_replace_commit(&first), S53_E_IO);
	assert_int_equal(errno, EEXIST);
	assert_string_equal(text_of("it"), "old");
	assert_string_equal(text_of("it.new"), "half");
	assert_int_equal(s53_replace_commit(&second), S53_OK);
	assert_string_equal(text_of("it"), "half");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_old_file_stays_until_the_new_one_is_complete),
		TEST(an_abandoned_file_leaves_only_the_old_one),
		TEST(the_temporary_file_of_a_killed_process_is_replaced),
		TEST(a_symbolic_link_is_replaced_and_its_target_is_left_alone),
		TEST(anything_but_a_regular_file_is_not_replaced),
		TEST(a_missing_folder_is_reported_by_errno),
		TEST(a_dry_run_reports_what_opening_would_and_writes_nothing),
		TEST(a_file_that_another_process_writes_is_not_put_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
