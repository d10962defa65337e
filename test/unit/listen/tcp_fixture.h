/* SPDX-License-Identifier: ISC
 *
 * tcp_fixture.h - a TCP listener and its clients, for the tests of connections.
 *
 * send() and accept4() are replaced: they are counted, and a client may have another source
 * address than its own.
 */
#pragma once

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "fixture.h"

#define FRAME_LEN (2 + QUERY_LEN)

static struct {
	unsigned writes;
	unsigned accepts;
	const char *peer; /* source address of the next client; NULL: its own */
} kernel;

ssize_t
send(int fd, const void *octets, size_t len, int flags)
{
	kernel.writes++;
	return syscall(SYS_sendto, fd, octets, len, flags, NULL, 0);
}

int
accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	int made = (int)syscall(SYS_accept4, fd, addr, len, flags);

	kernel.accepts++;
	if (made >= 0 && kernel.peer != NULL) {
		struct s53_addr peer = parse_addr(kernel.peer, 4711);

		*len = s53_addr_len(&peer);
		memcpy(addr, &peer, *len);
	}
	return made;
}

struct tcp_fixture {
	struct fixture f;
	struct s53_tcp_listener *listener;
};

static inline void
start(struct tcp_fixture *t)
{
	struct s53_addr local;
	int fd;

	memset(&kernel, 0, sizeof(kernel));
	fixture_init(&t->f);
	fd = open_socket(&t->f, LOOPBACK, S53_TCP);
	local = t->f.addr;
	t->listener = s53_tcp_listener_new(t->f.context, fd, &local);
	assert_non_null(t->listener);
}

static inline void
stop(struct tcp_fixture *t)
{
	forget_all(&t->f.resolver);
	if (t->listener != NULL)
		s53_tcp_listener_close(t->listener);
	s53_tcp_abandon(t->f.context);
	forget_all(&t->f.resolver); /* what close() has read */
	fixture_fini(&t->f);
}

static inline unsigned
open_count(struct tcp_fixture *t)
{
	return atomic_load(&t->f.limits.clients);
}

/* A client with a connection that has been accepted. */
static inline int
connect_client(struct tcp_fixture *t)
{
	uint64_t before = s53_counter_read(&t->f.counters, S53_C_LISTEN_TCP_OPENED) +
	    s53_counter_read(&t->f.counters, S53_C_LISTEN_TCP_REFUSED);
	int fd = connect_to(&t->f.addr, SOCK_STREAM);

	TURN_UNTIL(&t->f,
	    s53_counter_read(&t->f.counters, S53_C_LISTEN_TCP_OPENED) +
		    s53_counter_read(&t->f.counters, S53_C_LISTEN_TCP_REFUSED) >
		before);
	return fd;
}

/* The same from a remote address. */
static inline int
connect_from(struct tcp_fixture *t, const char *peer)
{
	int fd;

	kernel.peer = peer;
	fd = connect_client(t);
	kernel.peer = NULL;
	return fd;
}

static inline void
put_query(uint8_t frame[static FRAME_LEN], unsigned id)
{
	memset(frame, 0, FRAME_LEN);
	s53_u16_put(frame, QUERY_LEN);
	s53_u16_put(frame + 2, (uint16_t)id);
}

/* The queries [first, first + count), in one write. */
static inline void
ask(int fd, unsigned first, unsigned count)
{
	uint8_t *frames = malloc((size_t)count * FRAME_LEN);

	assert_non_null(frames);
	for (unsigned i = 0; i < count; i++)
		put_query(frames + (size_t)i * FRAME_LEN, first + i);
	assert_int_equal(write(fd, frames, (size_t)count * FRAME_LEN), count * FRAME_LEN);
	free(frames);
}

static inline bool
read_whole(int fd, uint8_t *octets, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t part = recv(fd, octets + have, len - have, 0);

		if (part <= 0)
			return false;
		have += (size_t)part;
	}
	return true;
}

/* The ID of the next reply, which is there or comes without turning the loop; -1: end of stream. */
static inline int
next_id(int fd)
{
	static uint8_t message[65535];
	uint8_t prefix[2];

	if (!read_whole(fd, prefix, 2) || !read_whole(fd, message, s53_u16_get(prefix)))
		return -1;
	return s53_u16_get(message);
}

static inline bool
has_input(int fd)
{
	uint8_t octet;

	return recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

/* Nothing has arrived, and the connection is open. */
static inline bool
is_silent(int fd)
{
	return !has_input(fd) && errno == EAGAIN;
}

static inline bool
is_closed(int fd)
{
	uint8_t octet;
	ssize_t len = recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);

	return len == 0 || (len < 0 && errno == ECONNRESET);
}
