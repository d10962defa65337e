/* SPDX-License-Identifier: ISC
 *
 * test_setup_upstream.c - server selection and health checks as configured in a named.conf.
 */
#include "setup_fixture.h"

#include <split53/mnemonic.h>

static const struct s53_group_rules *
rules_in(const struct fixture *f, unsigned view, const char *name)
{
	return s53_group_rules(route_at(f, view, name)->group);
}

static const struct s53_group_rules *
rules_of(const struct fixture *f, const char *name)
{
	return rules_in(f, 0, name);
}

/* "192.0.2.1#53/2 ...": servers with their tiers. */
static void
check_tiers(const struct fixture *f, const char *name, const char *expected)
{
	const struct s53_group *group = route_at(f, 0, name)->group;
	char text[512] = "", addr[S53_ADDR_TEXT];
	size_t used = 0;

	for (unsigned i = 0; i < s53_group_size(group); i++)
		used +=
		    (size_t)snprintf(text + used, sizeof(text) - used, "%s%s/%u", i == 0 ? "" : " ",
			s53_addr_print(s53_upstream_addr(s53_group_server(group, i)), addr),
			s53_group_tier(group, i));
	assert_string_equal(text, expected);
}

static const struct s53_snapshot_check *
check_of(const struct fixture *f, const char *addr)
{
	const struct s53_snapshot_check *found = NULL;
	char text[S53_ADDR_TEXT];

	for (const struct s53_snapshot_check *it = f->snapshot->checks; it != NULL; it = it->next) {
		if (strcmp(s53_addr_print(s53_upstream_addr(it->upstream), text), addr) != 0)
			continue;
		assert_null(found); /* one for each server */
		found = it;
	}
	assert_non_null(found);
	return found;
}

/* "SOA consul": the query that probes of a server send. */
static void
check_asks(const struct fixture *f, const char *addr, const char *expected)
{
	const struct s53_health_check *check = &check_of(f, addr)->check;
	char type[S53_MNEMONIC_TEXT], name[S53_NAME_TEXT], text[sizeof(type) + sizeof(name)];

	snprintf(text, sizeof(text), "%s %s", s53_type_print(check->type, type),
	    s53_name_print(&check->name, name));
	assert_string_equal(text, expected);
}

static void
the_default_is_the_server_selection_of_bind_without_quotas(void **state)
{
	struct fixture *f = *state;

	build(f, "options { forwarders { 198.51.100.1; 198.51.100.2; }; };");
	assert_int_equal(rules_of(f, "x")->policy, S53_FORWARDERS_FASTEST);
	assert_int_equal(rules_of(f, "x")->per_server.limit, 0);
	assert_int_equal(rules_of(f, "x")->per_zone.limit, 0);
	assert_int_equal(view_at(f, 0)->clients_per_query, 0);
	assert_int_equal(view_at(f, 0)->max_clients_per_query, 0);
	check_tiers(f, "x", "198.51.100.1#53/1 198.51.100.2#53/1");
}

static void
the_policy_of_a_zone_overrides_that_of_its_view_and_of_options(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; }; forwarders-policy ordered; };"
	    "view in { match-clients { 192.0.2.0/24; }; forwarders-policy race;"
	    " zone a { type forward; forwarders { 198.51.100.2; }; };"
	    " zone b { type forward; forwarders { 198.51.100.2; };"
	    " forwarders-policy round-robin; };"
	    " zone d { type forward; forwarders { }; }; };"
	    "view out {"
	    " zone a { type stub; primaries { 198.51.100.2; }; forwarders-policy random; };"
	    " zone b { type static-stub; server-addresses { 198.51.100.2; };"
	    " forwarders-policy least-outstanding; };"
	    " zone c { type secondary; primaries { 198.51.100.2; }; }; };");
	assert_int_equal(rules_in(f, 0, "x")->policy, S53_FORWARDERS_RACE);
	assert_int_equal(rules_in(f, 0, "a")->policy, S53_FORWARDERS_RACE);
	assert_int_equal(rules_in(f, 0, "b")->policy, S53_FORWARDERS_ROUND_ROBIN);
	assert_int_equal(rules_in(f, 1, "x")->policy, S53_FORWARDERS_ORDERED);
	assert_int_equal(rules_in(f, 1, "a")->policy, S53_FORWARDERS_RANDOM);
	assert_int_equal(rules_in(f, 1, "b")->policy, S53_FORWARDERS_LEAST_OUTSTANDING);
	assert_int_equal(rules_in(f, 1, "c")->policy, S53_FORWARDERS_ORDERED);
	assert_ptr_equal(route_at(f, 0, "d")->group, route_at(f, 0, "x")->group);
}

