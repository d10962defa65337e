/* SPDX-License-Identifier: ISC
 *
 * Connections of TCP (listen/tcp.c, connection.c), over real loopback sockets.
 */
#include <poll.h>

#include <listen/context.h>
#include <listen/pool.h>

#include "tcp_fixture.h"

static void
a_query_is_understood_one_octet_at_a_time(void **state)
{
	struct tcp_fixture t;
	uint8_t frame[FRAME_LEN];
	int fd;

	(void)state;
	start(&t);
	fd = connect_client(&t);
	put_query(frame, 77);
	for (unsigned i = 0; i < FRAME_LEN; i++) {
		assert_int_equal(t.f.resolver.taken, 0);
		assert_int_equal(write(fd, frame + i, 1), 1);
		TURN_UNTIL(&t.f, i + 1 < FRAME_LEN || t.f.resolver.taken == 1);
		turn(&t.f);
	}
	assert_int_equal(t.f.resolver.last_len, QUERY_LEN);
	assert_int_equal(next_id(fd), 77);
	close(fd);
	stop(&t);
}

static void
a_thousand_queries_at_once_are_all_answered(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	fd = connect_client(&t);
	ask(fd, 0, 1000);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(next_id(fd), i);
	assert_int_equal(s53_counter_read(&t.f.counters, S53_C_LISTEN_TCP), 1000);
	close(fd);
	stop(&t);
}

static void
the_answers_of_one_read_leave_with_one_write(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	fd = connect_client(&t);
	ask(fd, 0, 100);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 100);
	assert_int_equal(kernel.writes, 1);
	close(fd);
	stop(&t);
}

static void
late_answers_of_one_turn_leave_with_one_write(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	t.f.resolver.later = true;
	fd = connect_client(&t);
	ask(fd, 0, 100);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 100);
	release_all(&t.f.resolver);
	assert_int_equal(kernel.writes, 0);
	turn(&t.f);
	assert_int_equal(kernel.writes, 1);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(next_id(fd), i);
	close(fd);
	stop(&t);
}

static void
answers_leave_in_the_order_in_which_they_come(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	t.f.resolver.later = true;
	fd = connect_client(&t);
	ask(fd, 0, 3);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 3);
	release(&t.f.resolver, 2);
	turn(&t.f);
	assert_int_equal(next_id(fd), 2);
	release(&t.f.resolver, 0);
	release(&t.f.resolver, 1);
	t.f.resolver.held_count = 0;
	turn(&t.f);
	assert_int_equal(next_id(fd), 0);
	assert_int_equal(next_id(fd), 1);
	close(fd);
	stop(&t);
}

static void
no_more_than_128_queries_of_a_connection_are_under_way(void **state)
{
	struct pollfd watched = { .events = POLLIN };
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	watched.fd = t.f.context->pool->poll_fd;
	t.f.resolver.later = true;
	fd = connect_client(&t);
	ask(fd, 0, 1);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 1);
	ask(fd, 1, 999);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 128);
	turn_for(&t.f, 20);
	assert_int_equal(t.f.resolver.taken, 128);
	assert_int_equal(poll(&watched, 1, 0), 0); /* nor does the loop turn for the others */
	for (unsigned i = 0; i < 1000; i += 128) {
		unsigned end = i + 128 < 1000 ? i + 128 : 1000;

		TURN_UNTIL(&t.f, t.f.resolver.taken == end);
		release_all(&t.f.resolver);
		turn(&t.f);
	}
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(next_id(fd), i);
	close(fd);
	stop(&t);
}

static void
a_client_that_has_sent_its_last_gets_what_is_under_way(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	t.f.resolver.later = true;
	fd = connect_client(&t);
	ask(fd, 0, 3);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 3);
	turn_for(&t.f, 20);
	assert_int_equal(open_count(&t), 1);
	release_all(&t.f.resolver);
	turn(&t.f);
	for (int i = 0; i < 3; i++)
		assert_int_equal(next_id(fd), i);
	assert_int_equal(next_id(fd), -1);
	assert_int_equal(open_count(&t), 0);
	close(fd);
	stop(&t);
}

