/* SPDX-License-Identifier: ISC
 *
 * test_list.c - intrusive lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <split53/list.h>

struct item {
	int number;
	struct s53_link link;
};

static int
number_of(struct s53_link *link)
{
	return S53_CONTAINER_OF(link, struct item, link)->number;
}

static void
appended_items_come_out_in_order_and_pushed_items_come_first(void **state)
{
	struct item items[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
	struct s53_link head;

	(void)state;
	s53_list_init(&head);
	s53_list_append(&head, &items[1].link);
	s53_list_append(&head, &items[2].link);
	s53_list_push(&head, &items[0].link);
	for (int number = 1; number <= 3; number++)
		assert_int_equal(number_of(s53_list_pop(&head)), number);
	assert_null(s53_list_pop(&head));
	assert_true(s53_list_empty(&head));
}

static void
removing_an_item_twice_is_harmless(void **state)
{
	struct item items[2] = { { .number = 1 }, { .number = 2 } };
	struct s53_link head;

	(void)state;
	s53_list_init(&head);
	s53_list_append(&head, &items[0].link);
	s53_list_append(&head, &items[1].link);
	s53_list_remove(&items[0].link);
	s53_list_remove(&items[0].link);
	assert_int_equal(number_of(head.next), 2);
	assert_ptr_equal(head.next, head.prev);
}

static void
the_safe_walk_survives_removal(void **state)
{
	struct item items[5];
	struct s53_link head;
	int sum = 0;

	(void)state;
	s53_list_init(&head);
	for (int i = 0; i < 5; i++) {
		items[i].number = i;
		s53_list_append(&head, &items[i].link);
	}
	S53_LIST_EACH_SAFE (&head, it, following)
		if (number_of(it) % 2 == 0)
			s53_list_remove(it);
	S53_LIST_EACH (&head, it)
		sum += number_of(it);
	assert_int_equal(sum, 1 + 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appended_items_come_out_in_order_and_pushed_items_come_first),
		cmocka_unit_test(removing_an_item_twice_is_harmless),
		cmocka_unit_test(the_safe_walk_survives_removal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
