/* SPDX-License-Identifier: ISC
 *
 * test_setup_route.c - zones and forwarders of a named.conf as routes.
 */
#include "setup_fixture.h"

static void
the_production_file_routes_consul_separately(void **state)
{
	struct fixture *f = *state;

	write_file(f->resolv_conf, "nameserver 198.51.100.1\nnameserver 198.51.100.2\n");
	build(f,
	    "options { allow-query { any; }; recursion yes; };\n"
	    "zone \"consul\" IN { type forward; forward only;"
	    " forwarders { 127.0.0.1 port 8600; }; };\n");
	check_route(f, "galeradb.service.consul", "127.0.0.1#8600");
	check_route(f, "CONSUL", "127.0.0.1#8600");
	check_route(f, "notconsul", "198.51.100.1#53 198.51.100.2#53");
	check_route(f, "consul.example.com", "198.51.100.1#53 198.51.100.2#53");
}

static void
our_own_address_in_resolv_conf_is_left_out(void **state)
{
	struct fixture *f = *state;

	write_file(
	    f->resolv_conf, "nameserver 127.0.0.1\nnameserver 192.0.2.10\nnameserver 192.0.2.11\n");
	build(f, "options { };");
	check_route(f, "example.com", "192.0.2.11#53");
	build(f, "options { listen-on { 127.0.0.1; }; };");
	check_route(f, "example.com", "192.0.2.10#53 192.0.2.11#53");
	build(f, "options { listen-on port 5353 { any; }; };");
	check_route(f, "example.com", "127.0.0.1#53 192.0.2.10#53 192.0.2.11#53");
}

static void
a_forwarder_that_is_our_own_address_is_left_out_with_a_warning(void **state)
{
	struct fixture *f = *state;

	build(f, "options { forwarders { 127.0.0.1; 198.51.100.1; }; };");
	check_route(f, "example.com", "198.51.100.1#53");
	assert_true(has_diag(f, S53_DIAG_WARNING, "127.0.0.1#53 is where split53 itself listens"));
}

/*
 * BIND lets a view forward to another view; through an address that the same view serves it is a
 * loop.
 */
static void
our_own_address_is_a_server_if_another_view_answers_there(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "view \"outside\" { match-clients { 127.0.0.9; }; forwarders { 198.51.100.1; }; };"
	    "view \"inside\" { match-clients { any; }; query-source address 127.0.0.9;"
	    " forwarders { 127.0.0.1; }; };");
	check_route_in(f, 1, "example.com", "127.0.0.1#53");
	build(f,
	    "view \"one\" { match-destinations { 127.0.0.1; }; forwarders { 192.0.2.10; }; };"
	    "view \"two\" { match-clients { any; }; forwarders { 127.0.0.1; 192.0.2.10; }; };");
	check_route_in(f, 0, "example.com", "192.0.2.10#53");
	check_route_in(f, 1, "example.com", "127.0.0.1#53");
	assert_true(has_diag(f, S53_DIAG_WARNING, "192.0.2.10#53 is where split53 itself listens"));
	build(f,
	    "view \"hosts\" { match-clients { 192.0.2.10; }; forwarders { 127.0.0.1; }; };"
	    "view \"local\" { match-clients { 127.0.0.1; }; forwarders { 192.0.2.10; }; };");
	check_route_in(f, 0, "example.com", "127.0.0.1#53");
	check_route_in(f, 1, "example.com", "192.0.2.10#53");
}

static void
an_address_that_another_program_listens_on_is_not_ours(void **state)
{
	struct fixture *f = *state;
	struct s53_addr addr;

	assert_int_equal(s53_addr_parse("192.0.2.10", 53, &addr), S53_OK);
	assert_true(s53_addr_list_add(&f->foreign, &addr));
	build(f, "options { forwarders { 192.0.2.10; }; };");
	check_route(f, "example.com", "192.0.2.10#53");
}

