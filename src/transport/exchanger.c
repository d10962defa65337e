/* SPDX-License-Identifier: ISC
 *
 * exchanger.c - one worker's exchanger: its life, its deferred work and its share of the
 * descriptors.
 *
 * Deferred work runs at the end of the loop's turn: queued datagrams are sent, and exchanges that
 * failed inside of a call are reported. So a batch of queries leaves with few system calls, and
 * done() is never called from inside s53_exchange_start().
 */
#include "exchanger.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <split53/clock.h>

#include "endpoint.h"
#include "late_reply.h"

#define PULSE_MS 250
/*
 * Maximum of UDP sockets of all workers to servers that are not on loopback: a quarter of the
 * descriptors (the rest is for clients and files), and a fixed number, which takes 50 MB of the
 * kernel's memory
 */
#define FAR_SHARE 4
#define FAR_SOCKETS_MAX 16384

/* Exchangers of the process: its descriptors are shared by all workers. */
static _Atomic unsigned exchangers;

/* See s53_exchanger_start_pulse(). */
static void
on_pulse(struct s53_timer *timer)
{
	struct s53_exchanger *exchanger = S53_CONTAINER_OF(timer, struct s53_exchanger, pulse);
	uint64_t now_ms = exchanger->wheel.now_ms;

	if (exchanger->pending > 0 || exchanger->late_reply_count > 0)
		s53_wheel_add(&exchanger->wheel, timer, now_ms + PULSE_MS, now_ms);
}

void
s53_exchanger_start_pulse(struct s53_exchanger *exchanger, uint64_t now_ms)
{
	if (exchanger->pulse.back == NULL)
		s53_wheel_add(&exchanger->wheel, &exchanger->pulse, now_ms + PULSE_MS, now_ms);
}

/*
 * Report the failures so far; a failure that done() causes is reported in the next turn of the
 * loop.
 */
static void
report_failures(struct s53_exchanger *exchanger)
{
	struct s53_link now, *link;

	if (s53_list_empty(&exchanger->failed))
		return;
	s53_list_push(&exchanger->failed, &now); /* `now` takes over the list */
	s53_list_remove(&exchanger->failed);
	while ((link = s53_list_pop(&now)) != NULL) {
		struct s53_exchange *exchange = S53_CONTAINER_OF(link, struct s53_exchange, link);

		s53_exchange_finish(exchange, exchange->end, NULL, 0);
	}
}

static void
on_deferred(evutil_socket_t fd, short what, void *arg)
{
	struct s53_exchanger *exchanger = arg;

	(void)fd;
	(void)what;
	exchanger->deferred_active = false;
	s53_wheel_see(&exchanger->wheel, s53_clock_ms());
	s53_udp_flush(exchanger);
	report_failures(exchanger);
}

void
s53_exchanger_defer(struct s53_exchanger *exchanger)
{
	if (exchanger->deferred_active)
		return;
	exchanger->deferred_active = true;
	event_active(&exchanger->deferred, EV_TIMEOUT, 0);
}

unsigned
s53_exchanger_count(void)
{
	unsigned count = atomic_load_explicit(&exchangers, memory_order_relaxed);

	return count > 0 ? count : 1;
}

void
s53_exchanger_limit_sockets(struct s53_exchanger *exchanger)
{
	rlim_t all = FAR_SOCKETS_MAX;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / FAR_SHARE < all)
		all = limit.rlim_cur / FAR_SHARE;
	exchanger->far_sockets_max = (unsigned)all / s53_exchanger_count();
}

bool
s53_exchanger_has_room(const struct s53_exchanger *exchanger)
{
	return exchanger->far_socket_count < exchanger->far_sockets_max;
}

struct s53_exchanger *
s53_exchanger_new(struct event_base *base, struct s53_counters *counters)
{
	struct s53_exchanger *exchanger = calloc(1, sizeof(*exchanger));

	if (exchanger == NULL)
		return NULL;
	exchanger->base = base;
	exchanger->counters = counters;
	s53_list_init(&exchanger->unsent);
	s53_list_init(&exchanger->failed);
	s53_list_init(&exchanger->late_replies);
	exchanger->pulse.fire = on_pulse;
	s53_list_init(&exchanger->spare);
	s53_list_init(&exchanger->spare_sockets);
	s53_list_init(&exchanger->far_pools);
	for (unsigned i = 0; i < S53_ENDPOINT_BUCKETS; i++)
		s53_list_init(&exchanger->endpoints[i]);
	if (!s53_wheel_init(&exchanger->wheel, base) ||
	    event_assign(&exchanger->deferred, base, -1, 0, on_deferred, exchanger) != 0) {
		free(exchanger);
		return NULL;
	}
	atomic_fetch_add_explicit(&exchangers, 1, memory_order_relaxed);
	return exchanger;
}

void
s53_exchanger_free(struct s53_exchanger *exchanger)
{
	struct s53_link *link;

	if (exchanger == NULL)
		return;
	S53_ASSERT(exchanger->pending == 0);
	while (!s53_list_empty(&exchanger->late_replies))
		s53_late_reply_forget(S53_CONTAINER_OF(
		    exchanger->late_replies.next, struct s53_exchange, queue_link));
	for (unsigned i = 0; i < S53_ENDPOINT_BUCKETS; i++) {
		while ((link = s53_list_pop(&exchanger->endpoints[i])) != NULL)
			s53_endpoint_free(S53_CONTAINER_OF(link, struct s53_endpoint, link));
	}
	while ((link = s53_list_pop(&exchanger->spare)) != NULL)
		free(S53_CONTAINER_OF(link, struct s53_exchange, link));
	while ((link = s53_list_pop(&exchanger->spare_sockets)) != NULL)
		free(S53_CONTAINER_OF(link, struct s53_socket, spare));
	s53_wheel_fini(&exchanger->wheel);
	event_del(&exchanger->deferred);
	s53_batch_free(exchanger->batch);
	free(exchanger);
	atomic_fetch_sub_explicit(&exchangers, 1, memory_order_relaxed);
}

uint64_t
s53_exchanger_now_ms(const struct s53_exchanger *exchanger)
{
	return exchanger->wheel.now_ms;
}

void
s53_exchanger_timer(
    struct s53_exchanger *exchanger, struct s53_timer *timer, uint64_t due_ms, uint64_t now_ms)
{
	s53_wheel_add(&exchanger->wheel, timer, due_ms, now_ms);
}

void
s53_exchanger_timer_cancel(struct s53_exchanger *exchanger, struct s53_timer *timer)
{
	s53_wheel_cancel(&exchanger->wheel, timer);
}
