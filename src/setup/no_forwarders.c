/* SPDX-License-Identifier: ISC
 *
 * no_forwarders.c - reports which servers are used if there is no `forwarders` statement.
 *
 * BIND then resolves from the root servers. So this is a difference if the configuration is that
 * of a resolver; a file that only has local zones and does not mention recursion gets a notice.
 */
#include "builder.h"

#include <stdio.h>
#include <string.h>

#define SERVERS_TEXT (S53_HOST_ADDRS_MAX * (S53_ADDR_TEXT + 2))

/* "192.0.2.1#53, 192.0.2.2#53" */
static const char *
print_servers(const struct s53_addr *addrs, unsigned count, char text[static SERVERS_TEXT])
{
	char one[S53_ADDR_TEXT];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, SERVERS_TEXT - used, "%s%s",
		    i > 0 ? ", " : "", s53_addr_print(&addrs[i], one));
	return text;
}

/* Public servers see the names of this site's clients: the operator has to know that. */
static void
warn_of_fallback(struct setup_builder *builder)
{
	const struct s53_setup_input *input = builder->input;
	const struct s53_place place = { .file = input->resolv_conf };
	const char *way_out = input->source->file != NULL
	    ? "set 'forwarders { ADDRESS; };'"
	    : "start split53 with --forwarder ADDRESS";
	char text[SERVERS_TEXT];

	if (input->nameserver_count == 0)
		builder_warn(builder, place,
		    "no usable 'nameserver' was found, and no 'forwarders' are configured: queries "
		    "go to 8.8.8.8 and 8.8.4.4 (Google Public DNS); %s",
		    way_out);
	else
		builder_warn(builder, place,
		    "the only nameserver is split53 itself (%s), and no 'forwarders' are "
		    "configured: queries go to 8.8.8.8 and 8.8.4.4 (Google Public DNS); %s",
		    print_servers(input->nameservers, input->nameserver_count, text), way_out);
}

static const struct s53_conf_statement *
zone_type(const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *type = s53_conf_find(zone->body, "type");

	return type != NULL && type->value.type == S53_CONF_TEXT ? type : NULL;
}

/* Does a zone show that this is a resolver? *has_data: a zone is answered from data. */
static bool
have_hints(const struct s53_conf_statement *first, bool *has_data)
{
	static const char *const served[] = { "primary", "master", "secondary", "slave" };
	bool found = false;

	for (const struct s53_conf_statement *zone = s53_conf_find(first, "zone"); zone != NULL;
	     zone = s53_conf_find(zone->next, "zone")) {
		const struct s53_conf_statement *type = zone_type(zone);

		for (size_t i = 0; type != NULL && i < sizeof(served) / sizeof(served[0]); i++)
			*has_data = *has_data || strcmp(type->value.text, served[i]) == 0;
		found = found || (type != NULL && strcmp(type->value.text, "hint") == 0);
	}
	return found;
}

/* Does the file expect other names to be resolved? */
static bool
is_resolver(const struct setup_builder *builder, const struct s53_conf_statement *view_body)
{
	static const char *const names[] = { "recursion", "allow-recursion", "allow-recursion-on",
		"allow-query-cache", "allow-query-cache-on", "dnssec-validation" };
	const struct s53_source *source = builder->input->source;
	bool has_data = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (s53_setup_option(source, view_body, names[i]) != NULL)
			return true;
	return have_hints(view_body != NULL ? view_body : s53_setup_top(source), &has_data) ||
	    !has_data;
}

/* The place without `forwarders`: the view, else options, else the whole file. */
static struct s53_place
location_of(const struct setup_builder *builder, const struct s53_conf_statement *view_body)
{
	const struct s53_conf_statement *options =
	    s53_conf_find(s53_setup_top(builder->input->source), "options");

	if (view_body != NULL)
		return view_body->parent->place;
	if (options != NULL)
		return options->place;
	return (struct s53_place){ .file = builder->input->options->config_shown };
}

void
setup_no_forwarders_report(
    struct setup_builder *builder, const struct s53_conf_statement *view_body)
{
	const struct s53_setup_input *input = builder->input;
	const struct s53_snapshot_servers *servers = setup_nameservers(builder);
	char text[SERVERS_TEXT];

	if (!setup_option_bool(input->source, view_body, "recursion", true))
		return; /* a query for a name in no zone is not forwarded */
	if (servers->count == 0)
		warn_of_fallback(builder);
	print_servers(servers->addrs, servers->count, text);
	if (input->source->file != NULL && is_resolver(builder, view_body))
		builder_warn_differs(builder, location_of(builder, view_body),
		    "'forwarders' [differs]: not set, so that BIND resolves from the root servers; "
		    "split53 sends queries to %s%s%s; set 'forwarders { ADDRESS; };' to choose "
		    "others",
		    servers->count == 0 ? "8.8.8.8 and 8.8.4.4" : text,
		    servers->count == 0 ? "" : " of ",
		    servers->count == 0 ? "" : input->resolv_conf);
	if (servers->count > 0 && !input->want_notes && !builder->default_reported)
		builder_notice(builder, (struct s53_place){ 0 },
		    "no forwarders are configured: forwarding to the nameservers of %s: %s",
		    input->resolv_conf, text);
	builder->default_reported = true;
}
