/* SPDX-License-Identifier: ISC
 *
 * prober.c - sends the probes of the plan with c-ares, when they are due.
 *
 * The prober waits for one descriptor and one timer. A thread that makes a probe due sooner writes
 * to the descriptor. Then, and when the timer fires, the prober scans all servers, which is cheap
 * and rare: healthy servers have nothing due, and then no timer is armed. With thousands of
 * servers, scans are at least 1 ms per SERVERS_PER_MS servers apart.
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

#include "probe_run.h"

#define RETRY_MS 10 /* when a probe is due but could not begin */
#define SERVERS_PER_MS 100 /* servers for which 1 ms is added between two scans */
#define PROBES_MAX 512 /* at the same time: thousands of servers may become unreachable together */
#define PROBES_MIN 4
#define DESCRIPTORS_SHARE 8 /* descriptors per probe: clients need the others */

struct running {
	struct s53_link link;
	struct s53_prober *prober;
	struct s53_probe_run *run;
};

struct s53_prober {
	struct event_base *base;
	struct s53_registry *registry;
	int wake_fd;
	struct event woken, due;
	uint64_t next_ms; /* when `due` fires; UINT64_MAX: not armed */
	uint64_t scanned_at_ms; /* the last scan */
	unsigned servers, visited; /* in the last scan; in the current scan so far */
	struct s53_link running; /* struct running */
	unsigned count, limit; /* of `running`, and their limit */
};

/* May be called from any thread. */
static void
wake(void *arg)
{
	struct s53_prober *prober = arg;

	/* It fails only if the counter is full: then the prober will be woken anyway. */
	(void)eventfd_write(prober->wake_fd, 1);
}

/* The earliest time for the next scan. */
static uint64_t
earliest_scan_ms(const struct s53_prober *prober)
{
	return prober->scanned_at_ms + prober->servers / SERVERS_PER_MS;
}

static void
schedule_scan(struct s53_prober *prober, uint64_t at_ms)
{
	uint64_t now_ms = s53_clock_ms(), wait_ms;
	struct timeval wait;

	if (at_ms < earliest_scan_ms(prober))
		at_ms = earliest_scan_ms(prober);
	if (at_ms >= prober->next_ms)
		return;
	prober->next_ms = at_ms;
	wait_ms = at_ms > now_ms ? at_ms - now_ms : 0;
	wait = (struct timeval){ (time_t)(wait_ms / 1000), (suseconds_t)(wait_ms % 1000 * 1000) };
	(void)event_add(&prober->due, &wait);
}

static void
on_done(void *arg, struct s53_probe_run *run, enum s53_probe_end end, uint32_t rtt_ms)
{
	struct running *running = arg;
	struct s53_prober *prober = running->prober;
	const struct s53_probe_run_spec *spec = s53_probe_run_spec(run);

	s53_probe_end(spec->upstream, &spec->probe, end, rtt_ms, s53_clock_ms());
	schedule_scan(prober, s53_probe_due_ms(spec->upstream));
	s53_probe_run_free(run);
	s53_list_remove(&running->link);
	prober->count--;
	free(running);
}

static void
start(struct s53_prober *prober, struct s53_upstream *upstream, const struct s53_probe *probe)
{
	struct running *running = calloc(1, sizeof(*running));
	struct s53_probe_run_spec spec = {
		.base = prober->base,
		.upstream = upstream,
		.probe = *probe,
		.arg = running,
		.done = on_done,
	};

	if (running == NULL || (running->run = s53_probe_run_start(&spec)) == NULL) {
		free(running);
		s53_probe_end(upstream, probe, S53_PROBE_SKIPPED, 0, s53_clock_ms());
		return;
	}
	running->prober = prober;
	s53_list_append(&prober->running, &running->link);
	prober->count++;
}

static bool
visit(struct s53_upstream *upstream, void *arg)
{
	struct s53_prober *prober = arg;
	struct s53_probe probe;
	uint64_t now_ms = s53_clock_ms(), due_ms = s53_probe_due_ms(upstream);

	prober->visited++;
	if (due_ms <= now_ms && prober->count < prober->limit &&
	    s53_probe_begin(upstream, &probe, now_ms)) {
		start(prober, upstream, &probe);
		due_ms = s53_probe_due_ms(upstream);
	}
	if (due_ms != UINT64_MAX)
		schedule_scan(prober, due_ms > now_ms ? due_ms : now_ms + RETRY_MS);
	return true;
}

static void
scan(struct s53_prober *prober)
{
	(void)event_del(&prober->due);
	prober->next_ms = UINT64_MAX;
	prober->scanned_at_ms = s53_clock_ms();
	prober->visited = 0;
	s53_registry_each(prober->registry, visit, prober);
	prober->servers = prober->visited;
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	scan(arg);
}

static void
on_woken(evutil_socket_t fd, short what, void *arg)
{
	struct s53_prober *prober = arg;
	eventfd_t count;

	(void)what;
	(void)eventfd_read((int)fd, &count); /* before the scan: a later wake causes another scan */
	if (s53_clock_ms() < earliest_scan_ms(prober))
		schedule_scan(prober, earliest_scan_ms(prober));
	else
		scan(prober);
}

static unsigned
probe_limit(void)
{
	struct rlimit limit;
	rlim_t share;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return PROBES_MIN;
	share = limit.rlim_cur / DESCRIPTORS_SHARE;
	return share > PROBES_MAX ? PROBES_MAX : share < PROBES_MIN ? PROBES_MIN : (unsigned)share;
}

struct s53_prober *
s53_prober_new(struct event_base *base, struct s53_registry *registry)
{
	struct s53_prober *prober = calloc(1, sizeof(*prober));

	if (prober == NULL)
		return NULL;
	prober->base = base;
	prober->registry = registry;
	s53_list_init(&prober->running);
	prober->limit = probe_limit();
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
	scan(prober); /* a probe may be due already */
	return prober;
}

void
s53_prober_free(struct s53_prober *prober)
{
	struct s53_link *link;

	if (prober == NULL)
		return;
	s53_registry_on_probe(prober->registry, NULL, NULL);
	while ((link = s53_list_pop(&prober->running)) != NULL) {
		struct running *running = S53_CONTAINER_OF(link, struct running, link);
		const struct s53_probe_run_spec *spec = s53_probe_run_spec(running->run);

		s53_probe_end(spec->upstream, &spec->probe, S53_PROBE_SKIPPED, 0, s53_clock_ms());
		s53_probe_run_free(running->run);
		free(running);
	}
	(void)event_del(&prober->due);
	(void)event_del(&prober->woken);
	close(prober->wake_fd);
	free(prober);
}
