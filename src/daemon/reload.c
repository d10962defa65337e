/* SPDX-License-Identifier: ISC
 *
 * change.c - building a snapshot, swapping it in, and what leads to that: reload, and a world
 * that changes.
 *
 * A reload builds and checks everything beside what serves; only then is it swapped in, worker by
 * worker, between two turns of their loops. The old snapshot goes when the last query that began
 * under it has ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/log.h>

#include "inside.h"
#include "process.h"

static const char *
resolv_conf_path(void)
{
	const char *path = getenv("SPLIT53_RESOLV_CONF");

	return path != NULL && *path != '\0' ? path : "/etc/resolv.conf";
}

static struct s53_setup_input
input_of(const struct s53_daemon *daemon, struct s53_source *source)
{
	return (struct s53_setup_input){
		.options = daemon->options,
		.source = source,
		.registry = daemon->registry,
		.resolv_conf = resolv_conf_path(),
		.interfaces = daemon->interfaces,
		.interface_count = daemon->interface_count,
	};
}

enum s53_status
s53_daemon_build(struct s53_daemon *daemon, struct s53_source *source, struct s53_diags *diags,
    struct s53_snapshot **out)
{
	struct s53_setup_input input = input_of(daemon, source);

	input.hosts = daemon->hosts;
	input.ours = &daemon->ours;
	daemon->foreign_changed = false;
	return s53_setup(&input, diags, out);
}

bool
s53_daemon_read_interfaces(struct s53_daemon *daemon)
{
	struct s53_interface_addr *list = NULL;
	unsigned count = 0;

	if (s53_interfaces(&list, &count) != S53_OK) {
		s53_log(S53_LOG_NETWORK, S53_LOG_ERROR, "cannot list this machine's addresses: %s",
		    strerror(errno));
		return false;
	}
	free(daemon->interfaces);
	daemon->interfaces = list;
	daemon->interface_count = count;
	return true;
}

void
s53_daemon_log_diags(const struct s53_diags *diags)
{
	static const int severities[] = { [S53_DIAG_ERROR] = S53_LOG_ERROR,
		[S53_DIAG_WARNING] = S53_LOG_WARNING,
		[S53_DIAG_NOTICE] = S53_LOG_NOTICE };

	for (const struct s53_diag *diag = diags->first; diag != NULL; diag = diag->next) {
		const struct s53_place *at = &diag->place;
		const char *text = diag->text != NULL ? diag->text : "out of memory";

		if (at->file == NULL)
			s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s", text);
		else if (at->line == 0)
			s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s: %s", at->file, text);
		else if (at->column == 0)
			s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s:%u: %s", at->file,
			    at->line, text);
		else
			s53_log(S53_LOG_CONFIG, severities[diag->kind], "%s:%u:%u: %s", at->file,
			    at->line, at->column, text);
	}
}

/*
 * Lines for a syslog that is not there would be lost; in the foreground stderr is read by
 * somebody.
 */
static void
tame_syslog(const struct s53_daemon *daemon, struct s53_log_channel *channel)
{
	if (channel->kind != S53_LOG_TO_SYSLOG || !daemon->options->foreground ||
	    access("/dev/log", F_OK) == 0)
		return;
	channel->kind = S53_LOG_TO_STDERR;
	channel->print_time = S53_LOG_TIME_LOCAL;
	channel->print_category = true;
	channel->print_severity = true;
}

/* A file that cannot be written must not keep DNS from being served. */
static bool
replace_file(struct s53_log_channel *channels, unsigned count, const char *bad_path, int failure)
{
	bool found = false;

	for (unsigned i = 0; i < count; i++) {
		if (channels[i].kind != S53_LOG_TO_FILE || strcmp(channels[i].path, bad_path) != 0)
			continue;
		s53_log(S53_LOG_CONFIG, S53_LOG_WARNING,
		    "log file '%s' cannot be opened: %s; channel '%s' goes to syslog", bad_path,
		    strerror(failure), channels[i].name);
		channels[i].kind = S53_LOG_TO_SYSLOG;
		channels[i].facility = 3 << 3; /* LOG_DAEMON */
		found = true;
	}
	return found;
}

