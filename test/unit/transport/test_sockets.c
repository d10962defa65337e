/* SPDX-License-Identifier: ISC
 *
 * test_sockets.c - the sockets behind exchanges over UDP: batches, age, shortage of descriptors,
 * source address.
 */
#include "exchange_fixture.h"

#include <sys/resource.h>

static void
a_batch_for_a_loopback_server_leaves_through_one_socket(void **arg)
{
	struct fixture f;
	struct asked asked[S53_BATCH + 1];

	(void)arg;
	fixture_start(&f, fake_answer);
	for (unsigned i = 0; i < S53_BATCH; i++)
		ask_udp(&f, &asked[i]);
	assert_int_equal(only_endpoint(&f)->pool.count, 1);
	ask_udp(&f, &asked[S53_BATCH]);
	assert_int_equal(only_endpoint(&f)->pool.count, 2);
	assert_int_equal(f.server.udp_queries, 0);
	s53_udp_flush(f.exchanger);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_UDP), S53_BATCH + 1);
	run_until(&f, &f.ended, S53_BATCH + 1);
	fixture_stop(&f);
}

static void
ten_thousand_exchanges_need_no_more_objects_than_the_first_ones(void **arg)
{
	struct fixture f;
	static struct asked asked[100];
	unsigned fds = 0, spares = 0;

	(void)arg;
	fixture_start(&f, fake_answer);
	for (unsigned round = 0; round < 100; round++) {
		f.ended = 0;
		for (unsigned i = 0; i < 100; i++)
			ask_udp(&f, &asked[i]);
		run_until(&f, &f.ended, 100);
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(asked[i].end, S53_EXCHANGE_ANSWERED);
		if (round == 9) {
			fds = open_fds();
			spares = f.exchanger->spare_count;
		}
	}
	assert_int_equal(open_fds(), fds);
	assert_int_equal(f.exchanger->spare_count, spares);
	assert_int_equal(only_endpoint(&f)->pool.count, 16);
	fixture_stop(&f);
}

static void
idle_sockets_are_closed_and_then_no_timer_is_armed(void **arg)
{
	struct fixture f;
	struct asked asked[3];
	unsigned fds;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, fake_answer);
	fds = open_fds();
	for (unsigned i = 0; i < 3; i++) {
		ask_udp(&f, &asked[i]);
		run_until(&f, &asked[i].ends, 1);
	}
	assert_int_equal(open_fds(), fds + 3);
	time_is(&f, 59000);
	assert_int_equal(open_fds(), fds + 3);
	time_is(&f, 61000);
	time_is(&f, 67000);
	assert_int_equal(open_fds(), fds);
	assert_int_equal(f.exchanger->wheel.count, 0);
	fixture_stop(&f);
}

static void
a_socket_retires_after_its_time_and_closes_after_its_last_response(void **arg)
{
	struct fixture f;
	struct asked slow, asked[200];
	struct s53_exchange_spec ask;
	unsigned retired = 0;

	(void)arg;
	s53_clock_test_set(50000);
	fixture_start(&f, keep_query);
	asked_init(&f, &slow);
	ask = asked_ask(&slow);
	ask.timeout_ms = 100000;
	asked_start(&slow, &ask);
	run_until(&f, &f.kept_count, 1);
	f.server.on_query = fake_answer;
	for (unsigned i = 0; i < 15; i++) { /* fill the pool */
		ask_udp(&f, &asked[i]);
		run_until(&f, &asked[i].ends, 1);
	}
	assert_int_equal(only_endpoint(&f)->pool.count, 16);
	s53_clock_test_set(81000);
	for (unsigned i = 0; i < 200; i++) {
		ask_udp(&f, &asked[i]);
		run_until(&f, &asked[i].ends, 1);
		assert_int_equal(asked[i].end, S53_EXCHANGE_ANSWERED);
	}
	assert_int_equal(only_endpoint(&f)->pool.count, 16);
	for (unsigned i = 0; i < 16; i++)
		retired += only_endpoint(&f)->pool.sockets[i]->flow.opened_ms == 81000;
	assert_int_equal(retired, 16);
	/* the one with the slow exchange is still open */
	assert_int_equal(only_endpoint(&f)->flow_count, 17);
	fake_answer(&f.kept[0]);
	run_until(&f, &slow.ends, 1);
	assert_int_equal(slow.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(only_endpoint(&f)->flow_count, 16);
	fixture_stop(&f);
}

/* The far sockets that an exchanger may open, as a new endpoint finds. */
static unsigned
sockets_of(struct fixture *f, struct s53_exchanger *exchanger, uint16_t port)
{
	struct s53_addr addr = fake_addr("192.0.2.1", port);
	struct s53_upstream *upstream = upstream_at(f, &addr);

	assert_non_null(s53_endpoint_get(exchanger, upstream));
	s53_upstream_drop(upstream);
	return exchanger->far_sockets_max;
}

static void
all_workers_together_take_no_more_than_a_share_of_the_descriptors(void **arg)
{
	struct fixture f;
	struct s53_exchanger *more[7];
	struct rlimit was, few;
	unsigned alone, together, crowded, least;

	(void)arg;
	assert_return_code(getrlimit(RLIMIT_NOFILE, &was), 0);
	fixture_start(&f, fake_answer);
	few = (struct rlimit){ .rlim_cur = 1024, .rlim_max = was.rlim_max };
	assert_return_code(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (unsigned i = 0; i < 7; i++) {
		more[i] = s53_exchanger_new(f.base, &f.counters);
		assert_non_null(more[i]);
	}
	together = sockets_of(&f, f.exchanger, 1);
	assert_int_equal(sockets_of(&f, more[6], 1), together);
	few.rlim_cur = 256;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &few), 0);
	crowded = sockets_of(&f, f.exchanger, 2);
	assert_non_null(s53_endpoint_get(f.exchanger, f.upstream));
	least = s53_endpoint_get(f.exchanger, f.upstream)->pool.cap;
	few.rlim_cur = 1024;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (unsigned i = 0; i < 7; i++)
		s53_exchanger_free(more[i]);
	alone = sockets_of(&f, f.exchanger, 3);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(alone, 256);
	assert_int_equal(together, 32);
	assert_int_equal(crowded, 8);
	assert_int_equal(least, 4);
	fixture_stop(&f);
}

