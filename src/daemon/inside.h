/* SPDX-License-Identifier: ISC
 *
 * inside.h - the state of the daemon, shared by the files that start, change and end it.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   one object, owned by s53_daemon_run()
 */
#pragma once

#include <event2/event.h>

#include <split53/list.h>

#include <split53/privilege.h>
#include <split53/daemon.h>

#include <split53/hosts.h>
#include <split53/operations.h>
#include <split53/setup.h>
#include <split53/stats_channel.h>

#include "pidfile.h"
#include "rounds.h"

/* An address on which every worker listens, or should. */
struct daemon_listener {
	struct s53_link link;
	struct s53_addr addr;
	bool open; /* false: could not be bound; retried when addresses change */
	bool wanted; /* during a change: the new rules still want it */
	/* For the change in progress, until it is committed or abandoned: */
	bool is_new; /* it did not exist before */
	bool has_failed; /* it could not be bound */
	uint64_t left_ms; /* when the workers were told to close it; 0: it was not open before */
};

/* Sockets that were opened for a change that may still be abandoned. */
struct daemon_opened {
	struct daemon_opened *next;
	struct s53_addr addr;
	int fds[]; /* UDP and TCP of each worker */
};

/* Was any listener open when it was last reported? */
enum daemon_listening { LISTENING_UNKNOWN, LISTENING_NOWHERE, LISTENING_SOMEWHERE };

struct s53_daemon {
	struct s53_options *options;
	struct s53_identity identity;
	struct event_base *base;
	int signal_fd; /* -1: none */
	struct event *signal_event;
	struct s53_source *source;
	struct s53_snapshot *snapshot;
	struct s53_snapshot *retired; /* no longer in use for new queries, not yet freed */
	struct event *retired_event;
	struct s53_registry *registry;
	struct s53_prober *prober; /* NULL: not made yet, or it could not be made */
	struct s53_hosts *hosts;
	struct s53_interface_watch *interface_watch;
	struct s53_interface_addr *interfaces;
	unsigned interface_count;
	struct s53_addr_list foreign; /* wanted, but in use by another program when last tried */
	bool foreign_changed; /* since the snapshot in force was built */
	struct s53_link listeners;
	struct event *listeners_again; /* an address waits until our own sockets are closed */
	struct s53_worker **workers;
	unsigned worker_count;
	struct s53_worker_shared shared;
	struct s53_tally_book *book;
	struct s53_stats_server_http *statistics;
	struct s53_link channels; /* statistics channels */
	struct s53_stats_process facts; /* times, counts of reloads; the rest on request */
	struct daemon_warm *warm; /* while the cache file is being read; else NULL */
	struct s53_dumper *dumper;
	struct s53_control *control;
	int ready_fd, notify_fd;
	struct pidfile pid_file;
	bool log_open; /* the configured channels are in use */
	bool is_ready; /* `running` was logged */
	enum daemon_listening listening;
	struct event *not_ready_event; /* asks the supervisor to wait; NULL: not needed */
	bool stopping;
	bool halting; /* halt: queries in progress fail, and the cache is not saved */
	/* For operations.h: */
	struct s53_rounds rounds;
	struct s53_link flushes; /* by daemon_flush.link */
	unsigned flush_count;
	bool is_listing; /* a list of fetches is in progress */
	enum s53_switch query_log, response_log, serve_stale;
	bool keep_zone_files; /* of the reload in progress */
	uint64_t counted_before[S53_C_COUNT]; /* values of the counters at the last reset */
	struct s53_operations operations;
};

/* The messages of a start or a reload, by source. */
struct daemon_messages {
	struct s53_diags files; /* named.conf and the zone files */
	struct s53_diags build, listeners;
	const char *unused_file; /* a named.conf that exists but is not read; or NULL */
};

void s53_daemon_messages_init(struct daemon_messages *messages);
void s53_daemon_messages_fini(struct daemon_messages *messages);

/*
 * Build a snapshot of `source` for this machine as it is now. Changes nothing: s53_daemon_swap()
 * puts the snapshot in force. Adds to messages->files (zone files are read once per source), and
 * to messages->build.
 */
S53_MUST_USE enum s53_status s53_daemon_build(const struct s53_daemon *daemon,
    struct s53_source *source, struct daemon_messages *messages, struct s53_snapshot **out);

/*
 * Give `snapshot`, before it is used, its cache: that of the snapshot in force if the size is the
 * same, else a new one with the entries of the old one.
 */
void s53_daemon_keep_cache(struct s53_daemon *daemon, struct s53_snapshot *snapshot);

/*
 * Put `snapshot` in force, taking over the caller's count: workers, limits, health checks, host
 * names and resolv.conf. Logging is changed by s53_daemon_log().
 */
void s53_daemon_swap(struct s53_daemon *daemon, struct s53_snapshot *snapshot);

/*
 * Free `snapshot`, whose count it takes over, in the main thread as soon as no worker uses it, and
 * then return the free memory of malloc() to the system. NULL: only return memory, a moment later.
 */
void s53_daemon_retire(struct s53_daemon *daemon, struct s53_snapshot *snapshot);
void s53_daemon_retired_fini(struct s53_daemon *daemon); /* call when the workers have ended */

/* Open the log channels of `snapshot`; those that cannot be opened are replaced, with a warning. */
void s53_daemon_log(struct s53_daemon *daemon, const struct s53_snapshot *snapshot);

/* Log errors, notices and warnings, except the warning classes [differs] and [harmless]. */
void s53_daemon_log_diags(const struct s53_diags *diags);

/*
 * Log all messages in this way, and how many warnings of each class the configuration has, if
 * any. --check lists these.
 */
