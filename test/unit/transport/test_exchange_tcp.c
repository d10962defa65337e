/* SPDX-License-Identifier: ISC
 *
 * test_exchange_tcp.c - exchanges over TCP with a server on loopback (RFC 7766).
 */
#include "exchange_fixture.h"

static void
a_query_over_tcp_gets_its_response_over_tcp(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, keep_query);
	ask_tcp(&f, &asked);
	run_until(&f, &f.kept_count, 1);
	assert_int_equal(f.kept[0].len, asked.question_len);
	assert_memory_equal(f.kept[0].octets + 2, asked.question + 2, asked.question_len - 2);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(asked.answer_len, asked.question_len);
	assert_int_equal(f.server.udp_queries, 0);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_TCP), 1);
	fixture_stop(&f);
}

static void
a_tcp_only_server_gets_no_query_over_udp(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_upstream_options options = { .tcp_only = true };

	(void)arg;
	fixture_start(&f, fake_answer);
	fixture_options(&f, &options);
	ask_udp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(f.server.udp_queries, 0);
	fixture_stop(&f);
}

static void
truncate_over_udp(struct fake_query *query)
{
	fake_reply(query, query->conn == NULL ? S53_TC : S53_AA);
}

static void
a_truncated_reply_leads_to_tcp(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, truncate_over_udp);
	ask_udp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(f.server.udp_queries, 1);
	assert_int_equal(f.server.tcp_queries, 1);
	assert_int_equal(s53_header_flags(asked.answer) & (S53_TC | S53_AA), S53_AA);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_TCP_ON_TC), 1);
	fixture_stop(&f);
}

static void
truncate_another_question(struct fake_query *query)
{
	query->octets[S53_HEADER_LEN + 2] ^= 1;
	fake_reply(query, S53_TC);
}

static void
a_truncated_reply_to_another_query_is_rejected(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, truncate_another_question);
	ask_udp(&f, &asked);
	run_until(&f, &asked.checks, 1);
	run_ready(&f);
	assert_int_equal(f.server.conn_count, 0);
	s53_exchange_cancel(f.exchanger, asked.exchange);
	fixture_stop(&f);
}

static void
a_hundred_queries_share_a_connection_and_get_responses_in_any_order(void **arg)
{
	struct fixture f;
	static struct asked asked[100];

	(void)arg;
	fixture_start(&f, keep_query);
	for (unsigned i = 0; i < 100; i++)
		ask_tcp(&f, &asked[i]);
	run_until(&f, &f.kept_count, 100);
	assert_int_equal(f.server.conn_count, 1);
	for (unsigned i = 100; i-- > 0;)
		fake_answer(&f.kept[i]);
	run_until(&f, &f.ended, 100);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(asked[i].end, S53_EXCHANGE_ANSWERED);
		assert_memory_equal(asked[i].answer + S53_HEADER_LEN,
		    asked[i].question + S53_HEADER_LEN, asked[i].question_len - S53_HEADER_LEN);
	}
	fixture_stop(&f);
}

static void
the_connection_is_kept_for_the_next_query_and_closed_when_idle(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, fake_answer);
	for (unsigned i = 0; i < 5; i++) {
		ask_tcp(&f, &asked);
		run_until(&f, &asked.ends, 1);
	}
	assert_int_equal(f.server.conn_count, 1);
	time_is(&f, 59000);
	assert_true(f.server.conns[0]->fd >= 0);
	time_is(&f, 61000);
	time_is(&f, 67000);
	assert_int_equal(f.server.conns[0]->fd, -1);
	assert_int_equal(f.exchanger->wheel.count, 0);
	ask_tcp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	fixture_stop(&f);
}

/* Like Consul: a fixed number of queries per connection. */
static void
answer_ten_a_connection(struct fake_query *query)
{
	fake_answer(query);
	if (query->conn->queries == 10)
		fake_conn_close(query->conn);
}

static void
queries_without_a_response_on_a_closed_connection_are_sent_again(void **arg)
{
	struct fixture f;
	static struct asked asked[100];

	(void)arg;
	fixture_start(&f, answer_ten_a_connection);
	for (unsigned i = 0; i < 100; i++)
		ask_tcp(&f, &asked[i]);
	run_until(&f, &f.ended, 100);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(asked[i].end, S53_EXCHANGE_ANSWERED);
	assert_in_range(f.server.conn_count, 10, 17);
	fixture_stop(&f);
}

static void
close_first_connection(struct fake_query *query)
{
	if (query->server->conn_count == 1)
		fake_conn_close(query->conn);
	else
		fake_answer(query);
}

