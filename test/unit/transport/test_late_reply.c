/* SPDX-License-Identifier: ISC
 *
 * test_late_reply.c - cancelled exchanges that await their late reply.
 */
#include "exchange_fixture.h"

#define START_MS 7000

static void
start(struct fixture *f)
{
	s53_clock_test_set(START_MS);
	fixture_start(f, keep_query);
}

/* `ms` after START_MS. */
static void
time_after(struct fixture *f, uint64_t ms)
{
	time_is(f, START_MS + ms);
}

/* An exchange that was overdue after 20 ms and is cancelled, as if another server had replied. */
static void
cancel_overdue(struct fixture *f, struct asked *asked)
{
	ask_overdue(f, asked, 20);
	run_until(f, &f->kept_count, 1);
	time_after(f, 24);
	assert_int_equal(asked->overdues, 1);
	asked_cancel(asked);
	observation_count = 0;
}

static struct asked
cancel_early(struct fixture *f, uint32_t overdue_ms)
{
	struct asked asked;
	struct s53_exchange_spec ask;

	asked_init(f, &asked);
	ask = asked_ask(&asked);
	ask.overdue_ms = overdue_ms;
	asked_start(&asked, &ask);
	run_until(f, &f->kept_count, 1);
	asked_cancel(&asked);
	return asked;
}

static uint32_t
in_flight(const struct fixture *f)
{
	struct s53_upstream_report report;

	memset(&report, 0, sizeof(report));
	s53_upstream_report(f->upstream, &report, s53_clock_ms());
	return report.in_flight;
}

/* A response to another query arrives. */
static void
answer_another_query(struct fixture *f)
{
	struct fake_query wrong = f->kept[0];

	wrong.octets[S53_HEADER_LEN + 3] ^= 1;
	fake_answer(&wrong);
	run_ready(f);
}

static void
the_late_reply_of_a_cancelled_exchange_is_recorded_with_its_round_trip_time(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	cancel_overdue(&f, &asked);
	assert_int_equal(f.exchanger->pending, 0);
	memset(asked.question, 0xff, sizeof(asked.question)); /* the caller may reuse it */
	time_after(&f, 800);
	fake_answer(&f.kept[0]);
	run_until(&f, &observation_count, 1);
	assert_observed(0, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 800);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE_REPLY), 1);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_UNWANTED), 0);
	assert_int_equal(asked.checks + asked.ends, 0);
	time_after(&f, 5008);
	assert_int_equal(observation_count, 1);
	fake_answer(&f.kept[0]); /* once more */
	run_ready(&f);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_UNWANTED), 1);
	fixture_stop(&f);
}

static void
without_a_late_reply_a_timeout_is_recorded_after_2_s_and_the_wait_ends_after_5(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	cancel_overdue(&f, &asked);
	time_after(&f, S53_LATE_REPLY_MS - 4);
	assert_int_equal(observation_count, 0);
	assert_int_equal(only_endpoint(&f)->pool.sockets[0]->flow.count, 1);
	time_after(&f, S53_LATE_REPLY_MS + 8);
	assert_int_equal(observation_count, 1);
	assert_observed(0, S53_OBSERVED_TIMEOUT, S53_OVER_UDP, S53_LATE_REPLY_MS);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE_TIMEOUT), 1);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_TIMEOUT), 0);
	assert_int_equal(only_endpoint(&f)->pool.sockets[0]->flow.count, 1);
	time_after(&f, S53_LATE_REPLY_MAX_MS + 8);
	assert_int_equal(only_endpoint(&f)->pool.sockets[0]->flow.count, 0);
	assert_int_equal(observation_count, 1);
	fixture_stop(&f);
}

static void
a_late_reply_is_recorded_even_after_its_timeout(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	cancel_overdue(&f, &asked);
	time_after(&f, S53_LATE_REPLY_MS + 8);
	time_after(&f, 4000);
	fake_answer(&f.kept[0]);
	run_until(&f, &observation_count, 2);
	assert_observed(1, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 4000);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE_REPLY), 1);
	assert_int_equal(f.exchanger->late_reply_count, 0);
	fixture_stop(&f);
}

static void
an_exchange_that_is_cancelled_after_that_time_is_lost_at_once(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	ask_overdue(&f, &asked, 20);
	time_after(&f, 24);
	time_after(&f, 3000);
	asked_cancel(&asked);
	assert_int_equal(observation_count, 2);
	assert_observed(1, S53_OBSERVED_TIMEOUT, S53_OVER_UDP, 3000);
	assert_int_equal(f.exchanger->late_reply_count, 1); /* the server may be very slow */
	fixture_stop(&f);
}

static void
a_late_reply_is_awaited_although_the_response_was_not_overdue(void **arg)
{
	struct fixture f;

	(void)arg;
	start(&f);
	(void)cancel_early(&f, 0);
	time_after(&f, 60);
	fake_answer(&f.kept[0]);
	run_until(&f, &observation_count, 1);
	assert_observed(0, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 60);
	fixture_stop(&f);
}

