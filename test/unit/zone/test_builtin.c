/* SPDX-License-Identifier: ISC
 *
 * test_builtin.c - the built-in zones, and those that are shipped as files.
 */
#include "fixture.h"

#include <split53/edns.h>

/* The automatic empty zones of named 9.18.49, in the order in which it lists them at start. */
static const char *const bind_list[] = { "10.in-addr.arpa", "16.172.in-addr.arpa",
	"31.172.in-addr.arpa", "168.192.in-addr.arpa", "64.100.in-addr.arpa",
	"127.100.in-addr.arpa", "0.in-addr.arpa", "127.in-addr.arpa", "254.169.in-addr.arpa",
	"2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa",
	"255.255.255.255.in-addr.arpa",
	"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", "d.f.ip6.arpa",
	"8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa",
	"8.b.d.0.1.0.0.2.ip6.arpa", "empty.as112.arpa", "home.arpa", "resolver.arpa" };

static const struct s53_builtin_zone *
builtin(const char *apex)
{
	for (unsigned i = 0; i < s53_builtin_zone_count; i++)
		if (strcmp(s53_builtin_zones[i].apex, apex) == 0)
			return &s53_builtin_zones[i];
	return NULL;
}

static void
every_built_in_zone_loads_without_a_message(void **state)
{
	(void)state;
	for (unsigned i = 0; i < s53_builtin_zone_count; i++) {
		const struct s53_builtin_zone *zone = &s53_builtin_zones[i];

		assert_string_equal(fixture_problems(zone->apex, zone->text), "");
		assert_ptr_equal(builtin(zone->apex), zone); /* each apex once */
	}
}

static void
all_empty_zones_of_bind_are_built_in(void **state)
{
	unsigned empty = 0;
	char name[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bind_list) / sizeof(*bind_list); i++)
		assert_non_null(builtin(bind_list[i]));
	for (unsigned i = 16; i <= 31; i++) {
		snprintf(name, sizeof(name), "%u.172.in-addr.arpa", i);
		assert_true(builtin(name)->empty);
	}
	for (unsigned i = 64; i <= 127; i++) { /* RFC 6598 */
		snprintf(name, sizeof(name), "%u.100.in-addr.arpa", i);
		assert_true(builtin(name)->empty);
	}
	for (unsigned i = 0; i < s53_builtin_zone_count; i++)
		empty += s53_builtin_zones[i].empty ? 1 : 0;
	assert_int_equal(empty, 100);
	for (size_t i = 0; i < sizeof(bind_list) / sizeof(*bind_list); i++)
		assert_true(builtin(bind_list[i])->empty);
	assert_null(builtin("consul"));
}

/* Answer from a built-in zone. */
static void
answers(const char *apex, const char *name, const char *type, const char *text)
{
	struct s53_zone *zone = fixture_zone(apex, builtin(apex)->text);

	fixture_says(zone, name, type, text);
	s53_zone_drop(zone);
}

static void
localhost_and_names_below_it_have_the_loopback_addresses(void **state) /* RFC 6761 s6.3 */
{
	(void)state;
	answers("localhost", "localhost", "A", "NOERROR aa\nan localhost. 86400 A 127.0.0.1");
	answers("localhost", "localhost", "AAAA", "NOERROR aa\nan localhost. 86400 AAAA ::1");
	answers(
	    "localhost", "a.b.localhost", "A", "NOERROR aa\nan a.b.localhost. 86400 A 127.0.0.1");
	answers("localhost", "x.localhost", "TXT",
	    "NOERROR aa\nns localhost. 86400 SOA localhost. . 0 28800 7200 604800 86400");
}

static void
the_loopback_addresses_have_a_name(void **state) /* RFC 6303 s4.2, s4.3 */
{
	const char *six =
	    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa";
	char text[256];

	(void)state;
	answers("127.in-addr.arpa", "1.0.0.127.in-addr.arpa", "PTR",
	    "NOERROR aa\nan 1.0.0.127.in-addr.arpa. 86400 PTR localhost.");
	snprintf(text, sizeof(text), "NOERROR aa\nan %s. 86400 PTR localhost.", six);
	answers(six, six, "PTR", text);
}

static void
names_that_servers_may_have_are_not_built_in(void **state)
{
	(void)state;
	assert_null(builtin("local")); /* cluster.local of Kubernetes, Active Directory */
	assert_null(builtin("test"));
}

