/* SPDX-License-Identifier: ISC
 *
 * reload.c - builds a snapshot from the configuration and from this machine as it is now: at the
 * start, at a reload, and when the machine changes.
 *
 * A reload builds the new snapshot and opens its listeners while the old one serves. Until both
 * have succeeded nothing is changed, so that a reload that fails leaves everything as it was. Then
 * the snapshot is swapped in, worker by worker, between two turns of their loops; when all of them
 * use it, the reload is reported as done. The old one is freed when the last query that began under
 * it has ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/clock.h>
#include <split53/log.h>

#include "in_force.h"
#include "inside.h"
#include "process.h"

static unsigned
host_addrs(const void *known, const char *name, struct s53_addr out[static S53_HOST_ADDRS_MAX])
{
	return s53_hosts_addrs(known, name, out);
}

static enum s53_status
build_from(const struct s53_daemon *daemon, struct s53_source *source,
    struct daemon_messages *messages, bool want_notes, struct s53_snapshot **out)
{
	struct s53_addr nameservers[S53_HOST_ADDRS_MAX];
	struct s53_setup_input input = {
		.options = daemon->options,
		.source = source,
		.registry = daemon->registry,
		.hosts = { .addrs = host_addrs, .known = daemon->hosts },
		.resolv_conf = s53_resolv_conf_path(),
		.nameservers = nameservers,
		.interfaces = daemon->interfaces,
		.interface_count = daemon->interface_count,
		.foreign = &daemon->foreign,
		.previous = source != daemon->source ? daemon->source : NULL,
		.file_diags = &messages->files,
		.serve_stale = daemon->serve_stale,
		.keep_zone_files = daemon->keep_zone_files,
		.want_notes = want_notes,
	};

	input.nameserver_count =
	    s53_resolv_conf_read(input.resolv_conf, nameservers, &input.bad_nameserver_line);
	return s53_setup(&input, &messages->build, out);
}

enum s53_status
s53_daemon_build(const struct s53_daemon *daemon, struct s53_source *source,
    struct daemon_messages *messages, struct s53_snapshot **out)
{
	return build_from(daemon, source, messages, false, out);
}

enum s53_status
s53_daemon_build_noted(const struct s53_daemon *daemon, struct s53_snapshot **out)
{
	struct daemon_messages messages;
	enum s53_status status;

	s53_daemon_messages_init(&messages);
	status = build_from(daemon, daemon->source, &messages, true, out);
	s53_daemon_messages_fini(&messages);
	return status;
}

bool
s53_daemon_read_interfaces(struct s53_daemon *daemon)
{
	struct s53_interface_addr *list = NULL;
	unsigned count = 0;

	if (s53_interfaces(&list, &count) != S53_OK) {
		s53_log(S53_LOG_NETWORK, S53_LOG_ERROR,
		    "cannot list the addresses of this host: %s", strerror(errno));
		return false;
	}
	free(daemon->interfaces);
	daemon->interfaces = list;
	daemon->interface_count = count;
	return true;
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

/* true: this machine's addresses have changed since they were last read. */
static bool
interfaces_changed(struct s53_daemon *daemon)
{
	struct s53_interface_addr *before = daemon->interfaces;
	unsigned before_count = daemon->interface_count;
	bool changed;

	daemon->interfaces = NULL;
	daemon->interface_count = 0;
	if (!s53_daemon_read_interfaces(daemon)) {
		daemon->interfaces = before;
		daemon->interface_count = before_count;
		return false;
	}
	changed = !same_interfaces(daemon, before, before_count);
	free(before);
	return changed;
}

