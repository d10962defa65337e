/* SPDX-License-Identifier: ISC
 *
 * test_server_threads.c - workers and the prober change a server's record at the same time.
 */
#include "server_fixture.h"

#define ROUNDS 20000

static _Atomic unsigned observing; /* threads that have not finished */

static void *
observe_all_the_time(void *arg)
{
	struct s53_upstream *server = arg;
	struct s53_observation observation = { .over = S53_OVER_UDP, .waited_ms = 5 };

	for (unsigned i = 0; i < ROUNDS; i++) {
		/* Mostly replies, so that both paths of s53_upstream_observe() are taken. */
		observation.event =
		    i % 7 == 0 ? (enum s53_observed)(i / 7 % 8) : S53_OBSERVED_ANSWERED;
		observation.over = i % 11 == 0 ? S53_OVER_TCP : S53_OVER_UDP;
		s53_upstream_begin(server);
		s53_upstream_observe(server, observation, START_MS + i);
		(void)s53_upstream_cost(server);
		(void)s53_upstream_state(server);
		(void)s53_upstream_hedge_ms(server);
		(void)s53_upstream_claim_exploration(server, 1, START_MS + i);
		s53_upstream_set_chosen(server, START_MS + i);
		s53_upstream_set_quirk(server, S53_QUIRK_NO_CASE, START_MS + i);
		s53_upstream_end(server);
	}
	atomic_fetch_sub(&observing, 1);
	return NULL;
}

static void
count_wake(void *arg)
{
	atomic_fetch_add((_Atomic unsigned *)arg, 1);
}

static bool
look_at(struct s53_upstream *server, void *arg)
{
	struct s53_upstream_report report;
	struct s53_health_check check;
	struct s53_probe probe;
	uint64_t now_ms = *(uint64_t *)arg;

	s53_upstream_report(server, &report, now_ms);
	s53_probe_copy_check(server, &check);
	if (s53_probe_begin(server, &probe, now_ms))
		s53_probe_end(server, &probe, (enum s53_probe_end)(now_ms % 7), 5, now_ms);
	s53_upstream_set_check(server, &check);
	return true;
}

static void
workers_observe_while_the_prober_probes(void **arg)
{
	struct fixture f = fixture_new();
	pthread_t threads[2];
	_Atomic unsigned wakes = 0;
	struct s53_upstream_report report;

	(void)arg;
	atomic_store(&observing, 2);
	s53_registry_on_probe(f.registry, count_wake, &wakes);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, observe_all_the_time, f.server), 0);
	while (atomic_load(&observing) > 0) {
		f.now_ms += 10;
		s53_registry_each(f.registry, look_at, &f.now_ms);
	}
	s53_registry_on_probe(f.registry, NULL, NULL);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	s53_upstream_report(f.server, &report, f.now_ms);
	assert_int_equal(report.asked, 2 * ROUNDS);
	assert_int_equal(report.in_flight, 0);
	assert_true(wakes > 0);
	fixture_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_observe_while_the_prober_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
