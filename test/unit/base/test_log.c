/* SPDX-License-Identifier: ISC
 *
 * test_log.c - categories, severities, channels, the form of a line, rolling of files.
 */
#include "log_fixture.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

static void
expect_file(const char *path, char letter, size_t lines)
{
	const char *text = file_text(path);

	if (strlen(text) != lines * LINE)
		fail_msg("%s has %zu octets", path, strlen(text));
	if (lines > 0)
		assert_int_equal(text[0], letter);
}

static void
before_configuration_info_goes_to_stderr_and_debug_does_not(void **state)
{
	int kept = dup(STDERR_FILENO);
	int file = open("stderr", O_WRONLY | O_CREAT | O_APPEND, 0600);
	regex_t form;

	(void)state;
	assert_return_code(dup2(file, STDERR_FILENO), errno);
	s53_log_to_stderr(0);
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "one %d", 1);
	s53_log(S53_LOG_GENERAL, S53_LOG_DEBUG, "two");
	s53_log_to_stderr(2);
	s53_log(S53_LOG_QUERIES, S53_LOG_DEBUG + 1, "three");
	s53_log(S53_LOG_QUERIES, S53_LOG_DEBUG + 2, "four");
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(file);
	assert_int_equal(regcomp(&form,
			     "^[0-3][0-9]-[A-Z][a-z][a-z]-[0-9]{4} [0-9:]{8}\\.[0-9]{3} "
			     "general: info: one 1\n"
			     "[^\n]* queries: debug 2: three\n$",
			     REG_EXTENDED | REG_NOSUB),
	    0);
	assert_int_equal(regexec(&form, file_text("stderr"), 0, NULL, 0), 0);
	regfree(&form);
}

static void
a_line_has_the_parts_that_its_channel_configures(void **state)
{
	(void)state;
	configure_file((struct s53_log_channel){ .print_severity = false });
	s53_log(S53_LOG_SECURITY, S53_LOG_WARNING, "plain");
	configure_file((struct s53_log_channel){ .print_severity = true });
	s53_log(S53_LOG_SECURITY, S53_LOG_WARNING, "severity");
	configure_file((struct s53_log_channel){ .print_category = true });
	s53_log(S53_LOG_LAME_SERVERS, S53_LOG_CRITICAL, "category");
	assert_string_equal(file_text("log"), "plain\nwarning: severity\nlame-servers: category\n");
}

static void
the_time_is_local_or_iso8601_as_configured(void **state)
{
	regex_t form;

	(void)state;
	setenv("TZ", "XYZ-3", 1);
	configure_file((struct s53_log_channel){ .print_time = S53_LOG_TIME_ISO8601_UTC });
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "a");
	configure_file((struct s53_log_channel){ .print_time = S53_LOG_TIME_ISO8601 });
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "b");
	configure_file((struct s53_log_channel){ .print_time = S53_LOG_TIME_ISO8601_TZINFO });
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "c");
	unsetenv("TZ");
	assert_int_equal(regcomp(&form,
			     "^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\\.[0-9]{3}Z a\n"
			     "[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\\.[0-9]{3} b\n"
			     "[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\\.[0-9]{3}\\+0300 c\n$",
			     REG_EXTENDED | REG_NOSUB),
	    0);
	assert_int_equal(regexec(&form, file_text("log"), 0, NULL, 0), 0);
	regfree(&form);
}

static void
control_characters_and_broken_utf8_are_escaped(void **state)
{
	(void)state;
	configure_file((struct s53_log_channel){ .versions = 0 });
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "a\nb\t\033[0m\x7f");
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "\xc3\xbc \xe2\x82\xac \xf0\x9f\x8c\x8d");
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "\xff \xe0\x9f\xbf \xed\xa0\x80 \xc2\x85 \xe2\x82");
	assert_string_equal(file_text("log"),
	    "a\\012b\\011\\033[0m\\177\n"
	    "\xc3\xbc \xe2\x82\xac \xf0\x9f\x8c\x8d\n"
	    "\\377 \\340\\237\\277 \\355\\240\\200 \\302\\205 \\342\\202\n");
}

static void
a_long_text_is_cut_to_one_line(void **state)
{
	char text[20000];
	const char *line;

	(void)state;
	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	configure_file((struct s53_log_channel){ .print_time = S53_LOG_TIME_LOCAL });
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "%s", text);
	line = file_text("log");
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_in_range(strlen(line), 4 * 3000, 4 * 3100);
}

static void
errno_survives_a_line_that_cannot_be_written(void **state)
{
	struct rlimit was = files_limit(0);

	(void)state;
	configure_file((struct s53_log_channel){ .versions = 0 });
	errno = ENOTTY;
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "line");
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_string_equal(file_text("log"), "");
}

