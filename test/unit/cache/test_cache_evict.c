/* SPDX-License-Identifier: ISC
 *
 * test_cache_evict.c - which entries are evicted from a full cache, and that it never exceeds its
 * size.
 *
 * All in 2 MiB: two shards. An answer of 60 bytes has a block of 104.
 */
#include "fixture.h"

#include "cache/inside.h"

#include <split53/rand.h>

#define LEN 60
#define FULL 20000 /* this many answers of LEN certainly fill 2 MiB */

static const char *
nth(const char *kind, unsigned i)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s%07u.example", kind, i);
	return name;
}

static void
store_many(struct fixture *f, const char *kind, unsigned count, uint32_t lifetime_s)
{
	for (unsigned i = 0; i < count; i++)
		assert_true(store_len(f, nth(kind, i), LEN, lifetime_s));
}

/* How many of them are fresh. Each find counts as a use. */
static unsigned
find_many(struct fixture *f, const char *kind, unsigned count)
{
	unsigned found = 0;

	for (unsigned i = 0; i < count; i++)
		found += find_name(f, nth(kind, i)) == S53_CACHE_FRESH;
	return found;
}

static void
assert_within_size(struct fixture *f)
{
	struct cache_count count = count_of(f);

	assert_true(count.used_octets <= s53_cache_max_octets(f->cache));
	assert_true(count.octets <= count.used_octets);
}

static void
entries_that_fit_are_not_evicted(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	store_many(f, "a", 10000, 300);
	assert_int_equal(find_many(f, "a", 10000), 10000);
	assert_int_equal(count_of(f).entries, 10000);
	assert_within_size(f);
	fixture_free(f);
}

static void
a_full_cache_of_address_records_needs_at_most_150_bytes_each(void **state)
{
	struct fixture *f = fixture_new(8 * MIB);

	(void)state;
	store_many(f, "a", 8 * FULL, 300);
	assert_within_size(f);
	assert_true(8 * MIB / count_of(f).entries <= 150);
	fixture_free(f);
}

/* Also while the cache fills, measured by the memory taken from the kernel by then. */
static void
a_cache_that_fills_needs_at_most_150_bytes_an_entry(void **state)
{
	struct fixture *f = fixture_new(4 * MIB);

	(void)state;
	for (unsigned i = 0; i < 30000; i++) {
		assert_true(store_len(f, nth("a", i), LEN, 300));
		if (i > 2000 && i % 500 == 0)
			assert_true(count_of(f).used_octets / (i + 1) <= 150);
	}
	fixture_free(f);
}

static void
a_used_working_set_survives_a_flood_of_names_that_are_queried_once(void **state)
{
	struct fixture *f = fixture_new(0);
	unsigned flood = 0;
	unsigned hits = 0;

	(void)state;
	store_many(f, "set", 2000, 30000);
	assert_int_equal(find_many(f, "set", 2000), 2000);
	for (unsigned round = 0; round < 5; round++)
		for (unsigned i = 0; i < 2000; i++) {
			for (unsigned n = 0; n < 20; n++, flood++)
				assert_true(store_len(f, nth("x", flood), LEN, 30000));
			if (find_name(f, nth("set", i)) == S53_CACHE_FRESH)
				hits++;
			else
				assert_true(store_len(f, nth("set", i), LEN, 30000));
		}
	assert_true(hits >= 9980); /* 200,000 other answers were stored */
	assert_within_size(f);
	fixture_free(f);
}

/* No find used them before the flood began: the ghosts bring them in. */
static void
a_working_set_enters_a_cache_that_is_full_of_a_flood(void **state)
{
	struct fixture *f = fixture_new(0);
	unsigned flood = 0;
	unsigned hits = 0;

	(void)state;
	store_many(f, "x", FULL, 30000);
	flood = FULL;
	for (unsigned round = 0; round < 6; round++) {
		hits = 0;
		for (unsigned i = 0; i < 1000; i++) {
			for (unsigned n = 0; n < 10; n++, flood++)
				assert_true(store_len(f, nth("x", flood), LEN, 30000));
			if (find_name(f, nth("set", i)) == S53_CACHE_FRESH)
				hits++;
			else
				assert_true(store_len(f, nth("set", i), LEN, 30000));
		}
	}
	assert_true(hits >= 990);
	fixture_free(f);
}

static void
expired_answers_are_evicted_before_fresh_ones(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		assert_true(store_len(f, nth("live", i), LEN, 30000));
		assert_true(store_len(f, nth("short", i), LEN, 10));
	}
	f->now_ms += 10000;
	for (unsigned i = 0; i < 9000; i++)
		assert_true(store_len(f, nth("new", i), LEN, 30000));
	/* no fresh answer was ever used; the short-lived ones are gone instead */
	assert_true(find_many(f, "live", 5000) >= 4990);
	assert_within_size(f);
	fixture_free(f);
}

