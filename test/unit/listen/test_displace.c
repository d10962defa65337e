/* SPDX-License-Identifier: ISC
 *
 * test_displace.c - which TCP connection is closed in favour of a new client (listen/displace.c),
 * over real loopback sockets.
 */
#include <listen/connection.h>
#include <listen/context.h>
#include <listen/pool.h>

#include "tcp_fixture.h"

#define ATTACKER "192.0.2.1"
#define OTHER "192.0.2.2"

static uint64_t
counted(struct tcp_fixture *t, enum s53_counter counter)
{
	return s53_counter_read(&t->f.counters, counter);
}

/* A client with a query under way. */
static int
busy_from(struct tcp_fixture *t, const char *peer, unsigned id)
{
	unsigned taken = t->f.resolver.taken;
	int fd = peer != NULL ? connect_from(t, peer) : connect_client(t);

	ask(fd, id, 1);
	TURN_UNTIL(&t->f, t->f.resolver.taken == taken + 1);
	return fd;
}

/* A client with a query that was answered. */
static int
idle_from(struct tcp_fixture *t, const char *peer)
{
	bool later = t->f.resolver.later;
	int fd = peer != NULL ? connect_from(t, peer) : connect_client(t);

	t->f.resolver.later = false;
	ask(fd, 1000, 1);
	TURN_UNTIL(&t->f, has_input(fd));
	assert_int_equal(next_id(fd), 1000);
	t->f.resolver.later = later;
	return fd;
}

static void
start_with_places(struct tcp_fixture *t, unsigned places)
{
	start(t);
	atomic_store(&t->f.limits.clients_max, places);
	t->f.resolver.later = true;
}

static void
close_all(int fds[], unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
}

static void
an_address_over_its_share_loses_its_longest_idle_then_its_oldest(void **state)
{
	struct tcp_fixture t;
	int fds[7];

	(void)state;
	start_with_places(&t, 4);
	fds[0] = busy_from(&t, ATTACKER, 0);
	fds[1] = busy_from(&t, ATTACKER, 1);
	fds[2] = idle_from(&t, ATTACKER);
	fds[3] = idle_from(&t, ATTACKER);
	fds[4] = busy_from(&t, ATTACKER, 4);
	assert_true(is_closed(fds[2]));
	assert_true(is_silent(fds[3]));
	fds[5] = busy_from(&t, ATTACKER, 5);
	assert_true(is_closed(fds[3]));
	assert_true(is_silent(fds[0]));
	fds[6] = busy_from(&t, ATTACKER, 6);
	assert_true(is_closed(fds[0]));
	assert_true(is_silent(fds[1]));
	assert_int_equal(open_count(&t), 4);
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_EVICTED_SHARE), 3);
	close_all(fds, 7);
	stop(&t);
}

static void
an_address_over_its_share_loses_a_connection_before_any_other_address_does(void **state)
{
	struct tcp_fixture t;
	int attacker[3], idle, local, newcomer;

	(void)state;
	start_with_places(&t, 5);
	idle = idle_from(&t, OTHER); /* the one that has been idle for longest */
	local = idle_from(&t, NULL);
	for (unsigned i = 0; i < 3; i++)
		attacker[i] = busy_from(&t, ATTACKER, i);
	newcomer = busy_from(&t, "2001:db8::1", 7);
	assert_true(is_closed(attacker[0]));
	assert_true(is_silent(attacker[1]));
	assert_true(is_silent(idle));
	assert_true(is_silent(local));
	close_all(attacker, 3);
	close(idle);
	close(local);
	close(newcomer);
	stop(&t);
}

static void
an_address_within_its_share_loses_no_connection_to_others(void **state)
{
	struct tcp_fixture t;
	int fds[4];

	(void)state;
	start_with_places(&t, 4);
	fds[0] = busy_from(&t, ATTACKER, 0);
	fds[1] = busy_from(&t, OTHER, 1);
	fds[2] = idle_from(&t, "192.0.2.3");
	fds[3] = busy_from(&t, "192.0.2.4", 3);
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_EVICTED_SHARE), 0);
	close(busy_from(&t, "192.0.2.5", 4)); /* the idle one is closed, as always */
	assert_true(is_closed(fds[2]));
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_EVICTED_IDLE), 1);
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_EVICTED_SHARE), 0);
	close_all(fds, 4);
	stop(&t);
}

