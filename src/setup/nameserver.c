/* SPDX-License-Identifier: ISC
 *
 * nameserver.c - the nameservers of resolv.conf, and the servers to query for host names.
 */
#include "builder.h"

const struct s53_snapshot_servers *
setup_nameservers(struct setup_builder *builder)
{
	const struct s53_setup_input *input = builder->input;
	struct s53_snapshot_servers *out = &builder->snapshot->nameservers;

	if (builder->snapshot->uses_resolv_conf)
		return out;
	builder->snapshot->uses_resolv_conf = true;
	if (input->bad_nameserver_line != 0)
		builder_warn(builder,
		    (struct s53_place){
			.file = input->resolv_conf, .line = input->bad_nameserver_line },
		    "this 'nameserver' has no IP address and is ignored");
	for (unsigned i = 0; i < input->nameserver_count && out->count < S53_HOST_ADDRS_MAX; i++)
		if (!builder_is_ourselves(builder, &input->nameservers[i]))
			out->addrs[out->count++] = input->nameservers[i];
	return out;
}

void
setup_nameservers_of_hosts(struct setup_builder *builder, const struct s53_conf_value *value)
{
	struct s53_snapshot_servers *out = &builder->snapshot->host_servers;

	if (builder->host_servers_chosen)
		return;
	builder->host_servers_chosen = true;
	out->count = 0;
	for (const struct s53_conf_peer *peer = value->peers;
	     peer != NULL && out->count < S53_HOST_ADDRS_MAX; peer = peer->next) {
		struct s53_addr *addr = &out->addrs[out->count];
		uint16_t port = peer->port != 0 ? peer->port : value->port;

		if (!peer->is_address)
			continue;
		*addr = peer->addr;
		s53_addr_set_port(addr, port != 0 ? port : S53_DNS_PORT);
		if (!builder_is_ourselves(builder, addr))
			out->count++;
	}
	if (out->count == 0)
		*out = *setup_nameservers(builder);
}
