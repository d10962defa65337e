/* SPDX-License-Identifier: ISC
 *
 * test_cache_full_index.c - answers so small that the index is full before the rings are.
 *
 * The cache has 3.3 MiB, which is two shards of 1.6 MiB: there the index is smallest in relation
 * to the rings. 28,672 entries fit.
 */
#include "fixture.h"

#include "cache/inside.h"

#define OCTETS (33 * MIB / 10)
#define LEN 44
#define BLOCK 88
#define FULL 40000
#define LAPS 64 /* rounds of used entries that a store may requeue */

static const char *
nth(const char *kind, unsigned i)
{
	static char name[16];

	snprintf(name, sizeof(name), "%s%06x", kind, i);
	return name;
}

/* Bytes that were ever put into the main rings. */
static uint64_t
moved(const struct fixture *f)
{
	uint64_t octets = 0;

	for (size_t i = 0; i < (size_t)1 << f->cache->shard_bits; i++)
		octets += f->cache->shards[i].rings[S53_RING_MAIN].head;
	return octets;
}

static void
fill(struct fixture *f)
{
	for (unsigned i = 0; i < FULL; i++)
		assert_true(store_len(f, nth("a", i), LEN, 300));
	assert_int_equal(count_of(f).entries, 28672);
}

static void
with_a_full_index_a_working_set_survives_a_flood(void **state)
{
	struct fixture *f = fixture_new(OCTETS);
	unsigned hits = 0;

	(void)state;
	for (unsigned i = 0; i < 8000; i++) {
		assert_true(store_len(f, nth("s", i), LEN, 30000));
		assert_int_equal(find_name(f, nth("s", i)), S53_CACHE_FRESH);
	}
	for (unsigned i = 0; i < 100000; i++) {
		assert_true(store_len(f, nth("f", i), LEN, 30000));
		if (i % 4 == 0 && find_name(f, nth("s", i / 4 % 8000)) == S53_CACHE_FRESH)
			hits++;
	}
	assert_true(hits >= 24900); /* of 25,000 */
	fixture_free(f);
}

static void
a_store_moves_a_bounded_number_of_blocks_even_if_all_entries_are_in_use(void **state)
{
	struct fixture *f = fixture_new(OCTETS);

	(void)state;
	fill(f);
	for (unsigned i = 0; i < 3 * FULL; i++)
		(void)find_name(f, nth("a", i % FULL));
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t before = moved(f);

		assert_true(store_len(f, nth("b", i), LEN, 300));
		assert_true(moved(f) - before <= 2 * LAPS * BLOCK);
	}
	fixture_free(f);
}

static void
with_a_full_index_expired_answers_are_evicted_first(void **state)
{
	struct fixture *f = fixture_new(OCTETS);
	unsigned found = 0;

	(void)state;
	for (unsigned i = 0; i < 14000; i++) { /* one of two has not expired */
		assert_true(store_len(f, nth("l", i), LEN, 30000));
		assert_true(store_len(f, nth("e", i), LEN, 10));
	}
	f->now_ms += 11000;
	for (unsigned i = 0; i < 10000; i++)
		assert_true(store_len(f, nth("n", i), LEN, 300));
	for (unsigned i = 0; i < 14000; i++)
		found += find_name(f, nth("l", i)) == S53_CACHE_FRESH;
	assert_true(found >= 13500);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_a_full_index_a_working_set_survives_a_flood),
		cmocka_unit_test(
		    a_store_moves_a_bounded_number_of_blocks_even_if_all_entries_are_in_use),
		cmocka_unit_test(with_a_full_index_expired_answers_are_evicted_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
