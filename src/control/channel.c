/* SPDX-License-Identifier: ISC
 *
 * channel.c - opens and closes the sockets of the control channels, at the start and at a reload.
 */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/listener.h>

#include <split53/clock.h>
#include <split53/log.h>
#include <split53/view.h>

#define BACKLOG 128
#define RETRY_MS 1000 /* until connections are accepted again after descriptors ran out */

struct s53_control *
s53_control_new(const struct s53_control_source *source)
{
	struct s53_control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		return NULL;
	control->source = *source;
	s53_list_init(&control->listeners);
	s53_list_init(&control->connections);
	s53_list_init(&control->detached);
	return control;
}

void
s53_control_counts(const struct s53_control *control, uint64_t *commands, uint64_t *refused)
{
	*commands = control->commands;
	*refused = control->refused;
}

/* "127.0.0.1#953", or the path. */
static const char *
channel_text(const struct s53_channel *channel, char text[static S53_ADDR_TEXT])
{
	return channel->is_unix ? channel->path : s53_addr_print(&channel->addr, text);
}

static void
listener_close(struct listener *listener)
{
	S53_LIST_EACH_SAFE (&listener->control->connections, it, following) {
		struct connection *connection = S53_CONTAINER_OF(it, struct connection, link);

		if (connection->listener != listener)
			continue;
		connection->listener = NULL; /* a command in progress still gets its reply */
		if (connection->command == NULL)
			connection_free(connection);
	}
	s53_list_remove(&listener->link);
	evconnlistener_free(listener->accepting);
	control_socket_remove(listener);
	free(listener->path);
	free(listener);
}

void
s53_control_free(struct s53_control *control)
{
	if (control == NULL)
		return;
	while (!s53_list_empty(&control->listeners))
		listener_close(S53_CONTAINER_OF(control->listeners.next, struct listener, link));
	S53_LIST_EACH_SAFE (&control->connections, it, following)
		connection_free(S53_CONTAINER_OF(it, struct connection, link));
	S53_LIST_EACH_SAFE (&control->detached, detached, next)
		command_free(S53_CONTAINER_OF(detached, struct command, link));
	s53_policy_drop(control->policy);
	free(control);
}

static void
on_accept(struct evconnlistener *accepting, evutil_socket_t fd, struct sockaddr *peer, int peer_len,
    void *arg)
{
	struct s53_addr addr;

	(void)accepting;
	memset(&addr, 0, sizeof(addr)); /* a client of a Unix socket has no address */
	if ((peer->sa_family == AF_INET || peer->sa_family == AF_INET6) &&
	    (size_t)peer_len <= sizeof(addr))
		memcpy(&addr, peer, (size_t)peer_len);
	connection_new(arg, fd, &addr);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct s53_control *control = arg;

	(void)fd;
	(void)what;
	S53_LIST_EACH (&control->listeners, it)
		evconnlistener_enable(S53_CONTAINER_OF(it, struct listener, link)->accepting);
}

/* No descriptors or memory: a listener that stays readable would keep the loop busy. */
static void
on_accept_failed(struct evconnlistener *accepting, void *arg)
{
	static const struct timeval pause = { .tv_sec = RETRY_MS / 1000 };
	struct listener *listener = arg;

	control_complain(listener->control, listener->path != NULL ? listener->path : "a socket",
	    strerror(errno));
	if (event_base_once(listener->control->source.base, -1, EV_TIMEOUT, on_retry,
		listener->control, &pause) == 0)
		evconnlistener_disable(accepting);
}

