/* SPDX-License-Identifier: ISC
 *
 * test_pool.c - source ports of queries to a server that is not on loopback.
 *
 * Skipped where namespaces are not available (off_host.h).
 */
#include "off_host.h"

#include <fcntl.h>

static void
three_hundred_queries_come_from_more_than_64_ports(void **arg)
{
	struct fixture f;
	unsigned fds, neighbours = 0;

	(void)arg;
	if (!ready)
		skip();
	forget_ports();
	fixture_start_at(&f, "192.0.2.53", record_port);
	fds = open_fds();
	for (unsigned i = 0, last = 0; i < 300; i++) {
		unsigned port = ask_once(&f);

		neighbours += abs((int)port - (int)last) <= 2;
		last = port;
	}
	print_message("%u ports over 300 questions\n", distinct_ports());
	assert_in_range(distinct_ports(), 64, 300);
	assert_true(neighbours < 10); /* ports do not count up */
	assert_in_range(open_fds() - fds, 64, 256);
	fixture_stop(&f);
	assert_in_range(open_fds(), 0, fds);
}

static void
a_burst_spreads_over_the_ports_too(void **arg)
{
	struct fixture f;
	static struct asked asked[300];

	(void)arg;
	if (!ready)
		skip();
	forget_ports();
	fixture_start_at(&f, "192.0.2.53", record_port);
	for (unsigned i = 0; i < 300; i++)
		ask_udp(&f, &asked[i]);
	run_until(&f, &f.ended, 300);
	assert_in_range(distinct_ports(), 64, 300);
	fixture_stop(&f);
}

static void
twenty_thousand_queries_come_from_two_thousand_ports(const char *host, unsigned cap)
{
	struct fixture f;

	forget_ports();
	fixture_start_at(&f, host, record_port);
	ask_once(&f);
	only_endpoint(&f)->pool.cap = cap;
	for (unsigned i = 1; i < 20000; i++)
		ask_once(&f);
	print_message("%u ports, one for %u questions\n", distinct_ports(), most_uses());
	assert_in_range(distinct_ports(), 2000, 20000);
	assert_in_range(most_uses(), 1, 32);
	assert_in_range(only_endpoint(&f)->flow_count, 1, cap);
	fixture_stop(&f);
}

static void
no_port_has_more_than_32_of_20000_queries(void **arg)
{
	(void)arg;
	if (!ready)
		skip();
	twenty_thousand_queries_come_from_two_thousand_ports("192.0.2.53", 256);
}

static void
with_a_single_socket_no_port_has_more_than_32_queries_either(void **arg)
{
	(void)arg;
	if (!ready)
		skip();
	twenty_thousand_queries_come_from_two_thousand_ports("192.0.2.53", 1);
}

static void
ports_over_ipv6_change_as_often(void **arg)
{
	(void)arg;
	if (!ready6)
		skip();
	twenty_thousand_queries_come_from_two_thousand_ports("2001:db8::53", 1);
}

/* An endpoint with one socket, used `uses` times. */
static struct s53_socket *
one_socket(struct fixture *f, unsigned uses)
{
	forget_ports();
	fixture_start_at(f, "192.0.2.53", record_port);
	ask_once(f);
	only_endpoint(f)->pool.cap = 1;
	while (only_endpoint(f)->pool.sockets[0]->uses < uses)
		ask_once(f);
	return only_endpoint(f)->pool.sockets[0];
}

static void
a_socket_gets_another_port_after_eight_queries_and_keeps_its_source_address(void **arg)
{
	struct fixture f;
	struct s53_upstream_options options = { .edns = true };
	uint16_t first, port;
	int fd;

	(void)arg;
	if (!ready)
		skip();
	forget_ports();
	options.source = fake_addr("127.0.0.9", 0);
	fixture_start_at(&f, "192.0.2.53", record_port);
	fixture_options(&f, &options);
	first = ask_once(&f);
	only_endpoint(&f)->pool.cap = 1;
	fd = only_endpoint(&f)->pool.sockets[0]->fd;
	for (unsigned i = 1; i < 8; i++)
		assert_int_equal(ask_once(&f), first);
	port = ask_once(&f);
	assert_int_not_equal(port, first);
	assert_int_equal(only_endpoint(&f)->pool.sockets[0]->fd, fd);
	assert_int_equal(s53_addr_port(&options.source), 0);
	s53_addr_set_port(&options.source, port);
	assert_true(s53_addr_equal(&last_from, &options.source));
	fixture_stop(&f);
}