static void
ports_come_from_the_address_then_the_list_then_53(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders port 54 { 198.51.100.1; 198.51.100.2 port 55; }; };"
	    "zone \"a\" { type forward; forwarders { 198.51.100.3; }; };");
	check_route(f, "x", "198.51.100.1#54 198.51.100.2#55");
	check_route(f, "x.a", "198.51.100.3#53");
}

static void
a_server_that_is_listed_twice_counts_once(void **state)
{
	struct fixture *f = *state;

	build(f, "options { forwarders { 198.51.100.1; 198.51.100.1 port 53; }; };");
	check_route(f, "x", "198.51.100.1#53");
}

static void
the_longest_zone_wins(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; }; };"
	    "zone \"a\" { type forward; forwarders { 198.51.100.2; }; };"
	    "zone \"b.a\" { type forward; forwarders { 198.51.100.3; }; };");
	check_route(f, "x.a", "198.51.100.2#53");
	check_route(f, "b.a", "198.51.100.3#53");
	check_route(f, "c.b.a", "198.51.100.3#53");
	check_route(f, "cb.a", "198.51.100.2#53");
}

static void
an_empty_list_exempts_a_zone_from_its_parents_route(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; }; };"
	    "zone \"a\" { type forward; forwarders { 198.51.100.2; }; };"
	    "zone \"b.a\" { type forward; forwarders { }; };");
	check_route(f, "x.a", "198.51.100.2#53");
	check_route(f, "x.b.a", "198.51.100.1#53");
}

static void
an_empty_default_list_leaves_names_without_a_route(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { }; };"
	    "zone \"a\" { type forward; forwarders { 198.51.100.2; }; };"
	    "zone \"b.a\" { type forward; forwarders { }; };");
	check_route(f, "example.com", "none");
	check_route(f, "x.a", "198.51.100.2#53");
	check_route(f, "x.b.a", "none");
}

static void
a_root_zone_is_the_default_route(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "zone \".\" { type forward; forwarders { 198.51.100.9; }; };"
	    "zone \"b\" { type forward; forwarders { }; };");
	check_route(f, "example.com", "198.51.100.9#53");
	check_route(f, "x.b", "198.51.100.9#53");
}

static void
a_root_hint_is_no_route(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; }; };"
	    "zone \".\" { type hint; file \"/nowhere/db.root\"; };");
	check_route(f, "example.com", "198.51.100.1#53");
}

static void
queries_for_transferred_zones_go_to_their_primaries(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; }; };"
	    "primaries upper { 198.51.100.7; };"
	    "primaries both { upper; 198.51.100.8 port 5300; };"
	    "zone \"a\" { type slave; masters { 198.51.100.2; }; };"
	    "zone \"b\" { type secondary; primaries port 54 { 198.51.100.3; }; };"
	    "zone \"c\" { type stub; masters { both; }; };"
	    "zone \"d\" { type static-stub; server-addresses { 198.51.100.4; }; };");
	check_route(f, "x.a", "198.51.100.2#53");
	check_route(f, "x.b", "198.51.100.3#54");
	check_route(f, "x.c", "198.51.100.7#53 198.51.100.8#5300");
	check_route(f, "x.d", "198.51.100.4#53");
}

static void
a_zone_with_a_file_is_answered_locally(void **state)
{
	struct fixture *f = *state;
	char text[256];

	write_file(f->zone_file, "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n");
	snprintf(text, sizeof(text),
	    "options { forwarders { 198.51.100.1; }; };"
	    "zone \"corp\" { type master; file \"%s\"; allow-query { 192.0.2.1; }; };",
	    f->zone_file);
	build(f, text);
	check_route(f, "x.corp", "local");
	check_route(f, "corp.example", "198.51.100.1#53");
}

static bool
may_ask(const struct s53_view *view, const char *zone, const char *client, const char *local)
{
	struct s53_addr from, to;
	struct s53_name name;

	assert_int_equal(s53_addr_parse(client, 4242, &from), S53_OK);
	assert_int_equal(s53_addr_parse(local, 53, &to), S53_OK);
	assert_int_equal(s53_name_parse(zone, &name), S53_OK);
	return s53_view_may_query(view, s53_routes_find(view->routes, &name), &from, &to);
}

