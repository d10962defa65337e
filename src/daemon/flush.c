/* SPDX-License-Identifier: ISC
 *
 * flush.c - flushes the cache while it is in use: first the fetches in progress, then the entries.
 *
 * An answer that a worker waits for when the flush begins may be as old as an entry of the cache.
 * So each worker is visited first and outdates its fetches (resolve/fetches.c): no later query
 * joins them and their answers are not cached. Only then are the entries walked, in turns of the
 * main loop. When the walk has ended, every entry in the cache comes from an upstream query that
 * was sent after the flush began. A walk takes 0.1 s and more for each million entries, so all
 * flushes that wait when it begins share it.
 *
 * While the cache file is read after the start it would bring old answers back, so a flush waits
 * until it is read. A reload with another max-cache-size makes a new cache and copies the entries,
 * so the walk starts again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <split53/clock.h>
#include <split53/log.h>

#include "flush.h"
#include "inside.h"

#define TURN_MS 2 /* time of one turn, then the loop handles other events */
#define PAUSE_MS 2 /* between turns, for the workers on a machine with one processor */
#define FLUSHES_MAX 256

struct daemon_flush {
	struct s53_link link; /* in daemon->flushes; the first is walking, for all in what.next */
	struct s53_round round; /* when it has ended, all workers have outdated their fetches */
	bool rounded;
	struct s53_daemon *daemon;
	struct s53_cache_flush what;
	char *view; /* for the log; NULL: all */
	/* Of the first of a walk. */
	struct event *turn;
	bool walking;
	struct s53_cache *cache; /* the cache being walked, one count; NULL: none yet */
	struct s53_cache_cursor cursor;
	uint64_t began_ms;
	s53_flushed *done;
	void *done_arg;
};

static void
log_flushed(const struct daemon_flush *flush)
{
	static const char *const kinds[] = { "all names", "name", "tree" };
	const struct s53_cache_flush *what = &flush->what;
	char name[S53_NAME_TEXT] = "";

	if (what->kind != S53_FLUSH_ALL)
		s53_name_print(&what->name, name);
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO,
	    "flushing %s%s%s%s in %s%s%s succeeded: %llu of %llu entries, %llu ms",
	    kinds[what->kind], *name != '\0' ? " '" : "", name, *name != '\0' ? "'" : "",
	    flush->view != NULL ? "cache view '" : "all cache views",
	    flush->view != NULL ? flush->view : "", flush->view != NULL ? "'" : "",
	    (unsigned long long)what->sum.flushed, (unsigned long long)what->sum.walked,
	    (unsigned long long)(s53_clock_ms() - flush->began_ms));
}

static void
flush_free(struct daemon_flush *flush)
{
	s53_list_remove(&flush->link);
	if (flush->turn != NULL)
		event_free(flush->turn);
	s53_cache_drop(flush->cache);
	free(flush->view);
	free(flush);
}

static void
end(struct daemon_flush *flush)
{
	s53_flushed *done = flush->done;
	void *arg = flush->done_arg;
	struct s53_cache_flushed sum = flush->what.sum;

	flush->daemon->flush_count--;
	log_flushed(flush);
	flush_free(flush);
	done(arg, sum.flushed, sum.walked);
}

static struct daemon_flush *
flush_of(struct s53_link *link)
{
	return S53_CONTAINER_OF(link, struct daemon_flush, link);
}

/* The walk of this flush, and of those that shared it, has ended. */
static void
end_walk(struct daemon_flush *flush)
{
	for (struct s53_cache_flush *what = &flush->what, *next; what != NULL; what = next) {
		next = what->next;
		end(S53_CONTAINER_OF(what, struct daemon_flush, what));
	}
}

static void
schedule(struct daemon_flush *flush, unsigned pause_ms)
{
	struct timeval pause = { .tv_usec = (int)pause_ms * 1000 };

	(void)event_add(flush->turn, &pause); /* a timer has its memory already */
}

/* Start the walk of the first flush, if all workers have been visited. */
static void
begin_next(struct s53_daemon *daemon)
{
	struct daemon_flush *flush;

	if (s53_list_empty(&daemon->flushes))
		return;
	flush = flush_of(daemon->flushes.next);
	if (flush->rounded)
		schedule(flush, 0);
}

/* The walk begins. Flushes behind it whose visits to the workers have ended share it. */
static void
gather(struct daemon_flush *first)
{
	struct daemon_flush *last = first;

	first->walking = true;
	for (struct s53_link *link = first->link.next;
	     link != &first->daemon->flushes && flush_of(link)->rounded; link = link->next) {
		last->what.next = &flush_of(link)->what;
		last = flush_of(link);
	}
}

