/* SPDX-License-Identifier: ISC
 *
 * server.c - start, signals, end.
 *
 * The order of the start: what needs rights or may fail comes first (chroot, configuration,
 * sockets), then rights are dropped, the log is opened as the user that will write it, and only
 * then are there threads.
 */
#include <split53/server.h>

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <unistd.h>

#include <split53/hash.h>
#include <split53/log.h>
#include <split53/probe.h>

#include "cpu.h"
#include "dump.h"
#include "inside.h"
#include "process.h"
#include "warm.h"

#define DRAIN_MS 800 /* of the second within which SIGTERM is to end us */

static bool complain(const char *format, ...) S53_PRINTF(1, 2);

/*
 * Why there will be no start, on stderr, which the parent of a background process shares. Always
 * false.
 */
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
take_signal(struct s53_server *server, uint32_t number)
{
	switch (number) {
	case SIGHUP:
		if (s53_server_reload(server) != S53_OK)
			return; /* said in the log */
		break;
	case SIGTERM:
	case SIGINT:
		s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "stopping on signal %u", number);
		s53_server_stop(server);
		break;
	default: /* SIGUSR1 */
		s53_dump_begin(server);
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
 * Signals are the main loop's: they stay blocked in every thread and are read like messages. No
 * handler ever runs, so that none can be lost or come at a bad moment (ThreadSanitizer puts
 * handlers off, and one that it put off when the loop began to wait was never run).
 */
static bool
watch_signals(struct s53_server *server)
{
	sigset_t watched;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error of its writer */
	sigemptyset(&watched);
	sigaddset(&watched, SIGHUP);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &watched, NULL);
	server->signal_fd = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
	if (server->signal_fd >= 0)
		server->signal_event = event_new(
		    server->base, server->signal_fd, EV_READ | EV_PERSIST, on_signals, server);
	if (server->signal_event == NULL || event_add(server->signal_event, NULL) != 0)
		return complain("cannot watch signals: out of memory or descriptors");
	return true;
}

static void
on_hosts_changed(void *arg)
{
	struct s53_server *server = arg;

	s53_log(
	    S53_LOG_RESOLVER, S53_LOG_INFO, "forwarders have changed (host names or resolv.conf)");
	s53_server_rebuild(server);
}

static void
on_interfaces_changed(void *arg)
{
	s53_server_follow_interfaces(arg);
	s53_places_follow(arg);
}

static void
on_places_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	s53_places_follow(arg);
}

/* Before anything is read: the files are the new root's. */
static bool
enter_chroot(struct s53_server *server)
{
	const struct s53_options *options = server->options;

	if (s53_identity_find(options->user, &server->identity) != S53_OK)
		return complain(
		    "-u: there is no user '%s'; create it or name another", options->user);
	server->notify_fd = s53_notify_open();
	if (options->chroot_path == NULL)
		return true;
	openlog("split53", LOG_PID | LOG_NDELAY, LOG_DAEMON); /* /dev/log will be out of reach */
	tzset();
	if (s53_privilege_chroot(options->chroot_path) != S53_OK)
		return complain("-t: cannot change the root to '%s': %s", options->chroot_path,
		    strerror(errno));
	return true;
}

static bool
show_diags(const struct s53_server *server, const struct s53_diags *diags, enum s53_status status)
{
	const char *what = server->options->config_shown;

	s53_diags_print(diags, stderr);
	if (status == S53_E_NOMEM)
		return complain("out of memory");
	return complain("not started: see the %s above (%s)",
	    diags->error_count == 1 ? "error" : "errors", what != NULL ? what : "command line");
}

static bool
go_background(struct s53_server *server)
{
	/* Process 1 has nobody to go behind: a container would end with it. */
	if (getpid() == 1)
		server->options->foreground = true;
	if (server->options->foreground)
		return true;
	if (s53_process_daemonise(&server->ready_fd) != S53_OK)
		return complain("cannot go into the background: %s", strerror(errno));
	return true;
}

