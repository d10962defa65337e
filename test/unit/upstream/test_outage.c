/* SPDX-License-Identifier: ISC
 *
 * test_outage.c - what probes a dead server gets, and how soon its return is seen.
 */
#include "probing_fixture.h"

/* How long after `outage_ms` in the dark the server is up again. */
static uint64_t
time_to_return(struct world *w, uint64_t outage_ms, enum link link)
{
	uint64_t back_ms = w->now_ms + outage_ms;

	cut(w, link);
	if (link == REFUSING)
		note(w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	while (w->now_ms < back_ms && state(w) != S53_HEALTH_DOWN && state(w) != S53_HEALTH_PROBING)
		live_for(w, 20);
	run_until(w, back_ms);
	if (w->now_ms > back_ms)
		back_ms = w->now_ms; /* the one on its way was lost */
	cut(w, REACHABLE);
	for (unsigned i = 0; i < 100 && state(w) != S53_HEALTH_UP; i++)
		run_until(w, s53_probe_due_ms(w->server));
	return w->now_ms - back_ms;
}

static void
check_returns(enum link link)
{
	static const uint64_t outages_ms[] = { 1000, 1700, 3000, 10000, 30000, 60000, 120000,
		299000, 600000 };

	for (unsigned i = 0; i < sizeof(outages_ms) / sizeof(*outages_ms); i++) {
		for (unsigned seed = 0; seed < 50; seed++) {
			struct world w = world_in_health();
			uint64_t outage_ms = outages_ms[i] + seed * 37, allowed_ms, took_ms;

			s53_rand_test_seed(seed);
			took_ms = time_to_return(&w, outage_ms, link);
			assert_int_equal(state(&w), S53_HEALTH_UP);
			allowed_ms = outage_ms / 10 > 1000 ? outage_ms / 10 : 1000;
			if (allowed_ms > 30000)
				allowed_ms = 30000;
			assert_in_range(took_ms, 0, allowed_ms + allowed_ms / 10 + 8 * RTT_MS);
			run_for(&w, 1000); /* TCP, if it was seen to be down as well */
			assert_int_equal(tcp_state(&w), S53_HEALTH_UP);
			assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
			world_free(&w);
		}
	}
}

static void
return_from_a_black_hole_is_seen_within_a_tenth_of_the_outage(void **arg)
{
	(void)arg;
	check_returns(BLACK_HOLE);
}

static void
return_from_refusal_is_seen_within_a_tenth_of_the_outage(void **arg)
{
	(void)arg;
	check_returns(REFUSING);
}

static void
check_pace(enum link link)
{
	struct world w = world_in_health();
	unsigned last_hour = 0;

	cut(&w, link);
	live_for(&w, 3000);
	run_for(&w, 7200000);
	for (unsigned i = 2; i < w.probes; i++) /* going down, the first turn comes at once */
		assert_true(i < 4 || w.left_ms[i] - w.left_ms[i - 1] >= 1000);
	for (unsigned i = 0; i < w.probes; i++)
		last_hour += w.left_ms[i] >= w.now_ms - 3600000;
	assert_in_range(last_hour, 109, 133); /* each 27 to 33 s */
	world_free(&w);
}

static void
a_dead_server_gets_one_probe_a_second_at_first_and_one_in_30_s_at_last(void **arg)
{
	(void)arg;
	check_pace(BLACK_HOLE);
	check_pace(REFUSING);
}

static void
while_it_is_down_work_and_life_over_udp_and_work_over_tcp_take_turns(void **arg)
{
	struct world w = world_in_health();
	unsigned turns[S53_PROTOCOLS][2] = { { 0 } };

	(void)arg;
	cut(&w, REFUSING);
	note(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	probe_once(&w);
	assert_int_equal(w.last.over, S53_OVER_TCP); /* at once */
	for (unsigned i = 0; i < 30; i++) {
		w.now_ms = s53_probe_due_ms(w.server);
		probe_once(&w);
		assert_int_equal(w.last.liveness_after_ms, 0);
		turns[w.last.over][w.last.kind]++;
	}
	assert_int_equal(turns[S53_OVER_UDP][S53_PROBE_READINESS], 10);
	assert_int_equal(turns[S53_OVER_UDP][S53_PROBE_LIVENESS], 10);
	assert_int_equal(turns[S53_OVER_TCP][S53_PROBE_READINESS], 10);
	world_free(&w);
}

/* Whose turn it is when it goes down, after `turns` of an outage before. */
static void
check_first_turn(unsigned turns)
{
	struct world w = world_in_health();

	for (unsigned outage = 0; outage < 2; outage++) {
		cut(&w, BLACK_HOLE);
		while (state(&w) != S53_HEALTH_DOWN) /* by a probe that is lost */
			live_for(&w, 20);
		assert_true(s53_probe_due_ms(w.server) <= w.now_ms);
		probe_once(&w);
		assert_int_equal(w.last.over, S53_OVER_TCP);
		for (unsigned i = 0; i < turns; i++) {
			w.now_ms = s53_probe_due_ms(w.server);
			probe_once(&w);
		}
		cut(&w, REACHABLE);
		live_for(&w, 10000);
		assert_int_equal(state(&w), S53_HEALTH_UP);
		assert_int_equal(tcp_state(&w), S53_HEALTH_UP);
		note(&w, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0); /* it has not proved itself */
	}
	world_free(&w);
}

static void
a_server_that_has_just_gone_down_gets_a_probe_over_tcp_first(void **arg)
{
	(void)arg;
	for (unsigned turns = 0; turns < 3; turns++)
		check_first_turn(turns);
}

static void
a_sign_of_life_leads_to_work_over_udp_at_once(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	w.way[S53_OVER_TCP] = REFUSING;
	w.way[S53_OVER_UDP] = REFUSING;
	note(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	run_for(&w, 60000);
	w.way[S53_OVER_UDP] = REACHABLE;
	w.holds = true;
	while (state(&w) != S53_HEALTH_RECOVERING) {
		w.now_ms = s53_probe_due_ms(w.server);
		probe_once(&w);
	}
	assert_int_equal(w.last.kind, S53_PROBE_LIVENESS);
	assert_true(s53_probe_due_ms(w.server) <= w.now_ms);
	probe_once(&w);
	assert_int_equal(w.last.kind, S53_PROBE_READINESS);
	assert_int_equal(w.last.over, S53_OVER_UDP);
	assert_int_equal(state(&w), S53_HEALTH_STALLED);
	assert_true(s53_probe_due_ms(w.server) <= w.now_ms + 1000);
	world_free(&w);
}

/* --- one protocol alone ---------------------------------------------------------------------- */

static void
a_server_that_answers_over_tcp_alone_is_asked_so_within_three_seconds(void **arg)
{
	struct world w = world_in_health();
	unsigned probes;

	(void)arg;
	w.way[S53_OVER_UDP] = BLACK_HOLE;
	live_for(&w, 3000);
	assert_true(s53_upstream_wants_tcp(w.server));
	assert_int_equal(s53_upstream_state(w.server), S53_HEALTH_UP);
	live_for(&w, 10000);
	assert_true(s53_upstream_wants_tcp(w.server));
	probes = w.probes;
	for (unsigned i = 0; i < 10; i++) { /* TCP needs no probes: live traffic proves it */
		w.now_ms = s53_probe_due_ms(w.server);
		probe_once(&w);
		assert_int_equal(w.last.over, S53_OVER_UDP);
	}
	assert_int_equal(w.probes, probes + 10);
	w.way[S53_OVER_UDP] = REACHABLE;
	run_for(&w, 5000);
	assert_false(s53_upstream_wants_tcp(w.server));
	assert_int_equal(s53_upstream_state(w.server), S53_HEALTH_UP);
	world_free(&w);
}

static void
one_that_was_dead_and_comes_back_over_tcp_alone_is_asked_so(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	cut(&w, BLACK_HOLE);
	live_for(&w, 20000);
	w.way[S53_OVER_TCP] = REACHABLE;
	run_for(&w, 12000); /* three turns of a tenth of the time down, lost for a second each */
	assert_true(s53_upstream_wants_tcp(w.server));
	world_free(&w);
}

static void
trouble_of_tcp_alone_is_probed_over_tcp_and_fades(void **arg)
{
	struct world w = world_in_health();
	unsigned before;

	(void)arg;
	w.way[S53_OVER_TCP] = REFUSING;
	note(&w, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0);
	assert_int_equal(tcp_state(&w), S53_HEALTH_DOWN);
	assert_int_equal(s53_upstream_state(w.server), S53_HEALTH_UP);
	live_for(&w, 3600000);
	assert_int_equal(w.last.over, S53_OVER_TCP);
	before = w.probes;
	live_for(&w, 600000);
	assert_in_range(w.probes - before, 17, 23);
	w.way[S53_OVER_TCP] = REACHABLE;
	live_for(&w, 34000);
	assert_int_equal(tcp_state(&w), S53_HEALTH_UP);
	assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
	world_free(&w);
}

static void
a_server_for_tcp_only_is_probed_over_tcp_only(void **arg)
{
	struct world w = world_with(true);

	(void)arg;
	live_for(&w, 1000);
	cut(&w, BLACK_HOLE);
	live_for(&w, 3000);
	assert_int_not_equal(s53_upstream_state(w.server), S53_HEALTH_UP);
	for (unsigned i = 0; i < 20; i++) {
		w.now_ms = s53_probe_due_ms(w.server);
		probe_once(&w);
		assert_int_equal(w.last.over, S53_OVER_TCP);
		assert_int_equal(w.last.kind, S53_PROBE_READINESS);
	}
	cut(&w, REACHABLE);
	w.now_ms = s53_probe_due_ms(w.server);
	run_for(&w, 2 * RTT_MS);
	assert_int_equal(s53_upstream_state(w.server), S53_HEALTH_UP);
	assert_int_equal(state(&w), S53_HEALTH_UP); /* of UDP nobody knows anything */
	world_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(return_from_a_black_hole_is_seen_within_a_tenth_of_the_outage),
		cmocka_unit_test(return_from_refusal_is_seen_within_a_tenth_of_the_outage),
		cmocka_unit_test(
		    a_dead_server_gets_one_probe_a_second_at_first_and_one_in_30_s_at_last),
		cmocka_unit_test(
		    while_it_is_down_work_and_life_over_udp_and_work_over_tcp_take_turns),
		cmocka_unit_test(a_server_that_has_just_gone_down_gets_a_probe_over_tcp_first),
		cmocka_unit_test(a_sign_of_life_leads_to_work_over_udp_at_once),
		cmocka_unit_test(
		    a_server_that_answers_over_tcp_alone_is_asked_so_within_three_seconds),
		cmocka_unit_test(one_that_was_dead_and_comes_back_over_tcp_alone_is_asked_so),
		cmocka_unit_test(trouble_of_tcp_alone_is_probed_over_tcp_and_fades),
		cmocka_unit_test(a_server_for_tcp_only_is_probed_over_tcp_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
