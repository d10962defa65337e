/* SPDX-License-Identifier: ISC
 *
 * listeners.c - the addresses that split53 listens on, each with a UDP and a TCP socket per worker.
 *
 * A change has two steps, so that a configuration changes nothing if its sockets cannot be opened:
 * open() opens the new sockets, commit() closes the old ones and hands the new ones to the workers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <split53/acl.h>
#include <split53/clock.h>
#include <split53/log.h>

#include "inside.h"

/*
 * How long our own sockets may still use an address after unlisten: a worker closes them when it
 * handles the message, and a UDP socket only after its last reply.
 */
#define LEAVING_MS 30000
#define AGAIN_MS 100

static struct daemon_listener *
find_listener(const struct s53_daemon *daemon, const struct s53_addr *addr)
{
	S53_LIST_EACH (&daemon->listeners, it) {
		struct daemon_listener *listener =
		    S53_CONTAINER_OF(it, struct daemon_listener, link);

		if (s53_addr_equal(&listener->addr, addr))
			return listener;
	}
	return NULL;
}

/* The workers were told to close it, and some may not have done so yet. */
static bool
is_leaving(const struct daemon_listener *listener)
{
	return !listener->open && listener->left_ms != 0 &&
	    s53_clock_ms() - listener->left_ms < LEAVING_MS;
}

/* An address that another program uses may be a forwarder. Out of memory: nothing changes. */
static void
note_foreign(struct s53_daemon *daemon, const struct s53_addr *addr, bool foreign)
{
	struct s53_addr_list *list = &daemon->foreign;

	if (s53_addr_list_has(list, addr) == foreign)
		return;
	if (foreign) {
		if (s53_addr_list_add(list, addr))
			daemon->foreign_changed = true;
		return;
	}
	for (unsigned i = 0; i < list->count; i++)
		if (s53_addr_equal(&list->addrs[i], addr))
			list->addrs[i--] = list->addrs[--list->count];
	daemon->foreign_changed = true;
}

static void
close_fds(const struct s53_daemon *daemon, struct daemon_opened *opened)
{
	for (unsigned i = 0; i < 2 * daemon->worker_count; i++)
		if (opened->fds[i] >= 0)
			close(opened->fds[i]);
	free(opened);
}

/* NULL: errno says why. */
static struct daemon_opened *
open_listener(const struct s53_daemon *daemon, const struct s53_addr *addr, int backlog)
{
	size_t size = sizeof(struct daemon_opened) + 2 * daemon->worker_count * sizeof(int);
	struct daemon_opened *opened = malloc(size);
	int failure;

	if (opened == NULL)
		return NULL;
	memset(opened, -1, size);
	opened->next = NULL;
	opened->addr = *addr;
	if (s53_socket_probe(addr, S53_UDP) != S53_OK || s53_socket_probe(addr, S53_TCP) != S53_OK)
		goto failed;
	for (unsigned i = 0; i < daemon->worker_count; i++)
		if (s53_socket_open(addr, S53_UDP, backlog, &opened->fds[2 * i]) != S53_OK ||
		    s53_socket_open(addr, S53_TCP, backlog, &opened->fds[2 * i + 1]) != S53_OK)
			goto failed;
	return opened;
failed:
	failure = errno;
	close_fds(daemon, opened);
	errno = failure;
	return NULL;
}

static bool
is_named(const struct s53_snapshot *snapshot, const struct s53_addr *addr)
{
	for (unsigned r = 0; r < snapshot->rule_count; r++)
		for (unsigned i = 0; i < snapshot->rules[r].named_count; i++)
			if (s53_addr_equal(&snapshot->rules[r].named[i], addr))
				return true;
	return false;
}

/* The address, or its interface, is not on this machine (any more, perhaps). */
static bool
is_absent(int failure)
{
	return failure == EADDRNOTAVAIL || failure == ENODEV;
}

