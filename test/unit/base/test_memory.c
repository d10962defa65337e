/* SPDX-License-Identifier: ISC
 *
 * test_memory.c - the memory limit of control groups, out of trees made for it.
 */
#include "cgroup_tree.h"

#include <split53/memory.h>

static uint64_t
limit(const struct tree *tree)
{
	return s53_memory_limit(tree->groups, tree->root);
}

static void
version_2_has_octets(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "0::/pod/me\n");
	put(tree, "pod/me/memory.max", "67108864\n");
	assert_int_equal(limit(tree), 67108864);
}

static void
max_is_no_limit(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "0::/\n");
	put(tree, "memory.max", "max\n");
	assert_int_equal(limit(tree), 0);
}

static void
the_smallest_limit_on_the_way_up_holds(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "0::/pod/me\n");
	put(tree, "pod/memory.max", "1000000\n");
	put(tree, "pod/me/memory.max", "8000000\n");
	assert_int_equal(limit(tree), 1000000);
	put(tree, "pod/me/memory.max", "500000\n");
	assert_int_equal(limit(tree), 500000);
}

static void
a_path_that_is_not_there_leaves_it_to_its_parents(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "0::/machine.slice/of-the-host\n");
	put(tree, "memory.max", "3000000\n");
	assert_int_equal(limit(tree), 3000000);
}

static void
version_1_says_no_limit_by_a_number(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "5:memory:/docker/1\n4:cpu,cpuacct:/x\n0::/\n");
	put(tree, "memory/docker/1/memory.limit_in_bytes", "134217728\n");
	put(tree, "memory/memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(limit(tree), 134217728);
	put(tree, "memory/docker/1/memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(limit(tree), 0);
}

static void
nonsense_is_no_limit(void **state)
{
	const struct tree *tree = *state;

	assert_int_equal(limit(tree), 0); /* no file */
	put(tree, "groups", "\n0\n0:\n::\n0::relative\n0::/\n");
	put(tree, "memory.max", "-5\n");
	assert_int_equal(limit(tree), 0);
	put(tree, "memory.max", "99999999999999999999999\n");
	assert_int_equal(limit(tree), 0);
	put(tree, "memory.max", "\n");
	assert_int_equal(limit(tree), 0);
}

static void
there_is_always_some_memory(void **state)
{
	(void)state;
	assert_true(s53_memory_octets() > 1 << 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(version_2_has_octets),
		TEST(max_is_no_limit),
		TEST(the_smallest_limit_on_the_way_up_holds),
		TEST(a_path_that_is_not_there_leaves_it_to_its_parents),
		TEST(version_1_says_no_limit_by_a_number),
		TEST(nonsense_is_no_limit),
		cmocka_unit_test(there_is_always_some_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
