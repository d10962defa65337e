/* SPDX-License-Identifier: ISC
 *
 * test_server.c - what is known of servers, and whom a group chooses.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <split53/rand.h>
#include <split53/upstream.h>

struct fixture {
	struct s53_registry *registry;
	struct s53_upstream *servers[3];
	struct s53_group *group;
	uint64_t now_ms;
};

static struct s53_upstream *
get(struct s53_registry *registry, const char *addr)
{
	struct s53_upstream_options options = { .edns = true };
	struct s53_addr parsed;

	assert_int_equal(s53_addr_parse(addr, 53, &parsed), S53_OK);
	return s53_registry_get(registry, &parsed, &options);
}

static struct fixture
fixture_new(void)
{
	struct fixture f = { .registry = s53_registry_new(), .now_ms = 1000000 };
	static const char *const addrs[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };

	s53_rand_test_seed(1);
	for (unsigned i = 0; i < 3; i++)
		f.servers[i] = get(f.registry, addrs[i]);
	f.group = s53_group_new(f.servers, 3);
	return f;
}

static void
fixture_free(struct fixture *f)
{
	s53_group_free(f->group);
	for (unsigned i = 0; i < 3; i++)
		s53_upstream_drop(f->servers[i]);
	s53_registry_free(f->registry);
}

static void
answers(struct fixture *f, unsigned server, uint32_t rtt_ms)
{
	s53_upstream_note(f->servers[server], S53_UPSTREAM_ANSWERED, rtt_ms, f->now_ms);
}

/* How many of 1,000 choices at one moment fall on each. */
static void
choose_1000(struct fixture *f, unsigned chosen[3])
{
	chosen[0] = chosen[1] = chosen[2] = 0;
	for (unsigned i = 0; i < 1000; i++)
		chosen[s53_group_choose(f->group, 0, f->now_ms)]++;
}

static void
the_registry_gives_the_same_server_for_the_same_address_and_options(void **arg)
{
	struct s53_registry *registry = s53_registry_new();
	struct s53_upstream *a = get(registry, "192.0.2.1");
	struct s53_upstream *again = get(registry, "192.0.2.1");
	struct s53_upstream *b = get(registry, "192.0.2.2");
	struct s53_upstream_options options = { .edns = true, .tcp_only = true };
	struct s53_upstream *tcp = s53_registry_get(registry, s53_upstream_addr(a), &options);

	(void)arg;
	assert_ptr_equal(a, again);
	assert_ptr_not_equal(a, b);
	assert_ptr_not_equal(a, tcp);
	assert_true(s53_upstream_options(tcp)->tcp_only);
	s53_registry_free(registry); /* those still held outlive it */
	assert_int_equal(s53_addr_port(s53_upstream_addr(a)), 53);
	s53_upstream_drop(a);
	s53_upstream_drop(again);
	s53_upstream_drop(b);
	s53_upstream_drop(tcp);
}

static void
health_is_kept_while_anybody_holds_the_server(void **arg)
{
	struct s53_registry *registry = s53_registry_new();
	struct s53_upstream *old = get(registry, "192.0.2.1");
	struct s53_upstream *new;

	(void)arg;
	s53_upstream_note(old, S53_UPSTREAM_ANSWERED, 40, 1000);
	assert_int_equal(s53_upstream_late_ms(old), 40 + 4 * 20);
	new = get(registry, "192.0.2.1"); /* a reload builds the new group first */
	s53_upstream_drop(old);
	assert_int_equal(s53_upstream_late_ms(new), 40 + 4 * 20);
	s53_upstream_drop(new);
	new = get(registry, "192.0.2.1");
	assert_int_equal(s53_upstream_late_ms(new), 250);
	s53_upstream_drop(new);
	s53_registry_free(registry);
}

