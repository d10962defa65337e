/* SPDX-License-Identifier: ISC
 *
 * test_probing.c - when a server is probed, with what, and how soon its return is seen.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <split53/clock.h>
#include <split53/probe.h>
#include <split53/rand.h>

#define START_MS 1000000
#define RTT_MS 5
#define LOG_MAX 4096

enum link { REACHABLE, BLACK_HOLE, REFUSING };

/* A server, what becomes of the questions to it, and each probe that left. */
struct world {
	struct s53_registry *registry;
	struct s53_upstream *server;
	uint64_t now_ms;
	enum link way[S53_PROTOCOLS];
	bool holds; /* work */
	bool fails; /* answers work with another rcode */
	struct s53_probe last;
	unsigned probes;
	uint64_t left_ms[LOG_MAX];
};

static void
set_mode(struct world *w, enum s53_check_mode mode)
{
	struct s53_health_check check;
	struct s53_name root = { .len = 1 };

	s53_clock_test_set(w->now_ms);
	s53_health_check_init(&check, &root);
	check.mode = mode;
	s53_upstream_set_check(w->server, &check);
}

static struct world
world_with(bool tcp_only)
{
	struct world w = { .registry = s53_registry_new(), .now_ms = START_MS };
	struct s53_upstream_options options = { .edns = true, .tcp_only = tcp_only };
	struct s53_addr addr;

	s53_rand_test_seed(1);
	s53_clock_test_set(w.now_ms);
	assert_int_equal(s53_addr_parse("192.0.2.1", 53, &addr), S53_OK);
	w.server = s53_registry_get(w.registry, &addr, &options);
	return w;
}

static struct world
world_new(void)
{
	return world_with(false);
}

static void
world_free(struct world *w)
{
	s53_upstream_drop(w->server);
	s53_registry_free(w->registry);
	s53_clock_test_set(UINT64_MAX);
}

static void
note(struct world *w, enum s53_protocol over, enum s53_upstream_event event, uint32_t waited_ms)
{
	struct s53_upstream_sign sign = { event, over, waited_ms };

	s53_upstream_note(w->server, sign, w->now_ms);
}

static enum s53_health_state
state(const struct world *w)
{
	return s53_upstream_path_state(w->server, S53_OVER_UDP);
}

static enum s53_health_state
tcp_state(const struct world *w)
{
	return s53_upstream_path_state(w->server, S53_OVER_TCP);
}

static enum s53_probe_end
end_of(const struct world *w, const struct s53_probe *probe)
{
	if (w->way[probe->over] == REFUSING)
		return S53_PROBE_REFUSED;
	if (w->way[probe->over] == BLACK_HOLE)
		return S53_PROBE_LOST;
	if (w->holds && probe->kind == S53_PROBE_WORK)
		return probe->life_after_ms != 0 ? S53_PROBE_HELD : S53_PROBE_LOST;
	if (w->fails && probe->kind == S53_PROBE_WORK)
		return S53_PROBE_UNFIT;
	return S53_PROBE_ANSWERED;
}

/* The next probe leaves, which is due, and ends as the world is. */
static void
probe_once(struct world *w)
{
	enum s53_probe_end end;

	assert_true(s53_probe_begin(w->server, &w->last, w->now_ms));
	assert_true(w->probes < LOG_MAX);
	w->left_ms[w->probes++] = w->now_ms;
	end = end_of(w, &w->last);
	w->now_ms += end == S53_PROBE_LOST || end == S53_PROBE_HELD ? w->last.timeout_ms
	    : end == S53_PROBE_REFUSED                              ? 0
								    : RTT_MS;
	s53_probe_end(w->server, &w->last, end, RTT_MS, w->now_ms);
}

/* All probes that are due until `end_ms`. */
static void
run_until(struct world *w, uint64_t end_ms)
{
	uint64_t due_ms;

	while ((due_ms = s53_probe_due_ms(w->server)) <= end_ms && w->now_ms <= end_ms) {
		if (w->now_ms < due_ms)
			w->now_ms = due_ms;
		probe_once(w);
	}
	if (w->now_ms < end_ms)
		w->now_ms = end_ms;
}

static void
run_for(struct world *w, uint64_t ms)
{
	run_until(w, w->now_ms + ms);
}

