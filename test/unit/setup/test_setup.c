/* SPDX-License-Identifier: ISC
 *
 * test_setup.c - listeners, access, limits and the log of a named.conf.
 */
#include <syslog.h>

#include "setup_fixture.h"

static void
the_default_is_port_53_of_every_address(void **state)
{
	struct fixture *f = *state;

	build(f, "options { };");
	assert_true(listens(f, "127.0.0.1"));
	assert_true(listens(f, "192.0.2.10"));
	assert_true(listens(f, "::1"));
	assert_true(listens(f, "2001:db8::10"));
	assert_int_equal(f->snapshot->ours.count, 4);
}

static void
listen_on_picks_addresses_of_interfaces(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { listen-on { !192.0.2.10; any; }; listen-on port 54 { 192.0.2.0/24; };"
	    " listen-on-v6 { none; }; };");
	assert_true(listens(f, "127.0.0.1:53"));
	assert_true(listens(f, "192.0.2.10:54"));
	assert_int_equal(f->snapshot->ours.count, 2);
}

static void
any_loopback_address_may_be_configured(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "acl mine { 127.0.0.53; }; options { listen-on { mine; }; listen-on-v6 { none; }; };");
	assert_true(listens(f, "127.0.0.53"));
	assert_int_equal(f->snapshot->ours.count, 1);
	assert_int_equal(f->snapshot->rules[0].named_count, 1);
}

static void
flag_p_overrides_port_and_the_port_of_listen_on_overrides_both(void **state)
{
	struct fixture *f = *state;

	f->options.port = 5353;
	build(f,
	    "options { port 54; listen-on { 127.0.0.1; }; listen-on port 55 { 127.0.0.1; };"
	    " listen-on-v6 { none; }; };");
	assert_true(listens(f, "127.0.0.1:5353"));
	assert_true(listens(f, "127.0.0.1:55"));
	assert_int_equal(f->snapshot->ours.count, 2);
	f->options.port = 0;
	build(f, "options { port 54; listen-on-v6 { none; }; };");
	assert_true(listens(f, "127.0.0.1:54"));
}

static void
with_flag_4_it_listens_on_ipv4_only(void **state)
{
	struct fixture *f = *state;

	f->options.family = AF_INET;
	build(f, "options { };");
	assert_int_equal(f->snapshot->ours.count, 2);
	assert_false(listens(f, "::1"));
}

static void
the_command_line_replaces_listen_on(void **state)
{
	struct fixture *f = *state;

	f->options.listen = (struct s53_option_list){
		.origin = "--listen", .values = { "127.0.0.1:5353" }, .count = 1
	};
	build(f, "options { listen-on { any; }; };");
	assert_true(listens(f, "127.0.0.1:5353"));
	assert_int_equal(f->snapshot->ours.count, 1);
	assert_true(has_diag(f, S53_DIAG_NOTICE, "--listen on the command line"));
}

static void
recursion_is_for_the_local_networks_by_default(void **state)
{
	struct fixture *f = *state;
	const struct s53_view *view;

	build(f, "options { };");
	view = view_at(f, 0);
	assert_true(view->recursion);
	assert_true(allows(view->allow_query, "203.0.113.1"));
	assert_false(allows(view->allow_recursion, "203.0.113.1"));
	assert_false(allows(view->allow_query_cache, "203.0.113.1"));
	assert_true(allows(view->allow_recursion, "127.0.0.9"));
	assert_true(allows(view->allow_recursion, "192.0.2.77"));
	assert_true(allows(view->allow_query_cache, "2001:db8::77"));
	assert_true(f->snapshot->uses_interfaces);
}

static void
allow_query_is_the_default_of_allow_recursion_and_allow_query_cache(void **state)
{
	struct fixture *f = *state;

	build(f, "options { allow-query { any; }; };");
	assert_true(allows(view_at(f, 0)->allow_recursion, "203.0.113.1"));
	assert_true(allows(view_at(f, 0)->allow_query_cache, "203.0.113.1"));
	assert_false(f->snapshot->uses_interfaces);
}

static void
allow_recursion_and_allow_query_cache_are_defaults_of_each_other(void **state)
{
	struct fixture *f = *state;
	const struct s53_view *view;

	build(f, "options { allow-query { any; }; allow-query-cache { 192.0.2.1; }; };");
	view = view_at(f, 0);
	assert_false(allows(view->allow_recursion, "203.0.113.1"));
	assert_true(allows(view->allow_recursion, "192.0.2.1"));
	build(f, "options { allow-recursion { 192.0.2.2; }; };");
	view = view_at(f, 0);
	assert_true(allows(view->allow_query_cache, "192.0.2.2"));
	assert_false(allows(view->allow_query_cache, "192.0.2.1"));
	build(f, "options { allow-recursion-on { 192.0.2.10; }; };");
	view = view_at(f, 0);
	assert_false(allows(view->allow_query_cache_on, "127.0.0.1"));
}

