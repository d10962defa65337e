/* SPDX-License-Identifier: ISC
 *
 * test_cache_stale.c - expired answers (RFC 8767) and failures (RFC 9520) in the cache.
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
an_expired_answer_is_stale_for_max_stale_ttl(void **state) /* RFC 8767 s5 */
{
	struct fixture *f = stale_fixture();

	(void)state;
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->now_ms += 9999;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	f->now_ms += 1;
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_int_equal(f->out.len, 45);
	assert_false(f->out.failed_lately);
	f->now_ms += 99999;
	assert_int_equal(find(f), S53_CACHE_STALE);
	f->now_ms += 1;
	assert_int_equal(find(f), S53_CACHE_MISS);
	assert_int_equal(find_stale(f), S53_CACHE_MISS);
	fixture_free(f);
}

static void
finding_a_stale_answer_copies_nothing(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->now_ms += 10000;
	memset(f->got, 0xaa, sizeof(f->got));
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_int_equal(f->got[0], 0xaa);
	fixture_free(f);
}

static void
expired_records_have_stale_answer_ttl_and_the_others_their_own_ttl(void **state) /* RFC 8767 s4 */
{
	struct fixture *f = stale_fixture();

	(void)state;
	f->rules.stale_answer_ttl_s = 7;
	assert_true(
	    store(f, "0000 8180 0001 0002 0000 0000 " QUESTION A("0000000a") A("00000064"), 10));
	f->now_ms += 20000;
	assert_int_equal(find_stale(f), S53_CACHE_STALE);
	assert_got(f, "0000 8180 0001 0002 0000 0000 " QUESTION A("00000007") A("00000050"));
	f->rules.stale_answer_ttl_s = 0; /* RFC 8767 s4: a stale TTL is greater than 0 */
	assert_int_equal(find_stale(f), S53_CACHE_STALE);
	assert_int_equal(got_ttl(f, 0), 1);
	fixture_free(f);
}

static void
find_stale_returns_an_answer_that_is_fresh_by_now(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->now_ms += 4000;
	assert_int_equal(find_stale(f), S53_CACHE_FRESH);
	assert_int_equal(got_ttl(f, 0), 6);
	assert_true(store(f, ANSWER("00000005"), 10)); /* no fresh record has the stale TTL */
	f->now_ms += 9000;
	assert_int_equal(find_stale(f), S53_CACHE_FRESH);
	assert_int_equal(got_ttl(f, 0), 1);
	fixture_free(f);
}

static void
stale_answers_are_returned_only_if_the_rules_allow_it(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	f->rules.stale_answer = false;
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->now_ms += 20000;
	assert_int_equal(find(f), S53_CACHE_MISS);
	assert_int_equal(find_stale(f), S53_CACHE_MISS);
	f->rules.stale_answer = true; /* after a reload that switches stale answers on */
	assert_int_equal(find(f), S53_CACHE_STALE);
	f->rules.max_stale_s = 10; /* the window is that of the current rules */
	assert_int_equal(find(f), S53_CACHE_MISS);
	f->rules.max_stale_s = 1000; /* but no entry stays longer than its store allowed */
	f->now_ms += 89999;
	assert_int_equal(find(f), S53_CACHE_STALE);
	f->now_ms += 1;
	assert_int_equal(find(f), S53_CACHE_MISS);
	fixture_free(f);
}

static void
without_stale_rules_nothing_outlives_its_lifetime(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->rules.stale_keep = f->rules.stale_answer = true;
	f->now_ms += 10000;
	assert_int_equal(find(f), S53_CACHE_MISS);
	fixture_free(f);
}

static void
a_failed_refresh_of_a_stale_answer_is_remembered_for_stale_refresh_time(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->now_ms += 20000;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_true(f->out.failed_lately);
	assert_int_equal(find_stale(f), S53_CACHE_STALE);
	f->now_ms += 29900;
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_true(f->out.failed_lately);
	f->now_ms += 100;
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_false(f->out.failed_lately);
	fixture_free(f);
}

static void
with_stale_refresh_time_0_a_failed_refresh_is_remembered_for_servfail_ttl(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	f->rules.stale_refresh_s = 0;
	f->rules.servfail_ttl_s = 2;
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->now_ms += 20000;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	f->now_ms += 1900;
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_true(f->out.failed_lately);
	f->now_ms += 100;
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_false(f->out.failed_lately);
	fixture_free(f);
}

static void
a_failure_leaves_a_fresh_answer_and_suspends_its_prefetch(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	f->rules.prefetch_trigger_s = 50;
	assert_true(store(f, ANSWER("0000003c"), 60));
	f->now_ms += 10000;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	f->now_ms += 29000;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(got_ttl(f, 0), 21);
	assert_false(f->out.refresh);
	f->now_ms += 1000;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(f->out.refresh);
	fixture_free(f);
}

static void
a_claimed_refresh_does_not_count_as_failed(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	assert_true(store(f, ANSWER("0000003c"), 60));
	f->now_ms += 59000;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(f->out.refresh);
	f->now_ms += 1000;
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_false(f->out.failed_lately);
	fixture_free(f);
}

static void
a_refresh_claimed_after_a_failure_does_not_count_as_failed(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	f->rules.prefetch_trigger_s = 40;
	assert_true(store(f, ANSWER("0000003c"), 60));
	f->now_ms += 21000;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	f->now_ms += 38000;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(f->out.refresh);
	f->now_ms += 1000;
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_false(f->out.failed_lately);
	fixture_free(f);
}

