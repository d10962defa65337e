/* SPDX-License-Identifier: ISC
 *
 * http_connections.c - limits the number of connections of the statistics channels.
 *
 * The HTTP server of libevent 2.1 has no limit of connections, and reports the end of one only
 * after a request was read. So each connection's bufferevent is created here, and a reference to it
 * is kept. After libevent has released its own reference, the bufferevent has no callbacks; the
 * next sweep() finds that, frees it and so closes its descriptor. A sweep is done when a connection
 * is accepted, and each SWEEP_MS while there are connections. At the limit the connection that has
 * been idle longest is closed, and the next one is accepted in a later turn of the loop: so at most
 * one descriptor is open over the limit.
 *
 * Rejected: a filtering bufferevent, which would report its end; libevent 2.1.12 frees it while its
 * deferred callback is still queued.
 */
#include <stdlib.h>

#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "http.h"

#define SWEEP_MS 200

struct connection {
	struct s53_link link; /* in server->connections */
	struct bufferevent *bufferevent; /* one reference */
	bool busy; /* a reply is in progress */
};

static struct connection *
connection_of(struct s53_link *link)
{
	return S53_CONTAINER_OF(link, struct connection, link);
}

static void
each_listener(struct s53_stats_server_http *server, int (*change)(struct evconnlistener *listener))
{
	S53_LIST_EACH (&server->channels, it) {
		struct s53_stats_channel *channel =
		    S53_CONTAINER_OF(it, struct s53_stats_channel, link);

		if (channel->bound != NULL)
			change(evhttp_bound_socket_get_listener(channel->bound));
	}
}

void
http_pause(struct s53_stats_server_http *server, unsigned ms)
{
	const struct timeval wait = { .tv_usec = ms * 1000 };

	each_listener(server, evconnlistener_disable);
	event_add(server->resume, &wait);
}

void
http_resume(struct s53_stats_server_http *server)
{
	each_listener(server, evconnlistener_enable);
}

/* Has libevent released it? Until then an event callback is set. */
static bool
is_freed(const struct connection *connection)
{
	bufferevent_data_cb on_read, on_write;
	bufferevent_event_cb on_event;
	void *arg;

	bufferevent_getcb(connection->bufferevent, &on_read, &on_write, &on_event, &arg);
	return on_event == NULL;
}

static void
drop(struct s53_stats_server_http *server, struct connection *connection)
{
	s53_list_remove(&connection->link);
	server->counts.connections--;
	bufferevent_disable(connection->bufferevent, EV_READ | EV_WRITE);
	bufferevent_decref(connection->bufferevent);
	free(connection);
}

static void
sweep(struct s53_stats_server_http *server)
{
	S53_LIST_EACH_SAFE (&server->connections, it, following) {
		if (is_freed(connection_of(it)))
			drop(server, connection_of(it));
	}
}

void
http_connections_sweep(struct s53_stats_server_http *server)
{
	static const struct timeval wait = { .tv_usec = SWEEP_MS * 1000 };

	sweep(server);
	if (!s53_list_empty(&server->connections))
		event_add(server->sweep, &wait);
}

static void
evict_one(struct s53_stats_server_http *server)
{
	S53_LIST_EACH (&server->connections, it) {
		struct connection *connection = connection_of(it);

		if (connection->busy)
			continue;
		server->counts.evicted++;
		/* as if the client had closed it */
		bufferevent_trigger_event(
		    connection->bufferevent, BEV_EVENT_READING | BEV_EVENT_EOF, 0);
		return;
	}
}

/* NULL: libevent makes one, which is not counted; there is no memory then. */
struct bufferevent *
http_connection_new(struct event_base *base, void *arg)
{
	struct s53_stats_server_http *server = arg;
	struct connection *connection;

	sweep(server);
	if (server->counts.connections >= S53_STATS_CONNECTIONS) {
		evict_one(server);
		sweep(server);
		http_pause(server, 0);
	}
	if ((connection = calloc(1, sizeof(*connection))) == NULL)
		return NULL;
	connection->bufferevent = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (connection->bufferevent == NULL) {
		free(connection);
		return NULL;
	}
	bufferevent_incref(connection->bufferevent);
	s53_list_append(&server->connections, &connection->link);
	server->counts.connections++;
	if (!event_pending(server->sweep, EV_TIMEOUT, NULL))
		event_active(server->sweep, EV_TIMEOUT, 0);
	return connection->bufferevent;
}

void
http_connection_use(struct s53_stats_server_http *server, struct evhttp_connection *used, bool busy)
{
	const struct bufferevent *bufferevent = evhttp_connection_get_bufferevent(used);

	S53_LIST_EACH (&server->connections, it) {
		struct connection *connection = connection_of(it);

		if (connection->bufferevent == bufferevent)
			connection->busy = busy;
	}
}
