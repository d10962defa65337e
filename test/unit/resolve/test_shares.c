/* SPDX-License-Identifier: ISC
 *
 * test_shares.c - which queries may wait, and which are displaced.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "resolve/shares.h"

#define SOFT 12
#define PLACES 64
#define CLIENTS 128

static struct s53_shares_shared shared;
static struct s53_shares shares;
static struct s53_shares_place slots[PLACES];
static struct s53_client clients[CLIENTS];

static int
setup(void **state)
{
	(void)state;
	shared = (struct s53_shares_shared){ 0 };
	memset(slots, 0, sizeof(slots));
	return s53_shares_init(&shares, &shared) == S53_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PLACES; i++)
		if (slots[i].route != NULL)
			s53_shares_leave(&shares, &slots[i]);
	assert_int_equal(shared.active, 0);
	for (unsigned i = 0; i < S53_SHARES_SETS * S53_SHARES_WAYS; i++)
		assert_int_equal((uint32_t)(&shared.slots[0][0])[i], 0);
	s53_shares_fini(&shares);
	return 0;
}

static const struct s53_client *
client(uint32_t number)
{
	clients[number].addr.in.sin_family = AF_INET;
	clients[number].addr.in.sin_addr.s_addr = number;
	return &clients[number];
}

static void
enter(unsigned place, uint32_t route, uint32_t client_number)
{
	assert_true(s53_shares_enter(&shares, &slots[place], route, client(client_number)));
}

/* A new query of the route arrives: which slot does it take over? -1: none. */
static int
displaced(uint32_t route)
{
	struct s53_shares_place *place = s53_shares_displace(&shares, route, SOFT);
	int number = place == NULL ? -1 : (int)(place - slots);

	if (place != NULL)
		s53_shares_leave(&shares, place);
	return number;
}

/* The same, and the query takes a slot itself. */
static int
comes(unsigned place, uint32_t route, uint32_t client_number)
{
	int number = displaced(route);

	enter(place, route, client_number);
	return number;
}

static struct s53_shares_key
key_of(const char *addr, const char *local)
{
	struct s53_client from = { 0 };

	assert_int_equal(s53_addr_parse(addr, 1234, &from.addr), S53_OK);
	assert_int_equal(s53_addr_parse(local, 53, &from.local), S53_OK);
	return s53_shares_key_of(&from);
}

static bool
same(struct s53_shares_key a, struct s53_shares_key b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void
remote_clients_count_by_ipv4_address_and_ipv6_64_prefix(void **state)
{
	struct s53_shares_key four = key_of("192.0.2.1", "192.0.2.53");

	(void)state;
	assert_int_equal(four.port, 0);
	assert_true(same(four, key_of("::ffff:192.0.2.1", "::ffff:192.0.2.53")));
	assert_false(same(four, key_of("192.0.2.2", "192.0.2.53")));
	assert_true(same(key_of("2001:db8::1", "2001:db8::53"), key_of("2001:db8::2:2", "::1")));
	assert_false(same(key_of("2001:db8::1", "::1"), key_of("2001:db8:0:1::1", "::1")));
}

static void
clients_of_this_host_count_by_address_and_port(void **state)
{
	(void)state;
	assert_int_equal(key_of("127.0.0.1", "127.0.0.1").port, 1234);
	assert_int_equal(key_of("::1", "::1").port, 1234);
	assert_int_equal(key_of("::ffff:127.0.0.1", "::ffff:127.0.0.1").port, 1234);
	assert_int_equal(key_of("192.0.2.53", "192.0.2.53").port, 1234);
	assert_int_equal(key_of("2001:db8::53", "2001:db8::53").port, 1234);
	assert_false(
	    same(key_of("2001:db8::53", "2001:db8::53"), key_of("2001:db8::54", "2001:db8::54")));
}

static void
half_of_the_slots_run_to_completion(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SOFT; i++)
		enter(i, 1, i);
	for (unsigned i = 0; i < SOFT / 2; i++)
		assert_int_equal(comes(SOFT + i, 1, SOFT + i), 2 * i + 1);
	assert_int_equal(comes(2 * SOFT, 1, 2 * SOFT), SOFT); /* the first new query */
}

