/* SPDX-License-Identifier: ISC
 *
 * stream.c - the TCP connection of an endpoint, kept open and pipelined (RFC 7766).
 *
 * One connection takes all queries over TCP of an endpoint; responses arrive in any order
 * (s6.2.1.1, s7).
 *
 * When the server closes it, queries without a response are sent again on a new connection
 * (s6.2.4): once when the closed one carried no response; up to RETRIES_MAX times when it did,
 * because servers that accept a fixed number of queries per connection (Consul: 128) close with the
 * rest unread.
 *
 * A connection that carries no response retires: when a query on it times out, or when queries have
 * waited on it for SILENT_MS, even if all of them were cancelled. It may hang in a NAT or lead to a
 * host that is gone, which TCP alone detects after a quarter of an hour.
 */
#include "stream.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/transport.h>

#include "endpoint.h"
#include "exchanger.h"
#include "observe.h"

#define RETRIES_MAX 16
#define SILENT_MS 2000
#define OUTPUT_MAX (1 << 20) /* octets that wait for the server to read them */

struct s53_stream {
	struct s53_flow flow;
	struct bufferevent *bufferevent;
	bool connected;
	bool answered;
	bool garbled; /* what arrived is no DNS message */
	uint64_t received_at_ms; /* when something last arrived; 0: never */
	bool awaiting; /* a query was sent after that, or after the handshake */
	uint64_t awaiting_since_ms; /* while `awaiting`: when the first of these queries was sent */
};

static struct s53_stream *
stream_of(struct s53_flow *flow)
{
	return S53_CONTAINER_OF(flow, struct s53_stream, flow);
}

static void
close_stream(struct s53_flow *flow)
{
	struct s53_stream *stream = stream_of(flow);

	bufferevent_free(stream->bufferevent);
	free(stream);
}

/* The endpoint's next query over TCP gets a new connection; this one closes when it is empty. */
static void
retire(struct s53_stream *stream)
{
	struct s53_endpoint *endpoint = stream->flow.endpoint;

	if (endpoint->stream == stream)
		endpoint->stream = NULL;
	s53_flow_retire(&stream->flow);
}

static struct s53_exchange *
first_exchange(struct s53_stream *stream)
{
	return S53_CONTAINER_OF(stream->flow.exchanges.next, struct s53_exchange, link);
}

/*
 * The connection has closed, or the handshake has failed: send again what has retries left. When an
 * open connection closes, that says nothing of the server, unless a query has no retries left.
 */
static void
stream_failed(struct s53_stream *stream, enum s53_exchange_end end, uint64_t now_ms)
{
	unsigned retries = !stream->connected ? 0 : stream->answered ? RETRIES_MAX : 1;
	struct s53_flow *flow = &stream->flow;
	bool blames_server = !stream->connected;

	s53_flow_hold(flow);
	retire(stream);
	while (!s53_list_empty(&flow->exchanges)) {
		struct s53_exchange *exchange = first_exchange(stream);

		if (exchange->awaits_late_reply || exchange->retries >= retries) {
			blames_server = blames_server || !exchange->awaits_late_reply;
			s53_exchange_fail(exchange, end);
			continue;
		}
		s53_flow_remove(exchange);
		exchange->retries++;
		s53_stream_send(exchange, now_ms);
	}
	if (blames_server && stream->garbled)
		s53_endpoint_observe(
		    flow->endpoint, S53_OVER_TCP, S53_OBSERVED_GARBLED, flow->used_ms);
	else if (blames_server)
		s53_endpoint_observe_end(flow->endpoint, S53_OVER_TCP, end, flow->used_ms);
	s53_flow_release(flow);
}

/* The reason for libevent's end of the connection. No error: the server closed it. */
static enum s53_exchange_end
reason_of(short what, int error)
{
	if ((what & BEV_EVENT_ERROR) == 0 || error == 0 || error == EAGAIN || error == EINPROGRESS)
		return S53_EXCHANGE_REFUSED; /* libevent may have taken the error off the socket */
	return s53_transport_end_of(error);
}

static void
on_event(struct bufferevent *bufferevent, short what, void *arg)
{
	struct s53_stream *stream = arg;
	int error = errno;
	uint64_t now_ms = s53_clock_ms();

	(void)bufferevent;
	s53_wheel_see(&stream->flow.endpoint->exchanger->wheel, now_ms);
	if ((what & BEV_EVENT_CONNECTED) == 0) {
		stream_failed(stream, reason_of(what, error), now_ms);
		return;
	}
	stream->connected = true;
	stream->awaiting_since_ms = now_ms;
	S53_LIST_EACH (&stream->flow.exchanges, it) {
		S53_CONTAINER_OF(it, struct s53_exchange, link)->sent_at_ms = now_ms;
	}
}

/* Take one complete message. false: none is left, or it was no DNS. */
static bool
take_message(struct s53_stream *stream, struct evbuffer *input, uint64_t now_ms)
{
	uint8_t prefix[2], *frame;
	size_t len;

	if (evbuffer_copyout(input, prefix, sizeof(prefix)) < (ev_ssize_t)sizeof(prefix))
		return false;
	len = s53_u16_get(prefix); /* RFC 1035 s4.2.2 */
	if (evbuffer_get_length(input) < sizeof(prefix) + len)
		return false;
	frame = len < S53_HEADER_LEN ? NULL
				     : evbuffer_pullup(input, (ev_ssize_t)(sizeof(prefix) + len));
	if (frame == NULL) {
		stream->garbled = true;
		stream_failed(stream, S53_EXCHANGE_REFUSED, now_ms);
		return false;
	}
	stream->answered = true;
	s53_exchange_reply(&stream->flow, frame + sizeof(prefix), len, now_ms);
	evbuffer_drain(input, sizeof(prefix) + len);
	return true;
}

