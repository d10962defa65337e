/* SPDX-License-Identifier: ISC
 *
 * logging.c - the log channels of a snapshot, and diagnostics as log lines.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <split53/log.h>

#include "inside.h"

void
s53_daemon_log_diags(const struct s53_diags *diags)
{
	static const int severities[] = { [S53_DIAG_ERROR] = S53_LOG_ERROR,
		[S53_DIAG_WARNING] = S53_LOG_WARNING,
		[S53_DIAG_NOTICE] = S53_LOG_NOTICE };

	for (const struct s53_diag *diag = diags->first; diag != NULL; diag = diag->next) {
		const struct s53_place *at = &diag->place;
		const char *text = diag->text != NULL ? diag->text : "out of memory";

		if (at->file == NULL)
			s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s", text);
		else if (at->line == 0)
			s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s: %s", at->file, text);
		else if (at->column == 0)
			s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s:%u: %s", at->file,
			    at->line, text);
		else
			s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s:%u:%u: %s", at->file,
			    at->line, at->column, text);
	}
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

/* A log file that cannot be opened is replaced by syslog: DNS is served all the same. */
static bool
replace_file(struct s53_log_channel *channels, unsigned count, const char *bad_path, int failure)
{
	bool found = false;

	for (unsigned i = 0; i < count; i++) {
		if (channels[i].kind != S53_LOG_TO_FILE || strcmp(channels[i].path, bad_path) != 0)
			continue;
		s53_log(S53_LOG_CONFIG, S53_LOG_WARNING,
		    "log file '%s' cannot be opened: %s; channel '%s' goes to syslog", bad_path,
		    strerror(failure), channels[i].name);
		channels[i].kind = S53_LOG_TO_SYSLOG;
		channels[i].facility = 3 << 3; /* LOG_DAEMON */
		found = true;
	}
	return found;
}

void
s53_daemon_log(struct s53_daemon *daemon, const struct s53_snapshot *snapshot)
{
	struct s53_log_channel channels[64];
	struct s53_log_config config = snapshot->log;
	const char *bad_path = NULL;
	enum s53_status status;

	if (daemon->options->log_stderr) {
		s53_log_to_stderr(daemon->options->debug_level);
		if (snapshot->has_logging && daemon->snapshot == NULL)
			s53_log(S53_LOG_CONFIG, S53_LOG_INFO,
			    "the logging clause is not used, because of -g");
		return;
	}
	memcpy(channels, config.channels, config.channel_count * sizeof(channels[0]));
	config.channels = channels;
	for (;;) {
		for (unsigned i = 0; i < config.channel_count; i++)
			replace_syslog(daemon, &channels[i]);
		status = s53_log_configure(&config, &bad_path);
		if (status != S53_E_IO || bad_path == NULL ||
		    !replace_file(channels, config.channel_count, bad_path, errno))
			break;
	}
	if (status != S53_OK)
		s53_log(S53_LOG_CONFIG, S53_LOG_ERROR, "logging cannot be set up: %s",
		    s53_status_text(status));
}
