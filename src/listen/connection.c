/* SPDX-License-Identifier: ISC
 *
 * connection.c - one TCP connection of a client.
 *
 * A connection is read while its queries in flight, and the replies that wait for the client, are
 * within limits that follow the size of its replies (sender.h). Input beyond them is kept in
 * `rest`. So a client that does not read delays only itself.
 *
 * While a function here works with a connection, the connection is `entered`: its replies are
 * gathered, and callbacks of the resolver do not free it. If such a callback ends a query of
 * another connection (which waited for the same answer), that connection is marked dirty.
 */
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "batch.h"
#include "context.h"
#include "sample.h"
#include "sender.h"
#include "source.h"
#include "tcp.h"

#define IN_FLIGHT_MAX 128
#define IN_FLIGHT_LEAST 4
#define IN_FLIGHT_BYTES (256 << 10) /* of answers in flight, while the client reads them all */
#define CHUNK_MAX 32 /* queries handed over together */
#define CHUNK_FIRST 2 /* the same while the sizes of the answers are unknown */
#define READS_AT_FINISH 16

/* No query is in flight and the client has read all replies. */
static bool
is_idle(const struct s53_connection *connection)
{
	return connection->in_flight == 0 && s53_backlog_len(&connection->backlog) == 0;
}

/* How many queries may be in flight, so that their answers together are not too large. */
static unsigned
in_flight_most(const struct s53_connection *connection)
{
	size_t most;

	if (connection->usual_len <= IN_FLIGHT_BYTES / IN_FLIGHT_MAX)
		return IN_FLIGHT_MAX;
	most = IN_FLIGHT_BYTES / connection->usual_len;
	return most > IN_FLIGHT_LEAST ? (unsigned)most : IN_FLIGHT_LEAST;
}

static bool
is_full(const struct s53_connection *connection)
{
	if (connection->in_flight >= in_flight_most(connection) || connection->overrun)
		return true;
	return s53_backlog_len(&connection->backlog) > 0 &&
	    s53_sender_room(connection) < 2 + connection->usual_len;
}

static bool
is_over(const struct s53_connection *connection)
{
	return connection->ended && connection->rest == NULL && is_idle(connection);
}

/* Discard what was read but not handed over. */
static void
discard_input(struct s53_connection *connection)
{
	s53_framing_fini(&connection->framing);
	free(connection->rest);
	connection->rest = NULL;
	connection->rest_left.len = 0;
}

/*
 * Close the socket. The object stays until nothing holds it: see release(). Its input stays while
 * it is entered, because the resolver may be reading it.
 */
void
s53_connection_close(struct s53_connection *connection)
{
	struct s53_tcp_pool *pool = connection->pool;

	if (connection->fd < 0)
		return;
	close(connection->fd);
	connection->fd = -1;
	s53_standing_forget(connection);
	if (connection->source != NULL)
		s53_tcp_source_leave(connection->context->limits, connection->source);
	connection->source = NULL;
	s53_list_remove(&connection->all);
	s53_list_remove(&connection->dirty);
	s53_list_remove(&connection->timeout);
	s53_backlog_fini(&connection->backlog);
	if (pool->gatherer == connection)
		pool->gathered = 0;
	if (!connection->entered)
		discard_input(connection);
	s53_tcp_pool_closed_one(pool);
}

/* Free it if it is closed and nothing uses it. */
static void
release(struct s53_connection *connection)
{
	struct s53_tcp_listener *listener = connection->listener;

	if (connection->fd >= 0 || connection->in_flight > 0 || connection->entered)
		return;
	s53_tcp_pool_free_connection(connection->pool, connection);
	s53_tcp_listener_drop(listener);
}

void
s53_connection_cut(struct s53_connection *connection)
{
	s53_connection_close(connection);
	discard_input(connection);
	release(connection);
}

static void
enter(struct s53_connection *connection)
{
	connection->entered = true;
	if (connection->pool->gatherer == NULL)
		connection->pool->gatherer = connection;
}

static void
leave(struct s53_connection *connection)
{
	connection->entered = false;
	if (connection->pool->gatherer == connection)
		connection->pool->gatherer = NULL;
}

static void
hand_over(struct s53_connection *connection, const struct s53_arrival arrivals[], unsigned count)
{
	struct s53_listen_context *context = connection->context;
	struct s53_batch_clock clock = s53_batch_begin(context);

	connection->asked = true;
	connection->active = true;
	connection->in_flight += count;
	s53_count_many(context->counters, S53_C_LISTEN_TCP, count);
	s53_sample(context, arrivals, count);
	s53_resolver_take_batch(context->resolver, arrivals, count, connection->pool->now_ms);
	s53_batch_end(context, &clock);
}

