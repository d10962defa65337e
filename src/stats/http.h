/* SPDX-License-Identifier: ISC
 *
 * http.h - the parts of the statistics channels.
 *
 * Layer    stats, private to the http*.c files
 * Threads  main thread
 * Memory   see stats_channel.h
 */
#pragma once

#include <event2/event.h>
#include <event2/http.h>

#include <split53/list.h>
#include <split53/stats_channel.h>

struct s53_stats_server_http {
	struct event_base *base;
	struct s53_stats_source source;
	struct s53_stats_http counts;
	struct s53_link channels;
	struct s53_link connections; /* oldest first */
	struct event *resume; /* when to accept again */
	struct event *sweep; /* looks for connections that have ended, while there are any */
	unsigned reply_count; /* in progress */
	uint64_t denied_told_ms; /* when a denied request was last logged; 0: never */
	uint64_t denied_untold; /* denied since then, not logged */
};

struct s53_stats_channel {
	struct s53_link link;
	struct s53_stats_server_http *server;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct s53_acl *allow;
};

/* http_connections.c: make a connection's bufferevent, for libevent; `arg` is the server. */
struct bufferevent *http_connection_new(struct event_base *base, void *arg);
/* Mark the connection as used by a reply, or as idle again. */
void http_connection_use(
    struct s53_stats_server_http *server, struct evhttp_connection *used, bool busy);
/* Free the connections that have ended. */
void http_connections_sweep(struct s53_stats_server_http *server);
/* Stop accepting connections for `ms`. */
void http_pause(struct s53_stats_server_http *server, unsigned ms);
void http_resume(struct s53_stats_server_http *server);

/* http_reply.c: reply with the metrics or JSON; the collection is taken over. */
void http_reply_metrics(struct s53_stats_server_http *server, struct evhttp_request *request,
    struct s53_stats *stats, bool openmetrics);
void http_reply_json(struct s53_stats_server_http *server, struct evhttp_request *request,
    struct s53_stats *stats, unsigned parts);

/* http_ready.c: the text of /ready?zones=1. false: a zone is not ready, or no memory. */
bool http_ready_zones(const struct s53_policy *policy, struct evbuffer *out);