/* Walk the cache of the snapshot in use. */
static void
follow_cache(struct daemon_flush *flush)
{
	struct s53_cache *cache = flush->daemon->snapshot->policy.cache;

	if (cache == flush->cache)
		return;
	s53_cache_drop(flush->cache);
	flush->cache = cache != NULL ? s53_cache_keep(cache) : NULL;
	flush->cursor = (struct s53_cache_cursor){ 0 };
}

/* true: there is more. Without memory the turn does nothing and is repeated. */
static bool
walk(struct daemon_flush *flush)
{
	uint64_t start_ms = s53_clock_ms();
	bool more = true;

	if (!flush->walking)
		gather(flush);
	follow_cache(flush);
	if (flush->cache == NULL)
		return false;
	while (more && s53_clock_ms() - start_ms < TURN_MS)
		if (s53_cache_flush(flush->cache, &flush->what, &flush->cursor, &more) != S53_OK)
			return true;
	return more;
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct daemon_flush *flush = arg;
	struct s53_daemon *daemon = flush->daemon;

	(void)fd;
	(void)what;
	if (daemon->warm != NULL || walk(flush)) {
		schedule(flush, PAUSE_MS);
		return;
	}
	end_walk(flush);
	begin_next(daemon);
}

/* In a worker's thread. */
static void
outdate(struct s53_round *round, unsigned worker, struct s53_resolver *resolver)
{
	struct daemon_flush *flush = S53_CONTAINER_OF(round, struct daemon_flush, round);

	(void)worker;
	s53_resolver_outdate(resolver, flush->what.all_views, flush->what.view_id);
}

static void
on_rounded(struct s53_round *round, bool complete)
{
	struct daemon_flush *flush = S53_CONTAINER_OF(round, struct daemon_flush, round);

	flush->rounded = true;
	if (complete && flush->daemon->flushes.next == &flush->link)
		schedule(flush, 0);
}

static const struct s53_view *
find_view(const struct s53_policy *policy, const char *name)
{
	for (unsigned i = 0; i < policy->view_count; i++)
		if (strcmp(policy->views[i].name, name) == 0)
			return &policy->views[i];
	return NULL;
}

static struct daemon_flush *
flush_new(struct s53_daemon *daemon, const struct s53_flush_request *request)
{
	struct daemon_flush *flush = calloc(1, sizeof(*flush));

	if (flush == NULL)
		return NULL;
	s53_list_init(&flush->link);
	flush->daemon = daemon;
	flush->began_ms = s53_clock_ms();
	flush->what.kind = request->kind;
	flush->what.all_views = request->view == NULL;
	if (request->name != NULL)
		s53_name_lower_of(request->name, &flush->what.name);
	flush->round.visit = outdate;
	flush->round.ended = on_rounded;
	flush->turn = evtimer_new(daemon->base, on_turn, flush);
	if (request->view != NULL)
		flush->view = strdup(request->view);
	if (flush->turn != NULL && (flush->view != NULL || request->view == NULL))
		return flush;
	flush_free(flush);
	return NULL;
}

enum s53_status
s53_daemon_flush(struct s53_daemon *daemon, const struct s53_flush_request *request,
    s53_flushed *done, void *done_arg, char why[static S53_OPERATION_WHY])
{
	const struct s53_view *view = NULL;
	struct daemon_flush *flush;

	if (request->view != NULL &&
	    (view = find_view(&daemon->snapshot->policy, request->view)) == NULL) {
		snprintf(why, S53_OPERATION_WHY, "there is no view '%s'", request->view);
		return S53_E_ABSENT;
	}
	if (daemon->flush_count == FLUSHES_MAX) {
		snprintf(why, S53_OPERATION_WHY, "%u flushes are in progress: try again later",
		    daemon->flush_count);
		return S53_E_LIMIT;
	}
	if ((flush = flush_new(daemon, request)) == NULL) {
		snprintf(why, S53_OPERATION_WHY, "out of memory");
		return S53_E_NOMEM;
	}
	if (view != NULL)
		flush->what.view_id = view->id;
	flush->done = done;
	flush->done_arg = done_arg;
	s53_list_append(&daemon->flushes, &flush->link);
	daemon->flush_count++;
	s53_round_begin(daemon, &flush->round);
	return S53_OK;
}

void
s53_daemon_end_flushes(struct s53_daemon *daemon)
{
	while (!s53_list_empty(&daemon->flushes)) {
		struct daemon_flush *flush = flush_of(daemon->flushes.next);
		bool more = true;

		if (!flush->walking)
			gather(flush);
		follow_cache(flush);
		while (flush->cache != NULL && more &&
		    s53_cache_flush(flush->cache, &flush->what, &flush->cursor, &more) == S53_OK)
			;
		end_walk(flush);
	}
}
