/* SPDX-License-Identifier: ISC
 *
 * connection.c - one TCP connection of a client.
 *
 * Reading goes on while fewer than IN_FLIGHT_MAX queries wait for their answers and less than
 * OUTPUT_MAX octets wait for the client to take them: who does not read hurts only himself. What
 * was read beyond that is kept in `rest`, at most S53_POOL_INPUT octets.
 *
 * There is one timer, which is not moved as things happen: when it fires it looks at the time of
 * the last event and goes on waiting for what is left.
 */
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <event2/event.h>

#include <split53/clock.h>

#include "tcp.h"

#define IN_FLIGHT_MAX 128
#define OUTPUT_MAX (128 << 10)
#define FLUSH_VECTORS 64 /* of at most 4 KiB each, as evbuffer_add() makes them */
#define READS_AT_FINISH 16

/* An answer under way, or one that the client has not taken yet. */
static bool
is_idle(const struct s53_connection *connection)
{
	return connection->in_flight == 0 && evbuffer_get_length(connection->output) == 0;
}

static bool
is_full(const struct s53_connection *connection)
{
	return connection->in_flight >= IN_FLIGHT_MAX ||
	    evbuffer_get_length(connection->output) > OUTPUT_MAX;
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
	atomic_fetch_sub_explicit(&connection->pool->idle_count, 1, memory_order_relaxed);
}

static void
enter_idle(struct s53_connection *connection)
{
	s53_list_append(&connection->pool->idle, &connection->idle);
	atomic_fetch_add_explicit(&connection->pool->idle_count, 1, memory_order_relaxed);
}

/* Close the socket. The object stays until nothing holds it: see release(). */
static void
kill_connection(struct s53_connection *connection)
{
	if (connection->fd < 0)
		return;
	event_del(&connection->read_event);
	event_del(&connection->write_event);
	event_del(&connection->timer);
	close(connection->fd);
	connection->fd = -1;
	leave_idle(connection);
	s53_list_remove(&connection->all);
	s53_list_remove(&connection->dirty);
	evbuffer_free(connection->output);
	connection->output = NULL;
	s53_framing_fini(&connection->framing);
	free(connection->rest);
	connection->rest = NULL;
	atomic_fetch_sub(&connection->pool->limits->clients, 1);
	s53_tcp_listener_resume(connection->listener);
}

/* Free it if it is dead and nobody will come back to it. */
static void
release(struct s53_connection *connection)
{
	struct s53_tcp_listener *listener = connection->listener;

	if (connection->fd >= 0 || connection->in_flight > 0 || connection->entered)
		return;
	free(connection);
	s53_tcp_listener_drop(listener);
}

void
s53_connection_cut(struct s53_connection *connection)
{
	kill_connection(connection);
	release(connection);
}

/* Write what there is, as far as the client takes it. May kill. */
static void
flush(struct s53_connection *connection)
{
	while (connection->fd >= 0 && !connection->writing) {
		struct evbuffer_iovec vectors[FLUSH_VECTORS];
		struct msghdr message = { .msg_iov = vectors };
		int count = evbuffer_peek(connection->output, -1, NULL, vectors, FLUSH_VECTORS);
		ssize_t sent;

		if (count <= 0)
			return;
		message.msg_iovlen = count < FLUSH_VECTORS ? (size_t)count : FLUSH_VECTORS;
		sent = sendmsg(connection->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent > 0) {
			evbuffer_drain(connection->output, (size_t)sent);
			connection->active = true;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			connection->writing = true;
			event_add(&connection->write_event, NULL);
		} else if (errno != EINTR) {
			s53_count(connection->counters, S53_C_LISTEN_SEND_FAILED);
			kill_connection(connection);
		}
	}
}

static void
take(struct s53_connection *connection, const struct s53_octets *message, uint64_t now_ms)
{
	connection->asked = true;
	connection->active = true;
	connection->in_flight++;
	s53_count(connection->counters, S53_C_LISTEN_TCP);
	s53_resolver_take(
	    connection->resolver, &connection->client, message->at, message->len, now_ms);
}

