/* SPDX-License-Identifier: ISC
 *
 * log.c - from s53_log() to the channels.
 *
 * To test whether a line would be written costs one load and one compare: for each category the
 * most verbose severity that any of its channels writes is computed when the configuration
 * changes. A line that is written is formatted on the caller's stack and written under one lock,
 * which also protects the swap of the configuration. While the lock is taken, nothing here calls
 * other modules, so it never waits for another lock.
 *
 * Workers log, so logging must not wait for a destination that does not accept lines: a pipe that
 * is not read, a syslog daemon that hangs, a full disk. Lines are dropped and counted. The other
 * channels report that, at most once a minute; where there is no other, syslog and standard error
 * do. The channel itself reports it once it accepts lines again.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <split53/log.h>

#include "logfile.h"
#include "logline.h"
#include "logsyslog.h"
#include "logwrite.h"

#define CHANNELS_MAX 64 /* one bit each in category_channels */
#define OFF (-1) /* below every severity */
#define REMIND_S 60 /* between two messages about a channel that does not accept lines */

/* The lines that a channel has dropped since it last accepted one. */
struct losses {
	uint64_t lines;
	int error; /* errno of the first */
	time_t said_s; /* when the other channels last reported it; 0: not yet */
};

/* What is needed to write a line; swapped as a whole. */
struct setup {
	struct s53_log_channel channels[CHANNELS_MAX]; /* without their texts */
	struct logfile *files[CHANNELS_MAX]; /* NULL where the channel is no file */
	struct losses losses[CHANNELS_MAX];
	unsigned channel_count;
	uint64_t category_channels[S53_LOG_CATEGORY_COUNT]; /* `default` resolved */
};

/* Before the first configuration: stderr, info and worse. */
static struct setup stderr_setup = {
	.channels = { {
	    .kind = S53_LOG_TO_STDERR,
	    .severity = S53_LOG_INFO,
	    .print_time = S53_LOG_TIME_LOCAL,
	    .print_category = true,
	    .print_severity = true,
	} },
	.channel_count = 1,
	.category_channels = {
#define TO_THE_FIRST(id, name) 1,
	    S53_LOG_CATEGORIES(TO_THE_FIRST)
#undef TO_THE_FIRST
	},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct setup *current = &stderr_setup; /* under the lock */
static uint64_t lost_total; /* under the lock: since the start, by any channel */
static uint64_t lost_before; /* under the lock: by channels of an earlier setup; not reported yet */
static atomic_int severity_most[S53_LOG_CATEGORY_COUNT] = {
#define INFO_AND_WORSE(id, name) S53_LOG_INFO,
	S53_LOG_CATEGORIES(INFO_AND_WORSE)
#undef INFO_AND_WORSE
};

static void
setup_free(struct setup *setup)
{
	if (setup == NULL || setup == &stderr_setup)
		return;
	for (unsigned i = 0; i < setup->channel_count; i++)
		logfile_close(setup->files[i]);
	free(setup);
}

static int
most_verbose(const struct setup *setup, uint64_t channels)
{
	int most = OFF;

	for (unsigned i = 0; i < setup->channel_count; i++) {
		if ((channels >> i & 1) == 0 || setup->channels[i].kind == S53_LOG_TO_NULL)
			continue;
		if (setup->channels[i].severity > most)
			most = setup->channels[i].severity;
	}
	return most;
}

/* Under the lock. */
static void
set_severities(const struct setup *setup)
{
	for (int i = 0; i < S53_LOG_CATEGORY_COUNT; i++)
		atomic_store_explicit(&severity_most[i],
		    most_verbose(setup, setup->category_channels[i]), memory_order_relaxed);
}

/* Make `setup` the current one and free the previous one. */
static void
swap(struct setup *setup)
{
	struct setup *previous;

	pthread_mutex_lock(&lock);
	previous = current;
	current = setup;
	for (unsigned i = 0; i < previous->channel_count && previous != setup; i++) {
		lost_before += previous->losses[i].lines;
		previous->losses[i] = (struct losses){ 0 };
	}
	set_severities(setup);
	pthread_mutex_unlock(&lock);
	if (previous != setup)
		setup_free(previous);
}

void
s53_log_to_stderr(int debug_level)
{
	tzset();
	pthread_mutex_lock(&lock);
	stderr_setup.channels[0].severity = S53_LOG_INFO + debug_level;
	pthread_mutex_unlock(&lock);
	swap(&stderr_setup);
}

void
s53_log_set_debug_level(int level)
{
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < current->channel_count; i++)
		if (current->channels[i].dynamic || current == &stderr_setup)
			current->channels[i].severity = S53_LOG_INFO + level;
	set_severities(current);
	pthread_mutex_unlock(&lock);
}

