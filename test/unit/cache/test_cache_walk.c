/* SPDX-License-Identifier: ISC
 *
 * test_cache_walk.c - all entries of one cache are copied to another.
 */
#include "fixture.h"

#define A(ttl) "c00c 0001 0001 " ttl " 0004 7f000001 "
#define ANSWER(ttl) "0000 8180 0001 0001 0000 0000 " QUESTION A(ttl)

struct seen {
	unsigned count;
	struct s53_cache *into; /* NULL: only count */
	struct fixture *disturbed; /* stores and drops while the walk is under way */
	uint64_t now_ms;
	unsigned restored;
	struct s53_cache_record last;
};

static const char *
nth(const char *kind, unsigned i)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s%07u.example", kind, i);
	return name;
}

static void
see(void *arg, const struct s53_cache_record *record)
{
	struct seen *seen = arg;
	struct s53_edns edns;
	size_t opt_at;

	assert_true(s53_message_check(record->octets, record->len, &edns, &opt_at));
	seen->count++;
	seen->last = *record;
	if (seen->into != NULL)
		seen->restored += s53_cache_restore(seen->into, record, seen->now_ms);
	if (seen->disturbed != NULL)
		for (unsigned i = 0; i < 3; i++)
			assert_true(store_len(
			    seen->disturbed, nth("z", seen->count * 3 + i), 60 + i * 1000, 300));
}

static void
walk(struct s53_cache *cache, struct seen *seen)
{
	struct s53_cache_cursor cursor = { 0 };
	unsigned rounds = 0;

	while (s53_cache_walk(cache, &cursor, seen->now_ms, see, seen))
		assert_true(++rounds < 100000);
}

static void
a_walk_over_an_empty_cache_meets_nothing(void **state)
{
	struct fixture *f = fixture_new(0);
	struct seen seen = { .now_ms = f->now_ms };

	(void)state;
	walk(f->cache, &seen);
	assert_int_equal(seen.count, 0);
	fixture_free(f);
}

static void
a_record_has_all_values_of_its_entry(void **state)
{
	struct fixture *f = fixture_new(0);
	struct octets message = octets(ANSWER("0000012c"));
	struct seen seen = { .now_ms = f->now_ms + 5000 };
	struct s53_cache_lookup lookup;

	(void)state;
	f->rules.stale_keep = true;
	s53_key_make(&f->key, 3, &f->question, true, false);
	lookup = ask_of(f);
	assert_true(s53_cache_store(f->cache, &lookup,
	    &(struct s53_cache_answer){ .message = message.at,
		.len = message.len,
		.lifetime_s = 300,
		.traits = S53_CACHE_AUTHENTIC }));
	walk(f->cache, &seen);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.view_id, 3);
	assert_int_equal(seen.last.route_id, 7);
	assert_true(seen.last.dnssec_ok);
	assert_false(seen.last.checking_disabled);
	assert_true(seen.last.authentic);
	assert_int_equal(seen.last.stored_ms, f->now_ms);
	assert_int_equal(seen.last.lifetime_s, 300);
	assert_int_equal(seen.last.kept_s, 300 + 86400);
	assert_int_equal(seen.last.len, message.len);
	fixture_free(f);
}

static void
every_entry_is_met_once_when_nothing_moves(void **state)
{
	struct fixture *f = fixture_new(4 * MIB);
	struct seen seen = { .now_ms = f->now_ms };

	(void)state;
	for (unsigned i = 0; i < 60000; i++)
		assert_true(store_len(f, nth("n", i % 45000), 60 + i % 400 * (i % 7), 300));
	walk(f->cache, &seen);
	assert_int_equal(seen.count, count_of(f).entries);
	fixture_free(f);
}

static void
failures_and_expired_entries_are_left_out(void **state)
{
	struct fixture *f = fixture_new(0);
	struct seen seen = { .now_ms = f->now_ms + 10000 };

	(void)state;
	f->rules.servfail_ttl_s = 30;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	assert_true(store_len(f, "short.example", 60, 10));
	assert_true(store_len(f, "long.example", 60, 11));
	walk(f->cache, &seen);
	assert_int_equal(seen.count, 1);
	fixture_free(f);
}

static void
a_walk_ends_and_misses_nothing_that_stays_while_the_rings_move(void **state)
{
	struct fixture *f = fixture_new(0);
	struct seen seen = { .now_ms = f->now_ms, .disturbed = f };

	(void)state;
	for (unsigned i = 0; i < 15000; i++)
		assert_true(store_len(f, nth("n", i), 60, 300));
	walk(f->cache, &seen);
	assert_true(seen.count > 1000);
	fixture_free(f);
}

