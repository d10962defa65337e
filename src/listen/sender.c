/* SPDX-License-Identifier: ISC
 *
 * sender.c - sends the replies of one TCP connection to its client.
 */
#include "sender.h"

#include <errno.h>
#include <sys/socket.h>

#include <split53/counter.h>
#include <split53/log.h>

#include "connection.h"
#include "context.h"
#include "displace.h"

/* Returns how many bytes the kernel accepts; 0: none now, or the connection is closed. */
static size_t
write_out(struct s53_connection *connection, const uint8_t *octets, size_t len)
{
	ssize_t sent;

	do {
		sent = send(connection->fd, octets, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent > 0) {
		connection->active = true;
		connection->answered = true;
		return (size_t)sent;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK) {
		connection->writing = true;
	} else {
		s53_count(connection->context->counters, S53_C_LISTEN_SEND_FAILED);
		s53_connection_close(connection);
	}
	return 0;
}

/* More replies than may be kept for one client: see sender.h. */
static void
begin_overrun(struct s53_connection *connection)
{
	struct s53_tcp_limits *limits = connection->context->limits;
	char text[S53_ADDR_TEXT];

	if (!connection->overrun) {
		s53_count(connection->context->counters, S53_C_LISTEN_TCP_OUTPUT_LIMIT);
		if (s53_tcp_limit_is_due(limits, S53_TCP_LIMIT_OUTPUT))
			s53_log(S53_LOG_CLIENT, S53_LOG_WARNING,
			    "%s does not read its replies over TCP: more than %u bytes are "
			    "waiting; dropping the rest and closing the connection",
			    s53_addr_print(&connection->client.addr, text), S53_BACKLOG_MAX);
	}
	connection->overrun = true;
	connection->ended = true;
}

/* Keep `len` bytes to be sent later. May close. */
static void
queue(struct s53_connection *connection, const uint8_t *octets, size_t len)
{
	if (s53_backlog_add(&connection->backlog, octets, len) == S53_OK)
		return;
	/* Without these bytes the client would misread all that follows. */
	s53_count(connection->context->counters, S53_C_LISTEN_SEND_FAILED);
	s53_connection_close(connection);
}

/* The last end of a frame in octets[0, len) that is at most `room` bytes behind `from`. */
static size_t
last_frame_end(const uint8_t *octets, size_t len, size_t from, size_t room)
{
	size_t end = 0;

	while (end < len) {
		size_t next = end + 2 + s53_u16_get(octets + end);

		if (next > from + room)
			break;
		end = next;
	}
	return end;
}

/*
 * Send the gathered replies from the pool's buffer, or queue them after a backlog. A reply that was
 * sent in part fits into the backlog, which is then empty. May close.
 */
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
	if (s53_backlog_is_short_of(&connection->backlog, len - sent)) {
		begin_overrun(connection);
		len = last_frame_end(pool->output, len, sent,
		    S53_BACKLOG_MAX - s53_backlog_len(&connection->backlog));
	}
	if (len > sent)
		queue(connection, pool->output + sent, len - sent);
}

void
s53_sender_flush(struct s53_connection *connection)
{
	struct s53_backlog *backlog = &connection->backlog;

	if (connection->pool->gatherer == connection && connection->pool->gathered > 0)
		flush_gathered(connection);
	while (connection->fd >= 0 && !connection->writing && s53_backlog_len(backlog) > 0)
		s53_backlog_sent(backlog,
		    write_out(connection, s53_backlog_front(backlog), s53_backlog_len(backlog)));
}

/* Learn the size that the next replies are expected to have. */
static void
learn_len(struct s53_connection *connection, size_t len)
{
	if (len > connection->usual_len)
		connection->usual_len = len;
	else
		connection->usual_len -= (connection->usual_len - len) / 8;
}

size_t
s53_sender_room(const struct s53_connection *connection)
{
	const struct s53_tcp_pool *pool = connection->pool;
	size_t used = s53_backlog_len(&connection->backlog) +
	    connection->in_flight * (2 + connection->usual_len);

	if (pool->gatherer == connection)
		used += pool->gathered;
	return used < S53_BACKLOG_MAX ? S53_BACKLOG_MAX - used : 0;
}

/* Add a reply that is not gathered. The kernel may accept those before it. May close. */
static void
add_late(struct s53_connection *connection, const uint8_t *frame, size_t len)
{
	if (connection->fd >= 0 && s53_backlog_is_short_of(&connection->backlog, len))
		s53_sender_flush(connection);
	if (connection->fd < 0)
		return;
	if (s53_backlog_is_short_of(&connection->backlog, len))
		begin_overrun(connection);
	else
		queue(connection, frame, len);
}

void
s53_sender_add(struct s53_connection *connection, size_t len)
{
	struct s53_tcp_pool *pool = connection->pool;
	uint8_t *frame = pool->output + pool->gathered;

	s53_u16_put(frame, (uint16_t)len);
	learn_len(connection, len);
	if (connection->overrun)
		s53_count(connection->context->counters, S53_C_LISTEN_SEND_FAILED);
	else if (pool->gatherer == connection)
		pool->gathered += 2 + len;
	else
		add_late(connection, frame, 2 + len);
}

uint8_t *
s53_sender_buffer(struct s53_connection *connection, size_t cap)
{
	struct s53_tcp_pool *pool = connection->pool;

	if (connection->fd < 0 || cap > S53_MESSAGE_MAX)
		return NULL;
	if (pool->gathered + 2 + cap > S53_POOL_OUTPUT) {
		s53_sender_flush(pool->gatherer);
		if (connection->fd < 0)
			return NULL;
	}
	return pool->output + pool->gathered + 2;
}
