/* SPDX-License-Identifier: ISC
 *
 * test_health.c - the table of states, and what makes a server suspect.
 */
#include "record_fixture.h"

#include <stdlib.h>
#include <string.h>

/* --- the table ------------------------------------------------------------------------------- */

static void
each_signal_leads_to_the_state_of_the_table(void **arg)
{
	static const char *const rows[S53_HEALTH_STATES] = {
		/* REPLY RISE SUSPECT NOT_READY SILENT FALL REFUSED PROBE */
		[S53_HEALTH_UP] = "up up suspect stalled silent down down up",
		[S53_HEALTH_SUSPECT] = "suspect up suspect stalled silent down down suspect",
		[S53_HEALTH_STALLED] = "stalled up stalled stalled silent down down stalled",
		[S53_HEALTH_DOWN] = "recovering up down stalled down down down probing",
		[S53_HEALTH_PROBING] = "recovering up probing stalled down down down probing",
		[S53_HEALTH_RECOVERING] =
		    "recovering up recovering stalled silent down down recovering",
		[S53_HEALTH_SILENT] = "recovering up silent stalled silent down down silent",
	};

	(void)arg;
	for (unsigned from = 0; from < S53_HEALTH_STATES; from++) {
		char row[100] = "";

		for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
			enum s53_health_state to =
			    health_next((enum s53_health_state)from, (enum health_signal)signal);

			strcat(row, signal > 0 ? " " : "");
			strcat(row, s53_health_state_name(to));
		}
		assert_string_equal(row, rows[from]);
	}
}

static void
each_reason_has_a_name_of_its_own(void **arg)
{
	(void)arg;
	for (unsigned a = 0; a < S53_REASONS; a++)
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(s53_health_reason_name((enum s53_health_reason)a),
			    s53_health_reason_name((enum s53_health_reason)b));
}

static void
the_default_check_queries_the_soa_of_the_apex_and_ns_of_the_root(void **arg)
{
	struct s53_health_check check;
	struct s53_name apex, root = { .len = 1 };

	(void)arg;
	assert_int_equal(s53_name_parse("consul.", &apex), S53_OK);
	s53_health_check_init(&check, &apex);
	assert_true(s53_name_same(&check.name, &apex));
	assert_int_equal(check.type, 6);
	assert_int_equal(check.mode, S53_PROBE_MODE_LAZY);
	assert_int_equal(check.accept, 1u << 0 | 1u << 3);
	assert_int_equal(check.rise, 2);
	assert_int_equal(check.fall, 3);
	s53_health_check_init(&check, &root);
	assert_true(s53_name_same(&check.name, &root));
	assert_int_equal(check.type, 2);
}

static void
check_liveness(const char *apex_text, const char *expected)
{
	struct s53_health_check check;
	struct s53_name apex;
	char text[S53_NAME_TEXT];

	assert_int_equal(s53_name_parse(apex_text, &apex), S53_OK);
	s53_health_check_init(&check, &apex);
	assert_string_equal(s53_name_print(&check.liveness, text), expected);
	assert_true(s53_name_is_at_or_below(&check.liveness, &apex));
}

static void
the_liveness_probe_is_in_the_zone(void **arg)
{
	char too_long[256] = "";

	(void)arg;
	check_liveness(".", "localhost");
	check_liveness("consul.", "00000000.addr.consul");
	check_liveness("dc1.consul.", "00000000.addr.dc1.consul");
	check_liveness("corp.example.", "00000000.addr.corp.example");
	check_liveness("services.example.", "00000000.addr.services.example");
	/* Consul would take what stands before these words for the name of a service or a node. */
	check_liveness("service.consul.", "service.consul");
	check_liveness("node.dc1.consul.", "node.dc1.consul");
	check_liveness("10.in-addr.arpa.", "10.in-addr.arpa");
	for (unsigned i = 0; i < 124; i++)
		strcat(too_long, i > 0 ? ".a" : "a");
	check_liveness(too_long, too_long);
}

/* --- suspicion ------------------------------------------------------------------------------- */

