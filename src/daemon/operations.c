/* SPDX-License-Identifier: ISC
 *
 * operations.c - fills in struct s53_operations: each entry calls the part of the daemon that does
 * the operation.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/cpu.h>
#include <split53/file.h>
#include <split53/log.h>

#include "flush.h"
#include "in_force.h"
#include "inside.h"

#define DEBUG_MAX 99
#define DEBUG_STEPS (S53_LOG_DEBUG + 2) /* debug 3: a line for each step of a query */

/* --- facts ----------------------------------------------------------------------------------- */

static void
count_zone(const struct s53_route *route, void *arg)
{
	struct s53_facts *facts = arg;

	facts->zones++;
	facts->zones_automatic += route->builtin;
}

static bool
count_upstream(struct s53_upstream *upstream, void *arg)
{
	struct s53_facts *facts = arg;

	facts->upstreams++;
	facts->upstreams_up += s53_upstream_state(upstream) == S53_HEALTH_UP;
	facts->upstreams_set_down += s53_upstream_admin(upstream) == S53_ADMIN_DOWN;
	return true;
}

static unsigned
count_listeners(const struct s53_daemon *daemon)
{
	unsigned count = 0;

	S53_LIST_EACH (&daemon->listeners, it)
		count += S53_CONTAINER_OF(it, struct daemon_listener, link)->open;
	return count;
}

static void
facts(void *arg, struct s53_facts *out)
{
	const struct s53_daemon *daemon = arg;
	const struct s53_policy *policy = &daemon->snapshot->policy;
	const struct s53_tcp_limits *tcp = &daemon->shared.tcp;

	*out = (struct s53_facts){
		.version = S53_VERSION,
		.pid = (long)getpid(),
		.boot_wall_s = daemon->facts.started_wall_ms / 1000,
		.configured_wall_s = daemon->facts.configured_wall_ms / 1000,
		.config_path = daemon->options->config_shown,
		.cpus = s53_cpu_count(),
		.workers = daemon->worker_count,
		.views = policy->view_count,
		.listeners = count_listeners(daemon),
		.debug_level = daemon->options->debug_level,
		.query_log = (s53_policy_watch(policy) & S53_WATCH_QUERIES) != 0,
		.response_log = (s53_policy_watch(policy) & S53_WATCH_RESPONSES) != 0,
		.recursive =
		    atomic_load_explicit(&daemon->shared.resolver.pending, memory_order_relaxed),
		.recursive_soft = s53_resolver_soft_limit(policy->recursive_clients),
		.recursive_hard = policy->recursive_clients,
		.tcp = atomic_load(&tcp->clients),
		.tcp_max = atomic_load(&tcp->clients_max),
		.tcp_high_water = atomic_load(&tcp->clients_most),
		.dumping = s53_dumper_is_busy(daemon->dumper),
		.flushing = daemon->flush_count > 0,
		.ready = s53_listeners_any_open(daemon),
		.draining = daemon->stopping,
	};
	for (unsigned i = 0; i < policy->view_count; i++)
		s53_routes_each(policy->views[i].routes, count_zone, out);
	s53_registry_each(daemon->registry, count_upstream, out);
}

static struct s53_policy *
policy_in_force(void *arg)
{
	const struct s53_daemon *daemon = arg;

	return &daemon->snapshot->policy;
}

static uint64_t
counted_since_start(const struct s53_daemon *daemon, enum s53_counter counter)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < daemon->worker_count; i++)
		total += s53_counter_read(s53_worker_counters(daemon->workers[i]), counter);
	return total;
}

uint64_t
s53_daemon_counter(void *arg, enum s53_counter counter)
{
	const struct s53_daemon *daemon = arg;

	return counted_since_start(daemon, counter) - daemon->counted_before[counter];
}

/*
 * Only a worker writes its counters, so a reset records their values, which are subtracted later.
 */
static void
reset_counters(void *arg)
{
	struct s53_daemon *daemon = arg;

	for (unsigned i = 0; i < S53_C_COUNT; i++)
		daemon->counted_before[i] = counted_since_start(daemon, (enum s53_counter)i);
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "counters have been reset");
}

static enum s53_status
recursing(void *arg, s53_recursed *done, void *done_arg, char why[static S53_OPERATION_WHY])
{
	return s53_daemon_list_fetches(arg, done, done_arg, why);
}

