/* SPDX-License-Identifier: ISC
 *
 * control.c - the control channels of the daemon: when they are opened, and the callbacks that
 * commands need in addition to struct s53_operations.
 */
#include "inside.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <split53/busiest.h>
#include <split53/clock.h>
#include <split53/control.h>
#include <split53/inspect.h>
#include <split53/stats.h>

static void
print_conf(void *arg, FILE *out)
{
	const struct s53_daemon *daemon = arg;

	if (daemon->source->file != NULL)
		s53_conf_print_public(daemon->source->file, out);
	if (daemon->source->flags != NULL)
		s53_conf_print_public(daemon->source->flags, out);
}

/*
 * These counters start at the last reset-stats; the metrics of the HTTP channels are never reset.
 */
static void
print_statistics(void *arg, FILE *out)
{
	const struct s53_daemon *daemon = arg;
	struct s53_stats *stats = s53_stats_collect(s53_stats_http_source(daemon->statistics));

	if (stats == NULL)
		return;
	for (unsigned i = 0; i < S53_C_COUNT; i++)
		stats->counter[i] -= daemon->counted_before[i];
	s53_stats_print(stats, "", out);
	s53_stats_free(stats);
}

static const char *
statistics_path(void *arg)
{
	const struct s53_daemon *daemon = arg;

	return daemon->snapshot->statistics_file;
}

static void
busiest(void *arg, bool clients, struct s53_busiest_list *out)
{
	const struct s53_daemon *daemon = arg;

	for (unsigned i = 0; i < daemon->worker_count; i++)
		s53_worker_busiest(daemon->workers[i], clients, out);
}

/*
 * `explain` builds a second snapshot from the same source, because the one in use does not record
 * where each zone is configured. It starts nothing, and shares the servers and their health state
 * with the one in use.
 */
static enum s53_status
explain(void *arg, const struct s53_control_question *question, FILE *out, struct json_object *json,
    char why[static S53_OPERATION_WHY])
{
	struct s53_daemon *daemon = arg;
	const struct s53_explain_question asked = { question->name, question->type,
		question->client };
	struct s53_snapshot *snapshot = NULL;
	enum s53_status status = s53_daemon_build_noted(daemon, &snapshot);

	if (status != S53_OK) {
		snprintf(why, S53_OPERATION_WHY,
		    "`explain` could not build its own copy of the configuration (%s)",
		    s53_status_text(status));
		return status;
	}
	status = s53_explain_live(
	    snapshot, daemon->snapshot->policy.cache, &asked, out, json, why, S53_OPERATION_WHY);
	s53_snapshot_drop(snapshot);
	return status;
}

bool
s53_daemon_control_new(struct s53_daemon *daemon)
{
	const struct s53_control_source source = {
		.base = daemon->base,
		.operations = &daemon->operations,
		.arg = daemon,
		.print_conf = print_conf,
		.explain = explain,
		.print_statistics = print_statistics,
		.statistics_path = statistics_path,
		.busiest = busiest,
	};

	daemon->control = s53_control_new(&source);
	return daemon->control != NULL;
}

void
s53_daemon_control_use(struct s53_daemon *daemon, struct s53_diags *diags)
{
	const struct s53_identity *identity = &daemon->identity;
	const struct s53_folder_owner owner = { identity->wanted ? identity->uid : geteuid(),
		identity->wanted ? identity->gid : getegid() };

	s53_control_use(
	    daemon->control, daemon->snapshot->controls, &daemon->snapshot->policy, owner, diags);
}

void
s53_daemon_control_follow(struct s53_daemon *daemon, bool say)
{
	struct s53_diags diags;

	if (daemon->control == NULL)
		return; /* a daemon without channels, in tests */
	s53_diags_init(&diags);
	s53_daemon_control_use(daemon, &diags);
	if (say)
		s53_daemon_log_diags(&diags);
	s53_diags_fini(&diags);
}
