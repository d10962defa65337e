/* SPDX-License-Identifier: ISC
 *
 * verb_stats.c - stats, reset-stats, and the data that `split53ctl top` shows.
 */
#include "verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <json-c/json.h>

#include <split53/busiest.h>
#include <split53/clock.h>
#include <split53/file.h>
#include <split53/log.h>
#include <split53/mnemonic.h>
#include <split53/name.h>

#include "upstream_json.h"

#define TOP_KEYS 20
#define TOP_SERVERS 256

static uint64_t
read_counter(const struct command *command, enum s53_counter counter)
{
	const struct s53_operations *operations = command->control->source.operations;

	return operations->counter(operations->arg, counter);
}

static struct json_object *
counters_json(const struct command *command)
{
	struct json_object *json = json_object_new_object();

	for (unsigned i = 0; i < S53_C_COUNT; i++)
		json_object_object_add(json, s53_counter_name((enum s53_counter)i),
		    json_object_new_uint64(read_counter(command, (enum s53_counter)i)));
	return json;
}

/* Append to named.stats, as BIND does. */
static bool
append_file(const struct command *command, const char *path)
{
	const struct s53_control_source *source = &command->control->source;
	struct stat about;
	FILE *out;
	int fd;

	if (s53_file_open_append(path, &fd, &about) != S53_OK)
		return false;
	if ((out = fdopen(fd, "a")) == NULL) {
		close(fd);
		return false;
	}
	source->print_statistics(source->arg, out);
	return fclose(out) == 0;
}

void
verb_stats(struct command *command)
{
	const struct s53_control_source *source = &command->control->source;
	const char *path = source->statistics_path(source->arg);
	char why[S53_FILE_WHY];

	command->json = json_object_new_object();
	json_object_object_add(command->json, "counters", counters_json(command));
	if (!append_file(command, path)) {
		fprintf(command->out, "'%s' cannot be written: %s\n", path,
		    s53_file_why(path, errno, why));
		command_end(command, RESULT_FAILURE);
		return;
	}
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "dumpstats complete: '%s'", path);
	json_object_object_add(command->json, "file", json_object_new_string(path));
	command_end(command, RESULT_SUCCESS);
}

void
verb_reset_stats(struct command *command)
{
	const struct s53_operations *operations = command->control->source.operations;

	operations->reset_counters(operations->arg);
	command_end(command, RESULT_SUCCESS);
}

static void
print_name(const struct s53_busiest_entry *entry, char text[static S53_NAME_TEXT])
{
	struct s53_name name = { .len = (uint8_t)entry->len };

	memcpy(name.octets, entry->key, entry->len);
	s53_name_print(&name, text);
}

static struct json_object *
busiest_json(const struct command *command, bool clients)
{
	const struct s53_control_source *source = &command->control->source;
	struct json_object *list = json_object_new_array();
	static struct s53_busiest_list busiest; /* off the stack; main thread */

	busiest.count = 0;
	source->busiest(source->arg, clients, &busiest);
	for (unsigned i = 0; i < busiest.count && i < TOP_KEYS; i++) {
		const struct s53_busiest_entry *entry = &busiest.entries[i];
		struct json_object *json = json_object_new_object();
		char text[S53_NAME_TEXT], type[S53_MNEMONIC_TEXT];

		if (clients)
			inet_ntop(entry->kind, entry->key, text, sizeof(text));
		else
			print_name(entry, text);
		json_object_object_add(
		    json, clients ? "client" : "name", json_object_new_string(text));
		if (!clients)
			json_object_object_add(json, "type",
			    json_object_new_string(s53_type_print(entry->kind, type)));
		json_object_object_add(json, "samples", json_object_new_int64(entry->count));
		json_object_object_add(json, "error", json_object_new_int64(entry->error));
		json_object_array_add(list, json);
	}
	return list;
}

struct listing {
	struct json_object *list;
	uint64_t now_ms;
};

static bool
add_upstream(struct s53_upstream *upstream, void *arg)
{
	struct listing *listing = arg;
	struct s53_upstream_report report;

	s53_upstream_report(upstream, &report, listing->now_ms);
	json_object_array_add(listing->list, upstream_json(&report, listing->now_ms));
	return json_object_array_length(listing->list) < TOP_SERVERS;
}

/* Counters for split53ctl top, which computes rates from two replies. */
void
verb_top(struct command *command)
{
	const struct s53_operations *operations = command->control->source.operations;
	struct listing listing = { json_object_new_array(), s53_clock_ms() };
	struct s53_facts facts = { 0 };
	struct json_object *json = json_object_new_object();

	operations->facts(operations->arg, &facts);
	s53_registry_each(operations->registry, add_upstream, &listing);
	json_object_object_add(json, "now-ms", json_object_new_uint64(listing.now_ms));
	json_object_object_add(json, "boot-time", json_object_new_uint64(facts.boot_wall_s));
	json_object_object_add(json, "version", json_object_new_string(facts.version));
	json_object_object_add(
	    json, "recursive-clients", json_object_new_int((int)facts.recursive));
	json_object_object_add(json, "tcp-clients", json_object_new_int((int)facts.tcp));
	json_object_object_add(json, "upstreams-up", json_object_new_int((int)facts.upstreams_up));
	json_object_object_add(json, "upstream-count", json_object_new_int((int)facts.upstreams));
	json_object_object_add(json, "sample", json_object_new_int(S53_BUSIEST_SAMPLE));
	json_object_object_add(json, "counters", counters_json(command));
	json_object_object_add(json, "upstreams", listing.list);
	json_object_object_add(json, "names", busiest_json(command, false));
	json_object_object_add(json, "clients", busiest_json(command, true));
	fputs("this is input for `split53ctl top`; use --json to print it\n", command->out);
	command->json = json;
	command_end(command, RESULT_SUCCESS);
}
