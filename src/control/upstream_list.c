/* SPDX-License-Identifier: ISC
 *
 * upstream_list.c - see upstream_list.h: a table of pairs, sorted by server.
 */
#include <split53/upstream_list.h>

#include <stdlib.h>

struct pair {
	const struct s53_upstream *server;
	size_t order; /* order of the view and zone */
	struct s53_upstream_use use;
};

struct table {
	const struct s53_policy *policy;
	const struct s53_view *view; /* the view being visited */
	struct pair *pairs;
	struct s53_upstream_use *uses; /* those of `pairs`, in its order */
	size_t count, room;
	bool no_memory;
	uint64_t now_ms;
	void (*each)(void *arg, const struct s53_upstream_row *row);
	void *arg;
};

static bool
make_room(struct table *table)
{
	size_t room = table->room == 0 ? 64 : 2 * table->room;
	struct pair *larger;

	if (table->count < table->room)
		return true;
	larger = realloc(table->pairs, room * sizeof(*larger));
	if (larger == NULL)
		return false;
	table->pairs = larger;
	table->room = room;
	return true;
}

static void
add_route(const struct s53_route *route, void *arg)
{
	struct table *table = arg;
	unsigned size = route->kind == S53_ROUTE_FORWARD ? s53_group_size(route->group) : 0;

	for (unsigned i = 0; i < size && !table->no_memory; i++) {
		if (!make_room(table)) {
			table->no_memory = true;
			return;
		}
		table->pairs[table->count] = (struct pair){
			.server = s53_group_server(route->group, i),
			.order = table->count,
			.use = { table->view, route },
		};
		table->count++;
	}
}

static int
compare(const void *left, const void *right)
{
	const struct pair *a = left, *b = right;

	if (a->server != b->server)
		return (uintptr_t)a->server < (uintptr_t)b->server ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* false: no memory. */
static bool
fill(struct table *table)
{
	for (unsigned i = 0; i < table->policy->view_count; i++) {
		table->view = &table->policy->views[i];
		s53_routes_each(table->view->routes, add_route, table);
	}
	if (table->no_memory)
		return false;
	table->uses = malloc((table->count + 1) * sizeof(*table->uses));
	if (table->uses == NULL)
		return false;
	if (table->count > 0)
		qsort(table->pairs, table->count, sizeof(*table->pairs), compare);
	for (size_t i = 0; i < table->count; i++)
		table->uses[i] = table->pairs[i].use;
	return true;
}

/* Binary search for the first pair of the server. */
static size_t
find(const struct table *table, const struct s53_upstream *server)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((uintptr_t)table->pairs[middle].server < (uintptr_t)server)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
show(struct s53_upstream *server, void *arg)
{
	struct table *table = arg;
	struct s53_upstream_report report;
	size_t first = find(table, server), count = 0;
	struct s53_upstream_row row;

	while (first + count < table->count && table->pairs[first + count].server == server)
		count++;
	s53_upstream_report(server, &report, table->now_ms);
	row = (struct s53_upstream_row){
		.report = &report,
		.over = s53_upstream_wants_tcp(server) ? S53_OVER_TCP : S53_OVER_UDP,
		.state = s53_upstream_state(server),
		.uses = table->uses + first,
		.use_count = count,
	};
	table->each(table->arg, &row);
	return true;
}

enum s53_status
s53_upstreams_each(struct s53_registry *registry, const struct s53_policy *policy, uint64_t now_ms,
    void (*each)(void *arg, const struct s53_upstream_row *row), void *arg)
{
	struct table table = { .policy = policy, .now_ms = now_ms, .each = each, .arg = arg };
	bool filled = fill(&table);

	if (filled)
		s53_registry_each(registry, show, &table);
	free(table.pairs);
	free(table.uses);
	return filled ? S53_OK : S53_E_NOMEM;
}
