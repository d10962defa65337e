/* SPDX-License-Identifier: ISC
 *
 * channel.c - see channel.h.
 */
#include "channel.h"

#include <event2/event.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

struct watched_fd {
	struct s53_link link;
	struct s53_channel *channel;
	ares_socket_t fd;
	struct event *event; /* NULL: c-ares waits for nothing */
};

void
s53_channel_arm(struct s53_channel *channel)
{
	struct timeval tv;

	if (ares_timeout(channel->ares, NULL, &tv) != NULL)
		(void)event_add(&channel->timer, &tv);
	else
		(void)event_del(&channel->timer);
}

/* Must be the last use of the channel in an event: `processed` may close it. */
static void
events_processed(struct s53_channel *channel)
{
	s53_channel_arm(channel);
	if (channel->processed != NULL)
		channel->processed(channel->arg);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct s53_channel *channel = arg;

	(void)fd;
	(void)what;
	ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	events_processed(channel);
}

static void
on_fd(evutil_socket_t fd, short what, void *arg)
{
	struct watched_fd *watched = arg;
	/* a copy, as c-ares may close the fd and free `watched` */
	struct s53_channel *channel = watched->channel;

	ares_process_fd(channel->ares, (what & EV_READ) != 0 ? fd : ARES_SOCKET_BAD,
	    (what & EV_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
	events_processed(channel);
}

static void
unwatch_fd(struct watched_fd *watched)
{
	if (watched->event != NULL)
		event_free(watched->event);
	watched->event = NULL;
}

static struct watched_fd *
get_fd(struct s53_channel *channel, ares_socket_t fd)
{
	struct watched_fd *watched;

	S53_LIST_EACH (&channel->fds, it) {
		watched = S53_CONTAINER_OF(it, struct watched_fd, link);
		if (watched->fd == fd)
			return watched;
	}
	watched = calloc(1, sizeof(*watched));
	if (watched == NULL)
		return NULL;
	watched->channel = channel;
	watched->fd = fd;
	s53_list_append(&channel->fds, &watched->link);
	return watched;
}

/*
 * c-ares says which events it waits for on `fd`; both 0: it closes it. Out of memory: the query
 * times out.
 */
static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct s53_channel *channel = arg;
	struct watched_fd *watched = get_fd(channel, fd);
	short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

	if (watched == NULL)
		return;
	unwatch_fd(watched);
	if (what == 0) {
		s53_list_remove(&watched->link);
		free(watched);
		return;
	}
	watched->event = event_new(channel->base, fd, (short)(what | EV_PERSIST), on_fd, watched);
	if (watched->event != NULL)
		(void)event_add(watched->event, NULL);
}

bool
s53_channel_open(struct s53_channel *channel, struct ares_options *options, int mask)
{
	options->sock_state_cb = on_socket_state;
	options->sock_state_cb_data = channel;
	mask |= ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE /* on by default since 1.31; callers handle TTLs themselves */
	options->qcache_max_ttl = 0;
	mask |= ARES_OPT_QUERY_CACHE;
#endif
	s53_list_init(&channel->fds);
	evtimer_assign(&channel->timer, channel->base, on_timer, channel);
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return false;
	if (ares_init_options(&channel->ares, options, mask) == ARES_SUCCESS) {
		if (ares_set_servers_ports_csv(channel->ares, "") == ARES_SUCCESS)
			return true;
		ares_destroy(channel->ares);
	}
	ares_library_cleanup();
	return false;
}

void
s53_channel_close(struct s53_channel *channel)
{
	struct s53_link *link;

	ares_destroy(channel->ares);
	ares_library_cleanup();
	while ((link = s53_list_pop(&channel->fds)) != NULL) {
		struct watched_fd *watched = S53_CONTAINER_OF(link, struct watched_fd, link);

		unwatch_fd(watched);
		free(watched);
	}
	(void)event_del(&channel->timer);
}

/*
 * Prints "192.0.2.1:53", "[2001:db8::1]:53". Returns the length; 0: c-ares cannot express the
 * address.
 */
static size_t
print_server(const struct s53_addr *server, char *text, size_t size)
{
	struct s53_addr bare = *server;
	char host[S53_ADDR_TEXT], interface[IF_NAMESIZE] = "";
	unsigned port = s53_addr_port(server) != 0 ? s53_addr_port(server) : 53;
	int len;

	if (server->family == AF_INET6 && server->in6.sin6_scope_id != 0) {
		bare.in6.sin6_scope_id = 0;
		if (ARES_VERSION < 0x011800 || /* before 1.24 there is no syntax for interfaces */
		    if_indextoname(server->in6.sin6_scope_id, interface) == NULL)
			return 0;
	}
	s53_addr_print_host(&bare, host);
	if (server->family == AF_INET)
		len = snprintf(text, size, "%s:%u", host, port);
	else if (interface[0] != '\0')
		len = snprintf(text, size, "[%s]:%u%%%s", host, port, interface);
	else
		len = snprintf(text, size, "[%s]:%u", host, port);
	return len > 0 && (size_t)len < size ? (size_t)len : 0;
}

bool
s53_channel_set_servers(struct s53_channel *channel, const struct s53_addr *servers, unsigned count)
{
	char list[S53_CHANNEL_SERVERS_MAX * (S53_ADDR_TEXT + IF_NAMESIZE + 10)] = "";
	size_t at = 0;

	for (unsigned i = 0; i < count && i < S53_CHANNEL_SERVERS_MAX; i++) {
		size_t comma = at > 0 ? 1 : 0;
		size_t len =
		    print_server(&servers[i], list + at + comma, sizeof(list) - at - comma);

		if (len == 0)
			continue;
		if (comma)
			list[at] = ',';
		at += comma + len;
	}
	list[at] = '\0';
	ares_cancel(channel->ares); /* 1.18 rejects new servers while a query is in flight */
	return ares_set_servers_ports_csv(channel->ares, list) == ARES_SUCCESS;
}