static void
a_connection_closed_before_the_response_is_replaced_once(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, close_first_connection);
	ask_tcp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(f.server.conn_count, 2);
	fixture_stop(&f);
}

static void
hang_up(struct fake_query *query)
{
	fake_conn_close(query->conn);
}

static void
a_server_that_only_closes_connections_counts_as_refused(void **arg)
{
	struct fixture f;
	struct asked asked[3];

	(void)arg;
	s53_clock_test_set(7000);
	fixture_start(&f, hang_up);
	for (unsigned i = 0; i < 3; i++)
		ask_tcp(&f, &asked[i]);
	run_until(&f, &f.ended, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(asked[i].end, S53_EXCHANGE_REFUSED);
	assert_int_equal(f.server.conn_count, 2);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_REFUSED), 3);
	assert_int_equal(observation_count, 1);
	assert_observed(0, S53_OBSERVED_REFUSED, S53_OVER_TCP, 0);
	fixture_stop(&f);
}

static void
a_refused_connection_ends_at_once(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(7000); /* stands still: no timeout helps */
	fixture_start(&f, fake_silence);
	fake_close_tcp(&f.server);
	ask_tcp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_REFUSED);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_REFUSED), 1);
	assert_int_equal(observation_count, 1);
	assert_observed(0, S53_OBSERVED_REFUSED, S53_OVER_TCP, 0);
	fixture_stop(&f);
}

static void
a_response_byte_by_byte_and_two_in_one_segment_are_read_alike(void **arg)
{
	struct fixture f;
	struct asked asked[3];
	uint8_t frames[512];
	size_t len = 0;

	(void)arg;
	fixture_start(&f, keep_query);
	for (unsigned i = 0; i < 3; i++)
		ask_tcp(&f, &asked[i]);
	run_until(&f, &f.kept_count, 3);
	for (unsigned i = 0; i < 3; i++) {
		s53_u16_put(frames + len, (uint16_t)f.kept[i].len);
		memcpy(frames + len + 2, f.kept[i].octets, f.kept[i].len);
		s53_header_set_flags(frames + len + 2, S53_QR);
		len += 2 + f.kept[i].len;
	}
	for (size_t at = 0; at < 2 + f.kept[0].len; at++) {
		assert_int_equal(asked[0].ends, 0);
		assert_int_equal(send(f.kept[0].conn->fd, frames + at, 1, 0), 1);
		run_ready(&f);
	}
	assert_int_equal(asked[0].ends, 1);
	len -= 2 + f.kept[0].len;
	assert_int_equal(send(f.kept[0].conn->fd, frames + 2 + f.kept[0].len, len, 0), (int)len);
	run_until(&f, &f.ended, 3);
	fixture_stop(&f);
}

static void
send_garbage(struct fake_query *query)
{
	static const uint8_t garbage[] = { 0, 3, 1, 2, 3, 0, 0 };

	(void)send(query->conn->fd, garbage, sizeof(garbage), MSG_NOSIGNAL);
}

static void
a_frame_too_short_for_a_header_ends_the_connection(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(7000);
	fixture_start(&f, send_garbage);
	ask_tcp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_GARBLED);
	assert_int_equal(f.server.conn_count, 1);
	assert_int_equal(observation_count, 1);
	assert_observed(0, S53_OBSERVED_GARBLED, S53_OVER_TCP, 0);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_MALFORMED), 1);
	fixture_stop(&f);
}

static void
a_silent_connection_gets_no_further_queries(void **arg)
{
	struct fixture f;
	struct asked first, second;
	struct s53_exchange_spec ask;

	(void)arg;
	fixture_start(&f, fake_silence);
	asked_init(&f, &first);
	ask = asked_ask(&first);
	ask.tcp = true;
	ask.timeout_ms = 50;
	asked_start(&first, &ask);
	run_until(&f, &first.ends, 1);
	assert_int_equal(first.end, S53_EXCHANGE_TIMEOUT);
	f.server.on_query = fake_answer;
	ask_tcp(&f, &second);
	run_until(&f, &second.ends, 1);
	assert_int_equal(second.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(f.server.conn_count, 2);
	fixture_stop(&f);
}

/* As the resolver does when another server has replied. */
static void
ask_tcp_and_give_up(struct fixture *f)
{
	struct asked asked;

	ask_tcp(f, &asked);
	run_ready(f);
	s53_exchange_cancel(f->exchanger, asked.exchange);
}

static void
a_silent_connection_is_replaced_although_all_its_queries_were_cancelled(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, fake_answer);
	ask_tcp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	f.server.on_query = fake_silence;
	for (uint64_t ms = 51000; ms <= 52500; ms += 500) {
		time_is(&f, ms);
		ask_tcp_and_give_up(&f);
	}
	assert_int_equal(f.server.conn_count, 1);
	f.server.on_query = fake_answer;
	time_is(&f, 53500);
	ask_tcp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(f.server.conn_count, 2);
	fixture_stop(&f);
}

