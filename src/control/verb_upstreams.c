/* SPDX-License-Identifier: ISC
 *
 * verb_upstreams.c - upstreams: lists the servers and their state; upstream: takes one out of
 * service and back.
 */
#include "verbs.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include <json-c/json.h>

#include <split53/addr.h>
#include <split53/clock.h>
#include <split53/name.h>
#include <split53/upstream_list.h>
#include <split53/view.h>

#include "upstream_json.h"

static void
print_since(FILE *out, uint64_t since_ms, uint64_t now_ms)
{
	uint64_t s = s53_clock_since_ms(since_ms, now_ms) / 1000;

	if (since_ms == 0)
		fputs("     -", out);
	else if (s < 100000)
		fprintf(out, "%5" PRIu64 "s", s);
	else
		fprintf(out, "%5" PRIu64 "h", s / 3600);
}

#define ZONES_SHOWN 3

struct listing {
	FILE *out;
	struct json_object *list;
	uint64_t now_ms;
	bool several_views;
};

/* "consul", or "consul (inside)" if there are views. */
static const char *
print_use(const struct listing *listing, const struct s53_upstream_use *use,
    char text[static S53_NAME_TEXT])
{
	s53_name_print(&use->route->apex, text);
	if (listing->several_views) {
		size_t len = strlen(text);

		snprintf(text + len, S53_NAME_TEXT - len, " (%s)", use->view->name);
	}
	return text;
}

static void
print_zones(const struct listing *listing, const struct s53_upstream_row *row)
{
	char text[S53_NAME_TEXT];

	for (size_t i = 0; i < row->use_count && i < ZONES_SHOWN; i++)
		fprintf(listing->out, "%s%s", i > 0 ? ", " : " ",
		    print_use(listing, &row->uses[i], text));
	if (row->use_count > ZONES_SHOWN)
		fprintf(listing->out, " and %zu more", row->use_count - ZONES_SHOWN);
	if (row->use_count == 0)
		fputs(" -", listing->out);
}

static void
add_json(struct listing *listing, const struct s53_upstream_row *row)
{
	struct json_object *json = upstream_json(row->report, listing->now_ms);
	struct json_object *zones = json_object_new_array();
	char text[S53_NAME_TEXT];

	json_object_object_add(
	    json, "state", json_object_new_string(s53_health_state_name(row->state)));
	json_object_object_add(
	    json, "over", json_object_new_string(row->over == S53_OVER_TCP ? "TCP" : "UDP"));
	for (size_t i = 0; i < row->use_count; i++) {
		struct json_object *zone = json_object_new_object();

		json_object_object_add(
		    zone, "view", json_object_new_string(row->uses[i].view->name));
		json_object_object_add(zone, "zone",
		    json_object_new_string(s53_name_print(&row->uses[i].route->apex, text)));
		json_object_array_add(zones, zone);
	}
	json_object_object_add(json, "zones", zones);
	json_object_array_add(listing->list, json);
}

/* One line for a server, of the protocol that its next query would use. */
static void
print_one(void *arg, const struct s53_upstream_row *row)
{
	struct listing *listing = arg;
	const struct s53_upstream_report *report = row->report;
	const struct s53_health_report *path = &report->path[row->over];
	char addr[S53_ADDR_TEXT];
	uint64_t failures = 0;

	for (unsigned i = 0; i < S53_FAILURES; i++)
		failures += report->failures[i];
	fprintf(listing->out, "%-26s %-10s ", s53_addr_print(&report->addr, addr),
	    report->admin == S53_ADMIN_AUTO     ? s53_health_state_name(row->state)
		: report->admin == S53_ADMIN_UP ? "set up"
						: "set down");
	print_since(listing->out, path->since_ms, listing->now_ms);
	if (path->has_rtt)
		fprintf(listing->out, " %6ums", path->rtt_ms);
	else
		fputs("        -", listing->out);
	fprintf(listing->out, " %10" PRIu64 " %9" PRIu64 " %7u ", (uint64_t)report->asked, failures,
	    report->in_flight);
	print_zones(listing, row);
	for (unsigned i = 0; i < S53_FAILURES; i++)
		if (report->failures[i] > 0)
			fprintf(listing->out, "; %s %" PRIu64,
			    s53_failure_name((enum s53_failure)i), report->failures[i]);
	fputc('\n', listing->out);
	add_json(listing, row);
}

void
verb_upstreams(struct command *command)
{
	const struct s53_operations *operations = command->control->source.operations;
	const struct s53_policy *policy = operations->policy(operations->arg);
	struct listing listing = { .out = command->out,
		.list = json_object_new_array(),
		.now_ms = s53_clock_ms(),
		.several_views = policy->view_count > 1 };
	enum s53_status status;

	command->json = json_object_new_object();
	json_object_object_add(command->json, "upstreams", listing.list);
	fprintf(command->out, "%-26s %-10s %6s %8s %10s %9s %7s  %s\n", "server", "state", "for",
	    "rtt", "queries", "failures", "flight", "zones; failures by cause");
	status =
	    s53_upstreams_each(operations->registry, policy, listing.now_ms, print_one, &listing);
	command_end_status(command, status);
}

static bool
read_admin(const char *word, enum s53_admin *admin)
{
	for (unsigned i = S53_ADMIN_AUTO; i <= S53_ADMIN_DOWN; i++)
		if (strcasecmp(word, s53_admin_name((enum s53_admin)i)) == 0) {
			*admin = (enum s53_admin)i;
			return true;
		}
	return false;
}

/* An address without a port selects all servers at that address. */
void
verb_upstream(struct command *command)
{
	const struct s53_operations *operations = command->control->source.operations;
	const char *text = command_word(command, 1), *word = command_word(command, 2);
	struct s53_addr addr;
	enum s53_admin admin;
	enum s53_status status;
	unsigned count = 0;

	if (s53_addr_parse_port(text, 0, &addr) != S53_OK) {
		fprintf(command->out,
		    "'%s' is not an address: expected ADDRESS or ADDRESS#PORT, such as "
		    "192.0.2.1#53\n",
		    text);
		command_end(command, RESULT_SYNTAX);
		return;
	}
	if (!read_admin(word, &admin)) {
		fprintf(command->out, "'%s' is not up, down or auto\n", word);
		command_end(command, RESULT_SYNTAX);
		return;
	}
	status = operations->set_upstream(
	    operations->arg, &addr, s53_addr_port(&addr) == 0, admin, &count, command->why);
	if (status == S53_OK) {
		fprintf(command->out, "%u server%s set to %s\n", count, count == 1 ? "" : "s",
		    s53_admin_name(admin));
		command->json = json_object_new_object();
		json_object_object_add(command->json, "servers", json_object_new_int((int)count));
	}
	command_end_status(command, status);
}
