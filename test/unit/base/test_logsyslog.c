/* SPDX-License-Identifier: ISC
 *
 * test_logsyslog.c - lines reach the daemon of /dev/log as syslog(3) sends them, without blocking.
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
#include <syslog.h>
#include <unistd.h>

#include "base/logsyslog.h"

static char path[64];

/* The socket of a syslog daemon at `path`. */
static int
listening(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	strcpy(addr.sun_path, path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static int
enter(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/s53-syslog-%ld", (long)getpid());
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	logsyslog_close();
	return unlink(path);
}

static void
a_line_has_priority_time_and_process(void **state)
{
	char text[256] = "", end[64];
	int fd = listening();
	ssize_t got;

	(void)state;
	logsyslog_open(path);
	assert_true(logsyslog_write(LOG_LOCAL1 | LOG_ERR, "a line and more", 6));
	got = recv(fd, text, sizeof(text) - 1, 0);
	close(fd);
	assert_true(got > 0);
	snprintf(end, sizeof(end), " split53[%ld]: a line", (long)getpid());
	assert_memory_equal(text, "<139>", 5);
	assert_int_equal(strlen(text), 5 + strlen("Nov 29 18:00:00") + strlen(end));
	assert_string_equal(text + 5 + strlen("Nov 29 18:00:00"), end);
}

static void
a_syslog_daemon_that_reads_nothing_is_not_waited_for(void **state)
{
	int fd = listening();
	unsigned taken = 0;

	(void)state;
	logsyslog_open(path);
	while (taken < 1000000 && logsyslog_write(LOG_INFO, "x", 1))
		taken++;
	assert_int_equal(errno, EAGAIN);
	assert_in_range(taken, 1, 999999);
	close(fd);
}

static void
a_restarted_syslog_daemon_is_found(void **state)
{
	int fd = listening();

	(void)state;
	logsyslog_open(path);
	close(fd);
	assert_false(logsyslog_write(LOG_INFO, "x", 1));
	fd = listening();
	assert_true(logsyslog_write(LOG_INFO, "x", 1));
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_has_priority_time_and_process, enter, leave),
		cmocka_unit_test_setup_teardown(
		    a_syslog_daemon_that_reads_nothing_is_not_waited_for, enter, leave),
		cmocka_unit_test_setup_teardown(a_restarted_syslog_daemon_is_found, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