static void
explain_failure(const struct s53_addr *addr, bool is_error, int failure, struct s53_diags *diags)
{
	enum s53_diag_kind kind = is_error ? S53_DIAG_ERROR : S53_DIAG_WARNING;
	const struct s53_place nowhere = { 0 };
	char text[S53_ADDR_TEXT];
	uint16_t port = s53_addr_port(addr);

	s53_addr_print(addr, text);
	if (failure == EADDRINUSE)
		s53_diag_add(diags, kind, nowhere, NULL,
		    "cannot listen on %s: the address is in use; find the other program with `ss "
		    "-lnup sport = :%u` and `ss -lntp sport = :%u`, stop it, or listen elsewhere "
		    "(listen-on, --listen, -p)",
		    text, port, port);
	else if (failure == EACCES || failure == EPERM)
		s53_diag_add(diags, kind, nowhere, NULL,
		    "cannot listen on %s: ports below 1024 require privileges; start as root and "
		    "drop privileges with -u, grant CAP_NET_BIND_SERVICE, or use another port (-p)",
		    text);
	else if (is_absent(failure))
		s53_diag_add(diags, kind, nowhere, NULL,
		    "not listening on %s: the address cannot be bound yet; it is tried again when "
		    "the interface is ready",
		    text);
	else
		s53_diag_add(
		    diags, kind, nowhere, NULL, "cannot listen on %s: %s", text, strerror(failure));
}

/* A pass over the addresses to listen on. */
struct pass {
	struct s53_daemon *daemon;
	const struct s53_snapshot *snapshot;
	bool is_strict; /* it is an error if an address that the configuration names is in use */
	struct s53_addr_list wanted;
	struct s53_diags *diags;
	struct daemon_opened *opened;
	unsigned
	    open_count; /* addresses that are open, or will be without a change by the operator */
};

/*
 * Record an address that could not be bound, so that it is warned of once. If an interface
 * has the address, it is still being checked for duplicates (RFC 4862 s5.4): that takes
 * seconds, and the watch of interfaces reports its end.
 */
static void
note_failed(struct pass *pass, const struct s53_addr *addr, int failure)
{
	struct s53_daemon *daemon = pass->daemon;
	struct daemon_listener *listener = find_listener(daemon, addr);
	bool is_error = pass->is_strict && is_named(pass->snapshot, addr) && !is_absent(failure);

	if (listener == NULL || listener->left_ms != 0 || is_error)
		explain_failure(addr, is_error, failure, pass->diags);
	if (failure == EADDRINUSE)
		note_foreign(daemon, addr, true);
	if (listener != NULL)
		listener->has_failed = true;
	if (listener != NULL || (listener = calloc(1, sizeof(*listener))) == NULL)
		return;
	listener->addr = *addr;
	listener->wanted = listener->is_new = true;
	s53_list_append(&daemon->listeners, &listener->link);
}

/* Warn of addresses that the configuration names and no interface has. */
static void
warn_absent(const struct pass *pass)
{
	const struct s53_snapshot *snapshot = pass->snapshot;
	char text[S53_ADDR_TEXT];

	for (unsigned r = 0; r < snapshot->rule_count; r++)
		for (unsigned i = 0; i < snapshot->rules[r].named_count; i++)
			if (!s53_addr_list_has(&pass->wanted, &snapshot->rules[r].named[i]))
				s53_diag_add(pass->diags, S53_DIAG_WARNING, (struct s53_place){ 0 },
				    NULL,
				    "not listening on %s: no interface has this address, or the "
				    "list denies it; listening starts when an interface gets it",
				    s53_addr_print(&snapshot->rules[r].named[i], text));
}

/* Our own sockets still use an address: try again until they are closed. */
static void
try_again_soon(struct s53_daemon *daemon)
{
	static const struct timeval wait = { .tv_usec = AGAIN_MS * 1000 };

	evtimer_add(daemon->listeners_again, &wait);
}

static void
open_one(struct pass *pass, const struct s53_addr *addr)
{
	struct s53_daemon *daemon = pass->daemon;
	struct daemon_listener *listener = find_listener(daemon, addr);
	struct daemon_opened *opened;

	if (listener != NULL)
		listener->wanted = true;
	if (listener != NULL && listener->open) {
		pass->open_count++;
		return;
	}
	opened = open_listener(daemon, addr, pass->snapshot->tcp_listen_queue);
	if (opened != NULL) {
		note_foreign(daemon, addr, false);
		opened->next = pass->opened;
		pass->opened = opened;
		pass->open_count++;
	} else if (errno == EADDRINUSE && listener != NULL && is_leaving(listener)) {
		try_again_soon(daemon);
		pass->open_count++;
	} else {
		pass->open_count += is_absent(errno);
		note_failed(pass, addr, errno);
	}
}

