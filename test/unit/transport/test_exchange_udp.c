/* SPDX-License-Identifier: ISC
 *
 * test_exchange_udp.c - exchanges over UDP with a server on loopback.
 */
#include "exchange_fixture.h"

static void
the_query_arrives_unchanged_except_for_its_id_and_the_response_comes_back(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, keep_query);
	ask_udp(&f, &asked);
	assert_int_equal(f.exchanger->pending, 1);
	run_until(&f, &f.kept_count, 1);
	assert_int_equal(f.kept[0].len, asked.question_len);
	assert_memory_equal(f.kept[0].octets + 2, asked.question + 2, asked.question_len - 2);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(asked.answer_len, asked.question_len);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_UDP), 1);
	assert_int_equal(f.exchanger->pending, 0);
	fixture_stop(&f);
}

static void
each_query_has_a_new_random_id(void **arg)
{
	struct fixture f;
	struct asked asked[100];
	unsigned equal = 0;

	(void)arg;
	fixture_start(&f, keep_query);
	for (unsigned i = 0; i < 100; i++)
		ask_udp(&f, &asked[i]);
	run_until(&f, &f.kept_count, 100);
	for (unsigned i = 1; i < 100; i++)
		equal += s53_header_id(f.kept[i].octets) == s53_header_id(f.kept[i - 1].octets);
	assert_true(equal < 5);
	for (unsigned i = 0; i < 100; i++)
		fake_answer(&f.kept[i]);
	run_until(&f, &f.ended, 100);
	fixture_stop(&f);
}

/* Send from `fd` a response to `query` with `octet` changed by `change`. */
static void
forge(const struct fake_query *query, int fd, size_t octet, uint8_t change)
{
	uint8_t reply[4096];

	memcpy(reply, query->octets, query->len);
	s53_header_set_flags(reply, (uint16_t)(s53_header_flags(reply) | S53_QR));
	reply[octet] ^= change;
	(void)sendto(fd, reply, query->len, 0, &query->from.sa, s53_addr_len(&query->from));
}

static void
a_reply_that_is_wrong_in_any_way_is_rejected_and_the_right_one_still_accepted(void **arg)
{
	struct fixture f;
	struct asked asked;
	int other_port, other_host;

	(void)arg;
	fixture_start(&f, keep_query);
	other_port = fake_bind(SOCK_DGRAM, "127.0.0.1", 0);
	other_host = fake_bind(SOCK_DGRAM, "127.0.0.2", s53_addr_port(&f.server.addr));
	assert_true(other_port >= 0 && other_host >= 0);
	ask_udp(&f, &asked);
	run_until(&f, &f.kept_count, 1);

	forge(&f.kept[0], other_port, 2, 0);
	forge(&f.kept[0], other_host, 2, 0);
	run_ready(&f);
	/* the kernel drops what is not from the connected address */
	assert_int_equal(asked.checks, 0);
	forge(&f.kept[0], f.server.udp, 0, 0x40); /* ID */
	forge(&f.kept[0], f.server.udp, 1, 0x01);
	forge(&f.kept[0], f.server.udp, 2, S53_QR >> 8); /* QR is clear */
	run_ready(&f);
	assert_int_equal(asked.checks, 0);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_UNWANTED), 3);
	forge(&f.kept[0], f.server.udp, S53_HEADER_LEN + 2, 0x20); /* letter case */
	(void)sendto(
	    f.server.udp, "short", 5, 0, &f.kept[0].from.sa, s53_addr_len(&f.kept[0].from));
	(void)sendto(f.server.udp, "", 0, 0, &f.kept[0].from.sa, s53_addr_len(&f.kept[0].from));
	run_ready(&f);
	assert_int_equal(asked.checks, 1);
	assert_int_equal(asked.ends, 0);

	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	close(other_port);
	close(other_host);
	fixture_stop(&f);
}

static void
overdue_is_called_in_time_and_a_response_after_it_still_counts(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_exchange_spec ask;

	(void)arg;
	s53_clock_test_set(7000);
	fixture_start(&f, keep_query);
	asked_init(&f, &asked);
	ask = asked_ask(&asked);
	ask.overdue_ms = 40;
	asked_start(&asked, &ask);
	run_until(&f, &f.kept_count, 1);
	time_is(&f, 7039);
	assert_int_equal(asked.overdues, 0);
	time_is(&f, 7040 + S53_WHEEL_TICK_MS);
	assert_int_equal(asked.overdues, 1);
	assert_int_equal(asked.ends, 0);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_OVERDUE), 1);
	fixture_stop(&f);
}