/* A question each 20 ms, over the protocol that the server wants. */
static void
live_for(struct world *w, uint64_t ms)
{
	uint64_t end_ms = w->now_ms + ms;

	while (w->now_ms < end_ms) {
		bool tcp = s53_upstream_wants_tcp(w->server);
		enum s53_protocol over = tcp ? S53_OVER_TCP : S53_OVER_UDP;

		run_for(w, 20);
		if (w->way[over] == REFUSING)
			note(w, over, S53_UPSTREAM_REFUSED, 0);
		else if (w->way[over] == BLACK_HOLE || w->holds)
			note(w, over, S53_UPSTREAM_LATE, 20);
		else
			note(w, over, S53_UPSTREAM_ANSWERED, RTT_MS);
	}
}

static struct world
world_in_health(void)
{
	struct world w = world_new();

	live_for(&w, 5000);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	assert_int_equal(w.probes, 0);
	return w;
}

static void
cut(struct world *w, enum link link)
{
	w->way[S53_OVER_UDP] = w->way[S53_OVER_TCP] = link;
}

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
	assert_int_equal(w.last.kind, S53_PROBE_WORK);
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
	note(&w, S53_OVER_UDP, S53_UPSTREAM_ANSWERED, 5);
	note(&w, S53_OVER_UDP, S53_UPSTREAM_ANSWERED, 5);
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
	note(&w, S53_OVER_UDP, S53_UPSTREAM_LATE, 50);
	note(&w, S53_OVER_UDP, S53_UPSTREAM_LATE, 50);
	assert_int_equal(state(&w), S53_HEALTH_SUSPECT);
	assert_true(s53_probe_due_ms(w.server) <= w.now_ms);
	run_for(&w, 2 * RTT_MS);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	assert_int_equal(w.probes, 2);
	assert_int_equal(w.last.kind, S53_PROBE_WORK);
	assert_int_equal(w.last.over, S53_OVER_UDP);
	assert_in_range(w.last.life_after_ms, 20, 250);
	assert_int_equal(w.last.timeout_ms, S53_CHECK_TIMEOUT_MS);
	assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
	world_free(&w);
}

static void
one_probe_at_a_time(void **arg)
{
	struct world w = world_in_health();
	struct s53_probe second;

	(void)arg;
	note(&w, S53_OVER_UDP, S53_UPSTREAM_REFUSED, 0);
	assert_true(s53_probe_begin(w.server, &w.last, w.now_ms));
	assert_true(s53_probe_due_ms(w.server) == UINT64_MAX);
	note(&w, S53_OVER_UDP, S53_UPSTREAM_ANSWERED, 5);
	note(&w, S53_OVER_TCP, S53_UPSTREAM_REFUSED, 0);
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

/* --- outages --------------------------------------------------------------------------------- */

/* How long after `outage_ms` in the dark the server is up again. */
static uint64_t
time_to_return(struct world *w, uint64_t outage_ms, enum link link)
{
	uint64_t back_ms = w->now_ms + outage_ms;

	cut(w, link);
	if (link == REFUSING)
		note(w, S53_OVER_UDP, S53_UPSTREAM_REFUSED, 0);
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
	note(&w, S53_OVER_UDP, S53_UPSTREAM_REFUSED, 0);
	probe_once(&w);
	assert_int_equal(w.last.over, S53_OVER_TCP); /* at once */
	for (unsigned i = 0; i < 30; i++) {
		w.now_ms = s53_probe_due_ms(w.server);
		probe_once(&w);
		assert_int_equal(w.last.life_after_ms, 0);
		turns[w.last.over][w.last.kind]++;
	}
	assert_int_equal(turns[S53_OVER_UDP][S53_PROBE_WORK], 10);
	assert_int_equal(turns[S53_OVER_UDP][S53_PROBE_LIFE], 10);
	assert_int_equal(turns[S53_OVER_TCP][S53_PROBE_WORK], 10);
	world_free(&w);
}

static void
a_sign_of_life_leads_to_work_over_udp_at_once(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	w.way[S53_OVER_TCP] = REFUSING;
	w.way[S53_OVER_UDP] = REFUSING;
	note(&w, S53_OVER_UDP, S53_UPSTREAM_REFUSED, 0);
	run_for(&w, 60000);
	w.way[S53_OVER_UDP] = REACHABLE;
	w.holds = true;
	while (state(&w) != S53_HEALTH_RECOVERING) {
		w.now_ms = s53_probe_due_ms(w.server);
		probe_once(&w);
	}
	assert_int_equal(w.last.kind, S53_PROBE_LIFE);
	assert_true(s53_probe_due_ms(w.server) <= w.now_ms);
	probe_once(&w);
	assert_int_equal(w.last.kind, S53_PROBE_WORK);
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
	note(&w, S53_OVER_TCP, S53_UPSTREAM_REFUSED, 0);
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
		assert_int_equal(w.last.kind, S53_PROBE_WORK);
	}
	cut(&w, REACHABLE);
	w.now_ms = s53_probe_due_ms(w.server);
	run_for(&w, 2 * RTT_MS);
	assert_int_equal(s53_upstream_state(w.server), S53_HEALTH_UP);
	assert_int_equal(state(&w), S53_HEALTH_UP); /* of UDP nobody knows anything */
	world_free(&w);
}

