/* SPDX-License-Identifier: ISC
 *
 * test_record.c - how a server goes down and comes back, and the numbers of its record.
 */
#include "record_fixture.h"

/* --- down ------------------------------------------------------------------------------------ */

static void
one_refusal_takes_a_server_down(void **arg)
{
	struct fixture p = fixture_new(5), q = fixture_new(5);

	(void)arg;
	observe(&p, S53_OBSERVED_REFUSED, 1);
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
	assert_int_equal(p.last.why, S53_REASON_REFUSED);
	observe(&q, S53_OBSERVED_UNREACHABLE, 1);
	assert_int_equal(state(&q), S53_HEALTH_DOWN);
	assert_int_equal(q.last.why, S53_REASON_UNREACHABLE);
}

static void
falling_needs_three_failures_and_a_second_of_silence(void **arg)
{
	struct fixture p = fixture_new(5), q = fixture_new(5);

	(void)arg;
	for (unsigned i = 0; i < 10; i++)
		overdue_after(&p, 90); /* 900 ms of silence */
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	overdue_after(&p, 100);
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
	assert_int_equal(p.last.why, S53_REASON_TIMEOUT);
	overdue_after(&q, 50);
	q.now_ms += 5000;
	overdue_after(&q, 50); /* long enough, but only two */
	assert_int_equal(state(&q), S53_HEALTH_SUSPECT);
}

/* As the only server of a group. */
static struct fixture
fixture_alone(uint32_t down_after_ms)
{
	struct fixture p = fixture_new(5);
	struct s53_health_check check;
	struct s53_name root = { .len = 1 };

	s53_health_check_init(&check, &root);
	check.down_after_ms = down_after_ms;
	record_set_check(&p.record, &check);
	return p;
}

static void
the_only_server_is_silent_before_it_is_down(void **arg)
{
	struct fixture p = fixture_alone(4500);

	(void)arg;
	for (unsigned i = 0; i < 10; i++)
		overdue_after(&p, 90); /* 900 ms of silence */
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	for (unsigned i = 0; i < 35; i++) {
		overdue_after(&p, 100);
		assert_int_equal(state(&p), S53_HEALTH_SILENT);
	}
	assert_int_equal(p.last.why, S53_REASON_TIMEOUT);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_LOST); /* 5400 ms */
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
	assert_int_equal(p.last.from, S53_HEALTH_SILENT);
	assert_int_equal(p.last.why, S53_REASON_TIMEOUT);
	observe(&p, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&p), S53_HEALTH_RECOVERING);
}

static void
silence_is_counted_from_the_first_query_over_all_of_them(void **arg)
{
	struct fixture p = fixture_alone(4500);

	(void)arg;
	for (unsigned i = 0; i < 4; i++) { /* of queries that are sent while another one waits */
		p.now_ms += 500;
		observe(&p, S53_OBSERVED_OVERDUE, 250);
	}
	assert_int_equal(state(&p), S53_HEALTH_SILENT);
	p.now_ms += 2740;
	observe(&p, S53_OBSERVED_TIMEOUT, 4490); /* the first one of all was sent then */
	assert_int_equal(state(&p), S53_HEALTH_SILENT);
	p.now_ms += 10;
	observe(&p, S53_OBSERVED_OVERDUE, 20);
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
}

static void
a_reply_of_any_kind_ends_silence_and_a_refusal_does_not_wait(void **arg)
{
	struct fixture p = fixture_alone(5000), q = fixture_alone(5000);

	(void)arg;
	for (unsigned i = 0; i < 30; i++)
		overdue_after(&p, 100);
	q = p;
	assert_int_equal(state(&p), S53_HEALTH_SILENT);
	observe(&p, S53_OBSERVED_ANSWERED, 2950);
	assert_int_equal(state(&p), S53_HEALTH_RECOVERING);
	observe(&p, S53_OBSERVED_ANSWERED, 2900);
	assert_int_equal(state(&p), S53_HEALTH_UP);
	observe(&q, S53_OBSERVED_REFUSED, 1);
	assert_int_equal(state(&q), S53_HEALTH_DOWN);
}

