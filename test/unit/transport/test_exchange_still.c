/* SPDX-License-Identifier: ISC
 *
 * test_exchange_still.c - nothing is recorded of a server while this process did not run: it was
 * stopped by a signal or busy for too long, the clock leapt, or the machine was suspended.
 */
#include "exchange_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#define PAUSE_US 900000 /* longer than the pulse and the threshold of a standstill together */
#define TRIES_MOST 20
#define STOPPER_LATE_MS 3000

static void
ask_short(struct fixture *f, struct asked *asked)
{
	struct s53_exchange_spec ask;

	asked_init(f, asked);
	ask = asked_ask(asked);
	ask.overdue_ms = 100;
	ask.timeout_ms = 300;
	asked_start(asked, &ask);
}

/*
 * Run a query without a standstill and wait for its end. Repeated if the machine was too busy to
 * run this process, which is a standstill too; each try has its own list of observations.
 */
static void
ask_undisturbed(
    struct fixture *f, struct asked *asked, void (*ask)(struct fixture *f, struct asked *asked))
{
	uint64_t resumed_ms;

	for (int tries = 0; tries < TRIES_MOST; tries++) {
		observation_count = 0;
		resumed_ms = f->exchanger->wheel.resumed_ms;
		ask(f, asked);
		run_until(f, &asked->ends, 1);
		if (f->exchanger->wheel.resumed_ms == resumed_ms)
			return;
	}
	fail_msg("each of %d exchanges met a standstill", TRIES_MOST);
}

/* The response is on its way, and then the loop does not run for a long time. */
static void
answer_and_pause(struct fake_query *query)
{
	struct fixture *f = query->server->arg;

	f->server.on_query = fake_answer;
	fake_answer(query);
	usleep(PAUSE_US);
	/* As after a stop: epoll_wait() returns no descriptor, and timers are processed first. */
	event_active(&f->exchanger->wheel.event, EV_TIMEOUT, 0);
}

static void
a_response_that_arrived_in_a_standstill_is_read_before_any_timer_fires(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, answer_and_pause);
	ask_short(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(asked.overdues, 0);
	assert_int_equal(observation_count, 0); /* nor is the pause a round-trip time */
	ask_undisturbed(&f, &asked, ask_short);
	assert_int_equal(observation_count, 1);
	fixture_stop(&f);
}

static void
pause_only(struct fake_query *query)
{
	(void)query;
	usleep(PAUSE_US);
}

static void
a_timeout_in_a_standstill_ends_exchanges_but_is_not_recorded(void **arg)
{
	struct fixture f;
	struct asked before, after;

	(void)arg;
	fixture_start(&f, pause_only);
	ask_short(&f, &before);
	run_until(&f, &before.ends, 1);
	assert_int_equal(before.overdues, 1);
	assert_int_equal(before.end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_TIMEOUT), 1);
	assert_int_equal(observation_count, 0);
	f.server.on_query = fake_silence;
	ask_undisturbed(&f, &after, ask_short);
	assert_int_equal(observation_count, 2);
	assert_int_equal(observations[0].event, S53_OBSERVED_OVERDUE);
	assert_int_equal(observations[1].event, S53_OBSERVED_TIMEOUT);
	fixture_stop(&f);
}

static void
a_late_reply_in_a_standstill_is_not_recorded_either(void **arg)
{
	struct fixture f;
	struct asked asked, other;
	struct s53_exchange_spec ask;

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
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE_REPLY), 1);
	assert_int_equal(observation_count, 1); /* of `other`, which was sent after the pause */
	fixture_stop(&f);
}

static void
ask_long(struct fixture *f, struct asked *asked)
{
	struct s53_exchange_spec ask;

	asked_init(f, asked);
	ask = asked_ask(asked);
	ask.timeout_ms = 1000;
	asked_start(asked, &ask);
}

static void
a_long_wait_for_one_response_is_no_standstill(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	fixture_start(&f, keep_query);
	ask_undisturbed(&f, &asked, ask_long);
	assert_int_equal(observation_count, 1);
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
	struct asked waits, cancelled;
	struct s53_exchange_spec ask;

	(void)arg;
	fixture_start(&f, keep_query);
	asked_init(&f, &cancelled);
	ask = asked_ask(&cancelled);
	asked_start(&cancelled, &ask);
	run_until(&f, &f.kept_count, 1);
	asked_cancel(&cancelled);
	run_for(&f, 400); /* no timer of the exchange is due soon */
	usleep(PAUSE_US);
	fake_answer(&f.kept[0]);
	run_ready(&f);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_LATE_REPLY), 1);
	assert_int_equal(observation_count, 0);
	ask_udp(&f, &waits);
	run_until(&f, &f.kept_count, 2);
	run_for(&f, 400);
	usleep(PAUSE_US);
	fake_answer(&f.kept[1]);
	run_until(&f, &waits.ends, 1);
	assert_int_equal(waits.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(observation_count, 0);
	fixture_stop(&f);
}

