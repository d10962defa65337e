/* SPDX-License-Identifier: ISC
 *
 * test_admin.c - servers that the operator sets up or down.
 */
#include "group_fixture.h"

#include <stdio.h>
#include <string.h>

#define NEVER UINT64_MAX

static struct s53_addr
addr_of(const char *text)
{
	struct s53_addr addr;

	assert_int_equal(s53_addr_parse_port(text, 53, &addr), S53_OK);
	return addr;
}

static int
set(struct fixture *f, const char *text, enum s53_admin admin)
{
	struct s53_addr addr = addr_of(text);

	return s53_registry_set_admin(f->registry, &addr, strchr(text, '#') == NULL, admin);
}

static enum s53_admin
admin_of_new(struct fixture *f, const char *text, bool edns)
{
	struct s53_upstream_options options = { .edns = edns };
	struct s53_addr addr = addr_of(text);
	struct s53_upstream *server = s53_registry_get(f->registry, &addr, &options);
	enum s53_admin admin = s53_upstream_admin(server);

	s53_upstream_drop(server);
	return admin;
}

static void
a_server_that_is_set_down_is_never_chosen_nor_explored(void **arg)
{
	(void)arg;
	for (unsigned policy = S53_FORWARDERS_FASTEST; policy <= S53_FORWARDERS_RACE; policy++) {
		struct fixture f = fixture_of(policy);

		all_answer(&f, 5, 10, 20);
		assert_int_equal(set(&f, "192.0.2.1", S53_ADMIN_DOWN), 1);
		for (unsigned i = 0; i < 50; i++) {
			f.now_ms += 100;
			assert_int_not_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
			assert_int_not_equal(s53_group_explore(f.group, 1, f.now_ms), 0);
		}
		assert_int_equal(s53_group_choose(f.group, 6, f.now_ms), S53_CHOSEN_NONE);
		assert_false(s53_group_races(f.group, 6));
		fixture_free(&f);
	}
}

/* Where all are down each of them is explored but this one. */
static void
a_server_that_is_set_down_is_not_explored_among_dead_ones(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	set(&f, "192.0.2.1", S53_ADMIN_DOWN);
	becomes(&f, 1, S53_HEALTH_DOWN);
	becomes(&f, 2, S53_HEALTH_DOWN);
	f.now_ms += 1000;
	assert_int_equal(explored(&f, 1), 4);
	fixture_free(&f);
}

static void
a_group_whose_servers_are_all_set_down_is_dead(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_FASTEST);

	(void)arg;
	for (unsigned i = 1; i <= SERVERS; i++) {
		char text[16];

		assert_int_equal(s53_group_condition(f.group), S53_GROUP_ALIVE);
		snprintf(text, sizeof(text), "192.0.2.%u", i);
		set(&f, text, S53_ADMIN_DOWN);
	}
	assert_int_equal(s53_group_condition(f.group), S53_GROUP_DEAD);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), S53_CHOSEN_NONE);
	set(&f, "192.0.2.2", S53_ADMIN_AUTO);
	assert_int_equal(s53_group_condition(f.group), S53_GROUP_ALIVE);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 1);
	fixture_free(&f);
}

static void
what_is_set_up_stays_up_and_its_health_is_known_afterwards(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_ORDERED);
	struct s53_upstream_report report;

	(void)arg;
	set(&f, "192.0.2.1#53", S53_ADMIN_UP);
	observe(&f, 0, S53_OBSERVED_REFUSED, 0);
	assert_int_equal(s53_upstream_state(f.servers[0]), S53_HEALTH_UP);
	assert_int_equal(s53_group_choose(f.group, 0, f.now_ms), 0);
	s53_upstream_report(f.servers[0], &report, f.now_ms);
	assert_int_equal(report.admin, S53_ADMIN_UP);
	assert_int_equal(report.path[S53_OVER_UDP].state, S53_HEALTH_DOWN);
	set(&f, "192.0.2.1#53", S53_ADMIN_AUTO);
	assert_int_equal(s53_upstream_state(f.servers[0]), S53_HEALTH_DOWN);
	fixture_free(&f);
}

