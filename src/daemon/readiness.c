/* SPDX-License-Identifier: ISC
 *
 * readiness.c - reports that the daemon is ready when the first listener is open.
 *
 * The addresses of listen-on may appear later than the start, such as the virtual address of a
 * standby. Until there is one no client is served, so neither `running` is logged nor READY=1 sent;
 * the supervisor is asked to wait (sd_notify(3), EXTEND_TIMEOUT_USEC). Once reported, readiness
 * stays, as the protocol has no way to withdraw it, but the log says when the last listener closes.
 */
#include <split53/log.h>

#include "inside.h"
#include "process.h"

#define EXTEND_EVERY_S 10
#define EXTEND_TIMEOUT "EXTEND_TIMEOUT_USEC=30000000"

static void
on_not_ready(evutil_socket_t fd, short what, void *arg)
{
	const struct s53_daemon *daemon = arg;

	(void)fd;
	(void)what;
	s53_notify(daemon->notify_fd, EXTEND_TIMEOUT "\nSTATUS=no address to listen on yet");
}

/* Out of memory for the event, the supervisor's own timeout applies. */
static void
keep_waiting(struct s53_daemon *daemon)
{
	static const struct timeval wait = { .tv_sec = EXTEND_EVERY_S };

	if (daemon->notify_fd < 0 || daemon->not_ready_event != NULL)
		return;
	daemon->not_ready_event = event_new(daemon->base, -1, EV_PERSIST, on_not_ready, daemon);
	if (daemon->not_ready_event != NULL)
		event_add(daemon->not_ready_event, &wait);
	on_not_ready(-1, 0, daemon);
}

static void
become_ready(struct s53_daemon *daemon)
{
	if (daemon->not_ready_event != NULL)
		event_del(daemon->not_ready_event);
	daemon->is_ready = true;
	s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "running");
	s53_notify(daemon->notify_fd, "READY=1\nSTATUS=");
}

static void
report_none(struct s53_daemon *daemon)
{
	if (daemon->is_ready) {
		s53_log(S53_LOG_NETWORK, S53_LOG_WARNING,
		    "no client is served: this host no longer has an address that listen-on or "
		    "listen-on-v6 matches; listening resumes when it gets one");
		return;
	}
	s53_log(S53_LOG_NETWORK, S53_LOG_WARNING,
	    "not ready: this host has no address yet that listen-on or listen-on-v6 matches; "
	    "listening starts when it gets one");
	keep_waiting(daemon);
}

void
s53_daemon_follow_readiness(struct s53_daemon *daemon)
{
	enum daemon_listening before = daemon->listening;

	daemon->listening =
	    s53_listeners_any_open(daemon) ? LISTENING_SOMEWHERE : LISTENING_NOWHERE;
	if (daemon->listening == before)
		return;
	if (daemon->listening == LISTENING_NOWHERE)
		report_none(daemon);
	else if (!daemon->is_ready)
		become_ready(daemon);
}
