/* SPDX-License-Identifier: ISC
 *
 * test_options.c - the command line and the environment, and the named.conf text made of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <split53/options.h>

#define ARGS_MAX 32

/* Parse "split53 WORDS", with the words separated by spaces. */
static enum s53_status
parse(struct s53_options *options, const char *words)
{
	static char line[512];
	char *argv[ARGS_MAX] = { (char[]){ "split53" } };
	char *rest;
	int argc = 1;

	assert_true(strlen(words) < sizeof(line));
	strcpy(line, words);
	for (char *word = strtok_r(line, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		assert_true(argc < ARGS_MAX - 1);
		argv[argc++] = word;
	}
	return s53_options_parse(options, argc, argv);
}

static void
check_text(const char *words, const char *expected)
{
	struct s53_options options;
	char *text;

	assert_int_equal(parse(&options, words), S53_OK);
	text = s53_options_text(&options);
	if (text == NULL)
		fail_msg("%s", options.error);
	assert_string_equal(text, expected);
	free(text);
	s53_options_fini(&options);
}

static void
check_error(const char *words, const char *part)
{
	struct s53_options options;
	enum s53_status status = parse(&options, words);

	if (status == S53_OK && s53_options_text(&options) != NULL)
		fail_msg("'%s' was taken", words);
	if (strstr(options.error, part) == NULL)
		fail_msg("'%s' does not say '%s'", options.error, part);
	s53_options_fini(&options);
}

static int
forget_environment(void **state)
{
	static const char *const names[] = { "SPLIT53_CONFIG", "SPLIT53_LISTEN", "SPLIT53_CONSUL",
		"SPLIT53_FORWARDER", "SPLIT53_FORWARDERS", "SPLIT53_ZONE", "SPLIT53_ZONES",
		"SPLIT53_PORT", "SPLIT53_WORKERS", "SPLIT53_USER" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	return 0;
}

static void
flags_mean_the_same_as_in_named(void **state)
{
	struct s53_options options;

	(void)state;
	assert_int_equal(
	    parse(&options,
		"-4 -c /etc/named.conf -d 3 -f -L /tmp/log -n 2 -p 5353 -t /jail -u bind"),
	    S53_OK);
	assert_int_equal(options.mode, S53_MODE_SERVE);
	assert_int_equal(options.family, AF_INET);
	assert_string_equal(options.config_path, "/etc/named.conf");
	assert_int_equal(options.debug_level, 3);
	assert_true(options.foreground);
	assert_false(options.log_stderr);
	assert_string_equal(options.log_path, "/tmp/log");
	assert_int_equal(options.workers, 2);
	assert_int_equal(options.port, 5353);
	assert_string_equal(options.chroot_path, "/jail");
	assert_string_equal(options.user, "bind");
	s53_options_fini(&options);
}

static void
flag_g_means_foreground_and_stderr(void **state)
{
	struct s53_options options;

	(void)state;
	assert_int_equal(parse(&options, "-g"), S53_OK);
	assert_true(options.foreground);
	assert_true(options.log_stderr);
	s53_options_fini(&options);
}

static void
flags_that_tune_bind_are_accepted_and_reported(void **state)
{
	struct s53_options options;

	(void)state;
	assert_int_equal(parse(&options, "-U 4 -S 1000 -g"), S53_OK);
	assert_string_equal(options.warning, "-U -S");
	s53_options_fini(&options);
}

static void
a_relative_path_becomes_absolute(void **state)
{
	struct s53_options options;

	(void)state;
	assert_int_equal(parse(&options, "-c named.conf"), S53_OK);
	assert_int_equal(options.config_path[0], '/');
	assert_string_equal(options.config_shown, "named.conf");
	s53_options_fini(&options);
}

static void
check_takes_p_without_a_value_and_a_file(void **state)
{
	struct s53_options options;

	(void)state;
	assert_int_equal(parse(&options, "--check -p /etc/named.conf"), S53_OK);
	assert_int_equal(options.mode, S53_MODE_CHECK);
	assert_true(options.print_canonical);
	assert_string_equal(options.config_path, "/etc/named.conf");
	s53_options_fini(&options);
}

static void
explain_takes_a_name_and_a_client(void **state)
{
	struct s53_options options;

	(void)state;
	assert_int_equal(parse(&options, "-c /x --explain a.consul 192.0.2.1"), S53_OK);
	assert_int_equal(options.mode, S53_MODE_EXPLAIN);
	assert_string_equal(options.explain_name, "a.consul");
	assert_string_equal(options.explain_client, "192.0.2.1");
	s53_options_fini(&options);
}

static void
wrong_flags_are_named_in_the_error(void **state)
{
	(void)state;
	check_error("-n 0", "-n: '0' is not a number from 1 to 256");
	check_error("-p 65536", "-p: '65536'");
	check_error("-d x", "-d: 'x'");
	check_error("-4 -6", "-4 and -6");
	check_error("-y", "-y: unknown option");
	check_error("--bogus", "--bogus: unknown option");
	check_error("-c", "-c requires a value");
	check_error("--listen", "--listen requires a value");
	check_error("named.conf", "unexpected argument 'named.conf'");
	check_error("--check a b", "unexpected 'b'");
	check_error("--explain a b c", "unexpected 'c'");
}

static void
wrong_endpoints_are_named_in_the_error(void **state)
{
	(void)state;
	check_error("--listen dns.example", "--listen: 'dns.example'");
	check_error("--listen 127.0.0.1:0", "--listen: '127.0.0.1:0'");
	check_error("--listen 127.0.0.1:x", "--listen: '127.0.0.1:x'");
	check_error("--forwarder 300.1.1.1", "--forwarder: '300.1.1.1'");
	check_error("--forwarder 8.8.8.8:70000", "--forwarder: '8.8.8.8:70000'");
	check_error("--consul a;b", "--consul: 'a;b'");
	check_error("--zone corp", "--zone: 'corp' is not NAME=ADDR");
	check_error("--zone corp=", "--zone: 'corp='");
	check_error("--zone corp=1.1.1.1,,2.2.2.2", "--zone: 'corp=1.1.1.1,,2.2.2.2'");
	check_error("--zone a..b=1.1.1.1", "--zone: 'a..b=1.1.1.1'");
	check_error("--zone a\"b=1.1.1.1", "--zone: 'a\"b=1.1.1.1'");
	check_error("--consul 127.0.0.1 --zone consul=127.0.0.2", "remove one of them");
}

static void
without_options_it_listens_on_loopback_and_forwards_to_the_local_consul(void **state)
{
	(void)state;
	check_text("",
	    "options {\n"
	    "\tlisten-on { 127.0.0.1; };\n"
	    "\tlisten-on-v6 { ::1; };\n"
	    "};\n"
	    "zone \"consul\" {\n\ttype forward;\n\tforward only;\n\tstale-zero-ttl yes;\n"
	    "\tforwarders { 127.0.0.1 port 8600; };\n};\n");
}

static void
with_a_file_alone_no_defaults_are_added(void **state)
{
	(void)state;
	check_text("-c /etc/named.conf", "");
}

static void
flags_become_statements(void **state)
{
	(void)state;
	check_text("--listen 0.0.0.0:5353 --listen [::1]:5300 --consul consul.local"
		   " --forwarder 1.1.1.1 --forwarder 9.9.9.9:5353 --zone "
		   "corp.example=10.0.0.1,10.0.0.2:54",
	    "options {\n"
	    "\tlisten-on port 5353 { any; };\n"
	    "\tlisten-on-v6 port 5300 { ::1; };\n"
	    "\tforwarders { 1.1.1.1; 9.9.9.9 port 5353; };\n"
	    "};\n"
	    "zone \"consul\" {\n\ttype forward;\n\tforward only;\n\tstale-zero-ttl yes;\n"
	    "\tforwarders { \"consul.local\" port 8600; };\n};\n"
	    "zone \"corp.example\" {\n\ttype forward;\n\tforward only;\n"
	    "\tforwarders { 10.0.0.1; 10.0.0.2 port 54; };\n};\n");
}

static void
any_with_a_port_means_both_families(void **state)
{
	(void)state;
	check_text("--consul none --listen any:54",
	    "options {\n\tlisten-on port 54 { any; };\n\tlisten-on-v6 port 54 { any; };\n};\n");
	check_text("--consul none --listen :54",
	    "options {\n\tlisten-on port 54 { any; };\n\tlisten-on-v6 port 54 { any; };\n};\n");
}

static void
a_family_without_a_listen_flag_is_not_listened_on(void **state)
{
	(void)state;
	check_text("--consul none --listen 127.0.0.1",
	    "options {\n\tlisten-on { 127.0.0.1; };\n\tlisten-on-v6 { none; };\n};\n");
}

static void
a_zone_flag_may_set_the_servers_of_consul(void **state)
{
	(void)state;
	check_text("-c /x --zone consul.=10.0.0.1",
	    "zone \"consul.\" {\n\ttype forward;\n\tforward only;\n\tforwarders { 10.0.0.1; "
	    "};\n};\n");
}

static void
environment_variables_mean_the_same_as_flags(void **state)
{
	(void)state;
	setenv("SPLIT53_LISTEN", "127.0.0.1:5353", 1);
	setenv("SPLIT53_CONSUL", "10.0.0.9:8601", 1);
	setenv("SPLIT53_FORWARDERS", "1.1.1.1, 8.8.4.4", 1);
	setenv("SPLIT53_ZONE", "corp=10.0.0.1,10.0.0.2 lab=10.0.0.3", 1);
	check_text("",
	    "options {\n"
	    "\tlisten-on port 5353 { 127.0.0.1; };\n"
	    "\tlisten-on-v6 { none; };\n"
	    "\tforwarders { 1.1.1.1; 8.8.4.4; };\n"
	    "};\n"
	    "zone \"consul\" {\n\ttype forward;\n\tforward only;\n\tstale-zero-ttl yes;\n"
	    "\tforwarders { 10.0.0.9 port 8601; };\n};\n"
	    "zone \"corp\" {\n\ttype forward;\n\tforward only;\n"
	    "\tforwarders { 10.0.0.1; 10.0.0.2; };\n};\n"
	    "zone \"lab\" {\n\ttype forward;\n\tforward only;\n"
	    "\tforwarders { 10.0.0.3; };\n};\n");
}

static void
flags_override_environment_variables(void **state)
{
	(void)state;
	setenv("SPLIT53_FORWARDER", "1.1.1.1", 1);
	setenv("SPLIT53_LISTEN", "192.0.2.1", 1);
	check_text("--consul none --listen 127.0.0.1 --forwarder 9.9.9.9",
	    "options {\n\tlisten-on { 127.0.0.1; };\n\tlisten-on-v6 { none; };\n"
	    "\tforwarders { 9.9.9.9; };\n};\n");
}

static void
wrong_variables_are_named_in_the_error(void **state)
{
	(void)state;
	setenv("SPLIT53_WORKERS", "many", 1);
	check_error("", "SPLIT53_WORKERS: 'many'");
	unsetenv("SPLIT53_WORKERS");
	setenv("SPLIT53_FORWARDER", "8.8.8", 1);
	check_error("", "SPLIT53_FORWARDER: '8.8.8'");
}

/* Flags of named that are ignored: some take a value, as in 9.18. */
static void
flags_of_named_without_effect_accept_the_values_of_named(void **state)
{
	struct s53_options options;

	(void)state;
	assert_int_equal(parse(&options, "-F -v"), S53_OK);
	assert_int_equal(options.mode, S53_MODE_VERSION);
	assert_string_equal(options.warning, "-F");
	s53_options_fini(&options);
	assert_int_equal(
	    parse(&options, "-s -F -D x -E engine -M fill -m usage -S 9 -T t -U 2 -X x -p 5300"),
	    S53_OK);
	assert_int_equal(options.port, 5300);
	s53_options_fini(&options);
	assert_int_equal(parse(&options, "-N 3"), S53_OK); /* the older -n */
	assert_int_equal(options.workers, 3);
	s53_options_fini(&options);
}

static void
an_empty_environment_variable_counts_as_unset(void **state)
{
	struct s53_options options;

	(void)state;
	setenv("SPLIT53_CONFIG", "", 1);
	setenv("SPLIT53_PORT", "", 1);
	assert_int_equal(parse(&options, ""), S53_OK);
	assert_null(options.config_path);
	assert_int_equal(options.port, 0);
	s53_options_fini(&options);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, forget_environment, forget_environment)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(flags_mean_the_same_as_in_named),
		TEST(flag_g_means_foreground_and_stderr),
		TEST(flags_that_tune_bind_are_accepted_and_reported),
		TEST(a_relative_path_becomes_absolute),
		TEST(check_takes_p_without_a_value_and_a_file),
		TEST(explain_takes_a_name_and_a_client),
		TEST(wrong_flags_are_named_in_the_error),
		TEST(wrong_endpoints_are_named_in_the_error),
		TEST(without_options_it_listens_on_loopback_and_forwards_to_the_local_consul),
		TEST(with_a_file_alone_no_defaults_are_added),
		TEST(flags_become_statements),
		TEST(any_with_a_port_means_both_families),
		TEST(a_family_without_a_listen_flag_is_not_listened_on),
		TEST(a_zone_flag_may_set_the_servers_of_consul),
		TEST(environment_variables_mean_the_same_as_flags),
		TEST(flags_override_environment_variables),
		TEST(wrong_variables_are_named_in_the_error),
		TEST(an_empty_environment_variable_counts_as_unset),
		TEST(flags_of_named_without_effect_accept_the_values_of_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
