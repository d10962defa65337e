/* SPDX-License-Identifier: ISC
 *
 * test_train.c - trains (listen/udp.c, inbox.c, train.c, outbox.c): datagrams that the kernel
 * hands over, or takes, in one piece. Over real loopback sockets: on a kernel without UDP_GRO and
 * UDP_SEGMENT the same queries come one by one and must get the same replies, but their grouping
 * is not checked.
 */
#include "train_fixture.h"

static void
check_train(const char *listen_on, const char *to, unsigned count)
{
	struct udp_fixture u;

	start_with_trains(&u, listen_on, to);
	ask_train(u.client, 300, count, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(u.f.resolver.taken, count);
	assert_int_equal(u.f.resolver.last_len, QUERY_LEN);
	assert_int_equal(s53_counter_read(&u.f.counters, S53_C_LISTEN_UDP), TRAIN_MOST + count);
	assert_int_equal(check_replies(&u, u.client, 300, count), count);
	assert_int_equal(kernel.received, 1);
	assert_int_equal(kernel.sent_trains, 1);
	assert_int_equal(kernel.refused, 0);
	stop(&u);
}

static void
each_query_of_a_train_is_answered_once(void **state)
{
	(void)state;
	check_train(LOOPBACK, LOOPBACK, 2);
	check_train(LOOPBACK, LOOPBACK, 40);
	check_train(LOOPBACK, LOOPBACK, TRAIN_MOST);
}

static void
wildcard_and_ipv6_sockets_receive_trains(void **state)
{
	(void)state;
	check_train("0.0.0.0", "127.0.0.1", 40);
	check_train("0.0.0.0", "127.0.0.2", 40);
	if (!has_ipv6())
		return;
	check_train("::1", "::1", 40);
	check_train("::", "::1", 40);
}

static void
the_replies_to_a_train_are_sent_as_one_train(void **state)
{
	struct udp_fixture u;

	(void)state;
	start_with_trains(&u, LOOPBACK, LOOPBACK);
	ask_train(u.client, 0, TRAIN_MOST, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(kernel.calls, 1);
	assert_int_equal(kernel.sent, 1);
	assert_int_equal(check_replies(&u, u.client, 0, TRAIN_MOST), TRAIN_MOST);
	stop(&u);
}

static void
the_last_datagram_of_a_train_may_be_shorter(void **state)
{
	struct udp_fixture u;

	(void)state;
	start_with_trains(&u, LOOPBACK, LOOPBACK);
	ask_train(u.client, 0, 10, 13);
	turn(&u.f);
	assert_int_equal(u.f.resolver.taken, 10);
	assert_int_equal(u.f.resolver.last_len, 13);
	stop(&u);
}

/* Far more has arrived than one call to the resolver or to the kernel can take. */
static void
many_trains_at_once_are_read_in_groups(void **state)
{
	struct udp_fixture u;

	(void)state;
	start_with_trains(&u, LOOPBACK, LOOPBACK);
	for (unsigned i = 0; i < 20; i++)
		ask_train(u.client, i * 50, 50, QUERY_LEN);
	TURN_UNTIL(&u.f, u.f.resolver.taken == 1000);
	assert_in_range(u.f.resolver.batch_most, 2, 64);
	assert_int_equal(check_replies(&u, u.client, 0, 1000), 1000);
	stop(&u);
}

static void
a_train_longer_than_a_batch_is_read_in_groups(void **state)
{
	struct udp_fixture u;

	(void)state;
	start_with_trains(&u, LOOPBACK, LOOPBACK);
	for (unsigned i = 0; i < 3; i++) {
		if (!try_train(u.client, i * TRAIN_LONG, TRAIN_LONG, QUERY_LEN))
			break; /* an older kernel */
		turn(&u.f);
		assert_int_equal(
		    check_replies(&u, u.client, i * TRAIN_LONG, TRAIN_LONG), TRAIN_LONG);
		assert_int_equal(u.f.resolver.batch_most, 64);
	}
	stop(&u);
}

/* So the replies of a batch fit into the outbox, and the receive buffers stay small. */
static void
after_trains_fewer_messages_are_read_per_call(void **state)
{
	struct udp_fixture u;

	(void)state;
	start_with_trains(&u, LOOPBACK, LOOPBACK);
	for (unsigned i = 0; i < 4; i++)
		ask_train(u.client, i * 16, 16, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(kernel.asked_for, 64);
	ask_train(u.client, 64, TRAIN_MOST, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(kernel.asked_for, 4);
	ask_train(u.client, 128, 1, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(kernel.asked_for, 1);
	ask_train(u.client, 129, 1, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(kernel.asked_for, 64);
	assert_int_equal(check_replies(&u, u.client, 0, 130), 130);
	stop(&u);
}

static bool
is_garbage(unsigned id)
{
	return id % 3 == 0;
}

static void
garbage_in_a_train_is_dropped_and_the_queries_around_it_are_answered(void **state)
{
	struct udp_fixture u;

	(void)state;
	start_with_trains(&u, LOOPBACK, LOOPBACK);
	u.f.resolver.silent = is_garbage;
	ask_train(u.client, 0, 60, 1); /* not even an ID */
	turn(&u.f);
	assert_int_equal(u.f.resolver.taken, 60);
	assert_int_equal(check_replies(&u, u.client, 0, 60), 59 - 20);
	stop(&u);
}

static void
replies_of_several_sizes_are_sent_as_few_trains(void **state)
{
	struct udp_fixture u;

	(void)state;
	start_with_trains(&u, LOOPBACK, LOOPBACK);
	u.f.resolver.len_of = three_sizes;
	ask_train(u.client, 0, TRAIN_MOST, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(kernel.calls, 1);
	assert_int_equal(kernel.sent, 3);
	assert_int_equal(check_replies(&u, u.client, 0, TRAIN_MOST), TRAIN_MOST);
	stop(&u);
}

/* Beyond any MTU, and beyond the outbox's own buffers. */
static size_t
some_large(unsigned id)
{
	return id % 10 < 3 ? 1500 : id == 25 ? 6000 : 1232;
}

static void
check_some_large(const char *text)
{
	struct udp_fixture u;

	start_with_trains(&u, text, text);
	u.f.resolver.len_of = some_large;
	for (int round = 0; round < 3; round++) {
		kernel.sent_trains = 0;
		ask_train(u.client, 0, 60, QUERY_LEN);
		turn(&u.f);
		assert_int_equal(check_replies(&u, u.client, 0, 60), 60);
		assert_in_range(kernel.sent_trains, 1, 60);
	}
	assert_int_equal(kernel.refused, 0);
	stop(&u);
}

/* On loopback they would be sent except over IPv6, where our sockets know only the minimum MTU. */
static void
a_reply_too_large_for_a_train_is_sent_alone(void **state)
{
	(void)state;
	check_some_large(LOOPBACK);
	if (has_ipv6())
		check_some_large("::1");
}

static size_t
largest(unsigned id)
{
	(void)id;
	return 1232;
}

static void
check_largest(const char *text)
{
	struct udp_fixture u;

	start_with_trains(&u, text, text);
	u.f.resolver.len_of = largest;
	ask_train(u.client, 0, TRAIN_MOST, QUERY_LEN);
	turn(&u.f);
	assert_in_range(kernel.sent, 2, 3); /* 64 of them are more than 64 KiB */
	assert_int_equal(check_replies(&u, u.client, 0, TRAIN_MOST), TRAIN_MOST);
	stop(&u);
}

static void
replies_of_the_usual_limit_are_sent_as_trains(void **state)
{
	(void)state;
	check_largest(LOOPBACK);
	if (has_ipv6())
		check_largest("::1");
}

static void
replies_to_several_clients_never_share_a_train(void **state)
{
	struct udp_fixture u;
	int other;

	(void)state;
	start_with_trains(&u, LOOPBACK, LOOPBACK);
	other = new_client(&u.f, LOOPBACK);
	ask_train(u.client, 0, 10, QUERY_LEN);
	ask_train(other, 100, 10, QUERY_LEN);
	ask_train(u.client, 10, 10, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(check_replies(&u, u.client, 0, 20), 20);
	assert_int_equal(check_replies(&u, other, 100, 10), 10);
	close(other);
	stop(&u);
}

/*
 * One port, two addresses of ours: each reply must come from the address that its query was sent
 * to.
 */
static void
replies_from_several_addresses_never_share_a_train(void **state)
{
	struct s53_addr client_addr = parse_addr(LOOPBACK, 0);
	struct udp_fixture u;
	int client;

	(void)state;
	start(&u, "0.0.0.0", LOOPBACK);
	client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(client, &client_addr.sa, s53_addr_len(&client_addr)), 0);
	for (unsigned i = 0; i < 20; i++) {
		struct s53_addr to =
		    parse_addr(i % 2 == 0 ? "127.0.0.1" : "127.0.0.2", s53_addr_port(&u.f.addr));

		assert_int_equal(connect(client, &to.sa, s53_addr_len(&to)), 0);
		assert_int_equal(send(client, &i, sizeof(i), 0), sizeof(i));
	}
	turn(&u.f);
	/* Connected to the last: it receives no replies to the ten from elsewhere. */
	assert_int_equal(kernel.sent, 20);
	for (unsigned i = 0; i < 10; i++) {
		unsigned id;

		assert_int_equal(recv(client, &id, sizeof(id), MSG_DONTWAIT), sizeof(id));
		assert_int_equal(((const uint8_t *)&id)[0] % 2, 1);
	}
	close(client);
	stop(&u);
}

static void
later_replies_are_sent_as_a_train(void **state)
{
	struct udp_fixture u;

	(void)state;
	start_with_trains(&u, LOOPBACK, LOOPBACK);
	u.f.resolver.later = true;
	ask_train(u.client, 0, 50, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(kernel.calls, 0);
	release_all(&u.f.resolver);
	turn(&u.f);
	assert_int_equal(kernel.sent, 1);
	assert_int_equal(check_replies(&u, u.client, 0, 50), 50);
	stop(&u);
}

/* Like the socket of a kernel before 5.0. */
static void
a_socket_without_gro_receives_the_queries_of_a_train(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	kernel.no_gro = true;
	for (unsigned i = 0; i < 3; i++) {
		ask_train(u.client, 0, TRAIN_MOST, QUERY_LEN);
		turn(&u.f);
		assert_int_equal(check_replies(&u, u.client, 0, TRAIN_MOST), TRAIN_MOST);
	}
	assert_int_equal(kernel.received, 3 * TRAIN_MOST);
	stop(&u);
}

static bool
has_gro(int fd)
{
	int value = 0;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, IPPROTO_UDP, UDP_GRO, &value, &len), 0);
	return value != 0;
}

/* The option is of no use for them and has a cost. */
static void
clients_with_a_port_of_their_own_each_do_not_switch_gro_on(void **state)
{
	struct udp_fixture u;
	int others[40];
	int fd;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	s53_udp_listener_close(u.listener);
	fd = open_socket(&u.f, LOOPBACK, S53_UDP);
	u.listener = listen_with(&u.f, fd);
	for (unsigned i = 0; i < 40; i++)
		others[i] = new_client(&u.f, LOOPBACK);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 40; i++)
			ask_train(others[i], i, 1, QUERY_LEN);
		turn(&u.f);
		for (unsigned i = 0; i < 40; i++)
			assert_int_equal(check_replies(&u, others[i], i, 1), 1);
	}
	assert_false(has_gro(fd));
	ask_train(others[0], 0, TRAIN_MOST, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(check_replies(&u, others[0], 0, TRAIN_MOST), TRAIN_MOST);
	assert_true(has_gro(fd));
	for (unsigned i = 0; i < 40; i++)
		close(others[i]);
	stop(&u);
}

static void
without_segmentation_in_the_kernel_replies_are_sent_one_by_one(void **state)
{
	struct udp_fixture u;

	(void)state;
	kernel.trains = false;
	start_with_trains(&u, LOOPBACK, LOOPBACK);
	ask_train(u.client, 0, TRAIN_MOST, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(kernel.sent, TRAIN_MOST);
	assert_int_equal(kernel.sent_trains, 0);
	assert_int_equal(check_replies(&u, u.client, 0, TRAIN_MOST), TRAIN_MOST);
	stop(&u);
	kernel.trains = true;
}

/* They share their receive buffers. */
static void
listeners_of_one_worker_answer_each_for_itself(void **state)
{
	struct s53_udp_listener *other;
	struct udp_fixture u;
	int client;

	(void)state;
	start_with_trains(&u, LOOPBACK, LOOPBACK);
	other = listen_with(&u.f, open_socket(&u.f, "127.0.0.2", S53_UDP));
	client = new_client(&u.f, "127.0.0.2");
	for (unsigned round = 0; round < 3; round++) {
		ask_train(u.client, 0, 10, QUERY_LEN);
		ask_train(client, 100, 10, QUERY_LEN);
		turn(&u.f);
		assert_int_equal(check_replies(&u, u.client, 0, 10), 10);
		assert_int_equal(check_replies(&u, client, 100, 10), 10);
	}
	s53_udp_listener_close(u.listener);
	u.listener = NULL;
	ask_train(client, 100, 10, QUERY_LEN);
	s53_udp_listener_close(other);
	assert_int_equal(check_replies(&u, client, 100, 10), 10);
	close(client);
	stop(&u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_query_of_a_train_is_answered_once),
		cmocka_unit_test(wildcard_and_ipv6_sockets_receive_trains),
		cmocka_unit_test(the_replies_to_a_train_are_sent_as_one_train),
		cmocka_unit_test(the_last_datagram_of_a_train_may_be_shorter),
		cmocka_unit_test(many_trains_at_once_are_read_in_groups),
		cmocka_unit_test(a_train_longer_than_a_batch_is_read_in_groups),
		cmocka_unit_test(after_trains_fewer_messages_are_read_per_call),
		cmocka_unit_test(
		    garbage_in_a_train_is_dropped_and_the_queries_around_it_are_answered),
		cmocka_unit_test(replies_of_several_sizes_are_sent_as_few_trains),
		cmocka_unit_test(a_reply_too_large_for_a_train_is_sent_alone),
		cmocka_unit_test(replies_of_the_usual_limit_are_sent_as_trains),
		cmocka_unit_test(replies_to_several_clients_never_share_a_train),
		cmocka_unit_test(replies_from_several_addresses_never_share_a_train),
		cmocka_unit_test(later_replies_are_sent_as_a_train),
		cmocka_unit_test(a_socket_without_gro_receives_the_queries_of_a_train),
		cmocka_unit_test(clients_with_a_port_of_their_own_each_do_not_switch_gro_on),
		cmocka_unit_test(without_segmentation_in_the_kernel_replies_are_sent_one_by_one),
		cmocka_unit_test(listeners_of_one_worker_answer_each_for_itself),
	};

	if (!has_trains()) /* an old kernel or a sandbox without trains */
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
