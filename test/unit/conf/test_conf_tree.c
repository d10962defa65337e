/* SPDX-License-Identifier: ISC
 *
 * test_conf_tree.c - the configuration tree has the contents that conf.h promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <split53/conf.h>

static struct s53_conf *
parse(const char *text)
{
	struct s53_conf *conf = NULL;
	struct s53_diags diags;
	enum s53_status status;

	s53_diags_init(&diags);
	status = s53_conf_parse("test.conf", text, strlen(text), &diags, &conf);
	if (status != S53_OK)
		s53_diags_print(&diags, stderr);
	s53_diags_fini(&diags);
	assert_int_equal(status, S53_OK);
	return conf;
}

static unsigned
errors_in(const char *text, size_t len)
{
	struct s53_conf *conf = NULL;
	struct s53_diags diags;
	unsigned count;

	s53_diags_init(&diags);
	(void)!s53_conf_parse("test.conf", text, len, &diags, &conf);
	count = diags.error_count;
	s53_diags_fini(&diags);
	s53_conf_free(conf);
	return count;
}

/* The statement at a path of names in the tree: "options/forwarders". */
static const struct s53_conf_statement *
at(const struct s53_conf *conf, const char *path)
{
	const struct s53_conf_statement *statement = s53_conf_top(conf);
	char name[64];
	size_t len;

	for (;;) {
		len = strcspn(path, "/");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		statement = s53_conf_find(statement, name);
		assert_non_null(statement);
		if (path[len] == '\0')
			return statement;
		path += len + 1;
		statement = statement->body;
	}
}

static void
forwarders_keep_the_lists_port_and_each_servers_own(void **state)
{
	struct s53_conf *conf = parse("options { forwarders port 5353 { 192.0.2.1; "
				      "2001:db8::1 port 54; dns.example; }; };");
	const struct s53_conf_value *value = &at(conf, "options/forwarders")->value;
	const struct s53_conf_peer *peer = value->peers;

	(void)state;
	assert_int_equal(value->type, S53_CONF_PEERS);
	assert_int_equal(value->port, 5353);
	assert_true(peer->is_address);
	assert_int_equal(peer->port, 0);
	assert_int_equal(s53_addr_port(&peer->addr), 0);
	peer = peer->next;
	assert_int_equal(peer->addr.family, AF_INET6);
	assert_int_equal(peer->port, 54);
	assert_int_equal(s53_addr_port(&peer->addr), 54);
	peer = peer->next;
	assert_false(peer->is_address);
	assert_string_equal(peer->text, "dns.example");
	assert_null(peer->next);
	s53_conf_free(conf);
}

static void
an_empty_list_of_forwarders_differs_from_none(void **state)
{
	struct s53_conf *conf = parse("zone \"x\" { type forward; forwarders { }; };");
	const struct s53_conf_statement *statement = at(conf, "zone/forwarders");

	(void)state;
	assert_int_equal(statement->value.type, S53_CONF_PEERS);
	assert_null(statement->value.peers);
	s53_conf_free(conf);
}

static void
a_zone_has_its_label_class_and_parent(void **state)
{
	struct s53_conf *conf = parse("view v { zone \"Consul.\" { type forward; forwarders { "
				      "}; }; };");
	const struct s53_conf_statement *zone = at(conf, "view/zone");

	(void)state;
	assert_string_equal(zone->label, "Consul.");
	assert_string_equal(zone->class_name, "IN");
	assert_string_equal(zone->parent->label, "v");
	assert_string_equal(zone->body->value.text, "forward");
	assert_int_equal(zone->place.line, 1);
	assert_int_equal(zone->place.column, 10);
	assert_string_equal(zone->place.file, "test.conf");
	s53_conf_free(conf);
}

static void
masters_means_primaries_wherever_it_is_valid(void **state)
{
	struct s53_conf *conf = parse("masters m { 192.0.2.1; };\n"
				      "zone \"x\" { type slave; masters { M; }; };");

	(void)state;
	assert_string_equal(at(conf, "zone/type")->value.text, "slave");
	assert_string_equal(at(conf, "zone/primaries")->value.peers->text, "M");
	assert_ptr_equal(s53_conf_servers(conf, "M"), at(conf, "primaries"));
	assert_null(s53_conf_servers(conf, "n"));
	s53_conf_free(conf);
}

static void
match_lists_have_prefixes_names_and_nested_lists(void **state)
{
	struct s53_conf *conf =
	    parse("acl a { 10/8; !{ 127.0.0.1; localhost; }; };\noptions { blackhole { A; }; };");
	const struct s53_conf_match *match = s53_conf_acl(conf, "A")->value.match;

	(void)state;
	assert_int_equal(match->kind, S53_MATCH_PREFIX);
	assert_int_equal(match->prefix.bits, 8);
	assert_false(match->negated);
	match = match->next;
	assert_true(match->negated);
	assert_int_equal(match->kind, S53_MATCH_LIST);
	assert_int_equal(match->list->prefix.bits, 32);
	assert_string_equal(match->list->next->name, "localhost");
	assert_string_equal(at(conf, "options/blackhole")->value.match->name, "A");
	s53_conf_free(conf);
}

