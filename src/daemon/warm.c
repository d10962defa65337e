/* SPDX-License-Identifier: ISC
 *
 * warm.c - the cache file, which passes the cache from one process to the next.
 *
 * Reading begins when the workers already serve: no client waits for it, and an answer that a
 * worker has stored meanwhile is newer and is kept. It proceeds in short turns, because the main
 * loop also handles signals. A process that ends reads the rest at once: otherwise two quick
 * restarts would lose the part that the first had not read yet.
 */
#include "warm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <split53/cachefile.h>
#include <split53/clock.h>
#include <split53/log.h>

#include "flush.h"
#include "inside.h"

#define TURN_MS 3 /* reading time per turn, then signals are handled */

struct daemon_warm {
	struct event *event;
	struct s53_cachefile_loader *loader;
	char *path; /* a copy: a reload may change the snapshot's */
	uint64_t began_ms;
};

static struct s53_cachefile_time
time_now(void)
{
	return (
	    struct s53_cachefile_time){ .now_ms = s53_clock_ms(), .wall_s = s53_clock_wall_s() };
}

void
s53_warm_drop(struct s53_daemon *daemon)
{
	struct daemon_warm *warm = daemon->warm;

	daemon->warm = NULL;
	if (warm == NULL)
		return;
	if (warm->event != NULL)
		event_free(warm->event);
	s53_cachefile_close(warm->loader);
	free(warm->path);
	free(warm);
}

static void
log_refused(const char *path, const char *why)
{
	s53_log(S53_LOG_DATABASE, S53_LOG_WARNING,
	    "the cache is not read from '%s': it %s; starting with an empty cache", path, why);
}

/* Read for `patience_ms`. false: reading has ended, which is logged. */
static bool
read_on(struct s53_daemon *daemon, uint64_t patience_ms)
{
	struct daemon_warm *warm = daemon->warm;
	struct s53_cache *cache = daemon->snapshot->policy.cache;
	enum s53_cachefile_progress turn = S53_CACHEFILE_MORE;
	uint64_t start_ms = s53_clock_ms(), now_ms = start_ms;
	char why[S53_CACHEFILE_WHY];

	if (cache == NULL) /* a reload has turned it off */
		return false;
	while (turn == S53_CACHEFILE_MORE && now_ms - start_ms < patience_ms) {
		turn = s53_cachefile_progress(warm->loader, cache, now_ms, why);
		now_ms = s53_clock_ms();
	}
	if (turn == S53_CACHEFILE_REJECTED)
		log_refused(warm->path, why);
	if (turn == S53_CACHEFILE_DONE)
		s53_log(S53_LOG_DATABASE, S53_LOG_INFO,
		    "%" PRIu64 " answers read from '%s' in %" PRIu64 " ms",
		    s53_cachefile_loaded(warm->loader), warm->path, now_ms - warm->began_ms);
	return turn == S53_CACHEFILE_MORE;
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once = { 0 };
	struct s53_daemon *daemon = arg;

	(void)fd;
	(void)what;
	if (!read_on(daemon, TURN_MS) || event_add(daemon->warm->event, &at_once) != 0)
		s53_warm_drop(daemon);
}

/* NULL: out of memory; the loader is closed. */
static struct daemon_warm *
warm_new(struct s53_daemon *daemon, struct s53_cachefile_loader *loader, const char *path)
{
	struct daemon_warm *warm = calloc(1, sizeof(*warm));

	if (warm == NULL) {
		s53_cachefile_close(loader);
		return NULL;
	}
	warm->loader = loader;
	warm->began_ms = s53_clock_ms();
	warm->path = strdup(path);
	warm->event = evtimer_new(daemon->base, on_turn, daemon);
	daemon->warm = warm;
	if (warm->path == NULL || warm->event == NULL)
		s53_warm_drop(daemon);
	return daemon->warm;
}

void
s53_warm_begin(struct s53_daemon *daemon)
{
	const struct s53_snapshot *snapshot = daemon->snapshot;
	struct s53_cachefile_loader *loader = NULL;
	char why[S53_CACHEFILE_WHY];
	enum s53_status status;

	if (snapshot->policy.cache == NULL || snapshot->cache_file == NULL)
		return;
	/* A file that we have written is hardly larger than the cache from which it was written. */
	status = s53_cachefile_open(snapshot->cache_file,
	    2 * s53_cache_max_octets(snapshot->policy.cache), time_now(), why, &loader);
	if (status == S53_E_ABSENT)
		return;
	if (status != S53_OK)
		log_refused(snapshot->cache_file, why);
	else if (warm_new(daemon, loader, snapshot->cache_file) == NULL)
		log_refused(snapshot->cache_file, "cannot be read: out of memory");
	else
		on_turn(-1, 0, daemon);
}

void
s53_warm_end(struct s53_daemon *daemon)
{
	const struct s53_snapshot *snapshot = daemon->snapshot;
	struct s53_cachefile_time now;
	char why[S53_CACHEFILE_WHY];
	uint64_t entries = 0;

	if (daemon->warm != NULL)
		read_on(daemon, UINT64_MAX);
	s53_warm_drop(daemon);
	s53_daemon_end_flushes(daemon); /* entries that a flush has to remove are not written */
	if (snapshot->policy.cache == NULL || snapshot->cache_file == NULL)
		return;
	now = time_now();
	if (s53_cachefile_save(snapshot->policy.cache, snapshot->cache_file, now, &entries, why) !=
	    S53_OK)
		s53_log(S53_LOG_DATABASE, S53_LOG_WARNING, "the cache is lost: the file '%s' %s",
		    snapshot->cache_file, why);
	else
		s53_log(S53_LOG_DATABASE, S53_LOG_INFO,
		    "%" PRIu64 " answers written to '%s' in %" PRIu64 " ms", entries,
		    snapshot->cache_file, s53_clock_ms() - now.now_ms);
}
