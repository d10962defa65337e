/* SPDX-License-Identifier: ISC
 *
 * test_lone.c - servers that answer one query per connection, or drop pipelined ones.
 */
#include "exchange_fixture.h"

#include <netinet/tcp.h>

#include "transport/lone.h"

#define START_MS 50000

static void
answer_one_per_connection(struct fake_query *query)
{
	if (query->conn->queries == 1)
		fake_answer(query);
}

static void
start(struct fixture *f, void (*on_query)(struct fake_query *))
{
	s53_clock_test_set(START_MS);
	fixture_start(f, on_query);
}

static void
ask_lone(struct fixture *f, struct asked *asked)
{
	struct s53_exchange_spec ask;

	asked_init(f, asked);
	ask = asked_ask(asked);
	ask.tcp = ask.lone = true;
	asked_start(asked, &ask);
}

static bool
is_remembered(const struct fixture *f)
{
	return s53_upstream_has_quirk(f->upstream, S53_QUIRK_ONE_PER_CONNECTION, s53_clock_ms());
}

static void
expect_answer(struct fixture *f, struct asked *asked)
{
	run_until(f, &asked->ends, 1);
	assert_int_equal(asked->end, S53_EXCHANGE_ANSWERED);
}

static void
ask_and_expect_answer(struct fixture *f)
{
	struct asked asked;

	ask_tcp(f, &asked);
	expect_answer(f, &asked);
}

/* The second query on the connection hangs; a copy of it is answered. It is cancelled then. */
static void
get_stuck_and_ask_again(struct fixture *f, struct asked *stuck)
{
	struct asked copy;
	int at_once = 1;

	ask_tcp(f, stuck);
	run_until(f, &f->server.tcp_queries, 2);
	assert_return_code(setsockopt(f->server.conns[0]->fd, IPPROTO_TCP, TCP_QUICKACK, &at_once,
			       sizeof(at_once)),
	    0); /* or the server's host acknowledges the query 40 ms later */
	assert_false(s53_exchange_is_stuck(stuck->exchange, START_MS + 200));
	time_is(f, START_MS + 300);
	assert_true(s53_exchange_is_stuck(stuck->exchange, START_MS + 300));
	ask_lone(f, &copy);
	expect_answer(f, &copy);
	asked_cancel(stuck);
}

static void
a_server_that_answers_one_query_per_connection_is_found_out_and_remembered(void **arg)
{
	struct fixture f;
	struct asked stuck;

	(void)arg;
	start(&f, answer_one_per_connection);
	ask_and_expect_answer(&f);
	get_stuck_and_ask_again(&f, &stuck);
	assert_int_equal(f.server.conn_count, 2);
	ask_and_expect_answer(&f); /* on suspicion alone */
	assert_int_equal(f.server.conn_count, 3);
	assert_false(is_remembered(&f));
	observation_count = 0;
	time_is(&f, START_MS + S53_LATE_REPLY_MS + 8);
	assert_true(is_remembered(&f));
	assert_int_equal(observation_count, 0); /* the server is alive */
	time_is(&f, START_MS + 60000);
	ask_and_expect_answer(&f);
	ask_and_expect_answer(&f);
	assert_int_equal(f.server.conn_count, 5);
	time_is(&f, START_MS + S53_QUIRK_MS + 60000);
	assert_false(is_remembered(&f));
	fixture_stop(&f);
}

static void
answer_unless_silent(struct fake_query *query)
{
	struct fixture *f = query->server->arg;

	if (query->conn != f->server.conns[0] || query->conn->queries == 1)
		fake_answer(query);
	else
		keep_query(query);
}

static void
a_late_response_on_the_shared_connection_clears_the_suspicion(void **arg)
{
	struct fixture f;
	struct asked stuck;

	(void)arg;
	start(&f, answer_unless_silent);
	ask_and_expect_answer(&f);
	get_stuck_and_ask_again(&f, &stuck);
	fake_answer(&f.kept[0]);
	run_ready(&f);
	f.server.on_query = fake_answer;
	ask_and_expect_answer(&f);
	assert_int_equal(f.server.conn_count, 2);
	time_is(&f, START_MS + S53_LATE_REPLY_MS + 8);
	assert_false(is_remembered(&f));
	fixture_stop(&f);
}