static void
a_server_is_one_prefix(void **state)
{
	struct s53_conf *conf = parse("server 2001:db8::1 { edns no; };");
	const struct s53_conf_statement *server = at(conf, "server");

	(void)state;
	assert_string_equal(server->label, "2001:db8::1");
	assert_int_equal(server->value.type, S53_CONF_MATCH);
	assert_int_equal(server->value.match->prefix.bits, 128);
	assert_null(server->value.match->next);
	assert_false(at(conf, "server/edns")->value.boolean);
	s53_conf_free(conf);
}

static void
a_channel_has_its_parts_below_file(void **state)
{
	struct s53_conf *conf =
	    parse("logging { channel c { file \"f\" versions unlimited size 1k; severity debug 3; "
		  "print-time local; }; category queries { c; null; }; };");
	const struct s53_conf_statement *severity = at(conf, "logging/channel/severity");

	(void)state;
	assert_string_equal(at(conf, "logging/channel")->label, "c");
	assert_string_equal(at(conf, "logging/channel/file")->value.text, "f");
	assert_true(at(conf, "logging/channel/file/versions")->value.unlimited);
	assert_int_equal(at(conf, "logging/channel/file/size")->value.number, 1024);
	assert_string_equal(severity->value.text, "debug");
	assert_int_equal(severity->second.number, 3);
	assert_string_equal(at(conf, "logging/channel/print-time")->value.text, "local");
	assert_string_equal(at(conf, "logging/category")->value.words->next->text, "null");
	s53_conf_free(conf);
}

static void
a_quoted_word_is_distinguished_from_a_keyword(void **state)
{
	struct s53_conf *conf =
	    parse("options { version none; hostname \"none\"; pid-file \"p\"; };");

	(void)state;
	assert_false(at(conf, "options/version")->value.quoted);
	assert_true(at(conf, "options/hostname")->value.quoted);
	assert_string_equal(at(conf, "options/pid-file")->value.text, "p");
	s53_conf_free(conf);
}

static void
the_support_level_depends_on_the_statement_and_its_value(void **state)
{
	struct s53_conf *conf =
	    parse("options { lock-file \"d\"; auth-nxdomain yes; dnssec-validation auto; recursion "
		  "yes; forwarders { }; forward first; rate-limit { slip 2; }; };\n"
		  "view v { dnssec-validation no; auth-nxdomain no; };");

	(void)state;
	assert_int_equal(at(conf, "options/lock-file")->level, S53_CONF_IGNORED_HARMLESS);
	assert_int_equal(at(conf, "options/auth-nxdomain")->level, S53_CONF_IGNORED_DIFFERENT);
	assert_int_equal(at(conf, "options/dnssec-validation")->level, S53_CONF_IGNORED_SECURITY);
	assert_non_null(at(conf, "options/dnssec-validation")->why);
	assert_int_equal(at(conf, "options/recursion")->level, S53_CONF_SUPPORTED);
	assert_int_equal(at(conf, "options/forward")->level, S53_CONF_IGNORED_DIFFERENT);
	assert_int_equal(at(conf, "options/rate-limit/slip")->level, S53_CONF_IGNORED_SECURITY);
	assert_int_equal(at(conf, "view/dnssec-validation")->level, S53_CONF_SUPPORTED);
	assert_int_equal(at(conf, "view/auth-nxdomain")->level, S53_CONF_SUPPORTED);
	s53_conf_free(conf);
}

static void
a_listener_for_tls_is_marked_as_ignored(void **state)
{
	struct s53_conf *conf = parse("tls t { };\noptions { listen-on port 853 tls t { any; }; "
				      "listen-on tls none { any; }; };");
	const struct s53_conf_statement *listener = at(conf, "options/listen-on");

	(void)state;
	assert_int_equal(listener->level, S53_CONF_IGNORED_DIFFERENT);
	assert_string_equal(listener->value.tls, "t");
	assert_int_equal(listener->value.port, 853);
	listener = s53_conf_find(listener->next, "listen-on");
	assert_int_equal(listener->level, S53_CONF_SUPPORTED);
	assert_string_equal(listener->value.tls, "none");
	s53_conf_free(conf);
}

static void
timeouts_are_milliseconds_and_within_bounds(void **state)
{
	struct s53_conf *conf = parse("options { resolver-query-timeout 5; tcp-idle-timeout "
				      "9999; };\nview v { resolver-query-timeout 99999; };");

	(void)state;
	assert_int_equal(at(conf, "options/resolver-query-timeout")->value.number, 5000);
	assert_int_equal(at(conf, "options/tcp-idle-timeout")->value.number, 1200);
	assert_int_equal(at(conf, "view/resolver-query-timeout")->value.number, 30000);
	s53_conf_free(conf);
}

static void
query_source_has_no_port(void **state)
{
	struct s53_conf *conf =
	    parse("options { query-source address 192.0.2.1 port 53; query-source-v6 *; };");
	const struct s53_conf_value *value = &at(conf, "options/query-source")->value;

	(void)state;
	assert_int_equal(value->type, S53_CONF_ADDRESS);
	assert_int_equal(s53_addr_port(&value->addr), 0);
	value = &at(conf, "options/query-source-v6")->value;
	assert_int_equal(value->addr.family, AF_INET6);
	assert_true(s53_addr_is_any(&value->addr));
	s53_conf_free(conf);
}