/* Take the messages of *input until it is used up or a limit says no. May kill. */
static void
take_all(struct s53_connection *connection, struct s53_octets *input)
{
	uint64_t now_ms = s53_clock_ms();

	while (connection->fd >= 0 && !is_full(connection)) {
		struct s53_octets message;
		enum s53_frame frame = s53_framing_next(&connection->framing, input, &message);

		if (frame == S53_FRAME_NONE)
			return;
		if (frame != S53_FRAME_WHOLE) {
			connection->ended = true; /* what follows cannot be understood */
			input->len = 0;
			return;
		}
		take(connection, &message, now_ms);
		if (evbuffer_get_length(connection->output) > OUTPUT_MAX)
			flush(connection);
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

/* Keep what a limit forbids to take now. May kill. */
static void
keep_rest(struct s53_connection *connection, const struct s53_octets *input)
{
	if (connection->fd < 0 || input->len == 0)
		return;
	if ((connection->rest = malloc(input->len)) == NULL) {
		kill_connection(connection);
		return;
	}
	memcpy(connection->rest, input->at, input->len);
	connection->rest_left.at = connection->rest;
	connection->rest_left.len = input->len;
}

/* Read once and take it. false: there was nothing. May kill. */
static bool
read_once(struct s53_connection *connection)
{
	ssize_t len = recv(connection->fd, connection->pool->input, S53_POOL_INPUT, MSG_DONTWAIT);
	struct s53_octets input;

	if (len < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			kill_connection(connection);
		return false;
	}
	if (len == 0) {
		connection->ended = true; /* perhaps of one direction only: answers still go out */
		return false;
	}
	input.at = connection->pool->input;
	input.len = (size_t)len;
	take_all(connection, &input);
	keep_rest(connection, &input);
	return true;
}

static void
watch_input(struct s53_connection *connection)
{
	bool want = !connection->ended && connection->rest == NULL && !is_full(connection);

	if (want == connection->reading)
		return;
	connection->reading = want;
	if (want)
		event_add(&connection->read_event, NULL);
	else
		event_del(&connection->read_event);
}

static uint32_t
patience_ms(const struct s53_connection *connection)
{
	struct s53_tcp_limits *limits = connection->pool->limits;

	if (!connection->asked)
		return atomic_load_explicit(&limits->initial_ms, memory_order_relaxed);
	if (connection->keepalive)
		return atomic_load_explicit(&limits->keepalive_ms, memory_order_relaxed);
	return atomic_load_explicit(&limits->idle_ms, memory_order_relaxed);
}

static void
arm(struct s53_connection *connection, uint64_t now_ms, uint64_t due_ms)
{
	uint64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;
	struct timeval wait = { .tv_sec = (time_t)(wait_ms / 1000),
		.tv_usec = (suseconds_t)(wait_ms % 1000 * 1000) };

	connection->armed_until_ms = due_ms;
	event_add(&connection->timer, &wait);
}

/* Something moved: the patience begins anew. The timer only moves if it would come too late. */
static void
watch_time(struct s53_connection *connection)
{
	uint64_t now_ms = s53_clock_ms();
	uint64_t due_ms = now_ms + patience_ms(connection);

	connection->active_at_ms = now_ms;
	if (due_ms < connection->armed_until_ms)
		arm(connection, now_ms, due_ms);
}

static void
watch(struct s53_connection *connection)
{
	bool idle = is_idle(connection);

	watch_input(connection);
	if (connection->active || !idle)
		leave_idle(connection);
	if (idle && s53_list_empty(&connection->idle))
		enter_idle(connection);
	if (connection->active)
		watch_time(connection);
	connection->active = false;
}

void
s53_connection_settle(struct s53_connection *connection)
{
	connection->entered = true;
	flush(connection);
	while (connection->fd >= 0 && connection->rest != NULL && !is_full(connection)) {
		take_rest(connection);
		flush(connection);
	}
	connection->entered = false;
	if (connection->fd >= 0 && is_over(connection))
		kill_connection(connection);
	if (connection->fd < 0)
		release(connection);
	else
		watch(connection);
}

void
s53_connection_finish(struct s53_connection *connection)
{
	connection->entered = true;
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
	free(connection->rest);
	connection->rest = NULL;
	connection->rest_left.len = 0;
	connection->ended = true;
	s53_connection_settle(connection);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct s53_connection *connection = arg;

	(void)fd;
	(void)what;
	connection->entered = true;
	(void)read_once(connection);
	s53_connection_settle(connection);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct s53_connection *connection = arg;

	(void)fd;
	(void)what;
	connection->writing = false;
	s53_connection_settle(connection);
}

/*
 * Queries under way are bounded by the resolver, so the client may wait for them. One that does
 * not take its answers has the same patience as one that does not ask.
 */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct s53_connection *connection = arg;
	uint64_t now_ms = s53_clock_ms();
	uint64_t due_ms = connection->active_at_ms + patience_ms(connection);

	(void)fd;
	(void)what;
	if (connection->in_flight > 0 && evbuffer_get_length(connection->output) == 0)
		due_ms = now_ms + patience_ms(connection) + 1;
	if (due_ms > now_ms)
		arm(connection, now_ms, due_ms);
	else
		s53_connection_cut(connection);
}

/* A query of the connection has ended; what that leads to is done once for all of this turn. */
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

static uint8_t *
tcp_room(struct s53_client *client, size_t cap)
{
	struct s53_connection *connection = client->transport;

	if (connection->fd < 0 || cap > S53_MESSAGE_MAX)
		return NULL;
	return connection->pool->output + 2;
}

static void
tcp_send(struct s53_client *client, size_t len)
{
	struct s53_connection *connection = client->transport;

	if (client->keepalive)
		connection->keepalive = true;
	if (connection->fd >= 0) {
		uint8_t *frame = connection->pool->output;

		s53_u16_put(frame, (uint16_t)len);
		if (evbuffer_add(connection->output, frame, len + 2) != 0)
			s53_count(connection->counters, S53_C_LISTEN_SEND_FAILED);
	}
	query_ended(connection);
}

static void
tcp_drop(struct s53_client *client)
{
	query_ended(client->transport);
}

static const struct s53_client_ops tcp_ops = { tcp_room, tcp_send, tcp_drop };

static void
init_events(struct s53_connection *connection, struct event_base *base)
{
	int fd = connection->fd;

	event_assign(
	    &connection->read_event, base, fd, EV_READ | EV_PERSIST, on_readable, connection);
	event_assign(&connection->write_event, base, fd, EV_WRITE, on_writable, connection);
	evtimer_assign(&connection->timer, base, on_timer, connection);
}

static void
init_connection(struct s53_connection *connection, struct s53_tcp_listener *listener, int fd)
{
	s53_list_init(&connection->all);
	s53_list_init(&connection->idle);
	s53_list_init(&connection->dirty);
	s53_framing_init(&connection->framing);
	connection->fd = fd;
	connection->listener = listener;
	connection->pool = listener->pool;
	connection->resolver = listener->resolver;
	connection->counters = listener->counters;
	connection->client.ops = &tcp_ops;
	connection->client.transport = connection;
	connection->client.kind = S53_TCP;
	init_events(connection, listener->pool->base);
}

enum s53_status
s53_connection_open(struct s53_tcp_listener *listener, int fd, const struct s53_addr *peer,
    const struct s53_addr *local)
{
	struct s53_connection *connection = calloc(1, sizeof(*connection));
	uint64_t now_ms = s53_clock_ms();

	if (connection == NULL || (connection->output = evbuffer_new()) == NULL) {
		free(connection);
		close(fd);
		atomic_fetch_sub(&listener->limits->clients, 1);
		return S53_E_NOMEM;
	}
	init_connection(connection, listener, fd);
	connection->client.addr = *peer;
	connection->client.local = *local;
	s53_tcp_listener_keep(listener);
	s53_list_append(&listener->pool->connections, &connection->all);
	connection->active_at_ms = now_ms;
	arm(connection, now_ms, now_ms + patience_ms(connection));
	watch(connection);
	return S53_OK;
}
