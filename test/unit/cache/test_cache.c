/* SPDX-License-Identifier: ISC
 *
 * test_cache.c - a stored answer is found: by its key, for its lifetime, with aged TTLs.
 */
#include "fixture.h"

#define A(ttl, last) "c00c 0001 0001 " ttl " 0004 7f0000" last " "
#define ANSWER(ttl) "0000 8180 0001 0001 0000 0000 " QUESTION A(ttl, "01")

static void
an_answer_is_found_as_it_was_stored_with_id_0(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_int_equal(find(f), S53_CACHE_MISS);
	assert_true(store(f, "1234 8580 0001 0001 0000 0000 " QUESTION A("0000012c", "01"), 300));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_got(f, "0000 8580 0001 0001 0000 0000 " QUESTION A("0000012c", "01"));
	assert_false(f->out.authentic);
	assert_false(f->out.aliases);
	assert_false(f->out.respell);
	assert_false(f->out.refresh);
	fixture_free(f);
}

static void
ttls_are_lowered_by_whole_seconds_of_age(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store(f,
	    "0000 8180 0001 0001 0001 0001 " QUESTION A("0000012c", "01") A("00000064", "02")
		A("0000000a", "03"),
	    10));
	f->now_ms += 999;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(got_ttl(f, 0), 300);
	f->now_ms += 1;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(got_ttl(f, 0), 299);
	assert_int_equal(got_ttl(f, 1), 99);
	assert_int_equal(got_ttl(f, 2), 9);
	fixture_free(f);
}

static void
an_answer_with_ttl_1_is_fresh_for_1000_ms_with_ttl_1(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	f->now_ms += 567;
	assert_true(store(f, ANSWER("00000001"), 1));
	f->now_ms += 999;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(got_ttl(f, 0), 1);
	f->now_ms += 1;
	assert_int_equal(find(f), S53_CACHE_MISS);
	fixture_free(f);
}

static void
no_fresh_answer_has_ttl_0(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store(f, ANSWER("00000005"), 10)); /* kept for longer than its TTL */
	f->now_ms += 9000;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(got_ttl(f, 0), 1);
	fixture_free(f);
}

static void
an_answer_has_age_0_for_a_clock_read_before_it_was_stored(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store(f, ANSWER("0000012c"), 300));
	f->now_ms -= 2500;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(got_ttl(f, 0), 300);
	fixture_free(f);
}

static void
without_a_lifetime_or_without_a_cache_nothing_is_kept_or_found(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_false(store(f, ANSWER("00000000"), 0));
	f->rules.enabled = false;
	assert_false(store(f, ANSWER("0000012c"), 300));
	f->rules.enabled = true;
	assert_int_equal(find(f), S53_CACHE_MISS);
	assert_true(store(f, ANSWER("0000012c"), 300));
	f->rules.enabled = false;
	assert_int_equal(find(f), S53_CACHE_MISS);
	fixture_free(f);
}

static void
view_type_class_do_and_cd_are_part_of_the_key(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_question question = f->question;

	(void)state;
	assert_true(store(f, ANSWER("0000012c"), 300));
	s53_key_make(&f->key, 2, &question, false, false);
	assert_int_equal(find(f), S53_CACHE_MISS);
	s53_key_make(&f->key, 1, &question, true, false);
	assert_int_equal(find(f), S53_CACHE_MISS);
	s53_key_make(&f->key, 1, &question, false, true);
	assert_int_equal(find(f), S53_CACHE_MISS);
	question.qtype = S53_TYPE_AAAA;
	s53_key_make(&f->key, 1, &question, false, false);
	assert_int_equal(find(f), S53_CACHE_MISS);
	question.qtype = S53_TYPE_A;
	question.qclass = S53_CLASS_CH;
	s53_key_make(&f->key, 1, &question, false, false);
	assert_int_equal(find(f), S53_CACHE_MISS);
	question.qclass = S53_CLASS_IN;
	s53_key_make(&f->key, 1, &question, false, false);
	assert_int_equal(find(f), S53_CACHE_FRESH);
	fixture_free(f);
}

