/* SPDX-License-Identifier: ISC
 *
 * test_cache_cut.c - answers of which a server may have left out records.
 */
#include "fixture.h"

#define ANSWER "1234 8180 0001 0001 0000 0000 " QUESTION ADDRESS

static bool
store_cut(struct fixture *f, const char *text, uint32_t lifetime_s)
{
	struct octets message = octets(text);
	struct s53_cache_ask ask = ask_of(f);

	return s53_cache_store(f->cache, &ask,
	    &(struct s53_cache_answer){ .message = message.at,
		.len = message.len,
		.lifetime_s = lifetime_s,
		.traits = S53_CACHE_MAY_BE_CUT });
}

static enum s53_freshness
find_part(struct fixture *f)
{
	struct s53_fit fit = { .limit = S53_MESSAGE_MAX };
	struct s53_cache_ask ask = ask_of(f);

	s53_cache_find_part(f->cache, &ask, &fit, f->got, &f->out);
	return f->out.freshness;
}

static void
it_is_not_copied_until_its_caller_asks_for_it(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store_cut(f, ANSWER, 60));
	f->got[0] = 0xaa;
	assert_int_equal(find(f), S53_CACHE_CUT);
	assert_int_equal(f->out.len, 29 + 16);
	assert_int_equal(f->got[0], 0xaa);
	f->now_ms += 10000;
	assert_int_equal(find_part(f), S53_CACHE_FRESH);
	assert_int_equal(f->out.len, 29 + 16);
	assert_int_equal(got_ttl(f, 0), 50);
	assert_int_equal(find_stale(f), S53_CACHE_FRESH);
	fixture_free(f);
}

static void
a_whole_answer_takes_its_place(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store_cut(f, ANSWER, 60));
	assert_true(store(f, ANSWER, 60));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(store_cut(f, ANSWER, 60));
	assert_int_equal(find(f), S53_CACHE_CUT);
	fixture_free(f);
}

static void
it_is_prefetched_and_goes_stale_like_any_other(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	f->rules.stale_keep = f->rules.stale_answer = true;
	assert_true(store_cut(f, ANSWER, 60));
	f->now_ms += 59000;
	assert_int_equal(find(f), S53_CACHE_CUT);
	assert_true(f->out.refresh);
	assert_int_equal(find(f), S53_CACHE_CUT);
	assert_false(f->out.refresh);
	f->now_ms += 2000;
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_int_equal(find_stale(f), S53_CACHE_STALE);
	assert_int_equal(got_ttl(f, 0), 30);
	fixture_free(f);
}

static void
a_failure_does_not_take_its_place(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store_cut(f, ANSWER, 60));
	resolving_fails(f, 22);
	assert_int_equal(find(f), S53_CACHE_CUT);
	ask_about(f, "other.example", S53_TYPE_A);
	resolving_fails(f, 22);
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	assert_int_equal(find_part(f), S53_CACHE_FAILURE);
	fixture_free(f);
}

static void
what_has_no_records_lacks_none(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store_cut(f, "1234 8180 0001 0000 0000 0000 " QUESTION, 60));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	fixture_free(f);
}

static void
take(void *arg, const struct s53_cache_record *record)
{
	struct fixture *other = arg;

	assert_true(record->may_be_cut);
	assert_true(s53_cache_restore(other->cache, record, other->now_ms));
}

static void
its_record_tells_so_and_brings_it_back_as_it_was(void **state)
{
	struct fixture *f = fixture_new(0), *other = fixture_new(0);
	struct s53_cache_cursor cursor = { 0 };

	(void)state;
	assert_true(store_cut(f, ANSWER, 60));
	while (s53_cache_walk(f->cache, &cursor, f->now_ms, take, other))
		;
	assert_int_equal(find(other), S53_CACHE_CUT);
	fixture_free(f);
	fixture_free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_not_copied_until_its_caller_asks_for_it),
		cmocka_unit_test(a_whole_answer_takes_its_place),
		cmocka_unit_test(it_is_prefetched_and_goes_stale_like_any_other),
		cmocka_unit_test(a_failure_does_not_take_its_place),
		cmocka_unit_test(what_has_no_records_lacks_none),
		cmocka_unit_test(its_record_tells_so_and_brings_it_back_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
