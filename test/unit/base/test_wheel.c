/* SPDX-License-Identifier: ISC
 *
 * test_wheel.c - timers fire once and in time, and the loop does not wake up when there is none.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/rand.h>

#include <split53/wheel.h>

struct ticker {
	struct s53_timer timer;
	struct s53_wheel *wheel;
	unsigned fired;
	uint64_t fired_ms;
	struct ticker *cancels;
	uint64_t again_ms;
};

static void
on_fire(struct s53_timer *timer)
{
	struct ticker *ticker = S53_CONTAINER_OF(timer, struct ticker, timer);

	ticker->fired++;
	ticker->fired_ms = ticker->wheel->now_ms;
	if (ticker->cancels != NULL)
		s53_wheel_cancel(ticker->wheel, &ticker->cancels->timer);
	if (ticker->again_ms != 0)
		s53_wheel_add(ticker->wheel, timer, ticker->again_ms, ticker->wheel->now_ms);
	ticker->again_ms = 0;
}

struct state {
	struct event_base *base;
	struct s53_wheel wheel;
};

static int
set_up(void **arg)
{
	struct state *state = calloc(1, sizeof(*state));

	assert_non_null(state);
	s53_clock_test_set(1000);
	state->base = event_base_new();
	assert_true(s53_wheel_init(&state->wheel, state->base));
	*arg = state;
	return 0;
}

static int
tear_down(void **arg)
{
	struct state *state = *arg;

	s53_wheel_fini(&state->wheel);
	event_base_free(state->base);
	free(state);
	s53_clock_test_set(UINT64_MAX);
	return 0;
}

static struct ticker
ticker_of(struct state *state)
{
	return (struct ticker){ .timer = { .fire = on_fire }, .wheel = &state->wheel };
}

static void
a_timer_fires_once_and_never_early(void **arg)
{
	struct state *state = *arg;
	struct ticker ticker = ticker_of(state);

	s53_wheel_add(&state->wheel, &ticker.timer, 1021, 1000);
	for (uint64_t now = 1000; now < 1100; now++)
		s53_wheel_run(&state->wheel, now);
	assert_int_equal(ticker.fired, 1);
	assert_in_range(ticker.fired_ms, 1021, 1021 + 2 * S53_WHEEL_TICK_MS);
}

static void
a_cancelled_timer_does_not_fire(void **arg)
{
	struct state *state = *arg;
	struct ticker ticker = ticker_of(state);

	s53_wheel_add(&state->wheel, &ticker.timer, 1020, 1000);
	s53_wheel_cancel(&state->wheel, &ticker.timer);
	s53_wheel_cancel(&state->wheel, &ticker.timer);
	s53_wheel_run(&state->wheel, 5000);
	assert_int_equal(ticker.fired, 0);
	assert_int_equal(state->wheel.count, 0);
}

static void
a_timer_longer_than_a_turn_of_the_wheel_fires_in_time(void **arg)
{
	struct state *state = *arg;
	struct ticker ticker = ticker_of(state);
	uint64_t due = 1000 + UINT64_C(3) * S53_WHEEL_SLOTS * S53_WHEEL_TICK_MS + 100;

	s53_wheel_add(&state->wheel, &ticker.timer, due, 1000);
	for (uint64_t now = 1000; now < due; now += 97)
		s53_wheel_run(&state->wheel, now);
	assert_int_equal(ticker.fired, 0);
	s53_wheel_run(&state->wheel, due + 2 * S53_WHEEL_TICK_MS);
	assert_int_equal(ticker.fired, 1);
}

static void
after_a_leap_of_the_clock_all_due_timers_fire(void **arg)
{
	struct state *state = *arg;
	struct ticker near = ticker_of(state), far = ticker_of(state), later = ticker_of(state);

	s53_wheel_add(&state->wheel, &near.timer, 1010, 1000);
	s53_wheel_add(&state->wheel, &far.timer, 100000, 1000);
	s53_wheel_add(&state->wheel, &later.timer, 500000, 1000);
	s53_wheel_run(&state->wheel, 200000);
	assert_int_equal(near.fired, 1);
	assert_int_equal(far.fired, 1);
	assert_int_equal(later.fired, 0);
	s53_wheel_cancel(&state->wheel, &later.timer);
}

static void
a_timer_may_cancel_another_that_is_due_with_it_and_start_itself_again(void **arg)
{
	struct state *state = *arg;
	struct ticker a = ticker_of(state), b = ticker_of(state);

	a.cancels = &b;
	b.cancels = &a;
	s53_wheel_add(&state->wheel, &a.timer, 1010, 1000);
	s53_wheel_add(&state->wheel, &b.timer, 1010, 1000);
	s53_wheel_run(&state->wheel, 1020);
	assert_int_equal(a.fired + b.fired, 1);
	a.cancels = NULL;
	a.again_ms = 1040;
	a.fired = 0;
	s53_wheel_add(&state->wheel, &a.timer, 1030, 1020);
	s53_wheel_run(&state->wheel, 1036);
	assert_int_equal(a.fired, 1);
	s53_wheel_run(&state->wheel, 1060);
	assert_int_equal(a.fired, 2);
}

/* Against the simplest model: an array of due times. */
static void
random_timers_all_fire_in_time(void **arg)
{
	struct state *state = *arg;
	struct ticker tickers[200];
	uint64_t due[200] = { 0 };
	uint64_t now = 1000;

	s53_rand_test_seed(7);
	for (unsigned i = 0; i < 200; i++)
		tickers[i] = ticker_of(state);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = s53_rand_below(200);

		if (due[i] == 0) {
			due[i] = now + 1 + s53_rand_below(step % 50 == 0 ? 40000 : 400);
			s53_wheel_add(&state->wheel, &tickers[i].timer, due[i], now);
		} else if (s53_rand_below(3) == 0) {
			s53_wheel_cancel(&state->wheel, &tickers[i].timer);
			due[i] = 0;
		}
		now += s53_rand_below(6);
		s53_wheel_run(&state->wheel, now);
		for (unsigned k = 0; k < 200; k++) {
			if (tickers[k].fired == 0) {
				assert_true(due[k] == 0 || now < due[k] + 2 * S53_WHEEL_TICK_MS);
				continue;
			}
			assert_int_equal(tickers[k].fired, 1);
			assert_true(due[k] != 0 && now >= due[k]);
			tickers[k].fired = 0;
			due[k] = 0;
		}
	}
	for (unsigned i = 0; i < 200; i++)
		s53_wheel_cancel(&state->wheel, &tickers[i].timer);
	assert_int_equal(state->wheel.count, 0);
	for (unsigned i = 0; i < S53_WHEEL_SLOTS / 64; i++)
		assert_int_equal(state->wheel.filled[i], 0);
}

