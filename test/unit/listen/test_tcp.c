/* SPDX-License-Identifier: ISC
 *
 * Connections of TCP (listen/tcp.c, connection.c, pool.c), over real loopback sockets.
 *
 * sendmsg() and accept4() are counted here before they do their work.
 */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "fixture.h"

#define FRAME_LEN (2 + QUERY_LEN)

static struct {
	unsigned writes;
	unsigned accepts;
} kernel;

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	kernel.writes++;
	return syscall(SYS_sendmsg, fd, message, flags);
}

int
accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	kernel.accepts++;
	return (int)syscall(SYS_accept4, fd, addr, len, flags);
}

struct tcp_fixture {
	struct fixture f;
	struct s53_tcp_listener *listener;
};

static void
start(struct tcp_fixture *t)
{
	struct s53_addr local;
	int fd;

	memset(&kernel, 0, sizeof(kernel));
	fixture_init(&t->f);
	fd = open_socket(&t->f, LOOPBACK, S53_TCP);
	local = t->f.addr;
	t->listener = s53_tcp_listener_new(
	    t->f.base, fd, &local, &t->f.resolver, &t->f.counters, &t->f.limits);
	assert_non_null(t->listener);
}

static void
stop(struct tcp_fixture *t)
{
	forget_all(&t->f.resolver);
	if (t->listener != NULL)
		s53_tcp_listener_close(t->listener);
	s53_tcp_abandon(&t->f.limits, t->f.base);
	forget_all(&t->f.resolver); /* what close() has read */
	fixture_fini(&t->f);
}

static unsigned
open_count(struct tcp_fixture *t)
{
	return atomic_load(&t->f.limits.clients);
}

/* A client whose connection has been accepted. */
static int
connect_client(struct tcp_fixture *t)
{
	uint64_t before = s53_counter_read(&t->f.counters, S53_C_LISTEN_TCP_OPENED) +
	    s53_counter_read(&t->f.counters, S53_C_LISTEN_TCP_REFUSED);
	int fd = connect_to(&t->f.addr, SOCK_STREAM);

	TURN_UNTIL(&t->f,
	    s53_counter_read(&t->f.counters, S53_C_LISTEN_TCP_OPENED) +
		    s53_counter_read(&t->f.counters, S53_C_LISTEN_TCP_REFUSED) >
		before);
	return fd;
}

static void
put_query(uint8_t frame[static FRAME_LEN], unsigned id)
{
	memset(frame, 0, FRAME_LEN);
	s53_u16_put(frame, QUERY_LEN);
	s53_u16_put(frame + 2, (uint16_t)id);
}

/* The queries [first, first + count), in one write. */
static void
ask(int fd, unsigned first, unsigned count)
{
	uint8_t *frames = malloc((size_t)count * FRAME_LEN);

	assert_non_null(frames);
	for (unsigned i = 0; i < count; i++)
		put_query(frames + (size_t)i * FRAME_LEN, first + i);
	assert_int_equal(write(fd, frames, (size_t)count * FRAME_LEN), count * FRAME_LEN);
	free(frames);
}

static bool
read_whole(int fd, uint8_t *octets, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t part = recv(fd, octets + have, len - have, 0);

		if (part <= 0)
			return false;
		have += (size_t)part;
	}
	return true;
}

/* The ID of the next reply, which must be there or come without us; -1: the end. */
static int
next_id(int fd)
{
	static uint8_t message[65535];
	uint8_t prefix[2];

	if (!read_whole(fd, prefix, 2) || !read_whole(fd, message, s53_u16_get(prefix)))
		return -1;
	return s53_u16_get(message);
}

static bool
has_input(int fd)
{
	uint8_t octet;

	return recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

/* Nothing has come, and the connection is open. */
static bool
is_silent(int fd)
{
	return !has_input(fd) && errno == EAGAIN;
}

static bool
is_closed(int fd)
{
	uint8_t octet;
	ssize_t len = recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);

	return len == 0 || (len < 0 && errno == ECONNRESET);
}

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
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	t.f.resolver.later = true;
	fd = connect_client(&t);
	ask(fd, 0, 1000);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 128);
	turn_for(&t.f, 20);
	assert_int_equal(t.f.resolver.taken, 128);
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

static void
a_newcomer_beyond_the_limit_is_closed_if_all_are_busy(void **state)
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
	newcomer = connect_client(&t);
	assert_int_equal(next_id(newcomer), -1);
	assert_int_equal(s53_counter_read(&t.f.counters, S53_C_LISTEN_TCP_REFUSED), 1);
	assert_int_equal(open_count(&t), 2);
	release_all(&t.f.resolver);
	turn(&t.f);
	assert_int_equal(next_id(busy[0]), 0);
	assert_int_equal(next_id(busy[1]), 1);
	close(newcomer);
	close(busy[0]);
	close(busy[1]);
	stop(&t);
}

