/* SPDX-License-Identifier: ISC
 *
 * test_tcp_limits.c - what bounds TCP connections (listen/tcp.c, connection.c, pool.c), over real
 * loopback sockets.
 */
#include "tcp_fixture.h"

static void
a_new_client_beyond_the_limit_waits_while_all_are_busy(void **state)
{
	struct tcp_fixture t;
	int busy[2], newcomer;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.clients_max, 2);
	t.f.resolver.later = true;
	for (unsigned i = 0; i < 2; i++) {
		busy[i] = connect_client(&t);
		ask(busy[i], i, 1);
		TURN_UNTIL(&t.f, t.f.resolver.taken == i + 1);
	}
	newcomer = connect_to(&t.f.addr, SOCK_STREAM);
	ask(newcomer, 7, 1);
	turn_for(&t.f, 50);
	assert_true(is_silent(newcomer));
	assert_int_equal(s53_counter_read(&t.f.counters, S53_C_LISTEN_TCP_WAITED), 1);
	assert_int_equal(open_count(&t), 2);
	t.f.resolver.later = false;
	release_all(&t.f.resolver); /* with that both are idle */
	TURN_UNTIL(&t.f, has_input(newcomer));
	assert_int_equal(next_id(newcomer), 7);
	assert_int_equal(next_id(busy[0]), 0);
	assert_int_equal(next_id(busy[1]), 1);
	assert_int_equal(open_count(&t), 2);
	close(newcomer);
	close(busy[0]);
	close(busy[1]);
	stop(&t);
}

static void
a_new_client_beyond_the_limit_replaces_the_longest_idle_one(void **state)
{
	struct tcp_fixture t;
	int fds[3], newcomer;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.clients_max, 3);
	for (unsigned i = 0; i < 3; i++) {
		fds[i] = connect_client(&t);
		ask(fds[i], i, 1);
		TURN_UNTIL(&t.f, has_input(fds[i]));
		assert_int_equal(next_id(fds[i]), i);
	}
	ask(fds[0], 0, 1); /* so that the second has been idle for longest */
	TURN_UNTIL(&t.f, has_input(fds[0]));
	newcomer = connect_client(&t);
	assert_true(is_closed(fds[1]));
	assert_true(is_silent(fds[2]));
	assert_true(is_silent(newcomer));
	assert_int_equal(next_id(fds[0]), 0);
	assert_true(is_silent(fds[0]));
	assert_int_equal(open_count(&t), 3);
	assert_int_equal(s53_counter_read(&t.f.counters, S53_C_LISTEN_TCP_REFUSED), 0);
	ask(newcomer, 9, 1);
	TURN_UNTIL(&t.f, has_input(newcomer));
	assert_int_equal(next_id(newcomer), 9);
	close(newcomer);
	for (unsigned i = 0; i < 3; i++)
		close(fds[i]);
	stop(&t);
}

static void
a_burst_of_new_clients_evicts_no_client_with_a_query_that_has_arrived(void **state)
{
	struct tcp_fixture t;
	int fds[4];
	unsigned answered = 0;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.clients_max, 2);
	for (unsigned i = 0; i < 4; i++) { /* all have connected before the first is accepted */
		fds[i] = connect_to(&t.f.addr, SOCK_STREAM);
		ask(fds[i], i, 1);
	}
	TURN_UNTIL(&t.f, t.f.resolver.taken == 4); /* the last two replaced the others */
	for (int i = 0; i < 4; i++) {
		answered += next_id(fds[i]) == i;
		close(fds[i]);
		turn(&t.f);
	}
	assert_int_equal(answered, 4);
	stop(&t);
}

