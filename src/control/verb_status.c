/* SPDX-License-Identifier: ISC
 *
 * verb_status.c - status, health, ready.
 *
 * `status` prints the lines of BIND that apply here, in BIND's order and words, since scripts look
 * for them; then the lines that only split53 has.
 */
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>

#include <json-c/json.h>

#define DATE 64

/* As BIND: "Sun, 29 Nov 2026 23:55:40 GMT". */
static const char *
print_date(uint64_t wall_s, char text[static DATE])
{
	time_t when = (time_t)wall_s;
	struct tm parts;

	if (gmtime_r(&when, &parts) == NULL ||
	    strftime(text, DATE, "%a, %d %b %Y %H:%M:%S GMT", &parts) == 0)
		snprintf(text, DATE, "%" PRIu64, wall_s);
	return text;
}

static void
get_facts(const struct command *command, struct s53_facts *facts)
{
	const struct s53_operations *operations = command->control->source.operations;

	operations->facts(operations->arg, facts);
}

static void
print_machine(FILE *out, const struct s53_facts *facts)
{
	struct utsname machine;

	fprintf(out, "version: split53 %s\n", facts->version);
	if (uname(&machine) == 0)
		fprintf(out, "running on %s: %s %s %s %s\n", machine.nodename, machine.sysname,
		    machine.machine, machine.release, machine.version);
}

static void
print_status(const struct command *command, const struct s53_facts *facts)
{
	FILE *out = command->out;
	char date[DATE];

	print_machine(out, facts);
	fprintf(out, "boot time: %s\n", print_date(facts->boot_wall_s, date));
	fprintf(out, "last configured: %s\n", print_date(facts->configured_wall_s, date));
	fprintf(out, "configuration file: %s\n",
	    facts->config_path != NULL ? facts->config_path : "none");
	fprintf(out, "CPUs found: %u\nworker threads: %u\nUDP listeners per interface: %u\n",
	    facts->cpus, facts->workers, facts->workers);
	fprintf(out, "number of zones: %u (%u automatic)\n", facts->zones, facts->zones_automatic);
	fprintf(out, "debug level: %d\n", facts->debug_level);
	fprintf(out, "query logging is %s\nresponse logging is %s\n",
	    facts->query_log ? "ON" : "OFF", facts->response_log ? "ON" : "OFF");
	fprintf(out, "recursive clients: %u/%u/%u\n", facts->recursive, facts->recursive_soft,
	    facts->recursive_hard);
	fprintf(out, "tcp clients: %u/%u\nTCP high-water: %u\n", facts->tcp, facts->tcp_max,
	    facts->tcp_high_water);
	fprintf(out, "process ID: %ld\naddresses listened on: %u\n", facts->pid, facts->listeners);
	fprintf(out, "upstream servers: %u, %u up, %u set down\n", facts->upstreams,
	    facts->upstreams_up, facts->upstreams_set_down);
	if (facts->dumping)
		fputs("a dump is in progress\n", out);
	if (facts->flushing)
		fputs("a flush is in progress\n", out);
	fprintf(out, "server is %s\n",
	    facts->draining             ? "shutting down"
		: facts->listeners == 0 ? "running, but not listening on any address"
					: "up and running");
}

static void
add_number(struct json_object *object, const char *name, uint64_t value)
{
	json_object_object_add(object, name, json_object_new_uint64(value));
}

static void
add_flag(struct json_object *object, const char *name, bool value)
{
	json_object_object_add(object, name, json_object_new_boolean(value));
}

static struct json_object *
status_json(const struct s53_facts *facts)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "version", json_object_new_string(facts->version));
	add_number(json, "pid", (uint64_t)facts->pid);
	add_number(json, "boot-time", facts->boot_wall_s);
	add_number(json, "config-time", facts->configured_wall_s);
	json_object_object_add(json, "configuration-file",
	    facts->config_path != NULL ? json_object_new_string(facts->config_path) : NULL);
	add_number(json, "cpus", facts->cpus);
	add_number(json, "workers", facts->workers);
	add_number(json, "views", facts->views);
	add_number(json, "zones", facts->zones);
	add_number(json, "zones-automatic", facts->zones_automatic);
	add_number(json, "debug-level", (uint64_t)facts->debug_level);
	add_flag(json, "query-log", facts->query_log);
	add_flag(json, "response-log", facts->response_log);
	add_number(json, "recursive-clients", facts->recursive);
	add_number(json, "recursive-clients-soft", facts->recursive_soft);
	add_number(json, "recursive-clients-max", facts->recursive_hard);
	add_number(json, "tcp-clients", facts->tcp);
	add_number(json, "tcp-clients-max", facts->tcp_max);
	add_number(json, "tcp-clients-high-water", facts->tcp_high_water);
	add_number(json, "listeners", facts->listeners);
	add_number(json, "upstreams", facts->upstreams);
	add_number(json, "upstreams-up", facts->upstreams_up);
	add_number(json, "upstreams-set-down", facts->upstreams_set_down);
	add_flag(json, "dumping", facts->dumping);
	add_flag(json, "flushing", facts->flushing);
	add_flag(json, "draining", facts->draining);
	return json;
}

void
verb_null(struct command *command)
{
	command_end(command, RESULT_SUCCESS);
}

void
verb_status(struct command *command)
{
	const struct s53_control *control = command->control;
	struct s53_facts facts = { 0 };

	get_facts(command, &facts);
	print_status(command, &facts);
	command->json = status_json(&facts);
	if (command->json != NULL) {
		add_number(command->json, "control-commands", control->commands);
		add_number(command->json, "control-refused", control->refused);
		add_number(command->json, "control-connections", control->connection_count);
	}
	command_end(command, RESULT_SUCCESS);
}

/* The reply itself shows that the process runs and that its main thread responds. */
void
verb_health(struct command *command)
{
	fputs("healthy\n", command->out);
	command->json = json_object_new_object();
	add_flag(command->json, "healthy", true);
	command_end(command, RESULT_SUCCESS);
}

void
verb_ready(struct command *command)
{
	struct s53_facts facts = { 0 };
	const char *why = NULL;

	get_facts(command, &facts);
	if (facts.draining)
		why = "not ready: shutting down";
	else if (facts.listeners == 0)
		why = "not ready: not listening on any address";
	fprintf(command->out, "%s\n", why != NULL ? why : "ready");
	command->json = json_object_new_object();
	add_flag(command->json, "ready", why == NULL);
	command_end(command, why == NULL ? RESULT_SUCCESS : RESULT_FAILURE);
}