static void
a_text_from_memory_cannot_include_files(void **state)
{
	static const char text[] = "include \"/dev/null\";";

	(void)state;
	assert_int_equal(errors_in(text, sizeof(text) - 1), 1);
}

static void
a_text_that_ends_within_a_statement_never_loads(void **state)
{
	static const char text[] = "options { recursion yes; forwarders { 192.0.2.1; }; };\n"
				   "zone \"consul\" { type forward; forward only; "
				   "forwarders { 127.0.0.1 port 8600; }; };";
	size_t whole = strcspn(text, "\n");

	(void)state;
	for (size_t len = 1; len < sizeof(text) - 1; len++)
		if (len != whole && len != whole + 1)
			assert_true(errors_in(text, len) > 0);
	assert_int_equal(errors_in(text, sizeof(text) - 1), 0);
}

static char *
repeat(const char *line, unsigned count, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s%u%s\n", line, i, " { type forward; forwarders { 192.0.2.1; }; };");
	fclose(out);
	return text;
}

static void
twenty_thousand_zones_are_checked_at_once(void **state)
{
	size_t len = 0;
	char *text = repeat("zone z", 20000, &len);

	(void)state;
	assert_int_equal(errors_in(text, len), 0);
	free(text);
}

/* A search for another statement skips a row of zones in one step. */
static void
statements_between_and_behind_zones_are_found(void **state)
{
	static const char text[] = "zone a { type hint; file x; }; zone b { type hint; file x; };"
				   "acl k { any; }; zone c { type hint; file x; };"
				   "zone d { type hint; file x; }; acl l { any; };"
				   "zone e { type hint; file x; }; options { recursion yes; };";
	static const char *const labels[] = { "a", "b", "c", "d", "e" };
	const struct s53_conf_statement *it;
	struct s53_diags diags;
	struct s53_conf *conf = NULL;
	unsigned count = 0;

	(void)state;
	s53_diags_init(&diags);
	assert_int_equal(s53_conf_parse("t", text, strlen(text), &diags, &conf), S53_OK);
	for (it = s53_conf_find(s53_conf_top(conf), "zone"); it != NULL;
	     it = s53_conf_find(it->next, "zone"))
		assert_string_equal(it->label, labels[count++]);
	assert_int_equal(count, 5);
	it = s53_conf_find(s53_conf_top(conf), "acl");
	assert_string_equal(it->label, "k");
	it = s53_conf_find(it->next->next, "acl"); /* from the middle of a row */
	assert_string_equal(it->label, "l");
	assert_null(s53_conf_find(it->next, "acl"));
	assert_null(s53_conf_find(s53_conf_top(conf), "view"));
	assert_string_equal(s53_conf_options(conf)->name, "recursion");
	s53_conf_free(conf);
	s53_diags_fini(&diags);
}

static void
errors_beyond_a_thousand_are_not_listed(void **state)
{
	size_t len = 0;
	char *text = repeat("zoen z", 20000, &len);

	(void)state;
	assert_int_equal(errors_in(text, len), 1001);
	free(text);
}

static void
endless_braces_are_one_error(void **state)
{
	size_t len = 1 << 20;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, '{', len);
	assert_true(errors_in(text, len) > 0);
	memcpy(text, "acl a ", 6);
	assert_true(errors_in(text, len) > 0);
	memset(text, ';', len);
	assert_true(errors_in(text, len) > 0);
	memset(text, '"', len);
	assert_true(errors_in(text, len) > 0);
	memset(text, 'a', len);
	assert_true(errors_in(text, len) > 0);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwarders_keep_the_lists_port_and_each_servers_own),
		cmocka_unit_test(an_empty_list_of_forwarders_differs_from_none),
		cmocka_unit_test(a_zone_has_its_label_class_and_parent),
		cmocka_unit_test(masters_means_primaries_wherever_it_is_valid),
		cmocka_unit_test(match_lists_have_prefixes_names_and_nested_lists),
		cmocka_unit_test(a_server_is_one_prefix),
		cmocka_unit_test(a_channel_has_its_parts_below_file),
		cmocka_unit_test(a_quoted_word_is_distinguished_from_a_keyword),
		cmocka_unit_test(the_support_level_depends_on_the_statement_and_its_value),
		cmocka_unit_test(a_listener_for_tls_is_marked_as_ignored),
		cmocka_unit_test(timeouts_are_milliseconds_and_within_bounds),
		cmocka_unit_test(query_source_has_no_port),
		cmocka_unit_test(a_text_from_memory_cannot_include_files),
		cmocka_unit_test(a_text_that_ends_within_a_statement_never_loads),
		cmocka_unit_test(twenty_thousand_zones_are_checked_at_once),
		cmocka_unit_test(statements_between_and_behind_zones_are_found),
		cmocka_unit_test(errors_beyond_a_thousand_are_not_listed),
		cmocka_unit_test(endless_braces_are_one_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
