/* SPDX-License-Identifier: ISC
 *
 * test_json.c - the JSON is what bind_exporter takes: maps of unsigned numbers, and times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stats/json.h>

#include "fixture.h"

static struct json_object *
collect(const struct fixture *f, unsigned parts)
{
	struct s53_stats *stats = s53_stats_collect(&f->source);
	struct json_object *json;

	assert_non_null(stats);
	json = s53_stats_json(stats, parts);
	assert_non_null(json);
	s53_stats_free(stats);
	return json;
}

static struct json_object *
member(struct json_object *object, const char *name)
{
	struct json_object *found = NULL;

	if (!json_object_object_get_ex(object, name, &found))
		fail_msg("no member %s in %s", name, json_object_to_json_string(object));
	return found;
}

static void
assert_numbers(struct json_object *map)
{
	json_object_object_foreach(map, name, number)
	{
		if (!json_object_is_type(number, json_type_int) ||
		    json_object_get_int64(number) < 0)
			fail_msg("%s is no unsigned number", name);
	}
}

static void
the_maps_of_the_server_are_unsigned_numbers(void **state)
{
	static const char *const maps[] = { "opcodes", "qtypes", "nsstats", "rcodes", "zonestats" };
	struct json_object *json, *resolver;
	struct fixture f;

	(void)state;
	fixture_new(&f, "_default", "other");
	fixture_zone(&f, 0, "consul", false);
	s53_tally_book_use(f.book, &f.policy);
	s53_count_many(&f.counters[1], S53_C_ANSWER_NXDOMAIN, 7);
	json = collect(&f, S53_JSON_SERVER);
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		assert_numbers(member(json, maps[i]));
	assert_int_equal(json_object_get_int64(member(member(json, "rcodes"), "NXDOMAIN")), 7);
	assert_string_equal(
	    json_object_get_string(member(json, "boot-time")), "2023-11-14T22:13:20.123Z");
	resolver = member(member(member(json, "views"), "_default"), "resolver");
	assert_numbers(member(resolver, "stats"));
	assert_numbers(member(resolver, "cache"));
	assert_numbers(member(resolver, "qtypes"));
	json_object_put(json);
	fixture_free(&f);
}

/* Each response is in one bucket, as bind_exporter adds them up itself. */
static void
round_trip_times_are_in_binds_buckets(void **state)
{
	static const struct {
		const char *name;
		uint64_t rtt_ns;
	} rows[] = { { "QryRTT10", 10000000 }, { "QryRTT100", 10000001 },
		{ "QryRTT500", 500000000 }, { "QryRTT1000", 600000000 },
		{ "QryRTT2000", 1500000000 }, { "QryRTT2000+", UINT64_C(60000000000) } };
	struct json_object *json, *stats;
	struct s53_upstream *server;
	struct fixture f;

	(void)state;
	fixture_new(&f, "_default", "other");
	fixture_zone(&f, 0, "consul", false);
	s53_tally_book_use(f.book, &f.policy);
	server = fixture_server(&f, "192.0.2.1", false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t times = 0; times <= i; times++)
			s53_upstream_count_response(server, 0, rows[i].rtt_ns);
	json = collect(&f, S53_JSON_ALL);
	stats = member(member(member(member(json, "views"), "_default"), "resolver"), "stats");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(json_object_get_int64(member(stats, rows[i].name)), i + 1);
	json_object_put(json);
	s53_upstream_drop(server);
	fixture_free(&f);
}

static void
zones_are_listed_by_view(void **state)
{
	struct json_object *json, *zones;
	struct fixture f;

	(void)state;
	fixture_new(&f, "inside", "outside");
	fixture_zone(&f, 0, "consul", false);
	fixture_zone(&f, 1, "example.com", false);
	fixture_zone(&f, 1, "10.in-addr.arpa", true);
	s53_tally_book_use(f.book, &f.policy);
	json = collect(&f, S53_JSON_ZONES);
	zones = member(member(member(json, "views"), "inside"), "zones");
	assert_int_equal(json_object_array_length(zones), 1);
	assert_string_equal(
	    json_object_get_string(member(json_object_array_get_idx(zones, 0), "name")), "consul");
	assert_string_equal(
	    json_object_get_string(member(json_object_array_get_idx(zones, 0), "class")), "IN");
	zones = member(member(member(json, "views"), "outside"), "zones");
	assert_int_equal(json_object_array_length(zones), 2);
	json_object_put(json);
	fixture_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_maps_of_the_server_are_unsigned_numbers),
		cmocka_unit_test(round_trip_times_are_in_binds_buckets),
		cmocka_unit_test(zones_are_listed_by_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