static void
idle_connections_of_another_worker_are_evicted_too(void **state)
{
	struct tcp_fixture t;
	struct fixture other;
	struct s53_addr local;
	struct s53_listen_context *context;
	struct s53_tcp_listener *listener;
	int idle, newcomer, fd;

	(void)state;
	start(&t);
	fixture_init(&other);
	fd = open_socket(&other, LOOPBACK, S53_TCP);
	local = other.addr;
	context = s53_listen_context_new(other.base, &other.resolver, &other.counters, &t.f.limits);
	assert_non_null(context);
	listener = s53_tcp_listener_new(context, fd, &local);
	assert_non_null(listener);
	atomic_store(&t.f.limits.clients_max, 1);
	idle = connect_client(&t);
	ask(idle, 1, 1);
	TURN_UNTIL(&t.f, has_input(idle));
	assert_int_equal(next_id(idle), 1);
	newcomer = connect_to(&local, SOCK_STREAM);
	ask(newcomer, 3, 1);
	turn(&other);
	turn(&t.f);
	assert_true(is_closed(idle));
	TURN_UNTIL(&other, has_input(newcomer));
	assert_int_equal(next_id(newcomer), 3);
	assert_int_equal(open_count(&t), 1);
	close(newcomer);
	close(idle);
	s53_tcp_listener_close(listener);
	s53_listen_context_free(context);
	stop(&t);
	fixture_fini(&other);
}

static int
limit_descriptors(rlim_t limit)
{
	struct rlimit now;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	now.rlim_cur = limit != 0 ? limit : now.rlim_max < 1024 ? now.rlim_max : 1024;
	return setrlimit(RLIMIT_NOFILE, &now);
}

static void
accepting_pauses_without_descriptors_and_resumes_when_there_are_some(void **state)
{
	struct tcp_fixture t;
	int busy, waiting, probe;

	(void)state;
	start(&t);
	t.f.resolver.later = true;
	busy = connect_client(&t);
	ask(busy, 1, 1);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 1);
	waiting = connect_to(&t.f.addr, SOCK_STREAM);
	ask(waiting, 2, 1);
	probe = dup(waiting); /* the lowest free descriptor: none from there on */
	close(probe);
	assert_int_equal(limit_descriptors((rlim_t)probe), 0);
	kernel.accepts = 0;
	turn_for(&t.f, 250);
	assert_in_range(kernel.accepts, 1, 5); /* every 100 ms */
	assert_int_equal(t.f.resolver.taken, 1);
	release_all(&t.f.resolver);
	turn(&t.f);
	assert_int_equal(next_id(busy), 1);
	close(busy);
	t.f.resolver.later = false;
	TURN_UNTIL(&t.f, has_input(waiting));
	assert_int_equal(next_id(waiting), 2);
	assert_int_equal(limit_descriptors(0), 0);
	close(waiting);
	stop(&t);
}

static void
an_idle_connection_gives_its_descriptor_to_a_new_client(void **state)
{
	struct tcp_fixture t;
	int idle, newcomer, probe;

	(void)state;
	start(&t);
	idle = connect_client(&t);
	newcomer = connect_to(&t.f.addr, SOCK_STREAM);
	ask(newcomer, 2, 1);
	probe = dup(newcomer);
	close(probe);
	assert_int_equal(limit_descriptors((rlim_t)probe), 0);
	TURN_UNTIL(&t.f, has_input(newcomer));
	assert_int_equal(limit_descriptors(0), 0);
	assert_int_equal(next_id(newcomer), 2);
	assert_true(is_closed(idle));
	close(newcomer);
	close(idle);
	stop(&t);
}

