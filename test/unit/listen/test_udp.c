/* SPDX-License-Identifier: ISC
 *
 * test_udp.c - datagrams in, replies out (listen/udp.c, listen/outbox.c), over real loopback
 * sockets, one by one: as on a kernel without trains, which test_train.c tests.
 */
#include "udp_fixture.h"

static void
ask(struct udp_fixture *u, unsigned id)
{
	uint8_t query[QUERY_LEN] = { (uint8_t)(id >> 8), (uint8_t)id };

	assert_int_equal(send(u->client, query, sizeof(query), 0), sizeof(query));
}

/* The ID of the next reply; -1: there is none. */
static int
next_id(struct udp_fixture *u)
{
	uint8_t octets[65535];
	ssize_t len = recv(u->client, octets, sizeof(octets), MSG_DONTWAIT);

	return len < 2 ? -1 : s53_u16_get(octets);
}

static unsigned
count_replies(struct udp_fixture *u)
{
	unsigned count = 0;

	while (next_id(u) >= 0)
		count++;
	return count;
}

static void
a_thousand_queries_are_answered_at_once(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 100; i++)
			ask(&u, round * 100 + i);
		turn(&u.f);
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(next_id(&u), round * 100 + i);
	}
	assert_int_equal(u.f.resolver.taken, 1000);
	assert_int_equal(s53_counter_read(&u.f.counters, S53_C_LISTEN_UDP), 1000);
	stop(&u);
}

static void
the_replies_of_a_batch_are_sent_with_one_call(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	for (unsigned i = 0; i < 64; i++)
		ask(&u, i);
	turn(&u.f);
	assert_int_equal(count_replies(&u), 64);
	assert_int_equal(kernel.calls, 1);
	stop(&u);
}

static void
a_thousand_replies_may_come_later_and_in_another_order(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	u.f.resolver.later = true;
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 100; i++)
			ask(&u, round * 100 + i);
		turn(&u.f);
	}
	assert_int_equal(u.f.resolver.held_count, 1000);
	assert_int_equal(next_id(&u), -1);
	for (unsigned i = 1000; i-- > 0;)
		release(&u.f.resolver, i);
	u.f.resolver.held_count = 0;
	turn(&u.f);
	for (unsigned i = 1000; i-- > 0;)
		assert_int_equal(next_id(&u), i);
	stop(&u);
}

static void
later_replies_of_one_turn_of_the_loop_are_sent_with_one_call(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	u.f.resolver.later = true;
	for (unsigned i = 0; i < 50; i++)
		ask(&u, i);
	turn(&u.f);
	release_all(&u.f.resolver);
	assert_int_equal(kernel.calls, 0);
	turn(&u.f);
	assert_int_equal(kernel.calls, 1);
	assert_int_equal(count_replies(&u), 50);
	stop(&u);
}

static void
dropped_queries_get_no_reply(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	u.f.resolver.later = true;
	for (unsigned i = 0; i < 100; i++)
		ask(&u, i);
	turn(&u.f);
	forget_all(&u.f.resolver);
	turn(&u.f);
	assert_int_equal(count_replies(&u), 0);
	stop(&u);
}

/* The client's socket is connected: it takes replies only from the address that it sent to. */
/* A service that replies to whatever it gets would cause an endless exchange. */
static void
queries_from_ports_of_other_udp_services_are_dropped(void **state)
{
	static const uint16_t ports[] = { 7, 13, 17, 19, 37 };
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	for (unsigned i = 0; i < 5; i++) {
		kernel.from_port = ports[i];
		ask(&u, i);
		turn(&u.f);
		assert_int_equal(s53_counter_read(&u.f.counters, S53_C_LISTEN_DROPPED_PORT), i + 1);
	}
	assert_int_equal(u.f.resolver.taken, 0);
	kernel.from_port = 464;
	ask(&u, 5);
	turn(&u.f);
	assert_int_equal(u.f.resolver.taken, 1);
	assert_int_equal(s53_counter_read(&u.f.counters, S53_C_LISTEN_UDP), 6);
	stop(&u);
}

static void
check_wildcard(const char *listen_on, const char *to)
{
	struct udp_fixture u;
	struct s53_addr asked;

	start(&u, listen_on, to);
	ask(&u, 4711);
	turn(&u.f);
	assert_int_equal(next_id(&u), 4711);
	asked = parse_addr(to, s53_addr_port(&u.f.addr));
	assert_true(s53_addr_equal(&u.f.resolver.last.local, &asked));
	stop(&u);
}