static void
when_the_clock_leaps_all_exchanges_end_and_nothing_is_recorded(void **arg)
{
	struct fixture f;
	struct asked asked[10];

	(void)arg;
	s53_clock_test_set(7000);
	fixture_start(&f, keep_query);
	for (unsigned i = 0; i < 10; i++)
		ask_overdue(&f, &asked[i], 20);
	run_until(&f, &f.kept_count, 10);
	s53_clock_test_set(7000 + 3600000);
	run_until(&f, &asked[0].overdues, 1); /* the loop wakes in real time */
	s53_clock_test_set(7000 + 3600000 + 2 * S53_WHEEL_TICK_MS);
	run_until(&f, &f.ended, 10);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(asked[i].overdues, 1);
		assert_int_equal(asked[i].end, S53_EXCHANGE_TIMEOUT);
	}
	assert_int_equal(observation_count, 0);
	fixture_stop(&f);
}

static void
a_suspend_is_a_standstill_although_the_clock_stood_still_too(void **arg)
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
	assert_int_equal(observation_count, 0);
	fixture_stop(&f);
}

static void
a_refusal_of_a_query_from_before_a_standstill_is_not_recorded(void **arg)
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
	assert_int_equal(send(sock->fd, "", 1, 0), 1); /* the kernel gets an ICMP error for this */
	usleep(PAUSE_US);
	run_until(&f, &before.ends, 1);
	assert_int_equal(before.end, S53_EXCHANGE_REFUSED);
	assert_int_equal(observation_count, 0);
	ask_undisturbed(&f, &after, ask_udp);
	assert_int_equal(observation_count, 1);
	fixture_stop(&f);
}

/*
 * A server in a process of its own: it stops this process, replies, and continues this process much
 * later.
 */
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
	usleep(20000); /* the test waits in its loop by then */
	(void)kill(us, SIGSTOP);
	s53_header_set_flags(octets, S53_QR);
	(void)sendto(fd, octets, (size_t)got, 0, &from.sa, len);
	usleep((STOPPER_LATE_MS + 200) * 1000 + PAUSE_US);
	(void)kill(us, SIGCONT);
	_exit(0);
}

/* Overdue, and timed out, within the stop, but not before the stopper runs on a busy machine. */
static void
ask_patiently(struct fixture *f, struct asked *asked)
{
	struct s53_exchange_spec ask;

	asked_init(f, asked);
	ask = asked_ask(asked);
	ask.overdue_ms = STOPPER_LATE_MS;
	ask.timeout_ms = STOPPER_LATE_MS + 100;
	asked_start(asked, &ask);
}

static void
a_stop_by_a_signal_costs_no_response_and_is_not_recorded(void **arg)
{
	struct fixture f;
	struct asked asked;
	pid_t child;

	(void)arg;
	fixture_start(&f, fake_silence);
	event_del(f.server.udp_event);
	child = fork_stopper(f.server.udp);
	assert_true(child > 0);
	ask_patiently(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(asked.overdues, 0);
	assert_int_equal(observation_count, 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_response_that_arrived_in_a_standstill_is_read_before_any_timer_fires),
		cmocka_unit_test(a_timeout_in_a_standstill_ends_exchanges_but_is_not_recorded),
		cmocka_unit_test(a_late_reply_in_a_standstill_is_not_recorded_either),
		cmocka_unit_test(a_long_wait_for_one_response_is_no_standstill),
		cmocka_unit_test(a_standstill_in_the_middle_of_a_long_wait_is_noticed),
		cmocka_unit_test(when_the_clock_leaps_all_exchanges_end_and_nothing_is_recorded),
		cmocka_unit_test(a_suspend_is_a_standstill_although_the_clock_stood_still_too),
		cmocka_unit_test(a_refusal_of_a_query_from_before_a_standstill_is_not_recorded),
		cmocka_unit_test(a_stop_by_a_signal_costs_no_response_and_is_not_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
