/* SPDX-License-Identifier: ISC
 *
 * test_exchange_observe.c - what is recorded of a server while an exchange over UDP is under way.
 */
#include "exchange_fixture.h"

#include <sys/resource.h>

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

static unsigned observations_before_overdue;

static void
count_observations(struct asked *asked)
{
	(void)asked;
	observations_before_overdue = observation_count;
}

static void
overdue_is_recorded_in_time_and_before_the_caller_is_called(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	observations_before_overdue = 0;
	start(&f);
	ask_overdue(&f, &asked, 40);
	asked.on_overdue = count_observations;
	time_after(&f, 36);
	assert_int_equal(observation_count, 0);
	time_after(&f, 48);
	assert_int_equal(observations_before_overdue, 1);
	assert_observed(0, S53_OBSERVED_OVERDUE, S53_OVER_UDP, 40);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(observation_count, 2);
	assert_observed(1, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 48);
	fixture_stop(&f);
}

static void
request_overdue_once(struct asked *asked)
{
	if (asked->overdues == 1)
		s53_exchange_overdue_in(asked->fixture->exchanger, asked->exchange, 100);
}

static void
overdue_is_called_again_on_request_and_not_recorded_again(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	ask_overdue(&f, &asked, 40);
	asked.on_overdue = request_overdue_once;
	time_after(&f, 48);
	time_after(&f, 140);
	assert_int_equal(asked.overdues, 1);
	time_after(&f, 156);
	assert_int_equal(asked.overdues, 2);
	time_after(&f, 400);
	assert_int_equal(asked.overdues, 2);
	assert_int_equal(observation_count, 1);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_OVERDUE), 1);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	fixture_stop(&f);
}

static void
overdue_can_be_requested_after_the_start_and_is_never_called_after_the_end(void **arg)
{
	struct fixture f;
	struct asked asked[2];

	(void)arg;
	start(&f);
	for (unsigned i = 0; i < 2; i++)
		ask_udp(&f, &asked[i]);
	run_until(&f, &f.kept_count, 2);
	s53_exchange_overdue_in(f.exchanger, asked[0].exchange, 100);
	s53_exchange_overdue_in(f.exchanger, asked[1].exchange, 6000);
	time_after(&f, 108);
	assert_int_equal(asked[0].overdues, 1);
	assert_observed(0, S53_OBSERVED_OVERDUE, S53_OVER_UDP, 100);
	time_after(&f, 5008);
	assert_int_equal(asked[0].end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(asked[1].end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(asked[1].overdues, 0);
	fixture_stop(&f);
}

static void
overdue_that_was_moved_to_an_earlier_time_is_not_recorded(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	ask_overdue(&f, &asked, 100);
	run_until(&f, &f.kept_count, 1);
	for (unsigned i = 0; i < 2; i++) /* the second call does not undo it */
		s53_exchange_overdue_in(f.exchanger, asked.exchange, 10);
	asked.on_overdue = request_overdue_once; /* and again 100 ms later */
	time_after(&f, 20);
	assert_int_equal(asked.overdues, 1);
	assert_int_equal(observation_count, 0);
	time_after(&f, 128);
	assert_int_equal(asked.overdues, 2);
	assert_int_equal(observation_count, 1);
	assert_observed(0, S53_OBSERVED_OVERDUE, S53_OVER_UDP, 120);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	fixture_stop(&f);
}

static void
moving_overdue_of_a_failed_exchange_does_nothing(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct rlimit was, none;

	(void)arg;
	start(&f);
	assert_return_code(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = was.rlim_max };
	assert_return_code(setrlimit(RLIMIT_NOFILE, &none), 0);
	ask_udp(&f, &asked);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &was), 0);
	s53_exchange_overdue_in(f.exchanger, asked.exchange, 4);
	time_after(&f, 50);
	assert_int_equal(asked.overdues, 0);
	assert_int_equal(asked.end, S53_EXCHANGE_NO_RESOURCES);
	assert_int_equal(observation_count, 0); /* this host's failure, not the server's */
	fixture_stop(&f);
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
no_late_reply_is_awaited_for_a_failed_exchange_that_is_cancelled(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_exchange_spec ask;
	struct rlimit was, none;

	(void)arg;
	start(&f);
	assert_return_code(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = was.rlim_max };
	assert_return_code(setrlimit(RLIMIT_NOFILE, &none), 0);
	asked_init(&f, &asked);
	ask = asked_ask(&asked);
	asked_start(&asked, &ask);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &was), 0);
	asked_cancel(&asked);
	assert_int_equal(f.exchanger->late_reply_count, 0);
	run_ready(&f);
	assert_int_equal(asked.ends, 0);
	fixture_stop(&f);
}

