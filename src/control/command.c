/* SPDX-License-Identifier: ISC
 *
 * command.c - runs a command: splits the message into words, finds the verb, logs it and sends the
 * result.
 */
#include "inside.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <json-c/json.h>

#include <split53/log.h>

#define BLANKS " \t"

/* BIND's texts: rndc prints them after "rndc: 'flush' failed: ". */
static const char *const result_texts[RESULTS] = {
	[RESULT_SUCCESS] = "success",
	[RESULT_NO_MEMORY] = "out of memory",
	[RESULT_NOT_FOUND] = "not found",
	[RESULT_UNEXPECTED_END] = "unexpected end of input",
	[RESULT_FAILURE] = "failure",
	[RESULT_SYNTAX] = "syntax error",
	[RESULT_RANGE] = "out of range",
	[RESULT_BUSY] = "already running",
	[RESULT_UNKNOWN_COMMAND] = "unknown command",
};

static void
cut_words(struct command *command)
{
	char *rest, *word;

	strcpy(command->text, command->line);
	for (word = strtok_r(command->text, BLANKS, &rest);
	     word != NULL && command->count < WORDS_MAX; word = strtok_r(NULL, BLANKS, &rest))
		command->words[command->count++] = word;
}

static bool
read_line(struct command *command, const struct s53_rndc_message *message)
{
	const struct s53_rndc_text *line = &message->data[S53_RNDC_COMMAND];
	const struct s53_rndc_text *format = &message->data[S53_RNDC_FORMAT];

	if (line->at == NULL || line->len >= sizeof(command->line) ||
	    memchr(line->at, '\0', line->len) != NULL)
		return false;
	memcpy(command->line, line->at, line->len);
	command->wants_json = format->len == 4 && memcmp(format->at, "json", 4) == 0;
	cut_words(command);
	return command->count > 0;
}

void
command_free(struct command *command)
{
	if (command->connection != NULL)
		command->connection->command = NULL;
	s53_list_remove(&command->link);
	if (command->out != NULL)
		fclose(command->out);
	free(command->printed);
	json_object_put(command->json);
	free(command);
}

static void
log_command(const struct command *command)
{
	const struct connection *connection = command->connection;
	bool quiet = command->verb != NULL && (command->verb->flags & VERB_QUIET) != 0;

	s53_log(S53_LOG_GENERAL, quiet ? S53_LOG_DEBUG : S53_LOG_INFO,
	    "received control channel command '%s' (%s%s%s)", command->line, connection->peer,
	    connection->is_signed ? ", key " : "",
	    connection->is_signed ? connection->key_name : "");
}

static bool
is_ending(const struct command *command)
{
	const struct s53_operations *operations = command->control->source.operations;
	struct s53_facts facts = { 0 };

	operations->facts(operations->arg, &facts);
	return facts.draining;
}

/* Returns why the command must not be run; RESULT_SUCCESS: it may. */
static enum result
judge(struct command *command)
{
	const struct verb *verb = command->verb;
	unsigned count = command->count - 1;

	if (verb == NULL) {
		s53_log(S53_LOG_GENERAL, S53_LOG_WARNING, "unknown control channel command '%s'",
		    command->words[0]);
		fprintf(command->out, "unknown command '%s'; `split53ctl help` lists them\n",
		    command->words[0]);
		return RESULT_UNKNOWN_COMMAND;
	}
	if ((verb->flags & VERB_CHANGES) != 0 &&
	    command->connection->listener->channel->read_only) {
		s53_log(S53_LOG_SECURITY, S53_LOG_WARNING,
		    "rejecting restricted control channel command '%s' (%s)", command->line,
		    command->connection->peer);
		fputs("this control channel is read-only\n", command->out);
		return RESULT_FAILURE;
	}
	if ((verb->flags & VERB_AT_END) == 0 && is_ending(command)) {
		fputs("split53 is shutting down\n", command->out);
		return RESULT_FAILURE;
	}
	if (count < verb->min)
		return RESULT_UNEXPECTED_END;
	if (count > verb->max) {
		fprintf(command->out, "%s: unexpected argument '%s'\n", verb->name,
		    command->words[verb->max + 1]);
		return RESULT_SYNTAX;
	}
	return RESULT_SUCCESS;
}