static void
the_lists_of_a_zone_override_those_of_its_view(void **state)
{
	struct fixture *f = *state;
	const struct s53_view *view;
	char text[512];

	write_file(f->zone_file, "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n");
	snprintf(text, sizeof(text),
	    "options { allow-query { 10.0.0.0/8; }; allow-query-on { 127.0.0.1; }; };"
	    "zone \"from\" { type master; file \"%s\"; allow-query { 192.0.2.1; }; };"
	    "zone \"to\" { type master; file \"%s\"; allow-query-on { 127.0.0.2; }; };",
	    f->zone_file, f->zone_file);
	build(f, text);
	view = &f->snapshot->policy.views[0];
	assert_true(may_ask(view, "from", "192.0.2.1", "127.0.0.1"));
	assert_false(may_ask(view, "from", "10.0.0.1", "127.0.0.1"));
	assert_false(may_ask(view, "from", "192.0.2.1", "127.0.0.2"));
	assert_true(may_ask(view, "to", "10.0.0.1", "127.0.0.2"));
	assert_false(may_ask(view, "to", "10.0.0.1", "127.0.0.1"));
}

static void
a_server_in_blackhole_gets_no_queries(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { blackhole { 198.51.100.1; };"
	    " forwarders { 198.51.100.1; 198.51.100.2; }; };");
	check_route(f, "example.com", "198.51.100.2#53");
	assert_true(has_diag(f, S53_DIAG_WARNING, "198.51.100.1#53 is in blackhole"));
}

static void
a_rebuild_reads_no_zone_file(void **state)
{
	struct fixture *f = *state;
	char text[256];

	write_file(f->zone_file, "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n");
	snprintf(text, sizeof(text), "zone \"corp\" { type master; file \"%s\"; };", f->zone_file);
	build(f, text);
	write_file(f->zone_file, "half an edit");
	s53_snapshot_drop(f->snapshot);
	f->snapshot = NULL;
	assert_int_equal(rebuild(f), S53_OK);
	check_route(f, "x.corp", "local");
}

static void
each_view_has_its_own_routes(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; }; };"
	    "view inside { match-clients { 192.0.2.0/24; };"
	    " zone \"corp\" { type forward; forwarders { 198.51.100.2; }; }; };"
	    "view outside { forwarders { 198.51.100.3; };"
	    " zone \"corp\" { type forward; forwarders { 198.51.100.4; }; }; };");
	assert_int_equal(f->snapshot->policy.view_count, 2);
	check_route_in(f, 0, "x.corp", "198.51.100.2#53");
	check_route_in(f, 0, "example", "198.51.100.1#53");
	check_route_in(f, 1, "x.corp", "198.51.100.4#53");
	check_route_in(f, 1, "example", "198.51.100.3#53");
	assert_int_not_equal(view_at(f, 0)->id, view_at(f, 1)->id);
}

static void
a_zone_of_another_class_is_ignored_with_a_warning(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; }; };"
	    "zone \"corp\" CH { type forward; forwarders { 198.51.100.2; }; };");
	check_route(f, "x.corp", "198.51.100.1#53");
	assert_true(f->diags.warning_count > 0);
}

static void
with_flag_4_or_6_only_upstreams_of_that_family_are_used(void **state)
{
	struct fixture *f = *state;

	f->options.family = AF_INET6;
	build(f, "options { forwarders { 198.51.100.1; 2001:db8:1::1; }; };");
	check_route(f, "x", "2001:db8:1::1#53");
	f->options.family = AF_UNSPEC;
	build(f, "options { query-source-v6 none; forwarders { 198.51.100.1; 2001:db8:1::1; }; };");
	check_route(f, "x", "198.51.100.1#53");
}

static const struct s53_upstream_options *
options_of(const struct fixture *f, const char *name)
{
	struct s53_name parsed;
	const struct s53_route *route;

	assert_int_equal(s53_name_parse(name, &parsed), S53_OK);
	route = s53_routes_find(view_at(f, 0)->routes, &parsed);
	assert_non_null(route);
	return s53_upstream_options(s53_group_server(route->group, 0));
}

