/* SPDX-License-Identifier: ISC
 *
 * test_cache_flush.c - what an operator flushes goes, all of it, and nothing else; while the cache
 * is in use, and without holding a lock for long.
 */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define MANY 40000u
#define STEPS_OF_SMALLEST 256u /* 2 MiB in pieces of up to 64 KiB, some of them short */

static const char *
nth(const char *tree, unsigned i)
{
	static _Thread_local char name[64];

	snprintf(name, sizeof(name), "n%07u.%s", i, tree);
	return name;
}

static struct s53_cache_flush
tree_of(const char *text)
{
	struct s53_cache_flush what = { .kind = S53_FLUSH_TREE, .all_views = true };

	assert_int_equal(s53_name_parse(text, &what.name), S53_OK);
	return what;
}

static struct s53_cache_flushed
flush(struct fixture *f, struct s53_cache_flush *what)
{
	struct s53_cache_cursor cursor = { 0 };
	bool more = true;

	what->sum = (struct s53_cache_flushed){ 0 };
	while (more)
		assert_int_equal(s53_cache_flush(f->cache, what, &cursor, &more), S53_OK);
	return what->sum;
}

static void
fill(struct fixture *f, const char *tree, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_true(store_len(f, nth(tree, i), 60 + i % 200, 300));
}

static unsigned
found(struct fixture *f, const char *tree, unsigned count)
{
	unsigned hits = 0;

	for (unsigned i = 0; i < count; i++)
		hits += find_name(f, nth(tree, i)) == S53_CACHE_FRESH;
	return hits;
}

static void
a_tree_goes_and_its_neighbours_stay(void **state)
{
	struct fixture *f = fixture_new(64 * MIB);
	struct s53_cache_flush what = tree_of("a.example");
	struct s53_cache_flushed sum;

	(void)state;
	fill(f, "a.example", MANY);
	fill(f, "b.example", MANY);
	assert_true(store_len(f, "a.example", 60, 300));
	assert_true(store_len(f, "example", 60, 300));
	assert_true(store_len(f, "aa.example", 60, 300));
	sum = flush(f, &what);
	assert_int_equal(sum.flushed, MANY + 1);
	assert_int_equal(sum.walked, 2 * MANY + 3);
	assert_int_equal(found(f, "a.example", MANY), 0);
	assert_int_equal(found(f, "b.example", MANY), MANY);
	assert_int_equal(find_name(f, "a.example"), S53_CACHE_MISS);
	assert_int_equal(find_name(f, "example"), S53_CACHE_FRESH);
	assert_int_equal(find_name(f, "aa.example"), S53_CACHE_FRESH);
	assert_int_equal(count_of(f).entries, MANY + 2);
	fixture_free(f);
}

static void
a_name_goes_with_all_types_flags_and_its_failure(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_cache_flush what = tree_of("www.example");

	(void)state;
	what.kind = S53_FLUSH_NAME;
	f->rules.servfail_ttl_s = 30;
	for (uint16_t type = 1; type <= 40; type++) {
		ask_about(f, "www.example", type);
		resolving_fails(f, S53_EDE_OTHER);
	}
	s53_key_make(&f->key, 3, &f->question, true, true);
	resolving_fails(f, S53_EDE_OTHER);
	assert_true(store_len(f, "x.www.example", 60, 300));
	assert_int_equal(flush(f, &what).flushed, 41);
	assert_int_equal(find_name(f, "x.www.example"), S53_CACHE_FRESH);
	assert_int_equal(count_of(f).entries, 1);
	fixture_free(f);
}

static void
one_view_goes_and_no_other(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_cache_flush what = { .kind = S53_FLUSH_ALL, .view_id = 3 };

	(void)state;
	f->rules.servfail_ttl_s = 30;
	for (uint32_t view = 1; view <= 5; view++) {
		s53_key_make(&f->key, view, &f->question, false, false);
		resolving_fails(f, S53_EDE_OTHER);
	}
	assert_int_equal(flush(f, &what).flushed, 1);
	s53_key_make(&f->key, 3, &f->question, false, false);
	assert_int_equal(find(f), S53_CACHE_MISS);
	s53_key_make(&f->key, 4, &f->question, false, false);
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	fixture_free(f);
}

