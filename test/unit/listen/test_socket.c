/* SPDX-License-Identifier: ISC
 *
 * test_socket.c - sockets for the addresses that clients send queries to (s53_socket_open,
 * s53_socket_probe).
 */
#include <fcntl.h>
#include <netinet/tcp.h>

#include "fixture.h"

static int
option_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void
a_socket_is_non_blocking_and_not_inherited(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	for (int kind = S53_UDP; kind <= S53_TCP; kind++) {
		int fd = open_socket(&f, LOOPBACK, (enum s53_transport)kind);

		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	}
}

static void
each_worker_gets_a_socket_of_its_own_for_one_address(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	for (int kind = S53_UDP; kind <= S53_TCP; kind++) {
		int first = open_socket(&f, LOOPBACK, (enum s53_transport)kind);
		int second = -1;

		assert_int_equal(
		    s53_socket_open(&f.addr, (enum s53_transport)kind, 10, &second), S53_OK);
		assert_true(second >= 0 && second != first);
		close(first);
		close(second);
	}
}

static void
the_check_of_a_port_finds_a_socket_even_where_the_port_could_be_shared(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	for (int kind = S53_UDP; kind <= S53_TCP; kind++) {
		int fd = open_socket(&f, LOOPBACK, (enum s53_transport)kind);

		errno = 0;
		assert_int_equal(s53_socket_probe(&f.addr, (enum s53_transport)kind), S53_E_IO);
		assert_int_equal(errno, EADDRINUSE);
		close(fd);
		assert_int_equal(s53_socket_probe(&f.addr, (enum s53_transport)kind), S53_OK);
	}
}

static void
an_address_that_this_host_lacks_is_rejected_with_the_reason(void **state)
{
	struct s53_addr addr = parse_addr("192.0.2.1", 0);
	int fd = -7;

	(void)state;
	errno = 0;
	assert_int_equal(s53_socket_open(&addr, S53_UDP, 0, &fd), S53_E_IO);
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_int_equal(fd, -7);
}

static void
only_a_wildcard_socket_requests_packet_information(void **state)
{
	struct fixture f = { 0 };
	int fd;

	(void)state;
	fd = open_socket(&f, "0.0.0.0", S53_UDP);
	assert_int_equal(option_of(fd, IPPROTO_IP, IP_PKTINFO), 1);
	close(fd);
	fd = open_socket(&f, LOOPBACK, S53_UDP);
	assert_int_equal(option_of(fd, IPPROTO_IP, IP_PKTINFO), 0);
	close(fd);
	if (!has_ipv6())
		return;
	fd = open_socket(&f, "::", S53_UDP);
	assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
	close(fd);
}

static void
the_wildcards_of_both_families_share_a_port(void **state)
{
	struct fixture f = { 0 };
	struct s53_addr four;
	int six, fd = -1;

	(void)state;
	if (!has_ipv6())
		skip();
	six = open_socket(&f, "::", S53_TCP);
	four = parse_addr("0.0.0.0", s53_addr_port(&f.addr));
	assert_int_equal(option_of(six, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	assert_int_equal(s53_socket_open(&four, S53_TCP, 10, &fd), S53_OK);
	close(fd);
	close(six);
}

static void
icmp_cannot_change_the_size_of_our_datagrams(void **state)
{
	struct fixture f = { 0 };
	int fd = open_socket(&f, LOOPBACK, S53_UDP);

	(void)state;
	assert_int_equal(option_of(fd, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_OMIT);
	close(fd);
}

static void
accepted_connections_send_without_delay(void **state)
{
	struct fixture f = { 0 };
	int fd = open_socket(&f, LOOPBACK, S53_TCP);
	int client = connect_to(&f.addr, SOCK_STREAM);
	int accepted = accept(fd, NULL, NULL);

	(void)state;
	assert_true(accepted >= 0);
	assert_int_equal(option_of(accepted, IPPROTO_TCP, TCP_NODELAY), 1);
	close(accepted);
	close(client);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_is_non_blocking_and_not_inherited),
		cmocka_unit_test(each_worker_gets_a_socket_of_its_own_for_one_address),
		cmocka_unit_test(
		    the_check_of_a_port_finds_a_socket_even_where_the_port_could_be_shared),
		cmocka_unit_test(an_address_that_this_host_lacks_is_rejected_with_the_reason),
		cmocka_unit_test(only_a_wildcard_socket_requests_packet_information),
		cmocka_unit_test(the_wildcards_of_both_families_share_a_port),
		cmocka_unit_test(icmp_cannot_change_the_size_of_our_datagrams),
		cmocka_unit_test(accepted_connections_send_without_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