static bool
furnish(struct s53_server *server)
{
	struct event_config *config = event_config_new();

	s53_hash_init();
	if (config != NULL &&
	    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0)
		server->base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	server->registry = s53_registry_new();
	if (server->base != NULL) {
		server->hosts = s53_hosts_new(server->base, on_hosts_changed, server);
		server->places_again = evtimer_new(server->base, on_places_again, server);
	}
	if (server->base == NULL || server->registry == NULL || server->hosts == NULL ||
	    server->places_again == NULL)
		return complain("out of memory or descriptors");
	/* The watch comes before the list: an address that comes in between would be missed. */
	server->interface_watch =
	    s53_interface_watch_new(server->base, on_interfaces_changed, server);
	if (!s53_server_read_interfaces(server))
		return complain("cannot list this machine's addresses: %s", strerror(errno));
	return true;
}

static bool
make_workers(struct s53_server *server)
{
	unsigned count = server->options->workers;

	if (count == 0)
		count = s53_cpu_count();
	server->workers = calloc(count, sizeof(*server->workers));
	if (server->workers == NULL)
		return complain("out of memory");
	for (unsigned i = 0; i < count; i++) {
		server->workers[i] = s53_worker_new(i, &server->shared, &server->snapshot->policy);
		if (server->workers[i] == NULL)
			return complain(
			    "worker %u cannot be made: out of memory or descriptors", i);
		server->worker_count++;
	}
	return true;
}

/* What is said at the start, by its source: the file, the build, the sockets. */
struct start_diags {
	struct s53_diags file, build, places;
};

static bool
build(struct s53_server *server, struct start_diags *diags)
{
	struct s53_snapshot *snapshot = NULL;
	enum s53_status status = s53_server_build(server, server->source, &diags->build, &snapshot);

	if (status != S53_OK)
		return show_diags(server, &diags->build, status);
	s53_server_swap(server, snapshot);
	return true;
}

static bool
open_places(struct s53_server *server, struct start_diags *diags, struct server_opened **out)
{
	enum s53_status status = s53_places_open(server, server->snapshot, &diags->places, out);

	if (status != S53_OK)
		return show_diags(server, &diags->places, status);
	/*
	 * A forwarder that looked like ourselves may be another program's after all: build once
	 * more.
	 */
	if (!server->foreign_changed)
		return true;
	s53_diags_fini(&diags->build);
	return build(server, diags);
}

/* The default one is for those who go into the background: a supervisor knows the number. */
static void
write_pid_file(struct s53_server *server, struct s53_diags *diags)
{
	const struct s53_snapshot *snapshot = server->snapshot;
	const struct s53_identity *identity = &server->identity;
	uid_t uid = identity->wanted ? identity->uid : geteuid();
	gid_t gid = identity->wanted ? identity->gid : getegid();

	if (snapshot->pid_file == NULL ||
	    (!snapshot->pid_file_written && server->options->foreground))
		return;
	if (s53_pidfile_write(snapshot->pid_file, uid, gid) == S53_OK)
		server->pid_file = strdup(snapshot->pid_file);
	else
		s53_diag_add(diags, S53_DIAG_WARNING, (struct s53_place){ 0 }, NULL,
		    "pid-file '%s' cannot be written: %s; name another, or `pid-file none;`",
		    snapshot->pid_file, strerror(errno));
}

static bool
drop_privileges(struct s53_server *server)
{
	if (s53_privilege_drop(&server->identity, s53_places_need_privilege(server->snapshot)) ==
	    S53_OK)
		return true;
	return complain("-u: cannot become '%s': %s; only root can change into another user",
	    server->options->user, strerror(errno));
}

/* Whatever else may be sent is the main thread's: workers are born with all signals blocked. */
static bool
start_workers(struct s53_server *server)
{
	sigset_t all, before;
	bool fine = true;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < server->worker_count && fine; i++)
		if (s53_worker_start(server->workers[i]) != S53_OK)
			fine = complain("no thread for worker %u: lower -n or raise the limit", i);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return fine;
}

