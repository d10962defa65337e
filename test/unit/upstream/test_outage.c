/* SPDX-License-Identifier: ISC
 *
 * test_outage.c - which probes a dead server gets, and how soon its return is detected.
 */
#include "probing_fixture.h"

/* How long the server takes to be up after an outage of `outage_ms`. */
static uint64_t
time_to_return(struct world *w, uint64_t outage_ms, enum link link)
{
	uint64_t back_ms = w->now_ms + outage_ms;

	cut(w, link);
	if (link == REFUSING)
		observe(w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	while (w->now_ms < back_ms && state(w) != S53_HEALTH_DOWN && state(w) != S53_HEALTH_PROBING)
		live_for(w, 20);
	run_until(w, back_ms);
	if (w->now_ms > back_ms)
		back_ms = w->now_ms; /* the probe under way was lost */
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
			run_for(&w, 1000); /* for TCP, if it was down as well */
			assert_int_equal(tcp_state(&w), S53_HEALTH_UP);
			assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
			world_free(&w);
		}
	}
}

static void
the_end_of_a_black_hole_is_detected_within_a_tenth_of_the_outage(void **arg)
{
	(void)arg;
	check_returns(BLACK_HOLE);
}

static void
the_end_of_a_refusal_is_detected_within_a_tenth_of_the_outage(void **arg)
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
	for (unsigned i = 2; i < w.probes; i++) /* at the start, probes come at once */
		assert_true(i < 4 || w.sent_at_ms[i] - w.sent_at_ms[i - 1] >= 1000);
	for (unsigned i = 0; i < w.probes; i++)
		last_hour += w.sent_at_ms[i] >= w.now_ms - 3600000;
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
probes_of_a_dead_server_cycle_through_tcp_readiness_and_liveness(void **arg)
{
	struct world w = world_in_health();
	unsigned probes[S53_PROTOCOLS][2] = { { 0 } };

	(void)arg;
	cut(&w, REFUSING);
	observe(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	probe_once(&w);
	assert_int_equal(w.last.over, S53_OVER_TCP); /* at once */
	for (unsigned i = 0; i < 30; i++) {
		w.now_ms = s53_probe_due_ms(w.server);
		probe_once(&w);
		assert_int_equal(w.last.liveness_after_ms, 0);
		probes[w.last.over][w.last.kind]++;
	}
	assert_int_equal(probes[S53_OVER_UDP][S53_PROBE_READINESS], 10);
	assert_int_equal(probes[S53_OVER_UDP][S53_PROBE_LIVENESS], 10);
	assert_int_equal(probes[S53_OVER_TCP][S53_PROBE_READINESS], 10);
	world_free(&w);
}

/* The first probe after the server goes down, `probes` probes into the outage before. */
static void
check_first_probe(unsigned probes)
{
	struct world w = world_in_health();

	for (unsigned outage = 0; outage < 2; outage++) {
		cut(&w, BLACK_HOLE);
		while (state(&w) != S53_HEALTH_DOWN) /* a lost probe takes it down */
			live_for(&w, 20);
		assert_true(s53_probe_due_ms(w.server) <= w.now_ms);
		probe_once(&w);
		assert_int_equal(w.last.over, S53_OVER_TCP);
		for (unsigned i = 0; i < probes; i++) {
			w.now_ms = s53_probe_due_ms(w.server);
			probe_once(&w);
		}
		cut(&w, REACHABLE);
		live_for(&w, 10000);
		assert_int_equal(state(&w), S53_HEALTH_UP);
		assert_int_equal(tcp_state(&w), S53_HEALTH_UP);
		/* so TCP has not proved itself */
		observe(&w, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0);
	}
	world_free(&w);
}

static void
a_server_that_has_just_gone_down_gets_a_probe_over_tcp_first(void **arg)
{
	(void)arg;
	for (unsigned probes = 0; probes < 3; probes++)
		check_first_probe(probes);
}

static void
a_liveness_reply_leads_to_a_readiness_probe_over_udp_at_once(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	w.way[S53_OVER_TCP] = REFUSING;
	w.way[S53_OVER_UDP] = REFUSING;
	observe(&w, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	run_for(&w, 60000);
	w.way[S53_OVER_UDP] = REACHABLE;
	w.not_ready = true;
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
a_server_that_replies_over_tcp_alone_gets_queries_over_tcp_within_3_s(void **arg)
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
a_dead_server_that_returns_over_tcp_alone_gets_queries_over_tcp(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	cut(&w, BLACK_HOLE);
	live_for(&w, 20000);
	w.way[S53_OVER_TCP] = REACHABLE;
	/* three probes, a tenth of the time down apart, each lost after a second */
	run_for(&w, 12000);
	assert_true(s53_upstream_wants_tcp(w.server));
	world_free(&w);
}

static void
probes_of_a_server_with_only_tcp_down_go_over_tcp_and_back_off(void **arg)
{
	struct world w = world_in_health();
	unsigned before;

	(void)arg;
	w.way[S53_OVER_TCP] = REFUSING;
	observe(&w, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0);
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
a_tcp_only_server_is_probed_over_tcp_only(void **arg)
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
	assert_int_equal(state(&w), S53_HEALTH_UP); /* nothing is known of UDP */
	world_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_of_a_black_hole_is_detected_within_a_tenth_of_the_outage),
		cmocka_unit_test(the_end_of_a_refusal_is_detected_within_a_tenth_of_the_outage),
		cmocka_unit_test(
		    a_dead_server_gets_one_probe_a_second_at_first_and_one_in_30_s_at_last),
		cmocka_unit_test(probes_of_a_dead_server_cycle_through_tcp_readiness_and_liveness),
		cmocka_unit_test(a_server_that_has_just_gone_down_gets_a_probe_over_tcp_first),
		cmocka_unit_test(a_liveness_reply_leads_to_a_readiness_probe_over_udp_at_once),
		cmocka_unit_test(
		    a_server_that_replies_over_tcp_alone_gets_queries_over_tcp_within_3_s),
		cmocka_unit_test(a_dead_server_that_returns_over_tcp_alone_gets_queries_over_tcp),
		cmocka_unit_test(probes_of_a_server_with_only_tcp_down_go_over_tcp_and_back_off),
		cmocka_unit_test(a_tcp_only_server_is_probed_over_tcp_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
