/* SPDX-License-Identifier: ISC
 *
 * verb_recursing.c - recursing: lists the fetches in progress.
 *
 * BIND writes them to recursing-file and prints nothing. Here they are printed as well, so that the
 * operator sees them at once.
 */
#include "verbs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include <split53/mnemonic.h>
#include <split53/replace.h>

static struct json_object *
attempts_json(const struct s53_recursing_fetch *fetch)
{
	struct json_object *list = json_object_new_array();
	char addr[S53_ADDR_TEXT];

	for (unsigned i = 0; i < fetch->attempt_count && i < S53_RECURSING_ATTEMPTS; i++) {
		const struct s53_recursing_attempt *attempt = &fetch->attempts[i];
		struct json_object *json = json_object_new_object();

		json_object_object_add(
		    json, "server", json_object_new_string(s53_addr_print(&attempt->server, addr)));
		json_object_object_add(
		    json, "over", json_object_new_string(attempt->tcp ? "TCP" : "UDP"));
		json_object_object_add(json, "age-ms", json_object_new_int64(attempt->age_ms));
		json_object_array_add(list, json);
	}
	return list;
}

static struct json_object *
clients_json(const struct s53_recursing_fetch *fetch)
{
	struct json_object *list = json_object_new_array();
	char addr[S53_ADDR_TEXT];

	for (unsigned i = 0; i < fetch->client_count && i < S53_RECURSING_CLIENTS; i++)
		json_object_array_add(
		    list, json_object_new_string(s53_addr_print(&fetch->clients[i].addr, addr)));
	return list;
}

static struct json_object *
fetch_json(const struct s53_recursing_fetch *fetch)
{
	struct json_object *json = json_object_new_object();
	char text[S53_NAME_TEXT], type[S53_MNEMONIC_TEXT];

	json_object_object_add(
	    json, "name", json_object_new_string(s53_name_print(&fetch->name, text)));
	json_object_object_add(
	    json, "type", json_object_new_string(s53_type_print(fetch->qtype, type)));
	json_object_object_add(json, "view", json_object_new_string(fetch->view));
	json_object_object_add(
	    json, "zone", json_object_new_string(s53_name_print(&fetch->zone, text)));
	json_object_object_add(json, "age-ms", json_object_new_int64(fetch->age_ms));
	json_object_object_add(json, "servers-tried", json_object_new_int((int)fetch->tried));
	json_object_object_add(json, "clients", json_object_new_int((int)fetch->client_count));
	json_object_object_add(json, "waiting-for", attempts_json(fetch));
	json_object_object_add(json, "client-addresses", clients_json(fetch));
	return json;
}

static struct json_object *
list_json(const struct s53_recursing *list)
{
	struct json_object *json = json_object_new_object(), *array = json_object_new_array();

	for (unsigned i = 0; i < list->count; i++)
		json_object_array_add(array, fetch_json(&list->fetches[i]));
	json_object_object_add(json, "fetches", array);
	json_object_object_add(json, "left-out", json_object_new_int((int)list->left_out));
	return json;
}

/* false: errno. */
static bool
write_file(const char *path, const struct s53_recursing *list)
{
	struct s53_replace file;
	FILE *out;
	int fd;
	bool fine;

	if (s53_replace_open(&file, path, 0644) != S53_OK)
		return false;
	fd = dup(file.fd);
	out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (out == NULL) {
		if (fd >= 0)
			close(fd);
		s53_replace_abandon(&file);
		return false;
	}
	s53_recursing_print(list, out);
	fine = ferror(out) == 0;
	if (fclose(out) != 0 || !fine) {
		s53_replace_abandon(&file);
		return false;
	}
	return s53_replace_commit(&file) == S53_OK;
}

static void
on_recursed(void *arg, const struct s53_recursing *list)
{
	struct command *command = arg;
	const struct s53_operations *operations = command->control->source.operations;
	const char *path;

	if (list == NULL) {
		command_end(command, RESULT_FAILURE);
		return;
	}
	path = operations->recursing_path(operations->arg);
	s53_recursing_print(list, command->out);
	command->json = list_json(list);
	if (!write_file(path, list))
		fprintf(command->out, "(not written to '%s': %s)\n", path, strerror(errno));
	command_end(command, RESULT_SUCCESS);
}

void
verb_recursing(struct command *command)
{
	const struct s53_operations *operations = command->control->source.operations;
	enum s53_status status =
	    operations->recursing(operations->arg, on_recursed, command, command->why);

	if (status != S53_OK)
		command_end_status(command, status);
}
