/* SPDX-License-Identifier: ISC
 *
 * test_source.c - which remote address has more TCP connections than its share (listen/source.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <listen/evict.h>
#include <listen/source.h>

struct fixture {
	struct s53_tcp_limits limits;
};

static void
fixture_init(struct fixture *f, unsigned workers, unsigned most)
{
	*f = (struct fixture){ 0 };
	for (unsigned i = 0; i < workers; i++)
		assert_non_null(s53_tcp_worker_join(&f->limits));
	atomic_store(&f->limits.clients_max, most);
}

static struct s53_tcp_source *
enter(struct fixture *f, const char *text)
{
	struct s53_tcp_source *source;
	struct s53_addr addr;

	assert_int_equal(s53_addr_parse(text, 1, &addr), S53_OK);
	source = s53_tcp_source_enter(&f->limits, &addr);
	assert_non_null(source);
	return source;
}

/* The text of the source that is over its share, or "". */
static const char *
over_share(struct fixture *f, struct s53_over_share *out)
{
	static char text[S53_ADDR_TEXT];

	if (!s53_tcp_source_over_share(&f->limits, 0, out))
		return "";
	return s53_prefix_print(&out->prefix, text);
}

static void
one_address_may_hold_half_of_the_connections(void **state)
{
	struct s53_tcp_source *held[6];
	struct s53_over_share over;
	struct fixture f;

	(void)state;
	fixture_init(&f, 1, 10);
	assert_string_equal(over_share(&f, &over), "");
	for (unsigned i = 0; i < 5; i++)
		held[i] = enter(&f, "192.0.2.1");
	assert_string_equal(over_share(&f, &over), "");
	held[5] = enter(&f, "192.0.2.1");
	assert_string_equal(over_share(&f, &over), "192.0.2.1/32");
	assert_int_equal(over.count, 6);
	assert_int_equal(over.share, 5);
	for (unsigned i = 0; i < 6; i++)
		s53_tcp_source_leave(&f.limits, held[i]);
	assert_string_equal(over_share(&f, &over), "");
	s53_tcp_limits_fini(&f.limits);
}

static void
the_more_addresses_the_smaller_is_the_share(void **state)
{
	struct s53_tcp_source *held[2], *others[300];
	struct s53_over_share over;
	struct fixture f;

	(void)state;
	fixture_init(&f, 1, 10);
	held[0] = enter(&f, "192.0.2.1");
	for (unsigned i = 0; i < 300; i++) {
		char text[S53_ADDR_TEXT];

		assert_string_equal(over_share(&f, &over), "");
		(void)snprintf(text, sizeof(text), "198.51.%u.%u", 100 + i / 200, i % 200);
		others[i] = enter(&f, text);
	}
	/* One connection is never too many. */
	assert_string_equal(over_share(&f, &over), "");
	held[1] = enter(&f, "192.0.2.1");
	assert_string_equal(over_share(&f, &over), "192.0.2.1/32");
	assert_int_equal(over.share, 1);
	for (unsigned i = 0; i < 300; i++)
		s53_tcp_source_leave(&f.limits, others[i]);
	assert_string_equal(over_share(&f, &over), "");
	s53_tcp_source_leave(&f.limits, held[0]);
	s53_tcp_source_leave(&f.limits, held[1]);
	s53_tcp_limits_fini(&f.limits);
}

static void
the_ipv6_addresses_of_one_64_prefix_are_one_client(void **state)
{
	struct s53_tcp_source *a, *b, *other;
	struct fixture f;

	(void)state;
	fixture_init(&f, 1, 10);
	a = enter(&f, "2001:db8:1:2::1");
	b = enter(&f, "2001:db8:1:2:ffff:ffff:ffff:ffff");
	other = enter(&f, "2001:db8:1:3::1");
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, other);
	assert_int_equal(a->count, 2);
	s53_tcp_source_leave(&f.limits, a);
	s53_tcp_source_leave(&f.limits, b);
	s53_tcp_source_leave(&f.limits, other);
	s53_tcp_limits_fini(&f.limits);
}

/* The connections of a source that each worker has and publishes. */
static void
the_connections_of_this_worker_are_distinguished_from_those_of_others(void **state)
{
	struct s53_tcp_source *source = NULL;
	struct s53_over_share over;
	struct fixture f;

	(void)state;
	fixture_init(&f, 3, 4);
	for (unsigned i = 0; i < 4; i++)
		source = enter(&f, "192.0.2.1");
	atomic_store(&source->parts[1].idle_count, 1);
	atomic_store(&source->parts[2].busy_count, 3);
	assert_string_equal(over_share(&f, &over), "192.0.2.1/32");
	assert_null(over.own);
	assert_int_equal(over.idle_worker, 1);
	assert_int_equal(over.idle_count, 1);
	assert_int_equal(over.busy_worker, 2);
	assert_int_equal(over.busy_count, 3);
	atomic_store(&source->parts[0].busy_count, 1);
	assert_string_equal(over_share(&f, &over), "192.0.2.1/32");
	assert_ptr_equal(over.own, &source->parts[0]);
	for (unsigned i = 0; i < 4; i++)
		s53_tcp_source_leave(&f.limits, source);
	s53_tcp_limits_fini(&f.limits);
}

#define ADDRESSES 40
#define STEPS 20000

/* Compared with a plain search, while connections come and go at random. */
static void
the_address_with_the_most_connections_is_found(void **state)
{
	struct s53_tcp_source *sources[ADDRESSES] = { 0 };
	unsigned counts[ADDRESSES] = { 0 };
	struct s53_over_share over;
	struct fixture f;
	unsigned random = 1;

	(void)state;
	fixture_init(&f, 1, 1); /* so that the share is one */
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned most = 0, which;
		char text[S53_ADDR_TEXT];

		random = random * 1103515245 + 12345;
		which = (random >> 16) % ADDRESSES;
		if ((random >> 8) % 2 == 0 && counts[which] > 0) {
			counts[which]--;
			s53_tcp_source_leave(&f.limits, sources[which]);
		} else {
			(void)snprintf(text, sizeof(text), "203.0.113.%u", which);
			sources[which] = enter(&f, text);
			counts[which]++;
		}
		for (unsigned n = 0; n < ADDRESSES; n++)
			most = counts[n] > most ? counts[n] : most;
		assert_int_equal(s53_tcp_source_over_share(&f.limits, 0, &over), most > 1);
		assert_int_equal(over.count, most);
	}
	for (unsigned n = 0; n < ADDRESSES; n++)
		while (counts[n]-- > 0)
			s53_tcp_source_leave(&f.limits, sources[n]);
	s53_tcp_limits_fini(&f.limits); /* asserts that none is left */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_address_may_hold_half_of_the_connections),
		cmocka_unit_test(the_more_addresses_the_smaller_is_the_share),
		cmocka_unit_test(the_ipv6_addresses_of_one_64_prefix_are_one_client),
		cmocka_unit_test(
		    the_connections_of_this_worker_are_distinguished_from_those_of_others),
		cmocka_unit_test(the_address_with_the_most_connections_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
