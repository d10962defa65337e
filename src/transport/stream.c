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
 * A message that is no DNS message, or answers no query of this connection, is garbage, and the
 * connection ends: nothing that follows can be trusted. If there is only one query on it, that ends
 * too, since only the server can have sent the garbage; several queries move to connections of
 * their own, which shows which one was to blame.
 *
 * A connection that carries no response retires: when a query on it times out, or when queries have
 * waited on it for SILENT_MS, even if all of them were cancelled. It may hang in a NAT or lead to a
 * host that is gone, which TCP alone detects after a quarter of an hour.
 */
#include "stream.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/traffic.h>
#include <split53/transport.h>

#include "endpoint.h"
#include "exchanger.h"
#include "lone.h"
#include "observe.h"

#define RETRIES_MAX 16
#define SILENT_MS 2000
#define OUTPUT_MAX (1 << 20) /* bytes that wait for the server to read them */

struct s53_stream {
	struct s53_flow flow;
	struct bufferevent *bufferevent;
	bool connected;
	bool answered;
	bool garbled; /* what arrived is no DNS message, or answers no query of this connection */
	bool lone; /* carries one query */
	unsigned sent; /* queries */
	unsigned matched; /* messages with the ID of a query */
	uint16_t matched_id; /* of the last one */
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
	struct s53_endpoint *endpoint = flow->endpoint;
	bool lone = stream->lone;

	bufferevent_free(stream->bufferevent);
	free(stream);
	if (lone)
		s53_lone_leave(endpoint, endpoint->exchanger->wheel.now_ms);
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

/* Exchanges that a caller waits for. */
static unsigned
active_count(const struct s53_stream *stream)
{
	unsigned count = 0;

	S53_LIST_EACH (&stream->flow.exchanges, it) {
		count += !S53_CONTAINER_OF(it, struct s53_exchange, link)->awaits_late_reply;
	}
	return count;
}

/* How often a query may be sent again when its connection ends in this way. */
static unsigned
retries_of(const struct s53_stream *stream)
{
	if (stream->garbled) /* a single query ends, several get connections of their own */
		return active_count(stream) > 1 ? RETRIES_MAX : 0;
	if (!stream->connected)
		return 0;
	return stream->answered ? RETRIES_MAX : 1;
}

/*
 * The connection has closed, or the handshake has failed: send those queries again that have
 * retries left. The close of an open connection is not recorded, unless a query has no retries
 * left.
 */
static void
stream_failed(struct s53_stream *stream, enum s53_exchange_end end, uint64_t now_ms)
{
	unsigned retries = retries_of(stream);
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
		exchange->lone = exchange->lone || stream->garbled;
		s53_stream_send(exchange, now_ms);
	}
	if (blames_server && stream->garbled)
		s53_endpoint_observe(
		    flow->endpoint, S53_OVER_TCP, S53_OBSERVED_GARBLED, flow->used_ms);
	else if (blames_server)
		s53_endpoint_observe_end(flow->endpoint, S53_OVER_TCP, end, flow->used_ms);
	s53_flow_release(flow);
}

static void
stream_garbled(struct s53_stream *stream, uint64_t now_ms)
{
	stream->garbled = true;
	stream_failed(stream, S53_EXCHANGE_GARBLED, now_ms);
}

/* The reason for which libevent ended the connection. Without an error, the server closed it. */
static enum s53_exchange_end
reason_of(const struct s53_upstream *upstream, short what, int error)
{
	if ((what & BEV_EVENT_ERROR) == 0 || error == 0 || error == EAGAIN || error == EINPROGRESS)
		return S53_EXCHANGE_REFUSED; /* libevent may have taken the error off the socket */
	return s53_transport_end_of(upstream, error);
}

static void
on_event(struct bufferevent *bufferevent, short what, void *arg)
{
	struct s53_stream *stream = arg;
	int error = errno;
	uint64_t now_ms = s53_clock_ms(), now_ns;

	(void)bufferevent;
	s53_wheel_see(&stream->flow.endpoint->exchanger->wheel, now_ms);
	if ((what & BEV_EVENT_CONNECTED) == 0) {
		stream_failed(
		    stream, reason_of(stream->flow.endpoint->upstream, what, error), now_ms);
		return;
	}
	stream->connected = true;
	stream->awaiting_since_ms = now_ms;
	now_ns = s53_clock_ns();
	S53_LIST_EACH (&stream->flow.exchanges, it) {
		struct s53_exchange *exchange = S53_CONTAINER_OF(it, struct s53_exchange, link);

		exchange->sent_at_ms = now_ms;
		exchange->sent_at_ns = now_ns;
	}
}

/*
 * A message with an ID that no query waits for: may it be the response to one that was
 * forgotten, or the last response once more?
 */
static bool
is_explained(const struct s53_stream *stream, uint16_t id)
{
	return stream->sent > stream->matched + stream->flow.count ||
	    (stream->matched > 0 && id == stream->matched_id);
}

