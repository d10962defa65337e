/* SPDX-License-Identifier: ISC
 *
 * faulty_tcp.c - connections, by descriptor. If the kernel does not take all data at once, the
 * connection is closed: the answers are few and small.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faulty.h"

#define CONNECTIONS 4096 /* descriptors */
#define LEN_OCTETS 2 /* RFC 1035 s4.2.2 */
#define IN_ROOM 16384

struct connection {
	uint32_t number; /* 0: there is none */
	size_t in_len;
	uint8_t in[IN_ROOM];
};

static struct connection *connections[CONNECTIONS];
static uint32_t last_number;

void
faulty_tcp_accept(const struct faulty *faulty)
{
	int fd;

	while ((fd = accept4(faulty->tcp, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *connection =
		    fd < CONNECTIONS ? calloc(1, sizeof(*connection)) : NULL;

		if (connection == NULL) {
			close(fd);
			continue;
		}
		connection->number = ++last_number;
		connections[fd] = connection;
		bench_nodelay(fd);
		faulty_watch(faulty, fd);
	}
}

static void
end_connection(int fd)
{
	free(connections[fd]);
	connections[fd] = NULL;
	close(fd);
}

bool
faulty_tcp_read(struct faulty *faulty, int fd,
    void (*take)(struct faulty *faulty, const struct faulty_target *from, const uint8_t *message,
	size_t len))
{
	struct connection *connection = connections[fd];
	struct faulty_target from = { .fd = fd, .connection = connection->number };
	ssize_t got =
	    recv(fd, connection->in + connection->in_len, IN_ROOM - connection->in_len, 0);
	size_t at = 0;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got <= 0) {
		end_connection(fd);
		return false;
	}
	connection->in_len += (size_t)got;
	while (connection->in_len - at >= LEN_OCTETS) {
		size_t len = bench_get16(connection->in + at);

		if (connection->in_len - at - LEN_OCTETS < len)
			break;
		take(faulty, &from, connection->in + at + LEN_OCTETS, len);
		at += LEN_OCTETS + len;
	}
	connection->in_len -= at;
	memmove(connection->in, connection->in + at, connection->in_len);
	return true;
}

void
faulty_tcp_send(const struct faulty_reply *reply)
{
	uint8_t message[LEN_OCTETS + BENCH_REPLY_MAX];
	const struct connection *connection = connections[reply->to.fd];
	ssize_t len = (ssize_t)(LEN_OCTETS + reply->len);

	if (connection == NULL || connection->number != reply->to.connection)
		return; /* it has ended meanwhile */
	bench_put16(message, (unsigned)reply->len);
	memcpy(message + LEN_OCTETS, reply->octets, reply->len);
	if (send(reply->to.fd, message, (size_t)len, MSG_NOSIGNAL) != len)
		shutdown(reply->to.fd, SHUT_RDWR); /* a read returns its end */
}

void
faulty_tcp_lose(uint32_t percent)
{
	for (int fd = 0; fd < CONNECTIONS; fd++) {
		if (connections[fd] != NULL)
			faulty_lose(fd, percent);
	}
}
