/* SPDX-License-Identifier: ISC
 *
 * test_probing.c - when a server is probed, and how.
 */
#include "probing_fixture.h"

static void
a_healthy_server_is_not_probed(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	run_for(&w, 3600000); /* without live queries */
	live_for(&w, 60000);
	assert_int_equal(w.probes, 0);
	assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
	assert_false(s53_probe_begin(w.server, &w.last, w.now_ms));
	world_free(&w);
}

static void
in_mode_always_a_readiness_probe_is_sent_each_interval(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	set_mode(&w, S53_PROBE_MODE_ALWAYS);
	run_for(&w, 60000);
	assert_in_range(w.probes, 60, 61);
	assert_int_equal(w.last.kind, S53_PROBE_READINESS);
	assert_int_equal(w.last.over, S53_OVER_UDP);
	cut(&w, BLACK_HOLE); /* detected without live queries */
	run_for(&w, 4000);
	assert_int_equal(state(&w), S53_HEALTH_DOWN);
	world_free(&w);
}

static void
in_mode_never_no_probe_is_sent_whatever_happens(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	set_mode(&w, S53_PROBE_MODE_NEVER);
	cut(&w, BLACK_HOLE);
	live_for(&w, 10000);
	assert_int_equal(state(&w), S53_HEALTH_DOWN);
	observe(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
	observe(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
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
	set_mode(&w, S53_PROBE_MODE_NEVER);
	assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
	set_mode(&w, S53_PROBE_MODE_LAZY);
	assert_true(s53_probe_due_ms(w.server) <= w.now_ms + 2000);
	world_free(&w);
}

static void
a_suspect_gets_readiness_probes_at_once_and_two_replies_clear_it(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	w.now_ms += 50;
	observe(&w, S53_OVER_UDP, S53_OBSERVED_OVERDUE, 50);
	observe(&w, S53_OVER_UDP, S53_OBSERVED_OVERDUE, 50);
	assert_int_equal(state(&w), S53_HEALTH_SUSPECT);
	assert_true(s53_probe_due_ms(w.server) <= w.now_ms);
	run_for(&w, 2 * RTT_MS);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	assert_int_equal(w.probes, 2);
	assert_int_equal(w.last.kind, S53_PROBE_READINESS);
	assert_int_equal(w.last.over, S53_OVER_UDP);
	assert_in_range(w.last.liveness_after_ms, 20, 250);
	assert_int_equal(w.last.timeout_ms, S53_PROBE_TIMEOUT_MS);
	assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
	world_free(&w);
}

static void
a_probe_that_is_due_at_once_stays_due_whatever_happens_to_the_other_protocol(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	observe(&w, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0);
	w.way[S53_OVER_TCP] = REFUSING;
	run_for(&w, 5000);
	observe(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	observe(&w, S53_OVER_TCP, S53_OBSERVED_ANSWERED, 5);
	observe(&w, S53_OVER_TCP, S53_OBSERVED_ANSWERED, 5);
	assert_true(s53_probe_due_ms(w.server) <= w.now_ms);
	world_free(&w);
}

/* All replies are failures, to live queries and to readiness probes. */
static void
fail_readiness(struct world *w)
{
	w->fails = true;
	for (unsigned i = 0; i < 60; i++) {
		observe(w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
		observe(w, S53_OVER_UDP, S53_OBSERVED_FAILED, 0);
	}
	assert_int_equal(state(w), S53_HEALTH_SUSPECT);
}

static void
trouble_of_tcp_does_not_advance_the_probes_of_a_suspect(void **arg)
{
	struct world w = world_in_health();
	uint64_t due_ms;

	(void)arg;
	fail_readiness(&w);
	run_for(&w, 500);
	assert_int_equal(state(&w), S53_HEALTH_SUSPECT);
	due_ms = s53_probe_due_ms(w.server);
	assert_true(due_ms > w.now_ms);
	observe(&w, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0);
	assert_true(s53_probe_due_ms(w.server) == due_ms);
	world_free(&w);
}

static void
one_probe_is_under_way_at_a_time(void **arg)
{
	struct world w = world_in_health();
	struct s53_probe second;

	(void)arg;
	observe(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	assert_true(s53_probe_begin(w.server, &w.last, w.now_ms));
	assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
	observe(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
	observe(&w, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0);
	assert_false(s53_probe_begin(w.server, &second, w.now_ms + 100000));
	s53_probe_end(w.server, &w.last, S53_PROBE_REFUSED, 0, w.now_ms);
	assert_true(s53_probe_due_ms(w.server) != UINT64_MAX);
	world_free(&w);
}

static void
death_under_load_is_detected_within_two_seconds(void **arg)
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
a_server_that_is_not_ready_is_stalled_never_down_and_up_within_an_interval(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	w.not_ready = true;
	for (unsigned i = 0; i < 1000; i++) {
		live_for(&w, 20);
		assert_int_not_equal(state(&w), S53_HEALTH_DOWN);
		assert_int_not_equal(state(&w), S53_HEALTH_PROBING);
	}
	assert_int_equal(state(&w), S53_HEALTH_STALLED);
	w.not_ready = false;
	run_for(&w, 1000 + 2 * RTT_MS);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	world_free(&w);
}

/* --- odd ends -------------------------------------------------------------------------------- */

static void
a_skipped_probe_is_tried_again_after_the_interval_and_changes_nothing(void **arg)
{
	struct world w = world_in_health();
	struct s53_upstream_report before, after;

	(void)arg;
	observe(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
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
a_dead_server_that_declines_probes_comes_back_all_the_same(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	observe(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	w.declines = true;
	run_for(&w, 3000);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	world_free(&w);
}

static void
a_server_that_only_fails_readiness_probes_is_probed_ever_less(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	fail_readiness(&w);
	run_for(&w, 3600000);
	assert_int_equal(state(&w), S53_HEALTH_SUSPECT);
	assert_in_range(w.probes, 100, 250);
	w.fails = false;
	run_for(&w, 33000 + 2 * RTT_MS);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	world_free(&w);
}

static void
probes_for_a_suspicion_of_loss_are_an_interval_apart(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	for (unsigned i = 0; state(&w) == S53_HEALTH_UP; i++) {
		w.now_ms += 20;
		observe(&w, S53_OVER_UDP, i % 3 == 0 ? S53_OBSERVED_TIMEOUT : S53_OBSERVED_ANSWERED,
		    i % 3 == 0 ? 250 : 5);
	}
	run_for(&w, 10000);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	assert_int_equal(w.probes, 2);
	for (unsigned i = 1; i < 2; i++)
		assert_true(w.sent_at_ms[i] - w.sent_at_ms[i - 1] >= 1000);
	world_free(&w);
}

static void
a_probe_of_a_slow_server_has_a_longer_timeout(void **arg)
{
	struct world w = world_new();

	(void)arg;
	for (unsigned i = 0; i < 50; i++)
		observe(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 1800);
	w.now_ms += 10000;
	observe(&w, S53_OVER_UDP, S53_OBSERVED_OVERDUE, 2500);
	observe(&w, S53_OVER_UDP, S53_OBSERVED_OVERDUE, 2500);
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
	observe(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(wakes, 0);
	observe(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 5);
	assert_int_equal(wakes, 1);
	observe(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 5);
	assert_int_equal(wakes, 1);
	probe_once(&w);
	assert_int_equal(wakes, 2); /* the next probe is due */
	s53_registry_on_probe(w.registry, NULL, NULL);
	observe(&w, S53_OVER_UDP, S53_OBSERVED_ANSWERED, 5);
	assert_int_equal(wakes, 2);
	world_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_server_is_not_probed),
		cmocka_unit_test(in_mode_always_a_readiness_probe_is_sent_each_interval),
		cmocka_unit_test(in_mode_never_no_probe_is_sent_whatever_happens),
		cmocka_unit_test(a_change_of_mode_takes_effect_at_once),
		cmocka_unit_test(a_suspect_gets_readiness_probes_at_once_and_two_replies_clear_it),
		cmocka_unit_test(
		    a_probe_that_is_due_at_once_stays_due_whatever_happens_to_the_other_protocol),
		cmocka_unit_test(trouble_of_tcp_does_not_advance_the_probes_of_a_suspect),
		cmocka_unit_test(one_probe_is_under_way_at_a_time),
		cmocka_unit_test(death_under_load_is_detected_within_two_seconds),
		cmocka_unit_test(
		    a_server_that_is_not_ready_is_stalled_never_down_and_up_within_an_interval),
		cmocka_unit_test(
		    a_skipped_probe_is_tried_again_after_the_interval_and_changes_nothing),
		cmocka_unit_test(a_dead_server_that_declines_probes_comes_back_all_the_same),
		cmocka_unit_test(a_server_that_only_fails_readiness_probes_is_probed_ever_less),
		cmocka_unit_test(probes_for_a_suspicion_of_loss_are_an_interval_apart),
		cmocka_unit_test(a_probe_of_a_slow_server_has_a_longer_timeout),
		cmocka_unit_test(the_prober_is_woken_when_a_probe_is_due_sooner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
