/* SPDX-License-Identifier: ISC
 *
 * verb_cache.c - flush, flushname, flushtree, dumpdb.
 */
#include "verbs.h"

#include <inttypes.h>
#include <strings.h>

#include <json-c/json.h>

#include <split53/log.h>
#include <split53/name.h>

static void
on_flushed(void *arg, uint64_t flushed, uint64_t walked)
{
	struct command *command = arg;

	(void)walked;
	command->json = json_object_new_object();
	json_object_object_add(command->json, "flushed", json_object_new_uint64(flushed));
	command_end(command, RESULT_SUCCESS);
}

/* As in BIND, a flush that succeeds prints nothing; one that fails prints why. */
static void
begin(struct command *command, const struct s53_flush_request *request)
{
	const struct s53_operations *operations = command->control->source.operations;
	enum s53_status status =
	    operations->flush(operations->arg, request, on_flushed, command, command->why);

	if (status != S53_OK)
		command_end_status(command, status);
}

void
verb_flush(struct command *command)
{
	const struct s53_flush_request request = { .kind = S53_FLUSH_ALL,
		.view = command_word(command, 1) };

	begin(command, &request);
}

static void
flush_name(struct command *command, enum s53_flush_kind kind)
{
	struct s53_flush_request request = { .kind = kind, .view = command_word(command, 2) };
	struct s53_name name;

	if (s53_name_parse(command_word(command, 1), &name) != S53_OK) {
		fprintf(command->out, "'%s' is not a domain name\n", command_word(command, 1));
		command_end(command, RESULT_SYNTAX);
		return;
	}
	request.name = &name;
	begin(command, &request);
}

void
verb_flushname(struct command *command)
{
	flush_name(command, S53_FLUSH_NAME);
}

void
verb_flushtree(struct command *command)
{
	flush_name(command, S53_FLUSH_TREE);
}

/* The options of rndc dumpdb; those for data that split53 does not have are errors. */
static const struct {
	const char *word;
	unsigned parts;
} dump_kinds[] = {
	{ "-cache", S53_DUMP_CACHE | S53_DUMP_UPSTREAMS | S53_DUMP_COUNTERS },
	{ "-zones", S53_DUMP_ZONES },
	{ "-all", S53_DUMP_CACHE | S53_DUMP_ZONES | S53_DUMP_UPSTREAMS | S53_DUMP_COUNTERS },
};

void
verb_dumpdb(struct command *command)
{
	const struct s53_operations *operations = command->control->source.operations;
	unsigned parts = dump_kinds[0].parts, index = 1;
	const char *word = command_word(command, 1);
	enum s53_status status;

	for (size_t i = 0; word != NULL && i < sizeof(dump_kinds) / sizeof(dump_kinds[0]); i++)
		if (strcasecmp(dump_kinds[i].word, word) == 0) {
			parts = dump_kinds[i].parts;
			index = 2;
		}
	if (index == 1 && word != NULL && word[0] == '-') {
		fprintf(command->out, "dumpdb: there is no %s here, only -all, -cache and -zones\n",
		    word);
		command_end(command, RESULT_SYNTAX);
		return;
	}
	if (command_word(command, index + 1) != NULL) {
		fprintf(command->out,
		    "unexpected argument '%s': dumpdb takes [-all | -cache | -zones] [VIEW]\n",
		    command_word(command, index + 1));
		command_end(command, RESULT_SYNTAX);
		return;
	}
	status =
	    operations->dump(operations->arg, parts, command_word(command, index), command->why);
	if (status == S53_OK) {
		command->json = json_object_new_object();
		json_object_object_add(command->json, "file", json_object_new_string(command->why));
		command->why[0] = '\0'; /* rndc prints nothing */
	}
	command_end_status(command, status);
}