/* --- cache and servers ----------------------------------------------------------------------- */

static enum s53_status
flush(void *arg, const struct s53_flush_request *request, s53_flushed *done, void *done_arg,
    char why[static S53_OPERATION_WHY])
{
	return s53_daemon_flush(arg, request, done, done_arg, why);
}

static enum s53_status
set_upstream(void *arg, const struct s53_addr *addr, bool any_port, enum s53_admin admin,
    unsigned *count, char why[static S53_OPERATION_WHY])
{
	const struct s53_daemon *daemon = arg;
	int concerned = s53_registry_set_admin(daemon->registry, addr, any_port, admin);
	char text[S53_ADDR_TEXT];

	if (concerned < 0) {
		snprintf(why, S53_OPERATION_WHY, "out of memory");
		return S53_E_NOMEM;
	}
	if (concerned == 0) {
		snprintf(why, S53_OPERATION_WHY,
		    "no zone forwards to %s: `upstreams` lists all servers",
		    any_port ? s53_addr_print_host(addr, text) : s53_addr_print(addr, text));
		return S53_E_ABSENT;
	}
	*count = (unsigned)concerned;
	return S53_OK;
}

/* --- switches -------------------------------------------------------------------------------- */

static bool
is_on(enum s53_switch by_operator, bool by_configuration)
{
	return by_operator == S53_SWITCH_DEFAULT ? by_configuration : by_operator == S53_SWITCH_ON;
}

void
s53_daemon_switch(const struct s53_daemon *daemon, struct s53_snapshot *snapshot)
{
	struct s53_policy *policy = &snapshot->policy;

	s53_policy_set_watch(
	    policy, S53_WATCH_QUERIES, is_on(daemon->query_log, policy->query_log));
	s53_policy_set_watch(
	    policy, S53_WATCH_RESPONSES, is_on(daemon->response_log, policy->response_log));
}

static void
log_switched(const char *what, bool on)
{
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "%s logging is now %s", what, on ? "on" : "off");
}

static void
set_query_log(void *arg, enum s53_switch to)
{
	struct s53_daemon *daemon = arg;

	daemon->query_log = to;
	s53_daemon_switch(daemon, daemon->snapshot);
	log_switched("query", is_on(to, daemon->snapshot->policy.query_log));
}

static void
set_response_log(void *arg, enum s53_switch to)
{
	struct s53_daemon *daemon = arg;

	daemon->response_log = to;
	s53_daemon_switch(daemon, daemon->snapshot);
	log_switched("response", is_on(to, daemon->snapshot->policy.response_log));
}

/* The level is stored in the options, like that of -d, so it survives a reload. */
static enum s53_status
set_debug_level(void *arg, int level, char why[static S53_OPERATION_WHY])
{
	struct s53_daemon *daemon = arg;

	if (level < 0 || level > DEBUG_MAX) {
		snprintf(
		    why, S53_OPERATION_WHY, "out of range: a debug level is 0 to %d", DEBUG_MAX);
		return S53_E_RANGE;
	}
	daemon->options->debug_level = level;
	s53_log_set_debug_level(level);
	s53_policy_set_watch(
	    &daemon->snapshot->policy, S53_WATCH_STEPS, s53_log_on(S53_LOG_CLIENT, DEBUG_STEPS));
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "debug level is now %d", level);
	return S53_OK;
}

/*
 * The cache rules are part of the snapshot, so a new one is built from the configuration as it was
 * read.
 */
static enum s53_status
rebuild_with(struct s53_daemon *daemon, enum s53_switch serve_stale)
{
	static const char *const words[] = { "as configured", "on", "off" };
	enum s53_switch before = daemon->serve_stale;
	enum s53_status status;

	if (serve_stale == before)
		return S53_OK;
	daemon->serve_stale = serve_stale;
	status = s53_daemon_rebuild(daemon);
	if (status == S53_OK)
		s53_log(S53_LOG_SERVE_STALE, S53_LOG_INFO, "serving of stale answers is now %s",
		    words[serve_stale]);
	else
		daemon->serve_stale = before;
	return status;
}

