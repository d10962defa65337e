/* SPDX-License-Identifier: ISC
 *
 * reload_zone.c - reads the file of one zone again, as `rndc reload ZONE` does.
 *
 * Only the file is read, not the configuration, so only zones with a file have something to reload.
 * For a forwarded zone the command fails, as in BIND: success would suggest that its forwarders
 * were read again.
 */
#include <stdio.h>
#include <string.h>

#include <split53/log.h>

#include "in_force.h"
#include "inside.h"

/* What was found of the zone in the selected views. */
struct found {
	unsigned zones, files;
	const struct s53_zone *zone; /* the last one that has a file */
};

static void
look(const struct s53_policy *policy, const struct s53_name *apex, const char *view,
    struct found *found)
{
	for (unsigned i = 0; i < policy->view_count; i++) {
		const struct s53_route *route;

		if (view != NULL && strcmp(policy->views[i].name, view) != 0)
			continue;
		route = s53_routes_find(policy->views[i].routes, apex);
		if (route == NULL || route->builtin || !s53_name_equal(&route->apex, apex))
			continue;
		found->zones++;
		if (route->kind != S53_ROUTE_LOCAL)
			continue;
		found->files++;
		found->zone = route->zone;
	}
}

static enum s53_status
read_file(struct s53_daemon *daemon, const struct s53_name *apex, const char *view,
    const struct found *found, char why[static S53_OPERATION_WHY])
{
	struct s53_diags diags;
	const struct s53_diags *shown = &diags;
	enum s53_status status;

	s53_diags_init(&diags);
	status = s53_source_reload_zone(daemon->source, apex, view == NULL, found->zone, &diags);
	s53_daemon_log_diags(&diags);
	if (status != S53_OK && status != S53_E_ABSENT)
		s53_daemon_first_error(&shown, 1, status, why);
	s53_diags_fini(&diags);
	return status;
}

static enum s53_status
say(char why[static S53_OPERATION_WHY], enum s53_status status, const char *text)
{
	snprintf(why, S53_OPERATION_WHY, "%s", text);
	return status;
}

/* Read the files and use them. S53_E_ABSENT: the zone has no file. */
static enum s53_status
load(struct s53_daemon *daemon, const struct s53_name *apex, const char *view,
    const struct found *found, char why[static S53_OPERATION_WHY])
{
	enum s53_status status = read_file(daemon, apex, view, found, why);

	if (status == S53_E_ABSENT || status == S53_E_NOMEM)
		return status;
	/* If one of several files has failed, the others are used nevertheless. */
	if (s53_daemon_rebuild(daemon) != S53_OK)
		return say(
		    why, S53_E_NOMEM, "the zone file was read, but is not in use yet: see the log");
	return status;
}

enum s53_status
s53_daemon_reload_zone(void *arg, const struct s53_name *apex, const char *view, s53_done *done,
    void *done_arg, char why[static S53_OPERATION_WHY])
{
	struct s53_daemon *daemon = arg;
	struct s53_in_force *in_force;
	struct found found = { 0 };
	struct s53_name lower;
	char name[S53_NAME_TEXT];
	enum s53_status status;

	s53_name_lower_of(apex, &lower);
	s53_name_print(&lower, name);
	look(&daemon->snapshot->policy, &lower, view, &found);
	if (found.zones == 0) {
		snprintf(why, S53_OPERATION_WHY, "no matching zone '%.255s' in %s%.64s%s", name,
		    view != NULL ? "view '" : "any view", view != NULL ? view : "",
		    view != NULL ? "'" : "");
		return S53_E_ABSENT;
	}
	if (found.files == 0) {
		snprintf(why, S53_OPERATION_WHY,
		    "zone '%.255s' is forwarded and has no file: `reconfig` reads its forwarders",
		    name);
		return S53_E_ABSENT;
	}
	if ((in_force = s53_in_force_new(daemon, done, done_arg)) == NULL)
		return say(why, S53_E_NOMEM, "out of memory");
	status = load(daemon, &lower, view, &found, why);
	if (status == S53_OK)
		s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "zone %s reloaded", name);
	if (status == S53_OK || status == S53_E_ABSENT) {
		say(why, S53_OK,
		    status == S53_OK ? "zone reload successful" : "zone reload up-to-date");
		s53_in_force_begin(in_force, NULL, false);
		return S53_OK;
	}
	s53_in_force_drop(in_force);
	return status;
}
