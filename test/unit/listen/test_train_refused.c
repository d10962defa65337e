/* SPDX-License-Identifier: ISC
 *
 * test_train_refused.c - trains that cannot be sent (listen/train.c, outbox.c): the kernel rejects
 * them, or the socket is full.
 */
#include "train_fixture.h"

/* As when the MTU of the route is too small (EINVAL) or the device cannot segment (EIO). */
static void
check_refusal(int why)
{
	struct udp_fixture u;

	start(&u, LOOPBACK, LOOPBACK);
	kernel.fail_trains = why;
	ask_train(u.client, 0, 40, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(check_replies(&u, u.client, 0, 40), 40);
	assert_int_equal(kernel.calls, 2);
	kernel.fail_trains = 0;
	for (unsigned i = 0; i < 256; i++) {
		ask_train(u.client, 0, 2, QUERY_LEN);
		turn(&u.f);
		assert_int_equal(check_replies(&u, u.client, 0, 2), 2);
	}
	assert_int_equal(kernel.sent_trains, 0);
	ask_train(u.client, 0, 2, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(kernel.sent_trains, 1);
	assert_int_equal(s53_counter_read(&u.f.counters, S53_C_LISTEN_SEND_FAILED), 0);
	stop(&u);
}

static void
replies_of_a_refused_train_are_sent_one_by_one_and_so_are_the_next(void **state)
{
	(void)state;
	check_refusal(EINVAL);
	check_refusal(EIO);
	check_refusal(EMSGSIZE);
}

/* A firewall that blocks one client is no reason to send the others no trains. */
static void
a_forbidden_train_fails_datagram_by_datagram(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	kernel.fail = EPERM;
	kernel.fail_count = 1 + 5; /* the train, then five of its ten datagrams */
	ask_train(u.client, 0, 10, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(s53_counter_read(&u.f.counters, S53_C_LISTEN_SEND_FAILED), 5);
	assert_int_equal(check_replies(&u, u.client, 5, 5), 5);
	ask_train(u.client, 0, 10, QUERY_LEN);
	turn(&u.f);
	assert_int_equal(kernel.sent_trains, 1);
	assert_int_equal(check_replies(&u, u.client, 0, 10), 10);
	stop(&u);
}

static void
trains_wait_for_a_socket_that_is_full(void **state)
{
	struct udp_fixture u;

	(void)state;
	start(&u, LOOPBACK, LOOPBACK);
	u.f.resolver.len_of = three_sizes;
	kernel.fail = EAGAIN;
	kernel.fail_at = 2; /* of three trains */
	kernel.fail_count = 1;
	ask_train(u.client, 0, 60, QUERY_LEN);
	event_base_loop(u.f.base, EVLOOP_ONCE);
	TURN_UNTIL(&u.f, kernel.sent == 3);
	assert_int_equal(check_replies(&u, u.client, 0, 60), 60);
	assert_int_equal(s53_counter_read(&u.f.counters, S53_C_LISTEN_SEND_FAILED), 0);
	stop(&u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    replies_of_a_refused_train_are_sent_one_by_one_and_so_are_the_next),
		cmocka_unit_test(a_forbidden_train_fails_datagram_by_datagram),
		cmocka_unit_test(trains_wait_for_a_socket_that_is_full),
	};

	if (!has_trains()) /* an old kernel or a sandbox without trains */
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
