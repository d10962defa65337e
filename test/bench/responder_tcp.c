/* SPDX-License-Identifier: ISC
 *
 * responder_tcp.c - connections: one read, one write with the answers to all its queries.
 *
 * While the client does not read, nothing is read from it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "dns.h"
#include "responder.h"

#define EVENTS 256
#define LEN_OCTETS 2
#define IN_ROOM 16384
#define OUT_ROOM 65536
#define WAITING_ROOM (OUT_ROOM + LEN_OCTETS + RESPONDER_REPLY_MAX)

struct connection {
	int fd;
	size_t in_len, out_len, out_at;
	uint8_t *out; /* data that the kernel did not take; NULL: none */
	uint8_t in[IN_ROOM];
};

struct state {
	int epoll;
	const struct responder *responder;
	uint8_t query[RESPONDER_REPLY_MAX], reply[RESPONDER_REPLY_MAX];
	uint8_t out[WAITING_ROOM];
};

static void
watch(const struct state *state, struct connection *connection, uint32_t events, int operation)
{
	struct epoll_event event = { .events = events, .data.ptr = connection };

	if (epoll_ctl(state->epoll, operation, connection->fd, &event) != 0)
		bench_die("epoll_ctl");
}

static void
connection_free(struct connection *connection)
{
	close(connection->fd);
	free(connection->out);
	free(connection);
}

static void
accept_all(const struct state *state, int fd)
{
	int accepted;

	while ((accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *connection = malloc(sizeof(*connection));

		if (connection == NULL) {
			close(accepted);
			return;
		}
		bench_nodelay(accepted);
		connection->fd = accepted;
		connection->in_len = connection->out_len = connection->out_at = 0;
		connection->out = NULL;
		watch(state, connection, EPOLLIN, EPOLL_CTL_ADD);
	}
}

/* Answer the query of `len` bytes at `query` into the state's buffer. Returns the new end. */
static size_t
answer_one(struct state *state, const uint8_t *query, size_t len, size_t end)
{
	const struct responder *responder = state->responder;
	uint8_t *reply;

	len = len < RESPONDER_QUERY_MAX ? len : RESPONDER_QUERY_MAX;
	memcpy(state->query, query, len);
	reply = responder->answer(responder->arg, state->query, &len, state->reply);
	if (reply == NULL)
		return end;
	bench_put16(state->out + end, (unsigned)len);
	memcpy(state->out + end + LEN_OCTETS, reply, len);
	return end + LEN_OCTETS + len;
}

/* Answer complete queries while the answers fit into the buffer. Returns the bytes of answers. */
static size_t
answer_all(struct state *state, struct connection *connection)
{
	size_t at = 0, end = 0;

	while (connection->in_len - at >= LEN_OCTETS && end < OUT_ROOM) {
		size_t len = bench_get16(connection->in + at);

		if (connection->in_len - at - LEN_OCTETS < len)
			break;
		end = answer_one(state, connection->in + at + LEN_OCTETS, len, end);
		at += LEN_OCTETS + len;
	}
	connection->in_len -= at;
	memmove(connection->in, connection->in + at, connection->in_len);
	return end;
}

/* false: the connection must be closed. */
static bool
keep_rest(const struct state *state, struct connection *connection, const uint8_t *rest, size_t len)
{
	connection->out = malloc(len);
	if (connection->out == NULL)
		return false;
	memcpy(connection->out, rest, len);
	connection->out_len = len;
	connection->out_at = 0;
	watch(state, connection, EPOLLOUT, EPOLL_CTL_MOD);
	return true;
}

static bool
answer_and_write(struct state *state, struct connection *connection)
{
	size_t len;

	while ((len = answer_all(state, connection)) > 0) {
		ssize_t sent = send(connection->fd, state->out, len, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent < 0)
			sent = 0;
		if ((size_t)sent < len)
			return keep_rest(state, connection, state->out + sent, len - (size_t)sent);
	}
	return connection->in_len < IN_ROOM; /* otherwise the message is longer than any query */
}

static bool
read_more(struct state *state, struct connection *connection)
{
	ssize_t len = recv(
	    connection->fd, connection->in + connection->in_len, IN_ROOM - connection->in_len, 0);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	if (len == 0)
		return false;
	connection->in_len += (size_t)len;
	return answer_and_write(state, connection);
}

static bool
write_rest(struct state *state, struct connection *connection)
{
	ssize_t sent = send(connection->fd, connection->out + connection->out_at,
	    connection->out_len - connection->out_at, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	connection->out_at += (size_t)sent;
	if (connection->out_at < connection->out_len)
		return true;
	free(connection->out);
	connection->out = NULL;
	watch(state, connection, EPOLLIN, EPOLL_CTL_MOD);
	return answer_and_write(state, connection);
}

_Noreturn void
responder_tcp(const struct responder *responder, int fd)
{
	static _Thread_local struct state state;
	struct epoll_event events[EVENTS], listening = { .events = EPOLLIN };

	state.responder = responder;
	state.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (state.epoll < 0 || epoll_ctl(state.epoll, EPOLL_CTL_ADD, fd, &listening) != 0)
		bench_die("epoll");
	for (;;) {
		int count = epoll_wait(state.epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;

			if (connection == NULL)
				accept_all(&state, fd);
			else if (!(connection->out != NULL ? write_rest : read_more)(
				     &state, connection))
				connection_free(connection);
		}
	}
}