static void
exempt_zones_use_the_policy_of_a_root_zone(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "zone \".\" { type forward; forwarders { 198.51.100.9; }; forwarders-policy race; };"
	    "zone b { type forward; forwarders { }; };");
	assert_int_equal(rules_of(f, "x")->policy, S53_FORWARDERS_RACE);
	assert_int_equal(rules_of(f, "b")->policy, S53_FORWARDERS_RACE);
}

static void
the_servers_of_resolv_conf_are_chosen_by_the_policy_of_options(void **state)
{
	struct fixture *f = *state;

	write_file(f->resolv_conf, "nameserver 198.51.100.1\nnameserver 198.51.100.2\n");
	build(f, "options { forwarders-policy ordered; fetches-per-server 7; };");
	assert_int_equal(rules_of(f, "x")->policy, S53_FORWARDERS_ORDERED);
	assert_int_equal(rules_of(f, "x")->per_server.limit, 7);
	check_tiers(f, "x", "198.51.100.1#53/1 198.51.100.2#53/1");
	check_asks(f, "198.51.100.1#53", "NS .");
}

static void
tiers_are_read_and_servers_of_a_named_list_inherit_its_tier(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1 tier 2; 198.51.100.2 port 54 tier 32;"
	    " 198.51.100.3; }; };"
	    "primaries inner { 198.51.100.7 tier 2; 198.51.100.8; };"
	    "zone a { type stub; primaries { inner tier 4; 198.51.100.9; }; };"
	    "zone b { type static-stub; server-addresses { 198.51.100.1 tier 3; }; };");
	check_tiers(f, "x", "198.51.100.1#53/2 198.51.100.2#54/32 198.51.100.3#53/1");
	check_tiers(f, "a", "198.51.100.7#53/2 198.51.100.8#53/4 198.51.100.9#53/1");
	check_tiers(f, "b", "198.51.100.1#53/3");
}

static void
a_server_that_is_listed_twice_has_its_first_tier(void **state)
{
	struct fixture *f = *state;

	build(f, "options { forwarders { 198.51.100.1 tier 2; 198.51.100.1 port 53; }; };");
	check_tiers(f, "x", "198.51.100.1#53/2");
	assert_true(has_diag(f, S53_DIAG_WARNING, "tier 2 is used, not tier 1"));
	build(f, "options { forwarders { 198.51.100.1; 198.51.100.1 tier 1; }; };");
	assert_int_equal(warnings_of(f), 0);
}

static void
queries_over_a_quota_are_treated_as_in_bind_unless_configured(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; }; fetches-per-server 10;"
	    " fetches-per-zone 20; };"
	    "view in { match-clients { 192.0.2.0/24; }; fetches-per-server 11 drop;"
	    " fetches-per-zone 21 fail; zone a { type forward; forwarders { 198.51.100.2; }; };"
	    " };"
	    "view out { };");
	assert_int_equal(rules_in(f, 0, "a")->per_server.limit, 11);
	assert_true(rules_in(f, 0, "a")->per_server.drop);
	assert_int_equal(rules_in(f, 0, "a")->per_zone.limit, 21);
	assert_false(rules_in(f, 0, "a")->per_zone.drop);
	assert_int_equal(rules_in(f, 1, "x")->per_server.limit, 10);
	assert_false(rules_in(f, 1, "x")->per_server.drop);
	assert_int_equal(rules_in(f, 1, "x")->per_zone.limit, 20);
	assert_true(rules_in(f, 1, "x")->per_zone.drop);
}

