/* SPDX-License-Identifier: ISC
 *
 * test_setup_names.c - special names, which are answered locally unless the configuration says
 * otherwise, as in named 9.18; zones of several views; forward zones without forwarders.
 */
#include "setup_fixture.h"

#define DEFAULT "forwarders { 198.51.100.1; };"
#define ZONE_TEXT "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nsub NS ns.sub\n"

/* 127.in-addr.arpa and home.arpa are two of BIND's empty zones. */
static const char *const empty_names[] = { "nas.home.arpa", "1.0.0.10.in-addr.arpa",
	"1.0.168.192.in-addr.arpa", "1.0.0.127.in-addr.arpa", "a.resolver.arpa" };

static void
check_empty(const struct fixture *f, const char *expected)
{
	for (size_t i = 0; i < sizeof(empty_names) / sizeof(*empty_names); i++)
		check_route(f, empty_names[i], expected);
}

static void
special_names_are_answered_locally(void **state)
{
	struct fixture *f = *state;

	build(f, "options { " DEFAULT " };");
	check_route(f, "localhost", "local");
	check_route(f, "a.invalid", "local");
	check_route(f, "a.onion", "local");
	check_empty(f, "local");
	check_route(f, "8.8.8.8.in-addr.arpa", "198.51.100.1#53");
}

static void
local_and_test_are_forwarded(void **state)
{
	struct fixture *f = *state;

	build(f, "options { " DEFAULT " };");
	check_route(f, "kubernetes.default.svc.cluster.local", "198.51.100.1#53");
	check_route(f, "dc1.corp.local", "198.51.100.1#53");
	check_route(f, "a.test", "198.51.100.1#53");
}

static void
forward_only_leaves_the_empty_zones_to_the_forwarders(void **state)
{
	struct fixture *f = *state;

	build(f, "options { forward only; " DEFAULT " };");
	check_empty(f, "198.51.100.1#53");
	check_route(f, "localhost", "local");
	check_route(f, "a.invalid", "local");
	build(f, "options { forward first; " DEFAULT " };");
	check_empty(f, "local");
}

static void
empty_zones_can_be_switched_off_together_or_one_by_one(void **state)
{
	struct fixture *f = *state;

	build(f, "options { empty-zones-enable no; " DEFAULT " };");
	check_empty(f, "198.51.100.1#53");
	check_route(f, "localhost", "local");
	build(f,
	    "options { disable-empty-zone \"HOME.ARPA\"; disable-empty-zone \"10.in-addr.arpa\";"
	    " disable-empty-zone \"168.192.IN-ADDR.ARPA.\"; disable-empty-zone \"localhost\";"
	    " disable-empty-zone \"127.in-addr.arpa\"; " DEFAULT " };");
	check_route(f, "nas.home.arpa", "198.51.100.1#53");
	check_route(f, "1.0.0.10.in-addr.arpa", "198.51.100.1#53");
	check_route(f, "1.0.168.192.in-addr.arpa", "198.51.100.1#53");
	check_route(f, "1.0.0.127.in-addr.arpa", "198.51.100.1#53");
	check_route(f, "localhost", "198.51.100.1#53");
	check_route(f, "1.2.16.172.in-addr.arpa", "local");
	check_route(f, "a.invalid", "local");
}

static void
a_root_zone_is_above_every_special_name(void **state)
{
	struct fixture *f = *state;

	build(f, "zone \".\" { type forward; forward only; " DEFAULT " };");
	check_route(f, "localhost", "198.51.100.1#53");
	check_route(f, "a.onion", "198.51.100.1#53");
	check_empty(f, "198.51.100.1#53");
	build(f, "zone \".\" { type forward; " DEFAULT " };"); /* `forward first` is the default */
	check_route(f, "localhost", "198.51.100.1#53");
	check_empty(f, "local");
	build(f, "options { " DEFAULT " }; zone \".\" { type hint; file \"/no/root\"; };");
	check_route(f, "localhost", "local");
}

