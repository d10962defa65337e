/* SPDX-License-Identifier: ISC
 *
 * Evictions that one worker requests from another (listen/evict.c).
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
a_worker_with_an_idle_connection_is_asked_and_woken(void **state)
{
	struct s53_tcp_limits limits = { 0 };
	struct s53_tcp_worker *busy = s53_tcp_worker_join(&limits);
	struct s53_tcp_worker *idle = s53_tcp_worker_join(&limits);
	struct s53_tcp_worker *self = s53_tcp_worker_join(&limits);

	(void)state;
	atomic_store(&idle->idle_count, 1);
	assert_true(s53_evict_elsewhere(&limits, self));
	assert_true(is_woken(idle));
	assert_false(is_woken(busy));
	assert_int_equal(s53_evict_take_requests(idle), 1);
	assert_int_equal(s53_evict_take_requests(idle), 0);
	assert_false(is_woken(idle));
	s53_tcp_limits_fini(&limits);
}

static void
a_worker_does_not_ask_itself(void **state)
{
	struct s53_tcp_limits limits = { 0 };
	struct s53_tcp_worker *self = s53_tcp_worker_join(&limits);

	(void)state;
	atomic_store(&self->idle_count, 1);
	assert_false(s53_evict_elsewhere(&limits, self));
	s53_tcp_limits_fini(&limits);
}

static void *
ask_for_all(void *arg)
{
	struct asker *asker = arg;

	for (unsigned i = 0; i < IDLE; i++)
		asker->granted += s53_evict_elsewhere(asker->limits, asker->self);
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
	atomic_store(&idle->idle_count, IDLE);
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
	assert_int_equal(s53_evict_take_requests(idle), IDLE);
	s53_tcp_limits_fini(&limits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_with_an_idle_connection_is_asked_and_woken),
		cmocka_unit_test(a_worker_does_not_ask_itself),
		cmocka_unit_test(no_idle_connection_is_granted_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