static void
a_query_that_is_about_to_be_answered_is_not_displaced(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SOFT; i++)
		enter(i, 1, i);
	for (unsigned i = 0; i < SOFT; i++)
		s53_shares_pin(&slots[i]);
	assert_int_equal(displaced(1), -1);
	assert_int_equal(displaced(2), -1);
	assert_int_equal(s53_shares_places(&shares, 1), SOFT);
}

static void
the_route_furthest_over_its_share_gives_up_a_slot(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++)
		enter(i, 1, i);
	for (unsigned i = 8; i < SOFT; i++)
		enter(i, 2, i);
	assert_in_range(displaced(3), 0, 7);
	assert_in_range(displaced(2), 0, 7); /* 4 of 6 */
	assert_in_range(displaced(1), 0, 7); /* its own */
}

/* Slots of another worker cannot be taken over by this one; then the new query uses the reserve. */
static void
slots_of_other_workers_count_but_are_not_taken(void **state)
{
	struct s53_shares other;
	struct s53_shares_place theirs[SOFT];

	(void)state;
	assert_int_equal(s53_shares_init(&other, &shared), S53_OK);
	for (unsigned i = 0; i < SOFT; i++) {
		assert_true(s53_shares_enter(&other, &theirs[i], 1, client(i)));
	}
	assert_int_equal(displaced(2), -1);
	enter(0, 1, 0);
	assert_int_equal(s53_shares_places(&shares, 1), SOFT + 1);
	assert_int_equal(displaced(2), 0); /* the route is over its share, so this one, too */
	for (unsigned i = 0; i < SOFT; i++)
		s53_shares_leave(&other, &theirs[i]);
	s53_shares_fini(&other);
}

/* Sixteen routes at once: several of them share a set of slots, and none is lost. */
static void
routes_that_share_a_hash_set_are_counted_separately(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PLACES; i++)
		enter(i, i % 4 + 4096 * (i / 4 % 4), 1);
	assert_int_equal(shared.active, 16);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(s53_shares_places(&shares, i % 4 + 4096 * (i / 4)), 4);
}

static void
a_client_over_its_share_is_displaced_first_until_it_is_level_with_others(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		enter(i, 1, i); /* they came first */
	for (unsigned i = 4; i < SOFT; i++)
		enter(i, 1, 100);
	for (unsigned i = 0; i < 7; i++)
		assert_in_range(comes(SOFT + i, 1, SOFT + i), 4, SOFT - 1);
	assert_int_equal(comes(40, 1, 40), 1); /* all have one slot */
}

static void
a_slot_that_moves_counts_in_its_new_route(void **state)
{
	(void)state;
	enter(0, 1, 1);
	s53_shares_pin(&slots[0]);
	s53_shares_move(&shares, &slots[0], 2);
	assert_int_equal(s53_shares_places(&shares, 1), 0);
	assert_int_equal(s53_shares_places(&shares, 2), 1);
	for (unsigned i = 1; i < SOFT; i++)
		enter(i, 2, 1);
	assert_int_equal(comes(SOFT, 2, 1), 1);
	assert_int_equal(comes(SOFT + 1, 2, 1), 3);
}

/* 90 %: the reserve is for workers that hold no query of a route over its share. */
static void
the_soft_limit_is_nine_tenths(void **state)
{
	(void)state;
	assert_int_equal(s53_shares_soft(1000), 900);
	assert_int_equal(s53_shares_soft(10000), 9000);
	assert_int_equal(s53_shares_soft(9), 9);
	assert_int_equal(s53_shares_soft(1), 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(remote_clients_count_by_ipv4_address_and_ipv6_64_prefix),
		TEST(clients_of_this_host_count_by_address_and_port),
		TEST(half_of_the_slots_run_to_completion),
		TEST(a_query_that_is_about_to_be_answered_is_not_displaced),
		TEST(the_route_furthest_over_its_share_gives_up_a_slot),
		TEST(slots_of_other_workers_count_but_are_not_taken),
		TEST(routes_that_share_a_hash_set_are_counted_separately),
		TEST(a_client_over_its_share_is_displaced_first_until_it_is_level_with_others),
		TEST(a_slot_that_moves_counts_in_its_new_route),
		TEST(the_soft_limit_is_nine_tenths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
