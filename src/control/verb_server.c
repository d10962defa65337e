/* SPDX-License-Identifier: ISC
 *
 * verb_server.c - verbs for the configuration, the log and the end of the server.
 */
#include "verbs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <json-c/json.h>

#include <split53/cache.h>
#include <split53/name.h>
#include <split53/view.h>

static const struct s53_operations *
operations_of(const struct command *command)
{
	return command->control->source.operations;
}

/*
 * An operation with a callback, which may run before the operation returns. The command owns the
 * buffer for `why`, so it must not be freed before both have happened.
 */
static void
on_done(void *arg)
{
	struct command *command = arg;

	command->is_done = true;
	if (!command->is_calling)
		command_end_status(command, S53_OK);
}

static void
end_call(struct command *command, enum s53_status status)
{
	command->is_calling = false;
	if (status != S53_OK || command->is_done)
		command_end_status(command, status);
}

/* ZONE [CLASS [VIEW]], as rndc has it. */
static void
reload_zone(struct command *command)
{
	const struct s53_operations *operations = operations_of(command);
	const char *class_name = command_word(command, 2), *view = command_word(command, 3);
	struct s53_name apex;

	if (s53_name_parse(command_word(command, 1), &apex) != S53_OK) {
		fprintf(command->out, "'%s' is not a domain name\n", command_word(command, 1));
		command_end(command, RESULT_SYNTAX);
		return;
	}
	if (class_name != NULL && strcasecmp(class_name, "in") != 0) {
		fprintf(command->out, "no zone of class '%s': split53 serves class IN only\n",
		    class_name);
		command_end(command, RESULT_NOT_FOUND);
		return;
	}
	s53_name_lower(&apex);
	command->is_calling = true;
	end_call(command,
	    operations->reload_zone(operations->arg, &apex, view, on_done, command, command->why));
}

void
verb_reload(struct command *command)
{
	const struct s53_operations *operations = operations_of(command);
	enum s53_status status;

	if (command->count > 1) {
		reload_zone(command);
		return;
	}
	command->is_calling = true;
	status = operations->reload(operations->arg, on_done, command, command->why);
	if (status == S53_OK)
		fputs("server reload successful\n", command->out);
	end_call(command, status);
}

void
verb_reconfig(struct command *command)
{
	const struct s53_operations *operations = operations_of(command);

	command->is_calling = true;
	end_call(command, operations->reconfig(operations->arg, on_done, command, command->why));
}

/* `-p` prints the process ID, so that a script can wait for its end. */
static bool
print_pid(struct command *command)
{
	const struct s53_operations *operations = operations_of(command);
	const char *word = command_word(command, 1);
	struct s53_facts facts = { 0 };

	if (word == NULL)
		return true;
	if (strcmp(word, "-p") != 0)
		return false;
	operations->facts(operations->arg, &facts);
	fprintf(command->out, "pid: %ld\n", facts.pid);
	return true;
}

static void
end_server(struct command *command, void (*how)(void *arg))
{
	if (!print_pid(command)) {
		command_end(command, RESULT_SYNTAX);
		return;
	}
	command->connection->after = how;
	command->connection->after_arg = operations_of(command)->arg;
	command_end(command, RESULT_SUCCESS);
}

void
verb_stop(struct command *command)
{
	end_server(command, operations_of(command)->stop);
}

void
verb_halt(struct command *command)
{
	end_server(command, operations_of(command)->halt);
}

/* Accepts the words that BIND does: "on", "yes", "1", "true" ... false: another word. */
static bool
read_switch(const char *word, enum s53_switch *to)
{
	static const char *const on[] = { "on", "yes", "1", "true", "enable" };
	static const char *const off[] = { "off", "no", "0", "false", "disable" };

	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		if (strcasecmp(word, on[i]) == 0 || strcasecmp(word, off[i]) == 0) {
			*to = strcasecmp(word, on[i]) == 0 ? S53_SWITCH_ON : S53_SWITCH_OFF;
			return true;
		}
	return false;
}

/* Without an argument: toggle. false: the command has ended with an error. */
static bool
choose_switch(struct command *command, bool now, enum s53_switch *to)
{
	const char *word = command_word(command, 1);

	*to = now ? S53_SWITCH_OFF : S53_SWITCH_ON;
	if (word == NULL || read_switch(word, to))
		return true;
	fprintf(command->out, "'%s' is not on or off\n", word);
	command_end(command, RESULT_SYNTAX);
	return false;
}

static void
end_with_flag(struct command *command, const char *name, bool value)
{
	command->json = json_object_new_object();
	json_object_object_add(command->json, name, json_object_new_boolean(value));
	command_end(command, RESULT_SUCCESS);
}

