/* SPDX-License-Identifier: ISC
 *
 * test_log_losses.c - a channel that takes no lines is not waited for, and the lines that it loses
 * are counted.
 */
#include "log_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>

/* Two channels for all categories: the first is `channel`, the second the file "other". */
static void
configure_beside_another(struct s53_log_channel channel)
{
	const struct s53_log_channel channels[] = { channel,
		{ .kind = S53_LOG_TO_FILE, .path = "other", .severity = S53_LOG_INFO } };
	struct s53_log_config config = { .channels = channels, .channel_count = 2 };

	config.category_channels[S53_LOG_DEFAULT] = 3;
	assert_int_equal(s53_log_configure(&config, NULL), S53_OK);
}

static void
lines_that_syslog_does_not_take_are_counted(void **state)
{
	(void)state;
	configure_beside_another((struct s53_log_channel){
	    .kind = S53_LOG_TO_SYSLOG, .facility = LOG_DAEMON, .severity = S53_LOG_INFO });
	syslog_is_full = true;
	s53_log(S53_LOG_CONFIG, S53_LOG_INFO, "a");
	s53_log(S53_LOG_CONFIG, S53_LOG_INFO, "b");
	assert_string_equal(
	    file_text("other"), "a\n1 log line lost: syslog (nothing reads it)\nb\n");
	syslog_is_full = false;
	syslog_text_seen[0] = '\0';
	s53_log(S53_LOG_CONFIG, S53_LOG_INFO, "c");
	assert_string_equal(syslog_text_seen, "c");
	s53_log(S53_LOG_CONFIG, S53_LOG_INFO, "d");
	assert_string_equal(
	    file_text("other"), "a\n1 log line lost: syslog (nothing reads it)\nb\nc\nd\n");
}

static void
lines_lost_by_a_full_file_are_reported_in_it_later(void **state)
{
	struct rlimit was = files_limit(LINE + LINE / 2);

	(void)state;
	configure_file((struct s53_log_channel){ .versions = 0 });
	fill('x', 4); /* one, and half of another */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "again");
	assert_int_equal(strlen(file_text("log")),
	    LINE + LINE / 2 +
		strlen("\n3 log lines lost before this one: log (File too large)\nagain\n"));
	assert_string_equal(file_text("log") + LINE + LINE / 2,
	    "\n3 log lines lost before this one: log (File too large)\nagain\n");
}

/* Make the pipe `ends` standard error; returns the descriptor of the old one. */
static int
redirect_stderr(int ends[static 2])
{
	int was = dup(STDERR_FILENO);

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	return was;
}

/* There is no other channel: without the report a full disk would go unnoticed. */
static void
losses_of_the_only_channel_are_reported_on_syslog_and_counted(void **state)
{
	struct rlimit was = files_limit(LINE);
	uint64_t before = s53_log_lost();

	(void)state;
	syslog_text_seen[0] = '\0';
	configure_file((struct s53_log_channel){ .versions = 0 });
	fill('x', 1);
	assert_string_equal(syslog_text_seen, "");
	fill('x', 3);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_string_equal(syslog_text_seen, "1 log line lost: log (File too large)");
	assert_int_equal(s53_log_lost() - before, 3);
}

static void
losses_that_syslog_does_not_take_either_are_reported_on_standard_error(void **state)
{
	struct rlimit was = files_limit(0);
	int ends[2], stderr_was = redirect_stderr(ends);
	char text[256] = "";

	(void)state;
	syslog_is_full = true;
	configure_file((struct s53_log_channel){ .versions = 0 });
	fill('x', 2);
	syslog_is_full = false;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	dup2(stderr_was, STDERR_FILENO);
	close(stderr_was);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	assert_non_null(strstr(text, "warning: 1 log line lost: log (File too large)\n"));
}