static void
a_newcomer_beyond_the_limit_takes_the_place_of_the_longest_idle(void **state)
{
	struct tcp_fixture t;
	int fds[3], newcomer;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.clients_max, 3);
	for (unsigned i = 0; i < 3; i++)
		fds[i] = connect_client(&t);
	ask(fds[0], 0, 1); /* so that the second is the one idle for longest */
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
a_burst_of_newcomers_evicts_nobody_whose_query_has_arrived(void **state)
{
	struct tcp_fixture t;
	int fds[4];
	unsigned answered = 0;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.clients_max, 2);
	for (unsigned i = 0; i < 4; i++) { /* all are there before the first is accepted */
		fds[i] = connect_to(&t.f.addr, SOCK_STREAM);
		ask(fds[i], i, 1);
	}
	TURN_UNTIL(&t.f, s53_counter_read(&t.f.counters, S53_C_LISTEN_TCP_REFUSED) == 2);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 2);
	for (int i = 0; i < 4; i++) {
		answered += next_id(fds[i]) == i;
		close(fds[i]);
		turn(&t.f);
	}
	assert_int_equal(answered, 2);
	stop(&t);
}

static void
idle_connections_of_another_worker_give_way_too(void **state)
{
	struct tcp_fixture t;
	struct fixture other;
	struct s53_addr local;
	struct s53_tcp_listener *listener;
	int idle, newcomer, fd;

	(void)state;
	start(&t);
	fixture_init(&other);
	fd = open_socket(&other, LOOPBACK, S53_TCP);
	local = other.addr;
	listener = s53_tcp_listener_new(
	    other.base, fd, &local, &other.resolver, &other.counters, &t.f.limits);
	assert_non_null(listener);
	atomic_store(&t.f.limits.clients_max, 1);
	idle = connect_client(&t);
	newcomer = connect_to(&local, SOCK_STREAM);
	ask(newcomer, 3, 1);
	TURN_UNTIL(&other, has_input(newcomer));
	assert_int_equal(next_id(newcomer), 3);
	TURN_UNTIL(&t.f, is_closed(idle));
	assert_int_equal(open_count(&t), 1);
	close(newcomer);
	close(idle);
	s53_tcp_listener_close(listener);
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
accepting_pauses_without_descriptors_and_goes_on_when_there_are_some(void **state)
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
	probe = dup(waiting); /* the lowest free one: none from there on */
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
an_idle_connection_gives_its_descriptor_to_a_newcomer(void **state)
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
who_does_not_read_hurts_only_himself(void **state)
{
	struct tcp_fixture t;
	int slow, other;
	unsigned taken;

	(void)state;
	start(&t);
	t.f.resolver.reply_len = 60000;
	slow = connect_client(&t);
	other = connect_client(&t);
	ask(slow, 0, 1000); /* 60 MB of answers */
	turn_for(&t.f, 50);
	taken = t.f.resolver.taken;
	assert_in_range(taken, 1, 300); /* what the kernel's buffers hold, and ours */
	turn_for(&t.f, 50);
	assert_int_equal(t.f.resolver.taken, taken);
	t.f.resolver.reply_len = 100;
	ask(other, 4444, 1);
	TURN_UNTIL(&t.f, has_input(other));
	assert_int_equal(next_id(other), 4444);
	t.f.resolver.reply_len = 60000;
	for (unsigned i = 0; i < 1000; i++) { /* when he reads at last, all of it comes */
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
who_never_reads_is_closed_after_the_idle_timeout(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.idle_ms, 50);
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
what_is_too_short_for_a_message_ends_the_connection(void **state)
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
a_closed_listener_answers_what_has_arrived_and_accepts_nobody(void **state)
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
abandoning_cuts_what_is_left(void **state)
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
	s53_tcp_abandon(&t.f.limits, t.f.base);
	assert_int_equal(open_count(&t), 0);
	assert_true(is_closed(busy));
	close(slow);
	close(busy);
	stop(&t); /* drops what the resolver holds */
}

static void
the_resolver_learns_who_asked_and_where(void **state)
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
		cmocka_unit_test(a_newcomer_beyond_the_limit_is_closed_if_all_are_busy),
		cmocka_unit_test(a_newcomer_beyond_the_limit_takes_the_place_of_the_longest_idle),
		cmocka_unit_test(a_burst_of_newcomers_evicts_nobody_whose_query_has_arrived),
		cmocka_unit_test(idle_connections_of_another_worker_give_way_too),
		cmocka_unit_test(
		    accepting_pauses_without_descriptors_and_goes_on_when_there_are_some),
		cmocka_unit_test(an_idle_connection_gives_its_descriptor_to_a_newcomer),
		cmocka_unit_test(who_does_not_read_hurts_only_himself),
		cmocka_unit_test(who_never_reads_is_closed_after_the_idle_timeout),
		cmocka_unit_test(what_is_too_short_for_a_message_ends_the_connection),
		cmocka_unit_test(a_closed_listener_answers_what_has_arrived_and_accepts_nobody),
		cmocka_unit_test(idle_connections_of_a_closed_listener_close_at_once),
		cmocka_unit_test(abandoning_cuts_what_is_left),
		cmocka_unit_test(the_resolver_learns_who_asked_and_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
