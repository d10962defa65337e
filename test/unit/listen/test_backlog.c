/* SPDX-License-Identifier: ISC
 *
 * test_backlog.c - bytes that wait to be sent (listen/backlog.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <listen/backlog.h>

/* The `n`th byte of all that ever pass through. */
static uint8_t
octet(size_t n)
{
	return (uint8_t)(n * 2654435761U >> 13);
}

static void
add(struct s53_backlog *backlog, size_t first, size_t len)
{
	uint8_t *octets = malloc(len);

	assert_non_null(octets);
	for (size_t i = 0; i < len; i++)
		octets[i] = octet(first + i);
	assert_int_equal(s53_backlog_add(backlog, octets, len), S53_OK);
	free(octets);
}

static void
check_front(const struct s53_backlog *backlog, size_t first, size_t len)
{
	assert_int_equal(s53_backlog_len(backlog), len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(s53_backlog_front(backlog)[i], octet(first + i));
}

static void
bytes_leave_in_the_order_in_which_they_came(void **state)
{
	struct s53_backlog backlog = { 0 };
	size_t in = 0, out = 0;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		size_t len = i * 7919 % 3000 + 1;
		size_t have;

		add(&backlog, in, len);
		in += len;
		have = in - out;
		check_front(&backlog, out, have);
		len = i * 104729 % 3100;
		len = len < have ? len : have;
		s53_backlog_sent(&backlog, len);
		out += len;
	}
	s53_backlog_fini(&backlog);
}

static void
an_empty_backlog_takes_no_memory(void **state)
{
	struct s53_backlog backlog = { 0 };

	(void)state;
	for (size_t len = 1; len <= S53_BACKLOG_MAX; len *= 3) {
		add(&backlog, 0, len);
		s53_backlog_sent(&backlog, len / 2);
		check_front(&backlog, len / 2, len - len / 2);
		s53_backlog_sent(&backlog, len - len / 2);
		assert_int_equal(s53_backlog_len(&backlog), 0);
		assert_null(backlog.octets);
	}
}

/* Sent bytes free their space: 100 MB pass through a few hundred bytes. */
static void
a_steady_flow_takes_no_more_memory_than_its_waiting_bytes(void **state)
{
	struct s53_backlog backlog = { 0 };

	(void)state;
	add(&backlog, 0, 500);
	for (size_t i = 0; i < 100000; i++) {
		add(&backlog, 500 + i * 1000, 1000);
		s53_backlog_sent(&backlog, 1000);
		assert_in_range(backlog.size, 1, 8192);
	}
	check_front(&backlog, 100000000, 500);
	s53_backlog_fini(&backlog);
}

static void
a_backlog_takes_no_more_than_its_limit(void **state)
{
	static const uint8_t octets[S53_BACKLOG_MAX];
	struct s53_backlog backlog = { 0 };

	(void)state;
	add(&backlog, 0, S53_BACKLOG_MAX - 1);
	assert_int_equal(s53_backlog_add(&backlog, octets, 2), S53_E_LIMIT);
	check_front(&backlog, 0, S53_BACKLOG_MAX - 1);
	add(&backlog, S53_BACKLOG_MAX - 1, 1);
	assert_int_equal(s53_backlog_add(&backlog, octets, 1), S53_E_LIMIT);
	/* A client that reads a little at a time frees as much space; the block does not grow. */
	for (size_t i = 0; i < 3000; i++) {
		s53_backlog_sent(&backlog, 100);
		add(&backlog, S53_BACKLOG_MAX + i * 100, 100);
		assert_int_equal(backlog.size, S53_BACKLOG_MAX);
	}
	check_front(&backlog, 300000, S53_BACKLOG_MAX);
	s53_backlog_fini(&backlog);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_leave_in_the_order_in_which_they_came),
		cmocka_unit_test(an_empty_backlog_takes_no_memory),
		cmocka_unit_test(a_steady_flow_takes_no_more_memory_than_its_waiting_bytes),
		cmocka_unit_test(a_backlog_takes_no_more_than_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