static void
a_view_without_recursion_keeps_its_cache(void **state)
{
	struct fixture *f = *state;

	build(f, "options { recursion no; };");
	assert_false(view_at(f, 0)->recursion);
	assert_false(allows(view_at(f, 0)->allow_query_cache, "127.0.0.1"));
	assert_true(allows(view_at(f, 0)->allow_query, "127.0.0.1"));
}

static void
a_view_overrides_options(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { recursion no; max-udp-size 1000; resolver-query-timeout 2000; };"
	    "view a { match-clients { 192.0.2.0/24; }; recursion yes; max-udp-size 4096; };"
	    "view b { match-recursive-only yes; };");
	assert_true(view_at(f, 0)->recursion);
	assert_int_equal(view_at(f, 0)->udp_size_max, 4096);
	assert_int_equal(view_at(f, 0)->udp_size_loopback, 4096);
	assert_int_equal(view_at(f, 0)->query_timeout_ms, 2000);
	assert_false(view_at(f, 1)->recursion);
	assert_int_equal(view_at(f, 1)->udp_size_max, 1000);
	assert_int_equal(view_at(f, 1)->udp_size_loopback, 1000);
	assert_true(view_at(f, 1)->match_recursive_only);
	assert_false(allows(view_at(f, 0)->match_clients, "203.0.113.1"));
}

static void
acls_nest_and_negate(void **state)
{
	struct fixture *f = *state;
	const struct s53_acl *acl;

	build(f,
	    "acl bad { 192.0.2.66; }; acl inside { !bad; 192.0.2.0/24; { 10.0.0.0/8; }; };"
	    "options { allow-query { inside; }; };");
	acl = view_at(f, 0)->allow_query;
	assert_true(allows(acl, "192.0.2.1"));
	assert_false(allows(acl, "192.0.2.66"));
	assert_true(allows(acl, "10.1.2.3"));
	assert_false(allows(acl, "203.0.113.1"));
}

static void
none_matches_no_client_and_not_none_every_client(void **state)
{
	struct fixture *f = *state;

	build(f, "options { allow-query { none; }; };");
	assert_false(allows(view_at(f, 0)->allow_query, "127.0.0.1"));
	build(f, "options { allow-query { !none; }; };");
	assert_true(allows(view_at(f, 0)->allow_query, "127.0.0.1"));
	build(f, "options { allow-query { !any; }; blackhole { 192.0.2.1; }; };");
	assert_false(allows(view_at(f, 0)->allow_query, "127.0.0.1"));
	assert_true(allows(f->snapshot->policy.blackhole, "192.0.2.1"));
}

static void
limits_are_those_of_bind_unless_configured(void **state)
{
	struct fixture *f = *state;

	build(f, "options { };");
	assert_int_equal(f->snapshot->policy.recursive_clients, 1000);
	assert_int_equal(f->snapshot->tcp_clients, 150);
	assert_int_equal(f->snapshot->tcp_idle_100ms, 300);
	assert_int_equal(f->snapshot->tcp_initial_100ms, 300);
	assert_int_equal(f->snapshot->policy.tcp_keepalive_100ms, 300);
	assert_int_equal(f->snapshot->tcp_listen_queue, 10);
	assert_int_equal(view_at(f, 0)->udp_size_max, 1232);
	assert_int_equal(view_at(f, 0)->udp_size_loopback, 65507);
	assert_int_equal(view_at(f, 0)->edns_udp_size, 1232);
	assert_int_equal(view_at(f, 0)->query_timeout_ms, 4500);
	build(f,
	    "options { recursive-clients 5; tcp-clients 6; tcp-idle-timeout 70;"
	    " tcp-initial-timeout 80; tcp-keepalive-timeout 90; tcp-listen-queue 11; };");
	assert_int_equal(f->snapshot->policy.recursive_clients, 5);
	assert_int_equal(f->snapshot->tcp_clients, 6);
	assert_int_equal(f->snapshot->tcp_idle_100ms, 70);
	assert_int_equal(f->snapshot->tcp_initial_100ms, 80);
	assert_int_equal(f->snapshot->policy.tcp_keepalive_100ms, 90);
	assert_int_equal(f->snapshot->tcp_listen_queue, 11);
}

static void
the_texts_of_chaos_names_are_configurable(void **state)
{
	struct fixture *f = *state;
	char host[256];

	build(f, "options { };");
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	assert_string_equal(view_at(f, 0)->version, "split53 " S53_VERSION);
	assert_string_equal(view_at(f, 0)->hostname, host);
	assert_null(view_at(f, 0)->server_id);
	build(f, "options { version \"none\"; hostname none; server-id hostname; };");
	assert_string_equal(view_at(f, 0)->version, "none");
	assert_null(view_at(f, 0)->hostname);
	assert_string_equal(view_at(f, 0)->server_id, host);
}

static void
a_pid_file_is_relative_to_directory(void **state)
{
	struct fixture *f = *state;

	build(f, "options { directory \"/var/named\"; pid-file \"run/pid\"; };");
	assert_string_equal(f->snapshot->pid_file, "/var/named/run/pid");
	build(f, "options { pid-file none; };");
	assert_null(f->snapshot->pid_file);
	build(f, "options { };");
	assert_string_equal(f->snapshot->pid_file, "/run/split53/split53.pid");
	assert_false(f->snapshot->pid_file_written);
}

