/* SPDX-License-Identifier: ISC
 *
 * daemon.c - start, signals, end.
 *
 * The order of the start: first everything that needs privileges or may fail (chroot,
 * configuration, sockets), then privileges are dropped, the log is opened by the user that will
 * write it, and last the threads are started.
 */
#include <split53/daemon.h>

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/control.h>
#include <split53/cpu.h>
#include <split53/dumper.h>
#include <split53/file.h>
#include <split53/hash.h>
#include <split53/log.h>
#include <split53/prober.h>

#include "flush.h"
#include "heap.h"
#include "inside.h"
#include "process.h"
#include "warm.h"

#define DRAIN_PULSE_MS 10 /* between two looks whether all workers have ended */
#define DRAIN_MS 800 /* of the second within which SIGTERM should end the process */

static bool complain(const char *format, ...) S53_PRINTF(1, 2);

/* Report on stderr why the start fails; a background process shares it. Returns false. */
static bool
complain(const char *format, ...)
{
	va_list args;

	fputs("split53: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

static void
take_signal(struct s53_daemon *daemon, uint32_t number)
{
	switch (number) {
	case SIGHUP:
		if (s53_daemon_reload(daemon) != S53_OK)
			return; /* the log says why */
		break;
	case SIGTERM:
	case SIGINT:
		s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "stopping on signal %u", number);
		s53_daemon_stop(daemon);
		break;
	default: /* SIGUSR1 */
		(void)s53_dumper_begin(daemon->dumper, &daemon->snapshot->policy,
		    daemon->snapshot->dump_file,
		    S53_DUMP_CACHE | S53_DUMP_UPSTREAMS | S53_DUMP_COUNTERS, NULL); /* logged */
		break;
	}
}

static void
on_signals(evutil_socket_t fd, short what, void *arg)
{
	struct signalfd_siginfo info;

	(void)what;
	while (read((int)fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		take_signal(arg, info.ssi_signo);
}

/*
 * Signals are blocked in every thread, and the main loop reads them from a descriptor. There are no
 * handlers: ThreadSanitizer delays handlers, and one that was delayed when the loop began to wait
 * was never run.
 */
static bool
watch_signals(struct s53_daemon *daemon)
{
	sigset_t watched;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error for its writer */
	sigemptyset(&watched);
	sigaddset(&watched, SIGHUP);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &watched, NULL);
	daemon->signal_fd = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
	if (daemon->signal_fd >= 0)
		daemon->signal_event = event_new(
		    daemon->base, daemon->signal_fd, EV_READ | EV_PERSIST, on_signals, daemon);
	if (daemon->signal_event == NULL || event_add(daemon->signal_event, NULL) != 0)
		return complain("cannot watch signals: out of memory or descriptors");
	return true;
}

static void
on_hosts_changed(void *arg)
{
	struct s53_daemon *daemon = arg;

	s53_log(S53_LOG_RESOLVER, S53_LOG_INFO,
	    "the addresses of forwarders have changed (host names or resolv.conf)");
	(void)s53_daemon_rebuild(daemon);
}

static bool
is_ourselves(const struct s53_addr *addr, void *arg)
{
	const struct s53_daemon *daemon = arg;

	return s53_snapshot_is_ourselves(daemon->snapshot, &daemon->foreign, addr);
}

static void
on_interfaces_changed(void *arg)
{
	struct s53_daemon *daemon = arg;

	s53_daemon_follow_interfaces(daemon);
	s53_listeners_follow(daemon);
	s53_channels_use(daemon, daemon->snapshot, NULL);
}

static void
on_listeners_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	s53_listeners_follow(arg);
}

/* Before any file is read, as all paths are relative to the new root. */
static bool
enter_chroot(struct s53_daemon *daemon)
{
	const struct s53_options *options = daemon->options;

	if (s53_identity_find(options->user, &daemon->identity) != S53_OK)
		return complain(
		    "-u: unknown user '%s'; create it or choose another", options->user);
	daemon->notify_fd = s53_notify_open();
	if (options->chroot_path == NULL)
		return true;
	s53_log_open_syslog();
	tzset();
	if (s53_privilege_chroot(options->chroot_path) != S53_OK)
		return complain("-t: cannot change the root to '%s': %s", options->chroot_path,
		    strerror(errno));
	return true;
}

static bool
show_diags(const struct s53_daemon *daemon, const struct s53_diags *diags, enum s53_status status)
{
	const char *what = daemon->options->config_shown;

	s53_diags_print(diags, stderr);
	if (status == S53_E_NOMEM)
		return complain("out of memory");
	return complain("not started: see the %s above (%s)",
	    diags->error_count == 1 ? "error" : "errors", what != NULL ? what : "command line");
}

static bool
go_background(struct s53_daemon *daemon)
{
	/* A container ends with its process 1, which therefore stays in the foreground. */
	if (getpid() == 1)
		daemon->options->foreground = true;
	if (daemon->options->foreground)
		return true;
	if (s53_process_daemonise(&daemon->ready_fd) != S53_OK)
		return complain("cannot run in the background: %s", strerror(errno));
	return true;
}

/* The statistics, and the dump, which includes them. */
static bool
furnish_statistics(struct s53_daemon *daemon)
{
	struct s53_stats_source facts;

	daemon->book = s53_tally_book_new();
	if (daemon->base == NULL || daemon->registry == NULL || daemon->book == NULL)
		return false;
	facts = s53_daemon_facts(daemon);
	daemon->statistics = s53_stats_http_new(daemon->base, &facts);
	if (daemon->statistics == NULL)
		return false;
	daemon->dumper = s53_dumper_new(daemon->base, s53_stats_http_source(daemon->statistics));
	return daemon->dumper != NULL;
}

static bool
make_parts(struct s53_daemon *daemon)
{
	struct event_config *config = event_config_new();

	s53_hash_init();
	if (config != NULL &&
	    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0)
		daemon->base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	daemon->registry = s53_registry_new();
	if (daemon->base != NULL) {
		daemon->hosts = s53_hosts_new(daemon->base, on_hosts_changed, is_ourselves, daemon);
		daemon->listeners_again = evtimer_new(daemon->base, on_listeners_again, daemon);
	}
	s53_list_init(&daemon->flushes);
	if (daemon->base != NULL && s53_rounds_init(daemon) != S53_OK)
		return complain("out of memory or descriptors");
	if (daemon->hosts == NULL || daemon->listeners_again == NULL ||
	    !furnish_statistics(daemon) || !s53_daemon_control_new(daemon))
		return complain("out of memory or descriptors");
	/*
	 * The watch comes before the list, so that no address is missed that is added in between.
	 */
	daemon->interface_watch =
	    s53_interface_watch_new(daemon->base, on_interfaces_changed, daemon);
	if (!s53_daemon_read_interfaces(daemon))
		return complain("cannot list the addresses of this host: %s", strerror(errno));
	return true;
}

static bool
make_workers(struct s53_daemon *daemon)
{
	unsigned count = daemon->options->workers;

	if (count == 0)
		count = s53_cpu_count();
	daemon->workers = calloc(count, sizeof(*daemon->workers));
	if (daemon->workers == NULL)
		return complain("out of memory");
	for (unsigned i = 0; i < count; i++) {
		daemon->workers[i] = s53_worker_new(i, &daemon->shared, &daemon->snapshot->policy);
		if (daemon->workers[i] == NULL)
			return complain("cannot create worker %u: out of memory or descriptors", i);
		daemon->worker_count++;
	}
	return true;
}

static bool
build(struct s53_daemon *daemon, struct daemon_messages *messages)
{
	struct s53_snapshot *snapshot = NULL;
	enum s53_status status = s53_daemon_build(daemon, daemon->source, messages, &snapshot);

	if (status != S53_OK)
		return show_diags(daemon, &messages->build, status);
	s53_daemon_swap(daemon, snapshot);
	return true;
}

static bool
open_listeners(
    struct s53_daemon *daemon, struct daemon_messages *messages, struct daemon_opened **out)
{
	enum s53_status status =
	    s53_listeners_open(daemon, daemon->snapshot, &messages->listeners, out);

	if (status != S53_OK)
		return show_diags(daemon, &messages->listeners, status);
	/*
	 * An address that looked like our own may be another program's after all, and then a
	 * valid forwarder: build again.
	 */
	if (!daemon->foreign_changed)
		return true;
	s53_diags_fini(&messages->build);
	return build(daemon, messages);
}

/* The default pid-file is only for the background: a supervisor knows the process ID. */
static void
write_pid_file(struct s53_daemon *daemon, struct s53_diags *diags)
{
	const struct s53_snapshot *snapshot = daemon->snapshot;
	const struct s53_identity *identity = &daemon->identity;
	uid_t uid = identity->wanted ? identity->uid : geteuid();
	gid_t gid = identity->wanted ? identity->gid : getegid();
	char why[S53_FILE_WHY];

	if (snapshot->pid_file == NULL ||
	    (!snapshot->pid_file_written && daemon->options->foreground))
		return;
	if (pidfile_write(&daemon->pid_file, snapshot->pid_file, uid, gid) != S53_OK)
		s53_diag_add(diags, S53_DIAG_WARNING, (struct s53_place){ 0 }, NULL,
		    "cannot write pid-file '%s': %s; choose another file, or `pid-file none;`",
		    snapshot->pid_file, s53_file_why(snapshot->pid_file, errno, why));
}

static bool
drop_privileges(struct s53_daemon *daemon)
{
	if (s53_privilege_drop(&daemon->identity, s53_listeners_need_privilege(daemon->snapshot)) ==
	    S53_OK)
		return true;
	if (!daemon->identity.wanted)
		return complain("cannot drop capabilities: %s", strerror(errno));
	return complain("-u: cannot change to user '%s': %s; only root can change to another user",
	    daemon->options->user, strerror(errno));
}

/* All signals go to the main thread: the workers inherit a mask that blocks them. */
static bool
start_workers(struct s53_daemon *daemon)
{
	sigset_t all, before;
	bool fine = true;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < daemon->worker_count && fine; i++)
		if (s53_worker_start(daemon->workers[i]) != S53_OK)
			fine = complain("cannot start the thread of worker %u: use fewer workers "
					"(-n), or raise the limit on threads",
			    i);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return fine;
}

