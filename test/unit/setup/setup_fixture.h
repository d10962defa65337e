/* SPDX-License-Identifier: ISC
 *
 * setup_fixture.h - the text of a named.conf as input, a snapshot as result, on a simulated
 * machine.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <cmocka.h>
#include <split53/setup.h>

#define INTERFACE_COUNT 4

/* "ADDR NETWORK" of each interface. */
static const char *const interface_texts[INTERFACE_COUNT][2] = {
	{ "127.0.0.1", "127.0.0.0/8" },
	{ "::1", "::1/128" },
	{ "192.0.2.10", "192.0.2.0/24" },
	{ "2001:db8::10", "2001:db8::/64" },
};

struct fixture {
	struct s53_options options;
	struct s53_diags diags;
	struct s53_source *source;
	struct s53_snapshot *snapshot;
	const struct s53_source *previous; /* that of the test, or NULL */
	struct s53_registry *registry;
	bool has_no_hosts; /* no address is known of any host name */
	struct s53_interface_addr interfaces[INTERFACE_COUNT];
	struct s53_addr_list foreign;
	uint64_t memory_octets; /* 0: this machine's */
	unsigned bad_nameserver_line;
	bool want_notes;
	const char *rndc_key; /* the text of BIND's key file; NULL: there is none */
	char resolv_conf[64];
	char zone_file[64];
};

static inline void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static inline int
fixture_new(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	s53_arena_init(&f->options.arena);
	s53_diags_init(&f->diags);
	for (unsigned i = 0; i < INTERFACE_COUNT; i++) {
		assert_int_equal(
		    s53_addr_parse(interface_texts[i][0], 0, &f->interfaces[i].addr), S53_OK);
		assert_int_equal(
		    s53_prefix_parse(interface_texts[i][1], &f->interfaces[i].network), S53_OK);
	}
	strcpy(f->resolv_conf, "/tmp/s53-resolv-XXXXXX");
	close(mkstemp(f->resolv_conf));
	strcpy(f->zone_file, "/tmp/s53-zone-XXXXXX");
	close(mkstemp(f->zone_file));
	f->registry = s53_registry_new();
	*state = f;
	return 0;
}

/* Free what was built; the machine stays. */
static inline void
fixture_reset(struct fixture *f)
{
	s53_snapshot_drop(f->snapshot);
	s53_source_free(f->source);
	f->snapshot = NULL;
	f->source = NULL;
	s53_diags_fini(&f->diags);
	s53_diags_init(&f->diags);
}

static inline int
fixture_free(void **state)
{
	struct fixture *f = *state;

	fixture_reset(f);
	s53_registry_free(f->registry);
	s53_diags_fini(&f->diags);
	s53_addr_list_fini(&f->foreign);
	s53_arena_fini(&f->options.arena);
	unlink(f->resolv_conf);
	unlink(f->zone_file);
	free(f);
	return 0;
}

/* The only host name that has addresses is localhost. */
static inline unsigned
known_addrs(const void *known, const char *name, struct s53_addr out[static S53_HOST_ADDRS_MAX])
{
	const struct fixture *f = known;

	if (f->has_no_hosts || strcasecmp(name, "localhost") != 0)
		return 0;
	assert_int_equal(s53_addr_parse("127.0.0.1", 0, &out[0]), S53_OK);
	return 1;
}

/* The nameservers of the file that a test has written in place of resolv.conf. */
static inline unsigned
read_nameservers(const struct fixture *f, struct s53_addr out[static S53_HOST_ADDRS_MAX])
{
	FILE *file = fopen(f->resolv_conf, "r");
	char text[S53_ADDR_TEXT];
	unsigned count = 0;

	assert_non_null(file);
	while (count < S53_HOST_ADDRS_MAX && fscanf(file, "nameserver %79s\n", text) == 1)
		assert_int_equal(s53_addr_parse(text, 53, &out[count++]), S53_OK);
	fclose(file);
	return count;
}

static inline enum s53_status
rebuild(struct fixture *f)
{
	struct s53_addr nameservers[S53_HOST_ADDRS_MAX];
	struct s53_setup_input input = {
		.options = &f->options,
		.source = f->source,
		.registry = f->registry,
		.hosts = { .addrs = known_addrs, .known = f },
		.resolv_conf = f->resolv_conf,
		.nameservers = nameservers,
		.nameserver_count = read_nameservers(f, nameservers),
		.bad_nameserver_line = f->bad_nameserver_line,
		.interfaces = f->interfaces,
		.interface_count = INTERFACE_COUNT,
		.foreign = &f->foreign,
		.previous = f->previous,
		.memory_octets = f->memory_octets,
		.want_notes = f->want_notes,
	};

	return s53_setup(&input, &f->diags, &f->snapshot);
}