static const struct s53_log_channel *
channel_of(const struct fixture *f, enum s53_log_category category, unsigned nth)
{
	uint64_t set = f->snapshot->log.category_channels[category];

	for (unsigned i = 0; i < f->snapshot->log.channel_count; i++)
		if ((set >> i & 1) != 0 && nth-- == 0)
			return &f->snapshot->log.channels[i];
	return NULL;
}

static void
the_default_log_is_the_daemon_facility_of_syslog(void **state)
{
	struct fixture *f = *state;

	build(f, "options { };");
	assert_int_equal(channel_of(f, S53_LOG_DEFAULT, 0)->kind, S53_LOG_TO_SYSLOG);
	assert_int_equal(channel_of(f, S53_LOG_DEFAULT, 0)->facility, LOG_DAEMON);
	assert_int_equal(channel_of(f, S53_LOG_DEFAULT, 1)->kind, S53_LOG_TO_NULL);
	assert_int_equal(channel_of(f, S53_LOG_UNMATCHED, 0)->kind, S53_LOG_TO_NULL);
	assert_int_equal(f->snapshot->log.category_channels[S53_LOG_CLIENT], 0);
	assert_false(f->snapshot->policy.query_log);
}

static void
L_is_a_file_in_place_of_syslog(void **state)
{
	struct fixture *f = *state;

	f->options.log_path = "/tmp/x.log";
	build(f, "options { };");
	assert_int_equal(channel_of(f, S53_LOG_DEFAULT, 0)->kind, S53_LOG_TO_FILE);
	assert_string_equal(channel_of(f, S53_LOG_DEFAULT, 0)->path, "/tmp/x.log");
}

static void
channels_and_categories_are_read_from_the_configuration(void **state)
{
	struct fixture *f = *state;
	const struct s53_log_channel *channel;

	build(f,
	    "options { directory \"/var/named\"; };"
	    "logging {"
	    " channel q { file \"q.log\" versions 3 size 1m; severity debug 3;"
	    "  print-time iso8601; print-category yes; print-severity yes; };"
	    " channel s { syslog local3; severity warning; };"
	    " channel d { stderr; severity dynamic; print-time yes; };"
	    " category queries { q; s; };"
	    " category client { null; };"
	    " category default { d; };"
	    "};");
	channel = channel_of(f, S53_LOG_QUERIES, 0);
	assert_string_equal(channel->path, "/var/named/q.log");
	assert_int_equal(channel->versions, 3);
	assert_int_equal(channel->size_max, 1048576);
	assert_int_equal(channel->severity, S53_LOG_DEBUG + 2);
	assert_int_equal(channel->print_time, S53_LOG_TIME_ISO8601);
	assert_true(channel->print_category && channel->print_severity);
	channel = channel_of(f, S53_LOG_QUERIES, 1);
	assert_int_equal(channel->facility, LOG_LOCAL3);
	assert_int_equal(channel->severity, S53_LOG_WARNING);
	channel = channel_of(f, S53_LOG_DEFAULT, 0);
	assert_int_equal(channel->kind, S53_LOG_TO_STDERR);
	assert_true(channel->dynamic);
	assert_int_equal(channel->print_time, S53_LOG_TIME_LOCAL);
	assert_int_equal(channel_of(f, S53_LOG_CLIENT, 0)->kind, S53_LOG_TO_NULL);
	assert_true(f->snapshot->policy.query_log); /* a channel for queries enables it */
	build(f, "options { querylog no; }; logging { category queries { default_stderr; }; };");
	assert_false(f->snapshot->policy.query_log);
	build(f, "options { querylog yes; };");
	assert_true(f->snapshot->policy.query_log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_default_is_port_53_of_every_address),
		TEST(listen_on_picks_addresses_of_interfaces),
		TEST(any_loopback_address_may_be_configured),
		TEST(flag_p_overrides_port_and_the_port_of_listen_on_overrides_both),
		TEST(with_flag_4_it_listens_on_ipv4_only),
		TEST(the_command_line_replaces_listen_on),
		TEST(recursion_is_for_the_local_networks_by_default),
		TEST(allow_query_is_the_default_of_allow_recursion_and_allow_query_cache),
		TEST(allow_recursion_and_allow_query_cache_are_defaults_of_each_other),
		TEST(a_view_without_recursion_keeps_its_cache),
		TEST(a_view_overrides_options),
		TEST(acls_nest_and_negate),
		TEST(none_matches_no_client_and_not_none_every_client),
		TEST(limits_are_those_of_bind_unless_configured),
		TEST(the_texts_of_chaos_names_are_configurable),
		TEST(a_pid_file_is_relative_to_directory),
		TEST(the_default_log_is_the_daemon_facility_of_syslog),
		TEST(L_is_a_file_in_place_of_syslog),
		TEST(channels_and_categories_are_read_from_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