void
s53_daemon_log(struct s53_daemon *daemon, const struct s53_snapshot *snapshot)
{
	struct s53_log_channel channels[64];
	struct s53_log_config config = snapshot->log;
	const char *bad_path = NULL;
	enum s53_status status;

	if (daemon->options->log_stderr) {
		s53_log_to_stderr(daemon->options->debug_level);
		if (snapshot->has_logging && daemon->snapshot == NULL)
			s53_log(S53_LOG_CONFIG, S53_LOG_INFO,
			    "the logging clause is not used, because of -g");
		return;
	}
	memcpy(channels, config.channels, config.channel_count * sizeof(channels[0]));
	config.channels = channels;
	for (;;) {
		for (unsigned i = 0; i < config.channel_count; i++)
			tame_syslog(daemon, &channels[i]);
		status = s53_log_configure(&config, &bad_path);
		if (status != S53_E_IO || bad_path == NULL ||
		    !replace_file(channels, config.channel_count, bad_path, errno))
			break;
	}
	if (status != S53_OK)
		s53_log(S53_LOG_CONFIG, S53_LOG_ERROR, "logging cannot be set up: %s",
		    s53_status_text(status));
}

/* Names that only the old snapshot has are resolved no more. */
static void
unwatch_hosts(struct s53_daemon *daemon, const struct s53_snapshot *old)
{
	for (const struct s53_snapshot_host *host = old->hosts; host != NULL; host = host->next) {
		const struct s53_snapshot_host *it = daemon->snapshot->hosts;

		while (it != NULL && strcasecmp(it->name, host->name) != 0)
			it = it->next;
		if (it == NULL)
			s53_hosts_unwatch(daemon->hosts, host->name);
	}
}

static void
use_limits(struct s53_daemon *daemon, const struct s53_snapshot *snapshot)
{
	struct s53_tcp_limits *tcp = &daemon->shared.tcp;

	atomic_store(&tcp->clients_max, snapshot->tcp_clients);
	atomic_store(&tcp->initial_ms, 100 * snapshot->tcp_initial_100ms);
	atomic_store(&tcp->idle_ms, 100 * snapshot->tcp_idle_100ms);
	atomic_store(&tcp->keepalive_ms, 100 * snapshot->policy.tcp_keepalive_100ms);
}

static void
use_checks(const struct s53_snapshot *snapshot)
{
	for (const struct s53_snapshot_check *it = snapshot->checks; it != NULL; it = it->next)
		s53_upstream_set_check(it->upstream, &it->check);
}

void
s53_daemon_swap(struct s53_daemon *daemon, struct s53_snapshot *snapshot)
{
	struct s53_snapshot *old = daemon->snapshot;

	s53_daemon_keep_cache(daemon, snapshot);
	daemon->snapshot = snapshot;
	use_limits(daemon, snapshot);
	use_checks(snapshot);
	for (unsigned i = 0; i < daemon->worker_count && old != NULL; i++)
		if (s53_worker_use(daemon->workers[i], &snapshot->policy) != S53_OK)
			s53_log(S53_LOG_CONFIG, S53_LOG_CRITICAL,
			    "worker %u keeps the old configuration: out of memory", i);
	if (old != NULL)
		unwatch_hosts(daemon, old);
	s53_snapshot_drop(old);
}

/* What a reload makes before anything is changed, and what is to be said of it. */
struct attempt {
	struct s53_source *source;
	struct s53_snapshot *snapshot;
	struct daemon_opened *opened;
	struct s53_diags file, build, listeners;
};

/*
 * Building asks the forwarders of the source for its host names, and says where we listen. So it
 * is built once without any of that: whatever is wrong is found there, with nothing touched.
 */
static enum s53_status
try_out(struct s53_daemon *daemon, struct attempt *attempt)
{
	struct s53_setup_input input = input_of(daemon, attempt->source);
	struct s53_ours ours = { 0 };
	struct s53_snapshot *snapshot = NULL;
	enum s53_status status;

	input.ours = &ours;
	status = s53_setup(&input, &attempt->build, &snapshot);
	if (status == S53_OK)
		status =
		    s53_listeners_open(daemon, snapshot, &attempt->listeners, &attempt->opened);
	s53_snapshot_drop(snapshot);
	s53_addr_list_fini(&ours.addrs);
	return status;
}

