/* SPDX-License-Identifier: ISC
 *
 * test_file.c - regular files are opened, and nothing else is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <split53/file.h>

static char folder[64];

static int
folder_enter(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/s53-file-XXXXXX");
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
is_refused(const char *path, int error, const char *words)
{
	char why[S53_FILE_WHY];
	struct stat about;
	int fd = -1;

	assert_int_equal(s53_file_open_read(path, &fd, &about), S53_E_IO);
	assert_int_equal(errno, error);
	assert_int_equal(s53_file_open_append(path, &fd, &about), S53_E_IO);
	assert_int_equal(errno, error);
	assert_int_equal(fd, -1);
	assert_string_equal(s53_file_why(path, error, why), words);
}

static void
anything_but_a_regular_file_is_rejected_with_its_kind(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(symlink("fifo", "link"), 0);
	is_refused("fifo", EOPNOTSUPP, "it is a FIFO (named pipe); name a regular file instead");
	is_refused("link", EOPNOTSUPP, "it is a FIFO (named pipe); name a regular file instead");
	is_refused("socket", EOPNOTSUPP, "it is a socket; name a regular file instead");
	is_refused("/dev/zero", EOPNOTSUPP, "it is a device; name a regular file instead");
	is_refused(".", EISDIR, "Is a directory");
	close(fd);
}

static void
a_file_is_created_for_appending_only(void **state)
{
	struct stat about;
	int fd = -1;

	(void)state;
	assert_int_equal(s53_file_open_read("it", &fd, &about), S53_E_IO);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(s53_file_open_append("it", &fd, &about), S53_OK);
	assert_int_equal(write(fd, "abc", 3), 3);
	close(fd);
	assert_int_equal(s53_file_open_read("it", &fd, &about), S53_OK);
	assert_int_equal(about.st_size, 3);
	assert_true(s53_file_is_public(&about) == ((about.st_mode & S_IROTH) != 0));
	close(fd);
}

static void
the_null_device_is_an_empty_file(void **state)
{
	struct stat about;
	char octet;
	int fd = -1;

	(void)state;
	assert_int_equal(s53_file_open_read("/dev/null", &fd, &about), S53_OK);
	assert_int_equal(read(fd, &octet, 1), 0);
	assert_true(s53_file_is_public(&about));
	close(fd);
	assert_int_equal(s53_file_open_append("/dev/null", &fd, &about), S53_OK);
	close(fd);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(anything_but_a_regular_file_is_rejected_with_its_kind),
		IN_A_FOLDER(a_file_is_created_for_appending_only),
		IN_A_FOLDER(the_null_device_is_an_empty_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