/* Keep the addresses that could not be bound, so that each is warned of once. */
static void
keep_failures(struct s53_daemon *daemon)
{
	S53_LIST_EACH (&daemon->listeners, it) {
		struct daemon_listener *listener =
		    S53_CONTAINER_OF(it, struct daemon_listener, link);

		if (listener->has_failed)
			listener->left_ms = 0;
		listener->has_failed = listener->is_new = false;
	}
}

static void
forget_failures(struct s53_daemon *daemon)
{
	S53_LIST_EACH_SAFE (&daemon->listeners, it, following) {
		struct daemon_listener *listener =
		    S53_CONTAINER_OF(it, struct daemon_listener, link);

		listener->has_failed = false;
		if (!listener->is_new)
			continue;
		s53_list_remove(&listener->link);
		free(listener);
	}
}

static void
close_opened(const struct s53_daemon *daemon, struct daemon_opened *opened)
{
	while (opened != NULL) {
		struct daemon_opened *next = opened->next;

		close_fds(daemon, opened);
		opened = next;
	}
}

/* Does listen-on or listen-on-v6 allow any address, on any machine? */
static bool
may_listen(const struct s53_snapshot *snapshot)
{
	for (unsigned i = 0; i < snapshot->rule_count; i++)
		if (!s53_acl_is_none(snapshot->rules[i].match))
			return true;
	return false;
}

static bool
is_present(const struct s53_daemon *daemon, const struct s53_addr *addr)
{
	struct s53_addr bare = *addr;

	s53_addr_set_port(&bare, 0);
	for (unsigned i = 0; i < daemon->interface_count; i++)
		if (s53_addr_equal(&daemon->interfaces[i].addr, &bare))
			return true;
	return s53_addr_is_loopback(addr);
}

/* All open listeners are on addresses that are gone: failing would not keep one of them. */
static bool
has_nothing_to_keep(const struct s53_daemon *daemon)
{
	unsigned open_count = 0;

	S53_LIST_EACH (&daemon->listeners, it) {
		const struct daemon_listener *listener =
		    S53_CONTAINER_OF(it, struct daemon_listener, link);

		if (listener->open && is_present(daemon, &listener->addr))
			return false;
		open_count += listener->open;
	}
	return open_count > 0;
}

/* A missing address is waited for; if no other is left, it is an error. */
static void
check_any(const struct pass *pass)
{
	const struct s53_place nowhere = { 0 };

	if (!may_listen(pass->snapshot))
		s53_diag_add(pass->diags, S53_DIAG_ERROR, nowhere, NULL,
		    "no address to listen on: listen-on and listen-on-v6 match none");
	else if (pass->open_count == 0 && pass->wanted.count > 0 &&
	    !has_nothing_to_keep(pass->daemon))
		s53_diag_add(pass->diags, S53_DIAG_ERROR, nowhere, NULL,
		    "no address to listen on: see the warnings above");
}

/* S53_E_NOMEM: nothing was done. */
static enum s53_status
run_pass(struct pass *pass)
{
	struct s53_daemon *daemon = pass->daemon;

	if (!s53_setup_listen_addrs(
		pass->snapshot, daemon->interfaces, daemon->interface_count, &pass->wanted))
		return S53_E_NOMEM;
	keep_failures(daemon);
	S53_LIST_EACH (&daemon->listeners, it)
		S53_CONTAINER_OF(it, struct daemon_listener, link)->wanted = false;
	for (unsigned i = 0; i < pass->wanted.count; i++)
		open_one(pass, &pass->wanted.addrs[i]);
	return S53_OK;
}

enum s53_status
s53_listeners_open(struct s53_daemon *daemon, const struct s53_snapshot *snapshot,
    struct s53_diags *diags, struct daemon_opened **out)
{
	struct pass pass = {
		.daemon = daemon, .snapshot = snapshot, .is_strict = true, .diags = diags
	};
	unsigned errors_before = diags->error_count;
	enum s53_status status = run_pass(&pass);

	if (status == S53_OK) {
		warn_absent(&pass);
		if (diags->error_count == errors_before)
			check_any(&pass);
	}
	s53_addr_list_fini(&pass.wanted);
	if (status == S53_OK && diags->error_count > errors_before) {
		close_opened(daemon, pass.opened);
		status = S53_E_IO;
	}
	if (status == S53_OK)
		*out = pass.opened;
	return status;
}