/* --- odd ends -------------------------------------------------------------------------------- */

static void
one_that_was_skipped_is_tried_again_after_the_interval_and_changes_nothing(void **arg)
{
	struct world w = world_in_health();
	struct s53_upstream_report before, after;

	(void)arg;
	note(&w, S53_OVER_UDP, S53_UPSTREAM_REFUSED, 0);
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
one_that_lives_but_never_fits_is_asked_ever_less(void **arg)
{
	struct world w = world_in_health();

	(void)arg;
	w.fails = true;
	note(&w, S53_OVER_UDP, S53_UPSTREAM_REFUSED, 0);
	run_for(&w, 3600000);
	assert_int_equal(state(&w), S53_HEALTH_RECOVERING);
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
		note(&w, S53_OVER_UDP, i % 3 == 0 ? S53_UPSTREAM_TIMEOUT : S53_UPSTREAM_ANSWERED,
		    30);
	}
	run_for(&w, 10000);
	assert_int_equal(state(&w), S53_HEALTH_UP);
	assert_int_equal(w.probes, 4);
	for (unsigned i = 1; i < 4; i++)
		assert_true(w.left_ms[i] - w.left_ms[i - 1] >= 1000);
	world_free(&w);
}

static void
a_probe_of_a_slow_server_is_waited_for_longer(void **arg)
{
	struct world w = world_new();

	(void)arg;
	for (unsigned i = 0; i < 50; i++)
		note(&w, S53_OVER_UDP, S53_UPSTREAM_ANSWERED, 1800);
	w.now_ms += 10000;
	note(&w, S53_OVER_UDP, S53_UPSTREAM_LATE, 2500);
	note(&w, S53_OVER_UDP, S53_UPSTREAM_LATE, 2500);
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
	note(&w, S53_OVER_UDP, S53_UPSTREAM_ANSWERED, 5);
	assert_int_equal(wakes, 0);
	note(&w, S53_OVER_UDP, S53_UPSTREAM_REFUSED, 5);
	assert_int_equal(wakes, 1);
	note(&w, S53_OVER_UDP, S53_UPSTREAM_REFUSED, 5);
	assert_int_equal(wakes, 1);
	probe_once(&w);
	assert_int_equal(wakes, 2); /* there is a next one */
	s53_registry_on_probe(w.registry, NULL, NULL);
	note(&w, S53_OVER_UDP, S53_UPSTREAM_ANSWERED, 5);
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
		cmocka_unit_test(one_probe_at_a_time),
		cmocka_unit_test(death_under_load_is_said_within_two_seconds),
		cmocka_unit_test(
		    a_server_that_holds_work_is_stalled_never_down_and_back_within_its_interval),
		cmocka_unit_test(return_from_a_black_hole_is_seen_within_a_tenth_of_the_outage),
		cmocka_unit_test(return_from_refusal_is_seen_within_a_tenth_of_the_outage),
		cmocka_unit_test(
		    a_dead_server_gets_one_probe_a_second_at_first_and_one_in_30_s_at_last),
		cmocka_unit_test(
		    while_it_is_down_work_and_life_over_udp_and_work_over_tcp_take_turns),
		cmocka_unit_test(a_sign_of_life_leads_to_work_over_udp_at_once),
		cmocka_unit_test(
		    a_server_that_answers_over_tcp_alone_is_asked_so_within_three_seconds),
		cmocka_unit_test(one_that_was_dead_and_comes_back_over_tcp_alone_is_asked_so),
		cmocka_unit_test(trouble_of_tcp_alone_is_probed_over_tcp_and_fades),
		cmocka_unit_test(a_server_for_tcp_only_is_probed_over_tcp_only),
		cmocka_unit_test(
		    one_that_was_skipped_is_tried_again_after_the_interval_and_changes_nothing),
		cmocka_unit_test(one_that_lives_but_never_fits_is_asked_ever_less),
		cmocka_unit_test(probes_for_a_doubt_of_loss_are_an_interval_apart),
		cmocka_unit_test(a_probe_of_a_slow_server_is_waited_for_longer),
		cmocka_unit_test(the_prober_is_woken_when_a_probe_is_due_sooner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