/* All processes of the host have the same address. */
static void
connections_from_this_host_are_not_limited_by_shares(void **state)
{
	struct tcp_fixture t;
	int fds[4], newcomer;

	(void)state;
	start_with_places(&t, 4);
	for (unsigned i = 0; i < 3; i++)
		fds[i] = busy_from(&t, NULL, i);
	fds[3] = busy_from(&t, ATTACKER, 3);
	newcomer = connect_to(&t.f.addr, SOCK_STREAM);
	turn_for(&t.f, 50);
	for (unsigned i = 0; i < 4; i++)
		assert_true(is_silent(fds[i]));
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_WAITED), 1);
	close_all(fds, 4);
	close(newcomer);
	stop(&t);
}

/* The clients that reached the limit first, up to half of it, are served to the end. */
static void
the_longest_waiting_of_the_newer_half_is_closed_after_a_while(void **state)
{
	struct tcp_fixture t;
	int fds[4], newcomer[2];
	uint64_t asked_at_ms;

	(void)state;
	start_with_places(&t, 4);
	for (unsigned i = 0; i < 4; i++)
		fds[i] = busy_from(&t, NULL, i);
	asked_at_ms = s53_clock_ms();
	newcomer[0] = busy_from(&t, NULL, 4);
	assert_in_range(s53_clock_ms() - asked_at_ms, 150, 250); /* 200 after fds[2] */
	assert_true(is_closed(fds[2]));
	assert_true(is_silent(fds[3]));
	newcomer[1] = busy_from(&t, NULL, 5);
	assert_true(is_closed(fds[3]));
	assert_true(is_silent(fds[0]));
	assert_true(is_silent(fds[1]));
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_EVICTED_WAITING), 2);
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_REFUSED), 0);
	close_all(fds, 4);
	close_all(newcomer, 2);
	stop(&t);
}

/* The kernel drops new clients when its queue is full, so none may wait for the others then. */
static void
in_a_flood_of_clients_the_longest_waiting_is_closed_at_once(void **state)
{
	struct tcp_fixture t;
	int fds[4], flood[110];
	unsigned opened;

	(void)state;
	start_with_places(&t, 4);
	for (unsigned i = 0; i < 4; i++)
		fds[i] = busy_from(&t, NULL, i);
	for (unsigned i = 0; i < 110; i++) { /* of a queue of 128 */
		flood[i] = connect_to(&t.f.addr, SOCK_STREAM);
		ask(flood[i], 10 + i, 1);
	}
	turn_for(&t.f, 400);
	opened = (unsigned)counted(&t, S53_C_LISTEN_TCP_OPENED);
	assert_in_range(opened, 4, 4 + 6); /* a burst waits */
	turn_for(&t.f, 800);
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_OPENED), 4 + 110);
	close_all(fds, 4);
	close_all(flood, 110);
	stop(&t);
}

/* In a flood it would otherwise be closed before its query can arrive. */
static void
a_new_client_has_some_time_to_send_its_query(void **state)
{
	struct tcp_fixture t;
	int fds[2], newcomer;

	(void)state;
	start_with_places(&t, 2);
	fds[0] = connect_client(&t);
	fds[1] = idle_from(&t, NULL);
	newcomer = connect_client(&t);
	assert_true(is_silent(fds[0]));
	assert_true(is_closed(fds[1]));
	close(fds[1]);
	fds[1] = connect_to(&t.f.addr, SOCK_STREAM);
	turn_for(&t.f, 100);
	assert_true(is_silent(fds[0]));
	TURN_UNTIL(&t.f, is_closed(fds[0]));
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_EVICTED_IDLE), 2);
	close_all(fds, 2);
	close(newcomer);
	stop(&t);
}

