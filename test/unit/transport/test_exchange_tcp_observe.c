/* SPDX-License-Identifier: ISC
 *
 * test_exchange_tcp_observe.c - what is recorded of a server by exchanges over TCP.
 */
#include "exchange_fixture.h"

static void
truncate_over_udp(struct fake_query *query)
{
	fake_reply(query, query->conn == NULL ? S53_TC : S53_AA);
}

static void
close_second_connection(struct fake_query *query)
{
	if (query->server->conn_count == 2)
		fake_conn_close(query->conn);
	else
		fake_answer(query);
}

static void
nothing_is_recorded_when_the_server_closes_an_idle_connection(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, fake_answer);
	ask_tcp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	observation_count = 0;
	fake_conn_close(f.server.conns[0]);
	run_ready(&f);
	assert_int_equal(observation_count, 0);
	ask_tcp(&f, &asked);
	f.server.on_query = close_second_connection;
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(observation_count, 1); /* the response, not the connection that closed */
	assert_observed(0, S53_OBSERVED_ANSWERED, S53_OVER_TCP, 0);
	fixture_stop(&f);
}

static void
a_refused_connection_is_recorded_although_its_query_was_cancelled(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, fake_silence);
	fake_close_tcp(&f.server);
	ask_tcp(&f, &asked);
	asked_cancel(&asked);
	run_until(&f, &observation_count, 1);
	assert_observed(0, S53_OBSERVED_REFUSED, S53_OVER_TCP, 0);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_REFUSED), 0);
	fixture_stop(&f);
}

/* Overdue, then cancelled as if another server had replied. */
static void
ask_tcp_and_cancel_overdue(struct fixture *f, struct asked *asked)
{
	struct s53_exchange_spec ask;

	asked_init(f, asked);
	ask = asked_ask(asked);
	ask.tcp = true;
	ask.overdue_ms = 20;
	asked_start(asked, &ask);
	run_until(f, &f->kept_count, 1);
	time_is(f, s53_clock_ms() + 24);
	assert_int_equal(asked->overdues, 1);
	asked_cancel(asked);
}

static void
a_late_reply_over_tcp_is_recorded(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	ask_tcp_and_cancel_overdue(&f, &asked);
	time_is(&f, 50300);
	fake_answer(&f.kept[0]);
	run_until(&f, &observation_count, 2);
	assert_observed(0, S53_OBSERVED_OVERDUE, S53_OVER_TCP, 20);
	assert_observed(1, S53_OBSERVED_ANSWERED, S53_OVER_TCP, 300);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE_REPLY), 1);
	assert_int_equal(asked.checks + asked.ends, 0);
	fixture_stop(&f);
}

static void
a_cancelled_query_on_a_closed_connection_is_neither_sent_again_nor_recorded(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	ask_tcp_and_cancel_overdue(&f, &asked);
	fake_conn_close(f.server.conns[0]);
	run_ready(&f);
	assert_int_equal(f.exchanger->late_reply_count, 0);
	time_is(&f, 53000);
	assert_int_equal(f.server.conn_count, 1);
	assert_int_equal(observation_count, 1); /* OVERDUE */
	fixture_stop(&f);
}

static void
a_query_that_is_lost_over_tcp_retires_the_connection(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	ask_tcp_and_cancel_overdue(&f, &asked);
	time_is(&f, 50000 + S53_LATE_REPLY_MS + 8);
	assert_observed(1, S53_OBSERVED_TIMEOUT, S53_OVER_TCP, S53_LATE_REPLY_MS);
	assert_int_equal(only_endpoint(&f)->flow_count, 0);
	fixture_stop(&f);
}

static unsigned pending_at_overdue;

static void
count_pending(struct asked *asked)
{
	pending_at_overdue = asked->fixture->exchanger->pending;
}

static void
a_truncated_response_is_overdue_at_once_when_tcp_is_known_to_be_down(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	pending_at_overdue = 0;
	fixture_start(&f, truncate_over_udp);
	s53_upstream_observe(f.upstream,
	    (struct s53_observation){ S53_OBSERVED_REFUSED, S53_OVER_TCP, 0, 0 }, s53_clock_ms());
	ask_overdue(&f, &asked, 3000);
	asked.on_overdue = count_pending;
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED); /* TCP was tried all the same */
	assert_int_equal(asked.overdues, 1);
	assert_int_equal(pending_at_overdue, 1);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_OVERDUE), 0);
	assert_int_equal(observation_count, 2);
	assert_observed(0, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 0);
	assert_observed(1, S53_OBSERVED_ANSWERED, S53_OVER_TCP, 0);
	fixture_stop(&f);
}

static void
a_truncated_response_gets_time_for_tcp_and_overdue_is_not_recorded_then(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	ask_overdue(&f, &asked, 40);
	run_until(&f, &f.kept_count, 1);
	time_is(&f, 50030);
	fake_reply(&f.kept[0], S53_TC);
	run_until(&f, &f.kept_count, 2);
	time_is(&f, 50030 + 2 * (30 + 4 * 15) - 4); /* SRTT and 4 variations, twice */
	assert_int_equal(asked.overdues, 0);
	time_is(&f, 50030 + 2 * (30 + 4 * 15) + 8);
	assert_int_equal(asked.overdues, 1);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_OVERDUE), 0);
	assert_int_equal(observation_count, 1); /* ANSWERED over UDP */
	fake_answer(&f.kept[1]);
	run_until(&f, &asked.ends, 1);
	assert_observed(1, S53_OBSERVED_ANSWERED, S53_OVER_TCP, 2 * (30 + 4 * 15) + 8);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_recorded_when_the_server_closes_an_idle_connection),
		cmocka_unit_test(a_refused_connection_is_recorded_although_its_query_was_cancelled),
		cmocka_unit_test(a_late_reply_over_tcp_is_recorded),
		cmocka_unit_test(
		    a_cancelled_query_on_a_closed_connection_is_neither_sent_again_nor_recorded),
		cmocka_unit_test(a_query_that_is_lost_over_tcp_retires_the_connection),
		cmocka_unit_test(
		    a_truncated_response_is_overdue_at_once_when_tcp_is_known_to_be_down),
		cmocka_unit_test(
		    a_truncated_response_gets_time_for_tcp_and_overdue_is_not_recorded_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