static void
a_timeout_is_recorded_as_garbled_if_garbage_arrived_before(void **arg)
{
	struct fixture f;
	struct asked silent, garbled;

	(void)arg;
	start(&f);
	ask_udp(&f, &garbled);
	run_until(&f, &f.kept_count, 1);
	answer_another_query(&f);
	assert_int_equal(garbled.checks, 1);
	assert_int_equal(observation_count, 0);
	time_after(&f, 5008);
	assert_int_equal(garbled.end, S53_EXCHANGE_TIMEOUT);
	assert_observed(0, S53_OBSERVED_GARBLED, S53_OVER_UDP, 5000);
	ask_udp(&f, &silent);
	time_after(&f, 10016);
	assert_int_equal(silent.end, S53_EXCHANGE_TIMEOUT);
	assert_observed(1, S53_OBSERVED_TIMEOUT, S53_OVER_UDP, 5000);
	assert_int_equal(observation_count, 2);
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
a_response_in_other_letter_case_is_rejected_but_shows_that_the_server_is_alive(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	ask_overdue(&f, &asked, 100);
	run_until(&f, &f.kept_count, 1);
	time_after(&f, 30);
	answer_in_other_case(&f);
	answer_in_other_case(&f);
	answer_another_query(&f);
	run_until(&f, &asked.checks, 3);
	assert_int_equal(asked.ends, 0);
	time_after(&f, 108);
	assert_int_equal(asked.overdues, 1);
	time_after(&f, 5008);
	assert_int_equal(asked.end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(observation_count, 1);
	assert_observed(0, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 30);
	fixture_stop(&f);
}

static enum s53_validity
refuse(void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	(void)exchange;
	(void)octets;
	(void)len;
	((struct asked *)arg)->checks++;
	return S53_VALIDITY_REJECTED;
}

static void
a_rejected_response_with_the_exact_question_is_garbage(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_exchange_spec ask;

	(void)arg;
	start(&f);
	asked_init(&f, &asked);
	ask = asked_ask(&asked);
	ask.check = refuse;
	asked_start(&asked, &ask);
	run_until(&f, &f.kept_count, 1);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.checks, 1);
	time_after(&f, 5008);
	assert_int_equal(observation_count, 1);
	assert_observed(0, S53_OBSERVED_GARBLED, S53_OVER_UDP, 5000);
	fixture_stop(&f);
}

static enum s53_validity
accept_all(void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	(void)arg;
	(void)exchange;
	(void)octets;
	(void)len;
	return S53_VALIDITY_ACCEPTED;
}

static void
a_header_alone_ends_the_exchange_but_shows_nothing_of_the_server(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_exchange_spec ask;

	(void)arg;
	start(&f);
	asked_init(&f, &asked);
	ask = asked_ask(&asked);
	ask.check = accept_all;
	asked_start(&asked, &ask);
	run_until(&f, &f.kept_count, 1);
	s53_header_set_count(f.kept[0].octets, S53_QUESTION, 0);
	f.kept[0].len = S53_HEADER_LEN;
	fake_reply(&f.kept[0], S53_RCODE_FORMERR);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(observation_count, 0);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overdue_is_recorded_in_time_and_before_the_caller_is_called),
		cmocka_unit_test(overdue_is_called_again_on_request_and_not_recorded_again),
		cmocka_unit_test(
		    overdue_can_be_requested_after_the_start_and_is_never_called_after_the_end),
		cmocka_unit_test(overdue_that_was_moved_to_an_earlier_time_is_not_recorded),
		cmocka_unit_test(moving_overdue_of_a_failed_exchange_does_nothing),
		cmocka_unit_test(no_late_reply_is_awaited_for_a_failed_exchange_that_is_cancelled),
		cmocka_unit_test(a_timeout_is_recorded_as_garbled_if_garbage_arrived_before),
		cmocka_unit_test(
		    a_response_in_other_letter_case_is_rejected_but_shows_that_the_server_is_alive),
		cmocka_unit_test(a_rejected_response_with_the_exact_question_is_garbage),
		cmocka_unit_test(a_header_alone_ends_the_exchange_but_shows_nothing_of_the_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