static void
a_wildcard_socket_replies_from_the_address_that_the_query_was_sent_to(void **state)
{
	(void)state;
	check_wildcard("0.0.0.0", "127.0.0.1");
	check_wildcard("0.0.0.0", "127.0.0.2");
	check_wildcard("0.0.0.0", "127.9.8.7");
	if (has_ipv6())
		check_wildcard("::", "::1");
}

static void
an_ipv6_address_is_served(void **state)
{
	struct udp_fixture u;

	(void)state;
	if (!has_ipv6())
		skip();
	start(&u, "::1", "::1");
	ask(&u, 6);
	turn(&u.f);
	assert_int_equal(next_id(&u), 6);
	stop(&u);
}

static void
replies_of_every_size_arrive_whole(void **state)
{
	static const size_t lens[] = { 12, 512, 4097, 100, 4096, 20000, 65507, 512 };
	static uint8_t octets[65536];
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	for (unsigned i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		u.f.resolver.reply_len = lens[i];
		ask(&u, i);
		ask(&u, i);
		turn(&u.f);
		assert_int_equal(recv(u.client, octets, sizeof(octets), 0), lens[i]);
		assert_int_equal(s53_u16_get(octets), i);
		assert_int_equal(recv(u.client, octets, sizeof(octets), 0), lens[i]);
	}
	stop(&u);
}

static void
an_oversized_query_reaches_the_resolver_truncated(void **state)
{
	static const uint8_t query[5000] = { 0 };
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	assert_int_equal(send(u.client, query, sizeof(query), 0), sizeof(query));
	turn(&u.f);
	assert_int_equal(u.f.resolver.last_len, 4096);
	assert_int_equal(send(u.client, query, 0, 0), 0);
	turn(&u.f);
	assert_int_equal(u.f.resolver.last_len, 0);
	ask(&u, 5); /* and the next has its full length */
	turn(&u.f);
	assert_int_equal(u.f.resolver.last_len, QUERY_LEN);
	stop(&u);
}

static void
a_reply_that_cannot_be_sent_does_not_stop_the_others(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	kernel.fail = EPERM;
	kernel.fail_at = 5;
	kernel.fail_count = 1;
	for (unsigned i = 0; i < 10; i++)
		ask(&u, i);
	turn(&u.f);
	for (unsigned i = 0; i < 10; i++) {
		if (i != 5)
			assert_int_equal(next_id(&u), i);
	}
	assert_int_equal(next_id(&u), -1);
	assert_int_equal(s53_counter_read(&u.f.counters, S53_C_LISTEN_SEND_FAILED), 1);
	stop(&u);
}

static void
replies_wait_for_a_socket_that_is_full(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	kernel.fail = EAGAIN;
	kernel.fail_at = 5;
	kernel.fail_count = 1;
	for (unsigned i = 0; i < 100; i++)
		ask(&u, i);
	event_base_loop(u.f.base, EVLOOP_ONCE);
	TURN_UNTIL(&u.f, kernel.sent == 100);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(next_id(&u), i);
	assert_int_equal(s53_counter_read(&u.f.counters, S53_C_LISTEN_SEND_FAILED), 0);
	stop(&u);
}

/* The kernel reports "writable" and EAGAIN in turn: even then the listener gives up at last. */
static void
replies_are_dropped_and_counted_when_a_socket_stays_full(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	kernel.fail = EAGAIN;
	kernel.fail_count = UINT32_MAX;
	for (unsigned i = 0; i < 10; i++)
		ask(&u, i);
	TURN_UNTIL(&u.f, s53_counter_read(&u.f.counters, S53_C_LISTEN_SEND_FAILED) == 10);
	kernel.fail_count = 0;
	ask(&u, 99);
	turn(&u.f);
	turn(&u.f);
	assert_int_equal(next_id(&u), 99);
	stop(&u);
}

static void
later_replies_beyond_the_queue_of_a_full_socket_are_dropped(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	u.f.resolver.later = true;
	for (unsigned i = 0; i < 100; i++)
		ask(&u, i);
	turn(&u.f);
	kernel.fail = EAGAIN;
	kernel.fail_count = UINT32_MAX;
	release_all(&u.f.resolver);
	assert_int_equal(s53_counter_read(&u.f.counters, S53_C_LISTEN_SEND_FAILED), 100 - 64);
	kernel.fail_count = 0;
	TURN_UNTIL(&u.f, kernel.sent == 64);
	assert_int_equal(count_replies(&u), 64);
	stop(&u);
}

