/* SPDX-License-Identifier: ISC
 *
 * test_garbage_over_tcp.c - a message that is no response ends a query over TCP, where only the
 * server can have sent it; other queries on the connection go on.
 */
#include "exchange_fixture.h"

/* Spoil the kept query so that it is no response, in one of several ways. Returns its length. */
struct garbage {
	const char *what;
	size_t (*spoil)(uint8_t *octets, size_t len);
};

static size_t
as_it_is(uint8_t *octets, size_t len)
{
	(void)octets;
	return len; /* a query: QR is clear */
}

static size_t
with_another_id(uint8_t *octets, size_t len)
{
	octets[0] ^= 1;
	octets[2] |= 0x80;
	return len;
}

static size_t
with_another_question(uint8_t *octets, size_t len)
{
	octets[S53_HEADER_LEN + 3] ^= 1;
	octets[2] |= 0x80;
	return len;
}

static size_t
cut_in_the_question(uint8_t *octets, size_t len)
{
	octets[2] |= 0x80;
	return len - 1;
}

static size_t
a_header(uint8_t *octets, size_t len)
{
	(void)len;
	octets[2] |= 0x80;
	return S53_HEADER_LEN;
}

static size_t
eleven_octets(uint8_t *octets, size_t len)
{
	(void)octets;
	(void)len;
	return 11;
}

static size_t
one_octet(uint8_t *octets, size_t len)
{
	(void)octets;
	(void)len;
	return 1;
}

static size_t
nothing_at_all(uint8_t *octets, size_t len)
{
	(void)octets;
	(void)len;
	return 0;
}

