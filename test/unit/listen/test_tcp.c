/* SPDX-License-Identifier: ISC
 *
 * test_tcp.c - TCP connections (listen/tcp.c, connection.c), over real loopback sockets.
 */
#include <poll.h>

#include <listen/context.h>
#include <listen/pool.h>

#include "tcp_fixture.h"

static void
a_query_that_arrives_byte_by_byte_is_answered(void **state)
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
the_replies_to_queries_of_one_read_are_sent_with_one_write(void **state)
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
later_replies_of_one_turn_of_the_loop_are_sent_with_one_write(void **state)
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
replies_are_sent_in_the_order_in_which_they_are_ready(void **state)
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
at_most_128_queries_of_a_connection_are_under_way(void **state)
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
a_client_that_has_shut_down_sending_gets_its_outstanding_replies(void **state)
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
queries_of_a_client_that_has_gone_still_complete(void **state)
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
a_client_that_sends_no_query_is_closed_after_the_initial_timeout(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.initial_ms, 60);
	fd = connect_client(&t);
	turn_for(&t.f, 20);
	assert_true(is_silent(fd));
	assert_int_equal(write(fd, "\0\40half", 6), 6); /* half a query does not count */
	TURN_UNTIL(&t.f, is_closed(fd));
	assert_int_equal(open_count(&t), 0);
	close(fd);
	stop(&t);
}

static void
a_client_that_sends_no_more_queries_is_closed_after_the_idle_timeout(void **state)
{
	struct tcp_fixture t;
	uint64_t asked_at_ms;
	int fd;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.idle_ms, 100);
	fd = connect_client(&t);
	for (int i = 0; i < 4; i++) { /* each query restarts it */
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
a_connection_with_a_query_under_way_stays_open(void **state)
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
a_client_that_sends_the_keepalive_option_gets_the_keepalive_timeout(
    void **state) /* RFC 7828 s3.3.2 */
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
		cmocka_unit_test(a_query_that_arrives_byte_by_byte_is_answered),
		cmocka_unit_test(a_thousand_queries_at_once_are_all_answered),
		cmocka_unit_test(the_replies_to_queries_of_one_read_are_sent_with_one_write),
		cmocka_unit_test(later_replies_of_one_turn_of_the_loop_are_sent_with_one_write),
		cmocka_unit_test(replies_are_sent_in_the_order_in_which_they_are_ready),
		cmocka_unit_test(at_most_128_queries_of_a_connection_are_under_way),
		cmocka_unit_test(a_client_that_has_shut_down_sending_gets_its_outstanding_replies),
		cmocka_unit_test(queries_of_a_client_that_has_gone_still_complete),
		cmocka_unit_test(a_client_that_sends_no_query_is_closed_after_the_initial_timeout),
		cmocka_unit_test(
		    a_client_that_sends_no_more_queries_is_closed_after_the_idle_timeout),
		cmocka_unit_test(a_connection_with_a_query_under_way_stays_open),
		cmocka_unit_test(
		    a_client_that_sends_the_keepalive_option_gets_the_keepalive_timeout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
