/* SPDX-License-Identifier: ISC
 *
 * test_prometheus.c - the text formats of Prometheus: sums, labels, pieces, and the documentation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include <stats/prometheus.h>

#include "fixture.h"

/* All of it, in pieces of `len`. To be freed. */
static char *
render(const struct s53_stats *stats, bool openmetrics, size_t len)
{
	struct s53_exposition exposition = { .stats = stats, .openmetrics = openmetrics };
	struct s53_sink piece = { 0 }, all = { 0 };
	bool more = true;

	while (more) {
		more = s53_exposition_write(&exposition, &piece, len);
		assert_true(piece.len > 0 || !more);
		s53_sink_octets(&all, piece.octets, piece.len);
		piece.len = 0;
	}
	s53_sink_octets(&all, "", 1);
	assert_false(all.failed);
	s53_sink_fini(&piece);
	return all.octets;
}

static char *
collect(const struct fixture *f, bool openmetrics)
{
	struct s53_stats *stats = s53_stats_collect(&f->source);
	char *text;

	assert_non_null(stats);
	text = render(stats, openmetrics, SIZE_MAX);
	s53_stats_free(stats);
	return text;
}

static void
assert_line(const char *text, const char *line)
{
	char wanted[512];

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (strstr(text, wanted) == NULL)
		fail_msg("no line %s in:\n%s", line, text);
}

static void
counters_of_workers_are_summed_and_those_that_are_0_are_there(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	fixture_new(&f, "_default", "other");
	s53_count_many(&f.counters[0], S53_C_FIND_HIT, 5);
	s53_count_many(&f.counters[1], S53_C_FIND_HIT, 6);
	text = collect(&f, false);
	assert_line(text, "split53_find_hit_total 11");
	assert_line(text, "split53_find_miss_total 0");
	assert_line(text, "# TYPE split53_find_miss_total counter");
	assert_line(text, "split53_pending_queries_limit +Inf");
	assert_line(text, "process_start_time_seconds 1700000000.123000000");
	assert_line(text, "split53_config_reloads_total{result=\"ok\"} 2");
	free(text);
	fixture_free(&f);
}

static void
a_histogram_is_cumulative_and_ends_with_all(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	fixture_new(&f, "_default", "other");
	s53_histogram_count(&f.counters[0].latency[S53_LATENCY_HIT], 1500, 64);
	s53_histogram_count(&f.counters[1].latency[S53_LATENCY_HIT], 20000000000, 1);
	text = collect(&f, true);
#define NAME "split53_answer_latency_seconds"
	assert_line(text, NAME "_bucket{source=\"cache\",le=\"1e-06\"} 0");
	assert_line(text, NAME "_bucket{source=\"cache\",le=\"2e-06\"} 64");
	assert_line(text, NAME "_bucket{source=\"cache\",le=\"10.0\"} 64");
	assert_line(text, NAME "_bucket{source=\"cache\",le=\"+Inf\"} 65");
	assert_line(text, NAME "_count{source=\"cache\"} 65");
	assert_line(text, NAME "_sum{source=\"cache\"} 20.000096000");
	free(text);
	fixture_free(&f);
}

static void
zones_and_views_are_labelled_and_escaped(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	fixture_new(&f, "in\"si\\de", "\xc3\xa4");
	fixture_zone(&f, 0, "consul", false);
	fixture_zone(&f, 0, "10.in-addr.arpa", true);
	fixture_zone(&f, 0, "11.in-addr.arpa", true);
	fixture_zone(&f, 1, "a\\\"b", false);
	s53_tally_book_use(f.book, &f.policy);
	for (unsigned i = 0; i < WORKERS; i++)
		s53_tally_count(
		    s53_tallies_get(&f.counters[i].tallies, fixture_number(&f, 0, "consul")),
		    S53_TALLY_HITS);
	text = collect(&f, false);
#define VIEW "view=\"in\\\"si\\\\de\""
	assert_line(text, "split53_zone_hits_total{" VIEW ",zone=\"consul\",kind=\"forward\"} 2");
	assert_line(text, "split53_zone_hits_total{" VIEW ",zone=\"\",kind=\"builtin\"} 0");
	assert_line(text, "split53_view_hits_total{" VIEW "} 2");
	assert_line(text, "split53_view_hits_total{view=\"\\\\xc3\\\\xa4\"} 0");
	assert_line(text,
	    "split53_zone_failures_total{view=\"\\\\xc3\\\\xa4\",zone="
	    "\"a\\\\\\\"b\",kind=\"forward\",cause=\"limit\"} 0");
	free(text);
	fixture_free(&f);
}