/* The answers that replace them stay, although no find has used them yet. */
static void
new_answers_take_the_space_of_expired_ones_wherever_these_are(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	for (unsigned i = 0; i < 8000; i++) {
		assert_true(store_len(f, nth("live", i), LEN, 30000));
		assert_true(store_len(f, nth("short", i), LEN, 10));
	}
	f->now_ms += 10000;
	store_many(f, "new", 7000, 30000);
	assert_true(find_many(f, "live", 8000) >= 7900);
	assert_true(find_many(f, "new", 7000) >= 6900);
	fixture_free(f);
}

static void
the_bound_on_the_earliest_expiry_is_exact_after_a_round_of_the_rings(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	store_many(f, "short", 10, 10);
	store_many(f, "live", FULL, 30000);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(f->cache->shards[i].first_end_ms, START_MS + 10000);
	f->now_ms += 10000;
	store_many(f, "new", 2 * FULL, 30000);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(f->cache->shards[i].first_end_ms, START_MS + 30000000);
	store_many(f, "live", FULL, 10); /* in place, or back through their ghosts */
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(f->cache->shards[i].first_end_ms, START_MS + 20000);
	fixture_free(f);
}

static void
expired_entries_are_removed_even_if_there_is_space(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	store_many(f, "short", 1000, 1);
	f->now_ms += 1000;
	store_many(f, "live", 5000, 300);
	assert_int_equal(count_of(f).entries, 5000);
	fixture_free(f);
}

static void
a_small_answer_that_replaces_a_large_one_frees_the_rest(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		assert_true(store_len(f, nth("n", i), 50000, 300));
	assert_true(count_of(f).octets > 500000);
	store_many(f, "n", 10, 300);
	assert_int_equal(find_many(f, "n", 10), 10);
	assert_true(count_of(f).octets < 20000);
	store_many(f, "a", FULL, 300);
	assert_true(2 * MIB / count_of(f).entries <= 150);
	fixture_free(f);
}

static void
an_answer_that_grows_keeps_its_uses(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	store_many(f, "x", FULL, 300);
	assert_true(store_len(f, "wanted.example", LEN, 300));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(store_len(f, "wanted.example", 3 * LEN, 300));
	store_many(f, "y", 2000, 300);
	assert_int_equal(find_name(f, "wanted.example"), S53_CACHE_FRESH);
	fixture_free(f);
}

static void
unused_stale_answers_are_evicted_before_fresh_ones(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	f->rules.stale_keep = f->rules.stale_answer = true;
	for (unsigned i = 0; i < 5000; i++) {
		assert_true(store_len(f, nth("live", i), LEN, 30000));
		assert_true(store_len(f, nth("short", i), LEN, 10));
	}
	f->now_ms += 10000;
	store_many(f, "new", 2000, 30000); /* these fit: all stay */
	assert_int_equal(find_name(f, "short0000000.example"), S53_CACHE_STALE);
	store_many(f, "more", 7000, 30000);
	assert_true(find_many(f, "live", 5000) >= 4990);
	fixture_free(f);
}

static void
an_answer_of_64_kib_finds_space_among_small_ones(void **state)
{
	struct fixture *f = fixture_new(0);
	uint64_t before;

	(void)state;
	store_many(f, "a", FULL, 300);
	before = count_of(f).entries;
	assert_true(store_len(f, "large.example", S53_MESSAGE_MAX, 300));
	assert_int_equal(find_name(f, "large.example"), S53_CACHE_FRESH);
	assert_int_equal(f->out.len, S53_MESSAGE_MAX);
	assert_int_equal(f->got[S53_MESSAGE_MAX - 1], 'x');
	assert_true(count_of(f).entries >= before - 800); /* the space of the old one */
	assert_within_size(f);
	fixture_free(f);
}

static void
small_answers_find_space_among_those_of_64_kib(void **state)
{
	struct fixture *f = fixture_new(0);
	struct cache_count count;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		assert_true(store_len(f, nth("large", i), S53_MESSAGE_MAX, 300));
	count = count_of(f);
	assert_true(count.entries >= 20); /* of the 25 or 26 that fit */
	for (unsigned i = 0; i < 3 * FULL; i++) {
		assert_true(store_len(f, nth("a", i), LEN, 300));
		assert_int_equal(find(f), S53_CACHE_FRESH);
	}
	count = count_of(f);
	assert_true(2 * MIB / count.entries <= 150);
	assert_int_equal(find_many(f, "large", 200), 0);
	assert_within_size(f);
	fixture_free(f);
}

static void
two_names_with_the_same_ghost_slot_both_come_back(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_key first;
	unsigned hits = 0;

	(void)state;
	store_many(f, "x", FULL, 30000);
	ask_about(f, "first.example", S53_TYPE_A);
	first = f->key;
	for (unsigned round = 0; round < 4; round++) {
		const char *names[] = { "first.example", "second.example" };

		hits = 0;
		for (unsigned i = 0; i < 2; i++) {
			struct s53_cache_lookup lookup;
			uint8_t message[LEN];

			ask_about(f, names[i], S53_TYPE_A);
			f->key.hash = first.hash ^ (uint64_t)i << 31;
			hits += find(f) == S53_CACHE_FRESH;
			lookup = ask_of(f);
			answer_of_len(&f->question, LEN, 'x', message);
			assert_true(s53_cache_store(f->cache, &lookup,
			    &(struct s53_cache_answer){
				.message = message, .len = LEN, .lifetime_s = 30000 }));
		}
		for (unsigned i = 0; i < 2500; i++)
			assert_true(store_len(f, nth("y", round * 2500 + i), LEN, 30000));
	}
	assert_int_equal(hits, 2);
	fixture_free(f);
}

