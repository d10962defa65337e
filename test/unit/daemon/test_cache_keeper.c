/* SPDX-License-Identifier: ISC
 *
 * test_cache_keeper.c - which cache a new configuration uses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <split53/cache.h>
#include <split53/clock.h>
#include <split53/reply.h>

#include <daemon/inside.h>

#define MIB (UINT64_C(1) << 20)
#define NOW_MS UINT64_C(1000000)
#define VIEW 7
#define OTHER_VIEW 8
#define ROUTE 9

/* A configuration with these views, which outlive it, and this cache size. */
static struct s53_snapshot *
snapshot_of(struct s53_view *views, unsigned view_count, uint64_t octets)
{
	struct s53_snapshot *snapshot = s53_snapshot_new();

	assert_non_null(snapshot);
	snapshot->policy.views = views;
	snapshot->policy.view_count = view_count;
	snapshot->max_cache_octets = octets;
	return snapshot;
}

/* Activate it, as a reload does. */
static struct s53_cache *
serve(struct s53_daemon *daemon, struct s53_snapshot *snapshot)
{
	struct s53_snapshot *before = daemon->snapshot;

	s53_daemon_keep_cache(daemon, snapshot);
	daemon->snapshot = snapshot;
	s53_snapshot_drop(before);
	return snapshot->policy.cache;
}

static struct s53_question
question_of(const char *name)
{
	struct s53_question question = { .qtype = S53_TYPE_A, .qclass = S53_CLASS_IN };

	assert_int_equal(s53_name_parse(name, &question.name), S53_OK);
	s53_name_lower_of(&question.name, &question.lower);
	return question;
}

static void
put(struct s53_cache *cache, uint32_t view_id, const char *name)
{
	struct s53_question question = question_of(name);
	struct s53_cache_record record = { .view_id = view_id,
		.route_id = ROUTE,
		.stored_ms = NOW_MS - 10000,
		.lifetime_s = 300,
		.kept_s = 300 };
	const uint8_t rdata[4] = { 192, 0, 2, 1 };
	uint8_t octets[S53_MESSAGE_MAX];
	struct s53_reply reply;

	s53_reply_begin(&reply, octets, sizeof(octets), 0, S53_QR | S53_RA, &question);
	assert_true(s53_reply_add(&reply, S53_ANSWER, &question.name, S53_TYPE_A, S53_CLASS_IN, 300,
	    rdata, sizeof(rdata)));
	record.octets = octets;
	record.len = s53_reply_end(&reply, NULL);
	assert_true(s53_cache_restore(cache, &record, NOW_MS));
}

static void
count_one(void *arg, const struct s53_cache_record *record)
{
	unsigned *counts = arg;

	assert_int_equal(record->route_id, ROUTE);
	assert_int_equal(record->stored_ms, NOW_MS - 10000);
	assert_int_equal(record->lifetime_s, 300);
	counts[record->view_id == VIEW ? 0 : 1]++;
}

/* How many entries belong to VIEW, and how many to other views. */
static void
check_counts(struct s53_cache *cache, unsigned of_view, unsigned of_others)
{
	struct s53_cache_cursor cursor = { 0 };
	unsigned counts[2] = { 0, 0 };

	while (s53_cache_walk(cache, &cursor, NOW_MS, count_one, counts))
		;
	assert_int_equal(counts[0], of_view);
	assert_int_equal(counts[1], of_others);
}

static int
clock_set(void **state)
{
	(void)state;
	s53_clock_test_set(NOW_MS);
	return 0;
}

static void
a_reload_with_the_same_size_keeps_the_same_cache(void **state)
{
	struct s53_view view = { .id = VIEW };
	struct s53_daemon daemon = { .snapshot = NULL };
	struct s53_cache *cache = serve(&daemon, snapshot_of(&view, 1, 4 * MIB));

	(void)state;
	assert_non_null(cache);
	put(cache, VIEW, "a.example");
	assert_ptr_equal(serve(&daemon, snapshot_of(&view, 1, 4 * MIB)), cache);
	assert_ptr_equal(serve(&daemon, snapshot_of(&view, 1, 4 * MIB)), cache);
	check_counts(cache, 1, 0);
	s53_snapshot_drop(daemon.snapshot);
}

static void
a_cache_of_another_size_takes_the_entries_along(void **state)
{
	struct s53_view view = { .id = VIEW };
	struct s53_daemon daemon = { .snapshot = NULL };
	struct s53_cache *small = serve(&daemon, snapshot_of(&view, 1, 2 * MIB)), *large;

	(void)state;
	put(small, VIEW, "a.example");
	put(small, VIEW, "b.example");
	large = serve(&daemon, snapshot_of(&view, 1, 8 * MIB));
	assert_int_equal(s53_cache_max_octets(large), 8 * MIB);
	check_counts(large, 2, 0);
	check_counts(serve(&daemon, snapshot_of(&view, 1, 2 * MIB)), 2, 0);
	s53_snapshot_drop(daemon.snapshot);
}

static void
entries_of_removed_views_are_not_taken_along(void **state)
{
	struct s53_view views[] = { { .id = OTHER_VIEW }, { .id = VIEW } };
	struct s53_daemon daemon = { .snapshot = NULL };
	struct s53_cache *cache = serve(&daemon, snapshot_of(views, 2, 2 * MIB));

	(void)state;
	put(cache, VIEW, "a.example");
	put(cache, OTHER_VIEW, "a.example");
	check_counts(serve(&daemon, snapshot_of(&views[1], 1, 4 * MIB)), 1, 0);
	s53_snapshot_drop(daemon.snapshot);
}

static void
with_size_0_there_is_no_cache_and_the_entries_are_gone(void **state)
{
	struct s53_view view = { .id = VIEW };
	struct s53_daemon daemon = { .snapshot = NULL };

	(void)state;
	put(serve(&daemon, snapshot_of(&view, 1, 2 * MIB)), VIEW, "a.example");
	assert_null(serve(&daemon, snapshot_of(&view, 1, 0)));
	assert_null(serve(&daemon, snapshot_of(&view, 1, 0)));
	check_counts(serve(&daemon, snapshot_of(&view, 1, 2 * MIB)), 0, 0);
	s53_snapshot_drop(daemon.snapshot);
}

/* A pending query holds the policy that it began with, and may still store its answer. */
static void
the_old_cache_lives_as_long_as_its_configuration(void **state)
{
	struct s53_view view = { .id = VIEW };
	struct s53_daemon daemon = { .snapshot = NULL };
	struct s53_cache *old = serve(&daemon, snapshot_of(&view, 1, 2 * MIB));
	struct s53_policy *pinned = s53_policy_keep(&daemon.snapshot->policy);
	struct s53_cache *cache = serve(&daemon, snapshot_of(&view, 1, 4 * MIB));

	(void)state;
	put(old, VIEW, "late.example");
	check_counts(old, 1, 0);
	check_counts(cache, 0, 0);
	s53_policy_drop(pinned);
	s53_snapshot_drop(daemon.snapshot);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_reload_with_the_same_size_keeps_the_same_cache, clock_set),
		cmocka_unit_test_setup(a_cache_of_another_size_takes_the_entries_along, clock_set),
		cmocka_unit_test_setup(entries_of_removed_views_are_not_taken_along, clock_set),
		cmocka_unit_test_setup(
		    with_size_0_there_is_no_cache_and_the_entries_are_gone, clock_set),
		cmocka_unit_test_setup(the_old_cache_lives_as_long_as_its_configuration, clock_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
