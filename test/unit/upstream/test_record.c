/* SPDX-License-Identifier: ISC
 *
 * test_record.c - how a server goes down and comes back, and the numbers of its record.
 */
#include "record_fixture.h"

/* --- down ------------------------------------------------------------------------------------ */

static void
a_refusal_counts_at_once(void **arg)
{
	struct patient p = patient_new(5), q = patient_new(5);

	(void)arg;
	sign(&p, S53_OBSERVED_REFUSED, 1);
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
	assert_int_equal(p.last.why, S53_REASON_REFUSED);
	sign(&q, S53_OBSERVED_UNREACHABLE, 1);
	assert_int_equal(state(&q), S53_HEALTH_DOWN);
	assert_int_equal(q.last.why, S53_REASON_UNREACHABLE);
}

static void
falling_needs_three_failures_and_a_second_of_silence(void **arg)
{
	struct patient p = patient_new(5), q = patient_new(5);

	(void)arg;
	for (unsigned i = 0; i < 10; i++)
		late_after(&p, 90); /* 900 ms of silence */
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	late_after(&p, 100);
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
	assert_int_equal(p.last.why, S53_REASON_TIMEOUT);
	late_after(&q, 50);
	q.now_ms += 5000;
	late_after(&q, 50); /* silence, but two */
	assert_int_equal(state(&q), S53_HEALTH_SUSPECT);
}

static void
a_late_one_and_its_end_are_one_failure(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	late_after(&p, 50);
	late_after(&p, 50);
	p.now_ms += 1950;
	sign(&p, S53_OBSERVED_TIMEOUT, 2000);
	sign(&p, S53_OBSERVED_TIMEOUT, 2000);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	late_after(&p, 50);
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
}

static void
it_does_not_fall_while_anything_is_answered(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	for (unsigned i = 0; i < 100; i++) {
		late_after(&p, 50);
		late_after(&p, 50);
		late_after(&p, 50);
		p.now_ms += 800;
		sign(&p, S53_OBSERVED_ANSWERED, 5);
		p.now_ms += 1;
		assert_true(state(&p) == S53_HEALTH_UP || state(&p) == S53_HEALTH_SUSPECT);
	}
}

static void
silence_is_longer_for_the_slow_and_for_the_unknown(void **arg)
{
	struct patient slow = patient_new(1500), unknown = patient_unknown();

	(void)arg;
	for (unsigned i = 0; i < 14; i++)
		late_after(&slow, 100);
	assert_int_not_equal(state(&slow), S53_HEALTH_DOWN);
	for (unsigned i = 0; i < 34; i++)
		late_after(&unknown, 100);
	assert_int_equal(state(&unknown), S53_HEALTH_SUSPECT);
	late_after(&unknown, 100);
	assert_int_equal(state(&unknown), S53_HEALTH_DOWN);
	assert_int_equal(record_rto_ms(&unknown.record), 0); /* nothing was learnt of its time */
}

static void
while_a_probe_is_under_way_its_end_decides(void **arg)
{
	struct patient p = patient_new(5);
	struct s53_probe leaves = { .timeout_ms = 1000 };
	struct probe_result lost = { S53_PROBE_READINESS, S53_PROBE_LOST, 0, 0 };

	(void)arg;
	becomes(&p, S53_HEALTH_SUSPECT);
	lost.began_ms = p.now_ms;
	took(&p, record_probe_begin(&p.record, &leaves, p.now_ms));
	for (unsigned i = 0; i < 10; i++)
		late_after(&p, 100);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	took(&p, record_probe_end(&p.record, &lost, p.now_ms));
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
}

static void
a_probe_that_never_ends_decides_nothing(void **arg)
{
	struct patient p = patient_new(5);
	struct s53_probe leaves = { .timeout_ms = 1000 };

	(void)arg;
	becomes(&p, S53_HEALTH_SUSPECT);
	took(&p, record_probe_begin(&p.record, &leaves, p.now_ms));
	for (unsigned i = 0; i < 20; i++)
		late_after(&p, 100);
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
}

/* --- and back -------------------------------------------------------------------------------- */