static void
two_overdue_queries_in_a_row_make_a_suspect_and_one_does_not(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	overdue_after(&p, 50);
	assert_int_equal(state(&p), S53_HEALTH_UP);
	observe(&p, S53_OBSERVED_ANSWERED, 60);
	overdue_after(&p, 50);
	assert_int_equal(state(&p), S53_HEALTH_UP);
	overdue_after(&p, 50);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	assert_int_equal(p.last.why, S53_REASON_OVERDUE);
	assert_int_equal(p.last.lasted_ms, p.now_ms - START_MS);
}

static void
a_query_sent_before_the_last_reply_is_no_sign_of_silence(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	for (unsigned i = 0; i < 100; i++) { /* some of many queries at once are slow */
		p.now_ms += 5;
		observe(&p, S53_OBSERVED_ANSWERED, 5);
		p.now_ms += 1;
		observe(&p, S53_OBSERVED_OVERDUE, 30);
		observe(&p, S53_OBSERVED_OVERDUE, 30);
		observe(&p, S53_OBSERVED_OVERDUE, 30);
	}
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
an_overdue_query_to_a_slow_server_is_not_suspicious(void **arg)
{
	struct fixture p = fixture_new(400);

	(void)arg;
	overdue_after(&p, 250);
	overdue_after(&p, 250);
	assert_int_equal(state(&p), S53_HEALTH_UP);
	assert_int_equal(record_srtt_8ms(&p.record), 8 * 400);
	observe(&p, S53_OBSERVED_ANSWERED, 400);
	overdue_after(&p, 450);
	overdue_after(&p, 450);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
}

static void
two_replies_clear_a_suspicion_of_overdue_queries(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	becomes(&p, S53_HEALTH_SUSPECT);
	observe(&p, S53_OBSERVED_ANSWERED, 150);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	observe(&p, S53_OBSERVED_OVERDUE, 60); /* sent before that reply */
	observe(&p, S53_OBSERVED_ANSWERED, 120);
	assert_int_equal(state(&p), S53_HEALTH_UP);
	assert_int_equal(p.changes, 2);
	assert_false(record_is_troubled(&p.record));
}

static void
a_loss_of_one_fifth_makes_a_suspect_and_16_replies_clear_it(void **arg)
{
	struct fixture p = fixture_new(5);
	unsigned asked = 0;

	(void)arg;
	for (; asked < 200 && state(&p) == S53_HEALTH_UP; asked++) {
		p.now_ms += 20;
		if (asked % 5 == 0) { /* sent before replies that arrived meanwhile */
			observe(&p, S53_OBSERVED_OVERDUE, 30);
			observe(&p, S53_OBSERVED_TIMEOUT, 2000);
		} else {
			observe(&p, S53_OBSERVED_ANSWERED, 5);
		}
	}
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	assert_int_equal(p.last.why, S53_REASON_LOSS);
	assert_in_range(asked, 8, 40);
	for (unsigned i = 0; i < 200; i++) { /* it stays suspect */
		p.now_ms += 20;
		observe(&p, i % 5 == 0 ? S53_OBSERVED_TIMEOUT : S53_OBSERVED_ANSWERED,
		    i % 5 == 0 ? 40 : 5);
	}
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	observe(&p, S53_OBSERVED_TIMEOUT, 40); /* the last loss */
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
		observe(&p, S53_OBSERVED_ANSWERED, 5);
	}
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
a_loss_of_one_in_a_hundred_does_not_make_a_suspect(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	srandom(1);
	for (unsigned i = 0; i < 20000; i++) {
		p.now_ms += 5;
		if (random() % 100 == 0)
			observe(&p, S53_OBSERVED_TIMEOUT, 2000);
		else
			observe(&p, S53_OBSERVED_ANSWERED, 5);
	}
	assert_int_equal(p.changes, 0);
}

/* Lose one query in five until the server is suspect. */
static void
lose(struct fixture *p)
{
	for (unsigned i = 0; i < 200 && state(p) == S53_HEALTH_UP; i++) {
		p->now_ms += 20;
		observe(p, i % 5 == 0 ? S53_OBSERVED_TIMEOUT : S53_OBSERVED_ANSWERED,
		    i % 5 == 0 ? 40 : 5);
	}
	assert_int_equal(state(p), S53_HEALTH_SUSPECT);
	assert_true(record_suspicion_persists(&p->record));
}

static void
each_relapse_of_loss_within_a_minute_needs_twice_as_many_replies_to_clear(void **arg)
{
	static const unsigned expected[] = { 2, 4, 8, 16, 16 };
	struct fixture p = fixture_new(5);

	(void)arg;
	for (unsigned i = 0; i < 5; i++) {
		lose(&p);
		assert_int_equal(probes_until_up(&p), expected[i]);
	}
	p.now_ms += 61000;
	lose(&p);
	assert_int_equal(probes_until_up(&p), 2);
}

static void
a_server_with_failing_replies_only_is_suspect_and_never_worse(void **arg)
{
	struct fixture p = fixture_unknown();

	(void)arg;
	for (unsigned i = 1; i <= 1000; i++) {
		p.now_ms += 20;
		observe(&p, S53_OBSERVED_ANSWERED, 5);
		observe(&p, S53_OBSERVED_FAILED, 5);
		assert_int_equal(state(&p), i < 8 ? S53_HEALTH_UP : S53_HEALTH_SUSPECT);
	}
	assert_int_equal(p.last.why, S53_REASON_RCODE);
	for (unsigned i = 0; i < 16; i++)
		observe(&p, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
mostly_failures_make_a_suspect_of_a_good_server_and_half_failures_do_not(void **arg)
{
	struct fixture p = fixture_new(5);
	unsigned failures = 0;

	(void)arg;
	for (unsigned i = 0; i < 1000; i++) {
		observe(&p, S53_OBSERVED_ANSWERED, 5);
		observe(&p, S53_OBSERVED_FAILED, 5);
		observe(&p, S53_OBSERVED_ANSWERED, 5);
	}
	assert_int_equal(state(&p), S53_HEALTH_UP);
	for (; failures < 100 && state(&p) == S53_HEALTH_UP; failures++) {
		observe(&p, S53_OBSERVED_ANSWERED, 5);
		observe(&p, S53_OBSERVED_FAILED, 5);
	}
	assert_in_range(failures, 8, 40);
}

static void
a_loop_counts_as_a_failure_and_is_named(void **arg)
{
	struct fixture p = fixture_unknown();

	(void)arg;
	for (unsigned i = 0; i < 8; i++) {
		p.now_ms += 10;
		observe(&p, S53_OBSERVED_LOOP, 0);
	}
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	assert_int_equal(p.last.why, S53_REASON_LOOP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_signal_leads_to_the_state_of_the_table),
		cmocka_unit_test(each_reason_has_a_name_of_its_own),
		cmocka_unit_test(the_default_check_queries_the_soa_of_the_apex_and_ns_of_the_root),
		cmocka_unit_test(the_liveness_probe_is_in_the_zone),
		cmocka_unit_test(two_overdue_queries_in_a_row_make_a_suspect_and_one_does_not),
		cmocka_unit_test(a_query_sent_before_the_last_reply_is_no_sign_of_silence),
		cmocka_unit_test(an_overdue_query_to_a_slow_server_is_not_suspicious),
		cmocka_unit_test(two_replies_clear_a_suspicion_of_overdue_queries),
		cmocka_unit_test(a_loss_of_one_fifth_makes_a_suspect_and_16_replies_clear_it),
		cmocka_unit_test(a_loss_of_one_in_a_hundred_does_not_make_a_suspect),
		cmocka_unit_test(
		    each_relapse_of_loss_within_a_minute_needs_twice_as_many_replies_to_clear),
		cmocka_unit_test(a_server_with_failing_replies_only_is_suspect_and_never_worse),
		cmocka_unit_test(
		    mostly_failures_make_a_suspect_of_a_good_server_and_half_failures_do_not),
		cmocka_unit_test(a_loop_counts_as_a_failure_and_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
