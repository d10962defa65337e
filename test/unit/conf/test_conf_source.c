/* SPDX-License-Identifier: ISC
 *
 * test_conf_source.c - which files are read as a configuration, and the lines of which files are
 * shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <split53/conf.h>

static char folder[64];

static int
folder_enter(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/s53-source-XXXXXX");
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
put(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static enum s53_status
load(const char *path, struct s53_diags *diags)
{
	struct s53_conf *conf = NULL;
	enum s53_status status;

	s53_diags_init(diags);
	status = s53_conf_load(path, diags, &conf);
	s53_conf_free(conf);
	return status;
}

/* What `--check` would print; the caller frees it. */
static char *
printed(const struct s53_diags *diags)
{
	char *out = NULL;
	size_t len;
	FILE *stream = open_memstream(&out, &len);

	assert_non_null(stream);
	s53_diags_print(diags, stream);
	fclose(stream);
	return out;
}

static void
no_line_of_an_included_file_that_not_every_user_may_read_is_shown(void **state)
{
	struct s53_diags diags;
	char *text;

	(void)state;
	put("conf", "include \"shadow\";\n", 0600);
	put("shadow", "root:$6$secret:20000:0:99999:7:::\nsecret { secret; };\n\"secret", 0640);
	assert_int_equal(load("conf", &diags), S53_E_SYNTAX);
	assert_true(diags.error_count > 0);
	text = printed(&diags);
	assert_null(strstr(text, "secret"));
	assert_non_null(strstr(text, "shadow:3:"));
	free(text);
	s53_diags_fini(&diags);
}

static void
lines_of_the_first_file_and_of_readable_included_files_are_shown(void **state)
{
	struct s53_diags diags;
	char *text;

	(void)state;
	put("conf", "first x;\ninclude \"more\";\n", 0600);
	put("more", "second x;\n", 0644);
	assert_int_equal(load("conf", &diags), S53_E_SYNTAX);
	text = printed(&diags);
	assert_non_null(strstr(text, "\nfirst x;\n"));
	assert_non_null(strstr(text, "\nsecond x;\n"));
	free(text);
	s53_diags_fini(&diags);
}

static void
an_included_fifo_is_rejected_at_once(void **state)
{
	struct s53_diags diags;

	(void)state;
	put("conf", "include \"fifo\";\ninclude \"/dev/null\";\n", 0644);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(load("conf", &diags), S53_E_SYNTAX);
	assert_int_equal(diags.error_count, 1);
	assert_string_equal(diags.first->text,
	    "cannot read 'fifo': it is a FIFO (named pipe); name a regular file instead");
	s53_diags_fini(&diags);
}

/* As the shell does for `split53 -c <(program)`. */
static void
the_first_file_may_be_a_pipe(void **state)
{
	struct s53_diags diags;
	char path[32];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	assert_int_equal(write(ends[1], "options { };\n", 13), 13);
	close(ends[1]);
	assert_int_equal(load(path, &diags), S53_OK);
	assert_null(diags.first);
	s53_diags_fini(&diags);
	close(ends[0]);
}

static void
a_pipe_without_data_is_an_error_after_5_seconds(void **state)
{
	struct s53_diags diags;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(load("fifo", &diags), S53_E_IO);
	assert_string_equal(
	    diags.first->text, "cannot read 'fifo': no data came from it for 5 seconds");
	s53_diags_fini(&diags);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(no_line_of_an_included_file_that_not_every_user_may_read_is_shown),
		IN_A_FOLDER(lines_of_the_first_file_and_of_readable_included_files_are_shown),
		IN_A_FOLDER(an_included_fifo_is_rejected_at_once),
		IN_A_FOLDER(the_first_file_may_be_a_pipe),
		IN_A_FOLDER(a_pipe_without_data_is_an_error_after_5_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