static void
on_read(struct bufferevent *bufferevent, void *arg)
{
	struct s53_stream *stream = arg;
	struct evbuffer *input = bufferevent_get_input(bufferevent);
	uint64_t now_ms = s53_clock_ms();

	s53_wheel_see(&stream->flow.endpoint->exchanger->wheel, now_ms);
	stream->received_at_ms = now_ms;
	stream->awaiting = false;
	s53_flow_hold(&stream->flow);
	while (take_message(stream, input, now_ms))
		;
	s53_flow_release(&stream->flow);
}

/* A descriptor with a handshake under way or done. -1: errno. */
static int
connecting(struct s53_endpoint *endpoint)
{
	const struct s53_addr *addr = s53_upstream_addr(endpoint->upstream);
	int fd = s53_endpoint_socket(endpoint, SOCK_STREAM);
	int error;

	if (fd < 0 || connect(fd, &addr->sa, s53_addr_len(addr)) == 0 || errno == EINPROGRESS)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* NULL: *end says why. */
static struct s53_stream *
stream_new(struct s53_endpoint *endpoint, uint64_t now_ms, enum s53_exchange_end *end)
{
	struct s53_stream *stream = NULL;
	struct bufferevent *bufferevent;
	int fd = connecting(endpoint);

	if (fd < 0) {
		*end = s53_transport_end_of(errno);
		return NULL;
	}
	*end = S53_EXCHANGE_NO_RESOURCES;
	/* Deferred, so that libevent calls nothing back from inside of a call here. */
	bufferevent = bufferevent_socket_new(
	    endpoint->exchanger->base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (bufferevent == NULL) {
		close(fd);
		return NULL;
	}
	stream = calloc(1, sizeof(*stream));
	if (stream == NULL || bufferevent_enable(bufferevent, EV_READ) != 0 ||
	    bufferevent_socket_connect(bufferevent, NULL, 0) != 0) {
		bufferevent_free(bufferevent);
		free(stream);
		return NULL;
	}
	bufferevent_setcb(bufferevent, on_read, NULL, on_event, stream);
	stream->bufferevent = bufferevent;
	s53_flow_init(&stream->flow, endpoint, now_ms);
	stream->flow.close = close_stream;
	s53_endpoint_watch(endpoint, now_ms);
	return stream;
}

static bool
accepts_more(const struct s53_stream *stream)
{
	struct evbuffer *output = bufferevent_get_output(stream->bufferevent);

	return stream->flow.count < S53_FLOW_MAX && evbuffer_get_length(output) < OUTPUT_MAX;
}

static bool
is_silent(const struct s53_stream *stream, uint64_t now_ms)
{
	return stream->awaiting && now_ms > stream->awaiting_since_ms &&
	    now_ms - stream->awaiting_since_ms > SILENT_MS;
}

static void
mark_sent(struct s53_stream *stream, uint64_t now_ms)
{
	if (!stream->awaiting)
		stream->awaiting_since_ms = now_ms;
	stream->awaiting = true;
	stream->flow.used_ms = now_ms;
}

/* Append length, ID and the rest of the query to the output, completely or not at all. */
static bool
write_query(struct s53_stream *stream, const struct s53_exchange *exchange)
{
	struct evbuffer *output = bufferevent_get_output(stream->bufferevent);
	size_t id_len = sizeof(exchange->id);
	uint8_t head[4];

	s53_u16_put(head, exchange->ask.len);
	s53_u16_put(head + 2, exchange->id);
	if (evbuffer_expand(output, sizeof(head) + exchange->ask.len) != 0)
		return false;
	(void)evbuffer_add(output, head, sizeof(head));
	(void)evbuffer_add(output, exchange->ask.octets + id_len, exchange->ask.len - id_len);
	return true;
}

void
s53_stream_send(struct s53_exchange *exchange, uint64_t now_ms)
{
	struct s53_endpoint *endpoint = exchange->endpoint;
	enum s53_exchange_end end = S53_EXCHANGE_NO_RESOURCES;

	exchange->on_tcp = true;
	if (endpoint->stream != NULL &&
	    (!accepts_more(endpoint->stream) || is_silent(endpoint->stream, now_ms)))
		retire(endpoint->stream);
	if (endpoint->stream == NULL)
		endpoint->stream = stream_new(endpoint, now_ms, &end);
	if (endpoint->stream == NULL) {
		s53_endpoint_observe_end(endpoint, S53_OVER_TCP, end, now_ms);
		s53_exchange_fail(exchange, end);
		return;
	}
	s53_flow_add(&endpoint->stream->flow, exchange);
	mark_sent(endpoint->stream, now_ms);
	exchange->sent_at_ms = now_ms;
	if (write_query(endpoint->stream, exchange))
		s53_count(endpoint->exchanger->counters, S53_C_EXCHANGE_TCP);
	else
		s53_exchange_fail(exchange, S53_EXCHANGE_NO_RESOURCES);
}

void
s53_stream_retire_if_silent(struct s53_flow *flow, uint64_t sent_at_ms)
{
	struct s53_stream *stream = stream_of(flow);

	if (stream->received_at_ms < sent_at_ms)
		retire(stream);
}

void
s53_stream_sweep(struct s53_endpoint *endpoint, uint64_t before_ms)
{
	struct s53_stream *stream = endpoint->stream;

	if (stream != NULL && stream->flow.count == 0 && stream->flow.used_ms <= before_ms)
		retire(stream);
}