/* How many queries may be handed over at once; the connection is not full. */
static unsigned
chunk_most(const struct s53_connection *connection)
{
	unsigned most = in_flight_most(connection) - connection->in_flight;
	size_t by_room = CHUNK_FIRST;

	if (connection->usual_len > 0)
		by_room = s53_sender_room(connection) / (2 + connection->usual_len);
	if (by_room < most)
		most = (unsigned)by_room;
	if (most == 0)
		return 1;
	return most < CHUNK_MAX ? most : CHUNK_MAX;
}

/* Hand over one group of messages of *input. false: no whole message is left. May close. */
static bool
take_some(struct s53_connection *connection, struct s53_octets *input)
{
	struct s53_arrival arrivals[CHUNK_MAX];
	unsigned most = chunk_most(connection);
	unsigned count = 0;
	enum s53_frame frame;

	do {
		struct s53_octets message;

		frame = s53_framing_next(&connection->framing, input, &message);
		if (frame != S53_FRAME_WHOLE)
			break;
		arrivals[count].client = &connection->client;
		arrivals[count].octets = message.at;
		arrivals[count++].len = message.len;
		/* A message that arrived in pieces is valid only until the next call. */
	} while (count < most && connection->framing.body == NULL);
	if (count > 0)
		hand_over(connection, arrivals, count);
	if (frame == S53_FRAME_BAD || frame == S53_FRAME_NOMEM) {
		connection->ended = true; /* where the next message begins is unknown */
		input->len = 0;
	}
	return frame == S53_FRAME_WHOLE;
}

/* Hand over the messages of *input until it is used up or a limit is reached. May close. */
static void
take_all(struct s53_connection *connection, struct s53_octets *input)
{
	const struct s53_tcp_pool *pool = connection->pool;

	while (connection->fd >= 0 && !is_full(connection)) {
		if (pool->gatherer == connection && pool->gathered > 0 &&
		    s53_sender_room(connection) < 2 + connection->usual_len) {
			s53_sender_flush(connection);
			continue;
		}
		if (!take_some(connection, input))
			break;
	}
	/* A message kept beside `rest` would exceed S53_POOL_INPUT. */
	s53_framing_release(&connection->framing);
}

static void
take_rest(struct s53_connection *connection)
{
	take_all(connection, &connection->rest_left);
	if (connection->fd < 0 || connection->rest_left.len > 0)
		return;
	free(connection->rest);
	connection->rest = NULL;
}

/* Keep the input that the limits do not allow to hand over now. May close. */
static void
keep_rest(struct s53_connection *connection, const struct s53_octets *input)
{
	if (connection->fd < 0 || connection->overrun || input->len == 0)
		return;
	if ((connection->rest = malloc(input->len)) == NULL) {
		s53_connection_close(connection);
		return;
	}
	memcpy(connection->rest, input->at, input->len);
	connection->rest_left.at = connection->rest;
	connection->rest_left.len = input->len;
}

/* Read once and hand it over. false: nothing was read. May close. */
static bool
read_once(struct s53_connection *connection)
{
	ssize_t len = recv(connection->fd, connection->pool->input, S53_POOL_INPUT, MSG_DONTWAIT);
	struct s53_octets input;

	if (len < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			s53_connection_close(connection);
		return false;
	}
	if (len == 0) {
		connection->at_end = true;
		connection->ended = true; /* may be a half-close: replies are still sent */
		return false;
	}
	input.at = connection->pool->input;
	input.len = (size_t)len;
	take_all(connection, &input);
	keep_rest(connection, &input);
	return true;
}

static bool
wants_input(const struct s53_connection *connection)
{
	return !connection->ended && connection->rest == NULL && !is_full(connection);
}

static enum s53_tcp_timeout
timeout_of(const struct s53_connection *connection)
{
	if (!connection->asked)
		return S53_TCP_TIMEOUT_INITIAL;
	return connection->keepalive ? S53_TCP_TIMEOUT_KEEPALIVE : S53_TCP_TIMEOUT_IDLE;
}

static void
watch(struct s53_connection *connection)
{
	s53_tcp_pool_watch(connection,
	    (wants_input(connection) ? EPOLLIN : 0) | (connection->writing ? EPOLLOUT : 0));
	s53_standing_track(connection, connection->answered);
	if (connection->active)
		s53_tcp_pool_restart_timeout(connection->pool, connection, timeout_of(connection));
	connection->active = false;
	connection->answered = false;
}

/* Close it when all is answered. Read first: unread input would make the kernel discard answers. */
static void
close_orderly(struct s53_connection *connection)
{
	for (int i = 0; i < READS_AT_FINISH && !connection->at_end; i++)
		if (recv(connection->fd, connection->pool->input, S53_POOL_INPUT,
			MSG_DONTWAIT | MSG_TRUNC) <= 0)
			break;
	s53_connection_close(connection);
}

void
s53_connection_advance(struct s53_connection *connection)
{
	enter(connection);
	s53_sender_flush(connection);
	while (connection->fd >= 0 && connection->rest != NULL && !is_full(connection)) {
		take_rest(connection);
		s53_sender_flush(connection);
	}
	leave(connection);
	if (connection->overrun)
		discard_input(connection);
	if (connection->fd >= 0 && is_over(connection))
		close_orderly(connection);
	if (connection->fd >= 0) {
		watch(connection);
		return;
	}
	discard_input(connection);
	release(connection);
}

