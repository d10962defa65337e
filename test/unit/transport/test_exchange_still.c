/* SPDX-License-Identifier: ISC
 *
 * test_exchange_still.c - when this process did not run, nothing is said of the servers: stopped by
 * a signal, busy for too long, the clock leapt, the machine slept.
 */
#include "exchange_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#define PAUSE_US 900000 /* more than the pulse and what counts as still together */

static void
ask_short(struct fixture *f, struct asked *asked)
{
	struct s53_exchange_ask ask;

	asked_init(f, asked);
	ask = asked_ask(asked);
	ask.overdue_ms = 100;
	ask.timeout_ms = 300;
	asked_start(asked, &ask);
}

/* The answer is on its way, and then our loop does not turn for long. */
static void
answer_and_pause(struct fake_query *query)
{
	struct fixture *f = query->server->arg;

	f->server.on_query = fake_answer;
	fake_answer(query);
	usleep(PAUSE_US);
	/* As after a stop: epoll_wait() ends for no descriptor, and timers come first. */
	event_active(&f->exchanger->wheel.event, EV_TIMEOUT, 0);
}

static void
an_answer_that_came_while_we_stood_still_is_read_before_any_timer_fires(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, answer_and_pause);
	ask_short(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(asked.lates, 0);
	assert_int_equal(sign_count, 0); /* nor is our pause its round trip time */
	ask_short(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(sign_count, 1);
	fixture_stop(&f);
}

static void
only_pause(struct fake_query *query)
{
	(void)query;
	usleep(PAUSE_US);
}

static void
silence_while_we_stood_still_ends_exchanges_but_is_not_noted(void **arg)
{
	struct fixture f;
	struct asked before, after;

	(void)arg;
	fixture_start(&f, only_pause);
	ask_short(&f, &before);
	run_until(&f, &before.ends, 1);
	assert_int_equal(before.lates, 1);
	assert_int_equal(before.end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_TIMEOUT), 1);
	assert_int_equal(sign_count, 0);
	f.server.on_query = fake_silence;
	ask_short(&f, &after);
	run_until(&f, &after.ends, 1);
	assert_int_equal(sign_count, 2);
	assert_int_equal(signs[0].event, S53_OBSERVED_OVERDUE);
	assert_int_equal(signs[1].event, S53_OBSERVED_TIMEOUT);
	fixture_stop(&f);
}

static void
what_is_overheard_while_we_stood_still_is_not_noted_either(void **arg)
{
	struct fixture f;
	struct asked asked, other;
	struct s53_exchange_ask ask;

	(void)arg;
	fixture_start(&f, keep_query);
	asked_init(&f, &asked);
	ask = asked_ask(&asked);
	asked_start(&asked, &ask);
	run_until(&f, &f.kept_count, 1);
	asked_cancel(&asked);
	usleep(PAUSE_US);
	fake_answer(&f.kept[0]);
	f.server.on_query = fake_answer;
	ask_udp(&f, &other);
	run_until(&f, &other.ends, 1);
	run_ready(&f);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_OVERHEARD), 1);
	assert_int_equal(sign_count, 1); /* of the other: it left after the pause */
	fixture_stop(&f);
}

static void
a_long_wait_for_one_answer_is_no_standstill(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_exchange_ask ask;

	(void)arg;
	fixture_start(&f, keep_query);
	asked_init(&f, &asked);
	ask = asked_ask(&asked);
	ask.timeout_ms = 1000;
	asked_start(&asked, &ask);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(f.exchanger->wheel.resumed_ms, 0);
	assert_int_equal(sign_count, 1);
	fixture_stop(&f);
}

static void
run_for(struct fixture *f, uint64_t ms)
{
	uint64_t until_ms = real_ms() + ms;
	struct event *guard = event_new(f->base, -1, EV_PERSIST, nothing, NULL);
	struct timeval step = { 0, 10000 };

	event_add(guard, &step);
	while (real_ms() < until_ms)
		event_base_loop(f->base, EVLOOP_ONCE);
	event_free(guard);
}

static void
a_standstill_in_the_middle_of_a_long_wait_is_noticed(void **arg)
{
	struct fixture f;
	struct asked waits, overheard;
	struct s53_exchange_ask ask;

	(void)arg;
	fixture_start(&f, keep_query);
	asked_init(&f, &overheard);
	ask = asked_ask(&overheard);
	asked_start(&overheard, &ask);
	run_until(&f, &f.kept_count, 1);
	asked_cancel(&overheard);
	run_for(&f, 400); /* no timer of its own is due soon */
	usleep(PAUSE_US);
	fake_answer(&f.kept[0]);
	run_ready(&f);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_OVERHEARD), 1);
	assert_int_equal(sign_count, 0);
	ask_udp(&f, &waits);
	run_until(&f, &f.kept_count, 2);
	run_for(&f, 400);
	usleep(PAUSE_US);
	fake_answer(&f.kept[1]);
	run_until(&f, &waits.ends, 1);
	assert_int_equal(waits.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(sign_count, 0);
	fixture_stop(&f);
}