static void
a_cancelled_exchange_is_recorded_as_overdue_in_time(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	asked = cancel_early(&f, 100);
	time_after(&f, 108);
	assert_int_equal(observation_count, 1);
	assert_observed(0, S53_OBSERVED_OVERDUE, S53_OVER_UDP, 100);
	assert_int_equal(asked.overdues, 0);
	time_after(&f, S53_LATE_REPLY_MS + 8);
	assert_int_equal(observation_count, 2);
	assert_observed(1, S53_OBSERVED_TIMEOUT, S53_OVER_UDP, S53_LATE_REPLY_MS);
	fixture_stop(&f);
}

static void
no_late_reply_is_awaited_for_a_query_that_was_not_sent(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_exchange_spec ask;

	(void)arg;
	start(&f);
	asked_init(&f, &asked);
	ask = asked_ask(&asked);
	asked_start(&asked, &ask);
	asked_cancel(&asked);
	assert_int_equal(f.exchanger->late_reply_count, 0);
	run_ready(&f);
	assert_int_equal(f.server.udp_queries, 0);
	fixture_stop(&f);
}

static void
a_late_reply_may_have_any_rcode_and_a_bare_formerr_shows_nothing(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	cancel_overdue(&f, &asked);
	fake_reply(&f.kept[0], S53_RCODE_SERVFAIL);
	run_until(&f, &observation_count, 1);
	assert_observed(0, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 24);
	observation_count = f.kept_count = 0;
	(void)cancel_early(&f, 0);
	s53_header_set_count(f.kept[0].octets, S53_QUESTION, 0);
	f.kept[0].len = S53_HEADER_LEN;
	fake_reply(&f.kept[0], S53_RCODE_FORMERR);
	run_until(&f, &f.exchanger->late_reply_count, 0);
	assert_int_equal(observation_count, 0);
	fixture_stop(&f);
}

static void
a_late_reply_to_another_query_is_garbage(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	cancel_overdue(&f, &asked);
	answer_another_query(&f);
	f.kept[0].len = S53_HEADER_LEN + 4; /* truncated */
	fake_answer(&f.kept[0]);
	run_ready(&f);
	assert_int_equal(observation_count, 0);
	time_after(&f, S53_LATE_REPLY_MS + 8);
	assert_int_equal(observation_count, 1);
	assert_observed(0, S53_OBSERVED_GARBLED, S53_OVER_UDP, S53_LATE_REPLY_MS);
	fixture_stop(&f);
}

static void
answer_in_other_case(struct fixture *f)
{
	struct fake_query other_case = f->kept[0];

	other_case.octets[S53_HEADER_LEN + 1] ^= 0x20;
	fake_answer(&other_case);
}

static void
a_late_reply_in_other_letter_case_counts(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	cancel_overdue(&f, &asked);
	answer_in_other_case(&f);
	run_until(&f, &observation_count, 1);
	assert_observed(0, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 24);
	fixture_stop(&f);
}

static void
a_truncated_late_reply_does_not_lead_to_tcp(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	cancel_overdue(&f, &asked);
	fake_reply(&f.kept[0], S53_TC);
	run_until(&f, &observation_count, 1);
	assert_observed(0, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 24);
	run_ready(&f);
	assert_int_equal(f.server.conn_count, 0);
	fixture_stop(&f);
}

static void
a_refusal_ends_the_waits_for_late_replies_and_is_recorded_once(void **arg)
{
	struct fixture f;
	struct asked asked[10];

	(void)arg;
	start(&f);
	for (unsigned i = 0; i < 10; i++)
		ask_overdue(&f, &asked[i], 20);
	run_ready(&f);
	fake_close_udp(&f.server);
	time_after(&f, 24);
	for (unsigned i = 0; i < 10; i++)
		asked_cancel(&asked[i]);
	assert_int_equal(f.exchanger->late_reply_count, 10);
	observation_count = 0;
	ask_udp(&f, &asked[0]); /* another socket, because the one above has failed */
	run_until(&f, &asked[0].ends, 1);
	assert_int_equal(asked[0].end, S53_EXCHANGE_REFUSED);
	assert_int_equal(observation_count, 1);
	for (unsigned i = 0; i < only_endpoint(&f)->pool.count; i++) {
		struct s53_socket *sock = only_endpoint(&f)->pool.sockets[i];

		/* the kernel gets an ICMP error for this */
		assert_int_equal(send(sock->fd, "", 1, 0), 1);
	}
	run_ready(&f);
	assert_int_equal(f.exchanger->late_reply_count, 0);
	assert_int_equal(observation_count, 2);
	assert_observed(1, S53_OBSERVED_REFUSED, S53_OVER_UDP, 24);
	/* of the exchange that was not cancelled */
	assert_int_equal(counted(&f, S53_C_EXCHANGE_REFUSED), 1);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE_TIMEOUT), 0);
	fixture_stop(&f);
}