/* Even if all of the hash is equal. */
static void
keys_of_equal_hash_are_still_compared(void **state)
{
	struct fixture *f = fixture_new(0);
	uint64_t hash = f->key.hash;

	(void)state;
	assert_true(store(f, ANSWER("0000012c"), 300));
	ask_about(f, "www.exampl", S53_TYPE_A);
	f->key.hash = hash;
	assert_int_equal(find(f), S53_CACHE_MISS);
	ask_about(f, "a.very.much.longer.name.than.the.one.that.was.stored.example", S53_TYPE_A);
	f->key.hash = hash;
	assert_int_equal(find(f), S53_CACHE_MISS);
	ask_about(f, "wwx.example", S53_TYPE_A);
	f->key.hash = hash;
	assert_int_equal(find(f), S53_CACHE_MISS);
	assert_true(store(f,
	    "0000 8180 0001 0001 0000 0000 .wwx .example 00 0001 0001 " A("0000012c", "02"), 300));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(f->got[f->out.len - 1], 2);
	ask_about(f, "www.example", S53_TYPE_A);
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(f->got[f->out.len - 1], 1);
	fixture_free(f);
}

static void
with_equal_hashes_views_types_and_classes_still_differ(void **state)
{
	struct fixture *f = fixture_new(0);
	uint64_t hash = f->key.hash;
	struct s53_key key = f->key;

	(void)state;
	assert_true(store(f, ANSWER("0000012c"), 300));
	for (unsigned i = 0; i < 5; i++) {
		f->key = key;
		f->key.view_id += i == 0;
		f->key.qtype = (uint16_t)(f->key.qtype + (i == 1));
		f->key.qclass = (uint16_t)(f->key.qclass + (i == 2));
		f->key.dnssec_ok = i == 3;
		f->key.checking_disabled = i == 4;
		f->key.hash = hash;
		assert_int_equal(find(f), S53_CACHE_MISS);
	}
	fixture_free(f);
}

static void
an_answer_of_another_route_is_a_miss(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store(f, ANSWER("0000012c"), 300));
	f->route_id = 8;
	assert_int_equal(find(f), S53_CACHE_MISS);
	assert_true(store(f, ANSWER("00000064"), 100));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	f->route_id = 7;
	assert_int_equal(find(f), S53_CACHE_MISS);
	assert_int_equal(count_of(f).entries, 1);
	fixture_free(f);
}

static void
the_qname_and_equal_owners_are_kept_in_lower_case(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store(f,
	    "1234 8180 0001 0002 0001 0000 .wWw .eXample 00 0001 0001 "
	    ".wWW .EXAMPLE 00 0001 0001 0000012c 0004 7f000001 "
	    ".WWW c010 0001 0001 0000012c 0004 7f000002 "
	    ".XXX c010 0002 0001 0000012c 0002 c00c ",
	    300));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_got(f,
	    "0000 8180 0001 0002 0001 0000 .www .example 00 0001 0001 "
	    ".www .example 00 0001 0001 0000012c 0004 7f000001 "
	    ".www c010 0001 0001 0000012c 0004 7f000002 "
	    ".XXX c010 0002 0001 0000012c 0002 c00c ");
	assert_true(f->out.respell);
	fixture_free(f);
}

static void
owners_that_point_at_the_qname_need_no_respelling(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store(f,
	    "0000 8180 0001 0001 0001 0000 .wWw .eXample 00 0001 0001 " A(
		"0000012c", "01") ".ns c010 0001 0001 0000012c 0004 7f000002 ",
	    300));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_false(f->out.respell);
	ask_about(f, ".", S53_TYPE_NS);
	assert_true(store(f,
	    "0000 8180 0001 0001 0000 0000 00 0002 0001 00 0002 0001 0000012c 0003 .a 00 ", 300));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_false(f->out.respell);
	fixture_free(f);
}

static void
a_find_reports_ad_and_aliases(void **state)
{
	struct fixture *f = fixture_new(0);
	struct octets message =
	    octets("0000 8180 0001 0001 0000 0000 " QUESTION "c00c 0005 0001 0000012c 0002 c010 ");
	struct s53_cache_lookup lookup = ask_of(f);

	(void)state;
	assert_true(s53_cache_store(f->cache, &lookup,
	    &(struct s53_cache_answer){ .message = message.at,
		.len = message.len,
		.lifetime_s = 300,
		.traits = S53_CACHE_AUTHENTIC }));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(f->out.authentic);
	assert_true(f->out.aliases);
	assert_true(store(f,
	    "0000 8180 0001 0001 0000 0000 " QUESTION "c010 0027 0001 0000012c 0003 .x 00 ", 300));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_false(f->out.authentic);
	assert_true(f->out.aliases);
	/* in another section it does not answer */
	assert_true(store(f,
	    "0000 8180 0001 0000 0001 0000 " QUESTION "c00c 0005 0001 0000012c 0002 c010 ", 300));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_false(f->out.aliases);
	fixture_free(f);
}