static bool
listener_listen(struct listener *listener, int fd)
{
	listener->accepting = evconnlistener_new(listener->control->source.base, on_accept,
	    listener, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (listener->accepting == NULL)
		return false;
	evconnlistener_set_error_cb(listener->accepting, on_accept_failed);
	return true;
}

static void
listener_open(struct s53_control *control, const struct s53_channel *channel,
    struct s53_folder_owner owner, struct s53_diags *diags)
{
	enum s53_diag_kind kind = channel->is_default ? S53_DIAG_NOTICE : S53_DIAG_WARNING;
	struct listener *listener = calloc(1, sizeof(*listener));
	char text[S53_ADDR_TEXT], why[256] = "out of memory";
	int fd = -1;

	if (listener != NULL) {
		listener->control = control;
		listener->channel = channel;
		fd = control_socket_open(listener, owner, why, sizeof(why));
	}
	if (fd >= 0 && listener_listen(listener, fd)) {
		listener->wanted = true;
		s53_list_append(&control->listeners, &listener->link);
		s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "command channel listening on %s%s",
		    channel->is_unix && listener->path == NULL ? "@" : "",
		    channel_text(channel, text));
		return;
	}
	s53_diag_add(diags, kind, (struct s53_place){ 0 }, NULL,
	    "couldn't add command channel %s: %s", channel_text(channel, text), why);
	if (fd >= 0) {
		close(fd);
		control_socket_remove(listener);
	}
	if (listener != NULL)
		free(listener->path);
	free(listener);
}

static bool
is_same_place(const struct s53_channel *a, const struct s53_channel *b)
{
	if (a->is_unix != b->is_unix)
		return false;
	return a->is_unix ? strcmp(a->path, b->path) == 0 : s53_addr_equal(&a->addr, &b->addr);
}

static struct listener *
find_listener(const struct s53_control *control, const struct s53_channel *channel)
{
	S53_LIST_EACH (&control->listeners, it) {
		struct listener *listener = S53_CONTAINER_OF(it, struct listener, link);

		if (is_same_place(listener->channel, channel))
			return listener;
	}
	return NULL;
}

/* The channel stays open; its owner or mode may have changed. */
static void
listener_keep(struct listener *listener, const struct s53_channel *channel, struct s53_diags *diags)
{
	listener->wanted = true;
	listener->channel = channel;
	if (listener->path != NULL && !control_socket_set_rights(listener))
		s53_diag_add(diags, S53_DIAG_WARNING, (struct s53_place){ 0 }, NULL,
		    "command channel %s: perm, owner or group cannot be set: %s", channel->path,
		    strerror(errno));
}

void
s53_control_use(struct s53_control *control, const struct s53_channel *channels,
    struct s53_policy *policy, struct s53_folder_owner owner, struct s53_diags *diags)
{
	struct s53_policy *old = control->policy;

	control->policy = s53_policy_keep(policy);
	S53_LIST_EACH (&control->listeners, it)
		S53_CONTAINER_OF(it, struct listener, link)->wanted = false;
	for (const struct s53_channel *it = channels; it != NULL; it = it->next) {
		struct listener *listener = find_listener(control, it);

		if (listener != NULL)
			listener_keep(listener, it, diags);
	}
	S53_LIST_EACH_SAFE (&control->listeners, it, following) {
		struct listener *listener = S53_CONTAINER_OF(it, struct listener, link);
		char text[S53_ADDR_TEXT];

		if (listener->wanted)
			continue;
		s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "stopping command channel on %s",
		    channel_text(listener->channel, text));
		listener_close(listener);
	}
	for (const struct s53_channel *it = channels; it != NULL; it = it->next)
		if (find_listener(control, it) == NULL)
			listener_open(control, it, owner, diags);
	s53_policy_drop(old);
}

/* At most one line a second: any process that can connect could fill the log otherwise. */
static bool
may_complain(struct s53_control *control)
{
	uint64_t now_s = s53_clock_wall_s();
	bool may = now_s != control->complained_s;

	control->refused++;
	control->complained_s = now_s;
	return may;
}

void
control_complain(struct s53_control *control, const char *peer, const char *why)
{
	if (may_complain(control))
		s53_log(S53_LOG_SECURITY, S53_LOG_ERROR, "invalid command from %s: %s", peer, why);
}

void
control_reject(struct s53_control *control, const char *peer)
{
	if (may_complain(control))
		s53_log(S53_LOG_SECURITY, S53_LOG_WARNING,
		    "rejected command channel message from %s", peer);
}
