/* SPDX-License-Identifier: ISC
 *
 * evict.c - places under tcp-clients: how workers free them for each other and wait for them.
 */
#include "evict.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "source.h"

struct s53_tcp_worker *
s53_tcp_worker_join(struct s53_tcp_limits *limits)
{
	struct s53_tcp_worker *worker;

	if (limits->sources == NULL && (limits->sources = s53_tcp_sources_new()) == NULL)
		return NULL;
	worker = aligned_alloc(_Alignof(struct s53_tcp_worker), sizeof(*worker));
	if (worker == NULL)
		return NULL;
	for (unsigned tier = 0; tier < S53_EVICT_TIER_COUNT; tier++) {
		atomic_init(&worker->counts[tier], 0);
		atomic_init(&worker->requests[tier], 0);
		atomic_init(&worker->due_ms[tier], UINT64_MAX);
	}
	atomic_init(&worker->waits, false);
	worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	worker->index = limits->worker_count++;
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
	s53_tcp_sources_free(limits->sources);
	limits->sources = NULL;
	limits->worker_count = 0;
}

static void
wake(struct s53_tcp_worker *worker)
{
	(void)eventfd_write(worker->wake_fd, 1);
}

static void
note_most(struct s53_tcp_limits *limits, unsigned count)
{
	unsigned most = atomic_load_explicit(&limits->clients_most, memory_order_relaxed);

	while (count > most && !atomic_compare_exchange_weak(&limits->clients_most, &most, count))
		;
}

bool
s53_tcp_place_take(struct s53_tcp_limits *limits)
{
	unsigned count = atomic_load(&limits->clients);

	while (count < atomic_load(&limits->clients_max))
		if (atomic_compare_exchange_weak(&limits->clients, &count, count + 1)) {
			note_most(limits, count + 1);
			return true;
		}
	return false;
}

void
s53_tcp_place_wait_end(struct s53_tcp_limits *limits, struct s53_tcp_worker *self)
{
	if (atomic_exchange(&self->waits, false))
		atomic_fetch_sub(&limits->waiting, 1);
}

bool
s53_tcp_place_wait(struct s53_tcp_limits *limits, struct s53_tcp_worker *self)
{
	if (!atomic_exchange(&self->waits, true))
		atomic_fetch_add(&limits->waiting, 1);
	if (atomic_load(&limits->clients) >= atomic_load(&limits->clients_max))
		return true;
	s53_tcp_place_wait_end(limits, self);
	return false;
}

/* In ring order, from the worker behind `self` to `self`. Each is woken once for its wait. */
static bool
wake_next(struct s53_tcp_limits *limits, struct s53_tcp_worker *self)
{
	struct s53_tcp_worker *it = self;

	do {
		it = it->next != NULL ? it->next : limits->workers;
		if (!atomic_load(&it->waits) || !atomic_exchange(&it->waits, false))
			continue;
		atomic_fetch_sub(&limits->waiting, 1);
		if (it == self)
			return true;
		wake(it);
		return false;
	} while (it != self);
	return false;
}

bool
s53_tcp_place_free(struct s53_tcp_limits *limits, struct s53_tcp_worker *self)
{
	atomic_fetch_sub(&limits->clients, 1);
	return atomic_load(&limits->waiting) > 0 && wake_next(limits, self);
}

bool
s53_tcp_place_offer(struct s53_tcp_limits *limits, struct s53_tcp_worker *self)
{
	return atomic_load_explicit(&limits->waiting, memory_order_relaxed) > 0 &&
	    wake_next(limits, self);
}

/*
 * Two workers must not both count on the same connection: the request is added only to the
 * number that was compared with `count`.
 */
bool
s53_evict_request(struct s53_tcp_worker *worker, enum s53_evict_tier tier, unsigned count)
{
	unsigned requests = atomic_load(&worker->requests[tier]);

	if (worker->wake_fd < 0)
		return false;
	do {
		if (count <= requests)
			return false;
	} while (!atomic_compare_exchange_weak(&worker->requests[tier], &requests, requests + 1));
	wake(worker);
	return true;
}

bool
s53_evict_elsewhere(struct s53_tcp_limits *limits, const struct s53_tcp_worker *self,
    enum s53_evict_tier tier, uint64_t until_ms)
{
	for (struct s53_tcp_worker *it = limits->workers; it != NULL; it = it->next)
		if (it != self && atomic_load(&it->due_ms[tier]) <= until_ms &&
		    s53_evict_request(it, tier, atomic_load(&it->counts[tier])))
			return true;
	return false;
}

unsigned
s53_evict_take_requests(struct s53_tcp_worker *self, enum s53_evict_tier tier)
{
	return atomic_exchange(&self->requests[tier], 0);
}

void
s53_evict_woken(struct s53_tcp_worker *self)
{
	eventfd_t wakeups;

	(void)eventfd_read(self->wake_fd, &wakeups);
}
