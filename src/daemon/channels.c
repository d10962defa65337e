/* SPDX-License-Identifier: ISC
 *
 * channels.c - opens and closes statistics channels so that they match the configuration in use.
 *
 * As in BIND a channel that cannot be opened is an error in the log and ends neither a start nor a
 * reload. It is tried again at each reload, and when addresses come or go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <split53/clock.h>
#include <split53/log.h>

#include "inside.h"

#define BACKLOG 16

struct daemon_channel {
	struct s53_link link;
	struct s53_addr addr;
	struct s53_stats_channel *channel; /* NULL: it could not be opened */
};

static struct daemon_channel *
find_channel(const struct s53_daemon *daemon, const struct s53_addr *addr)
{
	S53_LIST_EACH (&daemon->channels, it) {
		struct daemon_channel *channel = S53_CONTAINER_OF(it, struct daemon_channel, link);

		if (s53_addr_equal(&channel->addr, addr))
			return channel;
	}
	return NULL;
}

/* Another of these sockets on the same port could be mistaken for one of another program. */
static bool
has_own_on_port(const struct s53_daemon *daemon, const struct s53_addr *addr)
{
	S53_LIST_EACH (&daemon->channels, it) {
		const struct daemon_channel *channel =
		    S53_CONTAINER_OF(it, struct daemon_channel, link);

		if (channel->channel != NULL &&
		    s53_addr_port(&channel->addr) == s53_addr_port(addr))
			return true;
	}
	return false;
}

/* NULL: errno says why. */
static struct s53_stats_channel *
open_channel(const struct s53_daemon *daemon, const struct s53_snapshot_channel *wanted)
{
	struct s53_stats_channel *channel;
	int fd;

	if (!has_own_on_port(daemon, &wanted->addr) &&
	    s53_socket_probe(&wanted->addr, S53_TCP) != S53_OK)
		return NULL;
	if (s53_socket_open(&wanted->addr, S53_TCP, BACKLOG, &fd) != S53_OK)
		return NULL;
	channel = s53_stats_channel_open(daemon->statistics, fd, wanted->allow);
	if (channel == NULL)
		errno = ENOMEM;
	return channel;
}

static void
explain_failure(const struct s53_snapshot_channel *wanted, struct s53_diags *diags)
{
	char text[S53_ADDR_TEXT];
	int failure = errno;
	uint16_t port = s53_addr_port(&wanted->addr);

	s53_addr_print(&wanted->addr, text);
	if (failure == EADDRINUSE)
		s53_diag_add(diags, S53_DIAG_ERROR, wanted->place, NULL,
		    "cannot open statistics channel on %s: the address is in use; find the other "
		    "program with `ss -lntp sport = :%u`, stop it, or set another port",
		    text, port);
	else if (failure == EADDRNOTAVAIL || failure == ENODEV)
		s53_diag_add(diags, S53_DIAG_ERROR, wanted->place, NULL,
		    "cannot open statistics channel on %s: no interface has this address; it is "
		    "tried again when an interface gets it",
		    text);
	else if (failure == EACCES || failure == EPERM)
		s53_diag_add(diags, S53_DIAG_ERROR, wanted->place, NULL,
		    "cannot open statistics channel on %s: ports below 1024 require privileges; "
		    "set another port, or grant CAP_NET_BIND_SERVICE",
		    text);
	else
		s53_diag_add(diags, S53_DIAG_ERROR, wanted->place, NULL,
		    "cannot open statistics channel on %s: %s", text, strerror(failure));
}

static void
use_channel(
    struct s53_daemon *daemon, const struct s53_snapshot_channel *wanted, struct s53_diags *diags)
{
	struct daemon_channel *channel = find_channel(daemon, &wanted->addr);
	char text[S53_ADDR_TEXT];

	if (channel == NULL && (channel = calloc(1, sizeof(*channel))) != NULL) {
		channel->addr = wanted->addr;
		s53_list_append(&daemon->channels, &channel->link);
	}
	if (channel == NULL)
		return;
	if (channel->channel != NULL) {
		s53_stats_channel_allow(channel->channel, wanted->allow);
		return;
	}
	channel->channel = open_channel(daemon, wanted);
	if (channel->channel != NULL)
		s53_log(S53_LOG_NETWORK, S53_LOG_INFO, "statistics channel listening on %s",
		    s53_addr_print(&wanted->addr, text));
	else if (diags != NULL)
		explain_failure(wanted, diags);
}

static void
close_channel(struct daemon_channel *channel)
{
	char text[S53_ADDR_TEXT];

	if (channel->channel != NULL) {
		s53_log(S53_LOG_NETWORK, S53_LOG_INFO, "stopping statistics channel on %s",
		    s53_addr_print(&channel->addr, text));
		s53_stats_channel_close(channel->channel);
	}
	s53_list_remove(&channel->link);
	free(channel);
}

static bool
is_wanted(const struct s53_snapshot *snapshot, const struct s53_addr *addr)
{
	const struct s53_snapshot_channel *it = snapshot->channels;

	while (it != NULL && !s53_addr_equal(&it->addr, addr))
		it = it->next;
	return it != NULL;
}

static void
close_unwanted(struct s53_daemon *daemon, const struct s53_snapshot *snapshot)
{
	S53_LIST_EACH_SAFE (&daemon->channels, it, following) {
		struct daemon_channel *channel = S53_CONTAINER_OF(it, struct daemon_channel, link);

		if (!is_wanted(snapshot, &channel->addr))
			close_channel(channel);
	}
}

void
s53_channels_use(
    struct s53_daemon *daemon, const struct s53_snapshot *snapshot, struct s53_diags *diags)
{
	/* first, since a new channel may use the port of one that is closed */
	close_unwanted(daemon, snapshot);
	for (const struct s53_snapshot_channel *it = snapshot->channels; it != NULL; it = it->next)
		use_channel(daemon, it, diags);
}

void
s53_channels_fini(struct s53_daemon *daemon)
{
	while (!s53_list_empty(&daemon->channels))
		close_channel(S53_CONTAINER_OF(daemon->channels.next, struct daemon_channel, link));
}