static void
a_store_replaces_the_answer_before_it(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store(f, ANSWER("0000012c"), 300));
	f->now_ms += 200000;
	assert_true(store(f, "0000 8180 0001 0000 0000 0000 " QUESTION, 60)); /* smaller */
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_got(f, "0000 8180 0001 0000 0000 0000 " QUESTION);
	assert_true(store(f,
	    "0000 8180 0001 0003 0000 0000 " QUESTION A("0000003c", "01") A("0000003c", "02")
		A("0000003c", "03"),
	    60)); /* larger */
	f->now_ms += 59999;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(got_ttl(f, 2), 1);
	f->now_ms += 1;
	assert_int_equal(find(f), S53_CACHE_MISS);
	assert_int_equal(count_of(f).entries, 1);
	fixture_free(f);
}

static void
an_answer_larger_than_the_buffer_is_not_copied(void **state)
{
	struct fixture *f = fixture_new(0);
	struct s53_cache_lookup lookup = ask_of(f);
	uint8_t small[45] = { 0 };

	(void)state;
	assert_true(store(f, ANSWER("0000012c"), 300)); /* 29 + 16 */
	s53_cache_find(f->cache, &lookup, small, 44, &f->out);
	assert_int_equal(f->out.freshness, S53_CACHE_FRESH);
	assert_int_equal(f->out.len, 45);
	assert_int_equal(small[2], 0);
	s53_cache_find(f->cache, &lookup, small, 45, &f->out);
	assert_int_equal(small[2], 0x81);
	fixture_free(f);
}

static void
a_message_that_does_not_answer_its_key_is_not_kept(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_false(store(f, "0000 8180 0000 0000 0000 0000 ", 300));
	assert_false(store(f, "0000 8180 0001 0000 0000 0000 .wwx .example 00 0001 0001 ", 300));
	assert_false(store(f, "0000 8180 0001 0000 0000 0000 .www .example 00 001c 0001 ", 300));
	assert_false(store(f, "0000 8180 0001 0000 0000 0000 .www .example 00 0001 0003 ", 300));
	assert_false(store(f, "0000 8180 0001 0002 0000 0000 " QUESTION A("0000012c", "01"), 300));
	assert_false(store(f, "0000 8180 0001 0000 0000 0001 " QUESTION OPT, 300));
	assert_false(store(f, "0000 8180 ", 300));
	assert_int_equal(count_of(f).entries, 0);
	fixture_free(f);
}

static void
the_longest_message_of_the_shortest_records_is_kept_and_aged(void **state)
{
	struct fixture *f = fixture_new(0);
	static uint8_t message[S53_MESSAGE_MAX];
	struct s53_writer writer = s53_writer_of(message, sizeof(message));
	struct s53_cache_lookup lookup;
	unsigned count = (S53_MESSAGE_MAX - 17) / 11;

	(void)state;
	ask_about(f, ".", S53_TYPE_NULL);
	lookup = ask_of(f);
	memset(s53_write_reserve(&writer, S53_HEADER_LEN), 0, S53_HEADER_LEN);
	s53_header_set_count(message, S53_QUESTION, 1);
	s53_header_set_count(message, S53_ANSWER, (uint16_t)count);
	s53_write(&writer, "\0\0\x0a\0\x01", 5);
	for (unsigned i = 0; i < count; i++)
		s53_write(&writer, "\0\0\x0a\0\x01\0\0\x01\x2c\0\0", 11);
	assert_false(writer.full);
	assert_true(s53_cache_store(f->cache, &lookup,
	    &(struct s53_cache_answer){ .message = message, .len = writer.at, .lifetime_s = 300 }));
	f->now_ms += 10000;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_int_equal(f->out.len, writer.at);
	assert_int_equal(got_ttl(f, 0), 290);
	assert_int_equal(got_ttl(f, count - 1), 290);
	fixture_free(f);
}

static void
names_of_255_octets_may_differ_in_the_last_letter_alone(void **state)
{
	struct fixture *f = fixture_new(0);
	char name[256];
	uint8_t message[512];
	struct s53_cache_lookup lookup;

	(void)state;
	memset(name, 'a', 253);
	name[253] = '\0';
	name[63] = name[127] = name[191] = '.';
	ask_about(f, name, S53_TYPE_A);
	assert_int_equal(f->question.name.len, 255);
	lookup = ask_of(f);
	answer_of_len(&f->question, 320, 'x', message);
	assert_true(s53_cache_store(f->cache, &lookup,
	    &(struct s53_cache_answer){ .message = message, .len = 320, .lifetime_s = 300 }));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	name[252] = 'b';
	assert_int_equal(find_name(f, name), S53_CACHE_MISS);
	fixture_free(f);
}

