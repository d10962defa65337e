/* SPDX-License-Identifier: ISC
 *
 * log_fixture.h - a directory for log files, a socket in place of syslog's, configurations.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <split53/log.h>

#include "base/logsyslog.h"

#define LINE 100 /* bytes of the lines that fill files */
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

/* What the log sends to syslog arrives here instead of at /dev/log. */
static int syslog_priority_seen;
static char syslog_text_seen[256];
static bool syslog_is_full;

void
logsyslog_open(const char *path)
{
	(void)path;
}

void
logsyslog_close(void)
{
}

bool
logsyslog_write(int priority, const char *text, size_t len)
{
	if (syslog_is_full) {
		errno = EAGAIN;
		return false;
	}
	syslog_priority_seen = priority;
	snprintf(syslog_text_seen, sizeof(syslog_text_seen), "%.*s", (int)len, text);
	return true;
}

/* Make a temporary directory and change into it for the time of the test. */
static inline int
folder_enter(void **state)
{
	static char folder[64];

	snprintf(folder, sizeof(folder), "/tmp/split53-test-log.XXXXXX");
	*state = folder;
	return mkdtemp(folder) == NULL || chdir(folder) != 0 ? -1 : 0;
}

static inline int
folder_leave(void **state)
{
	char command[128];

	s53_log_close();
	snprintf(command, sizeof(command), "rm -rf '%s'", (const char *)*state);
	return chdir("/") != 0 || system(command) != 0 ? -1 : 0;
}

/* The text of a file; "" if it does not exist. */
static inline const char *
file_text(const char *path)
{
	static char text[65536];
	FILE *file = fopen(path, "re");
	size_t len = 0;

	if (file != NULL) {
		len = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[len] = '\0';
	return text;
}

/* One channel for all categories. */
static inline void
configure(struct s53_log_channel channel)
{
	struct s53_log_config config = { .channels = &channel, .channel_count = 1 };
	const char *bad_path = NULL;

	config.category_channels[S53_LOG_DEFAULT] = 1;
	assert_int_equal(s53_log_configure(&config, &bad_path), S53_OK);
}

static inline void
configure_file(struct s53_log_channel channel)
{
	channel.kind = S53_LOG_TO_FILE;
	channel.path = "log";
	channel.severity = S53_LOG_INFO;
	configure(channel);
}

/* `count` lines of LINE bytes that consist of `letter`. */
static inline void
fill(char letter, int count)
{
	char text[LINE];

	memset(text, letter, LINE - 1);
	text[LINE - 1] = '\0';
	for (int i = 0; i < count; i++)
		s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "%s", text);
}

/* Limit the size of files to `size` bytes; returns the limit before. */
static inline struct rlimit
files_limit(rlim_t size)
{
	struct rlimit was, now;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	now = was;
	now.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
	return was;
}