static enum s53_status
channel_open(struct setup *setup, const struct s53_log_channel *from, int debug_level)
{
	unsigned i = setup->channel_count;
	struct s53_log_channel *channel = &setup->channels[i];

	*channel = *from;
	channel->name = channel->path = NULL; /* the caller's; the file has its own copy */
	if (channel->dynamic)
		channel->severity = S53_LOG_INFO + debug_level;
	if (channel->kind == S53_LOG_TO_FILE) {
		enum s53_status status = logfile_open(from, &setup->files[i]);

		if (status != S53_OK)
			return status;
	}
	setup->channel_count++;
	return S53_OK;
}

void
s53_log_open_syslog(void)
{
	pthread_mutex_lock(&lock);
	logsyslog_open(LOGSYSLOG_PATH);
	pthread_mutex_unlock(&lock);
}

enum s53_status
s53_log_configure(const struct s53_log_config *config, const char **bad_path)
{
	struct setup *setup;
	bool syslog_used = false;

	if (config->channel_count > CHANNELS_MAX)
		return S53_E_LIMIT;
	if ((setup = calloc(1, sizeof(*setup))) == NULL)
		return S53_E_NOMEM;
	for (unsigned i = 0; i < config->channel_count; i++) {
		enum s53_status status =
		    channel_open(setup, &config->channels[i], config->debug_level);

		if (status != S53_OK) {
			int why = errno;

			if (bad_path != NULL)
				*bad_path = config->channels[i].path;
			setup_free(setup);
			errno = why;
			return status;
		}
		syslog_used = syslog_used || config->channels[i].kind == S53_LOG_TO_SYSLOG;
	}
	for (int i = 0; i < S53_LOG_CATEGORY_COUNT; i++) {
		uint64_t channels = config->category_channels[i];

		setup->category_channels[i] =
		    channels != 0 ? channels : config->category_channels[S53_LOG_DEFAULT];
	}
	tzset();
	if (syslog_used)
		s53_log_open_syslog();
	swap(setup);
	return S53_OK;
}

bool
s53_log_on(enum s53_log_category category, int severity)
{
	return severity <= atomic_load_explicit(&severity_most[category], memory_order_relaxed);
}

static int
syslog_priority(int severity)
{
	static const int priorities[] = { LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO };

	return severity < S53_LOG_DEBUG ? priorities[severity] : LOG_DEBUG;
}

/* A line that is being written. */
struct line {
	struct timespec now;
	enum s53_log_category category;
	int severity;
	const char *text; /* escaped already, ends with a newline */
	size_t len;
};

/* Returns how many lines were dropped, with errno. */
static unsigned
emit(const struct setup *setup, unsigned i, const struct line *line)
{
	const struct s53_log_channel *channel = &setup->channels[i];
	char octets[LOGLINE_MAX];
	size_t len = logline_prefix(octets, channel, line->category, line->severity, &line->now);

	memcpy(octets + len, line->text, line->len);
	len += line->len;
	switch (channel->kind) {
	case S53_LOG_TO_STDERR:
		return logwrite_line(STDERR_FILENO, octets, len) ? 0 : 1;
	case S53_LOG_TO_FILE:
		return logfile_write(setup->files[i], octets, len);
	case S53_LOG_TO_SYSLOG:
		return logsyslog_write(
			   channel->facility | syslog_priority(line->severity), octets, len - 1)
		    ? 0
		    : 1;
	case S53_LOG_TO_NULL:
		break;
	}
	return 0;
}

static const char *
destination(const struct setup *setup, unsigned i)
{
	if (setup->channels[i].kind == S53_LOG_TO_FILE)
		return logfile_path(setup->files[i]);
	return setup->channels[i].kind == S53_LOG_TO_SYSLOG ? "syslog" : "standard error";
}

/* A message of the log itself: how many lines the channel has dropped, and why. */
static struct line
line_about(const struct setup *setup, unsigned i, bool over, const struct timespec *now,
    char text[static LOGLINE_TEXT])
{
	const struct losses *losses = &setup->losses[i];
	struct line line = { *now, S53_LOG_GENERAL, S53_LOG_WARNING, text, 0 };
	char raw[LOGLINE_TEXT / 4];

	snprintf(raw, sizeof(raw), "%" PRIu64 " log line%s lost%s: %s (%s)", losses->lines,
	    losses->lines == 1 ? "" : "s", over ? " before this one" : "", destination(setup, i),
	    losses->error == EAGAIN ? "nothing reads it" : strerror(losses->error));
	line.len = logline_escape(text, 0, LOGLINE_TEXT - 1, raw);
	text[line.len++] = '\n';
	return line;
}

