/* SPDX-License-Identifier: ISC
 *
 * test_route.c - the longest suffix decides, and only whole labels match.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <split53/edns.h>
#include <split53/rand.h>
#include <split53/route.h>

static struct s53_name
name_of(const char *text)
{
	struct s53_name name;

	assert_int_equal(s53_name_parse(text, &name), S53_OK);
	s53_name_lower(&name);
	return name;
}

static enum s53_status
add(struct s53_routes *routes, const char *apex, bool builtin)
{
	struct s53_route route = { .apex = name_of(apex),
		.kind = S53_ROUTE_FORWARD,
		.builtin = builtin,
		.ede = S53_EDE_NONE };

	return s53_routes_add(routes, &route);
}

static struct s53_routes *
table(const char *const apexes[])
{
	struct s53_routes *routes = s53_routes_new();

	assert_non_null(routes);
	for (size_t i = 0; apexes[i] != NULL; i++)
		assert_int_equal(add(routes, apexes[i], false), S53_OK);
	return routes;
}

/* `apex` NULL: no route. */
static void
leads(const struct s53_routes *routes, const char *text, const char *apex)
{
	struct s53_name name = name_of(text);
	const struct s53_route *route = s53_routes_find(routes, &name);
	char found[S53_NAME_TEXT];

	if (apex == NULL) {
		assert_null(route);
		return;
	}
	assert_non_null(route);
	assert_string_equal(s53_name_print(&route->apex, found), apex);
}

static void
the_longest_suffix_decides(void **state)
{
	static const char *const apexes[] = { ".", "consul", "dc2.consul", "a.b.c.d.example",
		"10.in-addr.arpa", NULL };
	struct s53_routes *routes = table(apexes);

	(void)state;
	leads(routes, "galeradb.service.consul", "consul");
	leads(routes, "consul", "consul");
	leads(routes, "CONSUL", "consul");
	leads(routes, "x.node.dc2.consul", "dc2.consul");
	leads(routes, "x.dc1.consul", "consul");
	leads(routes, "www.example.com", ".");
	leads(routes, ".", ".");
	leads(routes, "b.c.d.example", ".");
	leads(routes, "a.b.c.d.example", "a.b.c.d.example");
	leads(routes, "x.a.b.c.d.example", "a.b.c.d.example");
	leads(routes, "x.b.c.d.example", ".");
	leads(routes, "4.3.2.10.in-addr.arpa", "10.in-addr.arpa");
	leads(routes, "4.3.2.110.in-addr.arpa", ".");
	s53_routes_free(routes);
}

static void
only_whole_labels_match(void **state)
{
	static const char *const apexes[] = { ".", "consul", NULL };
	struct s53_routes *routes = table(apexes);

	(void)state;
	leads(routes, "notconsul", ".");
	leads(routes, "x.notconsul", ".");
	leads(routes, "consul.example.com", ".");
	leads(routes, "x\\.consul", ".");
	leads(routes, "a.x\\.consul", ".");
	leads(routes, "x\\006consul", "."); /* a label "consul" within another */
	leads(routes, "consu", ".");
	leads(routes, "consull", ".");
	s53_routes_free(routes);
}

static void
without_a_route_for_the_root_a_name_may_have_no_route(void **state)
{
	static const char *const apexes[] = { "x.consul", NULL };
	struct s53_routes *routes = table(apexes);

	(void)state;
	leads(routes, "consul", NULL);
	leads(routes, "y.consul", NULL);
	leads(routes, ".", NULL);
	leads(routes, "x.consul", "x.consul");
	s53_routes_free(routes);
	routes = s53_routes_new();
	leads(routes, "a.b", NULL);
	s53_routes_free(routes);
	s53_routes_free(NULL);
}

static void
a_configured_and_a_built_in_zone_replace_each_other(void **state)
{
	struct s53_routes *routes = s53_routes_new();
	struct s53_name name = name_of("localhost");

	(void)state;
	assert_int_equal(add(routes, "localhost", true), S53_OK);
	assert_int_equal(add(routes, "localhost", true), S53_E_EXISTS);
	assert_true(s53_routes_find(routes, &name)->builtin);
	assert_int_equal(add(routes, "localhost", false), S53_OK);
	assert_false(s53_routes_find(routes, &name)->builtin);
	assert_int_equal(add(routes, "localhost", false), S53_E_EXISTS);
	assert_int_equal(add(routes, "localhost", true), S53_OK);
	assert_true(s53_routes_find(routes, &name)->builtin);
	assert_int_equal(add(routes, ".", true), S53_OK);
	assert_int_equal(add(routes, ".", false), S53_OK);
	assert_int_equal(add(routes, ".", false), S53_E_EXISTS);
	s53_routes_free(routes);
}

