/* SPDX-License-Identifier: ISC
 *
 * test_setup_no_forwarders.c - a configuration without `forwarders`: which servers are used, and
 * which warning there is.
 */
#include "setup_fixture.h"

/* The first warning of this class, or NULL. */
static const struct s53_diag *
warning(const struct fixture *f, enum s53_diag_class class)
{
	const struct s53_diag *diag = f->diags.first;

	while (diag != NULL && (diag->kind != S53_DIAG_WARNING || diag->class != class))
		diag = diag->next;
	return diag;
}

static void
without_any_nameserver_those_of_google_are_used_with_a_warning(void **state)
{
	struct fixture *f = *state;

	build(f, "options { };");
	check_route(f, "example.com", "8.8.8.8#53 8.8.4.4#53");
	assert_string_equal(warning(f, S53_DIAG_PLAIN)->text,
	    "no usable 'nameserver' was found, and no 'forwarders' are configured: queries go to "
	    "8.8.8.8 and 8.8.4.4 (Google Public DNS); set 'forwarders { ADDRESS; };'");
	assert_string_equal(warning(f, S53_DIAG_PLAIN)->place.file, f->resolv_conf);
	assert_non_null(
	    strstr(warning(f, S53_DIAG_DIFFERS)->text, "queries to 8.8.8.8 and 8.8.4.4;"));
}

static void
without_a_file_the_warning_names_the_flag_to_use(void **state)
{
	struct fixture *f = *state;

	build(f, "");
	s53_conf_free(f->source->file);
	f->source->file = NULL;
	s53_snapshot_drop(f->snapshot);
	f->snapshot = NULL;
	s53_diags_fini(&f->diags);
	assert_int_equal(rebuild(f), S53_OK);
	assert_non_null(
	    strstr(warning(f, S53_DIAG_PLAIN)->text, "; start split53 with --forwarder"));
	assert_null(warning(f, S53_DIAG_DIFFERS));
}

static void
the_warning_names_the_servers_that_are_used_instead(void **state)
{
	struct fixture *f = *state;
	char wanted[512];

	write_file(f->resolv_conf, "nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
	build(f, "\noptions { recursion yes; };");
	snprintf(wanted, sizeof(wanted),
	    "'forwarders' [differs]: not set, so that BIND resolves from the root servers; split53 "
	    "sends queries to 192.0.2.1#53, 192.0.2.2#53 of %s; set 'forwarders { ADDRESS; };' to "
	    "choose others",
	    f->resolv_conf);
	assert_string_equal(warning(f, S53_DIAG_DIFFERS)->text, wanted);
	assert_int_equal(warning(f, S53_DIAG_DIFFERS)->place.line, 2);
	assert_null(warning(f, S53_DIAG_PLAIN));
	snprintf(wanted, sizeof(wanted),
	    "forwarding to the nameservers of %s: 192.0.2.1#53, 192.0.2.2#53", f->resolv_conf);
	assert_true(has_diag(f, S53_DIAG_NOTICE, wanted));
}

static void
a_configuration_of_a_full_resolver_is_warned_of(void **state)
{
	static const char *const texts[] = { "options { };", "options { recursion yes; };",
		"zone \".\" { type hint; file \"root\"; };",
		("options { allow-recursion { any; }; };"
		 "zone \"x\" { type slave; primaries { 192.0.2.9; }; };"),
		"zone \"consul\" { type forward; forwarders { 192.0.2.9; }; };",
		"view \"v\" { match-clients { any; }; };" };
	struct fixture *f = *state;

	write_file(f->resolv_conf, "nameserver 192.0.2.1\n");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		build(f, texts[i]);
		assert_true(has_diag(f, S53_DIAG_WARNING, "'forwarders' [differs]"));
	}
}

/* Even with servers in resolv.conf there is nothing to warn of. */
static void
forwarders_or_no_recursion_or_zones_alone_are_not_warned_of(void **state)
{
	static const char *const texts[] = { "options { recursion no; };",
		"options { forwarders { 192.0.2.9; }; };",
		"zone \".\" { type forward; forwarders { 192.0.2.9; }; };",
		"zone \"x\" { type slave; primaries { 192.0.2.9; }; };" };
	struct fixture *f = *state;

	write_file(f->resolv_conf, "nameserver 192.0.2.1\n");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		build(f, texts[i]);
		for (const struct s53_diag *it = f->diags.first; it != NULL; it = it->next)
			assert_null(strstr(it->text, "'forwarders'"));
	}
}

static void
a_resolv_conf_with_this_host_alone_is_warned_of(void **state)
{
	struct fixture *f = *state;

	write_file(f->resolv_conf, "nameserver 127.0.0.1\n");
	build(f, "options { listen-on { 127.0.0.1; }; };");
	check_route(f, "example.com", "8.8.8.8#53 8.8.4.4#53");
	assert_non_null(strstr(warning(f, S53_DIAG_PLAIN)->text,
	    "the only nameserver is split53 itself (127.0.0.1#53), and no 'forwarders' are "
	    "configured: queries go to 8.8.8.8 and 8.8.4.4"));
}

static void
a_broken_nameserver_line_is_warned_of_where_the_file_is_used(void **state)
{
	struct fixture *f = *state;

	write_file(f->resolv_conf, "nameserver 192.0.2.1\n");
	f->bad_nameserver_line = 3;
	build(f, "options { };");
	assert_int_equal(warning(f, S53_DIAG_PLAIN)->place.line, 3);
	build(f, "options { forwarders { 192.0.2.9; }; };");
	assert_null(warning(f, S53_DIAG_PLAIN));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_any_nameserver_those_of_google_are_used_with_a_warning),
		TEST(without_a_file_the_warning_names_the_flag_to_use),
		TEST(the_warning_names_the_servers_that_are_used_instead),
		TEST(a_configuration_of_a_full_resolver_is_warned_of),
		TEST(forwarders_or_no_recursion_or_zones_alone_are_not_warned_of),
		TEST(a_resolv_conf_with_this_host_alone_is_warned_of),
		TEST(a_broken_nameserver_line_is_warned_of_where_the_file_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
