/* SPDX-License-Identifier: ISC
 *
 * http.c - the statistics channels: access control and pages.
 */
#include "http.h"

#include <stdlib.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/listener.h>

#include <split53/acl.h>
#include <split53/clock.h>
#include <split53/log.h>
#include <split53/view.h>

#include "ask.h"

#define HEADERS_MAX 8192
#define BODY_MAX 1024
#define TIMEOUT_S 10
#define RESUME_MS 200 /* after accept() failed for lack of descriptors */
#define DENIED_EACH_MS 10000 /* between two log lines of denied requests */

static const char index_text[] =
    "split53 " S53_VERSION "\n\n"
    "/metrics          for Prometheus (OpenMetrics on request)\n"
    "/json/v1          the JSON of BIND's statistics channel; parts: status, server, zones,\n"
    "                  mem, net, tasks, traffic\n"
    "/health           200 as long as the process runs\n"
    "/ready            200 if it listens and is not shutting down; /ready?zones=1: and if each\n"
    "                  zone has a server that responds\n";

/* The only server of the process: libevent passes on_accept_failed() no argument of ours. */
static struct s53_stats_server_http *serving;

/* Reply with a short text and a status code. */
static void
reply_text(struct s53_stats_server_http *server, struct evhttp_request *request,
    enum s53_stats_code code, const char *text)
{
	static const struct {
		int status;
		const char *reason;
	} codes[S53_STATS_CODES] = {
		[S53_STATS_OK] = { HTTP_OK, "OK" },
		[S53_STATS_FORBIDDEN] = { 403, "Forbidden" },
		[S53_STATS_NOT_FOUND] = { HTTP_NOTFOUND, "Not Found" },
		[S53_STATS_BAD_METHOD] = { HTTP_BADMETHOD, "Method Not Allowed" },
		[S53_STATS_UNAVAILABLE] = { HTTP_SERVUNAVAIL, "Service Unavailable" },
	};
	struct evbuffer *body = evbuffer_new();

	server->counts.answers[code]++;
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
	    "text/plain; charset=utf-8");
	if (body != NULL)
		evbuffer_add_printf(body, "%s\n", text);
	evhttp_send_reply(request, codes[code].status, codes[code].reason, body);
	if (body != NULL)
		evbuffer_free(body);
}

static void
log_denied(struct s53_stats_server_http *server, struct evhttp_request *request)
{
	uint64_t now_ms = s53_clock_ms(), untold = server->denied_untold;
	uint16_t port = 0;
	char *host = NULL;

	if (server->denied_told_ms != 0 && now_ms < server->denied_told_ms + DENIED_EACH_MS) {
		server->denied_untold++;
		return;
	}
	server->denied_told_ms = now_ms;
	server->denied_untold = 0;
	evhttp_connection_get_peer(evhttp_request_get_connection(request), &host, &port);
	s53_log(S53_LOG_SECURITY, S53_LOG_WARNING,
	    "statistics channel: request from %s#%u denied: `allow` of the channel does not "
	    "include it (%llu more requests were denied since the last such line)",
	    host != NULL ? host : "?", port, (unsigned long long)untold);
}

static bool
is_allowed(const struct s53_stats_channel *channel, struct evhttp_request *request)
{
	struct s53_addr addr;
	uint16_t port = 0;
	char *host = NULL;

	if (channel->allow == NULL)
		return true;
	evhttp_connection_get_peer(evhttp_request_get_connection(request), &host, &port);
	return host != NULL && s53_addr_parse(host, 0, &addr) == S53_OK &&
	    s53_acl_allows(channel->allow, &addr);
}

static void
reply_ready(struct s53_stats_server_http *server, struct evhttp_request *request, bool zones)
{
	struct s53_stats_process process = { .policy = NULL };
	struct evbuffer *text = evbuffer_new();
	bool ready;

	server->source.process(server->source.arg, &process);
	if (text == NULL) {
		reply_text(server, request, S53_STATS_UNAVAILABLE, "out of memory");
		return;
	}
	ready = process.listening && !process.draining;
	evbuffer_add_printf(text, "%s\n",
	    ready                  ? "ready"
		: process.draining ? "not ready: shutting down"
				   : "not ready: not listening on any address");
	if (zones && process.policy != NULL)
		ready = http_ready_zones(process.policy, text) && ready;
	evbuffer_add(text, "", 1);
	reply_text(server, request, ready ? S53_STATS_OK : S53_STATS_UNAVAILABLE,
	    (const char *)evbuffer_pullup(text, -1));
	evbuffer_free(text);
}

static void
reply_collected(struct s53_stats_server_http *server, struct evhttp_request *request,
    const struct s53_stats_ask *ask)
{
	struct s53_stats *stats = NULL;

	if (server->reply_count < S53_STATS_REPLIES)
		stats = s53_stats_collect(&server->source);
	if (stats == NULL) {
		evhttp_add_header(evhttp_request_get_output_headers(request), "Retry-After", "1");
		reply_text(server, request, S53_STATS_UNAVAILABLE,
		    "out of memory, or too many replies are in progress");
		return;
	}
	if (ask->page == S53_PAGE_METRICS)
		http_reply_metrics(server, request, stats, ask->openmetrics);
	else
		http_reply_json(server, request, stats, ask->json_parts);
}