static void
announce(struct s53_server *server, const struct start_diags *diags)
{
	const char *path = server->options->config_shown;

	s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE,
	    "starting split53 " S53_VERSION " with %u worker%s, %s%s", server->worker_count,
	    server->worker_count == 1 ? "" : "s",
	    path != NULL ? "configuration " : "without a configuration file",
	    path != NULL ? path : "");
	if (server->options->warning[0] != '\0')
		s53_log(S53_LOG_GENERAL, S53_LOG_WARNING,
		    "accepted for named's sake, without effect: %s", server->options->warning);
	s53_server_log_diags(&diags->file);
	s53_server_log_diags(&diags->build);
	s53_server_log_diags(&diags->places);
}

static bool
start(struct s53_server *server, struct start_diags *diags)
{
	struct server_opened *opened = NULL;
	enum s53_status status;

	s53_privilege_raise_files();
	if (!enter_chroot(server))
		return false;
	status = s53_source_load(server->options, &diags->file, &server->source);
	if (status != S53_OK)
		return show_diags(server, &diags->file, status);
	if (!go_background(server) || !furnish(server) || !build(server, diags) ||
	    !make_workers(server) || !open_places(server, diags, &opened))
		goto failed;
	write_pid_file(server, &diags->places);
	if (!drop_privileges(server) || !watch_signals(server))
		goto failed;
	s53_server_log(server, server->snapshot);
	announce(server, diags);
	s53_places_commit(server, opened);
	return start_workers(server);
failed:
	s53_places_abandon(server, opened);
	return false;
}

static void
serve(struct s53_server *server)
{
	if (server->interface_watch == NULL)
		s53_log(S53_LOG_NETWORK, S53_LOG_WARNING,
		    "addresses that come and go will not be noticed before a reload");
	server->prober = s53_prober_new(server->base, server->registry);
	if (server->prober == NULL)
		s53_log(S53_LOG_RESOLVER, S53_LOG_WARNING,
		    "forwarders that are down are not probed, only asked now and then: out of "
		    "memory or descriptors");
	s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "running");
	s53_notify(server->notify_fd, "READY=1");
	s53_process_ready(server->ready_fd);
	s53_warm_begin(server);
	event_base_dispatch(server->base);
	s53_notify(server->notify_fd, "STOPPING=1");
}

void
s53_server_stop(struct s53_server *server)
{
	server->stopping = true;
	event_base_loopbreak(server->base);
}

static void
finish(struct s53_server *server, bool started)
{
	for (unsigned i = 0; i < server->worker_count; i++)
		s53_worker_drain(server->workers[i], DRAIN_MS);
	for (unsigned i = 0; i < server->worker_count; i++)
		s53_worker_join(server->workers[i]);
	free(server->workers);
	s53_prober_free(server->prober);
	s53_dump_abandon(server);
	if (started)
		s53_warm_end(server);
	s53_warm_drop(server);
	s53_interface_watch_free(server->interface_watch);
	if (server->places_again != NULL)
		event_free(server->places_again);
	s53_hosts_free(server->hosts);
	s53_snapshot_drop(server->snapshot);
	s53_source_free(server->source);
	s53_registry_free(server->registry);
	if (server->signal_event != NULL)
		event_free(server->signal_event);
	if (server->signal_fd >= 0)
		close(server->signal_fd);
	if (server->base != NULL)
		event_base_free(server->base);
	s53_places_fini(server);
	s53_addr_list_fini(&server->ours.addrs);
	s53_addr_list_fini(&server->ours.foreign);
	free(server->interfaces);
	if (server->pid_file != NULL)
		s53_pidfile_remove(server->pid_file);
	free(server->pid_file);
	if (server->notify_fd >= 0)
		close(server->notify_fd);
}

int
s53_server_run(struct s53_options *options)
{
	static struct s53_server server; /* off the stack: most of it is not touched while idle */
	struct start_diags diags;
	bool started;

	server.options = options;
	server.signal_fd = server.ready_fd = server.notify_fd = -1;
	s53_list_init(&server.places);
	s53_diags_init(&diags.file);
	s53_diags_init(&diags.build);
	s53_diags_init(&diags.places);
	started = start(&server, &diags);
	s53_diags_fini(&diags.file);
	s53_diags_fini(&diags.build);
	s53_diags_fini(&diags.places);
	if (started)
		serve(&server);
	finish(&server, started);
	if (started)
		s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "exiting");
	s53_log_close();
	return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