static void
after_its_reply_a_client_is_no_longer_the_longest_waiting(void **state)
{
	struct tcp_fixture t;
	int fds[4];

	(void)state;
	start_with_places(&t, 2);
	fds[0] = busy_from(&t, NULL, 0); /* kept */
	fds[1] = connect_client(&t);
	ask(fds[1], 1, 2);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 3);
	atomic_store(&t.f.limits.clients_max, 3);
	fds[2] = busy_from(&t, NULL, 3);
	release(&t.f.resolver, 1); /* the first of fds[1] */
	t.f.resolver.held[1] = t.f.resolver.held[--t.f.resolver.held_count];
	turn(&t.f);
	assert_int_equal(next_id(fds[1]), 1);
	fds[3] = busy_from(&t, NULL, 4);
	assert_true(is_closed(fds[2]));
	assert_true(is_silent(fds[1]));
	close_all(fds, 4);
	stop(&t);
}

static void
a_client_that_does_not_read_is_closed_first(void **state)
{
	struct tcp_fixture t;
	int unread, idle, newcomer;

	(void)state;
	start(&t);
	atomic_store(&t.f.limits.clients_max, 2);
	idle = idle_from(&t, NULL);
	t.f.resolver.reply_len = 60000;
	unread = connect_client(&t);
	ask(unread, 0, 1000);
	turn_for(&t.f, 2500);
	t.f.resolver.reply_len = 0;
	newcomer = connect_client(&t);
	assert_true(is_silent(idle));
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_EVICTED_NOT_READING), 1);
	assert_int_equal(open_count(&t), 2);
	close(unread);
	close(idle);
	close(newcomer);
	stop(&t);
}

/* Of one connection: replies, input that is not handed over yet, and an incomplete message. */
static size_t
kept_bytes(struct tcp_fixture *t)
{
	size_t bytes = 0;

	S53_LIST_EACH (&t->f.context->pool->connections, link) {
		struct s53_connection *it = S53_CONTAINER_OF(link, struct s53_connection, all);

		bytes += it->backlog.size + it->rest_left.len;
		if (it->framing.body != NULL)
			bytes += s53_u16_get(it->framing.prefix);
	}
	return bytes;
}

static void
set_buffers(struct tcp_fixture *t, int size)
{
	S53_LIST_EACH (&t->f.context->pool->connections, link)
		assert_int_equal(setsockopt(S53_CONTAINER_OF(link, struct s53_connection, all)->fd,
				     SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)),
		    0);
}

/* Sizes of replies in the order in which they are made. */
static unsigned made;

static size_t
small_then_large(unsigned id)
{
	(void)id;
	return made++ < 300 ? 100 : 65535;
}

static size_t
alternating(unsigned id)
{
	(void)id;
	return made++ % 7 < 5 ? 64 : 40000;
}

static void
check_kept(size_t (*len_of)(unsigned id), size_t reply_len, bool late)
{
	struct tcp_fixture t;
	uint8_t *junk = calloc(1, 2 + 65535);
	int fd;

	assert_non_null(junk);
	start(&t);
	made = 0;
	t.f.resolver.len_of = len_of;
	t.f.resolver.reply_len = reply_len;
	t.f.resolver.later = late;
	fd = connect_client(&t);
	set_buffers(&t, 4096);
	for (unsigned i = 0; i < 10; i++) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		for (unsigned id = 0; id < 400; id++) {
			uint8_t frame[FRAME_LEN];

			put_query(frame, id);
			if (send(fd, frame, sizeof(frame), MSG_NOSIGNAL) != (ssize_t)sizeof(frame))
				break;
		}
		s53_u16_put(junk, 65535);
		(void)send(fd, junk, 2 + 65535, MSG_NOSIGNAL);
		for (unsigned n = 0; n < 20; n++) {
			turn(&t.f);
			assert_in_range(kept_bytes(&t), 0, 128 << 10);
		}
		release_all(&t.f.resolver);
		assert_in_range(kept_bytes(&t), 0, 128 << 10);
	}
	close(fd);
	stop(&t);
	free(junk);
}

