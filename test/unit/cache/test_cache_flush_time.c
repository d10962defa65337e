/* SPDX-License-Identifier: ISC
 *
 * test_cache_flush_time.c - flushing a tree of a million entries holds no lock for a millisecond:
 * what a worker can lose by it.
 *
 * The time under a lock is that of the processor, so that neither another program nor the lock's
 * other users count. flush.c is part of this program, between two calls that look at that clock.
 */
#include <pthread.h>
#include <time.h>

static int timed_lock(pthread_mutex_t *lock);
static int timed_unlock(pthread_mutex_t *lock);

#define pthread_mutex_lock timed_lock
#define pthread_mutex_unlock timed_unlock
#include "cache/flush.c"
#undef pthread_mutex_lock
#undef pthread_mutex_unlock

#include "fixture.h"

#define ENTRIES 1000000u
#define HELD_MAX_NS 1000000u

static struct {
	uint64_t since_ns, longest_ns, total_ns;
	unsigned locks;
} held;

static uint64_t
cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int
timed_lock(pthread_mutex_t *lock)
{
	int result = pthread_mutex_lock(lock);

	held.since_ns = cpu_ns();
	return result;
}

static int
timed_unlock(pthread_mutex_t *lock)
{
	uint64_t ns = cpu_ns() - held.since_ns;

	held.locks++;
	held.total_ns += ns;
	if (ns > held.longest_ns)
		held.longest_ns = ns;
	return pthread_mutex_unlock(lock);
}

static void
no_lock_is_held_long_for_a_tree_of_a_million_entries(void **state)
{
	struct fixture *f = fixture_new(256 * MIB);
	struct s53_cache_flush what = { .kind = S53_FLUSH_TREE, .all_views = true };
	struct s53_cache_cursor cursor = { 0 };
	uint64_t began_ns;
	bool more = true;

	(void)state;
	for (unsigned i = 0; i < ENTRIES; i++) {
		char name[64];

		snprintf(name, sizeof(name), "n%07u.tree.example", i);
		assert_true(store_len(f, name, 80, 300));
	}
	assert_int_equal(s53_name_parse("tree.example", &what.name), S53_OK);
	began_ns = cpu_ns();
	while (more)
		assert_int_equal(s53_cache_flush(f->cache, &what, &cursor, &more), S53_OK);
	print_message("%llu entries in %llu ms; %u locks, held for %llu us at most, %llu ns on "
		      "average\n",
	    (unsigned long long)what.sum.flushed,
	    (unsigned long long)(cpu_ns() - began_ns) / 1000000, held.locks,
	    (unsigned long long)held.longest_ns / 1000,
	    (unsigned long long)(held.total_ns / held.locks));
	assert_int_equal(what.sum.flushed, ENTRIES);
	assert_true(held.locks >= ENTRIES / 64); /* at most so many entries under one */
	assert_true(held.longest_ns < HELD_MAX_NS);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_lock_is_held_long_for_a_tree_of_a_million_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