static void
a_forward_zone_replaces_an_empty_zone_if_it_is_forward_only(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { " DEFAULT " };"
	    "zone \"168.192.in-addr.arpa\" { type forward; forward only;"
	    " forwarders { 198.51.100.2; }; };"
	    "zone \"10.in-addr.arpa\" { type forward; forwarders { 198.51.100.2; }; };"
	    "zone \"home.arpa\" { type forward; forwarders { }; };");
	check_route(f, "1.0.168.192.in-addr.arpa", "198.51.100.2#53");
	check_route(f, "1.0.0.10.in-addr.arpa", "local");
	check_route(f, "nas.home.arpa", "local");
	assert_true(has_diag(f, S53_DIAG_WARNING,
	    "zone '10.in-addr.arpa' has no effect, as in BIND: its names are answered from an "
	    "automatic empty zone"));
	assert_true(has_diag(f, S53_DIAG_WARNING, "zone 'home.arpa' has no effect"));
	assert_int_equal(f->diags.warning_count, 2);
}

static void
the_nearest_forward_zone_decides_whether_there_is_an_empty_zone(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "zone \"arpa\" { type forward; forward only; forwarders { 198.51.100.2; }; };"
	    "zone \"in-addr.arpa\" { type forward; forwarders { 198.51.100.3; }; };");
	check_route(f, "nas.home.arpa", "198.51.100.2#53");
	check_route(f, "1.0.0.10.in-addr.arpa", "local");
	check_route(f, "8.8.8.8.in-addr.arpa", "198.51.100.3#53");
	/* A zone with forwarders of its own does not inherit the policy of options. */
	build(f,
	    "options { forward only; " DEFAULT " };"
	    "zone \"home.arpa\" { type forward; forwarders { 198.51.100.2; }; };");
	check_route(f, "nas.home.arpa", "local");
	check_route(f, "1.0.0.10.in-addr.arpa", "198.51.100.1#53");
}

static void
a_zone_that_is_not_forwarded_replaces_the_empty_zone_of_its_name_alone(void **state)
{
	struct fixture *f = *state;
	char text[512];

	write_file(f->zone_file, ZONE_TEXT);
	snprintf(text, sizeof(text),
	    "options { " DEFAULT " };"
	    "zone \"10.in-addr.arpa\" { type secondary; primaries { 198.51.100.2; }; };"
	    "zone \"home.arpa\" { type static-stub; server-addresses { 198.51.100.3; }; };"
	    "zone \"in-addr.arpa\" { type primary; file \"%s\"; };",
	    f->zone_file);
	build(f, text);
	check_route(f, "1.0.0.10.in-addr.arpa", "198.51.100.2#53");
	check_route(f, "nas.home.arpa", "198.51.100.3#53");
	assert_true(route_at(f, 0, "1.0.168.192.in-addr.arpa")->builtin);
	assert_false(route_at(f, 0, "8.8.8.8.in-addr.arpa")->builtin);
	/* `forwarders` in a zone with data makes a route of its own. */
	snprintf(text, sizeof(text),
	    "options { " DEFAULT " };"
	    "zone \"in-addr.arpa\" { type primary; file \"%s\"; forward only;"
	    " forwarders { 198.51.100.2; }; };",
	    f->zone_file);
	build(f, text);
	assert_false(route_at(f, 0, "1.0.168.192.in-addr.arpa")->builtin);
}

static void
special_names_yield_to_zones_at_or_above(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { " DEFAULT " };"
	    "zone \"onion\" { type forward; forwarders { 198.51.100.2; }; };"
	    "zone \"a.invalid\" { type forward; forwarders { 198.51.100.3; }; };");
	check_route(f, "x.onion", "198.51.100.2#53");
	check_route(f, "x.a.invalid", "198.51.100.3#53");
	check_route(f, "x.b.invalid", "local");
}

static void
a_zone_below_an_empty_zone_has_its_own_data(void **state)
{
	struct fixture *f = *state;

	build(f, "zone \"0.10.in-addr.arpa\" { type forward; forwarders { 198.51.100.2; }; };");
	check_route(f, "1.1.0.10.in-addr.arpa", "198.51.100.2#53");
	check_route(f, "1.1.1.10.in-addr.arpa", "local");
}

