/* SPDX-License-Identifier: ISC
 *
 * test_tcp_pool.c - one limit of TCP connections over several workers (listen/evict.c), each in a
 * thread of its own: under the thread sanitizer this also proves that they share nothing else.
 */
#include <pthread.h>

#include "fixture.h"

#define WORKERS 3
#define CLIENTS 300
#define LIMIT 5

struct worker {
	pthread_t thread;
	struct fixture f;
	struct s53_addr addr;
	struct s53_listen_context *context; /* not that of `f`: it shares the limits */
	struct s53_tcp_listener *listener;
	_Atomic bool stop;
};

static void
look_whether_to_stop(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd;
	(void)what;
	if (atomic_load(&worker->stop))
		event_base_loopbreak(worker->f.base);
}

static void *
work(void *arg)
{
	static const struct timeval often = { .tv_usec = 5000 };
	struct worker *worker = arg;
	struct event *look =
	    event_new(worker->f.base, -1, EV_PERSIST, look_whether_to_stop, worker);

	event_add(look, &often);
	event_base_dispatch(worker->f.base);
	event_free(look);
	s53_tcp_listener_close(worker->listener);
	s53_tcp_abandon(worker->context);
	s53_listen_context_free(worker->context);
	return NULL;
}

static void
make_worker(struct worker *worker, int fd, struct s53_tcp_limits *limits)
{
	worker->context = s53_listen_context_new(
	    worker->f.base, &worker->f.resolver, &worker->f.counters, limits);
	assert_non_null(worker->context);
	worker->listener = s53_tcp_listener_new(worker->context, fd, &worker->addr);
	assert_non_null(worker->listener);
}

/* Send a query on a new connection, which then stays open and idle. true: it was answered. */
static bool
ask_and_stay(const struct s53_addr *addr, int *fd)
{
	uint8_t frame[2 + QUERY_LEN] = { 0, QUERY_LEN };
	ssize_t len;

	*fd = connect_to(addr, SOCK_STREAM);
	if (send(*fd, frame, sizeof(frame), MSG_NOSIGNAL) != sizeof(frame))
		return false;
	len = recv(*fd, frame, sizeof(frame), MSG_WAITALL);
	return len == sizeof(frame);
}

static void
idle_clients_of_all_workers_shut_no_new_client_out(void **state)
{
	static struct worker workers[WORKERS];
	struct s53_tcp_limits limits = { 0 };
	int fds[CLIENTS];
	unsigned answered = 0;

	(void)state;
	atomic_store(&limits.clients_max, LIMIT);
	atomic_store(&limits.initial_ms, 30000);
	atomic_store(&limits.idle_ms, 30000);
	for (unsigned i = 0; i < WORKERS; i++) {
		int fd = -1;

		fixture_init(&workers[i].f);
		if (i == 0) {
			fd = open_socket(&workers[0].f, LOOPBACK, S53_TCP);
			workers[0].addr = workers[0].f.addr;
		} else {
			workers[i].addr = workers[0].addr;
			assert_int_equal(
			    s53_socket_open(&workers[i].addr, S53_TCP, 128, &fd), S53_OK);
		}
		make_worker(&workers[i], fd, &limits);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	for (unsigned i = 0; i < CLIENTS; i++)
		answered += ask_and_stay(&workers[0].addr, &fds[i]);
	assert_int_equal(answered, CLIENTS);
	assert_in_range(atomic_load(&limits.clients), 1, LIMIT);
	for (unsigned i = 0; i < WORKERS; i++)
		atomic_store(&workers[i].stop, true);
	for (unsigned i = 0; i < WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		fixture_fini(&workers[i].f);
	}
	assert_int_equal(atomic_load(&limits.clients), 0);
	s53_tcp_limits_fini(&limits);
	for (unsigned i = 0; i < CLIENTS; i++)
		close(fds[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_clients_of_all_workers_shut_no_new_client_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