static void
a_socket_with_a_query_in_flight_keeps_its_port_until_it_retires(void **arg)
{
	struct fixture f;
	struct asked slow;
	struct s53_socket *sock;
	uint16_t port;

	(void)arg;
	if (!ready)
		skip();
	sock = one_socket(&f, 7);
	port = s53_addr_port(&last_from);
	f.server.on_query = keep_query;
	ask_udp(&f, &slow);
	run_until(&f, &f.kept_count, 1);
	f.server.on_query = record_port;
	for (unsigned i = 8; i < 16; i++)
		assert_int_equal(ask_once(&f), port);
	assert_int_not_equal(ask_once(&f), port);
	assert_int_equal(only_endpoint(&f)->pool.count, 1);
	assert_int_equal(only_endpoint(&f)->flow_count, 2);
	assert_true(sock->flow.retired);
	fake_answer(&f.kept[0]);
	run_until(&f, &slow.ends, 1);
	assert_int_equal(slow.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(only_endpoint(&f)->flow_count, 1);
	fixture_stop(&f);
}

static void
a_response_to_the_old_port_is_not_accepted_on_the_new_one(void **arg)
{
	struct fixture f;
	struct s53_socket *sock;
	struct s53_addr to;
	uint16_t port;

	(void)arg;
	if (!ready)
		skip();
	sock = one_socket(&f, 8);
	port = s53_addr_port(&last_from);
	to = last_from;
	assert_int_equal(sendto(f.server.udp, "stray", 5, 0, &to.sa, s53_addr_len(&to)), 5);
	assert_false(s53_udp_socket_is_quiet(sock));
	assert_int_equal(ask_once(&f), port);
	assert_int_not_equal(ask_once(&f), port);
	fixture_stop(&f);
}

static struct asked next;

static void
ask_next(struct asked *asked)
{
	ask_udp(asked->fixture, &next);
}

static void
a_port_does_not_change_while_its_messages_are_processed(void **arg)
{
	struct fixture f;
	struct asked asked;
	uint16_t port;

	(void)arg;
	if (!ready)
		skip();
	(void)one_socket(&f, 7);
	port = s53_addr_port(&last_from);
	ask_udp(&f, &asked);
	asked.on_done = ask_next;
	run_until(&f, &f.ended, 9);
	assert_int_equal(next.end, S53_EXCHANGE_ANSWERED);
	assert_int_equal(s53_addr_port(&last_from), port);
	assert_int_not_equal(ask_once(&f), port);
	fixture_stop(&f);
}

static void
the_pool_grows_when_its_sockets_are_spent_and_in_use(void **arg)
{
	struct fixture f;
	static struct asked asked[4000];
	struct s53_pool *pool;

	(void)arg;
	if (!ready)
		skip();
	fixture_start_at(&f, "192.0.2.53", record_port);
	for (unsigned i = 0; i < 4000; i++) {
		ask_udp(&f, &asked[i]);
		pool = &only_endpoint(&f)->pool;
		if (i == 999)
			assert_int_equal(pool->count, 256);
	}
	assert_in_range(pool->count, 400, 1536);
	for (unsigned i = 0; i < pool->count; i++)
		assert_in_range(pool->sockets[i]->uses, 1, 16);
	for (unsigned i = 0; i < 4000; i++)
		asked_cancel(&asked[i]);
	fixture_stop(&f);
}

static void
a_route_that_is_gone_is_found_when_the_port_changes(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	if (!ready)
		skip();
	(void)one_socket(&f, 8);
	assert_true(interface_up("lo:1", "198.51.100.1"));
	ask_udp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	assert_true(interface_up("lo:1", "192.0.2.53"));
	assert_int_equal(asked.end, S53_EXCHANGE_UNREACHABLE);
	assert_int_equal(only_endpoint(&f)->pool.count, 0);
	(void)ask_once(&f);
	fixture_stop(&f);
}

static void
a_server_without_a_route_is_unreachable_at_once_over_udp_and_tcp(void **arg)
{
	struct fixture f;
	struct asked udp, tcp;
	struct s53_addr nowhere;

	(void)arg;
	if (!ready)
		skip();
	fixture_start_at(&f, "192.0.2.53", fake_answer);
	nowhere = fake_addr("203.0.113.1", 53);
	s53_upstream_drop(f.upstream);
	f.upstream = upstream_at(&f, &nowhere);
	ask_udp(&f, &udp);
	ask_tcp(&f, &tcp);
	run_until(&f, &f.ended, 2);
	assert_int_equal(udp.end, S53_EXCHANGE_UNREACHABLE);
	assert_int_equal(tcp.end, S53_EXCHANGE_UNREACHABLE);
	assert_int_equal(counted(&f, S53_C_EXCHANGE_UNREACHABLE), 2);
	assert_int_equal(observation_count, 2);
	assert_observed(0, S53_OBSERVED_UNREACHABLE, S53_OVER_UDP, 0);
	assert_observed(1, S53_OBSERVED_UNREACHABLE, S53_OVER_TCP, 0);
	fixture_stop(&f);
}

static bool
ipv6_is_off(const char *off)
{
	int fd = open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, off, 1) == 1;

	if (fd >= 0)
		close(fd);
	return done;
}

