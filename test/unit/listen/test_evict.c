/* SPDX-License-Identifier: ISC
 *
 * test_evict.c - the slots of tcp-clients, shared by several workers (listen/evict.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <poll.h>
#include <pthread.h>

#include <cmocka.h>

#include <listen/evict.h>

#define ASKERS 4
#define IDLE 1000

struct asker {
	pthread_t thread;
	struct s53_tcp_limits *limits;
	struct s53_tcp_worker *self;
	unsigned granted;
};

static bool
is_woken(const struct s53_tcp_worker *worker)
{
	struct pollfd watched = { .fd = worker->wake_fd, .events = POLLIN };

	return poll(&watched, 1, 0) == 1;
}

static void
a_worker_with_an_idle_connection_is_told_to_close_it_and_woken(void **state)
{
	struct s53_tcp_limits limits = { 0 };
	struct s53_tcp_worker *busy = s53_tcp_worker_join(&limits);
	struct s53_tcp_worker *idle = s53_tcp_worker_join(&limits);
	struct s53_tcp_worker *self = s53_tcp_worker_join(&limits);

	(void)state;
	atomic_store(&idle->counts[S53_EVICT_IDLE], 1);
	atomic_store(&idle->due_ms[S53_EVICT_IDLE], 0);
	assert_true(s53_evict_elsewhere(&limits, self, S53_EVICT_IDLE, 0));
	assert_true(is_woken(idle));
	assert_false(is_woken(busy));
	s53_evict_woken(idle);
	assert_false(is_woken(idle));
	assert_int_equal(s53_evict_take_requests(idle, S53_EVICT_IDLE), 1);
	assert_int_equal(s53_evict_take_requests(idle, S53_EVICT_IDLE), 0);
	s53_tcp_limits_fini(&limits);
}

static void
a_worker_does_not_tell_itself_to_close_one(void **state)
{
	struct s53_tcp_limits limits = { 0 };
	struct s53_tcp_worker *self = s53_tcp_worker_join(&limits);

	(void)state;
	atomic_store(&self->counts[S53_EVICT_IDLE], 1);
	atomic_store(&self->due_ms[S53_EVICT_IDLE], 0);
	assert_false(s53_evict_elsewhere(&limits, self, S53_EVICT_IDLE, 0));
	s53_tcp_limits_fini(&limits);
}

static void *
ask_for_all(void *arg)
{
	struct asker *asker = arg;

	for (unsigned i = 0; i < IDLE; i++)
		asker->granted +=
		    s53_evict_elsewhere(asker->limits, asker->self, S53_EVICT_IDLE, 0);
	return NULL;
}

static void
no_idle_connection_is_granted_twice(void **state)
{
	struct s53_tcp_limits limits = { 0 };
	struct s53_tcp_worker *idle = s53_tcp_worker_join(&limits);
	struct asker askers[ASKERS] = { 0 };
	unsigned granted = 0;

	(void)state;
	atomic_store(&idle->counts[S53_EVICT_IDLE], IDLE);
	atomic_store(&idle->due_ms[S53_EVICT_IDLE], 0);
	for (unsigned i = 0; i < ASKERS; i++) {
		askers[i].limits = &limits;
		askers[i].self = s53_tcp_worker_join(&limits);
	}
	for (unsigned i = 0; i < ASKERS; i++)
		assert_int_equal(
		    pthread_create(&askers[i].thread, NULL, ask_for_all, &askers[i]), 0);
	for (unsigned i = 0; i < ASKERS; i++) {
		pthread_join(askers[i].thread, NULL);
		granted += askers[i].granted;
	}
	assert_int_equal(granted, IDLE);
	assert_int_equal(s53_evict_take_requests(idle, S53_EVICT_IDLE), IDLE);
	s53_tcp_limits_fini(&limits);
}

static void
only_a_worker_with_a_connection_that_is_due_is_told_to_close_it(void **state)
{
	struct s53_tcp_limits limits = { 0 };
	struct s53_tcp_worker *other = s53_tcp_worker_join(&limits);
	struct s53_tcp_worker *self = s53_tcp_worker_join(&limits);

	(void)state;
	atomic_store(&other->counts[S53_EVICT_WAITING], 1);
	atomic_store(&other->due_ms[S53_EVICT_WAITING], 1000);
	assert_false(s53_evict_elsewhere(&limits, self, S53_EVICT_WAITING, 999));
	assert_true(s53_evict_elsewhere(&limits, self, S53_EVICT_WAITING, 1000));
	assert_int_equal(s53_evict_take_requests(other, S53_EVICT_WAITING), 1);
	s53_tcp_limits_fini(&limits);
}

static void
no_more_slots_are_taken_than_there_are(void **state)
{
	struct s53_tcp_limits limits = { 0 };
	struct s53_tcp_worker *self = s53_tcp_worker_join(&limits);

	(void)state;
	atomic_store(&limits.clients_max, 2);
	assert_true(s53_tcp_place_take(&limits));
	assert_true(s53_tcp_place_take(&limits));
	assert_false(s53_tcp_place_take(&limits));
	assert_false(s53_tcp_place_free(&limits, self));
	assert_false(s53_tcp_place_wait(&limits, self)); /* there is one by now */
	assert_true(s53_tcp_place_take(&limits));
	s53_tcp_limits_fini(&limits);
}