static enum s53_status
load(struct s53_daemon *daemon, struct attempt *attempt)
{
	enum s53_status status = s53_source_load(daemon->options, &attempt->file, &attempt->source);

	if (status == S53_OK)
		status = try_out(daemon, attempt);
	if (status != S53_OK)
		return status;
	s53_diags_fini(&attempt->build);
	s53_diags_init(&attempt->build);
	status = s53_daemon_build(daemon, attempt->source, &attempt->build, &attempt->snapshot);
	if (status != S53_OK) { /* no memory: nothing else is left to go wrong */
		s53_listeners_abandon(daemon, attempt->opened);
		s53_daemon_rebuild(daemon);
	}
	return status;
}

static void
log_attempt(const struct attempt *attempt)
{
	s53_daemon_log_diags(&attempt->file);
	s53_daemon_log_diags(&attempt->build);
	s53_daemon_log_diags(&attempt->listeners);
}

static void
use_attempt(struct s53_daemon *daemon, struct attempt *attempt)
{
	s53_daemon_log(daemon, attempt->snapshot);
	log_attempt(attempt);
	s53_daemon_swap(daemon, attempt->snapshot);
	s53_listeners_commit(daemon, attempt->opened);
	s53_source_free(daemon->source);
	daemon->source = attempt->source;
	s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "reloaded");
}

static void
notify_reloading(const struct s53_daemon *daemon)
{
	char state[64];

	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)s53_clock_ms() * 1000);
	s53_notify(daemon->notify_fd, state);
}

enum s53_status
s53_daemon_reload(struct s53_daemon *daemon)
{
	struct attempt attempt = { .source = NULL };
	enum s53_status status;

	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "reloading the configuration");
	notify_reloading(daemon);
	s53_diags_init(&attempt.file);
	s53_diags_init(&attempt.build);
	s53_diags_init(&attempt.listeners);
	s53_daemon_follow_interfaces(daemon);
	status = load(daemon, &attempt);
	if (status == S53_OK) {
		use_attempt(daemon, &attempt);
	} else {
		s53_daemon_log(daemon, daemon->snapshot); /* reopened all the same */
		log_attempt(&attempt);
		s53_log(S53_LOG_GENERAL, S53_LOG_ERROR,
		    "reload failed (%s): the configuration in force stays",
		    s53_status_text(status));
		s53_source_free(attempt.source);
	}
	s53_diags_fini(&attempt.file);
	s53_diags_fini(&attempt.build);
	s53_diags_fini(&attempt.listeners);
	s53_notify(daemon->notify_fd, "READY=1");
	return status;
}

void
s53_daemon_rebuild(struct s53_daemon *daemon)
{
	struct s53_snapshot *snapshot = NULL;
	struct s53_diags diags;
	enum s53_status status;

	s53_diags_init(&diags);
	status = s53_daemon_build(daemon, daemon->source, &diags, &snapshot);
	s53_daemon_log_diags(&diags); /* who is asked now, for one */
	if (status == S53_OK)
		s53_daemon_swap(daemon, snapshot);
	else
		s53_log(S53_LOG_GENERAL, S53_LOG_ERROR,
		    "the change of the system could not be followed (%s)", s53_status_text(status));
	s53_diags_fini(&diags);
}

static bool
same_interfaces(
    const struct s53_daemon *daemon, const struct s53_interface_addr *list, unsigned count)
{
	if (count != daemon->interface_count)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!s53_addr_equal(&list[i].addr, &daemon->interfaces[i].addr) ||
		    list[i].network.bits != daemon->interfaces[i].network.bits)
			return false;
	return true;
}

void
s53_daemon_follow_interfaces(struct s53_daemon *daemon)
{
	struct s53_interface_addr *before = daemon->interfaces;
	unsigned before_count = daemon->interface_count;

	daemon->interfaces = NULL;
	daemon->interface_count = 0;
	if (!s53_daemon_read_interfaces(daemon)) {
		daemon->interfaces = before;
		daemon->interface_count = before_count;
		return;
	}
	if (!same_interfaces(daemon, before, before_count) && daemon->snapshot->uses_interfaces)
		s53_daemon_rebuild(daemon);
	free(before);
}
