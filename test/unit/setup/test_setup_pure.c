/* SPDX-License-Identifier: ISC
 *
 * test_setup_pure.c - building a snapshot starts nothing and leaves nothing behind; it only lists
 * what must be watched and looked up.
 *
 * Setup is not linked with c-ares: it cannot watch or look up a name by itself.
 */
#include "setup_fixture.h"
#include "unbuildable.h"

static bool
count_upstream(struct s53_upstream *upstream, void *arg)
{
	(void)upstream;
	++*(unsigned *)arg;
	return true;
}

static unsigned
upstream_count(const struct fixture *f)
{
	unsigned count = 0;

	s53_registry_each(f->registry, count_upstream, &count);
	return count;
}

static void
check_servers(const struct s53_snapshot_servers *servers, const char *expected)
{
	char text[256] = "", addr[S53_ADDR_TEXT];
	size_t used = 0;

	for (unsigned i = 0; i < servers->count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i > 0 ? " " : "",
		    s53_addr_print(&servers->addrs[i], addr));
	assert_string_equal(text, expected);
}

static void
a_dropped_snapshot_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;
	struct s53_snapshot *first;

	build(f,
	    "options { forwarders { 198.51.100.1; localhost port 54; \"no.such.invalid\"; }; };"
	    "zone \"a\" { type forward; forwarders { 198.51.100.2; }; };");
	first = f->snapshot;
	assert_int_equal(upstream_count(f), 3); /* localhost has one address */
	assert_int_equal(rebuild(f), S53_OK);
	assert_true(f->snapshot != first);
	assert_int_equal(upstream_count(f), 3);
	s53_snapshot_drop(first);
	assert_int_equal(upstream_count(f), 3);
	s53_snapshot_drop(f->snapshot);
	f->snapshot = NULL;
	assert_int_equal(upstream_count(f), 0);
}

static void
a_failed_build_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(try_build(f, unbuildable("")), S53_E_SYNTAX);
	assert_null(f->snapshot);
	assert_int_equal(upstream_count(f), 0);
}

static void
names_are_resolved_by_the_addresses_among_the_default_forwarders(void **state)
{
	struct fixture *f = *state;

	write_file(f->resolv_conf, "nameserver 198.51.100.7\n");
	build(f,
	    "options { forwarders port 54 { 127.0.0.1 port 53; \"h.example\"; 198.51.100.1;"
	    " 198.51.100.2 port 55; }; };");
	check_servers(&f->snapshot->host_servers, "198.51.100.1#54 198.51.100.2#55");
	assert_string_equal(f->snapshot->hosts->name, "h.example");
	assert_null(f->snapshot->hosts->next);
	assert_false(f->snapshot->uses_resolv_conf);
}

static void
names_are_otherwise_resolved_by_the_nameservers_of_resolv_conf(void **state)
{
	struct fixture *f = *state;
	static const char *const texts[] = {
		"options { forwarders { \"h.example\"; }; };",
		"options { forwarders { }; };",
		"zone \"a\" { type forward; forwarders { \"h.example\"; }; };",
	};

	write_file(f->resolv_conf,
	    "nameserver 127.0.0.1\nnameserver 198.51.100.7\nnameserver 198.51.100.8\n");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		build(f, texts[i]);
		check_servers(&f->snapshot->host_servers, "198.51.100.7#53 198.51.100.8#53");
		check_servers(&f->snapshot->nameservers, "198.51.100.7#53 198.51.100.8#53");
		assert_true(f->snapshot->uses_resolv_conf);
	}
}

static void
the_first_view_with_forwarders_decides_which_servers_resolve_names(void **state)
{
	struct fixture *f = *state;

	write_file(f->resolv_conf, "nameserver 198.51.100.7\n");
	build(f,
	    "view \"a\" { recursion yes; };"
	    "view \"b\" { forwarders { 198.51.100.1; }; };"
	    "view \"c\" { forwarders { 198.51.100.2; }; };");
	check_servers(&f->snapshot->host_servers, "198.51.100.1#53");
	assert_true(f->snapshot->uses_resolv_conf); /* view "a" */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dropped_snapshot_leaves_nothing_behind),
		TEST(a_failed_build_leaves_nothing_behind),
		TEST(names_are_resolved_by_the_addresses_among_the_default_forwarders),
		TEST(names_are_otherwise_resolved_by_the_nameservers_of_resolv_conf),
		TEST(the_first_view_with_forwarders_decides_which_servers_resolve_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