static enum s53_status
set_serve_stale(void *arg, enum s53_switch to, s53_done *done, void *done_arg,
    char why[static S53_OPERATION_WHY])
{
	struct s53_daemon *daemon = arg;
	struct s53_in_force *in_force = s53_in_force_new(daemon, done, done_arg);
	enum s53_status status = in_force != NULL ? rebuild_with(daemon, to) : S53_E_NOMEM;

	if (status == S53_OK) {
		s53_in_force_begin(in_force, NULL, false);
		return S53_OK;
	}
	s53_in_force_drop(in_force);
	snprintf(why, S53_OPERATION_WHY, "%s: see the log", s53_status_text(status));
	return status;
}

static void
print_serve_stale(void *arg, FILE *out)
{
	const struct s53_daemon *daemon = arg;
	const struct s53_policy *policy = &daemon->snapshot->policy;

	for (unsigned i = 0; i < policy->view_count; i++) {
		const struct s53_cache_rules *rules = policy->views[i].answering.cache;

		fprintf(out, "%s: ", policy->views[i].name);
		if (!rules->stale_keep)
			fputs("stale cache disabled; stale answers unavailable\n", out);
		else
			fprintf(out,
			    "stale cache enabled; stale answers %s (stale-answer-ttl=%u "
			    "max-stale-ttl=%u stale-refresh-time=%u)\n",
			    rules->stale_answer ? "enabled" : "disabled",
			    (unsigned)rules->stale_answer_ttl_s, (unsigned)rules->max_stale_s,
			    (unsigned)rules->stale_refresh_s);
	}
}

/* --- configuration --------------------------------------------------------------------------- */

static enum s53_status
reload(void *arg, s53_done *done, void *done_arg, char why[static S53_OPERATION_WHY])
{
	return s53_daemon_load(arg, false, done, done_arg, why);
}

static enum s53_status
reconfig(void *arg, s53_done *done, void *done_arg, char why[static S53_OPERATION_WHY])
{
	return s53_daemon_load(arg, true, done, done_arg, why);
}

/* --- dump and end ---------------------------------------------------------------------------- */

static enum s53_status
dump(void *arg, unsigned parts, const char *view, char why[static S53_OPERATION_WHY])
{
	struct s53_daemon *daemon = arg;
	const char *path = daemon->snapshot->dump_file;
	enum s53_status status =
	    s53_dumper_begin(daemon->dumper, &daemon->snapshot->policy, path, parts, view);
	int error = errno;
	char text[S53_FILE_WHY];

	if (status == S53_OK)
		snprintf(why, S53_OPERATION_WHY, "%s", path);
	else if (status == S53_E_ABSENT)
		snprintf(why, S53_OPERATION_WHY, "there is no view '%s'", view);
	else if (status == S53_E_LIMIT)
		snprintf(
		    why, S53_OPERATION_WHY, "a dump is in progress: try again when it has ended");
	else if (status == S53_E_EXISTS)
		snprintf(why, S53_OPERATION_WHY, "'%s' is not a regular file", path);
	else if (status == S53_E_IO)
		snprintf(why, S53_OPERATION_WHY, "'%s' cannot be written: %s", path,
		    s53_file_why(path, error, text));
	else
		snprintf(why, S53_OPERATION_WHY, "%s", s53_status_text(status));
	return status;
}

static const char *
recursing_path(void *arg)
{
	const struct s53_daemon *daemon = arg;

	return daemon->snapshot->recursing_file;
}

static void
stop(void *arg)
{
	s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "stopping: requested over the control channel");
	s53_daemon_stop(arg);
}

static void
halt(void *arg)
{
	struct s53_daemon *daemon = arg;

	s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "halting: requested over the control channel");
	daemon->halting = true;
	s53_daemon_stop(daemon);
}

void
s53_daemon_operate(struct s53_daemon *daemon)
{
	daemon->operations = (struct s53_operations){
		.arg = daemon,
		.facts = facts,
		.policy = policy_in_force,
		.registry = daemon->registry,
		.counter = s53_daemon_counter,
		.reset_counters = reset_counters,
		.recursing = recursing,
		.flush = flush,
		.set_upstream = set_upstream,
		.set_query_log = set_query_log,
		.set_response_log = set_response_log,
		.set_debug_level = set_debug_level,
		.set_serve_stale = set_serve_stale,
		.print_serve_stale = print_serve_stale,
		.reload = reload,
		.reconfig = reconfig,
		.reload_zone = s53_daemon_reload_zone,
		.dump = dump,
		.recursing_path = recursing_path,
		.stop = stop,
		.halt = halt,
	};
}
