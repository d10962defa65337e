/* SPDX-License-Identifier: ISC
 *
 * test_probing.c - when a server is probed, and with what.
 */
#include "probing_fixture.h"

static void
in_health_nothing_is_asked(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	run_for(&w, 3600000); /* not when nobody asks either */
	live_for(&w, 60000);
	assert_int_equal(w.probes, 0);
	assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
	assert_false(s53_probe_begin(w.server, &w.last, w.now_ms));
	world_free(&w);
}

static void
in_mode_always_work_is_asked_each_interval(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	set_mode(&w, S53_CHECK_ALWAYS);
	run_for(&w, 60000);
	assert_in_range(w.probes, 60, 61);
	assert_int_equal(w.last.kind, S53_PROBE_READINESS);
	assert_int_equal(w.last.over, S53_OVER_UDP);
	cut(&w, BLACK_HOLE); /* seen without any live question */
	run_for(&w, 4000);
	assert_int_equal(state(&w), S53_HEALTH_DOWN);
	world_free(&w);
}

static void
in_mode_never_nothing_is_asked_whatever_happens(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	set_mode(&w, S53_CHECK_NEVER);
	cut(&w, BLACK_HOLE);
	live_for(&w, 10000);
	assert_int_equal(state(&w), S53_HEALTH_DOWN);
	note(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
	note(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	assert_int_equal(w.probes, 0);
	world_free(&w);
}

static void
a_change_of_mode_takes_effect_at_once(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	cut(&w, BLACK_HOLE);
	live_for(&w, 10000);
	set_mode(&w, S53_CHECK_NEVER);
	assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
	set_mode(&w, S53_CHECK_LAZY);
	assert_true(s53_probe_due_ms(w.server) <= w.now_ms + 2000);
	world_free(&w);
}

static void
a_suspect_is_asked_for_work_at_once_and_two_answers_clear_it(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	w.now_ms += 50;
	note(&w, S53_OVER_UDP, S53_OBSERVED_OVERDUE, 50);
	note(&w, S53_OVER_UDP, S53_OBSERVED_OVERDUE, 50);
	assert_int_equal(state(&w), S53_HEALTH_SUSPECT);
	assert_true(s53_probe_due_ms(w.server) <= w.now_ms);
	run_for(&w, 2 * RTT_MS);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	assert_int_equal(w.probes, 2);
	assert_int_equal(w.last.kind, S53_PROBE_READINESS);
	assert_int_equal(w.last.over, S53_OVER_UDP);
	assert_in_range(w.last.liveness_after_ms, 20, 250);
	assert_int_equal(w.last.timeout_ms, S53_CHECK_TIMEOUT_MS);
	assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
	world_free(&w);
}

static void
what_is_due_at_once_stays_so_whatever_happens_to_the_other_protocol(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	note(&w, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0);
	w.way[S53_OVER_TCP] = REFUSING;
	run_for(&w, 5000);
	note(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	note(&w, S53_OVER_TCP, S53_OBSERVED_ANSWERED, 5);
	note(&w, S53_OVER_TCP, S53_OBSERVED_ANSWERED, 5);
	assert_true(s53_probe_due_ms(w.server) <= w.now_ms);
	world_free(&w);
}

/* It answers everything, and nothing well. */
static void
never_fits(struct world *w)
{
	w->fails = true;
	for (unsigned i = 0; i < 60; i++) {
		note(w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
		note(w, S53_OVER_UDP, S53_OBSERVED_FAILED, 0);
	}
	assert_int_equal(state(w), S53_HEALTH_SUSPECT);
}

static void
trouble_of_tcp_does_not_hurry_the_probes_of_a_suspect(void **arg)
{
	struct world w = world_in_health();
	uint64_t due_ms;

	(void)arg;
	never_fits(&w);
	run_for(&w, 500);
	assert_int_equal(state(&w), S53_HEALTH_SUSPECT);
	due_ms = s53_probe_due_ms(w.server);
	assert_true(due_ms > w.now_ms);
	note(&w, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0);
	assert_true(s53_probe_due_ms(w.server) == due_ms);
	world_free(&w);
}

static void
one_probe_at_a_time(void **arg)
{
	struct world w = world_in_health();
	struct s53_probe second;

	(void)arg;
	note(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	assert_true(s53_probe_begin(w.server, &w.last, w.now_ms));
	assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
	note(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
	note(&w, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0);
	assert_false(s53_probe_begin(w.server, &second, w.now_ms + 100000));
	s53_probe_end(w.server, &w.last, S53_PROBE_REFUSED, 0, w.now_ms);
	assert_true(s53_probe_due_ms(w.server) != UINT64_MAX);
	world_free(&w);
}

static void
death_under_load_is_said_within_two_seconds(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	cut(&w, BLACK_HOLE);
	live_for(&w, 1500);
	assert_int_not_equal(state(&w), S53_HEALTH_UP);
	assert_int_not_equal(state(&w), S53_HEALTH_SUSPECT);
	assert_int_equal(s53_upstream_state(w.server), state(&w));
	world_free(&w);
}

static void
a_server_that_holds_work_is_stalled_never_down_and_back_within_its_interval(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	w.holds = true;
	for (unsigned i = 0; i < 1000; i++) {
		live_for(&w, 20);
		assert_int_not_equal(state(&w), S53_HEALTH_DOWN);
		assert_int_not_equal(state(&w), S53_HEALTH_PROBING);
	}
	assert_int_equal(state(&w), S53_HEALTH_STALLED);
	w.holds = false;
	run_for(&w, 1000 + 2 * RTT_MS);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	world_free(&w);
}

/* --- odd ends -------------------------------------------------------------------------------- */

static void
one_that_was_skipped_is_tried_again_after_the_interval_and_changes_nothing(void **arg)
{
	struct world w = world_in_health();
	struct s53_upstream_report before, after;

	(void)arg;
	note(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	cut(&w, BLACK_HOLE);
	run_for(&w, 600000);
	w.now_ms = s53_probe_due_ms(w.server);
	s53_upstream_report(w.server, &before, w.now_ms);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(s53_probe_begin(w.server, &w.last, w.now_ms));
		s53_probe_end(w.server, &w.last, S53_PROBE_SKIPPED, 0, w.now_ms);
		assert_true(s53_probe_due_ms(w.server) == w.now_ms + 1000);
		w.now_ms += 1000;
	}
	s53_upstream_report(w.server, &after, w.now_ms);
	for (unsigned i = 0; i < S53_PROTOCOLS; i++) {
		before.path[i].next_probe_ms = after.path[i].next_probe_ms = 0;
		assert_memory_equal(&before.path[i], &after.path[i], sizeof(before.path[i]));
	}
	world_free(&w);
}

static void
one_that_refuses_the_question_of_probes_comes_back_like_any(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	note(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	w.declines = true;
	run_for(&w, 3000);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	world_free(&w);
}

static void
one_that_lives_but_never_fits_is_asked_ever_less(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	never_fits(&w);
	run_for(&w, 3600000);
	assert_int_equal(state(&w), S53_HEALTH_SUSPECT);
	assert_in_range(w.probes, 100, 250);
	w.fails = false;
	run_for(&w, 33000 + 2 * RTT_MS);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	world_free(&w);
}

static void
probes_for_a_doubt_of_loss_are_an_interval_apart(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	for (unsigned i = 0; state(&w) == S53_HEALTH_UP; i++) {
		w.now_ms += 20;
		note(&w, S53_OVER_UDP, i % 3 == 0 ? S53_OBSERVED_TIMEOUT : S53_OBSERVED_ANSWERED,
		    i % 3 == 0 ? 250 : 5);
	}
	run_for(&w, 10000);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	assert_int_equal(w.probes, 2);
	for (unsigned i = 1; i < 2; i++)
		assert_true(w.left_ms[i] - w.left_ms[i - 1] >= 1000);
	world_free(&w);
}

static void
a_probe_of_a_slow_server_is_waited_for_longer(void **arg)
{
	struct world w = world_new();

	(void)arg;
	for (unsigned i = 0; i < 50; i++)
		note(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 1800);
	w.now_ms += 10000;
	note(&w, S53_OVER_UDP, S53_OBSERVED_OVERDUE, 2500);
	note(&w, S53_OVER_UDP, S53_OBSERVED_OVERDUE, 2500);
	assert_true(s53_probe_begin(w.server, &w.last, w.now_ms));
	assert_in_range(w.last.timeout_ms, 1800, 5000);
	s53_probe_end(w.server, &w.last, S53_PROBE_ANSWERED, 1800, w.now_ms);
	world_free(&w);
}

static void
count_wakes(void *arg)
{
	++*(unsigned *)arg;
}

static void
the_prober_is_woken_when_a_probe_is_due_sooner(void **arg)
{
	struct world w = world_in_health();
	unsigned wakes = 0;

	(void)arg;
	s53_registry_on_probe(w.registry, count_wakes, &wakes);
	note(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(wakes, 0);
	note(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 5);
	assert_int_equal(wakes, 1);
	note(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 5);
	assert_int_equal(wakes, 1);
	probe_once(&w);
	assert_int_equal(wakes, 2); /* there is a next one */
	s53_registry_on_probe(w.registry, NULL, NULL);
	note(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(wakes, 2);
	world_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_health_nothing_is_asked),
		cmocka_unit_test(in_mode_always_work_is_asked_each_interval),
		cmocka_unit_test(in_mode_never_nothing_is_asked_whatever_happens),
		cmocka_unit_test(a_change_of_mode_takes_effect_at_once),
		cmocka_unit_test(a_suspect_is_asked_for_work_at_once_and_two_answers_clear_it),
		cmocka_unit_test(
		    what_is_due_at_once_stays_so_whatever_happens_to_the_other_protocol),
		cmocka_unit_test(trouble_of_tcp_does_not_hurry_the_probes_of_a_suspect),
		cmocka_unit_test(one_probe_at_a_time),
		cmocka_unit_test(death_under_load_is_said_within_two_seconds),
		cmocka_unit_test(
		    a_server_that_holds_work_is_stalled_never_down_and_back_within_its_interval),
		cmocka_unit_test(
		    one_that_was_skipped_is_tried_again_after_the_interval_and_changes_nothing),
		cmocka_unit_test(one_that_refuses_the_question_of_probes_comes_back_like_any),
		cmocka_unit_test(one_that_lives_but_never_fits_is_asked_ever_less),
		cmocka_unit_test(probes_for_a_doubt_of_loss_are_an_interval_apart),
		cmocka_unit_test(a_probe_of_a_slow_server_is_waited_for_longer),
		cmocka_unit_test(the_prober_is_woken_when_a_probe_is_due_sooner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