static void
a_route_takes_a_count_of_its_list(void **state)
{
	struct s53_route route = { .apex = name_of("a"), .kind = S53_ROUTE_NONE };
	struct s53_routes *routes = s53_routes_new();
	struct s53_addr addr;

	(void)state;
	route.allow_query = s53_acl_new();
	assert_int_equal(s53_acl_add_any(route.allow_query, false), S53_OK);
	assert_int_equal(s53_routes_add(routes, &route), S53_OK);
	s53_acl_drop(route.allow_query);
	assert_int_equal(s53_addr_parse("192.0.2.1", 0, &addr), S53_OK);
	assert_true(s53_acl_allows(s53_routes_find(routes, &route.apex)->allow_query, &addr));
	s53_routes_free(routes); /* LeakSanitizer would report a lost count */
}

static void
note(const struct s53_route *route, void *arg)
{
	char text[S53_NAME_TEXT];

	strcat(arg, s53_name_print(&route->apex, text));
	strcat(arg, " ");
}

static void
routes_are_listed_in_canonical_order(void **state) /* RFC 4034 s6.1, its own example */
{
	static const char *const apexes[] = { "z.example", "*.z.example", "example",
		"yljkjljk.a.example", "\\200.z.example", "a.example", "zABC.a.EXAMPLE",
		"Z.a.example", "\\001.z.example", ".", "exampl", NULL };
	struct s53_routes *routes = table(apexes);
	char order[1024] = "";

	(void)state;
	s53_routes_each(routes, note, order);
	assert_string_equal(order,
	    ". exampl example a.example yljkjljk.a.example z.a.example zabc.a.example z.example "
	    "\\001.z.example *.z.example \\200.z.example ");
	s53_routes_free(routes);
}

/* The expected result of find(), by trying every apex. */
static const struct s53_name *
longest(const struct s53_name *apexes, size_t count, const struct s53_name *name)
{
	const struct s53_name *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (s53_name_is_at_or_below(name, &apexes[i]) &&
		    (best == NULL || apexes[i].len > best->len))
			best = &apexes[i];
	return best;
}

static struct s53_name
random_name(unsigned labels_max)
{
	static const char *const labels[] = { "a", "b", "aa", "A", "\\.", "consul" };
	unsigned count = s53_rand_below(labels_max + 1);
	char text[256] = "";

	while (count-- > 0) {
		strcat(text, labels[s53_rand_below(6)]);
		strcat(text, ".");
	}
	return name_of(text[0] == '\0' ? "." : text);
}

static void
find_gives_the_same_as_trying_every_apex(void **state)
{
	struct s53_routes *routes = s53_routes_new();
	static struct s53_name apexes[400];
	size_t count = 0;

	(void)state;
	s53_rand_test_seed(53);
	while (count < 400) {
		struct s53_route route = { .apex = random_name(5), .kind = S53_ROUTE_NONE };
		enum s53_status status = s53_routes_add(routes, &route);

		assert_true(status == S53_OK || status == S53_E_EXISTS);
		if (status == S53_OK)
			apexes[count++] = route.apex;
	}
	for (unsigned i = 0; i < 20000; i++) {
		struct s53_name name = random_name(8);
		const struct s53_route *found = s53_routes_find(routes, &name);
		const struct s53_name *expected = longest(apexes, count, &name);

		assert_int_equal(found == NULL, expected == NULL);
		assert_true(expected == NULL || s53_name_same(&found->apex, expected));
	}
	s53_routes_free(routes);
}

static void
the_longest_possible_name_is_found(void **state)
{
	struct s53_routes *routes = s53_routes_new();
	struct s53_route route = { .apex = { .len = S53_NAME_MAX }, .kind = S53_ROUTE_NONE };

	(void)state;
	for (unsigned i = 0; i < 254; i += 2) {
		route.apex.octets[i] = 1;
		route.apex.octets[i + 1] = 'x';
	}
	assert_int_equal(s53_routes_add(routes, &route), S53_OK);
	assert_non_null(s53_routes_find(routes, &route.apex));
	s53_routes_free(routes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_suffix_decides),
		cmocka_unit_test(only_whole_labels_match),
		cmocka_unit_test(without_a_route_for_the_root_a_name_may_have_no_route),
		cmocka_unit_test(a_configured_and_a_built_in_zone_replace_each_other),
		cmocka_unit_test(a_route_takes_a_count_of_its_list),
		cmocka_unit_test(routes_are_listed_in_canonical_order),
		cmocka_unit_test(find_gives_the_same_as_trying_every_apex),
		cmocka_unit_test(the_longest_possible_name_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