static bool
take_reply(struct s53_stream *stream, uint8_t *octets, size_t len, uint64_t now_ms)
{
	uint16_t id = s53_header_id(octets);

	stream->answered = true;
	if (s53_exchange_reply(&stream->flow, octets, len, now_ms)) {
		stream->matched++;
		stream->matched_id = id;
		return true;
	}
	if (!is_explained(stream, id))
		return false;
	stream->matched += id != stream->matched_id;
	return true;
}

/* Take one complete message. false: none is left, or it was garbage. */
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
	if (frame == NULL || !take_reply(stream, frame + sizeof(prefix), len, now_ms)) {
		stream_garbled(stream, now_ms);
		return false;
	}
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
		*end = s53_transport_end_of(endpoint->upstream, errno);
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

/* Append length, ID and the rest of the query to the output, all of it or nothing. */
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

/* The connection for queries that share one. NULL: *end says why. */
static struct s53_stream *
shared_stream(struct s53_endpoint *endpoint, uint64_t now_ms, enum s53_exchange_end *end)
{
	if (endpoint->stream != NULL &&
	    (!accepts_more(endpoint->stream) || is_silent(endpoint->stream, now_ms)))
		retire(endpoint->stream);
	if (endpoint->stream == NULL)
		endpoint->stream = stream_new(endpoint, now_ms, end);
	return endpoint->stream;
}

/* A connection for one query, after s53_lone_enter(). NULL: *end says why. */
static struct s53_stream *
lone_stream(struct s53_endpoint *endpoint, uint64_t now_ms, enum s53_exchange_end *end)
{
	struct s53_stream *stream = stream_new(endpoint, now_ms, end);

	if (stream != NULL)
		stream->lone = true;
	else
		s53_lone_leave(endpoint, now_ms);
	return stream;
}

static void
send_on(struct s53_stream *stream, struct s53_exchange *exchange, uint64_t now_ms)
{
	s53_flow_add(&stream->flow, exchange);
	stream->sent++;
	mark_sent(stream, now_ms);
	exchange->sent_at_ms = now_ms;
	exchange->sent_at_ns = s53_clock_ns();
	if (write_query(stream, exchange)) {
		s53_count(exchange->exchanger->counters, S53_C_EXCHANGE_TCP);
		s53_upstream_count(exchange->endpoint->upstream, S53_TRAFFIC_TCP);
	} else {
		s53_exchange_fail(exchange, S53_EXCHANGE_NO_RESOURCES);
	}
	if (stream->lone)
		s53_flow_retire(&stream->flow);
}

void
s53_stream_send(struct s53_exchange *exchange, uint64_t now_ms)
{
	struct s53_endpoint *endpoint = exchange->endpoint;
	enum s53_exchange_end end = S53_EXCHANGE_NO_RESOURCES;
	bool lone = s53_lone_is_wanted(exchange, now_ms);
	struct s53_stream *stream;

	exchange->on_tcp = true;
	if (lone && !s53_lone_enter(exchange))
		return;
	stream = lone ? lone_stream(endpoint, now_ms, &end) : shared_stream(endpoint, now_ms, &end);
	if (stream != NULL) {
		send_on(stream, exchange, now_ms);
		return;
	}
	s53_endpoint_observe_end(endpoint, S53_OVER_TCP, end, now_ms);
	s53_exchange_fail(exchange, end);
}

bool
s53_stream_is_shared(const struct s53_flow *flow)
{
	const struct s53_stream *stream = S53_CONTAINER_OF(flow, const struct s53_stream, flow);

	return stream->connected && stream->sent > 1;
}

void
s53_stream_retire(struct s53_flow *flow)
{
	retire(stream_of(flow));
}

void
s53_stream_note_reply(const struct s53_exchange *exchange, uint64_t now_ms)
{
	s53_lone_note_reply(exchange, stream_of(exchange->flow)->lone, now_ms);
}

/* Has the server's host acknowledged all that was sent? */
static bool
is_acknowledged(const struct s53_stream *stream)
{
	int octets = -1;

	return evbuffer_get_length(bufferevent_get_output(stream->bufferevent)) == 0 &&
	    ioctl(bufferevent_getfd(stream->bufferevent), SIOCOUTQ, &octets) == 0 && octets == 0;
}

bool
s53_stream_note_silence(const struct s53_exchange *exchange, uint64_t now_ms)
{
	struct s53_stream *stream = stream_of(exchange->flow);
	bool one_per_connection = s53_stream_is_shared(exchange->flow) && is_acknowledged(stream) &&
	    s53_lone_note_silence(exchange, now_ms);

	if (stream->received_at_ms < exchange->sent_at_ms)
		retire(stream);
	return one_per_connection;
}

void
s53_stream_sweep(struct s53_endpoint *endpoint, uint64_t before_ms)
{
	struct s53_stream *stream = endpoint->stream;

	if (stream != NULL && stream->flow.count == 0 && stream->flow.used_ms <= before_ms)
		retire(stream);
}
