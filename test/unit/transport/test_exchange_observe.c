/* SPDX-License-Identifier: ISC
 *
 * test_exchange_notes.c - what an exchange over UDP tells of its server while it is under way.
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

/* After START_MS. */
static void
time_after(struct fixture *f, uint64_t ms)
{
	time_is(f, START_MS + ms);
}

static unsigned signs_before_late;

static void
count_signs(struct asked *asked)
{
	(void)asked;
	signs_before_late = sign_count;
}

static void
late_is_noted_when_it_is_due_and_before_the_caller_hears_of_it(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	signs_before_late = 0;
	start(&f);
	ask_late(&f, &asked, 40);
	asked.on_overdue = count_signs;
	time_after(&f, 36);
	assert_int_equal(sign_count, 0);
	time_after(&f, 48);
	assert_int_equal(signs_before_late, 1);
	assert_sign(0, S53_OBSERVED_OVERDUE, S53_OVER_UDP, 40);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(sign_count, 2);
	assert_sign(1, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 48);
	fixture_stop(&f);
}

static void
later_once(struct asked *asked)
{
	if (asked->lates == 1)
		s53_exchange_later(asked->fixture->exchanger, asked->exchange, 100);
}

static void
late_comes_again_when_it_is_asked_for_and_is_not_noted_again(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	ask_late(&f, &asked, 40);
	asked.on_overdue = later_once;
	time_after(&f, 48);
	time_after(&f, 140);
	assert_int_equal(asked.lates, 1);
	time_after(&f, 156);
	assert_int_equal(asked.lates, 2);
	time_after(&f, 400);
	assert_int_equal(asked.lates, 2);
	assert_int_equal(sign_count, 1);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE), 1);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	fixture_stop(&f);
}

static void
late_may_be_asked_for_once_it_is_under_way_and_never_comes_after_the_end(void **arg)
{
	struct fixture f;
	struct asked asked[2];

	(void)arg;
	start(&f);
	for (unsigned i = 0; i < 2; i++)
		ask_udp(&f, &asked[i]);
	run_until(&f, &f.kept_count, 2);
	s53_exchange_later(f.exchanger, asked[0].exchange, 100);
	s53_exchange_later(f.exchanger, asked[1].exchange, 6000);
	time_after(&f, 108);
	assert_int_equal(asked[0].lates, 1);
	assert_sign(0, S53_OBSERVED_OVERDUE, S53_OVER_UDP, 100);
	time_after(&f, 5008);
	assert_int_equal(asked[0].end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(asked[1].end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(asked[1].lates, 0);
	fixture_stop(&f);
}

static void
late_before_its_time_because_a_client_hurries_is_no_sign(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	ask_late(&f, &asked, 100);
	run_until(&f, &f.kept_count, 1);
	for (unsigned i = 0; i < 2; i++) /* twice in a moment: it is hurried all the same */
		s53_exchange_later(f.exchanger, asked.exchange, 10);
	asked.on_overdue = later_once; /* in 100 ms more */
	time_after(&f, 20);
	assert_int_equal(asked.lates, 1);
	assert_int_equal(sign_count, 0);
	time_after(&f, 128);
	assert_int_equal(asked.lates, 2);
	assert_int_equal(sign_count, 1);
	assert_sign(0, S53_OBSERVED_OVERDUE, S53_OVER_UDP, 120);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	fixture_stop(&f);
}

static void
later_of_an_exchange_that_has_just_failed_does_nothing(void **arg)
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
	s53_exchange_later(f.exchanger, asked.exchange, 4);
	time_after(&f, 50);
	assert_int_equal(asked.lates, 0);
	assert_int_equal(asked.end, S53_EXCHANGE_NO_RESOURCES);
	assert_int_equal(sign_count, 0); /* ours, not the server's */
	fixture_stop(&f);
}

/* What came is the answer to another question. */
static void
answer_wrongly(struct fixture *f)
{
	struct fake_query wrong = f->kept[0];

	wrong.octets[S53_HEADER_LEN + 3] ^= 1;
	fake_answer(&wrong);
	run_ready(f);
}

static void
one_that_has_just_failed_is_not_listened_for_when_it_is_cancelled(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_exchange_ask ask;
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
an_end_in_vain_is_noted_and_so_is_garbage_before_it(void **arg)
{
	struct fixture f;
	struct asked silent, garbled;

	(void)arg;
	start(&f);
	ask_udp(&f, &garbled);
	run_until(&f, &f.kept_count, 1);
	answer_wrongly(&f);
	assert_int_equal(garbled.checks, 1);
	assert_int_equal(sign_count, 0);
	time_after(&f, 5008);
	assert_int_equal(garbled.end, S53_EXCHANGE_TIMEOUT);
	assert_sign(0, S53_OBSERVED_GARBLED, S53_OVER_UDP, 5000);
	ask_udp(&f, &silent);
	time_after(&f, 10016);
	assert_int_equal(silent.end, S53_EXCHANGE_TIMEOUT);
	assert_sign(1, S53_OBSERVED_TIMEOUT, S53_OVER_UDP, 5000);
	assert_int_equal(sign_count, 2);
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
an_answer_in_other_letter_case_is_not_believed_but_a_sign_of_life(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f);
	ask_late(&f, &asked, 100);
	run_until(&f, &f.kept_count, 1);
	time_after(&f, 30);
	answer_in_other_case(&f);
	answer_in_other_case(&f);
	answer_wrongly(&f);
	run_until(&f, &asked.checks, 3);
	assert_int_equal(asked.ends, 0);
	time_after(&f, 108);
	assert_int_equal(asked.lates, 1);
	time_after(&f, 5008);
	assert_int_equal(asked.end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(sign_count, 1);
	assert_sign(0, S53_OBSERVED_ANSWERED, S53_OVER_UDP, 30);
	fixture_stop(&f);
}

static bool
refuse(void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	(void)exchange;
	(void)octets;
	(void)len;
	((struct asked *)arg)->checks++;
	return false;
}

static void
what_has_the_question_to_the_letter_and_is_not_believed_is_garbage(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_exchange_ask ask;

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
	assert_int_equal(sign_count, 1);
	assert_sign(0, S53_OBSERVED_GARBLED, S53_OVER_UDP, 5000);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_is_noted_when_it_is_due_and_before_the_caller_hears_of_it),
		cmocka_unit_test(late_comes_again_when_it_is_asked_for_and_is_not_noted_again),
		cmocka_unit_test(
		    late_may_be_asked_for_once_it_is_under_way_and_never_comes_after_the_end),
		cmocka_unit_test(late_before_its_time_because_a_client_hurries_is_no_sign),
		cmocka_unit_test(later_of_an_exchange_that_has_just_failed_does_nothing),
		cmocka_unit_test(one_that_has_just_failed_is_not_listened_for_when_it_is_cancelled),
		cmocka_unit_test(an_end_in_vain_is_noted_and_so_is_garbage_before_it),
		cmocka_unit_test(an_answer_in_other_letter_case_is_not_believed_but_a_sign_of_life),
		cmocka_unit_test(
		    what_has_the_question_to_the_letter_and_is_not_believed_is_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
