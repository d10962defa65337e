/* SPDX-License-Identifier: ISC
 *
 * test_setup_zone_file.c - a zone file that cannot be loaded affects only its own zone.
 */
#include "setup_fixture.h"
#include "unbuildable.h"

#include <split53/zone.h>

#define GOOD_ZONE "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
#define BROKEN_ZONE "$TTL 60\n@ SOA ns host 1 2 3 4 5\nns A nonsense\n"

/* Write a configuration with the zone `corp` and the fixture's zone file to `text`. */
static const char *
with_zone(const struct fixture *f, const char *more)
{
	static char text[512];

	snprintf(text, sizeof(text),
	    "options { forwarders { 198.51.100.1; }; };"
	    "zone \"corp\" { type primary; file \"%s\"; }; %s",
	    f->zone_file, more);
	return text;
}

static bool
has_message(const struct fixture *f, enum s53_diag_kind kind, const char *text)
{
	for (const struct s53_diag *it = f->diags.first; it != NULL; it = it->next)
		if (it->kind == kind && strstr(it->text, text) != NULL)
			return true;
	return false;
}

static void
a_zone_with_a_broken_file_has_no_data(void **state)
{
	struct fixture *f = *state;

	write_file(f->zone_file, BROKEN_ZONE);
	build(f, with_zone(f, "zone \"other\" { type forward; forwarders { 198.51.100.2; }; };"));
	assert_int_equal(f->diags.error_count, 2);
	assert_true(has_message(f, S53_DIAG_ERROR, "its names get SERVFAIL"));
	assert_int_equal(route_at(f, 0, "www.corp")->kind, S53_ROUTE_LOCAL);
	assert_null(route_at(f, 0, "www.corp")->zone);
	assert_int_equal(route_at(f, 0, "www.other")->kind, S53_ROUTE_FORWARD);
}

static void
another_error_still_fails(void **state)
{
	struct fixture *f = *state;
	char zone[128];

	write_file(f->zone_file, BROKEN_ZONE);
	snprintf(zone, sizeof(zone), "zone \"corp\" { type primary; file \"%s\"; };", f->zone_file);
	assert_int_equal(try_build(f, unbuildable(zone)), S53_E_SYNTAX);
}

/* From one source, so that a change of the machine reads no file. */
static void
a_rebuild_neither_reads_a_broken_file_again_nor_repeats_its_errors(void **state)
{
	struct fixture *f = *state;

	write_file(f->zone_file, BROKEN_ZONE);
	build(f, with_zone(f, ""));
	write_file(f->zone_file, GOOD_ZONE);
	s53_snapshot_drop(f->snapshot);
	f->snapshot = NULL;
	assert_int_equal(rebuild(f), S53_OK);
	assert_int_equal(f->diags.error_count, 2);
	assert_null(route_at(f, 0, "www.corp")->zone);
}

/* As in BIND, if the file name is the same. */
static void
a_zone_keeps_its_previously_loaded_data(void **state)
{
	struct s53_source *sources[2];
	struct fixture *f = *state;
	const struct s53_zone *zone;

	write_file(f->zone_file, GOOD_ZONE);
	build(f, with_zone(f, ""));
	zone = route_at(f, 0, "corp")->zone;
	write_file(f->zone_file, BROKEN_ZONE);
	for (unsigned i = 0; i < 2; i++) {
		f->previous = sources[i] = f->source;
		f->source = NULL;
		build(f, with_zone(f, ""));
		assert_ptr_equal(route_at(f, 0, "corp")->zone, zone);
		assert_true(has_message(f, S53_DIAG_ERROR, "before stays in use"));
	}
	unlink(f->zone_file);
	f->zone_file[5]++;
	build(f, with_zone(f, ""));
	assert_null(route_at(f, 0, "corp")->zone);
	for (unsigned i = 0; i < 2; i++)
		s53_source_free(sources[i]);
}

static void
names_of_an_exempt_zone_are_answered_from_a_root_zone_with_a_file(void **state)
{
	struct fixture *f = *state;
	char text[512];

	write_file(f->zone_file, GOOD_ZONE);
	snprintf(text, sizeof(text),
	    "zone \".\" { type primary; file \"%s\"; };"
	    "zone \"below\" { type forward; forwarders { }; };",
	    f->zone_file);
	build(f, text);
	assert_int_equal(route_at(f, 0, "www.below")->kind, S53_ROUTE_LOCAL);
	assert_non_null(route_at(f, 0, "www.below")->zone);
	assert_ptr_equal(route_at(f, 0, "www.below")->zone, route_at(f, 0, "any")->zone);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)
		TEST(a_zone_with_a_broken_file_has_no_data),
		TEST(another_error_still_fails),
		TEST(a_rebuild_neither_reads_a_broken_file_again_nor_repeats_its_errors),
		TEST(a_zone_keeps_its_previously_loaded_data),
		TEST(names_of_an_exempt_zone_are_answered_from_a_root_zone_with_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
