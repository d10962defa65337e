/* SPDX-License-Identifier: ISC
 *
 * prober.c - asks, by c-ares, what the plan wants asked, when it wants it.
 *
 * The prober sleeps on one descriptor and one timer. A thread that has made a probe due sooner
 * writes to the descriptor; then, and when the timer fires, all servers are looked at, which is
 * cheap and rare: servers in health have nothing due, and no timer is armed. Where there are
 * thousands they are not looked at for each that is due.
 */
#include <split53/prober.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/list.h>

#include "inquiry.h"

#define AGAIN_MS 10 /* when one is due but could not begin */
#define SERVERS_A_MS 100 /* so many cost a ms between two looks */
#define AT_ONCE_MAX 512 /* probes under way: a network that is gone may be that of thousands */
#define AT_ONCE_MIN 4
#define DESCRIPTORS_SHARE 8 /* and no more than one in so many descriptors: clients need some */

struct under_way {
	struct s53_link link;
	struct s53_prober *prober;
	struct s53_inquiry *inquiry;
};

struct s53_prober {
	struct event_base *base;
	struct s53_registry *registry;
	int wake_fd;
	struct event woken, due;
	uint64_t next_ms; /* when `due` is to fire; UINT64_MAX: not */
	uint64_t looked_ms; /* when all servers were last looked at */
	unsigned servers, seen; /* how many those were, and so far */
	struct s53_link probes; /* under way */
	unsigned count, most; /* of them, at once */
};

/* From any thread. */
static void
wake(void *arg)
{
	struct s53_prober *prober = arg;

	/* It fails only when the counter is full: then the prober is about to be woken. */
	(void)eventfd_write(prober->wake_fd, 1);
}

/* The next look is not before this. */
static uint64_t
least_ms(const struct s53_prober *prober)
{
	return prober->looked_ms + prober->servers / SERVERS_A_MS;
}

static void
look_again_at(struct s53_prober *prober, uint64_t at_ms)
{
	uint64_t now_ms = s53_clock_ms(), wait_ms;
	struct timeval wait;

	if (at_ms < least_ms(prober))
		at_ms = least_ms(prober);
	if (at_ms >= prober->next_ms)
		return;
	prober->next_ms = at_ms;
	wait_ms = at_ms > now_ms ? at_ms - now_ms : 0;
	wait = (struct timeval){ (time_t)(wait_ms / 1000), (suseconds_t)(wait_ms % 1000 * 1000) };
	(void)event_add(&prober->due, &wait);
}

static void
on_done(void *arg, struct s53_inquiry *inquiry, enum s53_probe_end end, uint32_t rtt_ms)
{
	struct under_way *probe = arg;
	struct s53_prober *prober = probe->prober;
	const struct s53_inquiry_ask *ask = s53_inquiry_ask(inquiry);

	s53_probe_end(ask->upstream, &ask->probe, end, rtt_ms, s53_clock_ms());
	look_again_at(prober, s53_probe_due_ms(ask->upstream));
	s53_inquiry_free(inquiry);
	s53_list_remove(&probe->link);
	prober->count--;
	free(probe);
}

static void
start(struct s53_prober *prober, struct s53_upstream *upstream, const struct s53_probe *wanted)
{
	struct under_way *probe = calloc(1, sizeof(*probe));
	struct s53_inquiry_ask ask = {
		.base = prober->base,
		.upstream = upstream,
		.probe = *wanted,
		.arg = probe,
		.done = on_done,
	};

	if (probe == NULL || (probe->inquiry = s53_inquiry_new(&ask)) == NULL) {
		free(probe);
		s53_probe_end(upstream, wanted, S53_PROBE_SKIPPED, 0, s53_clock_ms());
		return;
	}
	probe->prober = prober;
	s53_list_append(&prober->probes, &probe->link);
	prober->count++;
}

static bool
look_at(struct s53_upstream *upstream, void *arg)
{
	struct s53_prober *prober = arg;
	struct s53_probe probe;
	uint64_t now_ms = s53_clock_ms(), due_ms = s53_probe_due_ms(upstream);

	prober->seen++;
	if (due_ms <= now_ms && prober->count < prober->most &&
	    s53_probe_begin(upstream, &probe, now_ms)) {
		start(prober, upstream, &probe);
		due_ms = s53_probe_due_ms(upstream);
	}
	if (due_ms != UINT64_MAX)
		look_again_at(prober, due_ms > now_ms ? due_ms : now_ms + AGAIN_MS);
	return true;
}

static void
look(struct s53_prober *prober)
{
	(void)event_del(&prober->due);
	prober->next_ms = UINT64_MAX;
	prober->looked_ms = s53_clock_ms();
	prober->seen = 0;
	s53_registry_each(prober->registry, look_at, prober);
	prober->servers = prober->seen;
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	look(arg);
}

static void
on_woken(evutil_socket_t fd, short what, void *arg)
{
	struct s53_prober *prober = arg;
	eventfd_t count;

	(void)what;
	(void)eventfd_read((int)fd, &count); /* before looking: what comes later wakes again */
	if (s53_clock_ms() < least_ms(prober))
		look_again_at(prober, least_ms(prober));
	else
		look(prober);
}

static unsigned
at_once(void)
{
	struct rlimit limit;
	rlim_t share;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return AT_ONCE_MIN;
	share = limit.rlim_cur / DESCRIPTORS_SHARE;
	return share > AT_ONCE_MAX ? AT_ONCE_MAX
	    : share < AT_ONCE_MIN  ? AT_ONCE_MIN
				   : (unsigned)share;
}

struct s53_prober *
s53_prober_new(struct event_base *base, struct s53_registry *registry)
{
	struct s53_prober *prober = calloc(1, sizeof(*prober));

	if (prober == NULL)
		return NULL;
	prober->base = base;
	prober->registry = registry;
	s53_list_init(&prober->probes);
	prober->most = at_once();
	prober->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (prober->wake_fd < 0) {
		free(prober);
		return NULL;
	}
	evtimer_assign(&prober->due, base, on_due, prober);
	event_assign(&prober->woken, base, prober->wake_fd, EV_READ | EV_PERSIST, on_woken, prober);
	if (event_add(&prober->woken, NULL) != 0) {
		close(prober->wake_fd);
		free(prober);
		return NULL;
	}
	s53_registry_on_probe(registry, wake, prober);
	look(prober); /* something may be due already */
	return prober;
}

void
s53_prober_free(struct s53_prober *prober)
{
	struct s53_link *link;

	if (prober == NULL)
		return;
	s53_registry_on_probe(prober->registry, NULL, NULL);
	while ((link = s53_list_pop(&prober->probes)) != NULL) {
		struct under_way *probe = S53_CONTAINER_OF(link, struct under_way, link);
		const struct s53_inquiry_ask *ask = s53_inquiry_ask(probe->inquiry);

		s53_probe_end(ask->upstream, &ask->probe, S53_PROBE_SKIPPED, 0, s53_clock_ms());
		s53_inquiry_free(probe->inquiry);
		free(probe);
	}
	(void)event_del(&prober->due);
	(void)event_del(&prober->woken);
	close(prober->wake_fd);
	free(prober);
}
