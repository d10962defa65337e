/* SPDX-License-Identifier: ISC
 *
 * dry_run.c - reads and builds a configuration without serving it.
 *
 * No query is sent: host names have the addresses that /etc/hosts has for them.
 */
#include <stdlib.h>
#include <string.h>

#include <split53/hosts.h>
#include <split53/inspect.h>

#include "explain.h"

static unsigned
addrs_in_file(const void *known, const char *name, struct s53_addr out[static S53_HOST_ADDRS_MAX])
{
	(void)known;
	return s53_hosts_addrs(NULL, name, out);
}

static enum s53_status
build(struct s53_dry_run *dry_run)
{
	struct s53_addr nameservers[S53_HOST_ADDRS_MAX];
	struct s53_setup_input input = {
		.options = dry_run->options,
		.source = dry_run->source,
		.registry = dry_run->registry,
		.hosts = { .addrs = addrs_in_file },
		.resolv_conf = s53_resolv_conf_path(),
		.nameservers = nameservers,
		.want_notes = true,
	};

	input.nameserver_count =
	    s53_resolv_conf_read(input.resolv_conf, nameservers, &input.bad_nameserver_line);
	if (s53_interfaces(&dry_run->interfaces, &input.interface_count) != S53_OK)
		input.interface_count = 0; /* localnets is then empty: good enough for a dry run */
	input.interfaces = dry_run->interfaces;
	return s53_setup(&input, &dry_run->diags, &dry_run->snapshot);
}

enum s53_status
s53_dry_run(struct s53_options *options, struct s53_dry_run *dry_run)
{
	enum s53_status status;

	memset(dry_run, 0, sizeof(*dry_run));
	dry_run->options = options;
	s53_diags_init(&dry_run->diags);
	status = s53_source_load(options, &dry_run->diags, &dry_run->source);
	if (status != S53_OK)
		return status;
	dry_run->registry = s53_registry_new();
	if (dry_run->registry == NULL)
		return S53_E_NOMEM;
	return build(dry_run);
}

void
s53_dry_run_fini(struct s53_dry_run *dry_run)
{
	s53_snapshot_drop(dry_run->snapshot);
	s53_source_free(dry_run->source);
	s53_registry_free(dry_run->registry);
	free(dry_run->interfaces);
	s53_diags_fini(&dry_run->diags);
}