void
command_run(struct connection *connection, const struct s53_rndc_message *message)
{
	struct command *command = calloc(1, sizeof(*command));
	enum result result;

	if (command != NULL)
		command->out = open_memstream(&command->printed, &command->printed_len);
	if (command == NULL || command->out == NULL) {
		free(command);
		connection_free(connection);
		return;
	}
	s53_list_init(&command->link);
	command->control = connection->control;
	command->connection = connection;
	connection->command = command;
	command->serial = message->number[S53_RNDC_SERIAL];
	connection->control->commands++;
	if (!read_line(command, message)) {
		command_end(command, RESULT_UNEXPECTED_END);
		return;
	}
	command->verb = verb_find(command->words[0]);
	log_command(command);
	result = judge(command);
	if (result == RESULT_SUCCESS)
		command->verb->run(command);
	else
		command_end(command, result);
}

/* rndc rejects a reply over its limit: truncate the text at the end of a line. */
static void
cut_text(struct command *command)
{
	static const char note[] = "... (truncated: the reply would be too long)\n";
	const size_t limit = S53_RNDC_REPLY_MAX - 1024 - sizeof(note);
	size_t len = limit;

	if (command->printed_len <= limit)
		return;
	while (len > 0 && command->printed[len - 1] != '\n')
		len--;
	memcpy(command->printed + len, note, sizeof(note));
	command->printed_len = len + sizeof(note) - 1;
}

/* The JSON of a command that has no object of its own: its result and text. */
static struct json_object *
plain_json(const struct command *command)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "result", json_object_new_string("success"));
	if (command->printed_len > 0)
		json_object_object_add(json, "text",
		    json_object_new_string_len(command->printed, (int)command->printed_len));
	return json;
}

/* Returns what --json prints; NULL: it would be too long. */
static const char *
json_text(struct command *command)
{
	const char *text;

	if (command->json == NULL)
		command->json = plain_json(command);
	text = json_object_to_json_string_ext(
	    command->json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	return text != NULL && strlen(text) < S53_RNDC_LONG_REPLY_MAX - 1024 ? text : NULL;
}

/* May change the result: JSON that is too long cannot be truncated. */
static struct s53_rndc_text
reply_text(struct command *command, enum result *result)
{
	struct s53_rndc_text text = { NULL, 0 };

	if (command->wants_json && *result == RESULT_SUCCESS) {
		const char *json = json_text(command);

		if (json != NULL)
			return s53_rndc_text(json);
		*result = RESULT_FAILURE;
		return s53_rndc_text("the reply would be too long for JSON");
	}
	cut_text(command);
	while (command->printed_len > 0 && command->printed[command->printed_len - 1] == '\n')
		command->printed_len--; /* rndc adds one */
	if (command->printed_len > 0)
		text = (struct s53_rndc_text){ (const uint8_t *)command->printed,
			command->printed_len };
	return text;
}

static void
reply_to(struct command *command, enum result result)
{
	struct s53_rndc_message reply = { .number = { [S53_RNDC_SERIAL] = command->serial } };
	struct connection *connection = command->connection;
	char number[16];

	reply.data[S53_RNDC_TEXT] = reply_text(command, &result);
	snprintf(number, sizeof(number), "%d", (int)result);
	reply.data[S53_RNDC_COMMAND] = s53_rndc_text(command->line);
	reply.data[S53_RNDC_RESULT] = s53_rndc_text(number);
	if (result != RESULT_SUCCESS)
		reply.data[S53_RNDC_ERROR] = s53_rndc_text(result_texts[result]);
	connection->command = NULL;
	connection_reply(connection, &reply);
	command->connection = NULL;
}

void
command_end(struct command *command, enum result result)
{
	if (fclose(command->out) != 0 && result == RESULT_SUCCESS)
		result = RESULT_NO_MEMORY;
	command->out = NULL;
	if (command->connection != NULL)
		reply_to(command, result);
	command_free(command);
}

void
command_end_status(struct command *command, enum s53_status status)
{
	static const enum result results[] = {
		[S53_OK] = RESULT_SUCCESS,
		[S53_E_NOMEM] = RESULT_NO_MEMORY,
		[S53_E_IO] = RESULT_FAILURE,
		[S53_E_SYNTAX] = RESULT_FAILURE,
		[S53_E_RANGE] = RESULT_RANGE,
		[S53_E_SPACE] = RESULT_FAILURE,
		[S53_E_ABSENT] = RESULT_NOT_FOUND,
		[S53_E_EXISTS] = RESULT_FAILURE,
		[S53_E_LIMIT] = RESULT_BUSY,
	};

	if (command->why[0] != '\0')
		fprintf(command->out, "%s\n", command->why);
	command_end(command, results[status]);
}

const char *
command_word(const struct command *command, unsigned index)
{
	return index < command->count ? command->words[index] : NULL;
}