static const struct garbage kinds[] = {
	{ "another ID", with_another_id },
	{ "another question", with_another_question },
	{ "cut in the question", cut_in_the_question },
	{ "a header", a_header },
	{ "eleven octets", eleven_octets },
	{ "one octet", one_octet },
	{ "nothing", nothing_at_all },
	{ "the query itself", as_it_is },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void
send_spoilt(struct fake_query *query, const struct garbage *kind)
{
	struct fake_query spoilt = *query;

	fake_send(&spoilt, spoilt.octets, kind->spoil(spoilt.octets, spoilt.len));
}

static void
each_kind_of_garbage_ends_the_only_query_at_once(void **arg)
{
	(void)arg;
	for (unsigned i = 0; i < KINDS; i++) {
		struct fixture f;
		struct asked asked;

		s53_clock_test_set(50000);
		fixture_start(&f, keep_query);
		ask_tcp(&f, &asked);
		run_until(&f, &f.kept_count, 1);
		send_spoilt(&f.kept[0], &kinds[i]);
		run_until(&f, &asked.ends, 1);
		assert_int_equal(asked.end, S53_EXCHANGE_GARBLED);
		assert_int_equal(counted(&f, S53_C_EXCHANGE_MALFORMED), 1);
		assert_int_equal(f.server.conn_count, 1);
		assert_int_equal(observation_count, 1);
		assert_observed(0, S53_OBSERVED_GARBLED, S53_OVER_TCP, 0);
		f.server.on_query = fake_answer;
		ask_tcp(&f, &asked);
		run_until(&f, &asked.ends, 1);
		assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
		assert_int_equal(f.server.conn_count, 2); /* the first one is not trusted */
		fixture_stop(&f);
	}
}

static void
garbage_without_an_id_moves_each_query_to_a_connection_of_its_own(void **arg)
{
	static const unsigned without_id[] = { 0, 4, 5, 6 };

	(void)arg;
	for (unsigned i = 0; i < 4; i++) {
		struct fixture f;
		struct asked asked[3];

		s53_clock_test_set(50000);
		fixture_start(&f, keep_query);
		for (unsigned n = 0; n < 3; n++)
			ask_tcp(&f, &asked[n]);
		run_until(&f, &f.kept_count, 3);
		f.server.on_query = fake_answer;
		send_spoilt(&f.kept[0], &kinds[without_id[i]]);
		run_until(&f, &f.ended, 3);
		for (unsigned n = 0; n < 3; n++)
			assert_int_equal(asked[n].end, S53_EXCHANGE_ANSWERED);
		assert_int_equal(f.server.conn_count, 4);
		assert_int_equal(counted(&f, S53_C_EXCHANGE_MALFORMED), 0);
		fixture_stop(&f);
	}
}

static struct asked *guilty;

/* Whatever connection it comes on. */
static void
answer_all_but_the_guilty_one(struct fake_query *query)
{
	if (memcmp(query->octets + S53_HEADER_LEN, guilty->question + S53_HEADER_LEN,
		guilty->question_len - S53_HEADER_LEN) == 0)
		fake_send(query, query->octets, 3);
	else
		fake_answer(query);
}

static void
of_several_queries_only_the_one_that_gets_garbage_fails(void **arg)
{
	struct fixture f;
	struct asked asked[3];

	(void)arg;
	fixture_start(&f, answer_all_but_the_guilty_one);
	guilty = &asked[0];
	for (unsigned i = 0; i < 3; i++)
		ask_tcp(&f, &asked[i]);
	run_until(&f, &f.ended, 3);
	assert_int_equal(asked[0].end, S53_EXCHANGE_GARBLED);
	assert_int_equal(asked[1].end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(asked[2].end, S53_EXCHANGE_ANSWERED);
	fixture_stop(&f);
}

static void
garbage_with_the_id_of_a_query_leaves_the_others_where_they_are(void **arg)
{
	struct fixture f;
	struct asked asked[2];

	(void)arg;
	fixture_start(&f, keep_query);
	for (unsigned i = 0; i < 2; i++)
		ask_tcp(&f, &asked[i]);
	run_until(&f, &f.kept_count, 2);
	send_spoilt(&f.kept[0], &kinds[1]);
	run_until(&f, &asked[0].ends, 1);
	assert_int_equal(asked[0].end, S53_EXCHANGE_GARBLED);
	assert_int_equal(asked[1].ends, 0);
	fake_answer(&f.kept[1]);
	run_until(&f, &asked[1].ends, 1);
	assert_int_equal(asked[1].end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(f.server.conn_count, 1);
	fixture_stop(&f);
}

static void
a_response_that_comes_twice_and_one_to_a_forgotten_query_are_no_garbage(void **arg)
{
	struct fixture f;
	struct asked asked[3];

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	for (unsigned i = 0; i < 3; i++)
		ask_tcp(&f, &asked[i]);
	run_until(&f, &f.kept_count, 3);
	asked_cancel(&asked[0]);
	time_is(&f, 51000);
	fake_answer(&f.kept[1]);
	fake_answer(&f.kept[1]);
	run_until(&f, &asked[1].ends, 1);
	time_is(&f, 52008); /* the first connection is no longer read */
	assert_int_equal(f.exchanger->late_reply_count, 0);
	fake_answer(&f.kept[0]);
	run_ready(&f);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_UNWANTED), 2);
	assert_int_equal(asked[2].ends, 0);
	fake_answer(&f.kept[2]);
	run_until(&f, &asked[2].ends, 1);
	assert_int_equal(asked[2].end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(f.server.conn_count, 1);
	fixture_stop(&f);
}

static void
garbage_on_an_idle_connection_closes_it(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, keep_query);
	ask_tcp(&f, &asked);
	run_until(&f, &f.kept_count, 1);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	observation_count = 0;
	send_spoilt(&f.kept[0], &kinds[0]);
	run_ready(&f);
	assert_int_equal(f.server.conns[0]->fd, -1);
	assert_int_equal(observation_count, 0);
	fixture_stop(&f);
}

static void
a_late_reply_that_is_garbage_ends_the_wait_for_it(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	ask_tcp(&f, &asked);
	run_until(&f, &f.kept_count, 1);
	time_is(&f, 50400);
	asked_cancel(&asked);
	send_spoilt(&f.kept[0], &kinds[1]);
	run_until(&f, &observation_count, 1);
	assert_observed(0, S53_OBSERVED_GARBLED, S53_OVER_TCP, 400);
	assert_int_equal(f.exchanger->late_reply_count, 0);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_garbage_ends_the_only_query_at_once),
		cmocka_unit_test(garbage_without_an_id_moves_each_query_to_a_connection_of_its_own),
		cmocka_unit_test(of_several_queries_only_the_one_that_gets_garbage_fails),
		cmocka_unit_test(garbage_with_the_id_of_a_query_leaves_the_others_where_they_are),
		cmocka_unit_test(
		    a_response_that_comes_twice_and_one_to_a_forgotten_query_are_no_garbage),
		cmocka_unit_test(garbage_on_an_idle_connection_closes_it),
		cmocka_unit_test(a_late_reply_that_is_garbage_ends_the_wait_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
