/* SPDX-License-Identifier: ISC
 *
 * test_cache_memory.c - the memory of a cache: what it takes from the kernel, and what happens
 * without any.
 */
#include "fixture.h"

#include "cache/inside.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER "0000 8180 0001 0001 0000 0000 " QUESTION "c00c 0001 0001 0000012c 0004 7f000001 "

/* Resident bytes of this process. */
static size_t
resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long size = 0, pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &size, &pages), 2);
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static const char *
nth(unsigned i)
{
	static char name[64];

	snprintf(name, sizeof(name), "n%07u.example", i);
	return name;
}

static void
a_large_unused_cache_takes_no_memory(void **state)
{
	size_t before = resident();
	struct s53_cache *cache = s53_cache_new(64 * 1024 * MIB);

	(void)state;
	assert_non_null(cache);
	assert_true(resident() < before + 4 * MIB);
	s53_cache_drop(cache);
}

static void
a_cache_may_have_any_size(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 2 * MIB, 2 * MIB + 1, 3 * MIB - 1, 4 * MIB - 1,
		5 * MIB, 100 * MIB, 1000 * MIB, 9000 * MIB, UINT64_C(1) << 44, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct fixture *f = fixture_new(sizes[i]);
		uint64_t least = sizes[i] < 2 * MIB ? 2 * MIB : sizes[i];

		assert_int_equal(s53_cache_max_octets(f->cache), least);
		assert_true(count_of(f).used_octets <= least);
		fixture_free(f);
	}
}

/*
 * Sizes that cover both index sizes of a growing shard. All sizes below 2 MiB are alike, and all
 * above 8 GiB.
 */
static void
the_parts_add_up_to_the_size_or_a_little_less(void **state)
{
	(void)state;
	for (uint64_t size = 2 * MIB; size < 9000 * MIB; size += size / 13 + 1) {
		struct s53_cache *cache = s53_cache_new(size);
		const struct s53_layout *layout = &cache->layout;
		uint64_t shards = UINT64_C(1) << cache->shard_bits;
		uint64_t index = sizeof(uint64_t) << layout->index_bits_max;
		uint64_t ghosts = (layout->ghosts_mask + UINT64_C(1)) * sizeof(uint64_t);
		uint64_t rings =
		    layout->ring_size[S53_RING_SMALL] + layout->ring_size[S53_RING_MAIN];
		uint64_t all = sizeof(*cache) + shards * sizeof(struct s53_shard) +
		    shards * (index + ghosts + rings) + index / 2;

		assert_true(all <= size);
		assert_true(all > size - size / 25);
		assert_true(size < 4096 * MIB ? size / shards < 2 * MIB : true);
		s53_cache_drop(cache);
	}
}

static void
a_few_entries_take_little_memory(void **state)
{
	struct fixture *f = fixture_new(64 * MIB);

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		assert_true(store_len(f, nth(i), 60, 300));
	assert_true(count_of(f).used_octets < MIB / 2);
	fixture_free(f);
}

#ifdef __SANITIZE_ADDRESS__
#define SHADOW(size) ((size) / 8) /* the sanitizer's own memory for it */
#else
#define SHADOW(size) 0
#endif

/* The memory that the cache counts is what the kernel has given, a page here and there aside. */
static void
the_memory_in_use_is_counted_and_never_more_than_the_size(void **state)
{
	uint64_t size = 32 * MIB;
	struct fixture *f = fixture_new(size);
	size_t before = resident();
	size_t taken;

	(void)state;
	for (unsigned i = 0; i < 400000; i++)
		assert_true(store_len(f, nth(i % 350000), 60 + (i % 50 == 0 ? i % 3000 : 0), 300));
	taken = resident() - before;
	assert_true(taken <= size + MIB + SHADOW(size)); /* the test itself and its stack */
	assert_true(count_of(f).used_octets <= size);
	assert_true(count_of(f).used_octets > size - size / 10);
	fixture_free(f);
}

static void
in_a_child(void (*run)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
must(bool condition, int code)
{
	if (!condition)
		_exit(code);
}

/* Without address space a shard cannot be mapped; later there is some again. */
static void
live_without_memory(void)
{
	struct fixture *f = fixture_new(64 * MIB);
	struct rlimit limit, none;

	must(getrlimit(RLIMIT_AS, &limit) == 0, 2);
	none = limit;
	none.rlim_cur = 4096;
	must(setrlimit(RLIMIT_AS, &none) == 0, 3);
	must(!store(f, ANSWER, 300), 4);
	must(find(f) == S53_CACHE_MISS, 5);
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	must(find(f) == S53_CACHE_MISS, 6);
	s53_cache_prefetch(f->cache, &f->key);
	must(count_of(f).entries == 0, 7);
	must(setrlimit(RLIMIT_AS, &limit) == 0, 8);
	must(store(f, ANSWER, 300), 9);
	must(find(f) == S53_CACHE_FRESH, 10);
	fixture_free(f);
}

static void
without_memory_from_the_kernel_an_answer_is_not_kept(void **state)
{
	(void)state;
	in_a_child(live_without_memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_large_unused_cache_takes_no_memory),
		cmocka_unit_test(a_cache_may_have_any_size),
		cmocka_unit_test(the_parts_add_up_to_the_size_or_a_little_less),
		cmocka_unit_test(a_few_entries_take_little_memory),
		cmocka_unit_test(the_memory_in_use_is_counted_and_never_more_than_the_size),
		cmocka_unit_test(without_memory_from_the_kernel_an_answer_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