static void
clients_per_query_implies_the_maximum_of_bind(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; }; clients-per-query 10; };"
	    "view a { match-clients { 192.0.2.1; }; };"
	    "view b { match-clients { 192.0.2.2; }; clients-per-query 200; };"
	    "view c { match-clients { 192.0.2.3; }; max-clients-per-query 50; };"
	    "view d { match-clients { 192.0.2.4; }; max-clients-per-query 0; };"
	    "view e { clients-per-query 0; };");
	assert_int_equal(warnings_of(f), 0);
	assert_int_equal(view_at(f, 0)->clients_per_query, 10);
	assert_int_equal(view_at(f, 0)->max_clients_per_query, 100);
	assert_int_equal(view_at(f, 1)->clients_per_query, 200);
	assert_int_equal(view_at(f, 1)->max_clients_per_query, 200);
	assert_int_equal(view_at(f, 2)->max_clients_per_query, 50);
	assert_int_equal(view_at(f, 3)->clients_per_query, 10);
	assert_int_equal(view_at(f, 3)->max_clients_per_query, 0);
	assert_int_equal(view_at(f, 4)->clients_per_query, 0);
	assert_int_equal(view_at(f, 4)->max_clients_per_query, 0);
}

static void
a_maximum_below_clients_per_query_is_raised_and_one_without_it_is_warned_of(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; }; clients-per-query 30;"
	    " max-clients-per-query 20; }; view a { match-clients { 192.0.2.1; }; }; view b { };");
	assert_int_equal(view_at(f, 1)->max_clients_per_query, 30);
	assert_true(has_diag(f, S53_DIAG_WARNING, "20 is raised to 30"));
	assert_int_equal(warnings_of(f), 1);
	build(f, "options { forwarders { 198.51.100.1; }; max-clients-per-query 20; };");
	assert_int_equal(view_at(f, 0)->max_clients_per_query, 0);
	assert_true(has_diag(f, S53_DIAG_WARNING, "no effect without 'clients-per-query'"));
}

static void
the_id_of_a_route_does_not_depend_on_policy_tiers_or_health_checks(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	build(f, "zone a { type forward; forwarders { 198.51.100.1; 198.51.100.2; }; };");
	id = route_at(f, 0, "a")->id;
	build(f,
	    "options { fetches-per-server 9; fetches-per-zone 9; clients-per-query 9; };"
	    "server 198.51.100.1 { health-check { rise 5; }; };"
	    "zone a { type forward; forwarders { 198.51.100.2 tier 2; 198.51.100.1; };"
	    " forwarders-policy ordered; health-check { mode never; }; };");
	assert_int_equal(route_at(f, 0, "a")->id, id);
	build(f, "zone a { type forward; forwarders { 198.51.100.1; 198.51.100.3; }; };");
	assert_int_not_equal(route_at(f, 0, "a")->id, id);
}

static void
the_default_health_check_queries_the_apex_of_the_zone(void **state)
{
	struct fixture *f = *state;
	const struct s53_health_check *check;

	build(f,
	    "options { forwarders { 198.51.100.1; 198.51.100.2; }; };"
	    "zone Consul { type forward; forwarders { 127.0.0.1 port 8600; }; };");
	check_asks(f, "198.51.100.1#53", "NS .");
	check_asks(f, "198.51.100.2#53", "NS .");
	check_asks(f, "127.0.0.1#8600", "SOA consul");
	assert_false(check_of(f, "127.0.0.1#8600")->written);
	check = &check_of(f, "127.0.0.1#8600")->check;
	assert_int_equal(check->mode, S53_PROBE_MODE_LAZY);
	assert_int_equal(check->accept, S53_PROBE_ACCEPT);
	assert_int_equal(check->interval_s, S53_PROBE_INTERVAL_S);
	assert_int_equal(check->interval_max_s, S53_PROBE_INTERVAL_MAX_S);
	assert_int_equal(check->timeout_ms, S53_PROBE_TIMEOUT_MS);
	assert_int_equal(check->rise, S53_PROBE_RISE);
	assert_int_equal(check->fall, S53_PROBE_FALL);
}

static void
a_health_check_queries_the_deepest_zone_and_a_reverse_one_only_without_another(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; 198.51.100.2; 198.51.100.3; }; };"
	    "zone consul { type forward; forwarders { 198.51.100.1; }; };"
	    "zone \"10.in-addr.arpa\" { type forward; forwarders { 198.51.100.1; 198.51.100.2; }; "
	    "};"
	    "zone \"a.b.example\" { type forward; forwarders { 198.51.100.3; }; };"
	    "zone \"b.example\" { type forward; forwarders { 198.51.100.3; }; };");
	check_asks(f, "198.51.100.1#53", "SOA consul");
	check_asks(f, "198.51.100.2#53", "SOA 10.in-addr.arpa");
	check_asks(f, "198.51.100.3#53", "SOA a.b.example");
}