static void
the_edns_size_is_small_off_host_and_large_on_loopback_unless_configured(void **arg)
{
	struct s53_registry *registry = s53_registry_new();
	struct s53_upstream *off = get(registry, "192.0.2.1"), *on = get(registry, "127.0.0.1");
	struct s53_upstream_options options = { .edns_udp_size = 4096 };
	struct s53_upstream *set = s53_registry_get(registry, s53_upstream_addr(off), &options);

	(void)arg;
	assert_int_equal(s53_upstream_options(off)->edns_udp_size, 1232);
	assert_int_equal(s53_upstream_options(on)->edns_udp_size, 65535);
	assert_int_equal(s53_upstream_options(set)->edns_udp_size, 4096);
	s53_upstream_drop(off);
	s53_upstream_drop(on);
	s53_upstream_drop(set);
	s53_registry_free(registry);
}

static void
late_follows_the_round_trip_time_between_20_and_250_ms(void **arg)
{
	struct fixture f = fixture_new();

	(void)arg;
	assert_int_equal(s53_upstream_late_ms(f.servers[0]), 250);
	for (unsigned i = 0; i < 100; i++) {
		answers(&f, 0, 0);
		answers(&f, 1, 60);
		answers(&f, 2, 2000);
	}
	assert_int_equal(s53_upstream_late_ms(f.servers[0]), 20);
	assert_in_range(s53_upstream_late_ms(f.servers[1]), 55, 75);
	assert_int_equal(s53_upstream_late_ms(f.servers[2]), 250);
	fixture_free(&f);
}

static void
each_unknown_server_is_asked_once_in_the_lists_order_then_the_first(void **arg)
{
	struct fixture f = fixture_new();

	(void)arg;
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 1);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 2);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	fixture_free(&f);
}

static void
the_quickest_server_is_chosen(void **arg)
{
	struct fixture f = fixture_new();
	unsigned chosen[3];

	(void)arg;
	answers(&f, 0, 30);
	answers(&f, 1, 5);
	answers(&f, 2, 15);
	choose_1000(&f, chosen);
	assert_int_equal(chosen[1], 1000);
	assert_int_equal(s53_group_choose(f.group, 1u << 1, f.now_ms), 2);
	assert_int_equal(s53_group_choose(f.group, 1u << 1 | 1u << 2, f.now_ms), 0);
	assert_int_equal(s53_group_choose(f.group, 7, f.now_ms), -1);
	fixture_free(&f);
}

static void
a_server_in_trouble_comes_last_but_is_not_left_out(void **arg)
{
	struct fixture f = fixture_new();
	unsigned chosen[3];

	(void)arg;
	answers(&f, 0, 1);
	answers(&f, 1, 90);
	answers(&f, 2, 95);
	s53_upstream_note(f.servers[0], S53_UPSTREAM_TIMEOUT, 0, f.now_ms);
	choose_1000(&f, chosen);
	assert_int_equal(chosen[0], 0);
	assert_int_equal(chosen[1], 1000);
	assert_int_equal(s53_group_choose(f.group, 1u << 1 | 1u << 2, f.now_ms), 0);
	fixture_free(&f);
}

static void
being_late_once_is_no_trouble_and_twice_in_a_row_is(void **arg)
{
	struct fixture f = fixture_new();

	(void)arg;
	for (unsigned i = 0; i < 3; i++)
		answers(&f, i, 1 + i * 10);
	s53_upstream_note(f.servers[0], S53_UPSTREAM_LATE, 60, f.now_ms);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	answers(&f, 0, 1);
	s53_upstream_note(f.servers[0], S53_UPSTREAM_LATE, 60, f.now_ms);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	s53_upstream_note(f.servers[0], S53_UPSTREAM_LATE, 60, f.now_ms);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 1);
	fixture_free(&f);
}

