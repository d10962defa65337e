/* SPDX-License-Identifier: ISC
 *
 * connection.c - one TCP connection of a client.
 *
 * A connection is read while fewer than IN_FLIGHT_MAX of its queries wait for their answers and at
 * most OUTPUT_MAX bytes of replies wait for the client to read them, so a client that does not read
 * delays only itself. What was read beyond these limits is kept in `rest`, at most S53_POOL_INPUT
 * bytes.
 *
 * While a function here works with a connection, the connection is `entered`: its replies are
 * gathered, and callbacks of the resolver do not free it. When such a callback ends a query of
 * another connection (which waited for the same answer), that connection is marked dirty.
 */
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "context.h"
#include "evict.h"
#include "tcp.h"

#define IN_FLIGHT_MAX 128
#define OUTPUT_MAX (128 << 10)
#define GROUP_MAX 32 /* queries handed over at once: each answer may have 64 KiB */
#define READS_AT_FINISH 16

/* No query is under way and the client has read all replies. */
static bool
is_idle(const struct s53_connection *connection)
{
	return connection->in_flight == 0 && s53_backlog_len(&connection->backlog) == 0;
}

static bool
is_full(const struct s53_connection *connection)
{
	return connection->in_flight >= IN_FLIGHT_MAX ||
	    s53_backlog_len(&connection->backlog) > OUTPUT_MAX;
}

static bool
is_over(const struct s53_connection *connection)
{
	return connection->ended && connection->rest == NULL && is_idle(connection);
}

static void
leave_idle(struct s53_connection *connection)
{
	if (s53_list_empty(&connection->idle))
		return;
	s53_list_remove(&connection->idle);
	atomic_fetch_sub_explicit(&connection->context->self->idle_count, 1, memory_order_relaxed);
}

