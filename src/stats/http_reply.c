/* SPDX-License-Identifier: ISC
 *
 * http_reply.c - long replies, written in pieces.
 *
 * A piece of the metrics is formatted when the client has read the one before, so that a slow
 * client neither blocks the loop nor fills the memory. JSON is formatted at once, since json-c
 * needs the whole tree, and sent in pieces as well. If the client closes the connection, the reply
 * ends: libevent then detaches the connection from the request, and the request has to be freed
 * here.
 */
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "http.h"
#include "json.h"
#include "prometheus.h"

#define PIECE_LEN (32u * 1024)

struct reply {
	struct s53_stats_server_http *server;
	struct evhttp_request *request;
	struct evhttp_connection *connection;
	struct evbuffer *piece;
	struct s53_stats *stats;
	struct s53_exposition metrics;
	bool complete; /* the metrics are all written */
	struct s53_sink sink;
	struct json_object *json; /* NULL: metrics */
	const char *text; /* of `json` */
	size_t text_len, text_at;
};

static void
reply_free(struct reply *reply)
{
	reply->server->reply_count--;
	if (reply->piece != NULL)
		evbuffer_free(reply->piece);
	s53_stats_free(reply->stats);
	s53_sink_fini(&reply->sink);
	json_object_put(reply->json);
	free(reply);
}

/* The connection is about to be freed. */
static void
on_close(struct evhttp_connection *connection, void *arg)
{
	struct reply *reply = arg;
	struct evhttp_request *request = reply->request;

	(void)connection;
	reply_free(reply);
	if (evhttp_request_get_connection(request) == NULL)
		evhttp_send_reply_end(request); /* frees it */
}

static void
end(struct reply *reply)
{
	evhttp_connection_set_closecb(reply->connection, NULL, NULL);
	http_connection_use(reply->server, reply->connection, false);
	evhttp_send_reply_end(reply->request);
	reply_free(reply);
}

/* Put the next piece into reply->piece. false: there is none. */
static bool
make_piece(struct reply *reply)
{
	size_t left = reply->text_len - reply->text_at;

	if (reply->json != NULL) {
		size_t len = left < PIECE_LEN ? left : PIECE_LEN;

		evbuffer_add(reply->piece, reply->text + reply->text_at, len);
		reply->text_at += len;
		return len > 0;
	}
	if (reply->complete)
		return false;
	reply->complete = !s53_exposition_write(&reply->metrics, &reply->sink, PIECE_LEN);
	evbuffer_add(reply->piece, reply->sink.octets, reply->sink.len);
	reply->sink.len = 0;
	return true;
}

static void
on_written(struct evhttp_connection *connection, void *arg)
{
	struct reply *reply = arg;

	(void)connection;
	if (make_piece(reply) && !reply->sink.failed)
		evhttp_send_reply_chunk_with_cb(reply->request, reply->piece, on_written, reply);
	else
		end(reply);
}

/* NULL: no memory. */
static struct reply *
reply_new(struct s53_stats_server_http *server, struct evhttp_request *request)
{
	struct reply *reply = calloc(1, sizeof(*reply));

	if (reply == NULL)
		return NULL;
	reply->server = server;
	reply->request = request;
	reply->connection = evhttp_request_get_connection(request);
	reply->piece = evbuffer_new();
	server->reply_count++;
	if (reply->piece != NULL)
		return reply;
	reply_free(reply);
	return NULL;
}

static void
begin(struct reply *reply, const char *type)
{
	struct evhttp_request *request = reply->request;
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	reply->server->counts.answers[S53_STATS_OK]++;
	evhttp_add_header(headers, "Content-Type", type);
	if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
		evhttp_send_reply(request, HTTP_OK, "OK", NULL);
		reply_free(reply);
		return;
	}
	http_connection_use(reply->server, reply->connection, true);
	evhttp_connection_set_closecb(reply->connection, on_close, reply);
	evhttp_send_reply_start(request, HTTP_OK, "OK");
	on_written(reply->connection, reply);
}

static void
refuse(struct s53_stats_server_http *server, struct evhttp_request *request)
{
	server->counts.answers[S53_STATS_UNAVAILABLE]++;
	evhttp_send_error(request, HTTP_SERVUNAVAIL, "Out of memory");
}

void
http_reply_metrics(struct s53_stats_server_http *server, struct evhttp_request *request,
    struct s53_stats *stats, bool openmetrics)
{
	struct reply *reply = reply_new(server, request);

	if (reply == NULL) {
		s53_stats_free(stats);
		refuse(server, request);
		return;
	}
	reply->stats = stats;
	reply->metrics = (struct s53_exposition){ .stats = stats, .openmetrics = openmetrics };
	begin(reply, openmetrics ? S53_OPENMETRICS_TYPE : S53_PROMETHEUS_TYPE);
}

void
http_reply_json(struct s53_stats_server_http *server, struct evhttp_request *request,
    struct s53_stats *stats, unsigned parts)
{
	struct json_object *json = s53_stats_json(stats, parts);
	struct reply *reply = json != NULL ? reply_new(server, request) : NULL;

	s53_stats_free(stats);
	if (reply != NULL) {
		reply->json = json;
		reply->text = json_object_to_json_string_length(
		    json, JSON_C_TO_STRING_PRETTY, &reply->text_len);
	}
	if (reply != NULL && reply->text != NULL) {
		begin(reply, "application/json");
		return;
	}
	if (reply != NULL)
		reply_free(reply); /* and the object */
	else
		json_object_put(json);
	refuse(server, request);
}
