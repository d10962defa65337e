/* SPDX-License-Identifier: ISC
 *
 * test_bench.c - the parts that the load generator relies on: names, answers, times, random draws.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check.h"
#include "dns.h"
#include "histogram.h"
#include "names.h"
#include "zipf.h"

#define RANKS 1000
#define DRAWS 1000000
#define NAMES 5000

/* A query and the answer of the upstream. */
struct exchange {
	struct bench_names names;
	uint8_t query[BENCH_QUERY_MAX], reply[BENCH_REPLY_MAX];
	size_t query_len, reply_len;
	struct bench_asked asked;
};

static void
choose(struct bench_names *names, const char *word, bool edns)
{
	memset(names, 0, sizeof(*names));
	names->count = NAMES;
	names->type = BENCH_TYPE_A;
	names->edns = edns;
	assert_true(bench_names_zone(names, "bench.example"));
	assert_true(bench_names_choose(names, word));
	bench_names_init(names, 7);
}

static void
ask_type(struct exchange *exchange, const char *word, uint16_t type, bool edns)
{
	struct bench_rules rules = { .ttl = 60 };
	struct bench_question question;

	choose(&exchange->names, word, edns);
	exchange->names.type = type;
	exchange->query_len =
	    bench_names_template(&exchange->names, exchange->query, &exchange->asked.question_end);
	exchange->asked.kind = bench_names_next(&exchange->names, exchange->query);
	exchange->asked.query = exchange->query;
	exchange->asked.type = type;
	exchange->asked.edns = edns;
	assert_true(bench_question_read(exchange->query, exchange->query_len, &question));
	exchange->reply_len =
	    bench_reply_write(&rules, &question, exchange->query, exchange->reply);
}

static void
ask(struct exchange *exchange, const char *word, bool edns)
{
	ask_type(exchange, word, BENCH_TYPE_A, edns);
}

static enum bench_verdict
verdict_of(const struct exchange *exchange)
{
	return bench_reply_check(&exchange->asked, exchange->reply, exchange->reply_len);
}

static void
each_kind_of_answer_is_taken_for_right(void **state)
{
	static const char *const words[] = { "set", "fresh", "zipf", "scan", "nx", "nx-zipf", "nd",
		"negative", "ttl0" };
	struct exchange exchange;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		ask(&exchange, words[i], false);
		assert_int_equal(verdict_of(&exchange), BENCH_RIGHT);
		ask(&exchange, words[i], true);
		assert_int_equal(verdict_of(&exchange), BENCH_RIGHT);
	}
	ask(&exchange, "big", true);
	assert_int_equal(verdict_of(&exchange), BENCH_RIGHT);
	assert_in_range(exchange.reply_len, 1100, BENCH_UDP_SIZE);
	ask_type(&exchange, "big", BENCH_TYPE_TXT, true);
	assert_int_equal(verdict_of(&exchange), BENCH_RIGHT);
	assert_in_range(exchange.reply_len, 1100, BENCH_UDP_SIZE);
}

static void
a_big_answer_is_cut_to_what_the_asker_takes(void **state) /* RFC 1035 s4.2.1 */
{
	struct exchange exchange;

	(void)state;
	ask(&exchange, "big", false);
	assert_int_equal(verdict_of(&exchange), BENCH_TRUNCATED);
	assert_int_equal(exchange.reply_len, exchange.asked.question_end);
	for (size_t i = 6; i < BENCH_HEADER; i++)
		assert_int_equal(exchange.reply[i], 0); /* no record in any section */
}

static void
an_answer_with_an_octet_changed_is_found_out(void **state)
{
	struct exchange exchange;
	size_t ttl;

	(void)state;
	ask(&exchange, "set", true);
	ttl = exchange.asked.question_end + 6;
	for (size_t i = 4; i < exchange.reply_len - BENCH_OPT_LEN; i++) {
		if (i >= ttl - 2 && i < ttl + 4)
			continue; /* the class and the TTL are not checked */
		if (i >= ttl - 6 && i < ttl - 4)
			continue; /* nor is another pointer */
		exchange.reply[i] ^= 0x21;
		if (verdict_of(&exchange) == BENCH_RIGHT)
			fail_msg("octet %zu", i);
		exchange.reply[i] ^= 0x21;
	}
	assert_int_equal(verdict_of(&exchange), BENCH_RIGHT);
}

