/* SPDX-License-Identifier: ISC
 *
 * dumper.c - writes what BIND's `rndc dumpdb` does, also on SIGUSR1: the cache as text, then zones,
 * servers and counters.
 *
 * BIND's dump goes view by view, but the cache has the entries of all views mixed: so it is walked
 * once per view. All TTLs are as of the time in $DATE, when the dump began. The dump is written in
 * turns of the main loop with pauses between them, since on a machine with one CPU the workers need
 * it.
 */
#include "dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include <split53/cache.h>
#include <split53/clock.h>
#include <split53/log.h>
#include <split53/render.h>
#include <split53/replace.h>
#include <split53/stats.h>
#include <split53/view.h>

#define TURN_MS 2 /* writing time per turn, then the loop handles other events such as signals */
#define PAUSE_MS 2
#define BUFFER_LEN (64u * 1024)

struct dump {
	struct s53_policy *policy;
	char *path; /* for log lines */
	struct event *event;
	struct s53_replace file;
	FILE *out; /* a copy of the file's descriptor */
	unsigned parts; /* of enum s53_dump_part */
	struct dump_zones *zones; /* NULL: no such part, or not yet */
	unsigned view; /* index of the view being written */
	unsigned views_from, views_until; /* the views to write */
	bool in_view; /* the head of its section is written */
	struct s53_cache_cursor cursor;
	uint64_t began_ms, began_wall_s;
	uint64_t answers;
	bool failed; /* out of memory, or an error of `out` */
};

struct s53_dumper {
	struct event_base *base;
	const struct s53_stats_source *source;
	struct dump *dump; /* in progress; or NULL */
};

static void
dump_free(struct s53_dumper *dumper)
{
	struct dump *dump = dumper->dump;

	dumper->dump = NULL;
	if (dump->event != NULL)
		event_free(dump->event);
	s53_replace_abandon(&dump->file);
	if (dump->out != NULL)
		fclose(dump->out);
	s53_dump_zones_free(dump->zones);
	s53_policy_drop(dump->policy);
	free(dump->path);
	free(dump);
}

static void
log_failure(const char *path, const char *why)
{
	s53_log(S53_LOG_GENERAL, S53_LOG_ERROR, "dumpdb: cannot write '%s': %s", path, why);
}

static void
dump_one(void *arg, const struct s53_cache_record *record)
{
	struct dump *dump = arg;
	int64_t age_ms = (int64_t)(dump->began_ms - record->stored_ms);
	uint64_t age_s = age_ms > 0 ? (uint64_t)age_ms / 1000 : 0;
	struct s53_render_cached cached = {
		.message = record->octets,
		.len = record->len,
		.age_s = (uint32_t)age_s,
		.dnssec_ok = record->dnssec_ok,
		.checking_disabled = record->checking_disabled,
		.authentic = record->authentic,
		.stale = age_s >= record->lifetime_s,
	};

	if (dump->failed || record->view_id != dump->policy->views[dump->view].id ||
	    age_s >= record->kept_s)
		return;
	if (cached.stale) {
		cached.stale_left_s = record->kept_s - (uint32_t)age_s;
		cached.stale_since_s = dump->began_wall_s - (age_s - record->lifetime_s);
	}
	if (s53_render_cached(dump->out, &cached))
		dump->answers++;
	else
		dump->failed = true;
}

static void
write_view_head(struct dump *dump)
{
	const struct s53_view *view = &dump->policy->views[dump->view];
	const struct s53_cache_rules *rules = view->answering.cache;
	char date[S53_RENDER_DATE];

	fprintf(dump->out, ";\n; Start view %s\n;\n;\n; Cache dump of view '%s' (cache %s)\n;\n",
	    view->name, view->name, view->name);
	if (rules->stale_keep)
		fprintf(dump->out, "; using a %" PRIu32 " second stale ttl\n", rules->max_stale_s);
	fprintf(dump->out, "$DATE %s\n", s53_render_date(dump->began_wall_s, date));
}

/* Write one step of the walk. false: the walk is complete. */
static bool
cache_step(struct dump *dump)
{
	if ((dump->parts & S53_DUMP_CACHE) == 0 || dump->policy->cache == NULL ||
	    dump->view == dump->views_until)
		return false;
	if (!dump->in_view) {
		write_view_head(dump);
		dump->in_view = true;
		dump->cursor = (struct s53_cache_cursor){ 0 };
	}
	if (!s53_cache_walk(dump->policy->cache, &dump->cursor, dump->began_ms, dump_one, dump)) {
		dump->in_view = false;
		dump->view++;
	}
	return true;
}

static bool
zones_step(struct dump *dump)
{
	bool more = false;

	if ((dump->parts & S53_DUMP_ZONES) == 0)
		return false;
	if (dump->zones == NULL)
		dump->zones = s53_dump_zones_new(dump->policy, dump->views_from, dump->views_until);
	if (dump->zones == NULL || !s53_dump_zones_step(dump->zones, dump->out, &more))
		dump->failed = true;
	return more;
}

static bool
dump_step(struct dump *dump)
{
	return cache_step(dump) || zones_step(dump);
}

/* Write the buffer to the file. false: errno. */
static bool
flush(struct dump *dump)
{
	/* an error of `out` shows again in fflush(); otherwise rendering was out of memory */
	errno = ferror(dump->out) ? EIO : ENOMEM;
	return fflush(dump->out) == 0 && !dump->failed;
}