void s53_daemon_log_messages(
    const struct s53_daemon *daemon, const struct daemon_messages *messages);

/*
 * Listeners may have changed: when the first one is open, log `running` and notify the
 * supervisor. When the last one has closed, no client is served: log a warning, once each time.
 */
void s53_daemon_follow_readiness(struct s53_daemon *daemon);

/*
 * control.c: the control channels. new() opens none. use() opens those of the snapshot in use and
 * closes all others, at the start before privileges are dropped; messages go to `diags`. follow()
 * does the same after each later change of the snapshot, and logs the messages only if `say`:
 * without a reload they would repeat those already logged.
 */
bool s53_daemon_control_new(struct s53_daemon *daemon);
void s53_daemon_control_use(struct s53_daemon *daemon, struct s53_diags *diags);
void s53_daemon_control_follow(struct s53_daemon *daemon, bool say);

/* Build the snapshot in use a second time, with notes that say where each zone is configured. */
S53_MUST_USE enum s53_status s53_daemon_build_noted(
    const struct s53_daemon *daemon, struct s53_snapshot **out);

/*
 * Warn now of files that cannot be written later: `directory`, the dump and the cache file. For
 * the user that the process runs as, so after privileges were dropped.
 */
void s53_daemon_check_files(const struct s53_snapshot *snapshot, struct s53_diags *diags);

/* Read the addresses of this machine. false: they could not be read, the old ones are kept. */
bool s53_daemon_read_interfaces(struct s53_daemon *daemon);

/* The same while serving: rebuild if localhost or localnets have changed. */
void s53_daemon_follow_interfaces(struct s53_daemon *daemon);

/* Fill in daemon->operations. */
void s53_daemon_operate(struct s53_daemon *daemon);

/*
 * Apply what the operator has set at run time to `snapshot`, overriding its configuration.
 */
void s53_daemon_switch(const struct s53_daemon *daemon, struct s53_snapshot *snapshot);

/* The sum of a counter over all workers, since its last reset. `daemon`: a struct s53_daemon. */
uint64_t s53_daemon_counter(void *arg, enum s53_counter counter);

/* s53_operations.reload_zone. */
S53_MUST_USE enum s53_status s53_daemon_reload_zone(void *daemon, const struct s53_name *apex,
    const char *view, s53_done *done, void *done_arg, char why[static S53_OPERATION_WHY]);

/* s53_operations.recursing. */
S53_MUST_USE enum s53_status s53_daemon_list_fetches(struct s53_daemon *daemon, s53_recursed *done,
    void *done_arg, char why[static S53_OPERATION_WHY]);

/*
 * As s53_daemon_reload(), with the first error in `why`. `keep_zone_files`: do not read loaded zone
 * files again (rndc reconfig). After S53_OK, `done` (NULL: none) is called when all workers use the
 * new snapshot.
 */
S53_MUST_USE enum s53_status s53_daemon_load(struct s53_daemon *daemon, bool keep_zone_files,
    s53_done *done, void *done_arg, char why[static S53_OPERATION_WHY]);

/* "FILE:LINE:COLUMN: TEXT" of the first error among the messages, else the status' text. */
void s53_daemon_first_error(const struct s53_diags *diags[], unsigned count, enum s53_status status,
    char why[static S53_OPERATION_WHY]);

/* Build from the same source, after host names, resolv.conf or interfaces have changed. */
enum s53_status s53_daemon_rebuild(struct s53_daemon *daemon);

/*
 * Open the listeners that `snapshot` wants and that are not open. It is an error in `diags` if an
 * address that the configuration names and this machine has cannot be bound, if listen-on allows no
 * address at all, or if other programs use all addresses; any other failure is a warning. It is
 * never an error if the machine does not have an address, or if an address will become free soon:
 * one that the kernel does not allow to bind yet, and one of ours that a worker is still closing
 * (daemon->listeners_again fires soon). So after S53_OK there may be no listener: they are opened
 * when their addresses appear. After S53_OK, s53_listeners_commit() hands the sockets to the
 * workers and closes the listeners that are no longer wanted, or s53_listeners_abandon() closes the
 * sockets again. After any other status none is open. In either case daemon->foreign and the list
 * of addresses that cannot be bound (kept so that each is warned of once) are updated; a reload
 * that fails restores both.
 */
S53_MUST_USE enum s53_status s53_listeners_open(struct s53_daemon *daemon,
    const struct s53_snapshot *snapshot, struct s53_diags *diags, struct daemon_opened **out);
void s53_listeners_commit(struct s53_daemon *daemon, struct daemon_opened *opened);
void s53_listeners_abandon(struct s53_daemon *daemon, struct daemon_opened *opened);
void s53_listeners_fini(struct s53_daemon *daemon);

/*
 * Addresses have changed: open and close listeners by the snapshot in force. A failure of one
 * address does not affect the others.
 */
void s53_listeners_follow(struct s53_daemon *daemon);

bool s53_listeners_any_open(const struct s53_daemon *daemon);

/*
 * channels.c: open the statistics channels of `snapshot` and close all others; channels in both
 * keep their connections. Each channel that cannot be opened is an error in `diags`; NULL: no
 * messages.
 */
void s53_channels_use(
    struct s53_daemon *daemon, const struct s53_snapshot *snapshot, struct s53_diags *diags);
void s53_channels_fini(struct s53_daemon *daemon);

/* facts.c: the source of layer stats, valid until the daemon ends. */
struct s53_stats_source s53_daemon_facts(struct s53_daemon *daemon);

/* Will a bind() after the drop of privileges need CAP_NET_BIND_SERVICE? */
bool s53_listeners_need_privilege(const struct s53_snapshot *snapshot);
