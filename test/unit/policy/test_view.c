/* SPDX-License-Identifier: ISC
 *
 * test_view.c - which view a client is assigned to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <split53/view.h>

static struct s53_acl *
list_of(const char *text)
{
	struct s53_acl *acl = s53_acl_new();
	struct s53_prefix prefix;

	assert_non_null(acl);
	assert_int_equal(s53_prefix_parse(text, &prefix), S53_OK);
	assert_int_equal(s53_acl_add_prefix(acl, false, &prefix), S53_OK);
	return acl;
}

/* The name of the view, "-" if there is none. */
static const char *
seen(const struct s53_policy *policy, const char *client, const char *destination, bool recursion)
{
	const struct s53_view *view;
	struct s53_addr from, to;

	assert_int_equal(s53_addr_parse(client, 1024, &from), S53_OK);
	assert_int_equal(s53_addr_parse(destination, 53, &to), S53_OK);
	view = s53_policy_view(policy, &from, &to, recursion);
	return view == NULL ? "-" : view->name;
}

static void
a_view_without_lists_is_for_all_clients(void **state)
{
	struct s53_view view = { .name = "_default" };
	struct s53_policy policy = { .views = &view, .view_count = 1 };

	(void)state;
	assert_string_equal(seen(&policy, "192.0.2.1", "127.0.0.1", true), "_default");
	assert_string_equal(seen(&policy, "2001:db8::1", "::1", false), "_default");
}

static void
the_first_view_with_lists_that_match_both_addresses_is_used(void **state)
{
	struct s53_acl *ten = list_of("10/8"), *inside = list_of("192.0.2.53");
	struct s53_view views[] = {
		{ .name = "both", .match_clients = ten, .match_destinations = inside },
		{ .name = "clients", .match_clients = ten },
		{ .name = "destinations", .match_destinations = inside },
	};
	struct s53_policy policy = { .views = views, .view_count = 3 };

	(void)state;
	assert_string_equal(seen(&policy, "10.1.1.1", "192.0.2.53", true), "both");
	assert_string_equal(seen(&policy, "10.1.1.1", "192.0.2.54", true), "clients");
	assert_string_equal(seen(&policy, "192.0.2.7", "192.0.2.53", true), "destinations");
	assert_string_equal(seen(&policy, "192.0.2.7", "192.0.2.54", true), "-");
	assert_string_equal(seen(&policy, "::ffff:10.1.1.1", "::ffff:192.0.2.53", true), "both");
	s53_acl_drop(ten);
	s53_acl_drop(inside);
}

static void
match_recursive_only_leaves_queries_without_rd_to_later_views(void **state)
{
	struct s53_view views[] = { { .name = "recursive", .match_recursive_only = true },
		{ .name = "rest" } };
	struct s53_policy policy = { .views = views, .view_count = 2 };

	(void)state;
	assert_string_equal(seen(&policy, "192.0.2.7", "192.0.2.53", true), "recursive");
	assert_string_equal(seen(&policy, "192.0.2.7", "192.0.2.53", false), "rest");
	policy.view_count = 1;
	assert_string_equal(seen(&policy, "192.0.2.7", "192.0.2.53", false), "-");
}

static unsigned released;

static void
release(struct s53_policy *policy)
{
	assert_non_null(policy);
	released++;
}

static void
dropping_the_last_count_frees_the_policy(void **state)
{
	struct s53_policy policy = { .release = release };

	(void)state;
	atomic_init(&policy.count, 1);
	released = 0;
	assert_ptr_equal(s53_policy_keep(&policy), &policy);
	s53_policy_drop(&policy);
	assert_int_equal(released, 0);
	s53_policy_drop(&policy);
	assert_int_equal(released, 1);
	s53_policy_drop(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_view_without_lists_is_for_all_clients),
		cmocka_unit_test(the_first_view_with_lists_that_match_both_addresses_is_used),
		cmocka_unit_test(match_recursive_only_leaves_queries_without_rd_to_later_views),
		cmocka_unit_test(dropping_the_last_count_frees_the_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
