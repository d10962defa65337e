/* SPDX-License-Identifier: ISC
 *
 * test_acl.c - which clients an address match list matches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <split53/acl.h>

static bool
allows(const struct s53_acl *acl, const char *text)
{
	struct s53_addr addr;

	assert_int_equal(s53_addr_parse(text, 53, &addr), S53_OK);
	return s53_acl_allows(acl, &addr);
}

/*
 * A list made from words: "10/8", "!10.1/16", "any", "none", "{" and "}" or "!{" for a nested list.
 * Afterwards *text is at the end, or after the brace that closes the list.
 */
static struct s53_acl *
list_of(const char **text)
{
	struct s53_acl *acl = s53_acl_new();
	char word[64];
	int used;

	assert_non_null(acl);
	while (sscanf(*text, " %63s%n", word, &used) == 1) {
		bool negated = word[0] == '!';
		const char *bare = word + negated;

		*text += used;
		if (strcmp(bare, "}") == 0)
			break;
		if (strcmp(bare, "{") == 0) {
			struct s53_acl *inner = list_of(text);

			assert_int_equal(s53_acl_add_list(acl, negated, inner), S53_OK);
			s53_acl_drop(inner); /* the outer list has its own count */
		} else if (strcmp(bare, "any") == 0 || strcmp(bare, "none") == 0) {
			assert_int_equal(s53_acl_add_any(acl, negated != (bare[0] == 'n')), S53_OK);
		} else {
			struct s53_prefix prefix;

			assert_int_equal(s53_prefix_parse(bare, &prefix), S53_OK);
			assert_int_equal(s53_acl_add_prefix(acl, negated, &prefix), S53_OK);
		}
	}
	return acl;
}

/* Which of the addresses match the list, as a row of 0 and 1. */
static void
lets_through(const char *list, const char *const addresses[], const char *row)
{
	struct s53_acl *acl = list_of(&list);

	for (size_t i = 0; addresses[i] != NULL; i++)
		assert_int_equal(allows(acl, addresses[i]), row[i] == '1');
	s53_acl_drop(acl);
}

static const char *const three[] = { "10.1.2.3", "10.2.0.1", "192.0.2.1", NULL };

static void
without_a_list_all_clients_match_and_with_an_empty_one_none_does(void **state)
{
	(void)state;
	assert_true(allows(NULL, "192.0.2.1"));
	lets_through("", three, "000");
}

static void
the_first_element_that_matches_decides(void **state)
{
	(void)state;
	lets_through("10/8", three, "110");
	lets_through("!10.1/16 10/8", three, "010");
	lets_through("10/8 !10.1/16", three, "110");
	lets_through("!10/8 any", three, "001");
	lets_through("any", three, "111");
	lets_through("none", three, "000");
	lets_through("none any", three, "000");
	lets_through("!none", three, "111");
}

static void
a_negated_element_of_a_nested_list_means_no_match(void **state)
{
	(void)state;
	lets_through("{ 10/8 }", three, "110");
	lets_through("{ !10.1/16 10/8 }", three, "010");
	lets_through("{ !10.1/16 10/8 } 10.1/16", three, "110");
	lets_through("{ none } any", three, "111");
	lets_through("{ }", three, "000");
}

static void
a_negated_nested_list_denies_its_matches_and_never_allows(void **state)
{
	(void)state;
	lets_through("!{ 10/8 } any", three, "001");
	lets_through("!{ !10.1/16 10/8 } any", three, "101");
	lets_through("!{ !10/8 }", three, "000"); /* no double negation */
	lets_through("!{ !10/8 any }", three, "000");
	lets_through("!{ { !10.1/16 any } } 10/8", three, "100");
}

static void
lists_match_as_in_named(void **state) /* results of 9.18.49 for these three addresses */
{
	static const char *const clients[] = { "127.0.0.2", "127.0.0.3", "127.0.1.1", NULL };

	(void)state;
	lets_through("!{ !127.0.0.2 any } 127.0.0.2", clients, "100");
	lets_through("!{ !127.0.0.2 } any", clients, "111");
	lets_through("{ !127.0.0.2 127.0.0/24 } 127.0.0.2", clients, "110");
	lets_through("!{ 127.0.0.2 } any", clients, "011");
	lets_through("!{ !127.0.0.2 }", clients, "000");
	lets_through("127.0.0/24 !127.0.0.2", clients, "110");
}