static void
one_caller_is_told_to_refresh_shortly_before_the_end(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store(f, ANSWER("0000003c"), 60));
	f->now_ms += 57999;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_false(f->out.refresh);
	f->now_ms += 1; /* 2 s are left */
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(f->out.refresh);
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_false(f->out.refresh);
	assert_true(store(f, ANSWER("0000003c"), 60));
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_false(f->out.refresh);
	f->now_ms += 58000;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(f->out.refresh);
	fixture_free(f);
}

static void
a_refresh_that_does_not_arrive_is_due_again_after_10_s(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	f->rules.prefetch_trigger_s = 30;
	assert_true(store(f, ANSWER("0000003c"), 60));
	f->now_ms += 31000;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(f->out.refresh);
	f->now_ms += 9900;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_false(f->out.refresh);
	f->now_ms += 100;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(f->out.refresh);
	fixture_free(f);
}

static void
a_short_lived_answer_or_one_without_prefetch_is_not_refreshed(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	assert_true(store(f, ANSWER("00000008"), 8)); /* eligible from 9 s on */
	f->now_ms += 7000;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_false(f->out.refresh);
	f->rules.prefetch_eligible_s = 8;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_true(f->out.refresh);
	f->rules.prefetch_trigger_s = 0;
	f->now_ms += 999;
	assert_true(store(f, ANSWER("0000000a"), 10));
	f->now_ms += 9999;
	assert_int_equal(find(f), S53_CACHE_FRESH);
	assert_false(f->out.refresh);
	fixture_free(f);
}

static void
dropping_the_last_count_frees_the_cache_and_its_size_is_at_least_2_mib(void **state)
{
	struct s53_cache *cache = s53_cache_new(1);

	(void)state;
	assert_int_equal(s53_cache_max_octets(cache), 2 * MIB);
	assert_ptr_equal(s53_cache_keep(cache), cache);
	s53_cache_drop(cache);
	assert_int_equal(s53_cache_max_octets(cache), 2 * MIB);
	s53_cache_drop(cache);
	s53_cache_drop(NULL);
	cache = s53_cache_new(40 * MIB);
	assert_int_equal(s53_cache_max_octets(cache), 40 * MIB);
	s53_cache_drop(cache);
}

static void
a_memory_prefetch_is_harmless_at_any_time(void **state)
{
	struct fixture *f = fixture_new(0);

	(void)state;
	s53_cache_prefetch(f->cache, &f->key);
	s53_cache_prefetch_entry(f->cache, &f->key);
	assert_true(store(f, ANSWER("0000012c"), 300));
	s53_cache_prefetch(f->cache, &f->key);
	s53_cache_prefetch_entry(f->cache, &f->key);
	assert_int_equal(find(f), S53_CACHE_FRESH);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_found_as_it_was_stored_with_id_0),
		cmocka_unit_test(ttls_are_lowered_by_whole_seconds_of_age),
		cmocka_unit_test(an_answer_with_ttl_1_is_fresh_for_1000_ms_with_ttl_1),
		cmocka_unit_test(no_fresh_answer_has_ttl_0),
		cmocka_unit_test(an_answer_has_age_0_for_a_clock_read_before_it_was_stored),
		cmocka_unit_test(without_a_lifetime_or_without_a_cache_nothing_is_kept_or_found),
		cmocka_unit_test(view_type_class_do_and_cd_are_part_of_the_key),
		cmocka_unit_test(keys_of_equal_hash_are_still_compared),
		cmocka_unit_test(with_equal_hashes_views_types_and_classes_still_differ),
		cmocka_unit_test(an_answer_of_another_route_is_a_miss),
		cmocka_unit_test(the_qname_and_equal_owners_are_kept_in_lower_case),
		cmocka_unit_test(owners_that_point_at_the_qname_need_no_respelling),
		cmocka_unit_test(a_find_reports_ad_and_aliases),
		cmocka_unit_test(a_store_replaces_the_answer_before_it),
		cmocka_unit_test(an_answer_larger_than_the_buffer_is_not_copied),
		cmocka_unit_test(a_message_that_does_not_answer_its_key_is_not_kept),
		cmocka_unit_test(the_longest_message_of_the_shortest_records_is_kept_and_aged),
		cmocka_unit_test(names_of_255_octets_may_differ_in_the_last_letter_alone),
		cmocka_unit_test(one_caller_is_told_to_refresh_shortly_before_the_end),
		cmocka_unit_test(a_refresh_that_does_not_arrive_is_due_again_after_10_s),
		cmocka_unit_test(a_short_lived_answer_or_one_without_prefetch_is_not_refreshed),
		cmocka_unit_test(
		    dropping_the_last_count_frees_the_cache_and_its_size_is_at_least_2_mib),
		cmocka_unit_test(a_memory_prefetch_is_harmless_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
