/* SPDX-License-Identifier: ISC
 *
 * test_setup_number.c - the ids of routes and views, by which the cache finds its entries.
 */
#include "setup_fixture.h"

#define VIEW_ID 0x1e964e1f
#define ROUTE_ID 0xc6507bd7

static uint32_t
id_of(const struct fixture *f, const char *name)
{
	struct s53_name parsed;
	const struct s53_route *route;

	assert_int_equal(s53_name_parse(name, &parsed), S53_OK);
	route = s53_routes_find(view_at(f, 0)->routes, &parsed);
	assert_non_null(route);
	return route->id;
}

static void
a_route_keeps_its_id_while_its_servers_stay_the_same(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	build(f, "zone \"a\" { type forward; forwarders { 198.51.100.1; 198.51.100.2; }; };");
	id = id_of(f, "a");
	assert_int_not_equal(id, 0);
	build(f,
	    "options { max-cache-ttl 5; };"
	    "zone \"b\" { type forward; forwarders { 198.51.100.1; 198.51.100.2; }; };"
	    "zone \"A.\" { type forward; forward only; max-cache-ttl 9;"
	    " forwarders { 198.51.100.2 port 53; 198.51.100.1; 198.51.100.2; }; };");
	assert_int_equal(id_of(f, "a"), id);
	assert_int_not_equal(id_of(f, "b"), id);
}

static void
another_server_port_or_query_option_changes_the_id(void **state)
{
	struct fixture *f = *state;
	static const char *const texts[] = {
		"zone \"a\" { type forward; forwarders { 198.51.100.1; }; };",
		"zone \"a\" { type forward; forwarders { 198.51.100.2; }; };",
		"zone \"a\" { type forward; forwarders { 198.51.100.1 port 54; }; };",
		"zone \"a\" { type forward; forwarders { 198.51.100.1; 198.51.100.2; }; };",
		"server 198.51.100.1 { edns no; };"
		"zone \"a\" { type forward; forwarders { 198.51.100.1; }; };",
		"server 198.51.100.1 { tcp-only yes; };"
		"zone \"a\" { type forward; forwarders { 198.51.100.1; }; };",
		"options { edns-udp-size 512; };"
		"zone \"a\" { type forward; forwarders { 198.51.100.1; }; };",
		"options { query-source 192.0.2.10; };"
		"zone \"a\" { type forward; forwarders { 198.51.100.1; }; };",
		"zone \"a\" { type forward; forwarders { h.example; }; };",
		"zone \"a\" { type forward; forwarders { h.example port 54; }; };",
		"zone \"a\" { type forward; forwarders { i.example; }; };",
		"zone \"a\" { type forward; forwarders { }; };",
	};
	uint32_t ids[sizeof(texts) / sizeof(texts[0])];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		build(f, texts[i]);
		ids[i] = id_of(f, "a");
		assert_int_not_equal(ids[i], 0);
		for (size_t j = 0; j < i; j++)
			if (ids[i] == ids[j])
				fail_msg("%s has the number of %s", texts[i], texts[j]);
	}
}

static void
the_id_depends_on_a_host_name_and_not_on_its_addresses(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	build(f, "zone \"a\" { type forward; forwarders { localhost port 54; 198.51.100.1; }; };");
	id = id_of(f, "a");
	f->has_no_hosts = true; /* the same id without its addresses */
	build(f, "zone \"a\" { type forward; forwarders { 198.51.100.1; LocalHost port 54; }; };");
	assert_int_equal(id_of(f, "a"), id);
}

static void
an_exempt_zone_follows_the_default_route(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	build(f,
	    "options { forwarders { 198.51.100.1; }; };"
	    "zone \"a\" { type forward; forwarders { }; };");
	id = id_of(f, "a");
	assert_int_not_equal(id, 0);
	assert_int_not_equal(id, id_of(f, "x"));
	build(f,
	    "options { forwarders { 198.51.100.2; }; };"
	    "zone \"a\" { type forward; forwarders { }; };");
	assert_int_not_equal(id_of(f, "a"), id);
}

static void
the_nameservers_of_resolv_conf_determine_the_id_of_the_default_route(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	write_file(f->resolv_conf, "nameserver 198.51.100.1\nnameserver 198.51.100.2\n");
	build(f, "options { };");
	id = id_of(f, "x");
	write_file(f->resolv_conf, "nameserver 198.51.100.2\nnameserver 198.51.100.1\n");
	build(f, "options { };");
	assert_int_equal(id_of(f, "x"), id);
	write_file(f->resolv_conf, "nameserver 198.51.100.3\n");
	build(f, "options { };");
	assert_int_not_equal(id_of(f, "x"), id);
}

/* The cache's file has these ids: a change of them makes every such file useless. */
static void
the_ids_are_the_same_in_every_process(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { }; view a { zone \"consul\" { type forward; forwarders { 198.51.100.1; "
	    "}; }; };");
	assert_int_equal(view_at(f, 0)->id, VIEW_ID);
	assert_int_equal(id_of(f, "consul"), ROUTE_ID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_route_keeps_its_id_while_its_servers_stay_the_same),
		TEST(another_server_port_or_query_option_changes_the_id),
		TEST(the_id_depends_on_a_host_name_and_not_on_its_addresses),
		TEST(an_exempt_zone_follows_the_default_route),
		TEST(the_nameservers_of_resolv_conf_determine_the_id_of_the_default_route),
		TEST(the_ids_are_the_same_in_every_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
