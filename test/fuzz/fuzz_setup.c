/* SPDX-License-Identifier: ISC
 *
 * fuzz_setup.c - every named.conf that loads can be built and explained, on a machine with two
 * addresses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inspect/explain.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

/* Zone files are fuzzed elsewhere; here no name may lead to a file of the machine. */
static bool
names_a_file(const struct s53_conf_statement *first)
{
	for (; first != NULL; first = first->next)
		if (strcmp(first->name, "file") == 0 || names_a_file(first->body))
			return true;
	return false;
}

static void
explain(struct s53_dry_run *dry_run)
{
	static const char *const names[] = { "a.consul", "www.example.com",
		"1.0.0.10.in-addr.arpa" };
	const struct s53_options *given = dry_run->options;
	struct s53_options options = *given;
	FILE *out = fopen("/dev/null", "w");

	S53_ASSERT(out != NULL);
	s53_explain_all(dry_run, out);
	dry_run->options = &options;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		options.explain_name = names[i];
		options.explain_client = i == 1 ? "2001:db8::7" : "192.0.2.7";
		S53_ASSERT(s53_explain_name(dry_run, out));
	}
	dry_run->options = given;
	fclose(out);
}

/* Each server of each group has one health check, with values in range. */
static void
look_at_route(const struct s53_route *route, void *arg)
{
	const struct s53_snapshot *snapshot = arg;

	if (route->kind != S53_ROUTE_FORWARD)
		return;
	for (unsigned i = 0; i < s53_group_size(route->group); i++) {
		struct s53_upstream *upstream = s53_group_server(route->group, i);
		unsigned count = 0;

		for (const struct s53_snapshot_check *it = snapshot->checks; it != NULL;
		     it = it->next)
			count += it->upstream == upstream;
		S53_ASSERT(count == 1);
		S53_ASSERT(s53_group_tier(route->group, i) >= 1);
	}
}

static void
look_at_checks(const struct s53_snapshot *snapshot)
{
	for (const struct s53_snapshot_check *it = snapshot->checks; it != NULL; it = it->next) {
		S53_ASSERT(it->check.interval_s >= 1);
		S53_ASSERT(it->check.interval_s <= it->check.interval_max_s);
		S53_ASSERT(it->check.accept != 0 && it->check.type != 0);
		S53_ASSERT(it->check.name.len > 0 && it->check.timeout_ms >= 20);
		S53_ASSERT(it->check.rise >= 1 && it->check.fall >= 1);
	}
	for (unsigned i = 0; i < snapshot->policy.view_count; i++)
		s53_routes_each(
		    snapshot->policy.views[i].routes, look_at_route, (void *)(uintptr_t)snapshot);
}

static void
build(struct s53_dry_run *dry_run)
{
	struct s53_interface_addr interfaces[2];
	const struct s53_setup_input input = {
		.options = dry_run->options,
		.source = dry_run->source,
		.registry = dry_run->registry,
		.resolv_conf = "/dev/null",
		.interfaces = interfaces,
		.interface_count = 2,
		.want_notes = true,
		.memory_octets = (uint64_t)1 << 30,
	};

	S53_ASSERT(s53_addr_parse("127.0.0.1", 0, &interfaces[0].addr) == S53_OK);
	S53_ASSERT(s53_prefix_parse("127.0.0.0/8", &interfaces[0].network) == S53_OK);
	S53_ASSERT(s53_addr_parse("2001:db8::1", 0, &interfaces[1].addr) == S53_OK);
	S53_ASSERT(s53_prefix_parse("2001:db8::/64", &interfaces[1].network) == S53_OK);
	if (s53_setup(&input, &dry_run->diags, &dry_run->snapshot) == S53_OK) {
		look_at_checks(dry_run->snapshot);
		explain(dry_run);
	} else {
		S53_ASSERT(dry_run->diags.error_count > 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	const struct s53_options options = { .config_shown = "fuzz" };
	struct s53_dry_run dry_run = { .options = &options };

	s53_diags_init(&dry_run.diags);
	dry_run.source = calloc(1, sizeof(*dry_run.source));
	dry_run.registry = s53_registry_new();
	S53_ASSERT(dry_run.source != NULL && dry_run.registry != NULL);
	if (s53_conf_parse("fuzz", (const char *)octets, len, &dry_run.diags,
		&dry_run.source->file) == S53_OK &&
	    !names_a_file(s53_conf_top(dry_run.source->file)))
		build(&dry_run);
	s53_dry_run_fini(&dry_run);
	return 0;
}