static void
a_client_that_went_away_leaves_its_queries_to_end_alone(void **state)
{
	static const struct linger abort_it = { .l_onoff = 1 };
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	t.f.resolver.later = true;
	fd = connect_client(&t);
	ask(fd, 0, 3);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 3);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it)), 0);
	close(fd);
	TURN_UNTIL(&t.f, open_count(&t) == 0);
	release_all(&t.f.resolver);
	turn(&t.f);
	assert_int_equal(kernel.writes, 0);
	stop(&t);
}

static void
who_sends_no_query_is_closed_after_the_initial_timeout(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.initial_ms, 60);
	fd = connect_client(&t);
	turn_for(&t.f, 20);
	assert_true(is_silent(fd));
	assert_int_equal(write(fd, "\0\40half", 6), 6); /* half a query is none */
	TURN_UNTIL(&t.f, is_closed(fd));
	assert_int_equal(open_count(&t), 0);
	close(fd);
	stop(&t);
}

static void
who_sends_no_more_queries_is_closed_after_the_idle_timeout(void **state)
{
	struct tcp_fixture t;
	uint64_t asked_at_ms;
	int fd;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.idle_ms, 100);
	fd = connect_client(&t);
	for (int i = 0; i < 4; i++) { /* each query starts it anew */
		turn_for(&t.f, 40);
		asked_at_ms = s53_clock_ms();
		ask(fd, 5, 1);
		TURN_UNTIL(&t.f, has_input(fd));
		assert_int_equal(next_id(fd), 5);
	}
	TURN_UNTIL(&t.f, is_closed(fd));
	assert_true(s53_clock_ms() - asked_at_ms >= 99);
	close(fd);
	stop(&t);
}

static void
a_query_under_way_keeps_its_connection(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.idle_ms, 20);
	t.f.resolver.later = true;
	fd = connect_client(&t);
	ask(fd, 5, 1);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 1);
	turn_for(&t.f, 100);
	assert_true(is_silent(fd));
	release_all(&t.f.resolver);
	turn(&t.f);
	assert_int_equal(next_id(fd), 5);
	TURN_UNTIL(&t.f, is_closed(fd));
	close(fd);
	stop(&t);
}

static void
a_client_that_asked_for_keepalive_has_the_keepalive_timeout(void **state) /* RFC 7828 s3.3.2 */
{
	struct tcp_fixture t;
	int patient, other;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.idle_ms, 30);
	atomic_store(&t.f.limits.keepalive_ms, 300);
	patient = connect_client(&t);
	other = connect_client(&t);
	t.f.resolver.keepalive = true;
	ask(patient, 1, 1);
	TURN_UNTIL(&t.f, has_input(patient));
	assert_int_equal(next_id(patient), 1);
	t.f.resolver.keepalive = false;
	ask(other, 2, 1);
	TURN_UNTIL(&t.f, has_input(other));
	assert_int_equal(next_id(other), 2);
	TURN_UNTIL(&t.f, is_closed(other));
	assert_true(is_silent(patient));
	TURN_UNTIL(&t.f, is_closed(patient));
	close(patient);
	close(other);
	stop(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_is_understood_one_octet_at_a_time),
		cmocka_unit_test(a_thousand_queries_at_once_are_all_answered),
		cmocka_unit_test(the_answers_of_one_read_leave_with_one_write),
		cmocka_unit_test(late_answers_of_one_turn_leave_with_one_write),
		cmocka_unit_test(answers_leave_in_the_order_in_which_they_come),
		cmocka_unit_test(no_more_than_128_queries_of_a_connection_are_under_way),
		cmocka_unit_test(a_client_that_has_sent_its_last_gets_what_is_under_way),
		cmocka_unit_test(a_client_that_went_away_leaves_its_queries_to_end_alone),
		cmocka_unit_test(who_sends_no_query_is_closed_after_the_initial_timeout),
		cmocka_unit_test(who_sends_no_more_queries_is_closed_after_the_idle_timeout),
		cmocka_unit_test(a_query_under_way_keeps_its_connection),
		cmocka_unit_test(a_client_that_asked_for_keepalive_has_the_keepalive_timeout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