static void
ipv4_and_ipv6_are_separate_and_any_is_both(void **state)
{
	static const char *const both[] = { "192.0.2.1", "2001:db8::1", "::1", NULL };

	(void)state;
	lets_through("0.0.0.0/0", both, "100");
	lets_through("::/0", both, "011");
	lets_through("2001:db8::/32", both, "010");
	lets_through("any", both, "111");
}

static void
a_mapped_address_is_matched_as_its_ipv4_address(void **state)
{
	static const char *const mapped[] = { "::ffff:10.1.2.3", "::ffff:192.0.2.1", NULL };

	(void)state;
	lets_through("10/8", mapped, "10");
	lets_through("!10/8 any", mapped, "01");
}

static void
a_nested_list_lives_as_long_as_its_last_user(void **state)
{
	struct s53_acl *inner = s53_acl_new(), *outer = s53_acl_new();

	(void)state;
	assert_int_equal(s53_acl_add_any(inner, true), S53_OK); /* negated: stays a list */
	assert_int_equal(s53_acl_add_any(inner, false), S53_OK);
	assert_int_equal(s53_acl_add_list(outer, true, inner), S53_OK);
	assert_int_equal(s53_acl_add_any(outer, false), S53_OK);
	s53_acl_drop(inner);
	assert_ptr_equal(s53_acl_keep(outer), outer);
	s53_acl_drop(outer);
	assert_true(allows(outer, "192.0.2.1"));
	s53_acl_drop(outer);
	s53_acl_drop(NULL);
}

static void
a_list_that_matches_no_address_is_recognized_as_none(void **state)
{
	struct s53_acl *list = s53_acl_new(), *outer = s53_acl_new();

	(void)state;
	assert_false(s53_acl_is_none(NULL)); /* matches every address */
	assert_true(s53_acl_is_none(list));
	assert_int_equal(s53_acl_add_any(list, true), S53_OK); /* { none; } */
	assert_int_equal(s53_acl_add_any(list, false), S53_OK); /* has no effect */
	assert_true(s53_acl_is_none(list));
	assert_int_equal(s53_acl_add_list(outer, false, list), S53_OK);
	assert_true(s53_acl_is_none(outer));
	assert_int_equal(s53_acl_add_any(outer, false), S53_OK);
	assert_false(s53_acl_is_none(outer));
	s53_acl_drop(outer);
	s53_acl_drop(list);
}

static void
an_index_of_negated_prefixes_alone_is_none(void **state)
{
	struct s53_acl *list = s53_acl_new();
	struct s53_prefix prefix = { .family = AF_INET, .bits = 32 };

	(void)state;
	for (prefix.octets[3] = 0; prefix.octets[3] < 100; prefix.octets[3]++)
		assert_int_equal(s53_acl_add_prefix(list, true, &prefix), S53_OK);
	assert_int_equal(s53_acl_index(list), S53_OK);
	assert_true(s53_acl_is_none(list));
	assert_int_equal(s53_acl_add_prefix(list, false, &prefix), S53_OK);
	assert_false(s53_acl_is_none(list));
	s53_acl_drop(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_list_all_clients_match_and_with_an_empty_one_none_does),
		cmocka_unit_test(the_first_element_that_matches_decides),
		cmocka_unit_test(a_negated_element_of_a_nested_list_means_no_match),
		cmocka_unit_test(a_negated_nested_list_denies_its_matches_and_never_allows),
		cmocka_unit_test(lists_match_as_in_named),
		cmocka_unit_test(ipv4_and_ipv6_are_separate_and_any_is_both),
		cmocka_unit_test(a_mapped_address_is_matched_as_its_ipv4_address),
		cmocka_unit_test(a_nested_list_lives_as_long_as_its_last_user),
		cmocka_unit_test(a_list_that_matches_no_address_is_recognized_as_none),
		cmocka_unit_test(an_index_of_negated_prefixes_alone_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