enum s53_status
s53_daemon_rebuild(struct s53_daemon *daemon)
{
	struct s53_snapshot *snapshot = NULL;
	struct daemon_messages messages;
	enum s53_status status;

	s53_daemon_messages_init(&messages);
	status = s53_daemon_build(daemon, daemon->source, &messages, &snapshot);
	s53_daemon_log_diags(&messages.build); /* for example the servers that are used now */
	if (status == S53_OK) {
		s53_channels_use(daemon, snapshot, NULL); /* localnets may be other networks now */
		s53_daemon_swap(daemon, snapshot);
		s53_daemon_control_follow(daemon, false);
	} else {
		s53_log(S53_LOG_GENERAL, S53_LOG_ERROR,
		    "a change of interfaces, host names or resolv.conf could not be applied (%s)",
		    s53_status_text(status));
	}
	s53_daemon_messages_fini(&messages);
	return status;
}

void
s53_daemon_follow_interfaces(struct s53_daemon *daemon)
{
	if (!interfaces_changed(daemon))
		return;
	if (daemon->snapshot->uses_interfaces)
		(void)s53_daemon_rebuild(daemon); /* which reads resolv.conf, too */
	else
		s53_hosts_read_resolv_conf_again(daemon->hosts);
}

/* What a reload makes before it changes anything, and its messages. */
struct attempt {
	struct s53_source *source;
	struct s53_snapshot *snapshot;
	struct daemon_opened *opened;
	struct s53_addr_list foreign; /* daemon->foreign before the listeners were opened */
	bool has_tried_listeners;
	struct daemon_messages messages;
};

static enum s53_status
build(struct s53_daemon *daemon, struct attempt *attempt)
{
	s53_snapshot_drop(attempt->snapshot);
	attempt->snapshot = NULL;
	s53_diags_fini(&attempt->messages.build);
	return s53_daemon_build(daemon, attempt->source, &attempt->messages, &attempt->snapshot);
}

static enum s53_status
open_listeners(struct s53_daemon *daemon, struct attempt *attempt)
{
	for (unsigned i = 0; i < daemon->foreign.count; i++)
		if (!s53_addr_list_add(&attempt->foreign, &daemon->foreign.addrs[i]))
			return S53_E_NOMEM;
	attempt->has_tried_listeners = true;
	return s53_listeners_open(
	    daemon, attempt->snapshot, &attempt->messages.listeners, &attempt->opened);
}

/*
 * Whether a forwarder is split53 itself depends on which program uses its address, which may become
 * known only when a listener is opened: only then is a snapshot built twice.
 */
static enum s53_status
prepare(struct s53_daemon *daemon, struct attempt *attempt)
{
	enum s53_status status =
	    s53_source_load(daemon->options, &attempt->messages.files, &attempt->source);

	if (status == S53_OK)
		status = build(daemon, attempt);
	if (status == S53_OK)
		status = open_listeners(daemon, attempt);
	if (status == S53_OK && daemon->foreign_changed)
		status = build(daemon, attempt);
	return status;
}

static void
use(struct s53_daemon *daemon, struct attempt *attempt)
{
	s53_daemon_check_files(attempt->snapshot, &attempt->messages.build);
	s53_channels_use(daemon, attempt->snapshot, &attempt->messages.listeners);
	s53_daemon_log(daemon, attempt->snapshot);
	s53_daemon_log_messages(daemon, &attempt->messages);
	s53_daemon_swap(daemon, attempt->snapshot);
	s53_listeners_commit(daemon, attempt->opened);
	s53_daemon_control_follow(daemon, true);
	s53_source_inherit(attempt->source, daemon->source);
	s53_source_free(daemon->source);
	daemon->source = attempt->source;
	daemon->facts.configured_wall_ms = 1000 * s53_clock_wall_s();
}

/* Everything stays as it was, but log files are reopened nevertheless. */
static void
abandon(struct s53_daemon *daemon, struct attempt *attempt, enum s53_status status)
{
	s53_daemon_log(daemon, daemon->snapshot);
	s53_daemon_log_messages(daemon, &attempt->messages);
	s53_log(S53_LOG_GENERAL, S53_LOG_ERROR,
	    "reload failed (%s): the previous configuration stays in use", s53_status_text(status));
	if (attempt->has_tried_listeners) {
		struct s53_addr_list found = daemon->foreign;

		s53_listeners_abandon(daemon, attempt->opened);
		daemon->foreign = attempt->foreign;
		attempt->foreign = found; /* freed with the attempt */
		daemon->foreign_changed = false;
	}
	s53_daemon_retire(daemon, attempt->snapshot);
	s53_source_free(attempt->source);
}