static void
a_query_alone_on_its_connection_is_slow_and_not_stuck(void **arg)
{
	struct fixture f;
	struct asked asked;

	(void)arg;
	start(&f, keep_query);
	ask_tcp(&f, &asked);
	run_until(&f, &f.kept_count, 1);
	assert_false(s53_exchange_is_stuck(asked.exchange, START_MS + 4000));
	asked_cancel(&asked);
	ask_lone(&f, &asked);
	run_until(&f, &f.kept_count, 2);
	assert_false(s53_exchange_is_stuck(asked.exchange, START_MS + 4000));
	fake_answer(&f.kept[1]);
	expect_answer(&f, &asked);
	time_is(&f, START_MS + S53_LATE_REPLY_MS + 8);
	assert_false(is_remembered(&f)); /* no pipelined query was left unanswered */
	fixture_stop(&f);
}

static void
a_server_that_leaves_all_queries_unanswered_is_not_remembered(void **arg)
{
	struct fixture f;
	struct asked stuck, copy;

	(void)arg;
	start(&f, answer_one_per_connection);
	ask_and_expect_answer(&f);
	f.server.on_query = fake_silence;
	ask_tcp(&f, &stuck);
	time_is(&f, START_MS + 300);
	ask_lone(&f, &copy);
	run_ready(&f);
	observation_count = 0;
	asked_cancel(&stuck);
	time_is(&f, START_MS + S53_LATE_REPLY_MS + 8);
	assert_false(is_remembered(&f));
	assert_observed(0, S53_OBSERVED_TIMEOUT, S53_OVER_TCP, S53_LATE_REPLY_MS);
	asked_cancel(&copy);
	fixture_stop(&f);
}

static void
lone_connections_are_bounded_and_further_queries_wait(void **arg)
{
	static struct asked asked[S53_LONE_MAX + 20];
	struct fixture f;
	struct s53_exchange_spec ask;
	unsigned last = S53_LONE_MAX + 19;

	(void)arg;
	start(&f, keep_query);
	s53_upstream_set_quirk(f.upstream, S53_QUIRK_ONE_PER_CONNECTION, START_MS);
	for (unsigned i = 0; i < last; i++)
		ask_tcp(&f, &asked[i]);
	asked_init(&f, &asked[last]);
	ask = asked_ask(&asked[last]);
	ask.tcp = true;
	ask.overdue_ms = 100;
	ask.timeout_ms = 1000;
	asked_start(&asked[last], &ask);
	run_until(&f, &f.kept_count, S53_LONE_MAX);
	run_ready(&f);
	assert_int_equal(f.server.conn_count, S53_LONE_MAX);
	asked_cancel(&asked[S53_LONE_MAX]); /* a query that waits */
	time_is(&f, START_MS + 108);
	assert_int_equal(asked[last].overdues, 1);
	time_is(&f, START_MS + 1008);
	assert_int_equal(asked[last].end, S53_EXCHANGE_TIMEOUT);
	assert_int_equal(observation_count, 0); /* the server never got it */
	f.server.on_query = fake_answer;
	for (unsigned i = 0; i < S53_LONE_MAX; i++)
		fake_answer(&f.kept[i]);
	run_until(&f, &f.ended, last);
	for (unsigned i = 0; i < last; i++)
		assert_true(i == S53_LONE_MAX || asked[i].end == S53_EXCHANGE_ANSWERED);
	fixture_stop(&f);
}

static void
queries_that_wait_fail_when_no_connection_can_be_opened(void **arg)
{
	static struct asked asked[S53_LONE_MAX + 20];
	struct fixture f;

	(void)arg;
	start(&f, keep_query);
	s53_upstream_set_quirk(f.upstream, S53_QUIRK_ONE_PER_CONNECTION, START_MS);
	for (unsigned i = 0; i < S53_LONE_MAX + 20; i++)
		ask_tcp(&f, &asked[i]);
	run_until(&f, &f.kept_count, S53_LONE_MAX);
	fake_close_tcp(&f.server);
	for (unsigned i = 0; i < S53_LONE_MAX; i++)
		fake_answer(&f.kept[i]);
	run_until(&f, &f.ended, S53_LONE_MAX + 20);
	for (unsigned i = S53_LONE_MAX; i < S53_LONE_MAX + 20; i++)
		assert_int_equal(asked[i].end, S53_EXCHANGE_REFUSED);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_server_that_answers_one_query_per_connection_is_found_out_and_remembered),
		cmocka_unit_test(a_late_response_on_the_shared_connection_clears_the_suspicion),
		cmocka_unit_test(a_query_alone_on_its_connection_is_slow_and_not_stuck),
		cmocka_unit_test(a_server_that_leaves_all_queries_unanswered_is_not_remembered),
		cmocka_unit_test(lone_connections_are_bounded_and_further_queries_wait),
		cmocka_unit_test(queries_that_wait_fail_when_no_connection_can_be_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