static void
without_recursion_nothing_is_built_in(void **state)
{
	struct fixture *f = *state;

	build(f, "options { recursion no; " DEFAULT " };");
	check_empty(f, "198.51.100.1#53"); /* where the query is refused */
	check_route(f, "localhost", "198.51.100.1#53");
	build(f,
	    "options { " DEFAULT " };"
	    "view \"a\" { match-clients { 192.0.2.1; }; recursion no; }; view \"b\" { };");
	check_route_in(f, 0, "nas.home.arpa", "198.51.100.1#53");
	check_route_in(f, 1, "nas.home.arpa", "local");
}

static enum s53_route_rights
rights_of(const struct fixture *f, const char *name)
{
	return route_at(f, 0, name)->rights;
}

static void
a_secondary_zone_needs_no_recursion_and_a_stub_does(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { " DEFAULT " };"
	    "zone \"a\" { type secondary; primaries { 198.51.100.2; }; allow-query { 192.0.2.1; }; "
	    "};"
	    "zone \"b\" { type slave; masters { 198.51.100.2; }; };"
	    "zone \"c\" { type stub; primaries { 198.51.100.2; }; };"
	    "zone \"d\" { type static-stub; server-addresses { 198.51.100.2; }; };"
	    "zone \"e\" { type forward; forwarders { 198.51.100.2; }; };");
	assert_int_equal(rights_of(f, "a"), S53_RIGHTS_COPY);
	assert_int_equal(rights_of(f, "b"), S53_RIGHTS_COPY);
	assert_int_equal(rights_of(f, "c"), S53_RIGHTS_STUB);
	assert_int_equal(rights_of(f, "d"), S53_RIGHTS_STUB);
	assert_int_equal(rights_of(f, "e"), S53_RIGHTS_CACHE);
	assert_true(allows(route_at(f, 0, "a")->allow_query, "192.0.2.1"));
	assert_false(allows(route_at(f, 0, "a")->allow_query, "192.0.2.2"));
}

/* An answer stored with AA must not be used for a zone that is forwarded. */
static void
a_secondary_zone_shares_no_answers_with_a_forward_zone(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	build(f, "zone \"a\" { type forward; forwarders { 198.51.100.2; }; };");
	id = route_at(f, 0, "a")->id;
	build(f, "zone \"a\" { type secondary; primaries { 198.51.100.2; }; };");
	assert_int_not_equal(route_at(f, 0, "a")->id, id);
}

static void
a_view_shares_the_zone_of_an_earlier_view(void **state)
{
	struct fixture *f = *state;
	const struct s53_route *one, *two;
	char text[1024];

	write_file(f->zone_file, ZONE_TEXT);
	snprintf(text, sizeof(text),
	    "options { " DEFAULT " };"
	    "view \"in\" { match-clients { 192.0.2.0/24; }; allow-query { 192.0.2.0/24; };"
	    " zone \"corp\" { type primary; file \"%s\"; };"
	    " zone \"open\" { type primary; file \"%s\"; allow-query { any; }; };"
	    " zone \"copy\" { type secondary; primaries { 198.51.100.2; }; };"
	    " zone \".\" { type hint; file \"/no/root\"; }; };"
	    "view \"out\" { allow-query { none; };"
	    " zone \"corp\" { in-view \"in\"; }; zone \"open\" { in-view \"in\"; };"
	    " zone \"copy\" { in-view \"in\"; }; zone \".\" { in-view \"in\"; }; };",
	    f->zone_file, f->zone_file);
	build(f, text);
	one = route_at(f, 0, "corp");
	two = route_at(f, 1, "corp");
	assert_int_equal(two->kind, S53_ROUTE_LOCAL);
	assert_ptr_equal(two->zone, one->zone);
	assert_true(allows(two->allow_query, "192.0.2.1")); /* of the view that has the zone */
	assert_false(allows(two->allow_query, "198.51.100.1"));
	assert_true(allows(route_at(f, 1, "open")->allow_query, "198.51.100.1"));
	assert_int_equal(route_at(f, 1, "copy")->rights, S53_RIGHTS_COPY);
	check_route_in(f, 1, "copy", "198.51.100.2#53");
	check_route_in(f, 1, "example", "198.51.100.1#53");
}

