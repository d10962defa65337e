/* SPDX-License-Identifier: ISC
 *
 * logging.c - opens the log channels of a snapshot, and logs diagnostics.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <split53/file.h>
#include <split53/log.h>

#include "inside.h"

static void
log_diag(const struct s53_diag *diag)
{
	static const int severities[] = { [S53_DIAG_ERROR] = S53_LOG_ERROR,
		[S53_DIAG_WARNING] = S53_LOG_WARNING,
		[S53_DIAG_NOTICE] = S53_LOG_NOTICE };
	const struct s53_place *at = &diag->place;
	const char *text = diag->text != NULL ? diag->text : "out of memory";
	char more[S53_DIAG_MORE];

	s53_diag_more(diag, more);
	if (at->file == NULL)
		s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s%s", text, more);
	else if (at->line == 0)
		s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s: %s%s", at->file, text, more);
	else if (at->column == 0)
		s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s:%u: %s%s", at->file, at->line,
		    text, more);
	else
		s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s:%u:%u: %s%s", at->file,
		    at->line, at->column, text, more);
}

static void
log_class(const struct s53_diags *diags, enum s53_diag_class class)
{
	for (const struct s53_diag *diag = diags->first; diag != NULL; diag = diag->next)
		if (diag->kind == S53_DIAG_WARNING && diag->class == class)
			log_diag(diag);
}

void
s53_daemon_log_diags(const struct s53_diags *diags)
{
	for (const struct s53_diag *diag = diags->first; diag != NULL; diag = diag->next)
		if (diag->kind != S53_DIAG_WARNING)
			log_diag(diag);
	log_class(diags, S53_DIAG_SECURITY);
	log_class(diags, S53_DIAG_PLAIN);
}

static void
log_summary(const char *path, const struct daemon_messages *messages)
{
	unsigned counts[S53_DIAG_CLASS_COUNT];

	for (unsigned i = 0; i < S53_DIAG_CLASS_COUNT; i++)
		counts[i] = messages->files.listed[i] + messages->build.listed[i];
	if (counts[S53_DIAG_SECURITY] + counts[S53_DIAG_DIFFERS] + counts[S53_DIAG_HARMLESS] == 0)
		return;
	s53_log(S53_LOG_CONFIG, S53_LOG_WARNING,
	    "%s: statements that differ from BIND: %u [security], %u [differs], %u [harmless]; "
	    "'split53 --check %s' lists them",
	    path, counts[S53_DIAG_SECURITY], counts[S53_DIAG_DIFFERS], counts[S53_DIAG_HARMLESS],
	    path);
}

void
s53_daemon_log_messages(const struct s53_daemon *daemon, const struct daemon_messages *messages)
{
	const char *path = daemon->options->config_shown;

	s53_daemon_log_diags(&messages->files);
	s53_daemon_log_diags(&messages->build);
	if (path != NULL)
		log_summary(path, messages);
	s53_daemon_log_diags(&messages->listeners);
}

void
s53_daemon_messages_init(struct daemon_messages *messages)
{
	s53_diags_init(&messages->files);
	s53_diags_init(&messages->build);
	s53_diags_init(&messages->listeners);
	messages->unused_file = NULL;
}

void
s53_daemon_messages_fini(struct daemon_messages *messages)
{
	s53_diags_fini(&messages->files);
	s53_diags_fini(&messages->build);
	s53_diags_fini(&messages->listeners);
}

/* Without a syslog daemon its lines would be lost; in the foreground they go to stderr. */
static void
replace_syslog(const struct s53_daemon *daemon, struct s53_log_channel *channel)
{
	if (channel->kind != S53_LOG_TO_SYSLOG || !daemon->options->foreground ||
	    access("/dev/log", F_OK) == 0)
		return;
	channel->kind = S53_LOG_TO_STDERR;
	channel->print_time = S53_LOG_TIME_LOCAL;
	channel->print_category = true;
	channel->print_severity = true;
}

/* The log as it is opened: the configuration without the files that cannot be opened. */
struct log_attempt {
	struct s53_log_channel channels[64];
	int failures[64]; /* errno; 0: no failure */
	struct s53_log_config config;
	bool is_first; /* the log goes to stderr so far */
};

static void
log_replaced(const struct log_attempt *attempt, unsigned i)
{
	const struct s53_log_channel *channel = &attempt->channels[i];
	char why[S53_FILE_WHY];

	s53_log(S53_LOG_CONFIG, S53_LOG_WARNING,
	    "cannot open log file '%s': %s; channel '%s' goes to syslog", channel->path,
	    s53_file_why(channel->path, attempt->failures[i], why), channel->name);
}

/* A log file that cannot be opened is replaced by syslog: DNS is served nevertheless. */
static bool
replace_file(struct log_attempt *attempt, const char *bad_path, int failure)
{
	bool found = false;

	for (unsigned i = 0; i < attempt->config.channel_count; i++) {
		struct s53_log_channel *channel = &attempt->channels[i];

		if (channel->kind != S53_LOG_TO_FILE || strcmp(channel->path, bad_path) != 0)
			continue;
		channel->kind = S53_LOG_TO_SYSLOG;
		channel->facility = 3 << 3; /* LOG_DAEMON */
		attempt->failures[i] = failure;
		if (attempt->is_first)
			log_replaced(attempt, i);
		found = true;
	}
	return found;
}

static enum s53_status
open_log(struct s53_daemon *daemon, struct log_attempt *attempt)
{
	const char *bad_path = NULL;
	enum s53_status status;

	do {
		for (unsigned i = 0; i < attempt->config.channel_count; i++)
			replace_syslog(daemon, &attempt->channels[i]);
		status = s53_log_configure(&attempt->config, &bad_path);
	} while (status == S53_E_IO && bad_path != NULL && replace_file(attempt, bad_path, errno));
	return status;
}

void
s53_daemon_log(struct s53_daemon *daemon, const struct s53_snapshot *snapshot)
{
	struct log_attempt attempt = { .config = snapshot->log, .is_first = !daemon->log_open };
	enum s53_status status;

	if (daemon->options->log_stderr) {
		s53_log_to_stderr(daemon->options->debug_level);
		if (snapshot->has_logging && daemon->snapshot == NULL)
			s53_log(S53_LOG_CONFIG, S53_LOG_INFO,
			    "the logging statement is ignored because of -g");
		return;
	}
	memcpy(attempt.channels, snapshot->log.channels,
	    snapshot->log.channel_count * sizeof(attempt.channels[0]));
	attempt.config.channels = attempt.channels;
	status = open_log(daemon, &attempt);
	daemon->log_open = true;
	/* At a reload log this only now: the channel that was replaced may be the log itself. */
	for (unsigned i = 0; i < attempt.config.channel_count && !attempt.is_first; i++)
		if (attempt.failures[i] != 0)
			log_replaced(&attempt, i);
	if (status != S53_OK)
		s53_log(S53_LOG_CONFIG, S53_LOG_ERROR, "cannot set up logging: %s",
		    s53_status_text(status));
}