static void
a_server_that_was_down_has_to_answer_twice(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	becomes(&p, S53_HEALTH_DOWN);
	sign(&p, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&p), S53_HEALTH_RECOVERING);
	p.now_ms += 60;
	sign(&p, S53_OBSERVED_TIMEOUT, 50); /* not in a row */
	sign(&p, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&p), S53_HEALTH_RECOVERING);
	sign(&p, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
what_was_lost_before_it_rose_is_not_held_against_it(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	becomes(&p, S53_HEALTH_SUSPECT);
	p.now_ms += 500;
	sign(&p, S53_OBSERVED_ANSWERED, 5);
	for (unsigned i = 0; i < 100; i++)
		sign(&p, S53_OBSERVED_TIMEOUT, 400);
	sign(&p, S53_OBSERVED_ANSWERED, 5);
	p.now_ms += 1000;
	assert_int_equal(state(&p), S53_HEALTH_UP);
	for (unsigned i = 0; i < 100; i++)
		sign(&p, S53_OBSERVED_TIMEOUT, 1400);
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
life_alone_is_not_work(void **arg)
{
	struct patient p = patient_new(5);

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
a_server_that_holds_work_is_stalled_until_work_is_answered(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	becomes(&p, S53_HEALTH_STALLED);
	assert_int_equal(p.last.why, S53_REASON_NOT_READY);
	for (unsigned i = 0; i < 100; i++) {
		p.now_ms += 5;
		sign(&p, S53_OBSERVED_ANSWERED, 1); /* of what needs no work */
	}
	assert_int_equal(state(&p), S53_HEALTH_STALLED);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	assert_int_equal(state(&p), S53_HEALTH_STALLED);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
a_stalled_server_falls_only_when_life_is_not_answered_either(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	becomes(&p, S53_HEALTH_STALLED);
	for (unsigned i = 0; i < 50; i++)
		late_after(&p, 250);
	assert_int_equal(state(&p), S53_HEALTH_STALLED);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_NOT_READY);
	assert_int_equal(state(&p), S53_HEALTH_STALLED);
	for (unsigned i = 0; i < 3; i++)
		probe(&p, S53_PROBE_READINESS, S53_PROBE_LOST);
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
}

static void
without_probes_live_answers_raise_a_stalled_server(void **arg)
{
	struct patient p = patient_new(5);
	struct s53_health_check never;
	struct s53_name root = { .len = 1 };

	(void)arg;
	becomes(&p, S53_HEALTH_STALLED);
	s53_health_check_init(&never, &root);
	never.mode = S53_CHECK_NEVER;
	record_set_check(&p.record, &never);
	sign(&p, S53_OBSERVED_ANSWERED, 5);
	sign(&p, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
a_suspect_by_rcode_stays_one_while_probes_get_that_rcode(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	probe(&p, S53_PROBE_READINESS, S53_PROBE_UNFIT); /* mode always */
	assert_int_equal(state(&p), S53_HEALTH_UP);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_UNFIT);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	for (unsigned i = 0; i < 100; i++)
		sign(&p, S53_OBSERVED_ANSWERED, 5);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_UNFIT);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	assert_int_equal(probes_until_up(&p), 2);
}

static void
skipped_proves_nothing(void **arg)
{
	static const enum s53_health_state states[] = { S53_HEALTH_UP, S53_HEALTH_SUSPECT,
		S53_HEALTH_STALLED, S53_HEALTH_DOWN, S53_HEALTH_RECOVERING };

	(void)arg;
	for (unsigned i = 0; i < sizeof(states) / sizeof(*states); i++) {
		struct patient p = patient_new(5);
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
	struct patient p = patient_new(5);
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
a_slow_server_that_is_quick_again_is_known_as_such_within_a_few_answers(void **arg)
{
	struct patient p = patient_new(2000);

	(void)arg;
	for (unsigned i = 0; i < 5; i++)
		sign(&p, S53_OBSERVED_ANSWERED, 2);
	assert_in_range(record_srtt_8ms(&p.record) / 8, 2, 70);
}

static void
only_answers_tell_of_the_round_trip(void **arg)
{
	struct patient p = patient_new(10);

	(void)arg;
	sign(&p, S53_OBSERVED_OVERDUE, 250);
	sign(&p, S53_OBSERVED_TIMEOUT, 2000);
	assert_int_equal(record_srtt_8ms(&p.record), 80);
}

static void
far_quicker_after_a_second_is_believed_at_once(void **arg)
{
	struct patient p = patient_new(800);

	(void)arg;
	p.now_ms += 999;
	sign(&p, S53_OBSERVED_ANSWERED, 2);
	assert_true(record_srtt_8ms(&p.record) > 8 * 400);
	p.now_ms += 1000;
	sign(&p, S53_OBSERVED_ANSWERED, 2);
	assert_int_equal(record_srtt_8ms(&p.record), 16);
	assert_int_equal(record_rto_ms(&p.record), 2 + 4);
}

static void
who_comes_back_is_measured_as_for_the_first_time(void **arg)
{
	struct patient p = patient_new(100);

	(void)arg;
	becomes(&p, S53_HEALTH_DOWN);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_ANSWERED);
	assert_int_equal(state(&p), S53_HEALTH_RECOVERING);
	assert_int_equal(record_srtt_8ms(&p.record), 8 * 5);
	sign(&p, S53_OBSERVED_ANSWERED, 90);
	assert_int_equal(record_srtt_8ms(&p.record), 8 * 90);
	assert_int_equal(state(&p), S53_HEALTH_UP);
	sign(&p, S53_OBSERVED_ANSWERED, 10);
	assert_true(record_srtt_8ms(&p.record) > 8 * 10);
}

static void
silence_does_not_last_over_a_standstill(void **arg)
{
	struct patient p = patient_new(5);
	struct s53_observation late = { S53_OBSERVED_OVERDUE, S53_OVER_UDP, 50, 0 };

	(void)arg;
	for (unsigned i = 0; i < 2; i++)
		late_after(&p, 50);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	p.now_ms += 3000;
	late.resumed_ms = p.now_ms;
	for (unsigned i = 0; i < 19; i++) {
		p.now_ms += 50;
		took(&p, record_observe(&p.record, late, p.now_ms));
		assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	}
	p.now_ms += 100;
	took(&p, record_observe(&p.record, late, p.now_ms));
	assert_int_equal(state(&p), S53_HEALTH_DOWN);
}

static void
where_things_get_lost_one_held_probe_does_not_stall_a_server(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	for (unsigned i = 0; i < 2; i++) {
		p.now_ms += 2000;
		sign(&p, S53_OBSERVED_TIMEOUT, 1000);
		sign(&p, S53_OBSERVED_ANSWERED, 5);
	}
	probe(&p, S53_PROBE_READINESS, S53_PROBE_NOT_READY);
	assert_int_not_equal(state(&p), S53_HEALTH_STALLED);
	probe(&p, S53_PROBE_READINESS, S53_PROBE_NOT_READY);
	assert_int_equal(state(&p), S53_HEALTH_STALLED);
}

static void
the_time_of_a_probe_counts_only_for_want_of_live_answers(void **arg)
{
	struct patient live = patient_new(40), none = patient_unknown();

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
the_report_tells_what_is_known(void **arg)
{
	struct patient p = patient_unknown();
	struct s53_health_report report;

	(void)arg;
	record_report(&p.record, &report);
	assert_int_equal(report.state, S53_HEALTH_UP);
	assert_false(report.asked);
	assert_false(report.has_rtt);
	assert_int_equal(report.answered_at_ms, 0);
	sign(&p, S53_OBSERVED_ANSWERED, 40);
	p.now_ms += 1000;
	sign(&p, S53_OBSERVED_TIMEOUT, 900);
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
		cmocka_unit_test(a_refusal_counts_at_once),
		cmocka_unit_test(falling_needs_three_failures_and_a_second_of_silence),
		cmocka_unit_test(a_late_one_and_its_end_are_one_failure),
		cmocka_unit_test(it_does_not_fall_while_anything_is_answered),
		cmocka_unit_test(silence_is_longer_for_the_slow_and_for_the_unknown),
		cmocka_unit_test(while_a_probe_is_under_way_its_end_decides),
		cmocka_unit_test(a_probe_that_never_ends_decides_nothing),
		cmocka_unit_test(a_server_that_was_down_has_to_answer_twice),
		cmocka_unit_test(what_was_lost_before_it_rose_is_not_held_against_it),
		cmocka_unit_test(life_alone_is_not_work),
		cmocka_unit_test(a_server_that_holds_work_is_stalled_until_work_is_answered),
		cmocka_unit_test(a_stalled_server_falls_only_when_life_is_not_answered_either),
		cmocka_unit_test(without_probes_live_answers_raise_a_stalled_server),
		cmocka_unit_test(a_suspect_by_rcode_stays_one_while_probes_get_that_rcode),
		cmocka_unit_test(skipped_proves_nothing),
		cmocka_unit_test(probing_is_a_part_of_the_time_down),
		cmocka_unit_test(
		    a_slow_server_that_is_quick_again_is_known_as_such_within_a_few_answers),
		cmocka_unit_test(only_answers_tell_of_the_round_trip),
		cmocka_unit_test(far_quicker_after_a_second_is_believed_at_once),
		cmocka_unit_test(who_comes_back_is_measured_as_for_the_first_time),
		cmocka_unit_test(silence_does_not_last_over_a_standstill),
		cmocka_unit_test(where_things_get_lost_one_held_probe_does_not_stall_a_server),
		cmocka_unit_test(the_time_of_a_probe_counts_only_for_want_of_live_answers),
		cmocka_unit_test(the_report_tells_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