static void
announce(const struct s53_daemon *daemon, const struct daemon_messages *messages)
{
	const char *path = daemon->options->config_shown;

	s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE,
	    "starting split53 " S53_VERSION " with %u worker%s, %s%s", daemon->worker_count,
	    daemon->worker_count == 1 ? "" : "s",
	    path != NULL ? "configuration " : "without a configuration file",
	    path != NULL ? path : "");
	if (daemon->options->warning[0] != '\0')
		s53_log(S53_LOG_GENERAL, S53_LOG_WARNING,
		    "options accepted for compatibility with named, without effect: %s",
		    daemon->options->warning);
	if (messages->unused_file != NULL)
		s53_log(S53_LOG_CONFIG, S53_LOG_WARNING,
		    "%s exists but is not read without -c: start split53 with '-c %s' to use it",
		    messages->unused_file, messages->unused_file);
	s53_daemon_log_messages(daemon, messages);
}

static bool
start(struct s53_daemon *daemon, struct daemon_messages *messages)
{
	struct daemon_opened *opened = NULL;
	enum s53_status status;

	s53_privilege_raise_files();
	messages->unused_file = s53_options_unused_file(daemon->options);
	if (!enter_chroot(daemon))
		return false;
	status = s53_source_load(daemon->options, &messages->files, &daemon->source);
	if (status != S53_OK)
		return show_diags(daemon, &messages->files, status);
	if (!go_background(daemon) || !make_parts(daemon) || !build(daemon, messages) ||
	    !make_workers(daemon) || !open_listeners(daemon, messages, &opened))
		goto failed;
	write_pid_file(daemon, &messages->listeners);
	s53_daemon_control_use(daemon, &messages->listeners);
	s53_channels_use(daemon, daemon->snapshot, &messages->listeners);
	if (!drop_privileges(daemon) || !watch_signals(daemon))
		goto failed;
	s53_daemon_check_files(daemon->snapshot, &messages->build);
	s53_daemon_log(daemon, daemon->snapshot);
	announce(daemon, messages);
	s53_listeners_commit(daemon, opened);
	return start_workers(daemon);
failed:
	s53_listeners_abandon(daemon, opened);
	return false;
}