static void
a_refusal_is_recorded_although_all_queries_were_cancelled(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	fake_close_udp(&f.server);
	ask_udp(&f, &asked);
	s53_udp_flush(f.exchanger);
	asked_cancel(&asked);
	run_until(&f, &observation_count, 1);
	assert_observed(0, S53_OBSERVED_REFUSED, S53_OVER_UDP, 0);
	fixture_stop(&f);
}

static void
a_retired_socket_stays_open_for_its_late_replies(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	cancel_overdue(&f, &asked);
	s53_pool_retire(only_endpoint(&f)->pool.sockets[0]);
	assert_int_equal(only_endpoint(&f)->flow_count, 1);
	fake_answer(&f.kept[0]);
	run_until(&f, &observation_count, 1);
	assert_int_equal(only_endpoint(&f)->flow_count, 0);
	fixture_stop(&f);
}

static void
the_number_of_awaited_late_replies_is_limited(void **arg)
{
	static struct asked asked[S53_LATE_REPLIES_MAX + 50];
	struct fixture f;

	(void)arg;
	s53_clock_test_set(START_MS);
	fixture_start(&f, fake_silence);
	for (unsigned i = 0; i < S53_LATE_REPLIES_MAX + 50; i++)
		ask_overdue(&f, &asked[i], 20);
	s53_udp_flush(f.exchanger);
	time_after(&f, 24);
	for (unsigned i = 0; i < S53_LATE_REPLIES_MAX + 50; i++)
		asked_cancel(&asked[i]);
	assert_int_equal(f.exchanger->pending, 0);
	assert_int_equal(f.exchanger->late_reply_count, S53_LATE_REPLIES_MAX);
	time_after(&f, S53_LATE_REPLY_MS + 8);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE_TIMEOUT), S53_LATE_REPLIES_MAX);
	time_after(&f, S53_LATE_REPLY_MAX_MS + 8);
	assert_int_equal(f.exchanger->late_reply_count, 0);
	fixture_stop(&f);
}

static void
the_end_of_the_exchanger_ends_the_waits_for_late_replies(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	cancel_overdue(&f, &asked);
	fixture_stop(&f); /* under ASan this proves that nothing leaks */
	assert_int_equal(observation_count, 0);
}

static void
an_active_exchange_is_in_flight_and_one_that_awaits_a_late_reply_is_not(void **arg)
{
	struct fixture f;
	struct asked asked[3];

	(void)arg;
	start(&f);
	for (unsigned i = 0; i < 3; i++)
		ask_overdue(&f, &asked[i], 20);
	run_until(&f, &f.kept_count, 3);
	assert_int_equal(in_flight(&f), 3);
	fake_answer(&f.kept[0]);
	run_until(&f, &f.ended, 1);
	assert_int_equal(in_flight(&f), 2);
	time_after(&f, 24);
	for (unsigned i = 0; i < 3; i++) {
		if (asked[i].exchange != NULL)
			asked_cancel(&asked[i]);
	}
	assert_int_equal(f.exchanger->late_reply_count, 2);
	assert_int_equal(in_flight(&f), 0);
	time_after(&f, 3000);
	assert_int_equal(in_flight(&f), 0);
	ask_udp(&f, &asked[0]);
	asked_cancel(&asked[0]);
	assert_int_equal(in_flight(&f), 0);
	ask_udp(&f, &asked[0]);
	time_after(&f, 9000);
	assert_int_equal(asked[0].end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(in_flight(&f), 0);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_late_reply_of_a_cancelled_exchange_is_recorded_with_its_round_trip_time),
		cmocka_unit_test(
		    without_a_late_reply_a_timeout_is_recorded_after_2_s_and_the_wait_ends_after_5),
		cmocka_unit_test(a_late_reply_is_recorded_even_after_its_timeout),
		cmocka_unit_test(an_exchange_that_is_cancelled_after_that_time_is_lost_at_once),
		cmocka_unit_test(a_late_reply_is_awaited_although_the_response_was_not_overdue),
		cmocka_unit_test(a_cancelled_exchange_is_recorded_as_overdue_in_time),
		cmocka_unit_test(no_late_reply_is_awaited_for_a_query_that_was_not_sent),
		cmocka_unit_test(a_late_reply_may_have_any_rcode_and_a_bare_formerr_shows_nothing),
		cmocka_unit_test(a_late_reply_to_another_query_is_garbage),
		cmocka_unit_test(a_late_reply_in_other_letter_case_counts),
		cmocka_unit_test(a_truncated_late_reply_does_not_lead_to_tcp),
		cmocka_unit_test(a_refusal_ends_the_waits_for_late_replies_and_is_recorded_once),
		cmocka_unit_test(a_refusal_is_recorded_although_all_queries_were_cancelled),
		cmocka_unit_test(a_retired_socket_stays_open_for_its_late_replies),
		cmocka_unit_test(the_number_of_awaited_late_replies_is_limited),
		cmocka_unit_test(the_end_of_the_exchanger_ends_the_waits_for_late_replies),
		cmocka_unit_test(
		    an_active_exchange_is_in_flight_and_one_that_awaits_a_late_reply_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