static void
a_category_without_channels_goes_to_those_of_default(void **state)
{
	const struct s53_log_channel channels[] = {
		{ .kind = S53_LOG_TO_FILE, .path = "default", .severity = S53_LOG_INFO },
		{ .kind = S53_LOG_TO_FILE, .path = "queries", .severity = S53_LOG_DEBUG },
		{ .kind = S53_LOG_TO_FILE, .path = "worst", .severity = S53_LOG_ERROR },
		{ .kind = S53_LOG_TO_NULL, .severity = S53_LOG_DEBUG + 50 },
	};
	struct s53_log_config config = { .channels = channels, .channel_count = 4 };
	const char *bad_path;

	(void)state;
	config.category_channels[S53_LOG_DEFAULT] = 1 << 0;
	config.category_channels[S53_LOG_QUERIES] = 1 << 1 | 1 << 2;
	config.category_channels[S53_LOG_UNMATCHED] = 1 << 3;
	assert_int_equal(s53_log_configure(&config, &bad_path), S53_OK);
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "general");
	s53_log(S53_LOG_QUERIES, S53_LOG_DEBUG, "query");
	s53_log(S53_LOG_QUERIES, S53_LOG_ERROR, "bad query");
	s53_log(S53_LOG_UNMATCHED, S53_LOG_CRITICAL, "lost");
	assert_string_equal(file_text("default"), "general\n");
	assert_string_equal(file_text("queries"), "query\nbad query\n");
	assert_string_equal(file_text("worst"), "bad query\n");
	assert_true(s53_log_on(S53_LOG_QUERIES, S53_LOG_DEBUG));
	assert_false(s53_log_on(S53_LOG_QUERIES, S53_LOG_DEBUG + 1));
	assert_false(s53_log_on(S53_LOG_GENERAL, S53_LOG_DEBUG));
	assert_false(s53_log_on(S53_LOG_UNMATCHED, S53_LOG_CRITICAL));
}

static void
a_dynamic_channel_follows_the_debug_level(void **state)
{
	const struct s53_log_channel channel = { .kind = S53_LOG_TO_STDERR, .dynamic = true };
	struct s53_log_config config = { .channels = &channel, .channel_count = 1 };
	const char *bad_path;

	(void)state;
	config.category_channels[S53_LOG_DEFAULT] = 1;
	assert_int_equal(s53_log_configure(&config, &bad_path), S53_OK);
	assert_true(s53_log_on(S53_LOG_GENERAL, S53_LOG_INFO));
	assert_false(s53_log_on(S53_LOG_GENERAL, S53_LOG_DEBUG));
	config.debug_level = 3;
	assert_int_equal(s53_log_configure(&config, &bad_path), S53_OK);
	assert_true(s53_log_on(S53_LOG_GENERAL, S53_LOG_DEBUG + 2));
	assert_false(s53_log_on(S53_LOG_GENERAL, S53_LOG_DEBUG + 3));
}

static void
syslog_gets_facility_priority_and_text(void **state)
{
	(void)state;
	configure((struct s53_log_channel){ .kind = S53_LOG_TO_SYSLOG,
	    .facility = LOG_LOCAL3,
	    .severity = S53_LOG_DEBUG,
	    .print_category = true });
	s53_log(S53_LOG_CONFIG, S53_LOG_WARNING, "100%% of %s", "it");
	assert_int_equal(syslog_priority_seen, LOG_LOCAL3 | LOG_WARNING);
	assert_string_equal(syslog_text_seen, "config: 100% of it");
	s53_log(S53_LOG_CONFIG, S53_LOG_DEBUG, "d");
	assert_int_equal(syslog_priority_seen, LOG_LOCAL3 | LOG_DEBUG);
}

static void
a_file_that_cannot_be_opened_keeps_the_old_configuration(void **state)
{
	struct s53_log_channel channels[] = {
		{ .kind = S53_LOG_TO_FILE, .path = "new", .severity = S53_LOG_INFO },
		{ .kind = S53_LOG_TO_FILE, .path = "no/such/folder/log", .severity = S53_LOG_INFO },
	};
	struct s53_log_config config = { .channels = channels, .channel_count = 2 };
	const char *bad_path = NULL;

	(void)state;
	configure_file((struct s53_log_channel){ .versions = 0 });
	config.category_channels[S53_LOG_DEFAULT] = 3;
	assert_int_equal(s53_log_configure(&config, &bad_path), S53_E_IO);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(bad_path, "no/such/folder/log");
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "still here");
	assert_string_equal(file_text("log"), "still here\n");
	config.channel_count = 65;
	assert_int_equal(s53_log_configure(&config, &bad_path), S53_E_LIMIT);
}

static void
a_full_file_is_rolled_and_the_oldest_version_removed(void **state)
{
	(void)state;
	configure_file((struct s53_log_channel){ .versions = 2, .size_max = 3 * LINE });
	fill('a', 3);
	fill('b', 3);
	fill('c', 3);
	fill('d', 1);
	expect_file("log", 'd', 1);
	expect_file("log.0", 'c', 3);
	expect_file("log.1", 'b', 3);
	assert_int_equal(access("log.2", F_OK), -1);
}