static void
when_the_clock_leaps_all_end_and_nothing_is_noted(void **arg)
{
	struct fixture f;
	struct asked asked[10];

	(void)arg;
	s53_clock_test_set(7000);
	fixture_start(&f, keep_query);
	for (unsigned i = 0; i < 10; i++)
		ask_late(&f, &asked[i], 20);
	run_until(&f, &f.kept_count, 10);
	s53_clock_test_set(7000 + 3600000);
	run_until(&f, &asked[0].lates, 1); /* the loop wakes in real time */
	s53_clock_test_set(7000 + 3600000 + 2 * S53_WHEEL_TICK_MS);
	run_until(&f, &f.ended, 10);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(asked[i].lates, 1);
		assert_int_equal(asked[i].end, S53_EXCHANGE_TIMEOUT);
	}
	assert_int_equal(sign_count, 0);
	fixture_stop(&f);
}

static void
a_machine_that_slept_is_a_standstill_although_the_clock_did_not_go_on(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, keep_query);
	ask_short(&f, &asked);
	run_until(&f, &f.kept_count, 1);
	f.exchanger->wheel.suspended_ms -= 10000;
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(sign_count, 0);
	fixture_stop(&f);
}

static void
a_refusal_of_what_was_asked_before_a_standstill_is_no_sign(void **arg)
{
	struct fixture f;
	struct asked before, after;
	struct s53_socket *sock;

	(void)arg;
	fixture_start(&f, keep_query);
	ask_udp(&f, &before);
	run_until(&f, &f.kept_count, 1);
	fake_close_udp(&f.server);
	sock = only_endpoint(&f)->pool.sockets[0];
	assert_int_equal(send(sock->fd, "", 1, 0), 1); /* is refused */
	usleep(PAUSE_US);
	run_until(&f, &before.ends, 1);
	assert_int_equal(before.end, S53_EXCHANGE_REFUSED);
	assert_int_equal(sign_count, 0);
	ask_udp(&f, &after);
	run_until(&f, &after.ends, 1);
	assert_int_equal(sign_count, 1);
	fixture_stop(&f);
}

/* The server in a process of its own: it stops us, answers, and lets us go on much later. */
static pid_t
fork_stopper(int fd)
{
	pid_t us = getpid(), child = fork();
	struct s53_addr from;
	socklen_t len = sizeof(from);
	uint8_t octets[512];
	ssize_t got;

	if (child != 0)
		return child;
	do {
		usleep(1000);
		got = recvfrom(fd, octets, sizeof(octets), 0, &from.sa, &len);
	} while (got < S53_HEADER_LEN && getppid() == us);
	usleep(20000); /* it waits in its loop by then */
	(void)kill(us, SIGSTOP);
	s53_header_set_flags(octets, S53_QR);
	(void)sendto(fd, octets, (size_t)got, 0, &from.sa, len);
	usleep(PAUSE_US);
	(void)kill(us, SIGCONT);
	_exit(0);
}

static void
a_stop_by_a_signal_costs_no_answer_and_blames_nobody(void **arg)
{
	struct fixture f;
	struct asked asked;
	pid_t child;

	(void)arg;
	fixture_start(&f, fake_silence);
	event_del(f.server.udp_event);
	child = fork_stopper(f.server.udp);
	assert_true(child > 0);
	ask_short(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(asked.lates, 0);
	assert_int_equal(sign_count, 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_answer_that_came_while_we_stood_still_is_read_before_any_timer_fires),
		cmocka_unit_test(silence_while_we_stood_still_ends_exchanges_but_is_not_noted),
		cmocka_unit_test(what_is_overheard_while_we_stood_still_is_not_noted_either),
		cmocka_unit_test(a_long_wait_for_one_answer_is_no_standstill),
		cmocka_unit_test(a_standstill_in_the_middle_of_a_long_wait_is_noticed),
		cmocka_unit_test(when_the_clock_leaps_all_end_and_nothing_is_noted),
		cmocka_unit_test(
		    a_machine_that_slept_is_a_standstill_although_the_clock_did_not_go_on),
		cmocka_unit_test(a_refusal_of_what_was_asked_before_a_standstill_is_no_sign),
		cmocka_unit_test(a_stop_by_a_signal_costs_no_answer_and_blames_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