static void
the_options_of_a_health_check_are_read(void **state)
{
	struct fixture *f = *state;
	const struct s53_health_check *check;

	build(f,
	    "zone a { type forward; forwarders { 198.51.100.1; }; health-check {"
	    " name \"Web.Service.Consul\"; type SRV; accept { NOERROR; REFUSED; 23; };"
	    " interval 5 1m; timeout 250; rise 1; fall 7; mode always; }; };");
	check = &check_of(f, "198.51.100.1#53")->check;
	check_asks(f, "198.51.100.1#53", "SRV web.service.consul");
	assert_true(check_of(f, "198.51.100.1#53")->written);
	assert_int_equal(check->accept, UINT32_C(1) << 0 | UINT32_C(1) << 5 | UINT32_C(1) << 23);
	assert_int_equal(check->interval_s, 5);
	assert_int_equal(check->interval_max_s, 60);
	assert_int_equal(check->timeout_ms, 250);
	assert_int_equal(check->rise, 1);
	assert_int_equal(check->fall, 7);
	assert_int_equal(check->mode, S53_PROBE_MODE_ALWAYS);
}

static void
the_only_server_of_a_zone_is_down_after_4500_ms_by_default(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; 198.51.100.2; }; };"
	    "zone a { type forward; forwarders { 198.51.100.3; }; };"
	    "zone b { type forward; forwarders { 198.51.100.2; }; };");
	assert_int_equal(check_of(f, "198.51.100.1#53")->check.down_after_ms, 0);
	assert_int_equal(check_of(f, "198.51.100.2#53")->check.down_after_ms, 4500);
	assert_int_equal(check_of(f, "198.51.100.3#53")->check.down_after_ms, 4500);
	assert_false(check_of(f, "198.51.100.3#53")->written);
	build(f,
	    "options { resolver-query-timeout 10000; forwarders { 198.51.100.1; }; };"
	    "zone a { type forward; forwarders { 198.51.100.3; };"
	    " health-check { down-after 2000; }; };");
	assert_int_equal(check_of(f, "198.51.100.1#53")->check.down_after_ms, 5000);
	assert_int_equal(check_of(f, "198.51.100.3#53")->check.down_after_ms, 2000);
}

static void
down_after_without_effect_is_warned_of(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.9; }; };"
	    "zone a { type forward; forwarders { 198.51.100.3; 198.51.100.4; };"
	    " health-check { down-after 2000; }; };");
	assert_int_equal(f->diags.warning_count, 1);
	assert_int_equal(check_of(f, "198.51.100.3#53")->check.down_after_ms, 0);
	build(f,
	    "options { health-check { down-after 2000; }; forwarders { 198.51.100.9; }; };"
	    "zone a { type forward; forwarders { 198.51.100.3; 198.51.100.4; }; };");
	assert_int_equal(f->diags.warning_count, 0);
	assert_int_equal(check_of(f, "198.51.100.9#53")->check.down_after_ms, 2000);
}

static void
the_liveness_probe_is_in_the_deepest_zone_whatever_name_is_configured(void **state)
{
	struct fixture *f = *state;
	char text[S53_NAME_TEXT];

	build(f,
	    "options { forwarders { 198.51.100.1; }; };"
	    "zone \"10.in-addr.arpa\" { type forward; forwarders { 198.51.100.1; }; };"
	    "zone consul { type forward; forwarders { 198.51.100.1; };"
	    " health-check { name \"consul.example\"; }; };");
	assert_string_equal(s53_name_print(&check_of(f, "198.51.100.1#53")->check.liveness, text),
	    "00000000.addr.consul");
}

static void
an_interval_over_30_s_is_also_the_maximum(void **state)
{
	struct fixture *f = *state;

	build(f, "options { forwarders { 198.51.100.1; }; health-check { interval 45; }; };");
	assert_int_equal(check_of(f, "198.51.100.1#53")->check.interval_s, 45);
	assert_int_equal(check_of(f, "198.51.100.1#53")->check.interval_max_s, 45);
	build(f, "options { forwarders { 198.51.100.1; }; health-check { interval 5; }; };");
	assert_int_equal(check_of(f, "198.51.100.1#53")->check.interval_max_s, 30);
}

