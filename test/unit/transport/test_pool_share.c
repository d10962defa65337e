/* SPDX-License-Identifier: ISC
 *
 * test_pool_share.c - the endpoints of servers that are not on loopback share their sockets.
 *
 * Skipped where namespaces are not available (off_host.h).
 */
#include "off_host.h"

#include <sys/resource.h>

static struct rlimit was;

/* So many descriptors: a quarter of them is for sockets. */
static void
limit_descriptors(rlim_t most)
{
	struct rlimit few = { .rlim_cur = most };

	assert_return_code(getrlimit(RLIMIT_NOFILE, &was), 0);
	few.rlim_max = was.rlim_max;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static void
restore_descriptors(void)
{
	assert_return_code(setrlimit(RLIMIT_NOFILE, &was), 0);
}

/* From now on queries go to the fake server as if it were the server `number`. */
static void
use_server(struct fixture *f, unsigned number)
{
	struct s53_upstream_options options = { .edns = true };

	options.edns_udp_size = (uint16_t)(1000 + number);
	fixture_options(f, &options);
}

static unsigned
sockets_of_current(const struct fixture *f)
{
	return s53_endpoint_get(f->exchanger, f->upstream)->pool.count;
}

static void
an_endpoint_gets_its_share_from_one_that_has_more(void **arg)
{
	struct fixture f;

	(void)arg;
	if (!ready)
		skip();
	limit_descriptors(128);
	fixture_start_at(&f, "192.0.2.53", record_port);
	use_server(&f, 1);
	for (unsigned i = 0; i < 100; i++)
		(void)ask_once(&f);
	assert_int_equal(sockets_of_current(&f), 32);
	use_server(&f, 2);
	for (unsigned i = 0; i < 100; i++)
		(void)ask_once(&f);
	assert_int_equal(sockets_of_current(&f), 16);
	use_server(&f, 1);
	assert_int_equal(sockets_of_current(&f), 16);
	assert_int_equal(f.exchanger->far_socket_count, 32);
	fixture_stop(&f);
	assert_int_equal(open_fds() < 32, true);
	restore_descriptors();
}

static void
a_thousand_servers_need_no_more_than_a_quarter_of_the_descriptors(void **arg)
{
	struct fixture f;

	(void)arg;
	if (!ready)
		skip();
	limit_descriptors(256);
	fixture_start_at(&f, "192.0.2.53", record_port);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 1000; i++) {
			use_server(&f, i);
			(void)ask_once(&f);
			assert_in_range(f.exchanger->far_socket_count, 1, 64);
		}
	}
	fixture_stop(&f);
	restore_descriptors();
}

static void
a_thousand_servers_at_once_need_no_more_than_half_of_the_descriptors(void **arg)
{
	struct fixture f;
	static struct asked asked[1000];
	unsigned answered = 0;

	(void)arg;
	if (!ready)
		skip();
	limit_descriptors(256);
	fixture_start_at(&f, "192.0.2.53", record_port);
	for (unsigned i = 0; i < 1000; i++) {
		use_server(&f, i);
		ask_udp(&f, &asked[i]);
		assert_in_range(f.exchanger->far_socket_count, 1, 128);
	}
	run_until(&f, &f.ended, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		answered += asked[i].end == S53_EXCHANGE_ANSWERED;
		assert_true(asked[i].end == S53_EXCHANGE_ANSWERED ||
		    asked[i].end == S53_EXCHANGE_NO_RESOURCES);
	}
	assert_int_equal(answered, 128);
	fixture_stop(&f);
	restore_descriptors();
}

static void
at_the_limit_a_spent_socket_in_use_is_used_again(void **arg)
{
	struct fixture f;
	static struct asked asked[2000];

	(void)arg;
	if (!ready)
		skip();
	limit_descriptors(128);
	fixture_start_at(&f, "192.0.2.53", record_port);
	for (unsigned i = 0; i < 2000; i++)
		ask_udp(&f, &asked[i]);
	assert_int_equal(f.exchanger->far_socket_count, 32);
	run_until(&f, &f.ended, 2000);
	for (unsigned i = 0; i < 2000; i++)
		assert_int_equal(asked[i].end, S53_EXCHANGE_ANSWERED);
	fixture_stop(&f);
	restore_descriptors();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_endpoint_gets_its_share_from_one_that_has_more),
		cmocka_unit_test(a_thousand_servers_need_no_more_than_a_quarter_of_the_descriptors),
		cmocka_unit_test(
		    a_thousand_servers_at_once_need_no_more_than_half_of_the_descriptors),
		cmocka_unit_test(at_the_limit_a_spent_socket_in_use_is_used_again),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
