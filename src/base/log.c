/* SPDX-License-Identifier: ISC
 *
 * log.c - from s53_log() to the channels.
 *
 * The question "would this line go anywhere?" is one load and one compare: for each category the
 * most verbose severity that any of its channels takes is worked out when the configuration
 * changes. A line that goes somewhere is formatted on the caller's stack and written under one
 * lock, which also covers the swap of the configuration. Nothing here calls out while holding it,
 * so no other lock can be waited for.
 */
#include <errno.h>
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

#define CHANNELS_MAX 64 /* one bit each in category_channels */
#define OFF (-1) /* below every severity */

/* What a line needs; swapped whole. */
struct setup {
	struct s53_log_channel channels[CHANNELS_MAX]; /* without their texts */
	struct logfile *files[CHANNELS_MAX]; /* NULL where the channel is no file */
	unsigned channel_count;
	uint64_t category_channels[S53_LOG_CATEGORY_COUNT]; /* `default` resolved */
};

/* Before configuration: stderr, info and worse. */
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

/* Put `setup` in force and release what was. */
static void
swap(struct setup *setup)
{
	struct setup *previous;

	pthread_mutex_lock(&lock);
	previous = current;
	current = setup;
	for (int i = 0; i < S53_LOG_CATEGORY_COUNT; i++)
		atomic_store_explicit(&severity_most[i],
		    most_verbose(setup, setup->category_channels[i]), memory_order_relaxed);
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
		openlog("split53", LOG_PID | LOG_NDELAY, LOG_DAEMON); /* before any chroot */
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

/* `text` is escaped already and ends with a newline. */
static void
channel_write(const struct setup *setup, unsigned i, const struct timespec *now,
    enum s53_log_category category, int severity, const char *text, size_t text_len)
{
	const struct s53_log_channel *channel = &setup->channels[i];
	char line[LOGLINE_MAX];
	size_t len = logline_prefix(line, channel, category, severity, now);

	memcpy(line + len, text, text_len);
	len += text_len;
	switch (channel->kind) {
	case S53_LOG_TO_STDERR:
		while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
			;
		break;
	case S53_LOG_TO_FILE:
		logfile_write(setup->files[i], line, len);
		break;
	case S53_LOG_TO_SYSLOG:
		syslog(channel->facility | syslog_priority(severity), "%.*s", (int)len - 1, line);
		break;
	case S53_LOG_TO_NULL:
		break;
	}
}

static void
line_write(enum s53_log_category category, int severity, const char *text, size_t len)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < current->channel_count; i++)
		if ((current->category_channels[category] >> i & 1) != 0 &&
		    severity <= current->channels[i].severity)
			channel_write(current, i, &now, category, severity, text, len);
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

void
s53_log_close(void)
{
	s53_log_to_stderr(0);
	closelog();
}