/* Abandon the dump: remove its file, then log why. */
static void
give_up(struct s53_dumper *dumper, const char *why)
{
	s53_replace_abandon(&dumper->dump->file);
	log_failure(dumper->dump->path, why);
	dump_free(dumper);
}

static void
dump_statistics(struct dump *dump, const struct s53_stats_source *source)
{
	struct s53_stats *stats = s53_stats_collect(source);

	if (stats == NULL) {
		dump->failed = true;
		return;
	}
	s53_stats_print(stats, "; ", dump->out);
	s53_stats_free(stats);
}

static void
complete(struct s53_dumper *dumper)
{
	struct dump *dump = dumper->dump;

	if ((dump->parts & S53_DUMP_UPSTREAMS) != 0)
		s53_dump_upstreams(
		    dump->out, dumper->source->registry, dump->policy, s53_clock_ms());
	if ((dump->parts & S53_DUMP_COUNTERS) != 0)
		dump_statistics(dump, dumper->source);
	fputs("; Dump complete\n", dump->out);
	if (!flush(dump) || s53_replace_commit(&dump->file) != S53_OK) {
		give_up(
		    dumper, errno == EEXIST ? "another process is writing it" : strerror(errno));
		return;
	}
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO,
	    "dumpdb complete: %" PRIu64 " answers in '%s' after %" PRIu64 " ms", dump->answers,
	    dump->path, s53_clock_ms() - dump->began_ms);
	dump_free(dumper);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval pause = { .tv_usec = PAUSE_MS * 1000 };
	struct s53_dumper *dumper = arg;
	struct dump *dump = dumper->dump;
	uint64_t start_ms = s53_clock_ms();
	bool more = true;

	(void)fd;
	(void)what;
	while (more && !dump->failed && s53_clock_ms() - start_ms < TURN_MS)
		more = dump_step(dump);
	if (!more) {
		complete(dumper);
	} else if (!flush(dump) || event_add(dump->event, &pause) != 0) {
		give_up(dumper, strerror(errno));
	}
}

/* Takes over `file` in any case. NULL: out of memory or descriptors. */
static struct dump *
dump_new(struct s53_dumper *dumper, struct s53_policy *policy, const char *path,
    struct s53_replace *file)
{
	struct dump *dump = calloc(1, sizeof(*dump));
	int fd;

	if (dump == NULL) {
		s53_replace_abandon(file);
		return NULL;
	}
	dumper->dump = dump;
	dump->file = *file;
	dump->policy = s53_policy_keep(policy);
	dump->path = strdup(path);
	dump->event = evtimer_new(dumper->base, on_turn, dumper);
	fd = dup(dump->file.fd);
	if (fd >= 0 && (dump->out = fdopen(fd, "w")) == NULL)
		close(fd);
	if (dump->path == NULL || dump->event == NULL || dump->out == NULL ||
	    setvbuf(dump->out, NULL, _IOFBF, BUFFER_LEN) != 0) {
		dump_free(dumper);
		return NULL;
	}
	dump->began_ms = s53_clock_ms();
	dump->began_wall_s = s53_clock_wall_s();
	return dump;
}

struct s53_dumper *
s53_dumper_new(struct event_base *base, const struct s53_stats_source *source)
{
	struct s53_dumper *dumper = calloc(1, sizeof(*dumper));

	if (dumper != NULL) {
		dumper->base = base;
		dumper->source = source;
	}
	return dumper;
}

void
s53_dumper_free(struct s53_dumper *dumper)
{
	if (dumper == NULL)
		return;
	if (dumper->dump != NULL)
		give_up(dumper, "the program is stopping");
	free(dumper);
}

bool
s53_dumper_is_busy(const struct s53_dumper *dumper)
{
	return dumper != NULL && dumper->dump != NULL;
}

/* The views of that name, NULL: all. false: there is none. */
static bool
find_views(const struct s53_policy *policy, const char *name, unsigned *from, unsigned *until)
{
	*from = 0;
	*until = policy->view_count;
	if (name == NULL)
		return true;
	while (*from < *until && strcmp(policy->views[*from].name, name) != 0)
		(*from)++;
	*until = *from + 1;
	return *from < policy->view_count;
}

static enum s53_status
open_file(struct s53_replace *file, const char *path)
{
	enum s53_status status = s53_replace_open(file, path, 0640);
	int why = errno;

	if (status != S53_OK)
		log_failure(path,
		    status == S53_E_EXISTS   ? "it is not a regular file"
			: status == S53_E_IO ? strerror(why)
					     : "out of memory");
	errno = why;
	return status;
}

enum s53_status
s53_dumper_begin(struct s53_dumper *dumper, struct s53_policy *policy, const char *path,
    unsigned parts, const char *view)
{
	struct s53_replace file;
	unsigned from, until;
	enum s53_status status;
	struct dump *dump;

	if (dumper->dump != NULL) {
		s53_log(S53_LOG_GENERAL, S53_LOG_WARNING, "dumpdb: a dump is already in progress");
		return S53_E_LIMIT;
	}
	if (!find_views(policy, view, &from, &until))
		return S53_E_ABSENT;
	if ((status = open_file(&file, path)) != S53_OK)
		return status;
	if ((dump = dump_new(dumper, policy, path, &file)) == NULL) {
		log_failure(path, "out of memory or descriptors");
		return S53_E_NOMEM;
	}
	dump->parts = parts;
	dump->view = dump->views_from = from;
	dump->views_until = until;
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "dumpdb started: '%s'", path);
	on_turn(-1, 0, dumper);
	return S53_OK;
}
