/* SPDX-License-Identifier: ISC
 *
 * fake_server.h - a DNS server for tests on loopback, with UDP and TCP on one port.
 *
 * It runs on the event base of the test. The test's `on_query` decides what it does with a query; a
 * test that needs more uses the descriptors itself.
 */
#pragma once

#include <event2/event.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <split53/addr.h>
#include <split53/header.h>

#define FAKE_CONNS_MAX 256

struct fake_server;

struct fake_conn {
	struct fake_server *server;
	int fd; /* -1: closed */
	struct event *event;
	uint8_t input[1 << 18];
	size_t len;
	unsigned queries;
};

struct fake_query {
	struct fake_server *server;
	struct fake_conn *conn; /* NULL: UDP */
	struct s53_addr from;
	uint8_t octets[4096];
	size_t len;
};

struct fake_server {
	struct event_base *base;
	struct s53_addr addr;
	int udp, tcp; /* -1: closed */
	struct event *udp_event, *tcp_event;
	struct fake_conn *conns[FAKE_CONNS_MAX];
	unsigned conn_count; /* ever accepted */
	unsigned udp_queries, tcp_queries;
	void (*on_query)(struct fake_query *query);
	void *arg;
};

/* An address of this host: "127.0.0.1", "::1". */
static inline struct s53_addr
fake_addr(const char *host, uint16_t port)
{
	struct s53_addr addr;

	assert_int_equal(s53_addr_parse(host, port, &addr), S53_OK);
	return addr;
}

static inline struct s53_addr
fake_local_addr(int fd)
{
	struct s53_addr addr;
	socklen_t len = sizeof(addr);

	memset(&addr, 0, sizeof(addr));
	assert_return_code(getsockname(fd, &addr.sa, &len), 0);
	return addr;
}

/* A socket of `type` bound to `host` and `port`. -1: they are not available. */
static inline int
fake_bind(int type, const char *host, uint16_t port)
{
	struct s53_addr addr = fake_addr(host, port);
	int fd = socket(addr.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	assert_true(fd >= 0);
	if (type == SOCK_STREAM)
		assert_return_code(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	if (bind(fd, &addr.sa, s53_addr_len(&addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Send `len` bytes as a response to `query`, with a length before them over TCP. */
static inline void
fake_send(struct fake_query *query, const uint8_t *octets, size_t len)
{
	uint8_t frame[2 + 65535];

	if (query->conn == NULL) {
		(void)sendto(query->server->udp, octets, len, 0, &query->from.sa,
		    s53_addr_len(&query->from));
		return;
	}
	s53_u16_put(frame, (uint16_t)len);
	memcpy(frame + 2, octets, len);
	if (query->conn->fd >= 0)
		(void)send(query->conn->fd, frame, 2 + len, MSG_NOSIGNAL);
}

/* Reply with the query itself, QR and `flags` set. */
static inline void
fake_reply(struct fake_query *query, uint16_t flags)
{
	uint8_t reply[4096];

	memcpy(reply, query->octets, query->len);
	s53_header_set_flags(reply, (uint16_t)(s53_header_flags(reply) | S53_QR | S53_RA | flags));
	fake_send(query, reply, query->len);
}

static inline void
fake_answer(struct fake_query *query)
{
	fake_reply(query, 0);
}

static inline void
fake_silence(struct fake_query *query)
{
	(void)query;
}

static inline void
fake_conn_close(struct fake_conn *conn)
{
	if (conn->fd < 0)
		return;
	event_free(conn->event);
	close(conn->fd);
	conn->fd = -1;
}

static inline void
fake_on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct fake_server *server = arg;
	struct fake_query query = { .server = server };
	socklen_t from_len = sizeof(query.from);
	ssize_t len;

	(void)what;
	while (server->udp == fd &&
	    (len = recvfrom(
		 fd, query.octets, sizeof(query.octets), 0, &query.from.sa, &from_len)) >= 0) {
		query.len = (size_t)len;
		server->udp_queries++;
		server->on_query(&query);
		from_len = sizeof(query.from);
	}
}

static inline void
fake_on_conn(evutil_socket_t fd, short what, void *arg)
{
	struct fake_conn *conn = arg;
	struct fake_query query = { .server = conn->server, .conn = conn };
	ssize_t len;

	(void)what;
	len = recv(fd, conn->input + conn->len, sizeof(conn->input) - conn->len, 0);
	if (len <= 0) {
		fake_conn_close(conn);
		return;
	}
	conn->len += (size_t)len;
	while (conn->fd >= 0 && conn->len >= 2) {
		size_t size = s53_u16_get(conn->input);

		if (conn->len < 2 + size)
			break;
		assert_true(size <= sizeof(query.octets));
		memcpy(query.octets, conn->input + 2, size);
		query.len = size;
		conn->len -= 2 + size;
		memmove(conn->input, conn->input + 2 + size, conn->len);
		conn->queries++;
		conn->server->tcp_queries++;
		conn->server->on_query(&query);
	}
}

static inline void
fake_on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct fake_server *server = arg;
	struct fake_conn *conn;
	int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (accepted < 0)
		return;
	assert_true(server->conn_count < FAKE_CONNS_MAX);
	conn = calloc(1, sizeof(*conn));
	assert_non_null(conn);
	conn->server = server;
	conn->fd = accepted;
	conn->event = event_new(server->base, accepted, EV_READ | EV_PERSIST, fake_on_conn, conn);
	event_add(conn->event, NULL);
	server->conns[server->conn_count++] = conn;
}

static inline void
fake_close_udp(struct fake_server *server)
{
	if (server->udp < 0)
		return;
	event_free(server->udp_event);
	close(server->udp);
	server->udp = -1;
}

static inline void
fake_close_tcp(struct fake_server *server)
{
	if (server->tcp < 0)
		return;
	event_free(server->tcp_event);
	close(server->tcp);
	server->tcp = -1;
}

static inline void
fake_server_start(struct fake_server *server, struct event_base *base, const char *host,
    void (*on_query)(struct fake_query *))
{
	int size = 1 << 20;

	memset(server, 0, sizeof(*server));
	server->base = base;
	server->on_query = on_query;
	do { /* a port that is free for both */
		server->tcp = fake_bind(SOCK_STREAM, host, 0);
		assert_true(server->tcp >= 0);
		server->addr = fake_local_addr(server->tcp);
		server->udp = fake_bind(SOCK_DGRAM, host, s53_addr_port(&server->addr));
		if (server->udp < 0)
			close(server->tcp);
	} while (server->udp < 0);
	(void)setsockopt(server->udp, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	assert_return_code(listen(server->tcp, 64), 0);
	server->udp_event = event_new(base, server->udp, EV_READ | EV_PERSIST, fake_on_udp, server);
	server->tcp_event =
	    event_new(base, server->tcp, EV_READ | EV_PERSIST, fake_on_accept, server);
	event_add(server->udp_event, NULL);
	event_add(server->tcp_event, NULL);
}

static inline void
fake_server_stop(struct fake_server *server)
{
	fake_close_udp(server);
	fake_close_tcp(server);
	for (unsigned i = 0; i < server->conn_count; i++) {
		fake_conn_close(server->conns[i]);
		free(server->conns[i]);
	}
	server->conn_count = 0;
}
