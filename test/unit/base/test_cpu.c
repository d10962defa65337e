/* SPDX-License-Identifier: ISC
 *
 * test_cpu.c - the CPU quota of control groups, read from trees made for the test.
 */
#include "cgroup_tree.h"

#include <split53/cpu.h>

static unsigned
quota(const struct tree *tree)
{
	return s53_cpu_quota(tree->groups, tree->root);
}

static void
the_quota_is_rounded_up_to_whole_processors(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "0::/pod/me\n");
	put(tree, "pod/me/cpu.max", "150000 100000\n");
	assert_int_equal(quota(tree), 2);
	put(tree, "pod/me/cpu.max", "10000 100000\n");
	assert_int_equal(quota(tree), 1);
	put(tree, "pod/me/cpu.max", "400000 100000\n");
	assert_int_equal(quota(tree), 4);
}

static void
max_is_no_quota(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "0::/\n");
	put(tree, "cpu.max", "max 100000\n");
	assert_int_equal(quota(tree), 0);
}

static void
the_smallest_limit_of_all_parent_groups_applies(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "0::/pod/me\n");
	put(tree, "pod/cpu.max", "200000 100000\n");
	put(tree, "pod/me/cpu.max", "800000 100000\n");
	assert_int_equal(quota(tree), 2);
}

static void
a_missing_group_leaves_the_limit_to_its_parents(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "0::/machine.slice/of-the-host\n");
	put(tree, "cpu.max", "300000 100000\n");
	assert_int_equal(quota(tree), 3);
}

static void
cgroup_version_1_has_quota_and_period(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "5:memory:/x\n4:cpu,cpuacct:/docker/1\n0::/\n");
	put(tree, "cpu,cpuacct/docker/1/cpu.cfs_quota_us", "250000\n");
	put(tree, "cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n");
	assert_int_equal(quota(tree), 3);
	put(tree, "cpu,cpuacct/docker/1/cpu.cfs_quota_us", "-1\n");
	assert_int_equal(quota(tree), 0);
}

static void
the_cpuset_controller_is_not_taken_for_cpu(void **state)
{
	const struct tree *tree = *state;

	put(tree, "groups", "4:cpuset:/x\n");
	put(tree, "cpu/x/cpu.cfs_quota_us", "100000\n");
	put(tree, "cpu/x/cpu.cfs_period_us", "100000\n");
	assert_int_equal(quota(tree), 0);
}

static void
a_malformed_quota_is_ignored(void **state)
{
	const struct tree *tree = *state;

	assert_int_equal(quota(tree), 0); /* no file */
	put(tree, "groups", "\n0\n0:\n::\n0::relative\n");
	put(tree, "cpu.max", "100000 0\n");
	assert_int_equal(quota(tree), 0);
}

static void
there_is_always_at_least_one_processor(void **state)
{
	(void)state;
	assert_in_range(s53_cpu_count(), 1, 256);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_quota_is_rounded_up_to_whole_processors),
		TEST(max_is_no_quota),
		TEST(the_smallest_limit_of_all_parent_groups_applies),
		TEST(a_missing_group_leaves_the_limit_to_its_parents),
		TEST(cgroup_version_1_has_quota_and_period),
		TEST(the_cpuset_controller_is_not_taken_for_cpu),
		TEST(a_malformed_quota_is_ignored),
		cmocka_unit_test(there_is_always_at_least_one_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