/* The authority section names the zone beside each answer. */
static void
the_apex_of_a_zone_is_not_all_of_the_zone(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_cache_flush what = tree_of("example");

	(void)state;
	what.kind = S53_FLUSH_NAME;
	assert_true(store(f,
	    "0000 8183 0001 0000 0001 0000 .www .example 00 0001 0001 "
	    "c010 0006 0001 0000012c 001b " SOA_NAMES
	    "00000001 00000001 00000001 00000001 0000012c",
	    300));
	assert_int_equal(flush(f, &what).flushed, 0);
	what = tree_of("example");
	assert_int_equal(flush(f, &what).flushed, 1);
	fixture_free(f);
}

static void
what_was_stored_meanwhile_in_a_flushed_entrys_place_stays(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_cache_flush what = tree_of("a.example");

	(void)state;
	fill(f, "a.example", 1000);
	flush(f, &what);
	fill(f, "a.example", 1000);
	assert_int_equal(found(f, "a.example", 1000), 1000);
	fixture_free(f);
}

/* After a flush of all the memory is of use again: no dead block keeps a new one out. */
static void
a_flushed_cache_takes_as_much_as_before(void **state)
{
	struct fixture *f = fixture_new(4 * MIB);
	struct s53_cache_flush what = { .kind = S53_FLUSH_ALL, .all_views = true };
	uint64_t before;

	(void)state;
	fill(f, "a.example", MANY);
	before = count_of(f).entries;
	assert_int_equal(flush(f, &what).flushed, before);
	assert_int_equal(count_of(f).entries, 0);
	fill(f, "b.example", MANY);
	assert_true(count_of(f).entries >= before * 95 / 100);
	fixture_free(f);
}

/*
 * Between two steps the main ring turns, and takes entries that are in use from its tail to its
 * head, past where the walk began.
 */
static void
what_moves_to_the_head_is_not_missed(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_cache_flush what = tree_of("a.example");
	struct s53_cache_cursor cursor = { 0 };
	unsigned next = 0, bursts = 0, left;
	bool more = true;

	(void)state;
	fill(f, "a.example", 4000);
	for (; next < 30000;
	     next++) { /* the rings are full, and those in use are in the main one */
		store_len(f, nth("other", next), 100, 300);
		find_name(f, nth("a.example", next % 4000));
	}
	left = found(f, "a.example", 4000);
	assert_true(left > 2000);
	while (more) {
		bool in_main_ring = cursor.shard % 2 == 1;

		assert_int_equal(s53_cache_flush(f->cache, &what, &cursor, &more), S53_OK);
		for (unsigned i = 0; i < 20000 && in_main_ring && bursts < 2; i++, next++) {
			store_len(f, nth("other", next), 100, 300);
			find_name(f, nth("other", next)); /* so it goes on to the main ring */
			find_name(f, nth("a.example", next % 4000));
		}
		bursts += in_main_ring;
	}
	assert_int_equal(found(f, "a.example", 4000), 0);
	fixture_free(f);
}

/*
 * After each step as many answers are stored as turn the rings over and over, and the entries of
 * the flushed tree are in use, so that they would go around for ever.
 */
static void
a_flush_ends_however_many_answers_are_stored(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_cache_flush what = tree_of("a.example");
	struct s53_cache_cursor cursor = { 0 };
	unsigned next = 0, steps = 0;
	bool more = true;

	(void)state;
	fill(f, "a.example", 1000);
	for (; next < 30000; next++) {
		store_len(f, nth("other", next), 100, 300);
		find_name(f, nth("a.example", next % 1000));
	}
	assert_true(found(f, "a.example", 1000) > 500);
	while (more) {
		assert_int_equal(s53_cache_flush(f->cache, &what, &cursor, &more), S53_OK);
		assert_true(++steps <= STEPS_OF_SMALLEST);
		for (unsigned i = 0; i < 5000; i++, next++) {
			store_len(f, nth("other", next), 100, 300);
			find_name(f, nth("other", next));
			find_name(f, nth("a.example", next % 1000));
		}
	}
	assert_int_equal(found(f, "a.example", 1000), 0);
	fixture_free(f);
}