static void
serve(struct s53_daemon *daemon)
{
	if (daemon->interface_watch == NULL)
		s53_log(S53_LOG_NETWORK, S53_LOG_WARNING,
		    "new and removed addresses of this host will not be noticed until a reload");
	daemon->prober = s53_prober_new(daemon->base, daemon->registry);
	if (daemon->prober == NULL)
		s53_log(S53_LOG_RESOLVER, S53_LOG_WARNING,
		    "forwarders that are down will not be probed, only tried with occasional "
		    "client queries: out of memory or descriptors");
	daemon->facts.configured_wall_ms = 1000 * s53_clock_wall_s();
	s53_daemon_operate(daemon);
	s53_daemon_follow_readiness(daemon);
	s53_process_ready(daemon->ready_fd);
	s53_warm_begin(daemon);
	event_base_dispatch(daemon->base);
	s53_notify(daemon->notify_fd, "STOPPING=1");
}

void
s53_daemon_stop(struct s53_daemon *daemon)
{
	daemon->stopping = true;
	event_base_loopbreak(daemon->base);
}

static bool
all_ended(const struct s53_daemon *daemon)
{
	for (unsigned i = 0; i < daemon->worker_count; i++)
		if (!s53_worker_has_ended(daemon->workers[i]))
			return false;
	return true;
}