static void
after_a_second_in_trouble_one_query_tries_and_its_answer_ends_the_trouble(void **arg)
{
	struct fixture f = fixture_new();
	unsigned chosen[3];

	(void)arg;
	for (unsigned i = 0; i < 3; i++)
		answers(&f, i, 1 + i * 10);
	s53_upstream_note(f.servers[0], S53_UPSTREAM_UNREACHABLE, 0, f.now_ms);
	f.now_ms += 999;
	choose_1000(&f, chosen);
	assert_int_equal(chosen[0], 0);
	f.now_ms += 1;
	choose_1000(&f, chosen);
	assert_int_equal(chosen[0], 1);
	assert_int_equal(chosen[1], 999);
	s53_upstream_note(f.servers[0], S53_UPSTREAM_TIMEOUT, 0, f.now_ms + 500);
	f.now_ms += 1000; /* it failed again: one a second */
	choose_1000(&f, chosen);
	assert_int_equal(chosen[0], 1);
	answers(&f, 0, 1);
	choose_1000(&f, chosen);
	assert_int_equal(chosen[0], 1000);
	fixture_free(&f);
}

static void
with_little_traffic_few_queries_go_to_a_dead_server(void **arg)
{
	struct fixture f = fixture_new();
	unsigned chosen[3] = { 0 };

	(void)arg;
	answers(&f, 0, 10);
	answers(&f, 1, 20);
	answers(&f, 2, 20);
	s53_upstream_note(f.servers[0], S53_UPSTREAM_TIMEOUT, 0, f.now_ms);
	for (unsigned i = 0; i < 1000; i++) {
		int server;

		f.now_ms += 2000;
		server = s53_group_choose(f.group, 0, f.now_ms);
		chosen[server]++;
		if (server == 0)
			s53_upstream_note(f.servers[0], S53_UPSTREAM_TIMEOUT, 0, f.now_ms);
		else
			answers(&f, (unsigned)server, 20);
	}
	assert_in_range(chosen[0], 20, 125);
	fixture_free(&f);
}

static void
a_server_whose_answers_lead_elsewhere_loses_to_a_slower_one_that_answers(void **arg)
{
	struct fixture f = fixture_new();

	(void)arg;
	answers(&f, 2, 200);
	for (unsigned i = 0; i < 30; i++) {
		answers(&f, 0, 5);
		s53_upstream_note(f.servers[0], S53_UPSTREAM_FAILED, 0, f.now_ms);
		answers(&f, 1, 40);
	}
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 1);
	for (unsigned i = 0; i < 40; i++)
		answers(&f, 0, 5);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	fixture_free(&f);
}

static void
the_only_server_is_always_chosen(void **arg)
{
	struct fixture f = fixture_new();
	struct s53_group *one = s53_group_new(f.servers, 1), *none = s53_group_new(NULL, 0);

	(void)arg;
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(s53_group_choose(one, 0, f.now_ms), 0);
		s53_upstream_note(f.servers[0], S53_UPSTREAM_TIMEOUT, 0, f.now_ms);
	}
	assert_int_equal(s53_group_choose(one, 1, f.now_ms), -1);
	assert_int_equal(s53_group_choose(none, 0, f.now_ms), -1);
	assert_int_equal(s53_group_size(none), 0);
	assert_ptr_equal(s53_group_server(one, 0), f.servers[0]);
	s53_group_free(one);
	s53_group_free(none);
	fixture_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_registry_gives_the_same_server_for_the_same_address_and_options),
		cmocka_unit_test(health_is_kept_while_anybody_holds_the_server),
		cmocka_unit_test(
		    the_edns_size_is_small_off_host_and_large_on_loopback_unless_configured),
		cmocka_unit_test(late_follows_the_round_trip_time_between_20_and_250_ms),
		cmocka_unit_test(
		    each_unknown_server_is_asked_once_in_the_lists_order_then_the_first),
		cmocka_unit_test(the_quickest_server_is_chosen),
		cmocka_unit_test(a_server_in_trouble_comes_last_but_is_not_left_out),
		cmocka_unit_test(being_late_once_is_no_trouble_and_twice_in_a_row_is),
		cmocka_unit_test(
		    after_a_second_in_trouble_one_query_tries_and_its_answer_ends_the_trouble),
		cmocka_unit_test(with_little_traffic_few_queries_go_to_a_dead_server),
		cmocka_unit_test(
		    a_server_whose_answers_lead_elsewhere_loses_to_a_slower_one_that_answers),
		cmocka_unit_test(the_only_server_is_always_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