/* A cache that was flushed keeps what is in use again, beyond where the walk has been. */
static void
what_is_in_use_stays_after_a_flush(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_cache_flush what = tree_of("nothing.example");

	(void)state;
	flush(f, &what);
	fill(f, "a.example", 1000);
	flush(f, &what);
	for (unsigned next = 0; next < 60000; next++) {
		store_len(f, nth("other", next), 100, 300);
		find_name(f, nth("other", next)); /* so it goes on to the main ring, which turns */
		find_name(f, nth("a.example", next % 1000));
	}
	assert_true(found(f, "a.example", 1000) > 900);
	fixture_free(f);
}

/* What is of several flushes goes on account of the first, as if they had come one by one. */
static void
several_flushes_share_a_walk(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_cache_flush again = tree_of("n0000001.a.example");
	struct s53_cache_flush view = { .kind = S53_FLUSH_ALL, .view_id = 3, .next = &again };
	struct s53_cache_flush tree = tree_of("b.example");
	struct s53_cache_flush name = tree_of("n0000001.a.example");

	(void)state;
	name.kind = again.kind = S53_FLUSH_NAME;
	name.next = &tree;
	tree.next = &view;
	fill(f, "a.example", 10);
	fill(f, "b.example", 20);
	f->rules.servfail_ttl_s = 30;
	s53_key_make(&f->key, 3, &f->question, false, false);
	resolving_fails(f, S53_EDE_OTHER);
	assert_int_equal(flush(f, &name).flushed, 1);
	assert_int_equal(tree.sum.flushed, 20);
	assert_int_equal(view.sum.flushed, 1);
	assert_int_equal(again.sum.flushed, 0);
	assert_int_equal(again.sum.walked, 31);
	assert_int_equal(found(f, "a.example", 10), 9);
	assert_int_equal(count_of(f).entries, 9);
	fixture_free(f);
}

/* --- while workers use it -------------------------------------------------------------------- */

struct worker {
	struct s53_cache *cache;
	_Atomic bool stop;
	_Atomic uint64_t stored;
};

/* Stores and finds other names, so that entries of the flushed tree move and leave. */
static void *
work(void *arg)
{
	struct worker *worker = arg;
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->cache = worker->cache;
	f->rules = default_rules();
	f->now_ms = START_MS;
	f->route_id = 7;
	for (unsigned i = 0; !atomic_load(&worker->stop); i++) {
		store_len(f, nth("other", i % 200000), 100, 300);
		find_name(f, nth("a.example", i % MANY));
		find_name(f, nth("a.example", i % MANY));
		atomic_fetch_add(&worker->stored, 1);
	}
	free(f);
	return NULL;
}

/* The rings turn while they are walked: what moves ahead is not missed. */
static void
nothing_is_missed_while_entries_move(void **state)
{
	for (unsigned round = 0; round < 5; round++) {
		struct fixture *f = fixture_new(8 * MIB);
		struct worker worker = { .cache = f->cache };
		struct s53_cache_flush what = tree_of("a.example");
		pthread_t thread;

		(void)state;
		fill(f, "a.example", MANY);
		assert_int_equal(pthread_create(&thread, NULL, work, &worker), 0);
		while (atomic_load(&worker.stored) < 20000)
			sched_yield();
		flush(f, &what);
		assert_int_equal(found(f, "a.example", MANY), 0);
		atomic_store(&worker.stop, true);
		pthread_join(thread, NULL);
		fixture_free(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_goes_and_its_neighbours_stay),
		cmocka_unit_test(a_name_goes_with_all_types_flags_and_its_failure),
		cmocka_unit_test(one_view_goes_and_no_other),
		cmocka_unit_test(the_apex_of_a_zone_is_not_all_of_the_zone),
		cmocka_unit_test(what_was_stored_meanwhile_in_a_flushed_entrys_place_stays),
		cmocka_unit_test(a_flushed_cache_takes_as_much_as_before),
		cmocka_unit_test(what_moves_to_the_head_is_not_missed),
		cmocka_unit_test(a_flush_ends_however_many_answers_are_stored),
		cmocka_unit_test(what_is_in_use_stays_after_a_flush),
		cmocka_unit_test(several_flushes_share_a_walk),
		cmocka_unit_test(nothing_is_missed_while_entries_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