static void
special_names_do_not_exist(void **state)
{
	static const char *const names[] = { "invalid", "onion" };
	char name[64], text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(name, sizeof(name), "www.%s", names[i]);
		snprintf(text, sizeof(text),
		    "NXDOMAIN aa\nns %s. 86400 SOA %s. . 0 28800 7200 604800 86400", names[i],
		    names[i]);
		answers(names[i], name, "A", text);
		assert_int_not_equal(builtin(names[i])->ede, S53_EDE_NONE);
		assert_false(builtin(names[i])->empty);
	}
}

static void
an_empty_zone_answers_as_in_bind(void **state)
{
	(void)state;
	answers("10.in-addr.arpa", "1.2.3.10.in-addr.arpa", "PTR",
	    "NXDOMAIN aa\nns 10.in-addr.arpa. 86400 SOA "
	    "10.in-addr.arpa. . 0 28800 7200 604800 86400");
	answers("10.in-addr.arpa", "10.in-addr.arpa", "NS",
	    "NOERROR aa\nan 10.in-addr.arpa. 86400 NS 10.in-addr.arpa.");
}

static struct s53_zone *
shipped(const char *file, const char *apex)
{
	struct s53_name name = fixture_name(apex);
	struct s53_zone *zone = NULL;
	struct s53_diags diags;
	char path[512];

	snprintf(path, sizeof(path), "%s/zones/%s", S53_SOURCE_DIR, file);
	s53_diags_init(&diags);
	assert_int_equal(s53_zone_load(path, &name, &diags, &zone), S53_OK);
	assert_string_equal(fixture_diags(&diags), "");
	s53_diags_fini(&diags);
	return zone;
}

static void
shipped_localhost_and_empty_zones_load(void **state)
{
	struct s53_zone *zone = shipped("localhost.zone", "localhost");

	(void)state;
	fixture_says(zone, "x.localhost", "A", "NOERROR aa\nan x.localhost. 86400 A 127.0.0.1");
	s53_zone_drop(zone);
	zone = shipped("empty.zone", "10.in-addr.arpa");
	fixture_says(zone, "1.10.in-addr.arpa", "PTR",
	    "NXDOMAIN aa\nns 10.in-addr.arpa. 86400 SOA "
	    "localhost. root.localhost. 1 604800 86400 2419200 86400");
	s53_zone_drop(zone);
}

static void
the_demonstration_looks_like_consul(void **state)
{
	struct s53_zone *zone = shipped("demo.consul.zone", "consul");

	(void)state;
	fixture_says(zone, "galeradb.service.consul", "A",
	    "NOERROR aa\nan galeradb.service.consul. 0 A 192.0.2.11"
	    "\nan galeradb.service.consul. 0 A 192.0.2.12"
	    "\nan galeradb.service.consul. 0 A 192.0.2.13");
	fixture_says(zone, "_galeradb._tcp.service.consul", "SRV",
	    "NOERROR aa"
	    "\nan _galeradb._tcp.service.consul. 0 SRV 1 1 3306 galera1.node.dc1.consul."
	    "\nan _galeradb._tcp.service.consul. 0 SRV 1 1 3306 galera2.node.dc1.consul."
	    "\nan _galeradb._tcp.service.consul. 0 SRV 1 1 3306 galera3.node.dc1.consul."
	    "\nar galera1.node.dc1.consul. 0 A 192.0.2.11"
	    "\nar galera1.node.dc1.consul. 0 AAAA 2001:db8::11"
	    "\nar galera2.node.dc1.consul. 0 A 192.0.2.12"
	    "\nar galera2.node.dc1.consul. 0 AAAA 2001:db8::12"
	    "\nar galera3.node.dc1.consul. 0 A 192.0.2.13"
	    "\nar galera3.node.dc1.consul. 0 AAAA 2001:db8::13");
	fixture_says(zone, "nope.service.consul", "A",
	    "NXDOMAIN aa\nns consul. 0 SOA ns.consul. hostmaster.consul. 1 3600 600 86400 0");
	fixture_says(zone, "website.service.consul", "A",
	    "NOERROR aa -> www.example.org"
	    "\nan website.service.consul. 0 CNAME www.example.org.");
	s53_zone_drop(zone);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_built_in_zone_loads_without_a_message),
		cmocka_unit_test(all_empty_zones_of_bind_are_built_in),
		cmocka_unit_test(localhost_and_names_below_it_have_the_loopback_addresses),
		cmocka_unit_test(the_loopback_addresses_have_a_name),
		cmocka_unit_test(names_that_servers_may_have_are_not_built_in),
		cmocka_unit_test(special_names_do_not_exist),
		cmocka_unit_test(an_empty_zone_answers_as_in_bind),
		cmocka_unit_test(shipped_localhost_and_empty_zones_load),
		cmocka_unit_test(the_demonstration_looks_like_consul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