static void
servers_of_one_address_differ_in_their_variant(void **state)
{
	struct fixture f;
	struct s53_upstream *servers[3];
	char *text;

	(void)state;
	fixture_new(&f, "_default", "other");
	servers[0] = fixture_server(&f, "192.0.2.1", false);
	servers[1] = fixture_server(&f, "192.0.2.2", false);
	servers[2] = fixture_server(&f, "192.0.2.1", true);
	s53_upstream_count(servers[2], S53_TRAFFIC_TCP);
	s53_upstream_count_response(servers[1], 3, 30000000);
	text = collect(&f, false);
#define QUERIES "split53_upstream_queries_total{server=\"192.0.2.1#53\""
	assert_line(text, QUERIES ",over=\"tcp\"} 0");
	assert_line(text, QUERIES ",variant=\"2\",over=\"tcp\"} 1");
	assert_line(text, "split53_upstream_rtt_seconds_sum{server=\"192.0.2.2#53\"} 0.030000000");
	assert_line(
	    text, "split53_upstream_responses_total{server=\"192.0.2.2#53\",rcode=\"nxdomain\"} 1");
	assert_line(text,
	    "split53_upstream_state{server=\"192.0.2.2#53\",over=\"udp\",state="
	    "\"up\"} 1");
	free(text);
	for (unsigned i = 0; i < 3; i++)
		s53_upstream_drop(servers[i]);
	fixture_free(&f);
}

static void
pieces_of_any_length_are_the_same_text(void **state)
{
	static const size_t lens[] = { 1, 100, 4096 };
	struct fixture f;
	struct s53_upstream *server;
	struct s53_stats *stats;

	(void)state;
	fixture_new(&f, "_default", "other");
	server = fixture_server(&f, "192.0.2.1", false);
	fixture_zone(&f, 0, "consul", false);
	s53_tally_book_use(f.book, &f.policy);
	stats = s53_stats_collect(&f.source);
	for (unsigned openmetrics = 0; openmetrics < 2; openmetrics++) {
		char *whole = render(stats, openmetrics, SIZE_MAX);

		for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			char *text = render(stats, openmetrics, lens[i]);

			assert_string_equal(text, whole);
			free(text);
		}
		assert_int_equal(strstr(whole, "# EOF\n") != NULL, openmetrics);
		free(whole);
	}
	s53_stats_free(stats);
	s53_upstream_drop(server);
	fixture_free(&f);
}

static void
a_zone_keeps_its_number_while_it_is_gone_and_its_view_never_falls(void **state)
{
	struct fixture f;
	struct s53_routes *routes;
	uint32_t number;
	char *text;

	(void)state;
	fixture_new(&f, "_default", "other");
	fixture_zone(&f, 0, "consul", false);
	s53_tally_book_use(f.book, &f.policy);
	number = fixture_number(&f, 0, "consul");
	assert_int_not_equal(number, 0);
	s53_tally_count(s53_tallies_get(&f.counters[0].tallies, number), S53_TALLY_QUERIES);
	routes = f.views[0].routes; /* a reload without it */
	assert_non_null(f.views[0].routes = s53_routes_new());
	fixture_zone(&f, 0, "other", false);
	s53_tally_book_use(f.book, &f.policy);
	text = collect(&f, false);
	assert_null(strstr(text, "zone=\"consul\""));
	assert_line(text, "split53_view_queries_total{view=\"_default\"} 1");
	free(text);
	s53_routes_free(f.views[0].routes);
	f.views[0].routes = routes; /* and one with it */
	s53_tally_book_use(f.book, &f.policy);
	assert_int_equal(fixture_number(&f, 0, "consul"), number);
	fixture_free(&f);
}