static void
an_exchange_without_a_response_times_out(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_exchange_spec ask;

	(void)arg;
	s53_clock_test_set(7000);
	fixture_start(&f, fake_silence);
	asked_init(&f, &asked);
	ask = asked_ask(&asked);
	ask.overdue_ms = 20;
	ask.timeout_ms = 80;
	asked_start(&asked, &ask);
	time_is(&f, 7079);
	assert_int_equal(asked.overdues, 1);
	assert_int_equal(asked.ends, 0);
	time_is(&f, 7080 + S53_WHEEL_TICK_MS);
	assert_int_equal(asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(asked.overdues, 1);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_TIMEOUT), 1);
	fixture_stop(&f);
}

static void
a_response_updates_the_round_trip_time(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(5000);
	fixture_start(&f, keep_query);
	ask_udp(&f, &asked);
	run_until(&f, &f.kept_count, 1);
	s53_clock_test_set(5030);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(s53_upstream_hedge_ms(f.upstream), 30 + 4 * 15);
	fixture_stop(&f);
}

static void
a_refused_port_ends_all_exchanges_on_that_socket_at_once(void **arg)
{
	struct fixture f;
	struct asked asked[20];

	(void)arg;
	s53_clock_test_set(7000); /* stands still: no timeout helps */
	fixture_start(&f, fake_silence);
	fake_close_udp(&f.server);
	for (unsigned i = 0; i < 20; i++)
		ask_udp(&f, &asked[i]);
	run_until(&f, &f.ended, 20);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(asked[i].end, S53_EXCHANGE_REFUSED);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_REFUSED), 20);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_UNREACHABLE), 0);
	assert_int_equal(observation_count, 1); /* recorded once for all of them */
	assert_observed(0, S53_OBSERVED_REFUSED, S53_OVER_UDP, 0);
	fixture_stop(&f);
}

static void
a_response_to_a_cancelled_exchange_calls_nothing_back(void **arg)
{
	struct fixture f;
	struct asked asked[2];

	(void)arg;
	fixture_start(&f, keep_query);
	ask_udp(&f, &asked[0]);
	ask_udp(&f, &asked[1]);
	run_until(&f, &f.kept_count, 2);
	s53_exchange_cancel(f.exchanger, asked[0].exchange);
	fake_answer(&f.kept[0]);
	fake_answer(&f.kept[1]);
	run_until(&f, &f.ended, 1);
	assert_int_equal(asked[0].ends, 0);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE_REPLY), 1);
	ask_udp(&f, &asked[0]); /* cancelled before it was sent: nothing leaves */
	s53_exchange_cancel(f.exchanger, asked[0].exchange);
	run_ready(&f);
	assert_int_equal(f.kept_count, 2);
	fixture_stop(&f);
}

static void
cancel_me(struct asked *asked)
{
	s53_exchange_cancel(asked->fixture->exchanger, asked->exchange);
}

static void
overdue_may_cancel_its_own_exchange(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_exchange_spec ask;

	(void)arg;
	s53_clock_test_set(7000);
	fixture_start(&f, fake_silence);
	for (unsigned i = 0; i < 2; i++) {
		asked_init(&f, &asked);
		ask = asked_ask(&asked);
		ask.overdue_ms = 10;
		asked.on_overdue = cancel_me;
		asked_start(&asked, &ask);
		time_is(&f, 7000 + 20 * (i + 1));
		assert_int_equal(asked.overdues, 1);
		assert_int_equal(f.exchanger->pending, 0);
	}
	fixture_stop(&f);
}

static struct asked neighbours[40];
static struct asked successors[40];

/* Cancel all other exchanges and start as many new ones. */
static void
cancel_the_others(struct asked *asked)
{
	for (unsigned i = 0; i < 40; i++) {
		if (neighbours[i].exchange == NULL)
			continue;
		s53_exchange_cancel(asked->fixture->exchanger, neighbours[i].exchange);
		neighbours[i].exchange = NULL;
	}
	for (unsigned i = 0; i < 40; i++)
		ask_udp(asked->fixture, &successors[i]);
}

static void
done_may_cancel_and_start_exchanges_on_its_own_socket(void **arg)
{
	struct fixture f;

	(void)arg;
	fixture_start(&f, fake_answer);
	for (unsigned i = 0; i < 40; i++) {
		ask_udp(&f, &neighbours[i]);
		neighbours[i].on_done = cancel_the_others;
	}
	run_until(&f, &f.ended, 1 + 40);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(successors[i].end, S53_EXCHANGE_ANSWERED);
	run_ready(&f);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE_REPLY), 39);
	fixture_stop(&f);
}

