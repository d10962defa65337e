/* SPDX-License-Identifier: ISC
 *
 * test_pool.c - source ports of queries to a server that is not on loopback.
 *
 * In a network namespace of the test's own, 192.0.2.53 is an address of this host: nothing that is
 * sent there leaves the host, but split53 does not know that. Skipped where namespaces are not
 * available.
 */
#include "exchange_fixture.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

static bool ready;

/* Configure an interface by ioctl: no other program is needed. */
static bool
interface_up(const char *name, const char *host)
{
	struct ifreq request = { 0 };
	struct s53_addr addr = fake_addr(host, 0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool good;

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	memcpy(&request.ifr_addr, &addr.in, sizeof(addr.in));
	good = ioctl(fd, SIOCSIFADDR, &request) == 0;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	good = ioctl(fd, SIOCSIFFLAGS, &request) == 0 && good;
	close(fd);
	return good;
}

static int
enter_namespace(void **arg)
{
	(void)arg;
	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return 0;
	ready = interface_up("lo", "127.0.0.1") && interface_up("lo:1", "192.0.2.53");
	return 0;
}

static uint16_t ports[1024];
static unsigned port_count;

static void
record_port(struct fake_query *query)
{
	assert_true(port_count < 1024);
	ports[port_count++] = s53_addr_port(&query->from);
	fake_answer(query);
}

static unsigned
distinct_ports(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < port_count; i++) {
		bool seen = false;

		for (unsigned k = 0; k < i; k++)
			seen = seen || ports[k] == ports[i];
		count += !seen;
	}
	return count;
}

static struct s53_pool *
only_pool(const struct fixture *f)
{
	for (unsigned i = 0; i < S53_ENDPOINT_BUCKETS; i++) {
		if (!s53_list_empty(&f->exchanger->endpoints[i]))
			return &S53_CONTAINER_OF(
			    f->exchanger->endpoints[i].next, struct s53_endpoint, link)
				    ->pool;
	}
	fail_msg("no endpoint");
	return NULL;
}

static void
three_hundred_queries_come_from_more_than_64_ports(void **arg)
{
	struct fixture f;
	static struct asked asked[300];
	unsigned fds, neighbours = 0;

	(void)arg;
	if (!ready)
		skip();
	port_count = 0;
	fixture_start_at(&f, "192.0.2.53", record_port);
	fds = open_fds();
	for (unsigned i = 0; i < 300; i++) {
		ask_udp(&f, &asked[i]);
		run_until(&f, &asked[i].ends, 1);
		assert_int_equal(asked[i].end, S53_EXCHANGE_ANSWERED);
	}
	print_message("%u ports over 300 questions\n", distinct_ports());
	assert_in_range(distinct_ports(), 64, 300);
	for (unsigned i = 1; i < port_count; i++)
		neighbours += abs(ports[i] - ports[i - 1]) <= 2;
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
	port_count = 0;
	fixture_start_at(&f, "192.0.2.53", record_port);
	for (unsigned i = 0; i < 300; i++)
		ask_udp(&f, &asked[i]);
	run_until(&f, &f.ended, 300);
	assert_in_range(distinct_ports(), 64, 300);
	fixture_stop(&f);
}

static void
a_socket_retires_after_a_thousand_queries(void **arg)
{
	struct fixture f;
	struct asked asked;
	struct s53_pool *pool;

	(void)arg;
	if (!ready)
		skip();
	port_count = 0;
	fixture_start_at(&f, "192.0.2.53", fake_answer);
	ask_udp(&f, &asked);
	run_until(&f, &asked.ends, 1);
	pool = only_pool(&f);
	pool->cap = 1;
	f.server.on_query = record_port;
	for (unsigned i = 0; i < 1005; i++) {
		ask_udp(&f, &asked);
		run_until(&f, &asked.ends, 1);
	}
	assert_int_equal(distinct_ports(), 2);
	assert_int_equal(ports[0], ports[998]);
	assert_int_not_equal(ports[998], ports[999]);
	assert_int_equal(pool->count, 1);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_hundred_queries_come_from_more_than_64_ports),
		cmocka_unit_test(a_burst_spreads_over_the_ports_too),
		cmocka_unit_test(a_socket_retires_after_a_thousand_queries),
		cmocka_unit_test(a_server_without_a_route_is_unreachable_at_once_over_udp_and_tcp),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
