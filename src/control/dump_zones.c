/* SPDX-License-Identifier: ISC
 *
 * dump_zones.c - the section of a dump that has the local zones of the configuration, one view
 * after the other. Built-in zones are left out.
 */
#include "dump.h"

#include <stdlib.h>

#include <split53/name.h>
#include <split53/render.h>
#include <split53/view.h>
#include <split53/zone.h>

struct dump_zones {
	const struct s53_policy *policy;
	unsigned view; /* being written */
	unsigned views_until;
	bool in_view; /* its heading is written and its routes are collected */
	const struct s53_route **routes;
	size_t count, room;
	size_t zone; /* being written */
	size_t at; /* the next record in it */
	bool no_memory;
};

static void
gather(const struct s53_route *route, void *arg)
{
	struct dump_zones *zones = arg;

	if (route->kind != S53_ROUTE_LOCAL || route->builtin || route->zone == NULL)
		return;
	if (zones->count == zones->room) {
		size_t room = zones->room == 0 ? 16 : 2 * zones->room;
		const struct s53_route **larger =
		    realloc((void *)zones->routes, room * sizeof(const struct s53_route *));

		zones->no_memory = zones->no_memory || larger == NULL;
		if (larger == NULL)
			return;
		zones->routes = larger;
		zones->room = room;
	}
	zones->routes[zones->count++] = route;
}

struct dump_zones *
s53_dump_zones_new(const struct s53_policy *policy, unsigned view, unsigned views_until)
{
	struct dump_zones *zones = calloc(1, sizeof(*zones));

	if (zones == NULL)
		return NULL;
	zones->policy = policy;
	zones->view = view;
	zones->views_until = views_until;
	return zones;
}

void
s53_dump_zones_free(struct dump_zones *zones)
{
	if (zones == NULL)
		return;
	free((void *)zones->routes);
	free(zones);
}

static void
begin_view(struct dump_zones *zones, FILE *out)
{
	const struct s53_view *view = &zones->policy->views[zones->view];

	fprintf(out, ";\n; Start view %s\n;\n", view->name);
	zones->count = zones->zone = zones->at = 0;
	s53_routes_each(view->routes, gather, zones);
}

static void
begin_zone(const struct dump_zones *zones, FILE *out)
{
	char name[S53_NAME_TEXT];

	fprintf(out, ";\n; Zone dump of '%s/IN'\n;\n",
	    s53_name_print(&zones->routes[zones->zone]->apex, name));
}

bool
s53_dump_zones_step(struct dump_zones *zones, FILE *out, bool *more)
{
	bool goes_on, fine;

	*more = zones->view < zones->views_until;
	if (!*more)
		return true;
	if (!zones->in_view) {
		begin_view(zones, out);
		zones->in_view = true;
		return !zones->no_memory;
	}
	if (zones->zone == zones->count) {
		zones->in_view = false;
		zones->view++;
		return true;
	}
	if (zones->at == 0)
		begin_zone(zones, out);
	fine = s53_render_zone(out, zones->routes[zones->zone]->zone, &zones->at, &goes_on);
	if (!goes_on) {
		zones->zone++;
		zones->at = 0;
	}
	return fine;
}