static void
an_overdue_query_and_its_timeout_are_one_failure(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	overdue_after(&p, 50);
	overdue_after(&p, 50);
	p.now_ms += 1950;
	observe(&p, S53_OBSERVED_TIMEOUT, 2000);
	observe(&p, S53_OBSERVED_TIMEOUT, 2000);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	overdue_after(&p, 50);
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
}

static void
a_server_does_not_fall_while_it_replies_to_anything(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	for (unsigned i = 0; i < 100; i++) {
		overdue_after(&p, 50);
		overdue_after(&p, 50);
		overdue_after(&p, 50);
		p.now_ms += 800;
		observe(&p, S53_OBSERVED_ANSWERED, 5);
		p.now_ms += 1;
		assert_true(state(&p) == S53_HEALTH_UP || state(&p) == S53_HEALTH_SUSPECT);
	}
}

static void
silence_must_last_longer_for_a_slow_and_for_an_unknown_server(void **arg)
{
	struct fixture slow = fixture_new(1500), unknown = fixture_unknown();

	(void)arg;
	for (unsigned i = 0; i < 14; i++)
		overdue_after(&slow, 100);
	assert_int_not_equal(state(&slow), S53_HEALTH_DOWN);
	for (unsigned i = 0; i < 34; i++)
		overdue_after(&unknown, 100);
	assert_int_equal(state(&unknown), S53_HEALTH_SUSPECT);
	overdue_after(&unknown, 100);
	assert_int_equal(state(&unknown), S53_HEALTH_DOWN);
	assert_int_equal(record_rto_ms(&unknown.record), 0); /* its RTT is still unknown */
}

static void
while_a_probe_is_under_way_only_its_end_takes_the_server_down(void **arg)
{
	struct fixture p = fixture_new(5);
	struct s53_probe leaves = { .timeout_ms = 1000 };
	struct probe_result lost = { S53_PROBE_READINESS, S53_PROBE_LOST, 0, 0 };

	(void)arg;
	becomes(&p, S53_HEALTH_SUSPECT);
	lost.began_ms = p.now_ms;
	apply(&p, record_probe_begin(&p.record, &leaves, p.now_ms));
	for (unsigned i = 0; i < 10; i++)
		overdue_after(&p, 100);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	apply(&p, record_probe_end(&p.record, &lost, p.now_ms));
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
}

static void
a_probe_that_never_ends_does_not_keep_a_server_from_falling(void **arg)
{
	struct fixture p = fixture_new(5);
	struct s53_probe leaves = { .timeout_ms = 1000 };

	(void)arg;
	becomes(&p, S53_HEALTH_SUSPECT);
	apply(&p, record_probe_begin(&p.record, &leaves, p.now_ms));
	for (unsigned i = 0; i < 20; i++)
		overdue_after(&p, 100);
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
}

/* --- and back -------------------------------------------------------------------------------- */

