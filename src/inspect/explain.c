/* SPDX-License-Identifier: ISC
 *
 * explain.c - --explain: prints the configuration in effect, in the terms of named.conf. The output
 * is the same on every machine, except for the number of workers, forwarders that come from
 * resolv.conf and the size of a cache that depends on the memory.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <split53/cpu.h>
#include <split53/inspect.h>
#include <split53/zone.h>

#include "explain.h"

void
s53_explain_match(const struct s53_conf_match *match, FILE *out)
{
	char text[S53_ADDR_TEXT];

	fputs("{", out);
	for (; match != NULL; match = match->next) {
		fputs(match->negated ? " !" : " ", out);
		switch (match->kind) {
		case S53_MATCH_PREFIX:
			s53_prefix_print(&match->prefix, text);
			if (match->prefix.bits == (match->prefix.family == AF_INET ? 32 : 128))
				text[strcspn(text, "/")] = '\0';
			fputs(text, out);
			break;
		case S53_MATCH_NAME:
			fputs(match->name, out);
			break;
		case S53_MATCH_KEY:
			fprintf(out, "key %s", match->name);
			break;
		case S53_MATCH_LIST:
			s53_explain_match(match->list, out);
			break;
		}
		fputc(';', out);
	}
	fputs(" }", out);
}

void
s53_explain_place(const struct s53_conf_statement *statement, FILE *out)
{
	if (statement == NULL)
		fputs(" (default)\n", out);
	else if (statement->place.file == NULL ||
	    strcmp(statement->place.file, S53_FLAGS_NAME) == 0)
		fprintf(out, " (%s)\n", S53_FLAGS_NAME);
	else
		fprintf(out, " (%s:%u)\n", statement->place.file, statement->place.line);
}

static void
print_listeners(const struct s53_dry_run *dry_run, FILE *out)
{
	static const char *const names[] = { "listen-on", "listen-on-v6" };
	const struct s53_snapshot *snapshot = dry_run->snapshot;
	unsigned rule = 0;

	fputs("listen\n", out);
	for (unsigned i = 0; i < 2; i++) {
		sa_family_t family = i == 0 ? AF_INET : AF_INET6;
		const struct s53_conf_statement *statement =
		    s53_conf_find(s53_setup_listen_options(dry_run->source), names[i]);

		for (; rule < snapshot->rule_count && snapshot->rules[rule].family == family;
		     rule++) {
			while (statement != NULL && statement->level != S53_CONF_SUPPORTED)
				statement = s53_conf_find(statement->next, names[i]);
			fprintf(out, "    %s port %u ", names[i], snapshot->rules[rule].port);
			if (statement == NULL)
				fputs("{ any; }", out);
			else
				s53_explain_match(statement->value.match, out);
			s53_explain_place(statement, out);
			if (statement != NULL)
				statement = s53_conf_find(statement->next, names[i]);
		}
	}
	if (snapshot->rule_count == 0)
		fputs("    nowhere\n", out);
}

static void
print_channels(const struct s53_dry_run *dry_run, FILE *out)
{
	const struct s53_snapshot_channel *it = dry_run->snapshot->channels;
	char text[S53_ADDR_TEXT];

	if (it != NULL)
		fputs("statistics-channels\n", out);
	for (; it != NULL; it = it->next)
		fprintf(out, "    %s%s (%s:%u)\n", s53_addr_print(&it->addr, text),
		    it->allow == NULL ? ", any client" : "", it->place.file, it->place.line);
}

static void
print_number(const struct s53_dry_run *dry_run, const char *name, uint64_t value, const char *unit,
    FILE *out)
{
	const struct s53_conf_statement *statement = s53_setup_option(dry_run->source, NULL, name);

	if (value >= UINT32_MAX)
		fprintf(out, "    %s unlimited", name);
	else
		fprintf(out, "    %s %" PRIu64 "%s", name, value, unit);
	s53_explain_place(statement, out);
}

static void
print_limits(const struct s53_dry_run *dry_run, FILE *out)
{
	const struct s53_snapshot *snapshot = dry_run->snapshot;
	const char *tenths = " (of 100 ms)";

	fputs("limits\n", out);
	if (dry_run->options->workers > 0)
		fprintf(out, "    workers %u (command line)\n", dry_run->options->workers);
	else
		fprintf(out,
		    "    workers %u, one for each processor that this process may use (default)\n",
		    s53_cpu_count());
	print_number(dry_run, "recursive-clients", snapshot->policy.recursive_clients, "", out);
	print_number(dry_run, "tcp-clients", snapshot->tcp_clients, "", out);
	print_number(dry_run, "tcp-listen-queue", (uint64_t)snapshot->tcp_listen_queue, "", out);
	print_number(dry_run, "tcp-initial-timeout", snapshot->tcp_initial_100ms, tenths, out);
	print_number(dry_run, "tcp-idle-timeout", snapshot->tcp_idle_100ms, tenths, out);
	print_number(
	    dry_run, "tcp-keepalive-timeout", snapshot->policy.tcp_keepalive_100ms, tenths, out);
}

static void
print_access(const struct s53_dry_run *dry_run, const struct s53_conf_statement *body,
    const char *name, FILE *out)
{
	static const char *const defaults[] = { [S53_ACCESS_ANY] = "{ any; }",
		[S53_ACCESS_NONE] = "{ none; }",
		[S53_ACCESS_LOCAL] = "{ localnets; localhost; }" };
	enum s53_setup_default otherwise;
	const struct s53_conf_statement *statement =
	    s53_setup_access(dry_run->source, body, name, &otherwise);

	fprintf(out, "    %s ", name);
	if (statement == NULL)
		fputs(defaults[otherwise], out);
	else
		s53_explain_match(statement->value.match, out);
	if (statement != NULL && strcmp(statement->name, name) != 0)
		fprintf(out, " from %s", statement->name);
	s53_explain_place(statement, out);
}

static void
print_match_list(const struct s53_conf_statement *body, const char *name, FILE *out)
{
	const struct s53_conf_statement *statement = s53_conf_find(body, name);

	if (statement == NULL)
		return;
	fprintf(out, "    %s ", name);
	s53_explain_match(statement->value.match, out);
	s53_explain_place(statement, out);
}

static const struct s53_route_note *
find_note(const struct s53_snapshot *snapshot, unsigned view, const struct s53_name *apex)
{
	const struct s53_route_note *note = snapshot->notes;

	while (note != NULL && !(note->view == view && s53_name_equal(&note->apex, apex)))
		note = note->next;
	return note;
}

struct route_print {
	const struct s53_dry_run *dry_run;
	unsigned view;
	bool builtin; /* print built-in zones, or the others */
	unsigned count, empty_count;
	FILE *out;
};