static void
what_is_set_down_is_not_probed_and_soon_is_when_that_ends(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_ORDERED);

	(void)arg;
	observe(&f, 0, S53_OBSERVED_REFUSED, 0);
	assert_int_not_equal(s53_probe_due_ms(f.servers[0]), NEVER);
	set(&f, "192.0.2.1", S53_ADMIN_DOWN);
	assert_int_equal(s53_probe_due_ms(f.servers[0]), NEVER);
	observe(&f, 0, S53_OBSERVED_TIMEOUT, 5000); /* of a query that was under way */
	assert_int_equal(s53_probe_due_ms(f.servers[0]), NEVER);
	set(&f, "192.0.2.1", S53_ADMIN_AUTO);
	assert_int_not_equal(s53_probe_due_ms(f.servers[0]), NEVER);
	fixture_free(&f);
}

static void
it_stays_with_the_address_when_servers_come_and_go(void **arg)
{
	struct fixture f = fixture_of(S53_FORWARDERS_ORDERED);

	(void)arg;
	assert_int_equal(set(&f, "192.0.2.99", S53_ADMIN_DOWN), 0);
	assert_int_equal(admin_of_new(&f, "192.0.2.99", true), S53_ADMIN_AUTO);
	set(&f, "192.0.2.1", S53_ADMIN_DOWN);
	assert_int_equal(admin_of_new(&f, "192.0.2.1", false), S53_ADMIN_DOWN);
	assert_int_equal(admin_of_new(&f, "192.0.2.1#8600", true), S53_ADMIN_DOWN);
	set(&f, "192.0.2.1#53", S53_ADMIN_AUTO); /* an exception */
	assert_int_equal(admin_of_new(&f, "192.0.2.1#53", false), S53_ADMIN_AUTO);
	assert_int_equal(admin_of_new(&f, "192.0.2.1#8600", true), S53_ADMIN_DOWN);
	set(&f, "192.0.2.1", S53_ADMIN_AUTO);
	assert_int_equal(admin_of_new(&f, "192.0.2.1#8600", true), S53_ADMIN_AUTO);
	fixture_free(&f);
}

static void
failures_are_counted_by_cause(void **arg)
{
	static const enum s53_observed events[] = { S53_OBSERVED_TIMEOUT, S53_OBSERVED_GARBLED,
		S53_OBSERVED_REFUSED, S53_OBSERVED_UNREACHABLE, S53_OBSERVED_FAILED,
		S53_OBSERVED_LOOP };
	struct fixture f = fixture_of(S53_FORWARDERS_ORDERED);
	struct s53_upstream_report report;

	(void)arg;
	answers(&f, 0, 5);
	observe(&f, 0, S53_OBSERVED_OVERDUE, 100);
	for (unsigned i = 0; i < S53_FAILURES; i++)
		for (unsigned times = 0; times <= i; times++)
			observe(&f, 0, events[i], 5000);
	s53_upstream_report(f.servers[0], &report, f.now_ms);
	for (unsigned i = 0; i < S53_FAILURES; i++)
		assert_int_equal(report.failures[i], i + 1);
	assert_int_equal(report.asked, 2 + 21);
	fixture_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_is_set_down_is_never_chosen_nor_explored),
		cmocka_unit_test(a_server_that_is_set_down_is_not_explored_among_dead_ones),
		cmocka_unit_test(a_group_whose_servers_are_all_set_down_is_dead),
		cmocka_unit_test(what_is_set_up_stays_up_and_its_health_is_known_afterwards),
		cmocka_unit_test(what_is_set_down_is_not_probed_and_soon_is_when_that_ends),
		cmocka_unit_test(it_stays_with_the_address_when_servers_come_and_go),
		cmocka_unit_test(failures_are_counted_by_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