/* The text of the file, with the text of the options before it. */
static inline enum s53_status
try_build(struct fixture *f, const char *text)
{
	char *flags;

	fixture_reset(f);
	f->source = calloc(1, sizeof(*f->source));
	assert_non_null(f->source);
	if (s53_conf_parse("t.conf", text, strlen(text), &f->diags, &f->source->file) != S53_OK) {
		s53_diags_print(&f->diags, stderr);
		fail_msg("the text of the test is wrong");
	}
	if (f->rndc_key != NULL)
		assert_int_equal(s53_conf_parse("rndc.key", f->rndc_key, strlen(f->rndc_key),
				     &f->diags, &f->source->rndc_key),
		    S53_OK);
	f->options.config_path = "t.conf";
	flags = s53_options_text(&f->options);
	if (flags == NULL)
		fail_msg("%s", f->options.error);
	else if (*flags != '\0')
		assert_int_equal(s53_conf_parse(S53_FLAGS_NAME, flags, strlen(flags), &f->diags,
				     &f->source->flags),
		    S53_OK);
	free(flags);
	return rebuild(f);
}

static inline void
build(struct fixture *f, const char *text)
{
	if (try_build(f, text) != S53_OK) {
		s53_diags_print(&f->diags, stderr);
		fail_msg("not built");
	}
}

static inline const struct s53_view *
view_at(const struct fixture *f, unsigned index)
{
	assert_true(index < f->snapshot->policy.view_count);
	return &f->snapshot->policy.views[index];
}

static inline const struct s53_route *
route_at(const struct fixture *f, unsigned view, const char *name)
{
	struct s53_name parsed;
	const struct s53_route *route;

	assert_int_equal(s53_name_parse(name, &parsed), S53_OK);
	route = s53_routes_find(view_at(f, view)->routes, &parsed);
	assert_non_null(route);
	return route;
}

/* "127.0.0.1#8600", "no server", "local", "none", or "nothing" if not even the root has a route. */
static inline void
route_text(const struct s53_view *view, const char *name, char *text, size_t size)
{
	struct s53_name parsed;
	const struct s53_route *route;
	char addr[S53_ADDR_TEXT];
	size_t used = 0;

	assert_int_equal(s53_name_parse(name, &parsed), S53_OK);
	s53_name_lower(&parsed);
	route = s53_routes_find(view->routes, &parsed);
	snprintf(text, size, "%s",
	    route == NULL                           ? "nothing"
		: route->kind == S53_ROUTE_NONE     ? "none"
		: route->kind == S53_ROUTE_LOCAL    ? "local"
		: s53_group_size(route->group) == 0 ? "no server"
						    : "");
	if (route == NULL || route->kind != S53_ROUTE_FORWARD)
		return;
	for (unsigned i = 0; i < s53_group_size(route->group); i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? "" : " ",
		    s53_addr_print(s53_upstream_addr(s53_group_server(route->group, i)), addr));
}

static inline void
check_route_in(const struct fixture *f, unsigned view, const char *name, const char *expected)
{
	char text[512];

	route_text(view_at(f, view), name, text, sizeof(text));
	if (strcmp(text, expected) != 0)
		fail_msg("%s goes to %s, not to %s", name, text, expected);
}

static inline void
check_route(const struct fixture *f, const char *name, const char *expected)
{
	check_route_in(f, 0, name, expected);
}

static inline bool
allows(const struct s53_acl *acl, const char *client)
{
	struct s53_addr addr;

	assert_int_equal(s53_addr_parse(client, 0, &addr), S53_OK);
	return s53_acl_allows(acl, &addr);
}

static inline bool
has_diag(const struct fixture *f, enum s53_diag_kind kind, const char *part)
{
	for (const struct s53_diag *diag = f->diags.first; diag != NULL; diag = diag->next)
		if (diag->kind == kind && strstr(diag->text, part) != NULL)
			return true;
	s53_diags_print(&f->diags, stderr);
	return false;
}

/* Number of warnings, without the one that the file has no forwarders. */
static inline unsigned
warnings_of(const struct fixture *f)
{
	unsigned count = 0;

	for (const struct s53_diag *diag = f->diags.first; diag != NULL; diag = diag->next)
		count +=
		    diag->kind == S53_DIAG_WARNING && strstr(diag->text, "'forwarders") == NULL;
	return count;
}

static inline bool
listens(const struct fixture *f, const char *addr_port)
{
	struct s53_addr addr;

	assert_int_equal(s53_addr_parse_port(addr_port, 53, &addr), S53_OK);
	return s53_addr_list_has(&f->snapshot->ours, &addr);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)