static void
serve(struct s53_stats_server_http *server, struct evhttp_request *request)
{
	const char *accept =
	    evhttp_find_header(evhttp_request_get_input_headers(request), "Accept");
	struct s53_stats_ask ask = s53_stats_ask_parse(evhttp_request_get_uri(request), accept);

	switch (ask.page) {
	case S53_PAGE_INDEX:
		reply_text(server, request, S53_STATS_OK, index_text);
		break;
	case S53_PAGE_HEALTH:
		reply_text(server, request, S53_STATS_OK, "ok");
		break;
	case S53_PAGE_READY:
		reply_ready(server, request, ask.zones);
		break;
	case S53_PAGE_METRICS:
	case S53_PAGE_JSON:
		reply_collected(server, request, &ask);
		break;
	case S53_PAGE_NONE:
		reply_text(server, request, S53_STATS_NOT_FOUND, "no such page; / lists all pages");
		break;
	}
}

static void
on_request(struct evhttp_request *request, void *arg)
{
	struct s53_stats_channel *channel = arg;
	struct s53_stats_server_http *server = channel->server;
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	enum evhttp_cmd_type command = evhttp_request_get_command(request);

	evhttp_add_header(headers, "Cache-Control", "no-cache");
	if (!is_allowed(channel, request)) {
		log_denied(server, request);
		evhttp_add_header(headers, "Connection", "close");
		reply_text(server, request, S53_STATS_FORBIDDEN,
		    "forbidden: `allow` of this statistics channel does not include your address");
	} else if (command != EVHTTP_REQ_GET && command != EVHTTP_REQ_HEAD) {
		evhttp_add_header(headers, "Allow", "GET, HEAD");
		reply_text(server, request, S53_STATS_BAD_METHOD, "only GET and HEAD are served");
	} else {
		serve(server, request);
	}
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	http_resume(arg);
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	http_connections_sweep(arg);
}

/* Without descriptors accept() would fail again at once: pause. */
static void
on_accept_failed(struct evconnlistener *listener, void *arg)
{
	(void)listener;
	(void)arg;
	http_pause(serving, RESUME_MS);
}

static void
free_events(struct s53_stats_server_http *server)
{
	if (server->resume != NULL)
		event_free(server->resume);
	if (server->sweep != NULL)
		event_free(server->sweep);
}

struct s53_stats_server_http *
s53_stats_http_new(struct event_base *base, const struct s53_stats_source *source)
{
	struct s53_stats_server_http *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->base = base;
	server->source = *source;
	server->source.http = &server->counts;
	S53_ASSERT(serving == NULL);
	s53_list_init(&server->channels);
	s53_list_init(&server->connections);
	server->resume = evtimer_new(base, on_resume, server);
	server->sweep = evtimer_new(base, on_sweep, server);
	if (server->resume == NULL || server->sweep == NULL) {
		free_events(server);
		free(server);
		return NULL;
	}
	serving = server;
	return server;
}

void
s53_stats_http_free(struct s53_stats_server_http *server)
{
	if (server == NULL)
		return;
	S53_LIST_EACH_SAFE (&server->channels, it, following)
		s53_stats_channel_close(S53_CONTAINER_OF(it, struct s53_stats_channel, link));
	http_connections_sweep(server);
	free_events(server);
	serving = NULL;
	free(server);
}

const struct s53_stats_source *
s53_stats_http_source(const struct s53_stats_server_http *server)
{
	return &server->source;
}

/* false: no memory. */
static bool
set_up(struct s53_stats_channel *channel, int fd)
{
	struct evhttp *http = evhttp_new(channel->server->base);

	channel->http = http;
	if (http == NULL)
		return false;
	evhttp_set_max_headers_size(http, HEADERS_MAX);
	evhttp_set_max_body_size(http, BODY_MAX);
	evhttp_set_timeout(http, TIMEOUT_S);
	evhttp_set_allowed_methods(http, UINT16_MAX); /* on_request() rejects the others */
	evhttp_set_default_content_type(http, NULL);
	evhttp_set_bevcb(http, http_connection_new, channel->server);
	evhttp_set_gencb(http, on_request, channel);
	channel->bound = evhttp_accept_socket_with_handle(http, fd);
	if (channel->bound == NULL)
		return false;
	evconnlistener_set_error_cb(
	    evhttp_bound_socket_get_listener(channel->bound), on_accept_failed);
	return true;
}

struct s53_stats_channel *
s53_stats_channel_open(struct s53_stats_server_http *server, int fd, struct s53_acl *allow)
{
	struct s53_stats_channel *channel = calloc(1, sizeof(*channel));

	if (channel != NULL) {
		channel->server = server;
		s53_list_append(&server->channels, &channel->link);
	}
	if (channel == NULL || !set_up(channel, fd)) {
		close(fd);
		if (channel != NULL)
			s53_stats_channel_close(channel);
		return NULL;
	}
	s53_stats_channel_allow(channel, allow);
	return channel;
}

void
s53_stats_channel_allow(struct s53_stats_channel *channel, struct s53_acl *allow)
{
	if (allow != NULL)
		s53_acl_keep(allow);
	s53_acl_drop(channel->allow);
	channel->allow = allow;
}

void
s53_stats_channel_close(struct s53_stats_channel *channel)
{
	s53_list_remove(&channel->link);
	if (channel->http != NULL)
		evhttp_free(channel->http); /* with its socket, connections and replies */
	s53_acl_drop(channel->allow);
	free(channel);
}