void
s53_connection_finish(struct s53_connection *connection)
{
	s53_tcp_pool_tick(connection->pool);
	enter(connection);
	for (int i = 0; i < READS_AT_FINISH; i++) {
		if (connection->fd < 0 || connection->ended || connection->rest != NULL)
			break;
		if (!read_once(connection))
			break;
	}
	connection->ended = true;
	s53_connection_advance(connection);
}

void
s53_connection_stop_reading(struct s53_connection *connection)
{
	discard_input(connection);
	connection->ended = true;
	s53_tcp_pool_tick(connection->pool);
	s53_connection_advance(connection);
}

void
s53_connection_time_out(struct s53_connection *connection)
{
	enter(connection);
	s53_sender_flush(connection);
	if (connection->fd >= 0 && wants_input(connection))
		(void)read_once(connection);
	if (!connection->active)
		s53_connection_close(connection);
	s53_connection_advance(connection);
}

bool
s53_connection_give_way(struct s53_connection *connection)
{
	enter(connection);
	s53_sender_flush(connection);
	leave(connection);
	if (connection->fd >= 0 && s53_backlog_len(&connection->backlog) > 0) {
		s53_standing_track(connection, false);
		return false;
	}
	s53_connection_cut(connection);
	return true;
}

/* A broken connection is reported as ready; the read or write then returns the error. */
void
s53_connection_ready(struct s53_connection *connection, uint32_t events)
{
	if (connection->fd < 0)
		return; /* closed by an earlier event of this turn */
	enter(connection);
	if ((events & ~(uint32_t)EPOLLIN) != 0)
		connection->writing = false;
	if ((events & ~(uint32_t)EPOLLOUT) != 0 && wants_input(connection))
		(void)read_once(connection);
	s53_connection_advance(connection);
}

/* A query of the connection has ended. on_flush() sends the replies of a whole turn together. */
static void
query_ended(struct s53_connection *connection)
{
	struct s53_tcp_pool *pool = connection->pool;

	connection->in_flight--;
	connection->active = true;
	connection->answered = true;
	if (connection->entered)
		return;
	if (connection->fd < 0) {
		release(connection);
		return;
	}
	if (connection->listener->closing && connection->in_flight == 0) {
		s53_connection_advance(connection); /* there may be no other turn of the loop */
		return;
	}
	if (s53_list_empty(&connection->dirty))
		s53_list_append(&pool->dirty, &connection->dirty);
	if (!pool->flush_due) {
		pool->flush_due = true;
		event_active(&pool->flush_event, EV_WRITE, 0);
	}
}

static uint8_t *
tcp_buffer(struct s53_client *client, size_t cap)
{
	return s53_sender_buffer(client->transport, cap);
}

static void
tcp_send(struct s53_client *client, size_t len)
{
	struct s53_connection *connection = client->transport;

	if (client->keepalive)
		connection->keepalive = true;
	s53_sender_add(connection, len);
	query_ended(connection);
}

static void
tcp_drop(struct s53_client *client)
{
	query_ended(client->transport);
}

static const struct s53_client_ops tcp_ops = { tcp_buffer, tcp_send, tcp_drop };

static void
init_connection(struct s53_connection *connection, struct s53_tcp_listener *listener, int fd)
{
	s53_list_init(&connection->all);
	s53_list_init(&connection->standing);
	s53_list_init(&connection->of_source);
	s53_list_init(&connection->dirty);
	s53_list_init(&connection->timeout);
	connection->fd = fd;
	connection->listener = listener;
	connection->context = listener->context;
	connection->pool = listener->context->pool;
	connection->client.ops = &tcp_ops;
	connection->client.transport = connection;
	connection->client.kind = S53_TCP;
}

/* A host that connects to its own address uses the same one as source, unless it binds another. */
static bool
is_of_this_host(const struct s53_addr *peer, const struct s53_addr *local)
{
	return s53_addr_is_loopback(peer) || s53_addr_same_host(peer, local);
}

enum s53_status
s53_connection_open(struct s53_tcp_listener *listener, int fd, const struct s53_addr *peer,
    const struct s53_addr *local)
{
	struct s53_listen_context *context = listener->context;
	struct s53_connection *connection = s53_tcp_pool_new_connection(context->pool);

	if (connection == NULL) {
		close(fd);
		s53_tcp_pool_closed_one(context->pool);
		return S53_E_NOMEM;
	}
	init_connection(connection, listener, fd);
	connection->client.addr = *peer;
	connection->client.local = *local;
	if (!is_of_this_host(peer, local))
		connection->source = s53_tcp_source_enter(context->limits, peer);
	s53_tcp_listener_keep(listener);
	s53_list_append(&context->pool->connections, &connection->all);
	connection->active = true;
	watch(connection);
	return S53_OK;
}