static bool
is_empty_zone(const char *apex)
{
	for (unsigned i = 0; i < s53_builtin_zone_count; i++)
		if (strcmp(s53_builtin_zones[i].apex, apex) == 0)
			return s53_builtin_zones[i].empty;
	return false;
}

/* Does the zone use the servers of the default route? */
static bool
uses_default_route(const struct route_print *print, const struct s53_route *route)
{
	const struct s53_policy *policy = &print->dry_run->snapshot->policy;
	const struct s53_name root = { .len = 1 };
	const struct s53_route *other = s53_routes_find(policy->views[print->view].routes, &root);

	return other != NULL && other != route && other->group == route->group;
}

static void
print_route(const struct s53_route *route, void *arg)
{
	struct route_print *print = arg;
	const struct s53_route_note *note;
	char apex[S53_NAME_TEXT];

	if (route->builtin != print->builtin)
		return;
	s53_name_print(&route->apex, apex);
	if (print->builtin && is_empty_zone(apex)) {
		print->empty_count++;
		return;
	}
	if (print->builtin) {
		fprintf(
		    print->out, "%s%s", print->count++ == 0 ? "    answered here: " : ", ", apex);
		return;
	}
	note = find_note(print->dry_run->snapshot, print->view, &route->apex);
	fprintf(print->out, "    zone \"%s\" %s %s%s (%s)\n", apex,
	    route->kind == S53_ROUTE_LOCAL ? "answered from" : "forwarded to",
	    note != NULL && note->text != NULL ? note->text : "no server",
	    route->forward_first ? ", and never to the root, in spite of `forward first`" : "",
	    note != NULL ? note->place : "built in");
	if (route->kind == S53_ROUTE_FORWARD && !uses_default_route(print, route)) {
		s53_explain_zone_policy(note != NULL ? note->zone_body : NULL, print->out);
		s53_explain_checks(print->dry_run->snapshot, route->group, print->out);
	}
	if (route->answering != NULL && note != NULL)
		s53_explain_answering(&(struct s53_explain_scope){ .source = print->dry_run->source,
					  .zone_body = note->zone_body,
					  .answering = route->answering,
					  .indent = "        " },
		    print->out);
}

/* The statements `server ADDRESS { }` in the list that begins with `statement`. */
static void
print_servers(const struct s53_conf_statement *statement, FILE *out)
{
	for (statement = s53_conf_find(statement, "server"); statement != NULL;
	     statement = s53_conf_find(statement->next, "server")) {
		fprintf(out, "    server %s {", statement->label);
		for (const struct s53_conf_statement *it = statement->body; it != NULL;
		     it = it->next) {
			if (it->level != S53_CONF_SUPPORTED)
				continue;
			if (it->value.type == S53_CONF_BOOL)
				fprintf(out, " %s %s;", it->name, it->value.boolean ? "yes" : "no");
			else if (it->value.type == S53_CONF_NUMBER)
				fprintf(out, " %s %" PRIu64 ";", it->name, it->value.number);
			else
				fprintf(out, " %s;", it->name); /* value: with the zones */
		}
		fputs(" }", out);
		s53_explain_place(statement, out);
	}
}