static void
an_answer_cut_at_any_octet_is_found_out(void **state)
{
	static const char *const words[] = { "set", "nx", "big" };
	struct exchange exchange;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		ask(&exchange, words[i], true);
		for (size_t len = 0; len < exchange.reply_len; len++) {
			uint8_t *copy = malloc(len + 1); /* exact size, for a sanitizer */

			memcpy(copy + 1, exchange.reply, len);
			assert_int_not_equal(
			    bench_reply_check(&exchange.asked, copy + 1, len), BENCH_RIGHT);
			free(copy);
		}
	}
}

static void
octets_after_the_last_record_are_found_out(void **state)
{
	struct exchange exchange;

	(void)state;
	ask(&exchange, "set", true);
	exchange.reply[exchange.reply_len++] = 0;
	assert_int_equal(verdict_of(&exchange), BENCH_BAD_HEADER);
}

static void
a_query_cut_at_any_octet_is_refused(void **state)
{
	struct exchange exchange;
	struct bench_question question;

	(void)state;
	ask(&exchange, "set", false);
	for (size_t len = 0; len < exchange.query_len; len++) {
		uint8_t *copy = malloc(len + 1);

		memcpy(copy + 1, exchange.query, len);
		assert_false(bench_question_read(copy + 1, len, &question));
		free(copy);
	}
}

static void
an_address_twice_is_not_two_addresses(void **state)
{
	struct exchange exchange;
	uint8_t *records;

	(void)state;
	ask(&exchange, "big", true);
	records = exchange.reply + exchange.asked.question_end;
	memcpy(records, records + 16, 16);
	assert_int_equal(verdict_of(&exchange), BENCH_BAD_RECORD);
}

static void
the_order_of_addresses_does_not_matter(void **state)
{
	struct exchange exchange;
	uint8_t *records, swap[16];

	(void)state;
	ask(&exchange, "big", true);
	records = exchange.reply + exchange.asked.question_end;
	memcpy(swap, records, 16);
	memcpy(records, records + 69 * 16, 16);
	memcpy(records + 69 * 16, swap, 16);
	assert_int_equal(verdict_of(&exchange), BENCH_RIGHT);
}

static void
the_answer_in_place_is_right_with_and_without_edns(void **state)
{
	struct exchange exchange;

	(void)state;
	for (int edns = 0; edns < 2; edns++) {
		ask(&exchange, "set", edns);
		memcpy(exchange.reply, exchange.query, exchange.query_len);
		exchange.reply_len = bench_reply_in_place(exchange.reply, exchange.query_len, 3600);
		assert_int_equal(verdict_of(&exchange), BENCH_RIGHT);
	}
}

static void
the_address_of_a_name_does_not_follow_its_case(void **state)
{
	const uint8_t lower[] = "\x4www1\x7"
				"example";
	const uint8_t upper[] = "\x4WwW1\x7"
				"eXAMPLe";
	const uint8_t other[] = "\x4www2\x7"
				"example";

	(void)state;
	assert_int_equal(bench_address(lower, sizeof(lower)), bench_address(upper, sizeof(upper)));
	assert_int_not_equal(
	    bench_address(lower, sizeof(lower)), bench_address(other, sizeof(other)));
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, BENCH_LETTERS);
}

/* How many different names come in NAMES queries. */
static size_t
count_different(struct bench_names *names)
{
	static uint8_t seen[NAMES][BENCH_LETTERS];
	uint8_t message[BENCH_QUERY_MAX];
	size_t end, different = 1;

	bench_names_template(names, message, &end);
	for (size_t i = 0; i < NAMES; i++) {
		assert_int_not_equal(bench_names_next(names, message), BENCH_OTHER);
		memcpy(seen[i], message + 15, BENCH_LETTERS);
	}
	qsort(seen, NAMES, BENCH_LETTERS, compare);
	for (size_t i = 1; i < NAMES; i++)
		different += memcmp(seen[i], seen[i - 1], BENCH_LETTERS) != 0;
	return different;
}

static void
fresh_names_never_come_twice(void **state)
{
	struct bench_names names;

	(void)state;
	choose(&names, "fresh", false);
	assert_int_equal(count_different(&names), NAMES);
}