static void
unlimited_versions_keep_every_file(void **state)
{
	(void)state;
	configure_file((struct s53_log_channel){ .versions = UINT_MAX, .size_max = LINE });
	for (int i = 0; i < 6; i++)
		fill("abcdef"[i], 1);
	expect_file("log", 'f', 1);
	expect_file("log.0", 'e', 1);
	expect_file("log.4", 'a', 1);
}

static void
versions_without_a_size_roll_when_the_file_is_opened(void **state)
{
	(void)state;
	configure_file((struct s53_log_channel){ .versions = 3 });
	fill('a', 5);
	configure_file((struct s53_log_channel){ .versions = 3 });
	fill('b', 1);
	expect_file("log", 'b', 1);
	expect_file("log.0", 'a', 5);
}

static void
with_a_size_and_no_versions_writing_stops_until_the_file_is_shortened(void **state)
{
	(void)state;
	configure_file((struct s53_log_channel){ .size_max = 2 * LINE });
	fill('a', 5);
	expect_file("log", 'a', 2);
	assert_int_equal(truncate("log", 0), 0);
	fill('b', 1);
	expect_file("log", 'b', 1);
	assert_int_equal(access("log.0", F_OK), -1);
}

static void
buffered_lines_wait_in_memory_and_are_written_at_the_end(void **state)
{
	(void)state;
	configure_file((struct s53_log_channel){ .buffered = true });
	fill('a', 3);
	expect_file("log", 'a', 0);
	fill('a', 200);
	assert_true(strlen(file_text("log")) >= 8000);
	s53_log_close();
	expect_file("log", 'a', 203);
}

static void *
write_lines(void *letter)
{
	fill(*(const char *)letter, 100);
	return NULL;
}

static void
lines_of_several_threads_stay_whole_while_the_configuration_changes(void **state)
{
	char letters[] = "xyz";
	pthread_t threads[3];
	const char *text;

	(void)state;
	configure_file((struct s53_log_channel){ .versions = 0 });
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &letters[i]), 0);
	for (int i = 0; i < 20; i++)
		configure_file((struct s53_log_channel){ .versions = 0 });
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	text = file_text("log");
	assert_int_equal(strlen(text), 300 * LINE);
	for (size_t at = 0; at < 300 * LINE; at += LINE) {
		assert_int_equal(text[at + LINE - 1], '\n');
		assert_int_equal(strspn(text + at, (char[]){ text[at], '\0' }), LINE - 1);
	}
}

static void
keywords_of_named_conf_are_known_in_any_letter_case(void **state)
{
	enum s53_log_category category;
	int value;

	(void)state;
	assert_true(s53_log_category_parse("Query-Errors", &category));
	assert_int_equal(category, S53_LOG_QUERY_ERRORS);
	assert_false(s53_log_category_parse("querys", &category));
	assert_true(s53_log_severity_parse("debug", &value));
	assert_int_equal(value, S53_LOG_DEBUG);
	assert_true(s53_log_severity_parse("debug 3", &value));
	assert_int_equal(value, S53_LOG_DEBUG + 2);
	assert_true(s53_log_severity_parse("debug 0", &value));
	assert_int_equal(value, S53_LOG_INFO);
	assert_true(s53_log_severity_parse("NOTICE", &value));
	assert_int_equal(value, S53_LOG_NOTICE);
	assert_false(s53_log_severity_parse("dynamic", &value));
	assert_false(s53_log_severity_parse("debug x", &value));
	assert_true(s53_log_facility_parse("local7", &value));
	assert_int_equal(value, LOG_LOCAL7);
	assert_false(s53_log_facility_parse("local8", &value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(before_configuration_info_goes_to_stderr_and_debug_does_not),
		IN_A_FOLDER(a_line_has_the_parts_that_its_channel_configures),
		IN_A_FOLDER(the_time_is_local_or_iso8601_as_configured),
		IN_A_FOLDER(control_characters_and_broken_utf8_are_escaped),
		IN_A_FOLDER(a_long_text_is_cut_to_one_line),
		IN_A_FOLDER(errno_survives_a_line_that_cannot_be_written),
		IN_A_FOLDER(a_category_without_channels_goes_to_those_of_default),
		IN_A_FOLDER(a_dynamic_channel_follows_the_debug_level),
		IN_A_FOLDER(syslog_gets_facility_priority_and_text),
		IN_A_FOLDER(a_file_that_cannot_be_opened_keeps_the_old_configuration),
		IN_A_FOLDER(a_full_file_is_rolled_and_the_oldest_version_removed),
		IN_A_FOLDER(unlimited_versions_keep_every_file),
		IN_A_FOLDER(versions_without_a_size_roll_when_the_file_is_opened),
		IN_A_FOLDER(with_a_size_and_no_versions_writing_stops_until_the_file_is_shortened),
		IN_A_FOLDER(buffered_lines_wait_in_memory_and_are_written_at_the_end),
		IN_A_FOLDER(lines_of_several_threads_stay_whole_while_the_configuration_changes),
		cmocka_unit_test(keywords_of_named_conf_are_known_in_any_letter_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