static void
a_client_that_does_not_read_delays_only_itself(void **state)
{
	struct tcp_fixture t;
	int slow, other;
	unsigned taken;

	(void)state;
	start(&t);
	t.f.resolver.reply_len = 60000;
	slow = connect_client(&t);
	other = connect_client(&t);
	ask(slow, 0, 1000); /* 60 MB of replies */
	turn_for(&t.f, 50);
	taken = t.f.resolver.taken;
	assert_in_range(taken, 1, 300); /* what the buffers of the kernel hold, and ours */
	turn_for(&t.f, 50);
	assert_int_equal(t.f.resolver.taken, taken);
	t.f.resolver.reply_len = 100;
	ask(other, 4444, 1);
	TURN_UNTIL(&t.f, has_input(other));
	assert_int_equal(next_id(other), 4444);
	t.f.resolver.reply_len = 60000;
	for (unsigned i = 0; i < 1000; i++) { /* when it reads at last, all replies come */
		TURN_UNTIL(&t.f, has_input(slow));
		fcntl(slow, F_SETFL, O_NONBLOCK);
		for (size_t left = 60002; left > 0;) {
			static uint8_t octets[60002];
			ssize_t part = recv(slow, octets, left, 0);

			if (part < 0)
				turn(&t.f);
			else if (left == 60002 && part >= 4)
				assert_int_equal(s53_u16_get(octets + 2), i);
			left -= part > 0 ? (size_t)part : 0;
		}
	}
	assert_int_equal(t.f.resolver.taken, 1001);
	close(slow);
	close(other);
	stop(&t);
}

static void
a_client_that_never_reads_is_closed_after_the_idle_timeout(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.idle_ms, 300);
	t.f.resolver.reply_len = 60000;
	fd = connect_client(&t);
	ask(fd, 0, 1000);
	TURN_UNTIL(&t.f, t.f.resolver.taken > 0);
	assert_int_equal(open_count(&t), 1);
	TURN_UNTIL(&t.f, open_count(&t) == 0);
	close(fd);
	stop(&t);
}

static void
a_client_that_never_reads_is_closed_even_while_a_query_is_under_way(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.idle_ms, 300);
	t.f.resolver.reply_len = 60000;
	t.f.resolver.later = true;
	fd = connect_client(&t);
	ask(fd, 0, 1);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 1);
	t.f.resolver.later = false;
	ask(fd, 1, 1000);
	TURN_UNTIL(&t.f, t.f.resolver.taken > 1);
	TURN_UNTIL(&t.f, open_count(&t) == 0);
	assert_int_equal(t.f.resolver.held_count, 1);
	close(fd);
	stop(&t);
}

static struct tcp_fixture *releasing;

static void
on_release(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	release_all(&releasing->f.resolver);
}

/* The reply is made in the turn of the loop in which the timeout expires, just before it. */
static void
a_reply_that_is_made_at_the_timeout_is_sent(void **state)
{
	static const struct timeval soon = { .tv_usec = 40000 };
	struct tcp_fixture t;
	struct event *release_event;
	int fd;

	(void)state;
	start(&t);
	releasing = &t;
	atomic_store(&t.f.limits.idle_ms, 50);
	t.f.resolver.later = true;
	fd = connect_client(&t);
	release_event = evtimer_new(t.f.base, on_release, NULL);
	event_add(release_event, &soon);
	ask(fd, 1, 1);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 1);
	usleep(100000); /* both timers are due in one turn */
	turn(&t.f);
	assert_int_equal(next_id(fd), 1);
	assert_int_equal(open_count(&t), 1);
	TURN_UNTIL(&t.f, is_closed(fd)); /* the timeout was restarted */
	event_free(release_event);
	close(fd);
	stop(&t);
}

static void
a_query_that_arrives_at_the_timeout_is_answered(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.idle_ms, 50);
	atomic_store(&t.f.limits.initial_ms, 50);
	fd = connect_client(&t);
	for (unsigned i = 0; i < 3; i++) {
		usleep(70000);
		ask(fd, i, 1);
		turn(&t.f);
		TURN_UNTIL(&t.f, has_input(fd));
		assert_int_equal(next_id(fd), i);
	}
	close(fd);
	stop(&t);
}

/* Without this the kernel would reset the connection and discard the reply at the client. */
static void
input_after_a_bad_frame_does_not_cost_an_earlier_query_its_reply(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	t.f.resolver.later = true;
	fd = connect_client(&t);
	ask(fd, 7, 1);
	assert_int_equal(write(fd, "\0\1xx", 4), 4); /* no message */
	TURN_UNTIL(&t.f, t.f.resolver.taken == 1);
	ask(fd, 8, 100);
	turn(&t.f);
	release_all(&t.f.resolver);
	TURN_UNTIL(&t.f, open_count(&t) == 0);
	assert_int_equal(next_id(fd), 7);
	assert_int_equal(next_id(fd), -1);
	close(fd);
	stop(&t);
}

