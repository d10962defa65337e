/* SPDX-License-Identifier: ISC
 *
 * test_exchange_tcp_notes.c - what an exchange over TCP tells of its server.
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
a_kept_connection_that_the_server_closes_is_a_sign_of_nothing(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, fake_answer);
	ask_tcp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	sign_count = 0;
	fake_conn_close(f.server.conns[0]);
	run_ready(&f);
	assert_int_equal(sign_count, 0);
	ask_tcp(&f, &asked);
	f.server.on_query = close_second_connection;
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(sign_count, 1); /* the answer, not what closed before it */
	assert_sign(0, S53_OBSERVED_ANSWERED, S53_OVER_TCP, 0);
	fixture_stop(&f);
}

static void
a_refused_connection_is_a_sign_although_nobody_waits_for_it_any_more(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, fake_silence);
	fake_close_tcp(&f.server);
	ask_tcp(&f, &asked);
	asked_cancel(&asked);
	run_until(&f, &sign_count, 1);
	assert_sign(0, S53_OBSERVED_REFUSED, S53_OVER_TCP, 0);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_REFUSED), 0);
	fixture_stop(&f);
}

/* Late, and cancelled as if another server had been quicker. */
static void
ask_tcp_and_cancel_late(struct fixture *f, struct asked *asked)
{
	struct s53_exchange_ask ask;

	asked_init(f, asked);
	ask = asked_ask(asked);
	ask.tcp = true;
	ask.overdue_ms = 20;
	asked_start(asked, &ask);
	run_until(f, &f->kept_count, 1);
	time_is(f, s53_clock_ms() + 24);
	assert_int_equal(asked->lates, 1);
	asked_cancel(asked);
}

static void
a_late_answer_over_tcp_is_overheard(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	ask_tcp_and_cancel_late(&f, &asked);
	time_is(&f, 50300);
	fake_answer(&f.kept[0]);
	run_until(&f, &sign_count, 2);
	assert_sign(0, S53_OBSERVED_OVERDUE, S53_OVER_TCP, 20);
	assert_sign(1, S53_OBSERVED_ANSWERED, S53_OVER_TCP, 300);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_OVERHEARD), 1);
	assert_int_equal(asked.checks + asked.ends, 0);
	fixture_stop(&f);
}

static void
what_is_overheard_on_a_connection_that_closes_is_neither_asked_again_nor_noted(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	ask_tcp_and_cancel_late(&f, &asked);
	fake_conn_close(f.server.conns[0]);
	run_ready(&f);
	assert_int_equal(f.exchanger->late_reply_count, 0);
	time_is(&f, 53000);
	assert_int_equal(f.server.conn_count, 1);
	assert_int_equal(sign_count, 1); /* LATE */
	fixture_stop(&f);
}

static void
what_is_lost_over_tcp_retires_the_connection(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	ask_tcp_and_cancel_late(&f, &asked);
	time_is(&f, 50000 + S53_LATE_REPLY_MS + 8);
	assert_sign(1, S53_OBSERVED_TIMEOUT, S53_OVER_TCP, S53_LATE_REPLY_MS);
	assert_int_equal(only_endpoint(&f)->flow_count, 0);
	fixture_stop(&f);
}

static unsigned late_while_pending;

static void
count_pending(struct asked *asked)
{
	late_while_pending = asked->fixture->exchanger->pending;
}

static void
a_cut_answer_is_late_at_once_when_tcp_is_known_to_be_down(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	late_while_pending = 0;
	fixture_start(&f, truncate_over_udp);
	s53_upstream_observe(f.upstream,
	    (struct s53_observation){ S53_OBSERVED_REFUSED, S53_OVER_TCP, 0, 0 }, s53_clock_ms());
	ask_late(&f, &asked, 3000);
	asked.on_overdue = count_pending;
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED); /* it was tried all the same */
	assert_int_equal(asked.lates, 1);
	assert_int_equal(late_while_pending, 1);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE), 0);
	assert_int_equal(sign_count, 2);
	assert_sign(0, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 0);
	assert_sign(1, S53_OBSERVED_ANSWERED, S53_OVER_TCP, 0);
	fixture_stop(&f);
}

static void
a_cut_answer_gets_the_time_of_a_connection_and_to_be_late_then_is_no_sign(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	ask_late(&f, &asked, 40);
	run_until(&f, &f.kept_count, 1);
	time_is(&f, 50030);
	fake_reply(&f.kept[0], S53_TC);
	run_until(&f, &f.kept_count, 2);
	time_is(&f, 50030 + 2 * (30 + 4 * 15) - 4); /* SRTT and 4 variations, twice */
	assert_int_equal(asked.lates, 0);
	time_is(&f, 50030 + 2 * (30 + 4 * 15) + 8);
	assert_int_equal(asked.lates, 1);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE), 0);
	assert_int_equal(sign_count, 1); /* ANSWERED over UDP */
	fake_answer(&f.kept[1]);
	run_until(&f, &asked.ends, 1);
	assert_sign(1, S53_OBSERVED_ANSWERED, S53_OVER_TCP, 2 * (30 + 4 * 15) + 8);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kept_connection_that_the_server_closes_is_a_sign_of_nothing),
		cmocka_unit_test(
		    a_refused_connection_is_a_sign_although_nobody_waits_for_it_any_more),
		cmocka_unit_test(a_late_answer_over_tcp_is_overheard),
		cmocka_unit_test(
		    what_is_overheard_on_a_connection_that_closes_is_neither_asked_again_nor_noted),
		cmocka_unit_test(what_is_lost_over_tcp_retires_the_connection),
		cmocka_unit_test(a_cut_answer_is_late_at_once_when_tcp_is_known_to_be_down),
		cmocka_unit_test(
		    a_cut_answer_gets_the_time_of_a_connection_and_to_be_late_then_is_no_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