static void
print_view(const struct s53_dry_run *dry_run, unsigned index, const struct s53_conf_statement *body,
    FILE *out)
{
	static const char *const lists[] = { "allow-query", "allow-query-on", "allow-query-cache",
		"allow-query-cache-on", "allow-recursion", "allow-recursion-on" };
	const struct s53_view *view = &dry_run->snapshot->policy.views[index];
	struct route_print print = { .dry_run = dry_run, .view = index, .out = out };
	const struct s53_explain_scope answers = { .source = dry_run->source,
		.view_body = body,
		.answering = &view->answering,
		.indent = "    " };

	fprintf(out, "view \"%s\"\n", view->name);
	print_match_list(body, "match-clients", out);
	print_match_list(body, "match-destinations", out);
	if (view->match_recursive_only)
		fputs("    match-recursive-only yes\n", out);
	fprintf(out, "    recursion %s", view->recursion ? "yes" : "no");
	s53_explain_place(s53_setup_option(dry_run->source, body, "recursion"), out);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		print_access(dry_run, body, lists[i], out);
	fprintf(out, "    resolver-query-timeout %u ms", view->query_timeout_ms);
	s53_explain_place(s53_setup_option(dry_run->source, body, "resolver-query-timeout"), out);
	fprintf(out, "    max-udp-size %u", view->udp_size_max);
	if (view->udp_size_loopback != view->udp_size_max)
		fprintf(out, " (clients on loopback: %u)", view->udp_size_loopback);
	s53_explain_place(s53_setup_option(dry_run->source, body, "max-udp-size"), out);
	fprintf(out, "    edns-udp-size %u", view->edns_udp_size);
	s53_explain_place(s53_setup_option(dry_run->source, body, "edns-udp-size"), out);
	s53_explain_upstreams(dry_run->source, body, view, out);
	s53_explain_answering(&answers, out);
	print_servers(
	    s53_conf_find(body, "server") != NULL ? body : s53_setup_top(dry_run->source), out);
	s53_routes_each(view->routes, print_route, &print);
	print.builtin = true;
	s53_routes_each(view->routes, print_route, &print);
	if (print.count > 0)
		fputc('\n', out);
	fprintf(out, "    empty zones (RFC 6303) answered here: %u\n", print.empty_count);
}

static unsigned
print_ignored(const struct s53_conf_statement *statement, unsigned count, FILE *out)
{
	for (; statement != NULL; statement = statement->next) {
		if (statement->level != S53_CONF_SUPPORTED) {
			if (count++ == 0)
				fputs("accepted and ignored\n", out);
			fprintf(out, "    %s:%u:%u: %s%s%s (%s)%s%s\n", statement->place.file,
			    statement->place.line, statement->place.column, statement->name,
			    statement->label != NULL ? " " : "",
			    statement->label != NULL ? statement->label : "",
			    s53_conf_level_text(statement->level),
			    statement->why != NULL ? ": " : "",
			    statement->why != NULL ? statement->why : "");
			continue; /* its body is ignored too */
		}
		count = print_ignored(statement->body, count, out);
	}
	return count;
}

void
s53_explain_all(const struct s53_dry_run *dry_run, FILE *out)
{
	const struct s53_source *source = dry_run->source;
	const struct s53_policy *policy = &dry_run->snapshot->policy;
	const struct s53_conf_statement *view = NULL;
	const struct s53_conf_statement *blackhole = s53_setup_option(source, NULL, "blackhole");

	fprintf(out, "configuration %s\n",
	    dry_run->options->config_shown != NULL
		? dry_run->options->config_shown
		: "without a file: built-in defaults, the command line and SPLIT53_* variables");
	if (s53_options_unused_file(dry_run->options) != NULL)
		fprintf(out, "    not read: %s (use -c to read it)\n",
		    s53_options_unused_file(dry_run->options));
	print_listeners(dry_run, out);
	print_channels(dry_run, out);
	print_limits(dry_run, out);
	s53_explain_cache(dry_run, out);
	if (blackhole != NULL) {
		fputs("blackhole ", out);
		s53_explain_match(blackhole->value.match, out);
		s53_explain_place(blackhole, out);
	}
	for (unsigned i = 0; i < policy->view_count; i++) {
		view = s53_setup_next_view(source, view);
		print_view(dry_run, i, view != NULL ? view->body : NULL, out);
	}
	print_ignored(s53_setup_top(source), 0, out);
}

int
s53_explain_run(struct s53_options *options)
{
	struct s53_dry_run dry_run;
	enum s53_status status = s53_dry_run(options, &dry_run);
	bool fine = status == S53_OK;

	if (!fine) {
		s53_diags_print(&dry_run.diags, stderr);
		if (status == S53_E_NOMEM)
			fputs("split53: out of memory\n", stderr);
	} else if (options->explain_name != NULL) {
		fine = s53_explain_name(&dry_run, stdout);
	} else {
		s53_explain_all(&dry_run, stdout);
	}
	s53_dry_run_fini(&dry_run);
	return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