void
s53_listeners_abandon(struct s53_daemon *daemon, struct daemon_opened *opened)
{
	close_opened(daemon, opened);
	forget_failures(daemon);
}

/* Pass the sockets to the workers. */
static void
hand_out(struct s53_daemon *daemon, struct daemon_opened *opened)
{
	struct daemon_listener *listener = find_listener(daemon, &opened->addr);
	char text[S53_ADDR_TEXT];
	bool fine = true;

	if (listener == NULL && (listener = calloc(1, sizeof(*listener))) != NULL) {
		listener->addr = opened->addr;
		s53_list_append(&daemon->listeners, &listener->link);
	}
	if (listener == NULL) {
		close_fds(daemon, opened);
		return;
	}
	listener->open = listener->wanted = true;
	listener->left_ms = 0;
	for (unsigned i = 0; i < daemon->worker_count; i++)
		fine = s53_worker_listen(daemon->workers[i], &opened->addr, opened->fds[2 * i],
			   opened->fds[2 * i + 1]) == S53_OK &&
		    fine;
	s53_log(S53_LOG_NETWORK, fine ? S53_LOG_INFO : S53_LOG_ERROR, "listening on %s%s",
	    s53_addr_print(&opened->addr, text), fine ? "" : " not in every worker: out of memory");
	free(opened);
}

static void
close_daemon_listener(struct s53_daemon *daemon, struct daemon_listener *listener)
{
	char text[S53_ADDR_TEXT];

	if (listener->open) {
		s53_log(S53_LOG_NETWORK, S53_LOG_INFO, "no longer listening on %s",
		    s53_addr_print(&listener->addr, text));
		for (unsigned i = 0; i < daemon->worker_count; i++)
			if (s53_worker_unlisten(daemon->workers[i], &listener->addr) != S53_OK)
				s53_log(S53_LOG_NETWORK, S53_LOG_ERROR,
				    "worker %u keeps listening on it: out of memory", i);
		listener->open = false;
		listener->left_ms = s53_clock_ms();
	}
	if (is_leaving(listener)) /* kept as ours until the sockets are closed */
		return;
	s53_list_remove(&listener->link);
	free(listener);
}

void
s53_listeners_commit(struct s53_daemon *daemon, struct daemon_opened *opened)
{
	keep_failures(daemon);
	S53_LIST_EACH_SAFE (&daemon->listeners, it, following) {
		struct daemon_listener *listener =
		    S53_CONTAINER_OF(it, struct daemon_listener, link);

		if (!listener->wanted)
			close_daemon_listener(daemon, listener);
	}
	while (opened != NULL) {
		struct daemon_opened *next = opened->next;

		hand_out(daemon, opened);
		opened = next;
	}
}

void
s53_listeners_follow(struct s53_daemon *daemon)
{
	struct s53_diags diags;
	struct pass pass = { .daemon = daemon, .snapshot = daemon->snapshot, .diags = &diags };

	s53_diags_init(&diags);
	if (run_pass(&pass) == S53_OK)
		s53_listeners_commit(daemon, pass.opened);
	s53_addr_list_fini(&pass.wanted);
	s53_daemon_log_diags(&diags);
	s53_diags_fini(&diags);
	s53_daemon_follow_readiness(daemon);
	if (daemon->foreign_changed) /* a forwarder may have become a loop, or ceased to be one */
		s53_daemon_rebuild(daemon);
}

bool
s53_listeners_any_open(const struct s53_daemon *daemon)
{
	S53_LIST_EACH (&daemon->listeners, it)
		if (S53_CONTAINER_OF(it, struct daemon_listener, link)->open)
			return true;
	return false;
}

void
s53_listeners_fini(struct s53_daemon *daemon)
{
	while (!s53_list_empty(&daemon->listeners)) {
		struct daemon_listener *listener =
		    S53_CONTAINER_OF(daemon->listeners.next, struct daemon_listener, link);

		s53_list_remove(&listener->link);
		free(listener);
	}
}

bool
s53_listeners_need_privilege(const struct s53_snapshot *snapshot)
{
	for (unsigned i = 0; i < snapshot->rule_count; i++)
		if (snapshot->rules[i].port < 1024 && !s53_acl_is_none(snapshot->rules[i].match))
			return true;
	for (const struct s53_snapshot_channel *it = snapshot->channels; it != NULL; it = it->next)
		if (s53_addr_port(&it->addr) < 1024)
			return true;
	return false;
}