static void
a_frame_too_short_for_a_message_ends_the_connection(void **state)
{
	struct tcp_fixture t;

	(void)state;
	start(&t);
	for (int len = 0; len < 12; len++) {
		uint8_t frame[16] = { 0, (uint8_t)len };
		int fd = connect_client(&t);

		ask(fd, 7, 1); /* which is answered before */
		assert_int_equal(write(fd, frame, 2), 2);
		TURN_UNTIL(&t.f, open_count(&t) == 0);
		assert_int_equal(next_id(fd), 7);
		assert_true(is_closed(fd));
		close(fd);
	}
	stop(&t);
}

static void
a_closed_listener_answers_the_queries_that_have_arrived_and_accepts_no_client(void **state)
{
	struct tcp_fixture t;
	int accepted, waiting, late;

	(void)state;
	start(&t);
	t.f.resolver.later = true;
	accepted = connect_client(&t);
	ask(accepted, 1, 2);
	waiting = connect_to(&t.f.addr, SOCK_STREAM);
	ask(waiting, 3, 1);
	s53_tcp_listener_close(t.listener);
	t.listener = NULL;
	assert_int_equal(t.f.resolver.taken, 3);
	late = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(late, &t.f.addr.sa, s53_addr_len(&t.f.addr)), -1);
	release_all(&t.f.resolver); /* without a turn of the loop */
	assert_int_equal(next_id(accepted), 1);
	assert_int_equal(next_id(accepted), 2);
	assert_int_equal(next_id(accepted), -1);
	assert_int_equal(next_id(waiting), 3);
	assert_int_equal(next_id(waiting), -1);
	close(late);
	close(accepted);
	close(waiting);
	stop(&t);
}

static void
idle_connections_of_a_closed_listener_close_at_once(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	fd = connect_client(&t);
	s53_tcp_listener_close(t.listener);
	t.listener = NULL;
	assert_true(is_closed(fd));
	close(fd);
	stop(&t);
}

static void
abandoning_closes_the_connections_that_are_left(void **state)
{
	struct tcp_fixture t;
	int slow, busy;

	(void)state;
	start(&t);
	t.f.resolver.reply_len = 60000;
	slow = connect_client(&t);
	ask(slow, 0, 1000);
	TURN_UNTIL(&t.f, t.f.resolver.taken > 0);
	t.f.resolver.later = true;
	busy = connect_client(&t);
	ask(busy, 0, 1);
	TURN_UNTIL(&t.f, t.f.resolver.held_count > 0);
	s53_tcp_listener_close(t.listener);
	t.listener = NULL;
	assert_int_equal(open_count(&t), 2);
	s53_tcp_abandon(t.f.context);
	assert_int_equal(open_count(&t), 0);
	assert_true(is_closed(busy));
	close(slow);
	close(busy);
	stop(&t); /* drops the queries that the resolver holds */
}

/* Read to the end of the connection while the loop is turned. Returns the number of bytes. */
static size_t
read_to_the_end(struct tcp_fixture *t, int fd)
{
	static uint8_t octets[1 << 16];
	size_t total = 0;

	for (;;) {
		ssize_t len;

		TURN_UNTIL(&t->f, has_input(fd));
		len = recv(fd, octets, sizeof(octets), MSG_DONTWAIT);
		if (len <= 0)
			return total;
		total += (size_t)len;
	}
}

