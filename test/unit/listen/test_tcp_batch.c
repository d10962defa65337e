/* SPDX-License-Identifier: ISC
 *
 * test_tcp_batch.c - the queries of one read are handed over together, and their replies are
 * gathered (connection.c).
 */
#include "tcp_fixture.h"

/* The replies [first, first + count), whole and in order, and nothing more. */
static void
check_answers(struct tcp_fixture *t, int fd, unsigned first, unsigned count)
{
	static uint8_t octets[65537];
	size_t len = t->f.resolver.reply_len != 0 ? t->f.resolver.reply_len : QUERY_LEN;

	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	for (unsigned id = first; id < first + count; id++) {
		for (size_t have = 0; have < 2 + len;) {
			ssize_t part = recv(fd, octets + have, 2 + len - have, 0);

			assert_true(part > 0 || (part < 0 && errno == EAGAIN));
			if (part < 0)
				turn(&t->f);
			else
				have += (size_t)part;
		}
		assert_int_equal(s53_u16_get(octets), len);
		assert_int_equal(s53_u16_get(octets + 2), id);
		for (size_t i = 4; i < 2 + len; i++)
			assert_int_equal(octets[i], (uint8_t)id);
	}
	assert_true(is_silent(fd));
}

static void
queries_of_one_read_reach_the_resolver_together(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	fd = connect_client(&t);
	ask(fd, 1000, 1); /* so that the size of a reply is known */
	TURN_UNTIL(&t.f, t.f.resolver.taken == 1);
	check_answers(&t, fd, 1000, 1);
	ask(fd, 0, 20);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 21);
	assert_int_equal(t.f.resolver.batch_most, 20);
	check_answers(&t, fd, 0, 20);
	ask(fd, 20, 200);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 221);
	assert_in_range(t.f.resolver.batch_most, 20, 64);
	check_answers(&t, fd, 20, 200);
	close(fd);
	stop(&t);
}

/* The first query is complete only with the second write, which brings others. */
static void
a_query_in_pieces_and_the_queries_after_it_are_answered(void **state)
{
	uint8_t frames[10 * FRAME_LEN];
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	fd = connect_client(&t);
	for (unsigned i = 0; i < 10; i++)
		put_query(frames + (size_t)i * FRAME_LEN, i);
	assert_int_equal(write(fd, frames, 20), 20);
	turn(&t.f);
	assert_int_equal(t.f.resolver.taken, 0);
	assert_int_equal(write(fd, frames + 20, sizeof(frames) - 20), sizeof(frames) - 20);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 10);
	check_answers(&t, fd, 0, 10);
	assert_int_equal(kernel.writes, 1);
	close(fd);
	stop(&t);
}

static void
check_woken(size_t reply_len)
{
	struct tcp_fixture t;
	int waiting, asking;

	start(&t);
	t.f.resolver.reply_len = reply_len;
	t.f.resolver.later = true;
	waiting = connect_client(&t);
	asking = connect_client(&t);
	ask(waiting, 500, 3);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 3);
	t.f.resolver.later = false;
	t.f.resolver.wake_at = 3 + 5; /* in the middle of the ten */
	ask(asking, 0, 10);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 13);
	check_answers(&t, asking, 0, 10);
	check_answers(&t, waiting, 500, 3);
	close(waiting);
	close(asking);
	stop(&t);
}

/* A reply to one client, made while those to another are gathered, goes to its own connection. */
static void
a_reply_to_another_connection_does_not_enter_the_batch(void **state)
{
	(void)state;
	check_woken(100);
	check_woken(30000); /* more than are gathered at once */
	check_woken(65535);
}

/*
 * The queries of both clients have arrived before the loop turns; the reply that the first one
 * completes is not sent yet.
 */
static void
an_earlier_reply_is_sent_before_one_that_is_made_later(void **state)
{
	struct tcp_fixture t;
	int waiting, asking;

	(void)state;
	start(&t);
	t.f.resolver.reply_len = 30000;
	t.f.resolver.later = true;
	waiting = connect_client(&t);
	asking = connect_client(&t);
	ask(waiting, 500, 3);
	TURN_UNTIL(&t.f, t.f.resolver.taken == 3);
	turn(&t.f); /* no connection is ready: the next to send a query comes first */
	t.f.resolver.later = false;
	t.f.resolver.wake_at = 3 + 1;
	ask(asking, 0, 1);
	ask(waiting, 503, 100);
	turn(&t.f);
	check_answers(&t, asking, 0, 1);
	check_answers(&t, waiting, 500, 103);
	close(waiting);
	close(asking);
	stop(&t);
}

static void
large_replies_to_queries_of_one_read_are_sent_whole(void **state)
{
	struct tcp_fixture t;
	int fd;

	(void)state;
	start(&t);
	t.f.resolver.reply_len = 65535;
	fd = connect_client(&t);
	ask(fd, 0, 100);
	check_answers(&t, fd, 0, 100);
	close(fd);
	stop(&t);
}

/* The first write fails; the resolver still has the rest of the batch. */
static void
a_client_that_aborts_in_the_middle_of_its_batch_harms_no_other_client(void **state)
{
	static const struct linger abort_it = { .l_onoff = 1 };
	struct tcp_fixture t;
	int fd, other;

	(void)state;
	start(&t);
	t.f.resolver.reply_len = 60000;
	fd = connect_client(&t);
	other = connect_client(&t);
	ask(fd, 0, 1000);
	turn(&t.f); /* its replies fill what the kernel takes */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it)), 0);
	close(fd);
	TURN_UNTIL(&t.f, open_count(&t) == 1);
	t.f.resolver.reply_len = 0;
	ask(other, 7, 1);
	check_answers(&t, other, 7, 1);
	close(other);
	stop(&t);
}

/* The memory of a closed connection is used again. */
static void
a_new_connection_has_nothing_of_the_one_before(void **state)
{
	struct tcp_fixture t;

	(void)state;
	start(&t);
	for (unsigned i = 0; i < 200; i++) {
		int fd = connect_client(&t);

		ask(fd, i, 1 + i % 3);
		check_answers(&t, fd, i, 1 + i % 3);
		assert_int_equal(write(fd, "\0\100some", 6), 6); /* the next must not see this */
		close(fd);
		TURN_UNTIL(&t.f, open_count(&t) == 0);
	}
	stop(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_of_one_read_reach_the_resolver_together),
		cmocka_unit_test(a_query_in_pieces_and_the_queries_after_it_are_answered),
		cmocka_unit_test(a_reply_to_another_connection_does_not_enter_the_batch),
		cmocka_unit_test(an_earlier_reply_is_sent_before_one_that_is_made_later),
		cmocka_unit_test(large_replies_to_queries_of_one_read_are_sent_whole),
		cmocka_unit_test(
		    a_client_that_aborts_in_the_middle_of_its_batch_harms_no_other_client),
		cmocka_unit_test(a_new_connection_has_nothing_of_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