/* The `any` of the other view must not become the list of this view. */
static void
a_shared_zone_of_a_view_without_lists_is_for_any_client(void **state)
{
	struct fixture *f = *state;
	char text[512];

	write_file(f->zone_file, ZONE_TEXT);
	snprintf(text, sizeof(text),
	    "view \"in\" { zone \"corp\" { type primary; file \"%s\"; }; };"
	    "view \"out\" { allow-query { none; }; zone \"corp\" { in-view \"in\"; }; };",
	    f->zone_file);
	build(f, text);
	assert_non_null(route_at(f, 1, "corp")->allow_query);
	assert_true(allows(route_at(f, 1, "corp")->allow_query, "198.51.100.1"));
}

#define DIFFERS "'zone' [differs]: without forwarders BIND resolves names of 'priv'"

static void
an_empty_list_without_a_forward_zone_above_is_warned_of(void **state)
{
	struct fixture *f = *state;

	build(f, "options { " DEFAULT " }; zone \"priv\" { type forward; forwarders { }; };");
	check_route(f, "a.priv", "198.51.100.1#53");
	assert_true(has_diag(f, S53_DIAG_WARNING, DIFFERS));
	build(f,
	    "options { " DEFAULT " };"
	    "zone \"corp\" { type forward; forwarders { 198.51.100.2; }; };"
	    "zone \"pub.corp\" { type forward; forwarders { }; };");
	check_route(f, "a.pub.corp", "198.51.100.1#53");
	assert_int_equal(f->diags.warning_count, 0);
	/* No query goes to a server that BIND would not query. */
	build(f, "options { forwarders { }; }; zone \"priv\" { type forward; forwarders { }; };");
	assert_int_equal(f->diags.warning_count, 0);
}

static void
empty_forwarders_refuse_keeps_names_from_the_default_forwarders(void **state)
{
	struct fixture *f = *state;

	build(f,
	    "options { empty-forwarders refuse; " DEFAULT " };"
	    "zone \"priv\" { type forward; forwarders { }; };"
	    "zone \"pub\" { type forward; forwarders { }; empty-forwarders default; };");
	check_route(f, "a.priv", "none");
	check_route(f, "a.pub", "198.51.100.1#53");
	check_route(f, "example", "198.51.100.1#53");
	assert_int_equal(f->diags.warning_count, 0); /* configured names are known */
	build(f,
	    "options { " DEFAULT " }; view \"v\" { empty-forwarders refuse;"
	    " zone \"priv\" { type forward; forwarders { }; }; };");
	check_route(f, "a.priv", "none");
}

static void
forwarders_of_a_zone_with_a_file_are_for_its_delegations(void **state)
{
	struct fixture *f = *state;
	const struct s53_route_note *note;
	const struct s53_route *delegated;
	char text[512], addr[S53_ADDR_TEXT];

	write_file(f->zone_file, ZONE_TEXT);
	snprintf(text, sizeof(text),
	    "options { " DEFAULT " };"
	    "zone \"corp\" { type primary; file \"%s\"; forwarders { 198.51.100.2; }; };"
	    "zone \"other\" { type primary; file \"%s\"; };"
	    "zone \"priv\" { type primary; file \"%s\"; forwarders { }; };",
	    f->zone_file, f->zone_file, f->zone_file);
	f->want_notes = true;
	build(f, text);
	for (note = f->snapshot->notes; strstr(note->text, "delegations") == NULL;
	     note = note->next)
		assert_non_null(note->next);
	assert_string_equal(
	    strchr(note->text, ','), ", 4 records, names below delegations from 198.51.100.2#53");
	delegated = route_at(f, 0, "corp")->delegated;
	assert_non_null(delegated);
	assert_string_equal(
	    s53_addr_print(s53_upstream_addr(s53_group_server(delegated->group, 0)), addr),
	    "198.51.100.2#53");
	assert_null(route_at(f, 0, "other")->delegated);
	assert_true(has_diag(f, S53_DIAG_WARNING, DIFFERS));
	snprintf(text, sizeof(text),
	    "options { empty-forwarders refuse; " DEFAULT " };"
	    "zone \"priv\" { type primary; file \"%s\"; forwarders { }; };",
	    f->zone_file);
	build(f, text);
	assert_int_equal(route_at(f, 0, "priv")->delegated->kind, S53_ROUTE_NONE);
}