static void
notify_reloading(const struct s53_daemon *daemon)
{
	char state[64];

	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)s53_clock_ms() * 1000);
	s53_notify(daemon->notify_fd, state);
}

void
s53_daemon_first_error(const struct s53_diags *diags[], unsigned count, enum s53_status status,
    char why[static S53_OPERATION_WHY])
{
	snprintf(why, S53_OPERATION_WHY, "%s", s53_status_text(status));
	for (unsigned i = 0; i < count; i++)
		for (const struct s53_diag *diag = diags[i]->first; diag != NULL;
		     diag = diag->next) {
			const struct s53_place *at = &diag->place;
			const char *text = diag->text != NULL ? diag->text : "out of memory";

			if (diag->kind != S53_DIAG_ERROR)
				continue;
			if (at->file == NULL)
				snprintf(why, S53_OPERATION_WHY, "%s", text);
			else if (at->line == 0)
				snprintf(why, S53_OPERATION_WHY, "%s: %s", at->file, text);
			else
				snprintf(why, S53_OPERATION_WHY, "%s:%u:%u: %s", at->file, at->line,
				    at->column, text);
			return;
		}
}

/* Build the new configuration and use it, or change nothing. */
static enum s53_status
load(struct s53_daemon *daemon, bool keep_zone_files, char why[static S53_OPERATION_WHY])
{
	struct attempt attempt = { .source = NULL };
	const struct s53_diags *diags[] = { &attempt.messages.build, &attempt.messages.listeners,
		&attempt.messages.files };
	bool addresses_changed;
	enum s53_status status;

	s53_daemon_messages_init(&attempt.messages);
	addresses_changed = interfaces_changed(daemon);
	daemon->keep_zone_files = keep_zone_files;
	status = prepare(daemon, &attempt);
	daemon->facts.reloads++;
	daemon->facts.reloads_failed += status != S53_OK;
	daemon->facts.last_reload_failed = status != S53_OK;
	daemon->keep_zone_files = false;
	if (status == S53_OK) {
		use(daemon, &attempt);
	} else {
		abandon(daemon, &attempt, status);
		s53_daemon_first_error(diags, sizeof(diags) / sizeof(*diags), status, why);
		if (addresses_changed && daemon->snapshot->uses_interfaces)
			(void)s53_daemon_rebuild(daemon);
	}
	s53_addr_list_fini(&attempt.foreign);
	s53_daemon_messages_fini(&attempt.messages);
	s53_daemon_follow_readiness(daemon);
	return status;
}

enum s53_status
s53_daemon_load(struct s53_daemon *daemon, bool keep_zone_files, s53_done *done, void *done_arg,
    char why[static S53_OPERATION_WHY])
{
	struct s53_in_force *in_force = s53_in_force_new(daemon, done, done_arg);
	bool was_ready = daemon->is_ready;
	enum s53_status status;

	if (in_force == NULL) {
		snprintf(why, S53_OPERATION_WHY, "out of memory");
		return S53_E_NOMEM;
	}
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO, "reloading the configuration");
	if (was_ready)
		notify_reloading(daemon);
	status = load(daemon, keep_zone_files, why);
	if (status == S53_OK) {
		s53_in_force_begin(in_force, "reloaded", was_ready);
		return S53_OK;
	}
	s53_in_force_drop(in_force);
	if (was_ready)
		s53_notify(daemon->notify_fd, "READY=1");
	return status;
}

enum s53_status
s53_daemon_reload(struct s53_daemon *daemon)
{
	char why[S53_OPERATION_WHY];

	return s53_daemon_load(daemon, false, NULL, NULL, why);
}
