/* SPDX-License-Identifier: ISC
 *
 * itself.c - our own address as a server: a loop, or another view (which BIND allows).
 */
#include "builder.h"

/*
 * The source address of queries to one of this host's addresses: query-source, else what the
 * kernel chooses. For an interface with several addresses it chooses the first, which is not
 * known here: a loop that is missed because of that is detected when it happens (resolve/loop.h).
 */
static struct s53_addr
source_to(struct setup_builder *builder, const struct s53_conf_statement *view_body,
    const struct s53_addr *addr)
{
	struct s53_upstream_options options;
	struct s53_addr source = *addr;

	setup_server_options(builder, view_body, addr, &options);
	if (options.source.family == addr->family)
		return options.source;
	if (addr->family == AF_INET && s53_addr_is_loopback(addr))
		source.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return source;
}

bool
setup_is_itself(struct setup_builder *builder, const struct s53_conf_statement *view_body,
    const struct s53_addr *addr)
{
	const struct s53_source *conf = builder->input->source;
	const struct s53_view *view = builder->snapshot->policy.views;
	const struct s53_conf_statement *statement = s53_setup_next_view(conf, NULL);
	struct s53_addr source;

	if (!builder_is_ourselves(builder, addr))
		return false;
	if (statement == NULL)
		return true;
	source = source_to(builder, view_body, addr);
	for (; statement != NULL; statement = s53_setup_next_view(conf, statement), view++)
		if (s53_acl_allows(view->match_clients, &source) &&
		    s53_acl_allows(view->match_destinations, addr))
			return statement->body == view_body;
	return false;
}