static void
losses_of_an_earlier_configuration_are_reported_by_the_next(void **state)
{
	struct rlimit was = files_limit(0);

	(void)state;
	configure_file((struct s53_log_channel){ .versions = 0 });
	fill('x', 2);
	configure_file((struct s53_log_channel){ .versions = 0 });
	fill('x', 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	configure_file((struct s53_log_channel){ .versions = 0 });
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "again");
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "and again");
	assert_string_equal(file_text("log"),
	    "3 log lines lost before the log file was reopened\nagain\nand again\n");
}

/* The lines that `text` has, plus those that it reports as lost. */
static void
count_lines(char *text, unsigned *there, unsigned *lost)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (strstr(line, "lost before this one: standard error (nothing reads it)") != NULL)
			*lost += (unsigned)strtoul(line, NULL, 10);
		else
			(*there)++;
	}
}

static void
a_standard_error_that_is_not_read_is_not_waited_for(void **state)
{
	static char text[65536];
	int ends[2], was = redirect_stderr(ends);
	unsigned there = 0, lost = 0;
	size_t len = 0;
	ssize_t got;

	(void)state;
	configure((struct s53_log_channel){ .kind = S53_LOG_TO_STDERR, .severity = S53_LOG_INFO });
	fill('x', 100); /* 10,000 bytes: a blocking write would never end */
	while ((got = read(ends[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "again");
	got = read(ends[0], text + len, sizeof(text) - 1 - len);
	dup2(was, STDERR_FILENO);
	close(was);
	close(ends[0]);
	assert_true(len > 3900 && len <= 4096 && got > 0);
	text[len + (size_t)got] = '\0';
	count_lines(text, &there, &lost);
	assert_in_range(there, 39, 42);
	assert_int_equal(there + lost, 101);
}

static void
dev_stderr_as_a_file_is_standard_error_itself(void **state)
{
	char text[64] = "";
	int ends[2], was = redirect_stderr(ends);
	ssize_t got;

	(void)state;
	configure((struct s53_log_channel){ .kind = S53_LOG_TO_FILE,
	    .path = "/dev/stderr",
	    .severity = S53_LOG_INFO,
	    .versions = 3,
	    .size_max = 1 });
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "one");
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "two");
	s53_log_close();
	got = read(ends[0], text, sizeof(text) - 1);
	dup2(was, STDERR_FILENO);
	close(was);
	close(ends[0]);
	assert_int_equal(got, 8);
	assert_string_equal(text, "one\ntwo\n");
}

static void
only_a_regular_file_or_the_null_device_is_a_log_file(void **state)
{
	struct s53_log_channel channel = { .kind = S53_LOG_TO_FILE, .severity = S53_LOG_INFO };
	struct s53_log_config config = { .channels = &channel, .channel_count = 1 };
	const char *const refused[] = { "fifo", "/dev/zero", "folder" };

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mkdir("folder", 0700), 0);
	config.category_channels[S53_LOG_DEFAULT] = 1;
	for (unsigned i = 0; i < 3; i++) {
		channel.path = refused[i];
		assert_int_equal(s53_log_configure(&config, NULL), S53_E_IO);
		assert_int_equal(errno, i == 2 ? EISDIR : EOPNOTSUPP);
	}
	channel.path = "/dev/null";
	assert_int_equal(s53_log_configure(&config, NULL), S53_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(lines_that_syslog_does_not_take_are_counted),
		IN_A_FOLDER(lines_lost_by_a_full_file_are_reported_in_it_later),
		IN_A_FOLDER(losses_of_the_only_channel_are_reported_on_syslog_and_counted),
		IN_A_FOLDER(losses_that_syslog_does_not_take_either_are_reported_on_standard_error),
		IN_A_FOLDER(losses_of_an_earlier_configuration_are_reported_by_the_next),
		IN_A_FOLDER(a_standard_error_that_is_not_read_is_not_waited_for),
		IN_A_FOLDER(dev_stderr_as_a_file_is_standard_error_itself),
		IN_A_FOLDER(only_a_regular_file_or_the_null_device_is_a_log_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
