/* SPDX-License-Identifier: ISC
 *
 * test_pidfile.c - the pid file is created anew, through a descriptor, and removed at the end.
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
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/pidfile.h"

#define USER 65534

static char folder[64];
static const char *swapped; /* directory that another user replaces by a link */

/* Replaces mkdir() of the C library: the window between creating a directory and opening it. */
int
mkdirat(int fd, const char *path, mode_t mode)
{
	int result = (int)syscall(SYS_mkdirat, fd, path, mode);

	if (swapped != NULL && result == 0) {
		assert_int_equal(rename(swapped, "moved"), 0);
		assert_int_equal(symlink("../roots", swapped), 0);
	}
	return result;
}

static int
folder_enter(void **state)
{
	(void)state;
	swapped = NULL;
	strcpy(folder, "/tmp/s53-pidfile-XXXXXX");
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

/* The number in the file; 0: empty, -1: missing. */
static long
number_in(const char *path)
{
	FILE *file = fopen(path, "re");
	long number = 0;

	if (file == NULL)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

static enum s53_status
write_it(struct pidfile *pidfile, const char *path)
{
	return pidfile_write(pidfile, path, geteuid(), getegid());
}

static void
a_symbolic_link_is_replaced_and_its_target_stays(void **state)
{
	struct pidfile pidfile;

	(void)state;
	put("target", "7");
	assert_int_equal(link("target", "hard"), 0);
	assert_int_equal(symlink("target", "soft"), 0);
	assert_int_equal(write_it(&pidfile, "hard"), S53_OK);
	assert_int_equal(number_in("hard"), getpid());
	pidfile_remove(&pidfile);
	assert_int_equal(number_in("hard"), -1);
	assert_int_equal(write_it(&pidfile, "soft"), S53_OK);
	assert_int_equal(number_in("soft"), getpid());
	pidfile_remove(&pidfile);
	assert_int_equal(number_in("soft"), -1);
	assert_int_equal(number_in("target"), 7);
}

static void
anything_but_a_regular_file_is_left_alone(void **state)
{
	struct pidfile pidfile;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(write_it(&pidfile, "fifo"), S53_E_IO);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(write_it(&pidfile, "."), S53_E_IO);
	assert_int_equal(errno, EISDIR);
	pidfile_remove(&pidfile); /* none was written: removing does nothing */
	assert_int_equal(access("fifo", F_OK), 0);
}

static void
missing_folders_are_created(void **state)
{
	struct pidfile pidfile;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/a//b/it", folder);
	assert_int_equal(write_it(&pidfile, path), S53_OK);
	assert_int_equal(number_in("a/b/it"), getpid());
	pidfile_remove(&pidfile);
	assert_int_equal(number_in("a/b/it"), -1);
}

static void
a_folder_that_another_user_swaps_for_a_link_is_not_entered(void **state)
{
	struct pidfile pidfile;
	struct stat roots;

	(void)state;
	assert_int_equal(mkdir("run", 0755), 0);
	assert_int_equal(mkdir("roots", 0755), 0);
	swapped = "run/sub";
	assert_int_equal(pidfile_write(&pidfile, "run/sub/it", USER, USER), S53_E_IO);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(stat("roots", &roots), 0);
	assert_int_equal(roots.st_uid, geteuid());
	assert_int_equal(number_in("roots/it"), -1);
}

static void
a_link_in_a_folder_of_another_user_is_not_followed(void **state)
{
	struct pidfile pidfile;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir("run", 0755), 0);
	assert_int_equal(mkdir("roots", 0755), 0);
	assert_int_equal(symlink("../roots", "run/sub"), 0);
	assert_int_equal(write_it(&pidfile, "run/sub/it"), S53_OK); /* both are ours */
	pidfile_remove(&pidfile);
	assert_int_equal(chmod("run", 0777), 0);
	assert_int_equal(write_it(&pidfile, "run/sub/it"), S53_E_IO);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(chmod("run", 0755), 0);
	assert_int_equal(chown("run", USER, USER), 0);
	assert_int_equal(write_it(&pidfile, "run/sub/it"), S53_E_IO);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(number_in("roots/it"), -1);
}

static void
a_pid_file_that_is_not_ours_any_more_is_not_removed(void **state)
{
	struct pidfile pidfile;

	(void)state;
	assert_int_equal(write_it(&pidfile, "it"), S53_OK);
	put("it", "7\n"); /* into our file */
	pidfile_remove(&pidfile);
	assert_int_equal(number_in("it"), 7);
	assert_int_equal(write_it(&pidfile, "it"), S53_OK);
	assert_int_equal(unlink("it"), 0);
	put("it", "7\n"); /* a new file of the same name */
	pidfile_remove(&pidfile);
	assert_int_equal(number_in("it"), 7);
}

static void
a_pid_file_that_cannot_be_removed_is_emptied(void **state)
{
	struct pidfile pidfile;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(pidfile_write(&pidfile, "it", USER, USER), S53_OK);
	assert_int_equal(seteuid(USER), 0);
	pidfile_remove(&pidfile);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(number_in("it"), 0);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(a_symbolic_link_is_replaced_and_its_target_stays),
		IN_A_FOLDER(anything_but_a_regular_file_is_left_alone),
		IN_A_FOLDER(missing_folders_are_created),
		IN_A_FOLDER(a_folder_that_another_user_swaps_for_a_link_is_not_entered),
		IN_A_FOLDER(a_link_in_a_folder_of_another_user_is_not_followed),
		IN_A_FOLDER(a_pid_file_that_is_not_ours_any_more_is_not_removed),
		IN_A_FOLDER(a_pid_file_that_cannot_be_removed_is_emptied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