static void
a_server_that_was_down_needs_two_replies_in_a_row(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	becomes(&p, S53_HEALTH_DOWN);
	observe(&p, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&p), S53_HEALTH_RECOVERING);
	p.now_ms += 60;
	observe(&p, S53_OBSERVED_TIMEOUT, 50); /* not in a row */
	observe(&p, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&p), S53_HEALTH_RECOVERING);
	observe(&p, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
queries_lost_before_a_server_was_up_do_not_count_as_loss(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	becomes(&p, S53_HEALTH_SUSPECT);
	p.now_ms += 500;
	observe(&p, S53_OBSERVED_ANSWERED, 5);
	for (unsigned i = 0; i < 100; i++)
		observe(&p, S53_OBSERVED_TIMEOUT, 400);
	observe(&p, S53_OBSERVED_ANSWERED, 5);
	p.now_ms += 1000;
	assert_int_equal(state(&p), S53_HEALTH_UP);
	for (unsigned i = 0; i < 100; i++)
		observe(&p, S53_OBSERVED_TIMEOUT, 1400);
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
liveness_probes_alone_do_not_raise_a_server(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	becomes(&p, S53_HEALTH_DOWN);
	for (unsigned i = 0; i < 10; i++)
		probe(&p, S53_PROBE_LIVENESS, S53_PROBE_ANSWERED);
	assert_int_equal(state(&p), S53_HEALTH_RECOVERING);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_UNFIT);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_UNFIT);
	assert_int_equal(state(&p), S53_HEALTH_RECOVERING);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
a_server_that_is_not_ready_is_stalled_until_readiness_probes_succeed(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	becomes(&p, S53_HEALTH_STALLED);
	assert_int_equal(p.last.why, S53_REASON_NOT_READY);
	for (unsigned i = 0; i < 100; i++) {
		p.now_ms += 5;
		observe(&p, S53_OBSERVED_ANSWERED, 1); /* of queries that need no work */
	}
	assert_int_equal(state(&p), S53_HEALTH_STALLED);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	assert_int_equal(state(&p), S53_HEALTH_STALLED);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
a_stalled_server_falls_only_when_liveness_probes_fail_too(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	becomes(&p, S53_HEALTH_STALLED);
	for (unsigned i = 0; i < 50; i++)
		overdue_after(&p, 250);
	assert_int_equal(state(&p), S53_HEALTH_STALLED);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_NOT_READY);
	assert_int_equal(state(&p), S53_HEALTH_STALLED);
	for (unsigned i = 0; i < 3; i++)
		probe(&p, S53_PROBE_READINESS, S53_PROBE_LOST);
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
}

static void
without_probes_live_replies_raise_a_stalled_server(void **arg)
{
	struct fixture p = fixture_new(5);
	struct s53_health_check never;
	struct s53_name root = { .len = 1 };

	(void)arg;
	becomes(&p, S53_HEALTH_STALLED);
	s53_health_check_init(&never, &root);
	never.mode = S53_PROBE_MODE_NEVER;
	record_set_check(&p.record, &never);
	observe(&p, S53_OBSERVED_ANSWERED, 5);
	observe(&p, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
a_suspect_by_rcode_stays_one_while_probes_get_that_rcode(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	probe(&p, S53_PROBE_READINESS, S53_PROBE_UNFIT); /* mode always */
	assert_int_equal(state(&p), S53_HEALTH_UP);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_UNFIT);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	for (unsigned i = 0; i < 100; i++)
		observe(&p, S53_OBSERVED_ANSWERED, 5);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_UNFIT);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	assert_int_equal(probes_until_up(&p), 2);
}

static void
a_skipped_probe_changes_nothing(void **arg)
{
	static const enum s53_health_state states[] = { S53_HEALTH_UP, S53_HEALTH_SUSPECT,
		S53_HEALTH_STALLED, S53_HEALTH_DOWN, S53_HEALTH_RECOVERING };

	(void)arg;
	for (unsigned i = 0; i < sizeof(states) / sizeof(*states); i++) {
		struct fixture p = fixture_new(5);
		struct s53_health_report before, after;

		becomes(&p, states[i]);
		record_report(&p.record, &before);
		for (unsigned k = 0; k < 10; k++)
			probe(&p, S53_PROBE_READINESS, S53_PROBE_SKIPPED);
		record_report(&p.record, &after);
		assert_memory_equal(&before, &after, sizeof(before));
	}
}

static void
probing_is_a_part_of_the_time_down(void **arg)
{
	struct fixture p = fixture_new(5);
	uint64_t down_ms;

	(void)arg;
	down_ms = p.now_ms;
	becomes(&p, S53_HEALTH_DOWN);
	for (unsigned i = 0; i < 10; i++) {
		probe(&p, S53_PROBE_READINESS, S53_PROBE_LOST);
		assert_int_equal(state(&p), S53_HEALTH_DOWN);
	}
	probe(&p, S53_PROBE_LIVENESS, S53_PROBE_ANSWERED);
	assert_int_equal(p.last.from, S53_HEALTH_PROBING);
	assert_int_equal(p.last.lasted_ms, p.now_ms - down_ms);
}

/* --- numbers --------------------------------------------------------------------------------- */

static void
a_slow_server_that_is_quick_again_is_known_as_such_within_a_few_replies(void **arg)
{
	struct fixture p = fixture_new(2000);

	(void)arg;
	for (unsigned i = 0; i < 5; i++)
		observe(&p, S53_OBSERVED_ANSWERED, 2);
	assert_in_range(record_srtt_8ms(&p.record) / 8, 2, 70);
}

static void
only_replies_update_the_round_trip_time(void **arg)
{
	struct fixture p = fixture_new(10);

	(void)arg;
	observe(&p, S53_OBSERVED_OVERDUE, 250);
	observe(&p, S53_OBSERVED_TIMEOUT, 2000);
	assert_int_equal(record_srtt_8ms(&p.record), 80);
}

static void
a_far_quicker_reply_after_a_second_is_believed_at_once(void **arg)
{
	struct fixture p = fixture_new(800);

	(void)arg;
	p.now_ms += 999;
	observe(&p, S53_OBSERVED_ANSWERED, 2);
	assert_true(record_srtt_8ms(&p.record) > 8 * 400);
	p.now_ms += 1000;
	observe(&p, S53_OBSERVED_ANSWERED, 2);
	assert_int_equal(record_srtt_8ms(&p.record), 16);
	assert_int_equal(record_rto_ms(&p.record), 2 + 4);
}

static void
the_round_trip_time_of_a_server_that_comes_back_is_measured_anew(void **arg)
{
	struct fixture p = fixture_new(100);

	(void)arg;
	becomes(&p, S53_HEALTH_DOWN);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	assert_int_equal(state(&p), S53_HEALTH_RECOVERING);
	assert_int_equal(record_srtt_8ms(&p.record), 8 * 5);
	observe(&p, S53_OBSERVED_ANSWERED, 90);
	assert_int_equal(record_srtt_8ms(&p.record), 8 * 90);
	assert_int_equal(state(&p), S53_HEALTH_UP);
	observe(&p, S53_OBSERVED_ANSWERED, 10);
	assert_true(record_srtt_8ms(&p.record) > 8 * 10);
}

static void
silence_does_not_last_over_a_standstill(void **arg)
{
	struct fixture p = fixture_new(5);
	struct s53_observation late = { S53_OBSERVED_OVERDUE, S53_OVER_UDP, 50, 0 };

	(void)arg;
	for (unsigned i = 0; i < 2; i++)
		overdue_after(&p, 50);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	p.now_ms += 3000;
	late.resumed_ms = p.now_ms;
	for (unsigned i = 0; i < 19; i++) {
		p.now_ms += 50;
		apply(&p, record_observe(&p.record, late, p.now_ms));
		assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	}
	p.now_ms += 100;
	apply(&p, record_observe(&p.record, late, p.now_ms));
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
}

static void
with_loss_one_probe_that_finds_it_not_ready_does_not_stall_a_server(void **arg)
{
	struct fixture p = fixture_new(5);

	(void)arg;
	for (unsigned i = 0; i < 2; i++) {
		p.now_ms += 2000;
		observe(&p, S53_OBSERVED_TIMEOUT, 1000);
		observe(&p, S53_OBSERVED_ANSWERED, 5);
	}
	probe(&p, S53_PROBE_READINESS, S53_PROBE_NOT_READY);
	assert_int_not_equal(state(&p), S53_HEALTH_STALLED);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_NOT_READY);
	assert_int_equal(state(&p), S53_HEALTH_STALLED);
}