static void
a_restored_answer_is_as_fresh_as_it_was(void **state)
{
	struct fixture *f = fixture_new(4 * MIB);
	struct s53_cache *other = s53_cache_new(4 * MIB);
	struct seen seen = { .into = other };

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		f->now_ms += 7;
		assert_true(store_len(f, nth("n", i), 60 + i % 300, 10 + i % 100));
	}
	f->now_ms += 5000;
	seen.now_ms = f->now_ms;
	walk(f->cache, &seen);
	assert_int_equal(seen.restored, seen.count);
	for (unsigned i = 0; i < 5000; i++) {
		struct s53_cached here;
		uint8_t copy[512];

		(void)find_name(f, nth("n", i));
		here = f->out;
		memcpy(copy, f->got, sizeof(copy));
		s53_cache_find(other,
		    &(struct s53_cache_lookup){
			.key = &f->key, .route_id = 7, .rules = &f->rules, .now_ms = f->now_ms },
		    f->got, sizeof(f->got), &f->out);
		assert_int_equal(f->out.freshness, here.freshness);
		if (here.freshness == S53_CACHE_FRESH) {
			assert_int_equal(f->out.len, here.len);
			assert_memory_equal(f->got, copy, here.len);
		}
	}
	s53_cache_drop(other);
	fixture_free(f);
}

static struct s53_cache_record
record_of(const struct octets *message, uint64_t stored_ms)
{
	return (struct s53_cache_record){
		.view_id = 1,
		.route_id = 7,
		.stored_ms = stored_ms,
		.lifetime_s = 300,
		.kept_s = 300,
		.octets = message->at,
		.len = message->len,
	};
}

static void
restoring_replaces_no_entry(void **state)
{
	struct fixture *f = fixture_new(0);
	struct octets message = octets(ANSWER("0000012c"));
	struct s53_cache_record record = record_of(&message, f->now_ms);

	(void)state;
	assert_true(store(f, "0000 8180 0001 0000 0000 0000 " QUESTION, 60));
	assert_false(s53_cache_restore(f->cache, &record, f->now_ms));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(f->out.len, 29);
	fixture_free(f);
}

static void
an_answer_stored_before_the_clock_began_keeps_its_age(void **state)
{
	struct fixture *f = fixture_new(0);
	struct octets message = octets(ANSWER("0000012c"));
	struct s53_cache_record record = record_of(&message, (uint64_t)-20000);

	(void)state;
	f->now_ms = 1000;
	assert_true(s53_cache_restore(f->cache, &record, f->now_ms));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(got_ttl(f, 0), 279);
	f->now_ms = 279999;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	f->now_ms = 280000;
	assert_int_equal(find(f), S53_CACHE_MISS);
	fixture_free(f);
}

static void
impossible_times_are_rejected_or_count_as_now(void **state)
{
	struct fixture *f = fixture_new(0);
	struct octets message = octets(ANSWER("0000012c"));
	struct s53_cache_record record = record_of(&message, f->now_ms - 300000);

	(void)state;
	assert_false(s53_cache_restore(f->cache, &record, f->now_ms));
	record.stored_ms = (uint64_t)INT64_MIN;
	assert_false(s53_cache_restore(f->cache, &record, f->now_ms));
	record.stored_ms = f->now_ms;
	record.lifetime_s = record.kept_s = 0;
	assert_false(s53_cache_restore(f->cache, &record, f->now_ms));
	record.kept_s = 300;
	record.lifetime_s = 301;
	assert_false(s53_cache_restore(f->cache, &record, f->now_ms));
	record.lifetime_s = record.kept_s = UINT32_MAX;
	record.stored_ms = (uint64_t)INT64_MAX;
	assert_true(s53_cache_restore(f->cache, &record, f->now_ms));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(got_ttl(f, 0), 300);
	fixture_free(f);
}

static void
bytes_that_are_no_stored_answer_are_rejected(void **state)
{
	static const char *const texts[] = {
		"0000 8180 0001 0002 0000 0000 " QUESTION A("0000012c"),
		"0000 8180 0000 0000 0000 0000 ",
		"0000 8180 0001 0001 0000 0001 " QUESTION A("0000012c") OPT,
		ANSWER("00000000"),
		ANSWER("80000000"),
		"0000 8180 ",
	};
	struct fixture *f = fixture_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct octets message = octets(texts[i]);
		struct s53_cache_record record = record_of(&message, f->now_ms);

		assert_false(s53_cache_restore(f->cache, &record, f->now_ms));
	}
	assert_int_equal(count_of(f).entries, 0);
	fixture_free(f);
}

static void
a_restored_name_is_found_in_any_letter_case(void **state)
{
	struct fixture *f = fixture_new(0);
	struct octets message =
	    octets("0000 8180 0001 0001 0000 0000 .WWW .Example 00 0001 0001 " A("0000012c"));
	struct s53_cache_record record = record_of(&message, f->now_ms);

	(void)state;
	assert_true(s53_cache_restore(f->cache, &record, f->now_ms));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_got(f, ANSWER("0000012c"));
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_over_an_empty_cache_meets_nothing),
		cmocka_unit_test(a_record_has_all_values_of_its_entry),
		cmocka_unit_test(every_entry_is_met_once_when_nothing_moves),
		cmocka_unit_test(failures_and_expired_entries_are_left_out),
		cmocka_unit_test(a_walk_ends_and_misses_nothing_that_stays_while_the_rings_move),
		cmocka_unit_test(a_restored_answer_is_as_fresh_as_it_was),
		cmocka_unit_test(restoring_replaces_no_entry),
		cmocka_unit_test(an_answer_stored_before_the_clock_began_keeps_its_age),
		cmocka_unit_test(impossible_times_are_rejected_or_count_as_now),
		cmocka_unit_test(bytes_that_are_no_stored_answer_are_rejected),
		cmocka_unit_test(a_restored_name_is_found_in_any_letter_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