static void
the_loop_waits_for_a_timer_and_ends_when_none_is_left(void **arg)
{
	struct state *state = *arg;
	struct ticker ticker = ticker_of(state);
	uint64_t start;

	s53_clock_test_set(UINT64_MAX);
	start = s53_clock_ms();
	s53_wheel_add(&state->wheel, &ticker.timer, start + 50, start);
	event_base_dispatch(state->base); /* returns when no event is pending */
	assert_int_equal(ticker.fired, 1);
	assert_in_range(s53_clock_ms() - start, 50, 90);
	assert_false(event_pending(&state->wheel.event, EV_TIMEOUT, NULL));
}

#define SOCKETS 100

static unsigned heard;

static void
hear(evutil_socket_t fd, short what, void *arg)
{
	char octet;

	(void)what;
	(void)arg;
	assert_int_equal(recv(fd, &octet, 1, 0), 1);
	heard++;
}

static unsigned heard_before_it_fired;

static void
on_fire_after(struct s53_timer *timer)
{
	on_fire(timer);
	heard_before_it_fired = heard;
}

static void
after_a_standstill_the_sockets_are_read_before_any_timer_fires(void **arg)
{
	struct state *state = *arg;
	struct ticker ticker = ticker_of(state);
	struct event *events[SOCKETS];
	int pairs[SOCKETS][2];

	ticker.timer.fire = on_fire_after;
	heard = 0;
	for (unsigned i = 0; i < SOCKETS; i++) {
		assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
		events[i] = event_new(state->base, pairs[i][0], EV_READ | EV_PERSIST, hear, NULL);
		event_add(events[i], NULL);
		assert_int_equal(send(pairs[i][1], "", 1, 0), 1);
	}
	s53_wheel_add(&state->wheel, &ticker.timer, 1020, 1000);
	s53_clock_test_set(1020 + S53_WHEEL_SUSPEND_MS + 2 * S53_WHEEL_TICK_MS);
	event_active(&state->wheel.event, EV_TIMEOUT, 0); /* before the sockets are read */
	while (ticker.fired == 0)
		event_base_loop(state->base, EVLOOP_ONCE);
	assert_int_equal(heard_before_it_fired, SOCKETS);
	assert_int_equal(state->wheel.resumed_ms, s53_clock_ms());
	for (unsigned i = 0; i < SOCKETS; i++) {
		event_free(events[i]);
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
}

static void
the_first_reader_of_the_clock_notices_a_standstill(void **arg)
{
	struct state *state = *arg;
	struct ticker ticker = ticker_of(state), next = ticker_of(state);

	s53_wheel_add(&state->wheel, &ticker.timer, 1020, 1000);
	s53_wheel_see(&state->wheel, 1020 + S53_WHEEL_SUSPEND_MS);
	assert_int_equal(state->wheel.resumed_ms, 0);
	s53_wheel_add(&state->wheel, &next.timer, 9000, 2000);
	assert_int_equal(state->wheel.resumed_ms, 2000);
	s53_wheel_see(&state->wheel, 2010); /* but timers that began at 2000 are not concerned */
	assert_int_equal(state->wheel.resumed_ms, 2000);
	s53_wheel_run(&state->wheel, 2010);
	s53_wheel_see(&state->wheel, 8000); /* the next is due at 9000 */
	assert_int_equal(state->wheel.resumed_ms, 2000);
	s53_wheel_run(&state->wheel, 9000);
	s53_wheel_see(&state->wheel, 500000); /* no timers: idle, no standstill */
	assert_int_equal(state->wheel.resumed_ms, 2000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_timer_fires_once_and_never_early),
		TEST(a_cancelled_timer_does_not_fire),
		TEST(a_timer_longer_than_a_turn_of_the_wheel_fires_in_time),
		TEST(after_a_leap_of_the_clock_all_due_timers_fire),
		TEST(a_timer_may_cancel_another_that_is_due_with_it_and_start_itself_again),
		TEST(random_timers_all_fire_in_time),
		TEST(the_loop_waits_for_a_timer_and_ends_when_none_is_left),
		TEST(after_a_standstill_the_sockets_are_read_before_any_timer_fires),
		TEST(the_first_reader_of_the_clock_notices_a_standstill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