static void
without_descriptors_open_sockets_are_used_again(void **arg)
{
	struct fixture f;
	struct asked asked[10];
	struct rlimit was, none;

	(void)arg;
	fixture_start(&f, fake_answer);
	ask_udp(&f, &asked[0]);
	run_until(&f, &asked[0].ends, 1);
	assert_return_code(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = was.rlim_max };
	assert_return_code(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (unsigned i = 0; i < 10; i++) {
		ask_udp(&f, &asked[i]);
		run_until(&f, &asked[i].ends, 1);
		assert_int_equal(asked[i].end, S53_EXCHANGE_ANSWERED);
	}
	assert_int_equal(only_endpoint(&f)->pool.count, 1);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &was), 0);
	fixture_stop(&f);
}

static void
without_descriptors_and_sockets_the_end_is_no_resources(void **arg)
{
	struct fixture f;
	struct asked udp, tcp;
	struct rlimit was, none;

	(void)arg;
	fixture_start(&f, fake_answer);
	assert_return_code(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = was.rlim_max };
	assert_return_code(setrlimit(RLIMIT_NOFILE, &none), 0);
	ask_udp(&f, &udp);
	ask_tcp(&f, &tcp);
	run_until(&f, &f.ended, 2);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(udp.end, S53_EXCHANGE_NO_RESOURCES);
	assert_int_equal(tcp.end, S53_EXCHANGE_NO_RESOURCES);
	assert_int_equal(s53_upstream_hedge_ms(f.upstream), 250);
	fixture_stop(&f);
}

/* Reply to the queries on the socket pair that stands for the network. */
static void
answer_pair(int fd)
{
	uint8_t message[512];
	ssize_t len;

	while ((len = recv(fd, message, sizeof(message), MSG_DONTWAIT)) > 0) {
		s53_header_set_flags(message, S53_QR);
		assert_int_equal(send(fd, message, (size_t)len, 0), len);
	}
}

static void
a_full_send_buffer_delays_queries_and_loses_none(void **arg)
{
	struct fixture f;
	static struct asked asked[120];
	struct s53_socket *sock;
	int small = 1, big = 1 << 20, pair[2];

	(void)arg;
	fixture_start(&f, fake_answer);
	ask_udp(&f, &asked[0]);
	run_until(&f, &asked[0].ends, 1);
	/* Datagrams over loopback never fill a send buffer; those of a socket pair do. */
	assert_return_code(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	(void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	only_endpoint(&f)->pool.cap = 1; /* all queries use this socket */
	sock = only_endpoint(&f)->pool.sockets[0];
	event_del(&sock->readable);
	assert_return_code(dup2(pair[0], sock->fd), 0);
	event_add(&sock->readable, NULL);
	for (unsigned i = 0; i < 120; i++)
		ask_udp(&f, &asked[i]);
	run_ready(&f);
	assert_true(sock->blocked);
	assert_in_range(counted(&f, S53_C_EXCHANGE_UDP), 2, 100);
	for (unsigned i = 0; i < 200 && f.ended < 121; i++) {
		answer_pair(pair[1]);
		run_ready(&f);
	}
	for (unsigned i = 0; i < 120; i++)
		assert_int_equal(asked[i].end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(f.ended, 121);
	assert_false(sock->blocked);
	close(pair[0]);
	close(pair[1]);
	fixture_stop(&f);
}

static void
the_configured_source_address_is_used(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_upstream_options options = { .edns = true };
	char text[S53_ADDR_TEXT];

	(void)arg;
	options.source = fake_addr("127.0.0.9", 53);
	fixture_start(&f, keep_query);
	fixture_options(&f, &options);
	ask_udp(&f, &asked);
	run_until(&f, &f.kept_count, 1);
	assert_string_equal(s53_addr_print_host(&f.kept[0].from, text), "127.0.0.9");
	assert_int_not_equal(s53_addr_port(&f.kept[0].from), 53);
	fake_answer(&f.kept[0]);
	run_until(&f, &asked.ends, 1);
	fixture_stop(&f);
}

static void
a_source_address_that_this_host_lacks_is_not_the_servers_fault(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_upstream_options options = { .edns = true };

	(void)arg;
	options.source = fake_addr("192.0.2.77", 0);
	fixture_start(&f, fake_answer);
	fixture_options(&f, &options);
	ask_udp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_NO_SOURCE);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_for_a_loopback_server_leaves_through_one_socket),
		cmocka_unit_test(ten_thousand_exchanges_need_no_more_objects_than_the_first_ones),
		cmocka_unit_test(idle_sockets_are_closed_and_then_no_timer_is_armed),
		cmocka_unit_test(
		    a_socket_retires_after_its_time_and_closes_after_its_last_response),
		cmocka_unit_test(all_workers_together_take_no_more_than_a_share_of_the_descriptors),
		cmocka_unit_test(without_descriptors_open_sockets_are_used_again),
		cmocka_unit_test(without_descriptors_and_sockets_the_end_is_no_resources),
		cmocka_unit_test(a_full_send_buffer_delays_queries_and_loses_none),
		cmocka_unit_test(the_configured_source_address_is_used),
		cmocka_unit_test(a_source_address_that_this_host_lacks_is_not_the_servers_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
