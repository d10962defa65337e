/* SPDX-License-Identifier: ISC
 *
 * test_cache_cut.c - answers from which a server may have left out records ("cut" without TC).
 */
#include "fixture.h"

#define ANSWER "1234 8180 0001 0001 0000 0000 " QUESTION ADDRESS

static bool
store_cut(struct fixture *f, const char *text, uint32_t lifetime_s)
{
	struct octets message = octets(text);
	struct s53_cache_lookup lookup = ask_of(f);

	return s53_cache_store(f->cache, &lookup,
	    &(struct s53_cache_answer){ .message = message.at,
		.len = message.len,
		.lifetime_s = lifetime_s,
		.traits = S53_CACHE_MAY_BE_CUT });
}

static enum s53_freshness
find_part(struct fixture *f)
{
	struct s53_fit fit = { .limit = S53_MESSAGE_MAX };
	struct s53_cache_lookup lookup = ask_of(f);

	s53_cache_find_part(f->cache, &lookup, &fit, f->got, &f->out);
	return f->out.freshness;
}

static void
a_possibly_incomplete_answer_is_copied_only_on_request(void **state)
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
a_complete_answer_replaces_an_incomplete_one_and_the_reverse(void **state)
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
an_incomplete_answer_is_prefetched_and_goes_stale_like_any_other(void **state)
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
a_failure_does_not_replace_an_incomplete_answer(void **state)
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
an_answer_without_records_is_complete(void **state)
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
a_saved_incomplete_answer_is_incomplete_when_it_is_restored(void **state)
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
		cmocka_unit_test(a_possibly_incomplete_answer_is_copied_only_on_request),
		cmocka_unit_test(a_complete_answer_replaces_an_incomplete_one_and_the_reverse),
		cmocka_unit_test(an_incomplete_answer_is_prefetched_and_goes_stale_like_any_other),
		cmocka_unit_test(a_failure_does_not_replace_an_incomplete_answer),
		cmocka_unit_test(an_answer_without_records_is_complete),
		cmocka_unit_test(a_saved_incomplete_answer_is_incomplete_when_it_is_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
