/* SPDX-License-Identifier: ISC
 *
 * test_memory.c - the memory limit of control groups, read from trees made for the test.
 */
#include "cgroup_tree.h"

#include <split53/memory.h>

static uint64_t
limit(const struct tree *tree)
{
	return s53_memory_limit(tree->groups, tree->root);
}

static void
cgroup_version_2_gives_the_limit_in_bytes(void **state)
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
the_smallest_limit_of_all_parent_groups_applies(void **state)
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
a_missing_group_leaves_the_limit_to_its_parents(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "0::/machine.slice/of-the-host\n");
	put(tree, "memory.max", "3000000\n");
	assert_int_equal(limit(tree), 3000000);
}

static void
cgroup_version_1_has_a_number_that_means_no_limit(void **state)
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
a_malformed_limit_is_ignored(void **state)
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
		TEST(cgroup_version_2_gives_the_limit_in_bytes),
		TEST(max_is_no_limit),
		TEST(the_smallest_limit_of_all_parent_groups_applies),
		TEST(a_missing_group_leaves_the_limit_to_its_parents),
		TEST(cgroup_version_1_has_a_number_that_means_no_limit),
		TEST(a_malformed_limit_is_ignored),
		cmocka_unit_test(there_is_always_some_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