static void
each_option_of_a_health_check_is_inherited_separately(void **state)
{
	struct fixture *f = *state;
	const struct s53_health_check *check;

	build(f,
	    "options { health-check { rise 10; fall 10; timeout 1010; interval 10; }; };"
	    "view v { health-check { fall 20; timeout 1020; interval 20; };"
	    " server 198.51.100.0/24 { health-check { interval 40; }; };"
	    " zone a { type forward; forwarders { 198.51.100.1; };"
	    " health-check { timeout 1030; interval 30; }; }; };");
	check = &check_of(f, "198.51.100.1#53")->check;
	assert_int_equal(check->rise, 10);
	assert_int_equal(check->fall, 20);
	assert_int_equal(check->timeout_ms, 1030);
	assert_int_equal(check->interval_s, 40);
	check_asks(f, "198.51.100.1#53", "SOA a");
}

static void
a_name_in_options_is_probed_only_at_servers_of_its_route(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; };"
	    " health-check { name \"www.example.com\"; type A; rise 4; }; };"
	    "zone consul { type forward; forwarders { 127.0.0.1 port 8600; }; };");
	check_asks(f, "198.51.100.1#53", "A www.example.com");
	check_asks(f, "127.0.0.1#8600", "SOA consul");
	assert_int_equal(check_of(f, "127.0.0.1#8600")->check.rise, 4);
	build(f,
	    "options { forwarders { 198.51.100.1; };"
	    " health-check { name \"web.service.consul\"; type A; }; };"
	    "zone consul { type forward; forwarders { 127.0.0.1 port 8600; }; };");
	check_asks(f, "198.51.100.1#53", "NS .");
	check_asks(f, "127.0.0.1#8600", "A web.service.consul");
}

static void
a_name_in_options_or_a_view_without_a_server_to_probe_is_warned_of(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; };"
	    " health-check { name \"www.example.com\"; }; };"
	    "view a { match-clients { 192.0.2.1; }; forwarders { }; forward only;"
	    " zone consul { type forward; forwarders { 127.0.0.1 port 8600; }; }; };"
	    "view b { health-check { name \"www.example.org\"; }; };");
	assert_int_equal(warnings_of(f), 0);
	build(f,
	    "options { forwarders { }; forward only; health-check { name \"a.example\"; }; };"
	    "view a { match-clients { 192.0.2.1; }; health-check { name \"b.example\"; };"
	    " zone consul { type forward; forwarders { 127.0.0.1 port 8600; 127.0.0.2; }; }; };"
	    "view b { zone consul { type forward; forwarders { 127.0.0.1 port 8600; }; }; };");
	assert_true(has_diag(f, S53_DIAG_WARNING, "no server gets queries for 'a.example'"));
	assert_true(has_diag(f, S53_DIAG_WARNING, "no server gets queries for 'b.example'"));
	assert_int_equal(warnings_of(f), 2);
}

static void
a_name_in_a_zone_or_server_statement_is_probed_as_configured(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.1; }; };"
	    "server 198.51.100.1 { health-check { name \"here.example\"; }; };"
	    "zone \"10.in-addr.arpa\" { type forward; forwarders { 127.0.0.1 port 8600; };"
	    " health-check { name consul; }; };");
	check_asks(f, "127.0.0.1#8600", "SOA consul");
	check_asks(f, "198.51.100.1#53", "SOA here.example");
}

static void
a_configured_health_check_overrides_a_default_one(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "zone \"deep.a\" { type forward; forwarders { 198.51.100.1; }; };"
	    "zone b { type forward; forwarders { 198.51.100.1; };"
	    " health-check { name \"probe.b\"; type A; rise 9; }; };"
	    "zone c { type forward; forwarders { 198.51.100.1; }; };");
	check_asks(f, "198.51.100.1#53", "A probe.b");
	assert_int_equal(check_of(f, "198.51.100.1#53")->check.rise, 9);
	assert_int_equal(warnings_of(f), 0);
}

