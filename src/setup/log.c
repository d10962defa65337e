/* SPDX-License-Identifier: ISC
 *
 * log.c - the `logging` statement as channels and categories.
 *
 * As in named, four channels are built in, and a category that is not configured goes to the
 * channels of `default`, which are default_syslog and, with -d, default_debug.
 */
#include "builder.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define CHANNELS_MAX 64 /* bits of a category's set */

struct logging {
	struct setup_builder *builder;
	struct s53_log_channel *channels;
	unsigned count;
};

enum builtin { DEFAULT_SYSLOG, DEFAULT_DEBUG, DEFAULT_STDERR, NULL_CHANNEL, BUILTIN_COUNT };

static const struct s53_log_channel builtins[BUILTIN_COUNT] = {
	[DEFAULT_SYSLOG] = { .name = "default_syslog",
	    .kind = S53_LOG_TO_SYSLOG,
	    .facility = LOG_DAEMON,
	    .severity = S53_LOG_INFO },
	[DEFAULT_DEBUG] = { .name = "default_debug",
	    .kind = S53_LOG_TO_FILE,
	    .path = "split53.run",
	    .dynamic = true,
	    .severity = S53_LOG_INFO,
	    .print_time = S53_LOG_TIME_LOCAL,
	    .print_category = true,
	    .print_severity = true },
	[DEFAULT_STDERR] = { .name = "default_stderr",
	    .kind = S53_LOG_TO_STDERR,
	    .severity = S53_LOG_INFO },
	[NULL_CHANNEL] = { .name = "null", .kind = S53_LOG_TO_NULL },
};

/* -L: a file replaces syslog, as default_logfile does with named. */
static void
add_builtins(struct logging *logging)
{
	const struct s53_options *options = logging->builder->input->options;
	struct s53_log_channel *syslog_channel = &logging->channels[DEFAULT_SYSLOG];

	memcpy(logging->channels, builtins, sizeof(builtins));
	logging->count = BUILTIN_COUNT;
	if (options->log_path != NULL) {
		syslog_channel->kind = S53_LOG_TO_FILE;
		syslog_channel->path = options->log_path;
		syslog_channel->dynamic = options->debug_level > 0;
		syslog_channel->print_time = S53_LOG_TIME_LOCAL;
		syslog_channel->print_category = true;
		syslog_channel->print_severity = true;
	}
	/* Without -d nothing is written to it: as with named, there is no file. */
	if (options->debug_level == 0)
		logging->channels[DEFAULT_DEBUG].kind = S53_LOG_TO_NULL;
	else
		logging->channels[DEFAULT_DEBUG].path =
		    builder_path(logging->builder, builtins[DEFAULT_DEBUG].path);
}

static bool
flag(const struct s53_conf_statement *body, const char *name)
{
	const struct s53_conf_statement *statement = s53_conf_find(body, name);

	return statement != NULL && statement->value.type == S53_CONF_BOOL &&
	    statement->value.boolean;
}

static enum s53_log_time
print_time(const struct s53_conf_statement *body)
{
	const struct s53_conf_statement *statement = s53_conf_find(body, "print-time");

	if (statement == NULL || statement->value.type != S53_CONF_TEXT)
		return flag(body, "print-time") ? S53_LOG_TIME_LOCAL : S53_LOG_TIME_NONE;
	if (strcmp(statement->value.text, "iso8601") == 0)
		return S53_LOG_TIME_ISO8601;
	if (strcmp(statement->value.text, "iso8601-utc") == 0)
		return S53_LOG_TIME_ISO8601_UTC;
	if (strcmp(statement->value.text, "iso8601-tzinfo") == 0)
		return S53_LOG_TIME_ISO8601_TZINFO;
	return S53_LOG_TIME_LOCAL;
}

static void
read_severity(const struct s53_conf_statement *body, struct s53_log_channel *channel)
{
	const struct s53_conf_statement *statement = s53_conf_find(body, "severity");

	channel->severity = S53_LOG_INFO;
	if (statement == NULL || statement->value.type != S53_CONF_TEXT)
		return;
	if (strcmp(statement->value.text, "dynamic") == 0) {
		channel->dynamic = true;
		return;
	}
	if (!s53_log_severity_parse(statement->value.text, &channel->severity))
		channel->severity = S53_LOG_INFO;
	if (statement->second.type == S53_CONF_NUMBER &&
	    strcmp(statement->value.text, "debug") == 0)
		channel->severity = statement->second.number == 0 ? S53_LOG_INFO
								  : S53_LOG_DEBUG +
			(int)(statement->second.number < 99 ? statement->second.number : 99) - 1;
}

static void
read_file(struct setup_builder *builder, const struct s53_conf_statement *file,
    struct s53_log_channel *channel)
{
	const struct s53_conf_statement *versions = s53_conf_find(file->body, "versions");
	const struct s53_conf_statement *size = s53_conf_find(file->body, "size");

