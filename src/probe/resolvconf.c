/* SPDX-License-Identifier: ISC
 *
 * resolvconf.c - where resolv.conf is, its nameservers, and a watch of the file.
 *
 * The directory is watched rather than the file, so that a file that replaces it is noticed. If
 * resolv.conf is a symbolic link (systemd-resolved, resolvconf), the directory of its target is
 * watched as well, and the link is followed anew after each change.
 */
#include "resolvconf.h"

#include <ares.h>
#include <ctype.h>
#include <errno.h>
#include <event2/event.h>
#include <libgen.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <split53/file.h>
#include <split53/log.h>

#define FILE_LEN_MAX 65536 /* octets of resolv.conf; more are no resolv.conf */
#define SETTLE_MS 50 /* writers change a file in several steps */
#define CHANGES (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)

struct s53_resolvconf_watch {
	char *path;
	char *target_name; /* the last component of the link's target, or NULL */
	int fd;
	int path_watch, target_watch, file_watch; /* -1: none */
	struct event *readable, *settled;
	void (*touched)(void *arg);
	void *arg;
};

const char *
s53_resolv_conf_path(void)
{
	const char *path = getenv("SPLIT53_RESOLV_CONF");

	return path != NULL && *path != '\0' ? path : "/etc/resolv.conf";
}

/*
 * Read the whole file into `text`. false: it is not there, or it is no file of nameservers, which
 * is logged.
 */
static bool
read_text(const char *path, char text[static FILE_LEN_MAX + 1], size_t *len)
{
	char why[S53_FILE_WHY];
	struct stat about;
	ssize_t got;
	int fd;

	if (s53_file_open_read(path, &fd, &about) != S53_OK) {
		if (errno != ENOENT)
			s53_log(S53_LOG_RESOLVER, S53_LOG_WARNING,
			    "no nameservers are taken from %s: %s", path,
			    s53_file_why(path, errno, why));
		return false;
	}
	*len = 0;
	while (*len <= FILE_LEN_MAX && (got = read(fd, text + *len, FILE_LEN_MAX + 1 - *len)) > 0)
		*len += (size_t)got;
	close(fd);
	if (*len <= FILE_LEN_MAX) {
		text[*len] = '\0';
		return true;
	}
	s53_log(S53_LOG_RESOLVER, S53_LOG_WARNING,
	    "no nameservers are taken from %s: it has more than %d bytes", path, FILE_LEN_MAX);
	return false;
}

/* Does the text name any server? Without one c-ares would use 127.0.0.1. */
static bool
names_a_server(const char *text)
{
	static const char word[] = "nameserver";

	for (const char *line = text; *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		const char *at = line + strspn(line, " \t");

		if (strncmp(at, word, sizeof(word) - 1) == 0 &&
		    isspace((unsigned char)at[sizeof(word) - 1]))
			return true;
	}
	return false;
}

/*
 * c-ares takes a path. It gets a copy of what we have read, because by now the file may be another
 * one. Where there is no /proc, as after a chroot, it gets the file's own path. NULL: no memory.
 */
static char *
path_of_copy(const char *path, const char *text, size_t len, int *copy_fd)
{
	char copy[64];

	*copy_fd = memfd_create("resolv.conf", MFD_CLOEXEC);
	snprintf(copy, sizeof(copy), "/proc/self/fd/%d", *copy_fd);
	if (*copy_fd >= 0 && write(*copy_fd, text, len) == (ssize_t)len && access(copy, R_OK) == 0)
		return strdup(copy);
	return strdup(path);
}

#if ARES_VERSION >= 0x011800 /* 1.24 deprecates ares_get_servers_ports() */

/* One server of "192.0.2.1:53,[fe80::1]:53%eth0", without the comma. */
static bool
parse_server(char *text, struct s53_addr *out)
{
	char *bracket = strchr(text, ']');
	char *interface = strchr(bracket != NULL ? bracket : text, '%');

	if (interface != NULL)
		*interface++ = '\0';
	if (s53_addr_parse_port(text, 53, out) != S53_OK)
		return false;
	if (interface != NULL && out->family == AF_INET6)
		out->in6.sin6_scope_id = if_nametoindex(interface);
	return true;
}