static void
the_time_of_a_probe_counts_only_without_live_replies(void **arg)
{
	struct fixture live = fixture_new(40), none = fixture_unknown();

	(void)arg;
	probe(&live, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	assert_int_equal(record_srtt_8ms(&live.record), 8 * 40);
	live.now_ms += 60001;
	probe(&live, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	assert_true(record_srtt_8ms(&live.record) < 8 * 40);
	probe(&none, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	assert_int_equal(record_srtt_8ms(&none.record), 8 * 5);
}

static void
the_report_shows_what_is_known(void **arg)
{
	struct fixture p = fixture_unknown();
	struct s53_health_report report;

	(void)arg;
	record_report(&p.record, &report);
	assert_int_equal(report.state, S53_HEALTH_UP);
	assert_false(report.asked);
	assert_false(report.has_rtt);
	assert_int_equal(report.answered_at_ms, 0);
	observe(&p, S53_OBSERVED_ANSWERED, 40);
	p.now_ms += 1000;
	observe(&p, S53_OBSERVED_TIMEOUT, 900);
	record_report(&p.record, &report);
	assert_true(report.asked);
	assert_true(report.has_rtt);
	assert_int_equal(report.rtt_ms, 40);
	assert_int_equal(report.variation_ms, 20);
	assert_int_equal(report.answered_at_ms, START_MS);
	assert_int_equal(report.failed_at_ms, START_MS + 1000);
	assert_int_equal(report.timeouts_in_row, 1);
	assert_int_equal(report.loss_permille, 31);
	assert_int_equal(report.reason, S53_REASON_TIMEOUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_refusal_takes_a_server_down),
		cmocka_unit_test(falling_needs_three_failures_and_a_second_of_silence),
		cmocka_unit_test(the_only_server_is_silent_before_it_is_down),
		cmocka_unit_test(silence_is_counted_from_the_first_query_over_all_of_them),
		cmocka_unit_test(a_reply_of_any_kind_ends_silence_and_a_refusal_does_not_wait),
		cmocka_unit_test(an_overdue_query_and_its_timeout_are_one_failure),
		cmocka_unit_test(a_server_does_not_fall_while_it_replies_to_anything),
		cmocka_unit_test(silence_must_last_longer_for_a_slow_and_for_an_unknown_server),
		cmocka_unit_test(while_a_probe_is_under_way_only_its_end_takes_the_server_down),
		cmocka_unit_test(a_probe_that_never_ends_does_not_keep_a_server_from_falling),
		cmocka_unit_test(a_server_that_was_down_needs_two_replies_in_a_row),
		cmocka_unit_test(queries_lost_before_a_server_was_up_do_not_count_as_loss),
		cmocka_unit_test(liveness_probes_alone_do_not_raise_a_server),
		cmocka_unit_test(
		    a_server_that_is_not_ready_is_stalled_until_readiness_probes_succeed),
		cmocka_unit_test(a_stalled_server_falls_only_when_liveness_probes_fail_too),
		cmocka_unit_test(without_probes_live_replies_raise_a_stalled_server),
		cmocka_unit_test(a_suspect_by_rcode_stays_one_while_probes_get_that_rcode),
		cmocka_unit_test(a_skipped_probe_changes_nothing),
		cmocka_unit_test(probing_is_a_part_of_the_time_down),
		cmocka_unit_test(
		    a_slow_server_that_is_quick_again_is_known_as_such_within_a_few_replies),
		cmocka_unit_test(only_replies_update_the_round_trip_time),
		cmocka_unit_test(a_far_quicker_reply_after_a_second_is_believed_at_once),
		cmocka_unit_test(the_round_trip_time_of_a_server_that_comes_back_is_measured_anew),
		cmocka_unit_test(silence_does_not_last_over_a_standstill),
		cmocka_unit_test(
		    with_loss_one_probe_that_finds_it_not_ready_does_not_stall_a_server),
		cmocka_unit_test(the_time_of_a_probe_counts_only_without_live_replies),
		cmocka_unit_test(the_report_shows_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