static void
replacing_an_answer_by_others_of_any_size_wastes_no_space(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	s53_rand_test_seed(1);
	store_many(f, "a", 10000, 300);
	assert_int_equal(find_many(f, "a", 10000), 10000);
	for (unsigned i = 0; i < 20000; i++) {
		size_t len = 60 + s53_rand_below(i % 100 == 0 ? 60000 : 200);

		assert_true(store_len(f, "changes.example", len, 300));
		assert_int_equal(find_name(f, "changes.example"), S53_CACHE_FRESH);
		assert_int_equal(f->out.len, len);
	}
	assert_true(find_many(f, "a", 10000) >= 8500);
	assert_within_size(f);
	fixture_free(f);
}

static void
no_mix_of_sizes_takes_more_than_the_size(void **state)
{
	struct fixture *f = fixture_new(3 * MIB);
	unsigned kept = 0;

	(void)state;
	s53_rand_test_seed(2);
	for (unsigned i = 0; i < 60000; i++) {
		unsigned kind = s53_rand_below(100);
		size_t len = kind == 0 ? 40 + s53_rand_below(65000)
		    : kind < 20        ? 40 + s53_rand_below(4000)
				       : 40 + s53_rand_below(100);

		f->now_ms += s53_rand_below(20);
		kept += store_len(f, nth("n", s53_rand_below(30000)), len < 55 ? 55 : len,
		    1 + s53_rand_below(600));
		if (kind < 10)
			(void)find_name(f, nth("n", s53_rand_below(30000)));
		if (i % 100 == 0)
			assert_within_size(f);
	}
	assert_int_equal(kept, 60000);
	fixture_free(f);
}

static void
failures_do_not_fill_the_cache(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	f->rules.servfail_ttl_s = 30;
	for (unsigned i = 0; i < 3 * FULL; i++) {
		ask_about(f, nth("f", i), S53_TYPE_A);
		resolving_fails(f, S53_EDE_NETWORK_ERROR);
	}
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	assert_within_size(f);
	fixture_free(f);
}

static void
with_tiny_answers_the_index_is_full_before_the_rings_and_stores_go_on(void **state)
{
	struct fixture *f = fixture_new(3 * MIB + MIB / 4);

	(void)state;
	/* shards of 1.6 MiB: there the index is smallest in relation to the rings */
	for (unsigned i = 0; i < 60000; i++) { /* blocks of 64 bytes, the least */
		char name[8];

		snprintf(name, sizeof(name), "%x", i);
		ask_about(f, name, S53_TYPE_A);
		resolving_fails(f, S53_EDE_NONE);
		assert_int_equal(find(f), S53_CACHE_FAILURE);
	}
	assert_within_size(f);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_that_fit_are_not_evicted),
		cmocka_unit_test(a_full_cache_of_address_records_needs_at_most_150_bytes_each),
		cmocka_unit_test(a_cache_that_fills_needs_at_most_150_bytes_an_entry),
		cmocka_unit_test(
		    a_used_working_set_survives_a_flood_of_names_that_are_queried_once),
		cmocka_unit_test(a_working_set_enters_a_cache_that_is_full_of_a_flood),
		cmocka_unit_test(expired_answers_are_evicted_before_fresh_ones),
		cmocka_unit_test(new_answers_take_the_space_of_expired_ones_wherever_these_are),
		cmocka_unit_test(
		    the_bound_on_the_earliest_expiry_is_exact_after_a_round_of_the_rings),
		cmocka_unit_test(expired_entries_are_removed_even_if_there_is_space),
		cmocka_unit_test(a_small_answer_that_replaces_a_large_one_frees_the_rest),
		cmocka_unit_test(an_answer_that_grows_keeps_its_uses),
		cmocka_unit_test(unused_stale_answers_are_evicted_before_fresh_ones),
		cmocka_unit_test(an_answer_of_64_kib_finds_space_among_small_ones),
		cmocka_unit_test(small_answers_find_space_among_those_of_64_kib),
		cmocka_unit_test(two_names_with_the_same_ghost_slot_both_come_back),
		cmocka_unit_test(replacing_an_answer_by_others_of_any_size_wastes_no_space),
		cmocka_unit_test(no_mix_of_sizes_takes_more_than_the_size),
		cmocka_unit_test(failures_do_not_fill_the_cache),
		cmocka_unit_test(
		    with_tiny_answers_the_index_is_full_before_the_rings_and_stores_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
