/* SPDX-License-Identifier: ISC
 *
 * evict.c - one worker asks another to close an idle TCP connection.
 */
#include "evict.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct s53_tcp_worker *
s53_tcp_worker_join(struct s53_tcp_limits *limits)
{
	struct s53_tcp_worker *worker =
	    aligned_alloc(_Alignof(struct s53_tcp_worker), sizeof(*worker));

	if (worker == NULL)
		return NULL;
	atomic_init(&worker->idle_count, 0);
	atomic_init(&worker->requests, 0);
	worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	worker->next = limits->workers;
	limits->workers = worker;
	return worker;
}

void
s53_tcp_limits_fini(struct s53_tcp_limits *limits)
{
	struct s53_tcp_worker *worker;

	while ((worker = limits->workers) != NULL) {
		limits->workers = worker->next;
		if (worker->wake_fd >= 0)
			close(worker->wake_fd);
		free(worker);
	}
}

/*
 * Two workers that ask at once must not both count on the same idle connection: the request is
 * added only to the number that was compared with idle_count.
 */
static bool
request(struct s53_tcp_worker *worker)
{
	unsigned requests = atomic_load(&worker->requests);

	if (worker->wake_fd < 0)
		return false;
	do {
		if (atomic_load(&worker->idle_count) <= requests)
			return false;
	} while (!atomic_compare_exchange_weak(&worker->requests, &requests, requests + 1));
	(void)eventfd_write(worker->wake_fd, 1);
	return true;
}

bool
s53_evict_elsewhere(struct s53_tcp_limits *limits, const struct s53_tcp_worker *self)
{
	for (struct s53_tcp_worker *it = limits->workers; it != NULL; it = it->next)
		if (it != self && request(it))
			return true;
	return false;
}

unsigned
s53_evict_take_requests(struct s53_tcp_worker *self)
{
	eventfd_t wakeups;

	(void)eventfd_read(self->wake_fd, &wakeups);
	return atomic_exchange(&self->requests, 0);
}