static void
on_pulse(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	if (all_ended(arg))
		event_base_loopbreak(((const struct s53_daemon *)arg)->base);
}

/* Free all that could change something or start something during shutdown. */
static void
end_main_work(struct s53_daemon *daemon)
{
	s53_prober_free(daemon->prober);
	s53_dumper_free(daemon->dumper);
	daemon->dumper = NULL; /* commands that are answered while we drain look at it */
	s53_interface_watch_free(daemon->interface_watch);
	s53_hosts_free(daemon->hosts);
	if (daemon->listeners_again != NULL)
		event_free(daemon->listeners_again);
	if (daemon->not_ready_event != NULL)
		event_free(daemon->not_ready_event);
	if (daemon->signal_event != NULL)
		event_free(daemon->signal_event);
	if (daemon->signal_fd >= 0)
		close(daemon->signal_fd);
}

/*
 * The workers answer the queries in progress; meanwhile /ready of the statistics channels returns
 * 503.
 */
static void
drain(struct s53_daemon *daemon)
{
	static const struct timeval pulse = { .tv_usec = DRAIN_PULSE_MS * 1000 };
	struct event *event;

	for (unsigned i = 0; i < daemon->worker_count; i++)
		s53_worker_drain(daemon->workers[i], daemon->halting ? 0 : DRAIN_MS);
	event =
	    daemon->base != NULL ? event_new(daemon->base, -1, EV_PERSIST, on_pulse, daemon) : NULL;
	if (event == NULL)
		return;
	if (event_add(event, &pulse) == 0 && !all_ended(daemon))
		event_base_dispatch(daemon->base);
	event_free(event);
}

static void
finish(struct s53_daemon *daemon, bool started)
{
	end_main_work(daemon);
	drain(daemon);
	for (unsigned i = 0; i < daemon->worker_count; i++)
		s53_worker_join(daemon->workers[i]);
	s53_rounds_fini(daemon);
	s53_tcp_limits_fini(&daemon->shared.tcp);
	free(daemon->workers);
	daemon->worker_count = 0;
	s53_channels_fini(daemon);
	s53_stats_http_free(daemon->statistics);
	if (started && !daemon->halting)
		s53_warm_end(daemon);
	s53_warm_drop(daemon);
	if (started)
		s53_daemon_end_flushes(daemon);
	s53_control_free(daemon->control);
	s53_daemon_retired_fini(daemon);
	s53_snapshot_drop(daemon->snapshot);
	s53_source_free(daemon->source);
	s53_registry_free(daemon->registry);
	s53_tally_book_free(daemon->book);
	if (daemon->base != NULL)
		event_base_free(daemon->base);
	s53_listeners_fini(daemon);
	s53_addr_list_fini(&daemon->foreign);
	free(daemon->interfaces);
	pidfile_remove(&daemon->pid_file);
	if (daemon->notify_fd >= 0)
		close(daemon->notify_fd);
}

int
s53_daemon_run(struct s53_options *options)
{
	static struct s53_daemon daemon; /* not on the stack, as it is large and mostly unused */
	struct daemon_messages messages;
	bool started;

	heap_prepare();
	daemon.options = options;
	daemon.facts.started_wall_ms = 1000 * s53_clock_wall_s();
	daemon.signal_fd = daemon.ready_fd = daemon.notify_fd = -1;
	daemon.pid_file = (struct pidfile)PIDFILE_NONE;
	s53_list_init(&daemon.listeners);
	s53_list_init(&daemon.channels);
	s53_daemon_messages_init(&messages);
	started = start(&daemon, &messages);
	s53_daemon_messages_fini(&messages);
	if (started)
		serve(&daemon);
	finish(&daemon, started);
	if (started)
		s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "exiting");
	s53_log_close();
	return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
