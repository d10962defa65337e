/* SPDX-License-Identifier: ISC
 *
 * resolvconf.c - the path of resolv.conf, and a watch on the file.
 *
 * The directory is watched rather than the file, so that a file that replaces it is noticed. If
 * resolv.conf is a symbolic link (systemd-resolved, resolvconf), the directory of its target is
 * watched as well, and the link is resolved again after each change.
 */
#include "resolvconf.h"

#include <event2/event.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define QUIET_MS 50 /* after the last change: writers change a file in several steps */
#define CHANGES (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)

struct s53_resolvconf_watch {
	char *path;
	char *target_name; /* the last component of the link's target, or NULL */
	int fd;
	int path_watch, target_watch, file_watch; /* -1: none */
	struct event *readable, *quiet_event;
	void (*touched)(void *arg);
	void *arg;
};

const char *
s53_resolv_conf_path(void)
{
	const char *path = getenv("SPLIT53_RESOLV_CONF");

	return path != NULL && *path != '\0' ? path : "/etc/resolv.conf";
}

/* Watch the directory of `path`, in addition to what is watched already. */
static int
watch_directory(int fd, const char *path)
{
	char *copy = strdup(path);
	int watch = -1;

	if (copy != NULL)
		watch = inotify_add_watch(fd, dirname(copy), CHANGES);
	free(copy);
	return watch;
}

/*
 * Watch the file itself, too: in a container it is mounted over the file of its directory,
 * and writing to it causes no event for the directory.
 */
static void
watch_file(struct s53_resolvconf_watch *watch)
{
	int was = watch->file_watch;

	watch->file_watch = inotify_add_watch(watch->fd, watch->path, IN_MODIFY | IN_CLOSE_WRITE);
	if (was >= 0 && was != watch->file_watch)
		(void)inotify_rm_watch(watch->fd, was);
}

/* If the path is a link, watch the directory of its present target. */
static void
follow(struct s53_resolvconf_watch *watch)
{
	char *target = realpath(watch->path, NULL);
	int was = watch->target_watch;

	free(watch->target_name);
	watch->target_name = NULL;
	watch->target_watch = -1;
	if (target != NULL) {
		watch->target_watch = watch_directory(watch->fd, target);
		watch->target_name = strdup(basename(target));
	}
	if (was >= 0 && was != watch->target_watch && was != watch->path_watch)
		(void)inotify_rm_watch(watch->fd, was);
	free(target);
	watch_file(watch);
}

static bool
concerns_us(const struct s53_resolvconf_watch *watch, const struct inotify_event *event)
{
	const char *name = strrchr(watch->path, '/');

	if ((event->mask & IN_IGNORED) != 0)
		return false; /* the watch was removed, or its file is gone */
	if (event->len == 0)
		return true; /* the directory or the file itself changed, or events were lost */
	if (event->wd == watch->path_watch &&
	    strcmp(event->name, name != NULL ? name + 1 : watch->path) == 0)
		return true;
	return event->wd == watch->target_watch && watch->target_name != NULL &&
	    strcmp(event->name, watch->target_name) == 0;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct s53_resolvconf_watch *watch = arg;
	struct timeval quiet = { 0, QUIET_MS * 1000 };
	_Alignas(struct inotify_event) char events[4096];
	bool touched = false;
	ssize_t len;

	(void)what;
	while ((len = read(fd, events, sizeof(events))) > 0) {
		for (char *at = events; at < events + len;) {
			const struct inotify_event *event = (const void *)at;

			touched |= concerns_us(watch, event);
			at += sizeof(*event) + event->len;
		}
	}
	if (touched)
		(void)event_add(watch->quiet_event, &quiet);
}

static void
on_quiet(evutil_socket_t fd, short what, void *arg)
{
	struct s53_resolvconf_watch *watch = arg;

	(void)fd;
	(void)what;
	follow(watch);
	watch->touched(watch->arg);
}

struct s53_resolvconf_watch *
s53_resolvconf_watch(
    struct event_base *base, const char *path, void (*touched)(void *arg), void *arg)
{
	struct s53_resolvconf_watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	watch->touched = touched;
	watch->arg = arg;
	watch->target_watch = watch->file_watch = -1;
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	watch->path = strdup(path);
	if (watch->fd < 0 || watch->path == NULL)
		goto failed;
	watch->path_watch = watch_directory(watch->fd, path);
	follow(watch);
	watch->readable = event_new(base, watch->fd, EV_READ | EV_PERSIST, on_readable, watch);
	watch->quiet_event = evtimer_new(base, on_quiet, watch);
	if (watch->readable == NULL || watch->quiet_event == NULL ||
	    event_add(watch->readable, NULL) != 0)
		goto failed;
	return watch;
failed:
	s53_resolvconf_unwatch(watch);
	return NULL;
}

void
s53_resolvconf_unwatch(struct s53_resolvconf_watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->readable != NULL)
		event_free(watch->readable);
	if (watch->quiet_event != NULL)
		event_free(watch->quiet_event);
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch->target_name);
	free(watch->path);
	free(watch);
}