	channel->kind = S53_LOG_TO_FILE;
	channel->path = builder_path(builder, file->value.text);
	if (versions != NULL)
		channel->versions = versions->value.unlimited || versions->value.number > UINT32_MAX
		    ? UINT32_MAX
		    : (unsigned)versions->value.number;
	if (size != NULL && !size->value.unlimited)
		channel->size_max = size->value.number;
}

static void
read_destination(struct setup_builder *builder, const struct s53_conf_statement *body,
    struct s53_log_channel *channel)
{
	const struct s53_conf_statement *statement;

	if ((statement = s53_conf_find(body, "file")) != NULL) {
		read_file(builder, statement, channel);
	} else if ((statement = s53_conf_find(body, "syslog")) != NULL) {
		channel->kind = S53_LOG_TO_SYSLOG;
		channel->facility = LOG_DAEMON;
		if (statement->value.type == S53_CONF_TEXT &&
		    !s53_log_facility_parse(statement->value.text, &channel->facility))
			builder_error(builder, statement->place, "syslog has no facility '%s'",
			    statement->value.text);
	} else if (s53_conf_find(body, "stderr") != NULL) {
		channel->kind = S53_LOG_TO_STDERR;
	} else {
		channel->kind = S53_LOG_TO_NULL;
	}
}

/* A channel with the name of a built-in one replaces it. */
static struct s53_log_channel *
find_channel(struct logging *logging, const char *name)
{
	for (unsigned i = 0; i < logging->count; i++)
		if (strcmp(logging->channels[i].name, name) == 0)
			return &logging->channels[i];
	return NULL;
}

static void
add_channel(struct logging *logging, const struct s53_conf_statement *statement)
{
	struct s53_log_channel *channel = find_channel(logging, statement->label);

	if (channel == NULL && logging->count == CHANNELS_MAX) {
		builder_error(logging->builder, statement->place,
		    "more than %d channels, including the built-in ones", CHANNELS_MAX);
		return;
	}
	if (channel == NULL)
		channel = &logging->channels[logging->count++];
	memset(channel, 0, sizeof(*channel));
	channel->name = builder_text(logging->builder, "%s", statement->label);
	read_destination(logging->builder, statement->body, channel);
	read_severity(statement->body, channel);
	channel->print_time = print_time(statement->body);
	channel->print_category = flag(statement->body, "print-category");
	channel->print_severity = flag(statement->body, "print-severity");
	channel->buffered = flag(statement->body, "buffered");
}

static void
add_category(struct logging *logging, const struct s53_conf_statement *statement)
{
	enum s53_log_category category;
	uint64_t channels = 0;

	if (!s53_log_category_parse(statement->label, &category))
		return; /* a category of BIND that split53 does not use */
	if (statement->value.type != S53_CONF_WORDS)
		return;
	for (const struct s53_conf_words *word = statement->value.words; word != NULL;
	     word = word->next) {
		const struct s53_log_channel *channel = find_channel(logging, word->text);

		if (channel != NULL)
			channels |= UINT64_C(1) << (channel - logging->channels);
	}
	if (channels == 0) /* `category x { };` logs nothing, and 0 would mean `default` */
		channels = UINT64_C(1) << NULL_CHANNEL;
	logging->builder->snapshot->log.category_channels[category] = channels;
}

/* May any channel accept a line for each step of a query? (The log itself decides exactly.) */
static bool
takes_debug_steps(const struct logging *logging)
{
	const int steps = S53_LOG_DEBUG + 2;
	bool takes = S53_LOG_INFO + logging->builder->input->options->debug_level >= steps;

	for (unsigned i = 0; i < logging->count; i++)
		takes = takes || logging->channels[i].severity >= steps;
	return takes;
}

void
setup_log(struct setup_builder *builder)
{
	const struct s53_conf_statement *statement =
	    s53_conf_find(s53_setup_top(builder->input->source), "logging");
	struct s53_log_config *config = &builder->snapshot->log;
	struct logging logging = { .builder = builder };
	const struct s53_conf_statement *it;

	logging.channels = builder_alloc(builder, CHANNELS_MAX * sizeof(*logging.channels));
	if (logging.channels == NULL)
		return;
	add_builtins(&logging);
	config->debug_level = builder->input->options->debug_level;
	config->category_channels[S53_LOG_DEFAULT] =
	    UINT64_C(1) << DEFAULT_SYSLOG | UINT64_C(1) << DEFAULT_DEBUG;
	config->category_channels[S53_LOG_UNMATCHED] = UINT64_C(1) << NULL_CHANNEL;
	if (statement != NULL) {
		builder->snapshot->has_logging = true;
		for (it = s53_conf_find(statement->body, "channel"); it != NULL;
		     it = s53_conf_find(it->next, "channel"))
			add_channel(&logging, it);
		for (it = s53_conf_find(statement->body, "category"); it != NULL;
		     it = s53_conf_find(it->next, "category"))
			add_category(&logging, it);
	}
	s53_policy_set_watch(
	    &builder->snapshot->policy, S53_WATCH_STEPS, takes_debug_steps(&logging));
	config->channels = logging.channels;
	config->channel_count = logging.count;
}