static void
forwarders_of_a_copied_zone_are_for_its_delegations(void **state)
{
	static const char *const text =
	    "options { " DEFAULT " };"
	    "zone \"corp\" { type secondary; primaries { 192.0.2.1; }; forwarders { 198.51.100.2; "
	    "}; };"
	    "zone \"other\" { type secondary; primaries { 192.0.2.1; }; };"
	    "zone \"priv\" { type secondary; primaries { 192.0.2.1; }; forwarders { };"
	    " empty-forwarders refuse; };";
	struct fixture *f = *state;
	const struct s53_route_note *note;
	const struct s53_route *delegated;
	char addr[S53_ADDR_TEXT];

	f->want_notes = true;
	build(f, text);
	for (note = f->snapshot->notes; strstr(note->text, "delegations") == NULL;
	     note = note->next)
		assert_non_null(note->next);
	assert_string_equal(
	    note->text, "192.0.2.1#53, names below delegations from 198.51.100.2#53");
	check_route(f, "www.corp", "192.0.2.1#53");
	delegated = route_at(f, 0, "corp")->delegated;
	assert_non_null(delegated);
	assert_string_equal(
	    s53_addr_print(s53_upstream_addr(s53_group_server(delegated->group, 0)), addr),
	    "198.51.100.2#53");
	assert_null(route_at(f, 0, "other")->delegated);
	assert_int_equal(route_at(f, 0, "priv")->delegated->kind, S53_ROUTE_NONE);
	build(f,
	    "options { " DEFAULT " };"
	    "zone \"priv\" { type secondary; primaries { 192.0.2.1; }; forwarders { }; };");
	assert_null(route_at(f, 0, "priv")->delegated);
	assert_true(has_diag(f, S53_DIAG_WARNING, DIFFERS));
}

static void
a_forward_zone_that_its_parent_does_not_delegate_is_warned_of(void **state)
{
	static const char *const zones[] = { "other", "sub", "a.sub" };
	struct fixture *f = *state;
	char text[512];

	write_file(f->zone_file, ZONE_TEXT);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(text, sizeof(text),
		    "options { " DEFAULT " }; zone \"corp\" { type primary; file \"%s\"; };"
		    "zone \"%s.corp\" { type forward; forward only; forwarders { 198.51.100.3; }; "
		    "};",
		    f->zone_file, zones[i]);
		build(f, text);
		assert_int_equal(has_diag(f, S53_DIAG_WARNING,
				     "'zone' [differs]: BIND answers NXDOMAIN for names of "
				     "'other.corp' from zone 'corp'"),
		    i == 0);
		assert_int_equal(f->diags.warning_count, i == 0);
	}
	/* BIND searches its empty zones after the forward zones. */
	build(f,
	    "options { " DEFAULT " };"
	    "zone \"1.10.in-addr.arpa\" { type forward; forward only; forwarders { 198.51.100.3; "
	    "}; };");
	assert_int_equal(f->diags.warning_count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(special_names_are_answered_locally),
		TEST(local_and_test_are_forwarded),
		TEST(forward_only_leaves_the_empty_zones_to_the_forwarders),
		TEST(empty_zones_can_be_switched_off_together_or_one_by_one),
		TEST(a_root_zone_is_above_every_special_name),
		TEST(a_forward_zone_replaces_an_empty_zone_if_it_is_forward_only),
		TEST(the_nearest_forward_zone_decides_whether_there_is_an_empty_zone),
		TEST(a_zone_that_is_not_forwarded_replaces_the_empty_zone_of_its_name_alone),
		TEST(special_names_yield_to_zones_at_or_above),
		TEST(a_zone_below_an_empty_zone_has_its_own_data),
		TEST(without_recursion_nothing_is_built_in),
		TEST(a_secondary_zone_needs_no_recursion_and_a_stub_does),
		TEST(a_secondary_zone_shares_no_answers_with_a_forward_zone),
		TEST(a_view_shares_the_zone_of_an_earlier_view),
		TEST(a_shared_zone_of_a_view_without_lists_is_for_any_client),
		TEST(an_empty_list_without_a_forward_zone_above_is_warned_of),
		TEST(empty_forwarders_refuse_keeps_names_from_the_default_forwarders),
		TEST(forwarders_of_a_zone_with_a_file_are_for_its_delegations),
		TEST(forwarders_of_a_copied_zone_are_for_its_delegations),
		TEST(a_forward_zone_that_its_parent_does_not_delegate_is_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