static unsigned
servers_of(ares_channel_t *channel, struct s53_addr *out)
{
	char *list = ares_get_servers_csv(channel);
	char *rest = NULL;
	unsigned count = 0;

	if (list == NULL)
		return 0;
	for (char *it = strtok_r(list, ",", &rest); it != NULL && count < S53_HOST_ADDRS_MAX;
	     it = strtok_r(NULL, ",", &rest)) {
		if (parse_server(it, &out[count]))
			count++;
	}
	ares_free_string(list);
	return count;
}

#else

static unsigned
servers_of(ares_channel channel, struct s53_addr *out)
{
	struct ares_addr_port_node *list = NULL;
	unsigned count = 0;

	if (ares_get_servers_ports(channel, &list) != ARES_SUCCESS)
		return 0;
	for (struct ares_addr_port_node *it = list; it != NULL && count < S53_HOST_ADDRS_MAX;
	     it = it->next) {
		struct s53_addr *addr = &out[count++];

		memset(addr, 0, sizeof(*addr));
		addr->family = (sa_family_t)it->family;
		if (it->family == AF_INET)
			addr->in.sin_addr = it->addr.addr4;
		else
			memcpy(&addr->in6.sin6_addr, &it->addr.addr6, sizeof(it->addr.addr6));
		s53_addr_set_port(addr, it->udp_port != 0 ? (uint16_t)it->udp_port : 53);
	}
	ares_free_data(list);
	return count;
}

#endif

/* The servers that c-ares finds in the text. */
static unsigned
servers_in(const char *path, const char *text, size_t len, struct s53_addr *out)
{
	struct ares_options options = { .resolvconf_path = NULL };
	ares_channel channel;
	unsigned count = 0;
	int copy_fd;

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return 0;
	options.resolvconf_path = path_of_copy(path, text, len, &copy_fd);
	if (options.resolvconf_path != NULL &&
	    ares_init_options(&channel, &options, ARES_OPT_RESOLVCONF) == ARES_SUCCESS) {
		count = servers_of(channel, out);
		ares_destroy(channel);
	}
	free(options.resolvconf_path);
	if (copy_fd >= 0)
		close(copy_fd);
	ares_library_cleanup();
	return count;
}

unsigned
s53_resolv_conf_read(const char *path, struct s53_addr out[static S53_HOST_ADDRS_MAX])
{
	char *text = malloc(FILE_LEN_MAX + 1);
	unsigned count = 0;
	size_t len;

	if (text != NULL && read_text(path, text, &len) && names_a_server(text))
		count = servers_in(path, text, len, out);
	free(text);
	return count;
}

/* Watch the directory that holds `path`, in addition to what is watched already. */
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
 * Watch the file itself, too: in a container it is mounted over the one of its directory, and
 * writing to it does not show in the directory.
 */
static void
watch_file(struct s53_resolvconf_watch *watch)
{
	int was = watch->file_watch;

	watch->file_watch = inotify_add_watch(watch->fd, watch->path, IN_MODIFY | IN_CLOSE_WRITE);
	if (was >= 0 && was != watch->file_watch)
		(void)inotify_rm_watch(watch->fd, was);
}

/* Follow the link, if the path is one, to its present target. */
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
		return false; /* a watch that was removed, or whose file is gone */
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
	struct timeval settle = { 0, SETTLE_MS * 1000 };
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
		(void)event_add(watch->settled, &settle);
}

static void
on_settled(evutil_socket_t fd, short what, void *arg)
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
	watch->settled = evtimer_new(base, on_settled, watch);
	if (watch->readable == NULL || watch->settled == NULL ||
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
	if (watch->settled != NULL)
		event_free(watch->settled);
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch->target_name);
	free(watch->path);
	free(watch);
}