static void
the_server_statement_with_the_longest_prefix_applies(void **state)
{
	struct fixture *f = *state;
	char text[S53_ADDR_TEXT];

	build(f,
	    "options { query-source address 192.0.2.10; edns-udp-size 1400; };"
	    "server 198.51.100.0/24 { edns no; };"
	    "server 198.51.100.2 { tcp-only yes; edns-udp-size 4096; };"
	    "zone \"a\" { type forward; forwarders { 198.51.100.1; }; };"
	    "zone \"b\" { type forward; forwarders { 198.51.100.2; }; };"
	    "zone \"c\" { type forward; forwarders { 203.0.113.1; }; };");
	assert_false(options_of(f, "a")->edns);
	assert_true(options_of(f, "b")->edns);
	assert_true(options_of(f, "b")->tcp_only);
	assert_int_equal(options_of(f, "b")->edns_udp_size, 4096);
	assert_true(options_of(f, "c")->edns);
	assert_int_equal(options_of(f, "c")->edns_udp_size, 1400);
	assert_string_equal(s53_addr_print_host(&options_of(f, "c")->source, text), "192.0.2.10");
}

static void
the_command_line_replaces_forwarders_and_zones(void **state)
{
	struct fixture *f = *state;

	f->options.forwarders = (struct s53_option_list){
		.origin = "--forwarder", .values = { "198.51.100.9" }, .count = 1
	};
	f->options.zones = (struct s53_option_list){
		.origin = "--zone", .values = { "CORP=198.51.100.8:54" }, .count = 1
	};
	build(f,
	    "options { forwarders { 198.51.100.1; }; };"
	    "zone \"corp\" { type forward; forwarders { 198.51.100.2; }; };"
	    "zone \"other\" { type forward; forwarders { 198.51.100.3; }; };");
	check_route(f, "x", "198.51.100.9#53");
	check_route(f, "x.corp", "198.51.100.8#54");
	check_route(f, "x.other", "198.51.100.3#53");
	assert_true(has_diag(f, S53_DIAG_NOTICE, "overrides this one"));
}

static void
a_host_name_without_an_address_yet_leaves_the_other_servers_in_use(void **state)
{
	struct fixture *f = *state;

	build(f, "options { forwarders { \"no.such.invalid\"; 198.51.100.1; }; };");
	check_route(f, "x", "198.51.100.1#53");
	assert_string_equal(f->snapshot->hosts->name, "no.such.invalid");
	build(f, "options { forwarders { \"no.such.invalid\"; }; };");
	check_route(f, "x", "no server");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_production_file_routes_consul_separately),
		TEST(our_own_address_in_resolv_conf_is_left_out),
		TEST(a_forwarder_that_is_our_own_address_is_left_out_with_a_warning),
		TEST(an_address_that_another_program_listens_on_is_not_ours),
		TEST(our_own_address_is_a_server_if_another_view_answers_there),
		TEST(ports_come_from_the_address_then_the_list_then_53),
		TEST(a_server_that_is_listed_twice_counts_once),
		TEST(the_longest_zone_wins),
		TEST(an_empty_list_exempts_a_zone_from_its_parents_route),
		TEST(an_empty_default_list_leaves_names_without_a_route),
		TEST(a_root_zone_is_the_default_route),
		TEST(a_root_hint_is_no_route),
		TEST(queries_for_transferred_zones_go_to_their_primaries),
		TEST(a_zone_with_a_file_is_answered_locally),
		TEST(the_lists_of_a_zone_override_those_of_its_view),
		TEST(a_server_in_blackhole_gets_no_queries),
		TEST(a_rebuild_reads_no_zone_file),
		TEST(each_view_has_its_own_routes),
		TEST(a_zone_of_another_class_is_ignored_with_a_warning),
		TEST(with_flag_4_or_6_only_upstreams_of_that_family_are_used),
		TEST(the_server_statement_with_the_longest_prefix_applies),
		TEST(the_command_line_replaces_forwarders_and_zones),
		TEST(a_host_name_without_an_address_yet_leaves_the_other_servers_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
