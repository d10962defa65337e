/* SPDX-License-Identifier: ISC
 *
 * probe_socket.c - see probe_socket.h.
 */
#include "probe_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <split53/transport.h>

static void
remember_error(struct s53_probe_socket *sock, int error)
{
	if (error != EAGAIN && error != EINTR && error != EINPROGRESS)
		sock->error = error;
}

static ares_socket_t
open_socket(int as_if, int type, int protocol, void *arg)
{
	struct s53_probe_socket *sock = arg;
	int fd = s53_transport_socket(sock->upstream, type);

	(void)as_if;
	(void)protocol;
	if (fd >= 0)
		return fd;
	remember_error(sock, errno);
	return ARES_SOCKET_BAD;
}

static int
close_socket(ares_socket_t fd, void *arg)
{
	(void)arg;
	return close(fd);
}

static int
connect_socket(ares_socket_t fd, const struct sockaddr *as_if, ares_socklen_t len, void *arg)
{
	struct s53_probe_socket *sock = arg;
	const struct s53_addr *server = s53_upstream_addr(sock->upstream);

	(void)as_if;
	(void)len;
	if (connect(fd, &server->sa, s53_addr_len(server)) == 0)
		return 0;
	/* no port is free; to c-ares EAGAIN would mean that connect() is in progress */
	if (errno == EAGAIN)
		errno = EADDRINUSE;
	remember_error(sock, errno);
	return -1;
}

static struct s53_addr
stand_in(void)
{
	struct s53_addr addr = { .in = { .sin_family = AF_INET } };

	addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return addr;
}

/* The socket is connected, so everything that arrives comes from the server. */
static ares_ssize_t
receive(ares_socket_t fd, void *octets, size_t len, int flags, struct sockaddr *from,
    ares_socklen_t *from_len, void *arg)
{
	struct s53_addr as_if = stand_in();
	ssize_t received = recv(fd, octets, len, flags);

	if (received < 0)
		remember_error(arg, errno);
	else if (from != NULL && from_len != NULL && *from_len >= sizeof(as_if.in)) {
		memcpy(from, &as_if.in, sizeof(as_if.in));
		*from_len = sizeof(as_if.in);
	}
	return received;
}

static ares_ssize_t
send_octets(ares_socket_t fd, const struct iovec *vec, int count, void *arg)
{
	struct iovec octets = vec[0];
	struct msghdr header = { .msg_iov = &octets, .msg_iovlen = 1 };
	ssize_t sent;

	(void)count; /* c-ares sends the rest with the next call */
	sent = sendmsg(fd, &header, MSG_NOSIGNAL);
	if (sent < 0)
		remember_error(arg, errno);
	return sent;
}

static const struct ares_socket_functions socket_functions = {
	.asocket = open_socket,
	.aclose = close_socket,
	.aconnect = connect_socket,
	.arecvfrom = receive,
	.asendv = send_octets,
};

bool
s53_probe_socket_install(struct s53_channel *channel, struct s53_probe_socket *sock)
{
	struct s53_addr as_if = stand_in();

	ares_set_socket_functions(channel->ares, &socket_functions, sock);
	return s53_channel_set_servers(channel, &as_if, 1);
}