void
verb_querylog(struct command *command)
{
	const struct s53_operations *operations = operations_of(command);
	struct s53_facts facts = { 0 };
	enum s53_switch to;

	operations->facts(operations->arg, &facts);
	if (!choose_switch(command, facts.query_log, &to))
		return;
	operations->set_query_log(operations->arg, to);
	end_with_flag(command, "query-log", to == S53_SWITCH_ON);
}

void
verb_responselog(struct command *command)
{
	const struct s53_operations *operations = operations_of(command);
	struct s53_facts facts = { 0 };
	enum s53_switch to;

	operations->facts(operations->arg, &facts);
	if (!choose_switch(command, facts.response_log, &to))
		return;
	operations->set_response_log(operations->arg, to);
	end_with_flag(command, "response-log", to == S53_SWITCH_ON);
}

static void
set_level(struct command *command, int level)
{
	const struct s53_operations *operations = operations_of(command);
	enum s53_status status = operations->set_debug_level(operations->arg, level, command->why);

	if (status == S53_OK) {
		command->json = json_object_new_object();
		json_object_object_add(command->json, "debug-level", json_object_new_int(level));
	}
	command_end_status(command, status);
}

void
verb_trace(struct command *command)
{
	const struct s53_operations *operations = operations_of(command);
	const char *word = command_word(command, 1);
	struct s53_facts facts = { 0 };
	char *end = NULL;
	long level;

	if (word == NULL) {
		operations->facts(operations->arg, &facts);
		set_level(command, facts.debug_level < 99 ? facts.debug_level + 1 : 99);
		return;
	}
	level = strtol(word, &end, 10);
	if (word[0] < '0' || word[0] > '9' || *end != '\0' || level > 99) {
		fprintf(command->out, "'%s' is not a debug level (0 to 99)\n", word);
		command_end(command, RESULT_RANGE);
		return;
	}
	set_level(command, (int)level);
}

void
verb_notrace(struct command *command)
{
	set_level(command, 0);
}

static struct json_object *
serve_stale_json(const struct s53_policy *policy)
{
	struct json_object *views = json_object_new_object();

	for (unsigned i = 0; i < policy->view_count; i++) {
		const struct s53_cache_rules *rules = policy->views[i].answering.cache;
		struct json_object *view = json_object_new_object();

		json_object_object_add(
		    view, "stale-cache", json_object_new_boolean(rules->stale_keep));
		json_object_object_add(view, "stale-answers",
		    json_object_new_boolean(rules->stale_keep && rules->stale_answer));
		json_object_object_add(
		    view, "stale-answer-ttl", json_object_new_int64(rules->stale_answer_ttl_s));
		json_object_object_add(
		    view, "max-stale-ttl", json_object_new_int64(rules->max_stale_s));
		json_object_object_add(
		    view, "stale-refresh-time", json_object_new_int64(rules->stale_refresh_s));
		json_object_object_add(views, policy->views[i].name, view);
	}
	return views;
}

/* Prints BIND's text: "_default: stale cache enabled; stale answers enabled (...)" */
void
verb_serve_stale(struct command *command)
{
	const struct s53_operations *operations = operations_of(command);
	const char *word = command_word(command, 1);
	enum s53_switch to;

	if (strcasecmp(word, "status") == 0) {
		operations->print_serve_stale(operations->arg, command->out);
		command->json = serve_stale_json(operations->policy(operations->arg));
		command_end(command, RESULT_SUCCESS);
		return;
	}
	if (strcasecmp(word, "reset") == 0) {
		to = S53_SWITCH_DEFAULT;
	} else if (!read_switch(word, &to)) {
		fprintf(command->out, "'%s' is not on, off, reset or status\n", word);
		command_end(command, RESULT_SYNTAX);
		return;
	}
	command->is_calling = true;
	end_call(command,
	    operations->set_serve_stale(operations->arg, to, on_done, command, command->why));
}

void
verb_showconf(struct command *command)
{
	const struct s53_control_source *source = &command->control->source;

	source->print_conf(source->arg, command->out);
	command_end(command, RESULT_SUCCESS);
}

/*
 * NAME [TYPE] [CLIENT]: a word with a colon, or with a dot that is not its last character, is a
 * client.
 */
void
verb_explain(struct command *command)
{
	const struct s53_control_source *source = &command->control->source;
	struct s53_control_question question = { .name = command_word(command, 1) };
	enum s53_status status;

	for (unsigned i = 2; i < command->count; i++) {
		const char *word = command_word(command, i);
		const char **slot = strpbrk(word, ".:") != NULL ? &question.client : &question.type;

		if (*slot != NULL) {
			fprintf(command->out,
			    "unexpected argument '%s': explain takes NAME, then at most one type "
			    "and one client address\n",
			    word);
			command_end(command, RESULT_SYNTAX);
			return;
		}
		*slot = word;
	}
	command->json = json_object_new_object();
	status = source->explain(source->arg, &question, command->out, command->json, command->why);
	command_end_status(command, status);
}