/* Zones over the limit are summed, so that a scrape is bounded. */
static void
many_zones_are_bounded_and_none_of_their_queries_is_lost(void **state)
{
	struct fixture f;
	struct s53_stats *stats;
	uint64_t queries = 0;

	(void)state;
	fixture_new(&f, "_default", "other");
	for (unsigned i = 0; i < 2 * S53_STATS_ZONES_MAX; i++) {
		char apex[32];

		snprintf(apex, sizeof(apex), "z%u", i);
		fixture_zone(&f, 0, apex, false);
	}
	s53_tally_book_use(f.book, &f.policy);
	for (uint32_t i = 1; i < s53_tally_book_count(f.book); i++)
		if (i % 4 != 0) /* three quarters of them */
			s53_tally_count(
			    s53_tallies_get(&f.counters[0].tallies, i), S53_TALLY_QUERIES);
	stats = s53_stats_collect(&f.source);
	assert_non_null(stats);
	assert_int_equal(stats->zone_count, S53_STATS_ZONES_MAX + 1);
	for (size_t i = 0; i < stats->zone_count; i++)
		queries += stats->zones[i].tally[S53_TALLY_QUERIES];
	assert_int_equal(queries, 2 * S53_STATS_ZONES_MAX / 4 * 3);
	s53_stats_free(stats);
	fixture_free(&f);
}

static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	assert_true(file != NULL && text != NULL);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

static void
each_metric_is_documented_and_each_documented_metric_is_there(void **state)
{
	char *docs = read_file(S53_SOURCE_DIR "/docs/operations.md"), *text, *at;
	struct s53_upstream *server;
	struct fixture f;
	char name[128], wanted[140];
	int used;

	(void)state;
	fixture_new(&f, "_default", "other");
	server = fixture_server(&f, "192.0.2.1", false);
	fixture_zone(&f, 0, "consul", false);
	s53_tally_book_use(f.book, &f.policy);
	f.policy.cache = s53_cache_new(0);
	text = collect(&f, false);
	for (at = text; (at = strstr(at, "# TYPE ")) != NULL; at += used) {
		assert_int_equal(sscanf(at, "# TYPE %100s%n", name, &used), 1);
		snprintf(wanted, sizeof(wanted), "\n| `%s` |", name);
		if (strstr(docs, wanted) == NULL)
			fail_msg("docs/operations.md has no line for %s", name);
	}
	for (at = docs; (at = strstr(at, "\n| `split53_")) != NULL; at += used) {
		assert_int_equal(sscanf(at, "\n| `%100[^`]`%n", name, &used), 1);
		snprintf(wanted, sizeof(wanted), "# TYPE %s ", name);
		if (strstr(text, wanted) == NULL)
			fail_msg("docs/operations.md has a line for %s, which is no metric", name);
	}
	free(text);
	free(docs);
	s53_cache_drop(f.policy.cache);
	s53_upstream_drop(server);
	fixture_free(&f);
}

/* Alerts and dashboard would be silent about a metric that does not exist. */
static void
each_metric_of_the_alerts_and_the_dashboard_is_documented(void **state)
{
	static const char *const files[] = { "/packaging/prometheus/split53.rules.yml",
		"/packaging/grafana/split53.json" };
	static const char *const parts[] = { "_bucket", "_count", "_sum" };
	char *docs = read_file(S53_SOURCE_DIR "/docs/operations.md");

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[512], name[128], wanted[140], *text;
		int used;

		snprintf(path, sizeof(path), "%s%s", S53_SOURCE_DIR, files[i]);
		text = read_file(path);
		for (char *at = text; (at = strstr(at, "split53_")) != NULL; at += used) {
			assert_int_equal(sscanf(at, "%100[a-z0-9_]%n", name, &used), 1);
			for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
				size_t len = strlen(name), part = strlen(parts[k]);

				if (len > part && strcmp(name + len - part, parts[k]) == 0)
					name[len - part] = '\0';
			}
			snprintf(wanted, sizeof(wanted), "\n| `%s` |", name);
			if (strstr(docs, wanted) == NULL)
				fail_msg("%s has %s, which is no metric", files[i], name);
		}
		free(text);
	}
	free(docs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_of_workers_are_summed_and_those_that_are_0_are_there),
		cmocka_unit_test(a_histogram_is_cumulative_and_ends_with_all),
		cmocka_unit_test(zones_and_views_are_labelled_and_escaped),
		cmocka_unit_test(servers_of_one_address_differ_in_their_variant),
		cmocka_unit_test(pieces_of_any_length_are_the_same_text),
		cmocka_unit_test(a_zone_keeps_its_number_while_it_is_gone_and_its_view_never_falls),
		cmocka_unit_test(many_zones_are_bounded_and_none_of_their_queries_is_lost),
		cmocka_unit_test(each_metric_is_documented_and_each_documented_metric_is_there),
		cmocka_unit_test(each_metric_of_the_alerts_and_the_dashboard_is_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