/* Also after a failure, or the tests that follow would wait for ever. */
static int
unset_clock(void **state)
{
	(void)state;
	s53_clock_test_set(UINT64_MAX);
	return 0;
}

/*
 * The 65th late reply finds no free slot and sends the 64 before it, which were blocked. Its own
 * waiting time begins when it is blocked itself.
 */
static void
a_reply_does_not_inherit_the_waiting_time_of_earlier_ones(void **state)
{
	struct udp_fixture u;
	uint64_t now_ms = s53_clock_ms();

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	s53_clock_test_set(now_ms);
	u.f.resolver.later = true;
	for (unsigned i = 0; i < 65; i++)
		ask(&u, i);
	turn(&u.f);
	assert_int_equal(u.f.resolver.held_count, 65);
	kernel.fail = EAGAIN;
	kernel.fail_count = UINT32_MAX;
	for (unsigned i = 0; i < 64; i++)
		release(&u.f.resolver, i);
	event_base_loop(u.f.base, EVLOOP_ONCE);
	assert_true(kernel.calls > 0);
	s53_clock_test_set(now_ms + 150);
	kernel.fail_count = 0;
	release(&u.f.resolver, 64);
	u.f.resolver.held_count = 0;
	assert_int_equal(kernel.sent, 64);
	kernel.fail_count = 1;
	kernel.fail_at = 64;
	s53_clock_test_set(now_ms + 250);
	for (int i = 0; i < 10; i++) /* the clock stands still */
		turn(&u.f);
	assert_int_equal(count_replies(&u), 65);
	assert_int_equal(s53_counter_read(&u.f.counters, S53_C_LISTEN_SEND_FAILED), 0);
	stop(&u);
}

static void
a_listener_that_closes_answers_the_queries_that_have_arrived(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	for (unsigned i = 0; i < 200; i++)
		ask(&u, i);
	s53_udp_listener_close(u.listener);
	u.listener = NULL;
	assert_int_equal(count_replies(&u), 200);
	stop(&u);
}

static void
a_closed_listener_lives_until_its_last_query_is_answered(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	u.f.resolver.later = true;
	for (unsigned i = 0; i < 100; i++)
		ask(&u, i);
	s53_udp_listener_close(u.listener);
	u.listener = NULL;
	assert_int_equal(u.f.resolver.held_count, 100);
	release_all(&u.f.resolver); /* without a turn of the loop */
	assert_int_equal(count_replies(&u), 100);
	stop(&u); /* the sanitizer reports a leak or a use after free */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_queries_are_answered_at_once),
		cmocka_unit_test(the_replies_of_a_batch_are_sent_with_one_call),
		cmocka_unit_test(a_thousand_replies_may_come_later_and_in_another_order),
		cmocka_unit_test(later_replies_of_one_turn_of_the_loop_are_sent_with_one_call),
		cmocka_unit_test(dropped_queries_get_no_reply),
		cmocka_unit_test(queries_from_ports_of_other_udp_services_are_dropped),
		cmocka_unit_test(
		    a_wildcard_socket_replies_from_the_address_that_the_query_was_sent_to),
		cmocka_unit_test(an_ipv6_address_is_served),
		cmocka_unit_test(replies_of_every_size_arrive_whole),
		cmocka_unit_test(an_oversized_query_reaches_the_resolver_truncated),
		cmocka_unit_test(a_reply_that_cannot_be_sent_does_not_stop_the_others),
		cmocka_unit_test(replies_wait_for_a_socket_that_is_full),
		cmocka_unit_test(replies_are_dropped_and_counted_when_a_socket_stays_full),
		cmocka_unit_test(later_replies_beyond_the_queue_of_a_full_socket_are_dropped),
		cmocka_unit_test_teardown(
		    a_reply_does_not_inherit_the_waiting_time_of_earlier_ones, unset_clock),
		cmocka_unit_test(a_listener_that_closes_answers_the_queries_that_have_arrived),
		cmocka_unit_test(a_closed_listener_lives_until_its_last_query_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