static void
enter_idle(struct s53_connection *connection)
{
	s53_list_append(&connection->pool->idle, &connection->idle);
	atomic_fetch_add_explicit(&connection->context->self->idle_count, 1, memory_order_relaxed);
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
static void
close_connection(struct s53_connection *connection)
{
	struct s53_tcp_pool *pool = connection->pool;

	if (connection->fd < 0)
		return;
	close(connection->fd);
	connection->fd = -1;
	leave_idle(connection);
	s53_list_remove(&connection->all);
	s53_list_remove(&connection->dirty);
	s53_list_remove(&connection->timeout);
	s53_backlog_fini(&connection->backlog);
	if (pool->gatherer == connection)
		pool->gathered = 0;
	if (!connection->entered)
		discard_input(connection);
	atomic_fetch_sub(&connection->context->limits->clients, 1);
	s53_tcp_listener_resume(connection->listener);
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
	close_connection(connection);
	release(connection);
}

/* Returns how many bytes the client takes; 0: none now, or the connection is closed. */
static size_t
write_out(struct s53_connection *connection, const uint8_t *octets, size_t len)
{
	ssize_t sent;

	do {
		sent = send(connection->fd, octets, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent > 0) {
		connection->active = true;
		return (size_t)sent;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK) {
		connection->writing = true;
	} else {
		s53_count(connection->context->counters, S53_C_LISTEN_SEND_FAILED);
		close_connection(connection);
	}
	return 0;
}

/* Send the gathered replies from the pool's buffer, or queue them after a backlog. May close. */
static void
flush_gathered(struct s53_connection *connection)
{
	struct s53_tcp_pool *pool = connection->pool;
	size_t len = pool->gathered;
	size_t sent = 0;

	pool->gathered = 0;
	if (!connection->writing && s53_backlog_len(&connection->backlog) == 0)
		sent = write_out(connection, pool->output, len);
	if (connection->fd < 0 || sent == len)
		return;
	if (s53_backlog_add(&connection->backlog, pool->output + sent, len - sent) == S53_OK)
		return;
	/* Without these bytes the client would misread all that follows. */
	s53_count(connection->context->counters, S53_C_LISTEN_SEND_FAILED);
	close_connection(connection);
}

/* Send what there is, as far as the client takes it. May close. */
static void
flush(struct s53_connection *connection)
{
	struct s53_backlog *backlog = &connection->backlog;

	if (connection->pool->gatherer == connection && connection->pool->gathered > 0)
		flush_gathered(connection);
	while (connection->fd >= 0 && !connection->writing && s53_backlog_len(backlog) > 0)
		s53_backlog_sent(backlog,
		    write_out(connection, s53_backlog_front(backlog), s53_backlog_len(backlog)));
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
	connection->asked = true;
	connection->active = true;
	connection->in_flight += count;
	s53_count_many(connection->context->counters, S53_C_LISTEN_TCP, count);
	s53_resolver_take_batch(
	    connection->context->resolver, arrivals, count, connection->pool->now_ms);
}

/* Hand over one group of messages of *input. false: that is used up. May close. */
static bool
take_some(struct s53_connection *connection, struct s53_octets *input)
{
	struct s53_arrival arrivals[GROUP_MAX];
	unsigned most = IN_FLIGHT_MAX - connection->in_flight;
	unsigned count = 0;
	enum s53_frame frame;

	if (most > GROUP_MAX)
		most = GROUP_MAX;
	do {
		struct s53_octets message;

		frame = s53_framing_next(&connection->framing, input, &message);
		if (frame != S53_FRAME_WHOLE)
			break;
		arrivals[count].client = &connection->client;
		arrivals[count].octets = message.at;
		arrivals[count++].len = message.len;
		/* A message that came in pieces is valid only until the next call. */
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
	while (connection->fd >= 0 && !is_full(connection)) {
		if (!take_some(connection, input))
			return;
	}
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

/* Keep what the limits do not allow to hand over now. May close. */
static void
keep_rest(struct s53_connection *connection, const struct s53_octets *input)
{
	if (connection->fd < 0 || input->len == 0)
		return;
	if ((connection->rest = malloc(input->len)) == NULL) {
		close_connection(connection);
		return;
	}
	memcpy(connection->rest, input->at, input->len);
	connection->rest_left.at = connection->rest;
	connection->rest_left.len = input->len;
}

/* Read once and hand it over. false: there was nothing. May close. */
static bool
read_once(struct s53_connection *connection)
{
	ssize_t len = recv(connection->fd, connection->pool->input, S53_POOL_INPUT, MSG_DONTWAIT);
	struct s53_octets input;

	if (len < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			close_connection(connection);
		return false;
	}
	if (len == 0) {
		connection->ended = true; /* perhaps a half-close: replies still go out */
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
	bool idle = is_idle(connection);

	s53_tcp_pool_watch(connection,
	    (wants_input(connection) ? EPOLLIN : 0) | (connection->writing ? EPOLLOUT : 0));
	if (connection->active || !idle)
		leave_idle(connection);
	if (idle && s53_list_empty(&connection->idle))
		enter_idle(connection);
	if (connection->active)
		s53_tcp_pool_restart_timeout(connection->pool, connection, timeout_of(connection));
	connection->active = false;
}

void
s53_connection_settle(struct s53_connection *connection)
{
	enter(connection);
	flush(connection);
	while (connection->fd >= 0 && connection->rest != NULL && !is_full(connection)) {
		take_rest(connection);
		flush(connection);
	}
	leave(connection);
	if (connection->fd >= 0 && is_over(connection))
		close_connection(connection);
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
	s53_connection_settle(connection);
}

void
s53_connection_take_no_more(struct s53_connection *connection)
{
	discard_input(connection);
	connection->ended = true;
	s53_tcp_pool_tick(connection->pool);
	s53_connection_settle(connection);
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
	s53_connection_settle(connection);
}

/* A query of the connection has ended. on_flush() sends the replies of a whole turn together. */
static void
query_ended(struct s53_connection *connection)
{
	struct s53_tcp_pool *pool = connection->pool;

	connection->in_flight--;
	connection->active = true;
	if (connection->entered)
		return;
	if (connection->fd < 0) {
		release(connection);
		return;
	}
	if (connection->listener->closing && connection->in_flight == 0) {
		s53_connection_settle(connection); /* there may be no other turn of the loop */
		return;
	}
	if (s53_list_empty(&connection->dirty))
		s53_list_append(&pool->dirty, &connection->dirty);
	if (!pool->flush_due) {
		pool->flush_due = true;
		event_active(&pool->flush_event, EV_WRITE, 0);
	}
}

/* The free part of the output buffer, also for a reply that will not be gathered. */
static uint8_t *
tcp_room(struct s53_client *client, size_t cap)
{
	struct s53_connection *connection = client->transport;
	struct s53_tcp_pool *pool = connection->pool;

	if (connection->fd < 0 || cap > S53_MESSAGE_MAX)
		return NULL;
	if (pool->gathered + 2 + cap > S53_POOL_OUTPUT) {
		flush(pool->gatherer);
		if (connection->fd < 0)
			return NULL;
	}
	return pool->output + pool->gathered + 2;
}

static void
tcp_send(struct s53_client *client, size_t len)
{
	struct s53_connection *connection = client->transport;
	struct s53_tcp_pool *pool = connection->pool;
	uint8_t *frame = pool->output + pool->gathered;

	if (client->keepalive)
		connection->keepalive = true;
	s53_u16_put(frame, (uint16_t)len);
	if (pool->gatherer == connection)
		pool->gathered += 2 + len;
	else if (connection->fd >= 0 &&
	    s53_backlog_add(&connection->backlog, frame, 2 + len) != S53_OK)
		s53_count(connection->context->counters, S53_C_LISTEN_SEND_FAILED);
	query_ended(connection);
}

static void
tcp_drop(struct s53_client *client)
{
	query_ended(client->transport);
}

static const struct s53_client_ops tcp_ops = { tcp_room, tcp_send, tcp_drop };

static void
init_connection(struct s53_connection *connection, struct s53_tcp_listener *listener, int fd)
{
	s53_list_init(&connection->all);
	s53_list_init(&connection->idle);
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

enum s53_status
s53_connection_open(struct s53_tcp_listener *listener, int fd, const struct s53_addr *peer,
    const struct s53_addr *local)
{
	struct s53_listen_context *context = listener->context;
	struct s53_connection *connection = s53_tcp_pool_new_connection(context->pool);

	if (connection == NULL) {
		close(fd);
		atomic_fetch_sub(&context->limits->clients, 1);
		return S53_E_NOMEM;
	}
	init_connection(connection, listener, fd);
	connection->client.addr = *peer;
	connection->client.local = *local;
	s53_tcp_listener_keep(listener);
	s53_list_append(&context->pool->connections, &connection->all);
	connection->active = true;
	watch(connection);
	return S53_OK;
}
