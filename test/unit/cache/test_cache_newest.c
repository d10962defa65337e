/* SPDX-License-Identifier: ISC
 *
 * test_cache_newest.c - the newest answer counts: which answer replaces which, answers that are
 * stale from the start, and the extended error that is kept with an answer.
 */
#include "fixture.h"

#define A(ttl) "c00c 0001 0001 " ttl " 0004 7f000001 "
#define ANSWER(ttl) "0000 8180 0001 0001 0000 0000 " QUESTION A(ttl)

static struct fixture *
stale_fixture(void)
{
	struct fixture *f = fixture_new(0);

	f->rules.stale_keep = f->rules.stale_answer = true;
	f->rules.max_stale_s = 100;
	return f;
}

static void
supersede(struct fixture *f)
{
	struct s53_cache_lookup lookup = ask_of(f);

	s53_cache_supersede(f->cache, &lookup);
}

static bool
store_with(struct fixture *f, const char *text, uint32_t lifetime_s,
    const struct s53_extended_error *error)
{
	struct octets message = octets(text);
	struct s53_cache_lookup lookup = ask_of(f);

	return s53_cache_store(f->cache, &lookup,
	    &(struct s53_cache_answer){ .message = message.at,
		.len = message.len,
		.lifetime_s = lifetime_s,
		.error = error });
}

static bool
find_error(struct fixture *f, struct s53_extended_error *out)
{
	struct s53_cache_lookup lookup = ask_of(f);

	return s53_cache_find_error(f->cache, &lookup, out);
}

static void
a_superseded_answer_is_gone_be_it_fresh_or_expired(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	assert_true(store(f, ANSWER("0000000a"), 10));
	supersede(f);
	assert_int_equal(find(f), S53_CACHE_MISS);
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->now_ms += 20000;
	assert_int_equal(find(f), S53_CACHE_STALE);
	supersede(f);
	assert_int_equal(find(f), S53_CACHE_MISS);
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	supersede(f);
	assert_int_equal(find(f), S53_CACHE_MISS);
	supersede(f); /* nothing is there */
	assert_int_equal(count_of(f).entries, 0);
	fixture_free(f);
}

static void
an_answer_that_is_too_large_to_be_kept_supersedes_too(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store_len(f, "www.example", 100, 300));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	if (!store_len(f, "www.example", S53_MESSAGE_MAX, 300))
		assert_int_equal(find(f), S53_CACHE_MISS);
	fixture_free(f);
}

static void
an_answer_of_ttl_0_is_stale_from_the_start_and_never_fresh(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	assert_false(store(f, ANSWER("00000000"), 0));
	assert_int_equal(find(f), S53_CACHE_MISS);
	f->rules.stale_zero_ttl = true;
	assert_true(store(f, ANSWER("00000000"), 0));
	assert_int_equal(find(f), S53_CACHE_STALE);
	f->now_ms += 99999;
	assert_int_equal(find_stale(f), S53_CACHE_STALE);
	assert_int_equal(got_ttl(f, 0), 30);
	f->rules.stale_zero_ttl = false; /* by a reload */
	assert_int_equal(find(f), S53_CACHE_MISS);
	f->rules.stale_zero_ttl = true;
	f->now_ms += 1;
	assert_int_equal(find(f), S53_CACHE_MISS);
	fixture_free(f);
}

static void
an_answer_that_was_never_fresh_comes_back_from_a_file(void **state)
{
	struct fixture *f = stale_fixture();
	struct octets message = octets(ANSWER("00000000"));
	struct s53_cache_record record = { .view_id = 1,
		.route_id = f->route_id,
		.stored_ms = f->now_ms,
		.lifetime_s = 0,
		.kept_s = 100,
		.octets = message.at,
		.len = message.len };

	(void)state;
	f->rules.stale_zero_ttl = true;
	assert_true(s53_cache_restore(f->cache, &record, f->now_ms));
	assert_int_equal(find(f), S53_CACHE_STALE);
	supersede(f);
	record.lifetime_s = 1; /* a record of TTL 0 is never fresh */
	assert_false(s53_cache_restore(f->cache, &record, f->now_ms));
	fixture_free(f);
}

static void
an_extended_error_is_kept_with_its_answer(void **state)
{
	struct fixture *f = stale_fixture();
	struct s53_extended_error error = { 17, "" }, got = { 0 };

	(void)state;
	assert_true(store_with(f, ANSWER("0000000a"), 10, &error));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(f->out.has_error && find_error(f, &got));
	assert_int_equal(got.code, 17);
	assert_string_equal(got.text, "");
	memset(error.text, 'x', S53_ERROR_TEXT_MAX);
	error.code = 65534;
	assert_true(store_with(f, ANSWER("0000000a"), 10, &error));
	assert_true(find_error(f, &got));
	assert_int_equal(got.code, error.code);
	assert_string_equal(got.text, error.text);
	f->now_ms += 20000;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_true(f->out.has_error && find_error(f, &got));
	f->rules.stale_answer = false; /* the error is the answer's */
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	assert_false(f->out.has_error);
	assert_true(store_with(f, ANSWER("0000000a"), 10, NULL));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_false(f->out.has_error || find_error(f, &got));
	fixture_free(f);
}

static void
an_extended_error_is_kept_with_a_failure(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_extended_error error = { 6, "bogus" }, got = { 0 };
	struct s53_cache_lookup lookup = ask_of(f);

	(void)state;
	s53_cache_store_failure(f->cache, &lookup, S53_EDE_NO_REACHABLE_AUTHORITY, &error);
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	assert_int_equal(f->out.ede, S53_EDE_NO_REACHABLE_AUTHORITY);
	assert_true(f->out.has_error && find_error(f, &got));
	assert_int_equal(got.code, 6);
	assert_string_equal(got.text, "bogus");
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_superseded_answer_is_gone_be_it_fresh_or_expired),
		cmocka_unit_test(an_answer_that_is_too_large_to_be_kept_supersedes_too),
		cmocka_unit_test(an_answer_of_ttl_0_is_stale_from_the_start_and_never_fresh),
		cmocka_unit_test(an_answer_that_was_never_fresh_comes_back_from_a_file),
		cmocka_unit_test(an_extended_error_is_kept_with_its_answer),
		cmocka_unit_test(an_extended_error_is_kept_with_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
