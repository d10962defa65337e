/* SPDX-License-Identifier: ISC
 *
 * http_ready.c - /ready?zones=1: whether each zone has a server that responds.
 */
#include <event2/buffer.h>

#include <split53/upstream.h>
#include <split53/view.h>

#include "http.h"

#define ZONES_MAX S53_STATS_ZONES_MAX /* lines that are written; further zones count as well */

struct survey {
	struct evbuffer *out;
	const struct s53_view *view;
	unsigned zones;
	bool all_ready;
};

static const char *
condition_text(enum s53_group_condition condition)
{
	switch (condition) {
	case S53_GROUP_ALIVE:
		return "ready";
	case S53_GROUP_STALLED:
		return "not ready: its servers run, but fail their readiness probes";
	case S53_GROUP_SILENT:
		return "not ready: its only server does not respond";
	default:
		return "not ready: all its servers are down";
	}
}

static void
survey_zone(const struct s53_route *route, void *arg)
{
	struct survey *survey = arg;
	enum s53_group_condition condition;
	char name[S53_NAME_TEXT];

	if (route->kind != S53_ROUTE_FORWARD)
		return;
	condition = s53_group_condition(route->group);
	survey->all_ready = survey->all_ready && condition == S53_GROUP_ALIVE;
	if (survey->zones++ < ZONES_MAX)
		evbuffer_add_printf(survey->out, "%s (view %s): %s\n",
		    s53_name_print(&route->apex, name), survey->view->name,
		    condition_text(condition));
}

bool
http_ready_zones(const struct s53_policy *policy, struct evbuffer *out)
{
	struct survey survey = { .out = out, .all_ready = true };

	for (unsigned i = 0; i < policy->view_count; i++) {
		survey.view = &policy->views[i];
		s53_routes_each(survey.view->routes, survey_zone, &survey);
	}
	return survey.all_ready;
}
