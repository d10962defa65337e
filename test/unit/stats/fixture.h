/* SPDX-License-Identifier: ISC
 *
 * fixture.h - a process with two workers, two views, some zones and servers, to be collected.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include <split53/stats.h>
#include <split53/view.h>

#define WORKERS 2

struct fixture {
	struct s53_counters *counters; /* of each worker */
	struct s53_registry *registry;
	struct s53_tally_book *book;
	struct s53_view views[2];
	struct s53_policy policy;
	struct s53_stats_source source;
};

static const struct s53_counters *
fixture_counters(void *arg, unsigned index)
{
	const struct fixture *f = arg;

	return index < WORKERS ? &f->counters[index] : NULL;
}

static void
fixture_process(void *arg, struct s53_stats_process *out)
{
	struct fixture *f = arg;

	*out = (struct s53_stats_process){ .policy = &f->policy,
		.workers = WORKERS,
		.pending = 3,
		.pending_max = UINT32_MAX,
		.tcp_clients_max = 150,
		.listening = true,
		.started_wall_ms = 1700000000123,
		.configured_wall_ms = 1700000001000,
		.reloads = 3,
		.reloads_failed = 1 };
}

static inline void
fixture_zone(struct fixture *f, unsigned view, const char *apex, bool builtin)
{
	struct s53_route route = { .kind = S53_ROUTE_FORWARD, .builtin = builtin };

	assert_int_equal(s53_name_parse(apex, &route.apex), S53_OK);
	assert_int_equal(s53_routes_add(f->views[view].routes, &route), S53_OK);
}

static inline struct s53_upstream *
fixture_server(struct fixture *f, const char *text, bool tcp_only)
{
	const struct s53_upstream_options options = { .edns = true, .tcp_only = tcp_only };
	struct s53_addr addr;

	assert_int_equal(s53_addr_parse(text, 53, &addr), S53_OK);
	return s53_registry_get(f->registry, &addr, &options);
}

static inline uint32_t
fixture_number(const struct fixture *f, unsigned view, const char *apex)
{
	struct s53_name name;

	assert_int_equal(s53_name_parse(apex, &name), S53_OK);
	return s53_routes_find(f->views[view].routes, &name)->number;
}

static inline void
fixture_new(struct fixture *f, const char *first, const char *second)
{
	memset(f, 0, sizeof(*f));
	f->counters = calloc(WORKERS, sizeof(*f->counters));
	f->registry = s53_registry_new();
	f->book = s53_tally_book_new();
	assert_true(f->counters != NULL && f->registry != NULL && f->book != NULL);
	f->policy = (struct s53_policy){ .view_count = 2, .views = f->views };
	f->views[0].name = first;
	f->views[1].name = second;
	for (unsigned i = 0; i < 2; i++)
		assert_non_null(f->views[i].routes = s53_routes_new());
	f->source = (struct s53_stats_source){ .registry = f->registry,
		.book = f->book,
		.counters = fixture_counters,
		.process = fixture_process,
		.arg = f };
}

static inline void
fixture_free(struct fixture *f)
{
	for (unsigned i = 0; i < 2; i++)
		s53_routes_free(f->views[i].routes);
	for (unsigned i = 0; i < WORKERS; i++)
		s53_tallies_fini(&f->counters[i].tallies);
	s53_registry_free(f->registry);
	s53_tally_book_free(f->book);
	free(f->counters);
}