static void
after_the_close_no_further_query_of_a_slow_reader_is_taken(void **state)
{
	struct tcp_fixture t;
	unsigned taken;
	int slow;

	(void)state;
	start(&t);
	t.f.resolver.reply_len = 60000;
	slow = connect_client(&t);
	ask(slow, 0, 1000);
	TURN_UNTIL(&t.f, t.f.resolver.taken > 0);
	s53_tcp_listener_close(t.listener);
	t.listener = NULL;
	s53_tcp_stop_reading(t.f.context);
	taken = t.f.resolver.taken;
	assert_in_range(taken, 1, 300);
	assert_int_equal(read_to_the_end(&t, slow), (size_t)taken * 60002);
	assert_int_equal(t.f.resolver.taken, taken);
	assert_int_equal(open_count(&t), 0);
	close(slow);
	stop(&t);
}

/* Like the resolver when it is freed: it answers the queries that it holds within one call. */
static void
after_the_close_replies_lead_to_no_new_queries(void **state)
{
	struct tcp_fixture t;
	unsigned taken;
	int fd;

	(void)state;
	start(&t);
	t.f.resolver.later = true;
	fd = connect_client(&t);
	ask(fd, 0, 200);
	TURN_UNTIL(&t.f, t.f.resolver.taken > 0);
	s53_tcp_listener_close(t.listener);
	t.listener = NULL;
	s53_tcp_stop_reading(t.f.context);
	taken = t.f.resolver.taken;
	assert_in_range(taken, 1, 199);
	release_all(&t.f.resolver);
	assert_int_equal(t.f.resolver.taken, taken);
	assert_int_equal(open_count(&t), 0);
	for (unsigned i = 0; i < taken; i++)
		assert_int_equal(next_id(fd), i);
	assert_true(is_closed(fd));
	close(fd);
	stop(&t);
}

static void
the_resolver_gets_the_addresses_of_the_client_and_of_the_listener(void **state)
{
	struct tcp_fixture t;
	struct s53_addr own;
	socklen_t len = sizeof(own);
	int fd;

	(void)state;
	start(&t);
	fd = connect_client(&t);
	assert_int_equal(getsockname(fd, &own.sa, &len), 0);
	ask(fd, 0, 1);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 1);
	assert_int_equal(t.f.resolver.last.kind, S53_TCP);
	assert_true(s53_addr_equal(&t.f.resolver.last.addr, &own));
	assert_true(s53_addr_equal(&t.f.resolver.last.local, &t.f.addr));
	close(fd);
	stop(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_client_beyond_the_limit_waits_while_all_are_busy),
		cmocka_unit_test(a_new_client_beyond_the_limit_replaces_the_longest_idle_one),
		cmocka_unit_test(
		    a_burst_of_new_clients_evicts_no_client_with_a_query_that_has_arrived),
		cmocka_unit_test(idle_connections_of_another_worker_are_evicted_too),
		cmocka_unit_test(
		    accepting_pauses_without_descriptors_and_resumes_when_there_are_some),
		cmocka_unit_test(an_idle_connection_gives_its_descriptor_to_a_new_client),
		cmocka_unit_test(a_client_that_does_not_read_delays_only_itself),
		cmocka_unit_test(a_client_that_never_reads_is_closed_after_the_idle_timeout),
		cmocka_unit_test(
		    a_client_that_never_reads_is_closed_even_while_a_query_is_under_way),
		cmocka_unit_test(a_reply_that_is_made_at_the_timeout_is_sent),
		cmocka_unit_test(a_query_that_arrives_at_the_timeout_is_answered),
		cmocka_unit_test(input_after_a_bad_frame_does_not_cost_an_earlier_query_its_reply),
		cmocka_unit_test(a_frame_too_short_for_a_message_ends_the_connection),
		cmocka_unit_test(
		    a_closed_listener_answers_the_queries_that_have_arrived_and_accepts_no_client),
		cmocka_unit_test(idle_connections_of_a_closed_listener_close_at_once),
		cmocka_unit_test(abandoning_closes_the_connections_that_are_left),
		cmocka_unit_test(after_the_close_no_further_query_of_a_slow_reader_is_taken),
		cmocka_unit_test(after_the_close_replies_lead_to_no_new_queries),
		cmocka_unit_test(the_resolver_gets_the_addresses_of_the_client_and_of_the_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