static void
a_second_failure_restarts_servfail_ttl(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	f->now_ms += 900;
	resolving_fails(f, S53_EDE_NO_REACHABLE_AUTHORITY);
	f->now_ms += 900;
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	assert_int_equal(f->out.ede, S53_EDE_NO_REACHABLE_AUTHORITY);
	f->now_ms += 100;
	assert_int_equal(find(f), S53_CACHE_MISS);
	fixture_free(f);
}

static void
a_failure_alone_is_kept_for_servfail_ttl_with_its_reason(void **state) /* RFC 9520 s3.2 */
{
	struct fixture *f = fixture_new(0);

	(void)state;
	f->rules.servfail_ttl_s = 3;
	resolving_fails(f, S53_EDE_NO_REACHABLE_AUTHORITY);
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	assert_int_equal(f->out.ede, S53_EDE_NO_REACHABLE_AUTHORITY);
	assert_int_equal(f->out.len, 0);
	assert_int_equal(find_stale(f), S53_CACHE_FAILURE);
	f->now_ms += 2999;
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	f->now_ms += 1;
	assert_int_equal(find(f), S53_CACHE_MISS);
	fixture_free(f);
}

static void
servfail_ttl_0_remembers_no_failure(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	f->rules.servfail_ttl_s = 0;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	assert_int_equal(find(f), S53_CACHE_MISS);
	assert_int_equal(count_of(f).entries, 0);
	fixture_free(f);
}

static void
a_failure_without_a_known_reason_is_remembered_too(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	resolving_fails(f, S53_EDE_NONE);
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	assert_int_equal(f->out.ede, S53_EDE_NONE);
	resolving_fails(f, 0x4000); /* one for private use */
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	assert_int_equal(f->out.ede, S53_EDE_OTHER);
	fixture_free(f);
}

static void
an_answer_replaces_a_failure(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	assert_true(store(f, ANSWER("0000012c"), 300));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(count_of(f).entries, 1);
	fixture_free(f);
}

static void
a_failure_replaces_an_expired_answer_and_one_of_another_route(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->now_ms += 10000;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->route_id = 9;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	assert_int_equal(count_of(f).entries, 1);
	fixture_free(f);
}

static void
a_failure_of_another_route_or_without_a_cache_is_a_miss(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	f->route_id = 9;
	assert_int_equal(find(f), S53_CACHE_MISS);
	f->rules.enabled = false;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	f->rules.enabled = true;
	assert_int_equal(find(f), S53_CACHE_MISS);
	fixture_free(f);
}

/* stale-cache-enable without stale-answer-enable: nothing is served, but the data stays. */
static void
a_failure_beside_kept_data_is_found_for_servfail_ttl_and_the_data_stays(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	f->rules.stale_answer = false;
	f->rules.servfail_ttl_s = 2;
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->now_ms += 20000;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	assert_int_equal(find(f), S53_CACHE_FAILURE);
	assert_int_equal(f->out.ede, S53_EDE_NETWORK_ERROR);
	f->now_ms += 2000;
	assert_int_equal(find(f), S53_CACHE_MISS);
	f->rules.stale_answer = true;
	assert_int_equal(find(f), S53_CACHE_STALE);
	fixture_free(f);
}

/* The time of the failure is kept in 32 bits, which wrap: it must be right at any uptime. */
static void
the_time_of_a_failed_refresh_is_right_after_years_of_uptime(void **state)
{
	struct fixture *f = stale_fixture();

	(void)state;
	f->now_ms = ((UINT64_C(1) << 38) * 3) - 15000; /* 26 years */
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->now_ms += 12000;
	resolving_fails(f, S53_EDE_NETWORK_ERROR);
	f->now_ms += 29900;
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_true(f->out.failed_lately);
	f->now_ms += 100;
	assert_int_equal(find(f), S53_CACHE_STALE);
	assert_false(f->out.failed_lately);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_expired_answer_is_stale_for_max_stale_ttl),
		cmocka_unit_test(finding_a_stale_answer_copies_nothing),
		cmocka_unit_test(
		    expired_records_have_stale_answer_ttl_and_the_others_their_own_ttl),
		cmocka_unit_test(find_stale_returns_an_answer_that_is_fresh_by_now),
		cmocka_unit_test(stale_answers_are_returned_only_if_the_rules_allow_it),
		cmocka_unit_test(without_stale_rules_nothing_outlives_its_lifetime),
		cmocka_unit_test(
		    a_failed_refresh_of_a_stale_answer_is_remembered_for_stale_refresh_time),
		cmocka_unit_test(
		    with_stale_refresh_time_0_a_failed_refresh_is_remembered_for_servfail_ttl),
		cmocka_unit_test(a_failure_leaves_a_fresh_answer_and_suspends_its_prefetch),
		cmocka_unit_test(a_claimed_refresh_does_not_count_as_failed),
		cmocka_unit_test(a_refresh_claimed_after_a_failure_does_not_count_as_failed),
		cmocka_unit_test(a_second_failure_restarts_servfail_ttl),
		cmocka_unit_test(a_failure_alone_is_kept_for_servfail_ttl_with_its_reason),
		cmocka_unit_test(servfail_ttl_0_remembers_no_failure),
		cmocka_unit_test(a_failure_without_a_known_reason_is_remembered_too),
		cmocka_unit_test(an_answer_replaces_a_failure),
		cmocka_unit_test(a_failure_replaces_an_expired_answer_and_one_of_another_route),
		cmocka_unit_test(a_failure_of_another_route_or_without_a_cache_is_a_miss),
		cmocka_unit_test(
		    a_failure_beside_kept_data_is_found_for_servfail_ttl_and_the_data_stays),
		cmocka_unit_test(the_time_of_a_failed_refresh_is_right_after_years_of_uptime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