static void
of_two_health_checks_of_a_server_the_first_is_used_and_both_are_reported(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { forwarders { 198.51.100.9; }; };"
	    "zone a { type forward; forwarders { 198.51.100.1; }; health-check { rise 4; }; };\n"
	    "zone b { type forward; forwarders { 198.51.100.1; }; health-check { rise 5; }; };\n"
	    "zone c { type forward; forwarders { 198.51.100.1; }; health-check { rise 6; }; };\n");
	assert_int_equal(check_of(f, "198.51.100.1#53")->check.rise, 4);
	assert_int_equal(warnings_of(f), 1);
	assert_int_equal(f->diags.first->place.line, 2);
	assert_true(has_diag(
	    f, S53_DIAG_WARNING, "198.51.100.1#53 already has another 'rise' in t.conf:1:"));
	build(f,
	    "zone a { type forward; forwarders { 198.51.100.1; }; health-check { name x; }; };\n"
	    "zone b { type forward; forwarders { 198.51.100.1; }; health-check { name y; }; };\n");
	check_asks(f, "198.51.100.1#53", "SOA x");
	assert_true(has_diag(f, S53_DIAG_WARNING, "another 'name' in t.conf:1:"));
}

static void
two_equal_health_checks_of_a_server_are_no_conflict(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "zone a { type forward; forwarders { 198.51.100.1; }; health-check {"
	    " name x; interval 5 30; accept { NXDOMAIN; NOERROR; }; }; };"
	    "zone b { type forward; forwarders { 198.51.100.1; }; health-check {"
	    " name X; interval 5; accept { NOERROR; 3; }; }; };");
	check_asks(f, "198.51.100.1#53", "SOA x");
	assert_int_equal(warnings_of(f), 0);
}

static void
an_address_with_different_query_options_is_two_servers(void **state)
{
	struct fixture *f = *state;
	unsigned rise[2] = { 0 }, count = 0;

	build(f,
	    "view a { match-clients { 192.0.2.1; }; edns-udp-size 1400;"
	    " forwarders { 198.51.100.1; }; };"
	    "view b { forwarders { 198.51.100.1; }; health-check { rise 7; }; };");
	for (const struct s53_snapshot_check *it = f->snapshot->checks; it != NULL; it = it->next) {
		if (count < 2)
			rise[count] = it->check.rise;
		count++;
	}
	assert_int_equal(count, 2);
	assert_int_equal(rise[0], S53_PROBE_RISE);
	assert_int_equal(rise[1], 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_default_is_the_server_selection_of_bind_without_quotas),
		TEST(the_policy_of_a_zone_overrides_that_of_its_view_and_of_options),
		TEST(exempt_zones_use_the_policy_of_a_root_zone),
		TEST(the_servers_of_resolv_conf_are_chosen_by_the_policy_of_options),
		TEST(tiers_are_read_and_servers_of_a_named_list_inherit_its_tier),
		TEST(a_server_that_is_listed_twice_has_its_first_tier),
		TEST(queries_over_a_quota_are_treated_as_in_bind_unless_configured),
		TEST(clients_per_query_implies_the_maximum_of_bind),
		TEST(a_maximum_below_clients_per_query_is_raised_and_one_without_it_is_warned_of),
		TEST(the_id_of_a_route_does_not_depend_on_policy_tiers_or_health_checks),
		TEST(the_default_health_check_queries_the_apex_of_the_zone),
		TEST(
		    a_health_check_queries_the_deepest_zone_and_a_reverse_one_only_without_another),
		TEST(the_options_of_a_health_check_are_read),
		TEST(the_only_server_of_a_zone_is_down_after_4500_ms_by_default),
		TEST(down_after_without_effect_is_warned_of),
		TEST(the_liveness_probe_is_in_the_deepest_zone_whatever_name_is_configured),
		TEST(an_interval_over_30_s_is_also_the_maximum),
		TEST(each_option_of_a_health_check_is_inherited_separately),
		TEST(a_name_in_options_is_probed_only_at_servers_of_its_route),
		TEST(a_name_in_options_or_a_view_without_a_server_to_probe_is_warned_of),
		TEST(a_name_in_a_zone_or_server_statement_is_probed_as_configured),
		TEST(a_configured_health_check_overrides_a_default_one),
		TEST(of_two_health_checks_of_a_server_the_first_is_used_and_both_are_reported),
		TEST(two_equal_health_checks_of_a_server_are_no_conflict),
		TEST(an_address_with_different_query_options_is_two_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