static void
done_may_cancel_and_start_exchanges_when_all_fail_too(void **arg)
{
	struct fixture f;

	(void)arg;
	fixture_start(&f, fake_answer);
	fake_close_udp(&f.server);
	for (unsigned i = 0; i < 40; i++) {
		ask_udp(&f, &neighbours[i]);
		neighbours[i].on_done = cancel_the_others;
	}
	run_until(&f, &f.ended, 1 + 40);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(successors[i].end, S53_EXCHANGE_REFUSED);
	fixture_stop(&f);
}

static void
a_response_on_the_wrong_socket_is_a_stray(void **arg)
{
	struct fixture f;
	struct asked asked[2];
	struct s53_addr swap;

	(void)arg;
	fixture_start(&f, keep_query);
	for (unsigned i = 0; i < 2; i++) {
		ask_udp(&f, &asked[i]);
		s53_udp_flush(f.exchanger); /* so the next batch gets another socket */
	}
	assert_int_equal(only_endpoint(&f)->pool.count, 2);
	run_until(&f, &f.kept_count, 2);
	/* Put all IDs of both into one bucket, so that only the socket tells them apart. */
	for (unsigned i = 0; i < 2; i++) {
		struct s53_exchange *exchange = asked[i].exchange;

		*exchange->back = exchange->next;
		if (exchange->next != NULL)
			exchange->next->back = exchange->back;
		exchange->flow->salt = exchange->id;
		exchange->next = f.exchanger->id_table[0];
		exchange->back = &f.exchanger->id_table[0];
		if (exchange->next != NULL)
			exchange->next->back = &exchange->next;
		*exchange->back = exchange;
	}
	asked[0].exchange->flow->salt = asked[1].exchange->id; /* leads to the other's bucket */
	swap = f.kept[1].from;
	f.kept[1].from = f.kept[0].from;
	fake_answer(&f.kept[1]);
	run_ready(&f);
	assert_int_equal(asked[0].checks + asked[1].checks, 0);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_UNWANTED), 1);
	f.kept[1].from = swap;
	fake_answer(&f.kept[1]);
	run_until(&f, &asked[1].ends, 1);
	asked[0].exchange->flow->salt = asked[0].exchange->id;
	fake_answer(&f.kept[0]);
	run_until(&f, &asked[0].ends, 1);
	fixture_stop(&f);
}

static void
an_ipv6_server_gets_queries_as_well(void **arg)
{
	struct fixture f;
	struct asked asked;
	int probe = fake_bind(SOCK_DGRAM, "::1", 0);

	(void)arg;
	if (probe < 0)
		skip();
	close(probe);
	fixture_start_at(&f, "::1", fake_answer);
	ask_udp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	fake_close_udp(&f.server);
	ask_udp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_REFUSED);
	fixture_stop(&f);
}

static void
big_big_answer(struct fake_query *query)
{
	static uint8_t reply[60000];

	memcpy(reply, query->octets, query->len);
	s53_header_set_flags(reply, S53_QR);
	fake_send(query, reply, sizeof(reply));
}

static void
a_response_of_60000_bytes_fits(void **arg)
{
	struct fixture f;
	struct asked asked[2];

	(void)arg;
	fixture_start(&f, big_big_answer);
	ask_udp(&f, &asked[0]);
	ask_udp(&f, &asked[1]);
	run_until(&f, &f.ended, 2);
	assert_int_equal(asked[0].end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(asked[1].end, S53_EXCHANGE_ANSWERED);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_query_arrives_unchanged_except_for_its_id_and_the_response_comes_back),
		cmocka_unit_test(each_query_has_a_new_random_id),
		cmocka_unit_test(
		    a_reply_that_is_wrong_in_any_way_is_rejected_and_the_right_one_still_accepted),
		cmocka_unit_test(overdue_is_called_in_time_and_a_response_after_it_still_counts),
		cmocka_unit_test(an_exchange_without_a_response_times_out),
		cmocka_unit_test(a_response_updates_the_round_trip_time),
		cmocka_unit_test(a_refused_port_ends_all_exchanges_on_that_socket_at_once),
		cmocka_unit_test(a_response_to_a_cancelled_exchange_calls_nothing_back),
		cmocka_unit_test(overdue_may_cancel_its_own_exchange),
		cmocka_unit_test(done_may_cancel_and_start_exchanges_on_its_own_socket),
		cmocka_unit_test(done_may_cancel_and_start_exchanges_when_all_fail_too),
		cmocka_unit_test(a_response_on_the_wrong_socket_is_a_stray),
		cmocka_unit_test(an_ipv6_server_gets_queries_as_well),
		cmocka_unit_test(a_response_of_60000_bytes_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
