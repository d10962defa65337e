/* SPDX-License-Identifier: ISC
 *
 * server.c - the `server` statements of a view: finds the one for an address, and the options for
 * that server.
 */
#include "builder.h"

#include <string.h>

static const struct s53_conf_statement *
next_server(const struct s53_conf_statement *first)
{
	return s53_conf_find(first, "server");
}

/*
 * The `server` statements that apply in a view: its own, or, if it has none, the global ones.
 * Collected once per view, since every server of every zone is looked up in them.
 */
static const struct setup_servers *
servers_of(struct setup_builder *builder, const struct s53_conf_statement *view_body)
{
	struct setup_servers *servers = &builder->servers;
	const struct s53_conf_statement *first, *it;
	unsigned count = 0;

	if (servers->known && servers->view_body == view_body)
		return servers;
	if ((first = next_server(view_body)) == NULL)
		first = next_server(s53_setup_top(builder->input->source));
	for (it = first; it != NULL; it = next_server(it->next))
		count++;
	*servers = (struct setup_servers){ .known = true, .view_body = view_body };
	servers->clauses = s53_arena_zalloc(&builder->scratch, (count + 1) * sizeof(it));
	if (servers->clauses == NULL) {
		builder->no_memory = true;
		return servers;
	}
	for (it = first; it != NULL; it = next_server(it->next))
		servers->clauses[servers->count++] = it;
	return servers;
}

const struct s53_conf_statement *
setup_server_find(struct setup_builder *builder, const struct s53_conf_statement *view_body,
    const struct s53_addr *addr)
{
	const struct setup_servers *servers = servers_of(builder, view_body);
	const struct s53_conf_statement *best = NULL;

	for (unsigned i = 0; i < servers->count; i++) {
		const struct s53_conf_statement *statement = servers->clauses[i];
		const struct s53_conf_match *match = statement->value.match;

		if (statement->value.type != S53_CONF_MATCH || match == NULL ||
		    !s53_prefix_has(&match->prefix, addr))
			continue;
		if (best == NULL || match->prefix.bits > best->value.match->prefix.bits)
			best = statement;
	}
	return best;
}

/* Set query-source for the address's family; false: that family is not used. */
static bool
find_source(const struct setup_builder *builder, const struct s53_conf_statement *view_body,
    const struct s53_conf_statement *server, sa_family_t family, struct s53_addr *out)
{
	const char *name = family == AF_INET ? "query-source" : "query-source-v6";
	const struct s53_conf_statement *statement =
	    server != NULL ? s53_conf_find(server->body, name) : NULL;
	int only = builder->input->options->family;

	if (only != AF_UNSPEC && only != family)
		return false;
	if (statement == NULL || statement->level != S53_CONF_SUPPORTED)
		statement = s53_setup_option(builder->input->source, view_body, name);
	if (statement == NULL)
		return true;
	if (statement->value.type == S53_CONF_TEXT && strcmp(statement->value.text, "none") == 0)
		return false;
	if (statement->value.type == S53_CONF_ADDRESS && !s53_addr_is_any(&statement->value.addr))
		*out = statement->value.addr;
	return true;
}

bool
setup_server_options(struct setup_builder *builder, const struct s53_conf_statement *view_body,
    const struct s53_addr *addr, struct s53_upstream_options *out)
{
	const struct s53_source *source = builder->input->source;
	const struct s53_conf_statement *server = setup_server_find(builder, view_body, addr);
	const struct s53_conf_statement *body = server != NULL ? server->body : NULL;
	const struct s53_conf_statement *statement;

	memset(out, 0, sizeof(*out));
	out->edns = true;
	out->edns_udp_size = (uint16_t)setup_option_number(source, view_body, "edns-udp-size", 0);
	if ((statement = s53_conf_find(body, "edns")) != NULL)
		out->edns = statement->value.boolean;
	if ((statement = s53_conf_find(body, "tcp-only")) != NULL)
		out->tcp_only = statement->value.boolean;
	if ((statement = s53_conf_find(body, "use-caps-for-id")) != NULL)
		out->caps = statement->value.boolean ? S53_CAPS_YES : S53_CAPS_NO;
	if ((statement = s53_conf_find(body, "edns-udp-size")) != NULL)
		out->edns_udp_size = (uint16_t)statement->value.number;
	return find_source(builder, view_body, server, addr->family, &out->source);
}