static void
channel_write(struct setup *setup, unsigned i, const struct line *line)
{
	struct losses *losses = &setup->losses[i];
	char text[LOGLINE_TEXT];
	unsigned lost;

	if (losses->lines > 0) {
		struct line about = line_about(setup, i, true, &line->now, text);

		if (emit(setup, i, &about) > 0) {
			losses->lines++; /* the line; the message is tried again */
			lost_total++;
			return;
		}
		*losses = (struct losses){ 0 };
	}
	lost = emit(setup, i, line);
	if (lost > 0 && losses->lines == 0)
		losses->error = errno;
	losses->lines += lost;
	lost_total += lost;
}

static bool
takes(const struct setup *setup, unsigned i, enum s53_log_category category, int severity)
{
	return (setup->category_channels[category] >> i & 1) != 0 &&
	    severity <= setup->channels[i].severity;
}

/* No other channel accepts it, but the operator should know: syslog, or else standard error. */
static void
tell_last_resort(enum s53_log_kind failed, const struct line *about)
{
	if (failed == S53_LOG_TO_FILE &&
	    logsyslog_write(LOG_DAEMON | LOG_WARNING, about->text, about->len - 1))
		return;
	if (failed != S53_LOG_TO_STDERR)
		(void)emit(&stderr_setup, 0, about);
}

/* Report to the other channels that this one does not accept lines. */
static void
tell_others(struct setup *setup, unsigned failed, const struct timespec *now)
{
	struct losses *losses = &setup->losses[failed];
	char text[LOGLINE_TEXT];
	bool is_told = false;
	struct line about;

	if (losses->said_s != 0 && now->tv_sec - losses->said_s < REMIND_S &&
	    now->tv_sec >= losses->said_s)
		return;
	losses->said_s = now->tv_sec;
	about = line_about(setup, failed, false, now, text);
	for (unsigned i = 0; i < setup->channel_count; i++) {
		if (setup->losses[i].lines > 0 || !takes(setup, i, about.category, about.severity))
			continue;
		channel_write(setup, i, &about);
		is_told = is_told || setup->losses[i].lines == 0;
	}
	if (!is_told)
		tell_last_resort(setup->channels[failed].kind, &about);
}

/* Any channel that accepts lines reports those that channels of an earlier setup have dropped. */
static void
tell_lost_before(struct setup *setup, const struct timespec *now)
{
	struct line about = { *now, S53_LOG_GENERAL, S53_LOG_WARNING, NULL, 0 };
	char text[96];
	bool taken = false;

	about.text = text;
	about.len = (size_t)snprintf(text, sizeof(text),
	    "%" PRIu64 " log line%s lost before the log file was reopened\n", lost_before,
	    lost_before == 1 ? "" : "s");
	for (unsigned i = 0; i < setup->channel_count; i++)
		if (setup->losses[i].lines == 0 && takes(setup, i, about.category, about.severity))
			taken = emit(setup, i, &about) == 0 || taken;
	if (taken)
		lost_before = 0;
}

static void
line_write(enum s53_log_category category, int severity, const char *text, size_t len)
{
	struct line line = { .category = category, .severity = severity, .text = text, .len = len };

	clock_gettime(CLOCK_REALTIME, &line.now);
	pthread_mutex_lock(&lock);
	if (lost_before > 0)
		tell_lost_before(current, &line.now);
	for (unsigned i = 0; i < current->channel_count; i++)
		if (takes(current, i, category, severity))
			channel_write(current, i, &line);
	for (unsigned i = 0; i < current->channel_count; i++)
		if (current->losses[i].lines > 0)
			tell_others(current, i, &line.now);
	pthread_mutex_unlock(&lock);
}

void
s53_log(enum s53_log_category category, int severity, const char *format, ...)
{
	char raw[LOGLINE_TEXT];
	char text[LOGLINE_TEXT * 4];
	va_list arguments;
	size_t len;
	int why;

	if (!s53_log_on(category, severity))
		return;
	why = errno;
	va_start(arguments, format);
	vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	len = logline_escape(text, 0, sizeof(text) - 1, raw);
	text[len++] = '\n';
	line_write(category, severity, text, len);
	errno = why;
}

uint64_t
s53_log_lost(void)
{
	uint64_t lost;

	pthread_mutex_lock(&lock);
	lost = lost_total;
	pthread_mutex_unlock(&lock);
	return lost;
}

void
s53_log_close(void)
{
	s53_log_to_stderr(0);
	pthread_mutex_lock(&lock);
	logsyslog_close();
	lost_before = 0; /* no channel is left to report it */
	pthread_mutex_unlock(&lock);
}