static void
a_sequence_has_each_name_once_and_ends(void **state)
{
	struct bench_names names, sequence;
	uint8_t message[BENCH_QUERY_MAX];

	(void)state;
	choose(&names, "set", false);
	assert_true(bench_names_sequence(&names, &sequence));
	assert_int_equal(count_different(&sequence), NAMES);
	assert_int_equal(bench_names_next(&sequence, message), BENCH_OTHER);
	bench_names_back(&sequence);
	assert_int_equal(bench_names_next(&sequence, message), BENCH_SET);
	choose(&names, "fresh", false);
	assert_false(bench_names_sequence(&names, &sequence));
}

static void
a_scan_has_its_share_of_random_names(void **state)
{
	struct bench_names names;
	uint8_t message[BENCH_QUERY_MAX];
	unsigned working = 0;

	(void)state;
	choose(&names, "scan", false);
	names.between_count = 20;
	for (unsigned i = 0; i < 2100; i++)
		working += bench_names_next(&names, message) == BENCH_WORKING;
	assert_int_equal(working, 100);
}

static void
zipf_draws_each_rank_by_its_share(void **state)
{
	static unsigned counts[RANKS + 1];
	struct bench_random random = { 1 };
	struct bench_zipf zipf;
	double whole = 0;

	(void)state;
	bench_zipf_init(&zipf, RANKS);
	for (unsigned i = 0; i < DRAWS; i++) {
		uint32_t rank = bench_zipf_draw(&zipf, &random);

		assert_in_range(rank, 1, RANKS);
		counts[rank]++;
	}
	for (unsigned rank = 1; rank <= RANKS; rank++)
		whole += 1.0 / rank;
	for (unsigned rank = 1; rank <= RANKS; rank *= 3) {
		double wanted = DRAWS / whole / rank, off = counts[rank] - wanted;

		/* Five standard deviations of a count. */
		assert_true(off * off < 25 * wanted);
	}
}

static void
zipf_of_one_name_is_that_name(void **state)
{
	struct bench_random random = { 1 };
	struct bench_zipf zipf;

	(void)state;
	bench_zipf_init(&zipf, 1);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(bench_zipf_draw(&zipf, &random), 1);
}

static void
percentiles_are_within_one_part_in_64(void **state)
{
	static struct bench_histogram histogram;

	(void)state;
	assert_int_equal(bench_histogram_at(&histogram, 0.5), 0);
	for (uint64_t us = 1; us <= 10000; us++)
		bench_histogram_add(&histogram, us * 1000);
	assert_in_range(bench_histogram_at(&histogram, 0.5), 5000000, 5000000 * 65 / 64);
	assert_in_range(bench_histogram_at(&histogram, 0.99), 9900000, 9900000 * 65 / 64);
	assert_int_equal(bench_histogram_at(&histogram, 1.0), 10000000);
	assert_int_equal(histogram.max_ns, 10000000);
	assert_int_equal(histogram.sum_ns, UINT64_C(50005000) * 1000);
}

static void
buckets_follow_one_another_without_a_gap(void **state)
{
	unsigned last = 0;

	(void)state;
	for (uint64_t ns = 1; ns < 1 << 20; ns++) {
		unsigned bucket = bench_histogram_bucket(ns);

		assert_in_range(bucket, last, last + 1);
		last = bucket;
	}
	assert_in_range(bench_histogram_bucket(UINT64_MAX), last, BENCH_BUCKETS - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_answer_is_taken_for_right),
		cmocka_unit_test(a_big_answer_is_cut_to_what_the_asker_takes),
		cmocka_unit_test(an_answer_with_an_octet_changed_is_found_out),
		cmocka_unit_test(an_answer_cut_at_any_octet_is_found_out),
		cmocka_unit_test(octets_after_the_last_record_are_found_out),
		cmocka_unit_test(a_query_cut_at_any_octet_is_refused),
		cmocka_unit_test(an_address_twice_is_not_two_addresses),
		cmocka_unit_test(the_order_of_addresses_does_not_matter),
		cmocka_unit_test(the_answer_in_place_is_right_with_and_without_edns),
		cmocka_unit_test(the_address_of_a_name_does_not_follow_its_case),
		cmocka_unit_test(fresh_names_never_come_twice),
		cmocka_unit_test(a_sequence_has_each_name_once_and_ends),
		cmocka_unit_test(a_scan_has_its_share_of_random_names),
		cmocka_unit_test(zipf_draws_each_rank_by_its_share),
		cmocka_unit_test(zipf_of_one_name_is_that_name),
		cmocka_unit_test(percentiles_are_within_one_part_in_64),
		cmocka_unit_test(buckets_follow_one_another_without_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
