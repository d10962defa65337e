/* SPDX-License-Identifier: ISC
 *
 * rehearsal.c - build everything, serve nothing.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include <split53/inspect.h>

#include "explain.h"

static enum s53_status
build(struct s53_dry_run *rehearsal)
{
	const char *resolv_conf = getenv("SPLIT53_RESOLV_CONF");
	struct s53_setup_input input = {
		.options = rehearsal->options,
		.source = rehearsal->source,
		.registry = rehearsal->registry,
		.hosts = rehearsal->hosts,
		.resolv_conf =
		    resolv_conf != NULL && *resolv_conf != '\0' ? resolv_conf : "/etc/resolv.conf",
		.ours = &rehearsal->ours,
		.want_notes = true,
	};

	if (s53_interfaces(&rehearsal->interfaces, &input.interface_count) != S53_OK)
		input.interface_count = 0; /* localnets is then empty: enough for looking */
	input.interfaces = rehearsal->interfaces;
	return s53_setup(&input, &rehearsal->diags, &rehearsal->snapshot);
}

static void
on_change(void *arg)
{
	(void)arg; /* the loop never runs */
}

enum s53_status
s53_dry_run(struct s53_options *options, struct s53_dry_run *rehearsal)
{
	enum s53_status status;

	memset(rehearsal, 0, sizeof(*rehearsal));
	rehearsal->options = options;
	s53_diags_init(&rehearsal->diags);
	status = s53_source_load(options, &rehearsal->diags, &rehearsal->source);
	if (status != S53_OK)
		return status;
	rehearsal->base = event_base_new();
	rehearsal->registry = s53_registry_new();
	if (rehearsal->base == NULL || rehearsal->registry == NULL)
		return S53_E_NOMEM;
	rehearsal->hosts = s53_hosts_new(rehearsal->base, on_change, NULL);
	if (rehearsal->hosts == NULL)
		return S53_E_NOMEM;
	return build(rehearsal);
}

void
s53_dry_run_fini(struct s53_dry_run *rehearsal)
{
	s53_hosts_free(rehearsal->hosts);
	s53_snapshot_drop(rehearsal->snapshot);
	s53_source_free(rehearsal->source);
	s53_registry_free(rehearsal->registry);
	if (rehearsal->base != NULL)
		event_base_free(rehearsal->base);
	free(rehearsal->interfaces);
	s53_addr_list_fini(&rehearsal->ours.addrs);
	s53_addr_list_fini(&rehearsal->ours.foreign);
	s53_diags_fini(&rehearsal->diags);
}
