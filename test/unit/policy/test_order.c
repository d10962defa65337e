/* SPDX-License-Identifier: ISC
 *
 * test_order.c - which rule of rrset-order applies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <split53/order.h>

#define TYPE_A 1
#define TYPE_AAAA 28

static struct s53_name
name_of(const char *text)
{
	struct s53_name name;

	assert_int_equal(s53_name_parse(text, &name), S53_OK);
	return name;
}

static enum s53_order
order_of(const struct s53_order_list *list, const char *text, uint16_t type)
{
	struct s53_name name = name_of(text);

	return s53_order_find(list, &name, type);
}

static void
without_a_rule_the_order_is_random(void **state)
{
	const struct s53_order_list empty = { .count = 0 };

	(void)state;
	assert_int_equal(order_of(NULL, "a.example", TYPE_A), S53_ORDER_RANDOM);
	assert_int_equal(order_of(&empty, "a.example", TYPE_A), S53_ORDER_RANDOM);
}

static void
a_set_that_matches_no_rule_keeps_its_order(void **state)
{
	const struct s53_order_rule rules[] = {
		{ .any_name = true, .type = TYPE_AAAA, .order = S53_ORDER_CYCLIC },
	};
	const struct s53_order_list list = { .count = 1, .rules = rules };

	(void)state;
	assert_int_equal(order_of(&list, "a.example", TYPE_A), S53_ORDER_NONE);
	assert_int_equal(order_of(&list, "a.example", TYPE_AAAA), S53_ORDER_CYCLIC);
}

static void
the_first_rule_that_matches_decides(void **state)
{
	const struct s53_order_rule rules[] = {
		{ .name = name_of("a.example"), .type = TYPE_A, .order = S53_ORDER_FIXED },
		{ .name = name_of("a.example"), .order = S53_ORDER_CYCLIC },
		{ .any_name = true, .order = S53_ORDER_RANDOM },
	};
	const struct s53_order_list list = { .count = 3, .rules = rules };

	(void)state;
	assert_int_equal(order_of(&list, "A.Example", TYPE_A), S53_ORDER_FIXED);
	assert_int_equal(order_of(&list, "a.example", TYPE_AAAA), S53_ORDER_CYCLIC);
	assert_int_equal(order_of(&list, "b.a.example", TYPE_A), S53_ORDER_RANDOM);
	assert_int_equal(order_of(&list, ".", TYPE_A), S53_ORDER_RANDOM);
}

static void
a_wildcard_matches_names_below_it_at_any_depth_and_not_itself(void **state)
{
	const struct s53_order_rule rules[] = {
		{ .name = name_of("*.example"), .order = S53_ORDER_CYCLIC },
	};
	const struct s53_order_list list = { .count = 1, .rules = rules };

	(void)state;
	assert_int_equal(order_of(&list, "a.example", TYPE_A), S53_ORDER_CYCLIC);
	assert_int_equal(order_of(&list, "c.b.a.EXAMPLE", TYPE_A), S53_ORDER_CYCLIC);
	assert_int_equal(order_of(&list, "example", TYPE_A), S53_ORDER_NONE);
	assert_int_equal(order_of(&list, "aexample", TYPE_A), S53_ORDER_NONE);
	assert_int_equal(order_of(&list, "a.example.org", TYPE_A), S53_ORDER_NONE);
}

static void
a_star_within_a_label_is_no_wildcard(void **state)
{
	const struct s53_order_rule rules[] = {
		{ .name = name_of("*a.example"), .order = S53_ORDER_CYCLIC },
	};
	const struct s53_order_list list = { .count = 1, .rules = rules };

	(void)state;
	assert_int_equal(order_of(&list, "*a.example", TYPE_A), S53_ORDER_CYCLIC);
	assert_int_equal(order_of(&list, "b.*a.example", TYPE_A), S53_ORDER_NONE);
	assert_int_equal(order_of(&list, "ba.example", TYPE_A), S53_ORDER_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_rule_the_order_is_random),
		cmocka_unit_test(a_set_that_matches_no_rule_keeps_its_order),
		cmocka_unit_test(the_first_rule_that_matches_decides),
		cmocka_unit_test(a_wildcard_matches_names_below_it_at_any_depth_and_not_itself),
		cmocka_unit_test(a_star_within_a_label_is_no_wildcard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