static void
a_connection_with_late_replies_to_cancelled_queries_is_kept(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	for (uint64_t ms = 50000; ms <= 59000; ms += 1500) {
		time_is(&f, ms);
		ask_tcp(&f, &asked);
		run_until(&f, &f.kept_count, 1);
		s53_exchange_cancel(f.exchanger, asked.exchange);
		time_is(&f, ms + 1000);
		fake_answer(&f.kept[0]);
		f.kept_count = 0;
		run_ready(&f);
	}
	assert_int_equal(f.server.conn_count, 1);
	fixture_stop(&f);
}

static struct asked others[20];

static void
cancel_the_others(struct asked *asked)
{
	for (unsigned i = 0; i < 20; i++) {
		if (others[i].exchange != NULL)
			s53_exchange_cancel(asked->fixture->exchanger, others[i].exchange);
		others[i].exchange = NULL;
	}
	ask_tcp(asked->fixture, &others[0]);
}

static void
done_may_cancel_and_start_exchanges_on_its_own_connection(void **arg)
{
	struct fixture f;

	(void)arg;
	fixture_start(&f, fake_answer);
	for (unsigned i = 0; i < 20; i++) {
		ask_tcp(&f, &others[i]);
		others[i].on_done = cancel_the_others;
	}
	run_until(&f, &f.ended, 2);
	run_ready(&f);
	assert_int_equal(others[0].end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE_REPLY), 19);
	assert_int_equal(f.server.conn_count, 1);
	fixture_stop(&f);
}

static void
the_configured_source_address_is_used_for_tcp(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_upstream_options options = { .edns = true };
	struct s53_addr peer;
	socklen_t len = sizeof(peer);
	char text[S53_ADDR_TEXT];

	(void)arg;
	options.source = fake_addr("127.0.0.9", 0);
	fixture_start(&f, fake_answer);
	fixture_options(&f, &options);
	ask_tcp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_return_code(getpeername(f.server.conns[0]->fd, &peer.sa, &len), 0);
	assert_string_equal(s53_addr_print_host(&peer, text), "127.0.0.9");
	fixture_stop(&f);
}

static void
a_cancelled_last_exchange_leaves_a_connecting_stream_that_the_end_closes(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, fake_answer);
	ask_tcp(&f, &asked);
	s53_exchange_cancel(f.exchanger, asked.exchange);
	fixture_stop(&f); /* under ASan this proves that nothing leaks */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_over_tcp_gets_its_response_over_tcp),
		cmocka_unit_test(a_tcp_only_server_gets_no_query_over_udp),
		cmocka_unit_test(a_truncated_reply_leads_to_tcp),
		cmocka_unit_test(a_truncated_reply_to_another_query_is_rejected),
		cmocka_unit_test(
		    a_hundred_queries_share_a_connection_and_get_responses_in_any_order),
		cmocka_unit_test(the_connection_is_kept_for_the_next_query_and_closed_when_idle),
		cmocka_unit_test(queries_without_a_response_on_a_closed_connection_are_sent_again),
		cmocka_unit_test(a_connection_closed_before_the_response_is_replaced_once),
		cmocka_unit_test(a_server_that_only_closes_connections_counts_as_refused),
		cmocka_unit_test(a_refused_connection_ends_at_once),
		cmocka_unit_test(a_response_byte_by_byte_and_two_in_one_segment_are_read_alike),
		cmocka_unit_test(a_frame_too_short_for_a_header_ends_the_connection),
		cmocka_unit_test(a_silent_connection_gets_no_further_queries),
		cmocka_unit_test(
		    a_silent_connection_is_replaced_although_all_its_queries_were_cancelled),
		cmocka_unit_test(a_connection_with_late_replies_to_cancelled_queries_is_kept),
		cmocka_unit_test(done_may_cancel_and_start_exchanges_on_its_own_connection),
		cmocka_unit_test(the_configured_source_address_is_used_for_tcp),
		cmocka_unit_test(
		    a_cancelled_last_exchange_leaves_a_connecting_stream_that_the_end_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
