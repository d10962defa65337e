/* SPDX-License-Identifier: ISC
 *
 * test_health.c - the table of states, and what makes a suspect of a server.
 */
#include "record_fixture.h"

#include <stdlib.h>
#include <string.h>

/* --- the table ------------------------------------------------------------------------------- */

static void
the_table_leads_where_it_says(void **arg)
{
	static const char *const rows[S53_HEALTH_STATES] = {
		/* ANSWER RISE DOUBT HELD FALL REFUSE PROBE */
		[S53_HEALTH_UP] = "up up suspect stalled down down up",
		[S53_HEALTH_SUSPECT] = "suspect up suspect stalled down down suspect",
		[S53_HEALTH_STALLED] = "stalled up stalled stalled down down stalled",
		[S53_HEALTH_DOWN] = "recovering up down stalled down down probing",
		[S53_HEALTH_PROBING] = "recovering up probing stalled down down probing",
		[S53_HEALTH_RECOVERING] = "recovering up recovering stalled down down recovering",
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
the_default_check_asks_for_the_soa_of_the_apex_and_for_ns_of_the_root(void **arg)
{
	struct s53_health_check check;
	struct s53_name apex, root = { .len = 1 };

	(void)arg;
	assert_int_equal(s53_name_parse("consul.", &apex), S53_OK);
	s53_health_check_init(&check, &apex);
	assert_true(s53_name_same(&check.name, &apex));
	assert_int_equal(check.type, 6);
	assert_int_equal(check.mode, S53_CHECK_LAZY);
	assert_int_equal(check.accept, 1u << 0 | 1u << 3);
	assert_int_equal(check.rise, 2);
	assert_int_equal(check.fall, 3);
	s53_health_check_init(&check, &root);
	assert_true(s53_name_same(&check.name, &root));
	assert_int_equal(check.type, 2);
}

/* --- suspicion ------------------------------------------------------------------------------- */

static void
two_late_ones_in_a_row_make_a_suspect_and_one_does_not(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	late_after(&p, 50);
	assert_int_equal(state(&p), S53_HEALTH_UP);
	sign(&p, S53_OBSERVED_ANSWERED, 60);
	late_after(&p, 50);
	assert_int_equal(state(&p), S53_HEALTH_UP);
	late_after(&p, 50);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	assert_int_equal(p.last.why, S53_REASON_LATE);
	assert_int_equal(p.last.lasted_ms, p.now_ms - START_MS);
}

static void
a_question_that_left_before_the_last_answer_is_no_sign_of_silence(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	for (unsigned i = 0; i < 100; i++) { /* one in ten of many at once is slow */
		p.now_ms += 5;
		sign(&p, S53_OBSERVED_ANSWERED, 5);
		p.now_ms += 1;
		sign(&p, S53_OBSERVED_OVERDUE, 30);
		sign(&p, S53_OBSERVED_OVERDUE, 30);
		sign(&p, S53_OBSERVED_OVERDUE, 30);
	}
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
a_late_one_of_a_server_that_is_known_to_be_slow_is_no_doubt(void **arg)
{
	struct patient p = patient_new(400);

	(void)arg;
	late_after(&p, 250);
	late_after(&p, 250);
	assert_int_equal(state(&p), S53_HEALTH_UP);
	assert_int_equal(record_srtt_8ms(&p.record), 8 * 400);
	sign(&p, S53_OBSERVED_ANSWERED, 400);
	late_after(&p, 450);
	late_after(&p, 450);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
}

static void
a_blip_is_over_with_two_answers(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	becomes(&p, S53_HEALTH_SUSPECT);
	sign(&p, S53_OBSERVED_ANSWERED, 150);
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	sign(&p, S53_OBSERVED_OVERDUE, 60); /* which left before that answer */
	sign(&p, S53_OBSERVED_ANSWERED, 120);
	assert_int_equal(state(&p), S53_HEALTH_UP);
	assert_int_equal(p.changes, 2);
	assert_false(record_is_troubled(&p.record));
}

static void
loss_of_a_fifth_makes_a_suspect_and_its_end_is_seen(void **arg)
{
	struct patient p = patient_new(5);
	unsigned asked = 0;

	(void)arg;
	for (; asked < 200 && state(&p) == S53_HEALTH_UP; asked++) {
		p.now_ms += 20;
		if (asked % 5 == 0) { /* one that left before answers that came meanwhile */
			sign(&p, S53_OBSERVED_OVERDUE, 30);
			sign(&p, S53_OBSERVED_TIMEOUT, 2000);
		} else {
			sign(&p, S53_OBSERVED_ANSWERED, 5);
		}
	}
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	assert_int_equal(p.last.why, S53_REASON_LOSS);
	assert_in_range(asked, 8, 40);
	for (unsigned i = 0; i < 200; i++) { /* it stays so */
		p.now_ms += 20;
		sign(&p, i % 5 == 0 ? S53_OBSERVED_TIMEOUT : S53_OBSERVED_ANSWERED,
		    i % 5 == 0 ? 40 : 5);
	}
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	sign(&p, S53_OBSERVED_TIMEOUT, 40); /* the last one */
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
		sign(&p, S53_OBSERVED_ANSWERED, 5);
	}
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
loss_of_one_in_a_hundred_is_no_reason(void **arg)
{
	struct patient p = patient_new(5);

	(void)arg;
	srandom(1);
	for (unsigned i = 0; i < 20000; i++) {
		p.now_ms += 5;
		if (random() % 100 == 0)
			sign(&p, S53_OBSERVED_TIMEOUT, 2000);
		else
			sign(&p, S53_OBSERVED_ANSWERED, 5);
	}
	assert_int_equal(p.changes, 0);
}

/* Until it is suspect: one in five is lost. */
static void
lose(struct patient *p)
{
	for (unsigned i = 0; i < 200 && state(p) == S53_HEALTH_UP; i++) {
		p->now_ms += 20;
		sign(p, i % 5 == 0 ? S53_OBSERVED_TIMEOUT : S53_OBSERVED_ANSWERED,
		    i % 5 == 0 ? 40 : 5);
	}
	assert_int_equal(state(p), S53_HEALTH_SUSPECT);
	assert_true(record_suspicion_persists(&p->record));
}

static void
each_doubt_of_loss_within_a_minute_takes_twice_as_much_to_disprove(void **arg)
{
	static const unsigned expected[] = { 2, 4, 8, 16, 16 };
	struct patient p = patient_new(5);

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
nothing_but_failures_makes_a_suspect_and_never_more(void **arg)
{
	struct patient p = patient_unknown();

	(void)arg;
	for (unsigned i = 1; i <= 1000; i++) {
		p.now_ms += 20;
		sign(&p, S53_OBSERVED_ANSWERED, 5);
		sign(&p, S53_OBSERVED_FAILED, 5);
		assert_int_equal(state(&p), i < 8 ? S53_HEALTH_UP : S53_HEALTH_SUSPECT);
	}
	assert_int_equal(p.last.why, S53_REASON_RCODE);
	for (unsigned i = 0; i < 16; i++)
		sign(&p, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&p), S53_HEALTH_UP);
}

static void
failures_make_a_suspect_of_one_that_did_well_and_half_of_them_do_not(void **arg)
{
	struct patient p = patient_new(5);
	unsigned failures = 0;

	(void)arg;
	for (unsigned i = 0; i < 1000; i++) {
		sign(&p, S53_OBSERVED_ANSWERED, 5);
		sign(&p, S53_OBSERVED_FAILED, 5);
		sign(&p, S53_OBSERVED_ANSWERED, 5);
	}
	assert_int_equal(state(&p), S53_HEALTH_UP);
	for (; failures < 100 && state(&p) == S53_HEALTH_UP; failures++) {
		sign(&p, S53_OBSERVED_ANSWERED, 5);
		sign(&p, S53_OBSERVED_FAILED, 5);
	}
	assert_in_range(failures, 8, 40);
}

static void
a_loop_counts_as_a_failure_and_is_named(void **arg)
{
	struct patient p = patient_unknown();

	(void)arg;
	for (unsigned i = 0; i < 8; i++) {
		p.now_ms += 10;
		sign(&p, S53_OBSERVED_LOOP, 0);
	}
	assert_int_equal(state(&p), S53_HEALTH_SUSPECT);
	assert_int_equal(p.last.why, S53_REASON_LOOP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_leads_where_it_says),
		cmocka_unit_test(each_reason_has_a_name_of_its_own),
		cmocka_unit_test(
		    the_default_check_asks_for_the_soa_of_the_apex_and_for_ns_of_the_root),
		cmocka_unit_test(two_late_ones_in_a_row_make_a_suspect_and_one_does_not),
		cmocka_unit_test(a_question_that_left_before_the_last_answer_is_no_sign_of_silence),
		cmocka_unit_test(a_late_one_of_a_server_that_is_known_to_be_slow_is_no_doubt),
		cmocka_unit_test(a_blip_is_over_with_two_answers),
		cmocka_unit_test(loss_of_a_fifth_makes_a_suspect_and_its_end_is_seen),
		cmocka_unit_test(loss_of_one_in_a_hundred_is_no_reason),
		cmocka_unit_test(
		    each_doubt_of_loss_within_a_minute_takes_twice_as_much_to_disprove),
		cmocka_unit_test(nothing_but_failures_makes_a_suspect_and_never_more),
		cmocka_unit_test(
		    failures_make_a_suspect_of_one_that_did_well_and_half_of_them_do_not),
		cmocka_unit_test(a_loop_counts_as_a_failure_and_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