/* Each free slot wakes one waiting worker; the worker that frees it comes last. */
static void
waiting_workers_are_woken_in_turn(void **state)
{
	struct s53_tcp_limits limits = { 0 };
	struct s53_tcp_worker *a = s53_tcp_worker_join(&limits);
	struct s53_tcp_worker *b = s53_tcp_worker_join(&limits);
	struct s53_tcp_worker *c = s53_tcp_worker_join(&limits);

	(void)state;
	atomic_store(&limits.clients_max, 1);
	atomic_store(&limits.clients, 4);
	assert_true(s53_tcp_place_wait(&limits, a));
	assert_true(s53_tcp_place_wait(&limits, b));
	assert_false(s53_tcp_place_free(&limits, a));
	assert_true(is_woken(b));
	assert_false(is_woken(c));
	assert_true(s53_tcp_place_free(&limits, a)); /* itself */
	assert_false(s53_tcp_place_free(&limits, a));
	assert_false(is_woken(a));
	assert_false(is_woken(c));
	s53_tcp_limits_fini(&limits);
}

static void
a_connection_that_becomes_idle_is_offered_to_a_waiting_worker(void **state)
{
	struct s53_tcp_limits limits = { 0 };
	struct s53_tcp_worker *a = s53_tcp_worker_join(&limits);
	struct s53_tcp_worker *b = s53_tcp_worker_join(&limits);

	(void)state;
	assert_false(s53_tcp_place_offer(&limits, a));
	assert_true(s53_tcp_place_wait(&limits, b));
	assert_false(s53_tcp_place_offer(&limits, a));
	assert_true(is_woken(b));
	assert_false(s53_tcp_place_offer(&limits, a));
	s53_tcp_limits_fini(&limits);
}

struct taker {
	pthread_t thread;
	struct s53_tcp_limits *limits;
	struct s53_tcp_worker *self;
	_Atomic unsigned *most;
};

/* Like a worker with a constant flow of clients: takes a slot, frees it, waits for one. */
static void *
take_and_free(void *arg)
{
	struct taker *taker = arg;

	for (unsigned i = 0; i < 20000;) {
		struct pollfd watched = { .fd = taker->self->wake_fd, .events = POLLIN };

		if (s53_tcp_place_take(taker->limits)) {
			if (atomic_load(&taker->limits->clients) > atomic_load(taker->most))
				atomic_store(taker->most, atomic_load(&taker->limits->clients));
			(void)s53_tcp_place_free(taker->limits, taker->self);
			i++;
		} else if (s53_tcp_place_wait(taker->limits, taker->self)) {
			assert_int_equal(poll(&watched, 1, 10000), 1); /* no wake-up is lost */
			s53_evict_woken(taker->self);
			s53_tcp_place_wait_end(taker->limits, taker->self);
		}
	}
	return NULL;
}

static void
no_wake_up_is_lost_between_workers(void **state)
{
	struct s53_tcp_limits limits = { 0 };
	struct taker takers[ASKERS];
	_Atomic unsigned most = 0;

	(void)state;
	atomic_store(&limits.clients_max, ASKERS / 2);
	for (unsigned i = 0; i < ASKERS; i++)
		takers[i] = (struct taker){
			.limits = &limits, .self = s53_tcp_worker_join(&limits), .most = &most
		};
	for (unsigned i = 0; i < ASKERS; i++)
		assert_int_equal(
		    pthread_create(&takers[i].thread, NULL, take_and_free, &takers[i]), 0);
	for (unsigned i = 0; i < ASKERS; i++)
		pthread_join(takers[i].thread, NULL);
	assert_in_range(atomic_load(&most), 0, ASKERS / 2);
	assert_int_equal(atomic_load(&limits.clients), 0);
	assert_int_equal(atomic_load(&limits.waiting), 0);
	s53_tcp_limits_fini(&limits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_with_an_idle_connection_is_told_to_close_it_and_woken),
		cmocka_unit_test(a_worker_does_not_tell_itself_to_close_one),
		cmocka_unit_test(no_idle_connection_is_granted_twice),
		cmocka_unit_test(only_a_worker_with_a_connection_that_is_due_is_told_to_close_it),
		cmocka_unit_test(no_more_slots_are_taken_than_there_are),
		cmocka_unit_test(waiting_workers_are_woken_in_turn),
		cmocka_unit_test(a_connection_that_becomes_idle_is_offered_to_a_waiting_worker),
		cmocka_unit_test(no_wake_up_is_lost_between_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