static void
at_most_128_kib_are_kept_for_a_client_that_does_not_read(void **state)
{
	(void)state;
	for (unsigned late = 0; late < 2; late++) {
		check_kept(NULL, 100, late);
		check_kept(NULL, 5000, late);
		check_kept(NULL, 65535, late);
		check_kept(small_then_large, 0, late);
		check_kept(alternating, 0, late);
	}
}

/* A client that pauses finds all its replies when it reads on, however many queries it has sent. */
static void
replies_of_a_steady_size_never_overrun_the_limit(void **state)
{
	struct tcp_fixture t;
	unsigned count = 0;
	int fd;

	(void)state;
	start(&t);
	t.f.resolver.reply_len = 500;
	fd = connect_client(&t);
	set_buffers(&t, 4096);
	ask(fd, 0, 1);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 1);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (unsigned i = 0; i < 20; i++) {
		ask(fd, 1 + i * 100, 100);
		t.f.resolver.later = i % 2 == 0;
		turn(&t.f);
		turn(&t.f);
		release_all(&t.f.resolver);
	}
	t.f.resolver.later = false;
	while (count < 2001 * 502) {
		static uint8_t octets[65536];
		ssize_t part;

		TURN_UNTIL(&t.f, has_input(fd));
		part = recv(fd, octets, sizeof(octets), 0);
		assert_true(part > 0);
		count += (unsigned)part;
		release_all(&t.f.resolver);
	}
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_OUTPUT_LIMIT), 0);
	close(fd);
	stop(&t);
}

/* Replies become large all at once: those that are kept arrive whole, then the connection ends. */
static void
after_an_overrun_the_kept_replies_are_sent_whole_before_the_close(void **state)
{
	struct tcp_fixture t;
	int count = 0;
	int fd;

	(void)state;
	start(&t);
	t.f.resolver.later = true;
	fd = connect_client(&t);
	set_buffers(&t, 4096);
	ask(fd, 0, 100);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 100);
	t.f.resolver.reply_len = 20000;
	release_all(&t.f.resolver);
	turn(&t.f);
	assert_int_equal(counted(&t, S53_C_LISTEN_TCP_OUTPUT_LIMIT), 1);
	assert_int_equal(open_count(&t), 1);
	for (;;) {
		uint8_t octets[20002];
		size_t have = 0;
		ssize_t part = 1;

		while (have < sizeof(octets) && part > 0) {
			TURN_UNTIL(&t.f, has_input(fd));
			part = recv(fd, octets + have, sizeof(octets) - have, 0);
			have += part > 0 ? (size_t)part : 0;
		}
		if (have == 0)
			break;
		assert_int_equal(have, sizeof(octets));
		assert_int_equal(s53_u16_get(octets), 20000);
		assert_int_equal(s53_u16_get(octets + 2), count++);
	}
	assert_in_range(count, 3, 99);
	assert_int_equal(open_count(&t), 0);
	close(fd);
	stop(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_over_its_share_loses_its_longest_idle_then_its_oldest),
		cmocka_unit_test(
		    an_address_over_its_share_loses_a_connection_before_any_other_address_does),
		cmocka_unit_test(an_address_within_its_share_loses_no_connection_to_others),
		cmocka_unit_test(connections_from_this_host_are_not_limited_by_shares),
		cmocka_unit_test(the_longest_waiting_of_the_newer_half_is_closed_after_a_while),
		cmocka_unit_test(in_a_flood_of_clients_the_longest_waiting_is_closed_at_once),
		cmocka_unit_test(a_new_client_has_some_time_to_send_its_query),
		cmocka_unit_test(after_its_reply_a_client_is_no_longer_the_longest_waiting),
		cmocka_unit_test(a_client_that_does_not_read_is_closed_first),
		cmocka_unit_test(at_most_128_kib_are_kept_for_a_client_that_does_not_read),
		cmocka_unit_test(replies_of_a_steady_size_never_overrun_the_limit),
		cmocka_unit_test(after_an_overrun_the_kept_replies_are_sent_whole_before_the_close),
	};

	turned_ms = 1000000;
	s53_clock_test_set(turned_ms);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