/* connect() fails with EADDRNOTAVAIL there, as it does for want of a port. */
static void
a_server_over_ipv6_is_unreachable_from_a_host_without_ipv6(void **arg)
{
	struct fixture f;
	struct asked udp, tcp;
	struct s53_addr nowhere;

	(void)arg;
	if (!ready || !ipv6_is_off("1"))
		skip();
	observation_count = 0;
	fixture_start_at(&f, "192.0.2.53", fake_answer);
	nowhere = fake_addr("2001:db8::1", 53);
	s53_upstream_drop(f.upstream);
	f.upstream = upstream_at(&f, &nowhere);
	ask_udp(&f, &udp);
	ask_tcp(&f, &tcp);
	run_until(&f, &f.ended, 2);
	assert_true(ipv6_is_off("0"));
	assert_int_equal(udp.end, S53_EXCHANGE_UNREACHABLE);
	assert_int_equal(tcp.end, S53_EXCHANGE_UNREACHABLE);
	assert_int_equal(observation_count, 2);
	assert_observed(0, S53_OBSERVED_UNREACHABLE, S53_OVER_UDP, 0);
	assert_observed(1, S53_OBSERVED_UNREACHABLE, S53_OVER_TCP, 0);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_hundred_queries_come_from_more_than_64_ports),
		cmocka_unit_test(a_burst_spreads_over_the_ports_too),
		cmocka_unit_test(no_port_has_more_than_32_of_20000_queries),
		cmocka_unit_test(with_a_single_socket_no_port_has_more_than_32_queries_either),
		cmocka_unit_test(ports_over_ipv6_change_as_often),
		cmocka_unit_test(
		    a_socket_gets_another_port_after_eight_queries_and_keeps_its_source_address),
		cmocka_unit_test(a_socket_with_a_query_in_flight_keeps_its_port_until_it_retires),
		cmocka_unit_test(a_response_to_the_old_port_is_not_accepted_on_the_new_one),
		cmocka_unit_test(a_port_does_not_change_while_its_messages_are_processed),
		cmocka_unit_test(the_pool_grows_when_its_sockets_are_spent_and_in_use),
		cmocka_unit_test(a_route_that_is_gone_is_found_when_the_port_changes),
		cmocka_unit_test(a_server_without_a_route_is_unreachable_at_once_over_udp_and_tcp),
		cmocka_unit_test(a_server_over_ipv6_is_unreachable_from_a_host_without_ipv6),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
