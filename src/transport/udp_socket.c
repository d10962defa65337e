/* SPDX-License-Identifier: ISC
 *
 * udp_socket.c - the life of one connected UDP socket: opened, given another port, closed.
 *
 * It is connected, so the kernel drops datagrams from other addresses and ports, and reports
 * ICMP errors.
 */
#include "udp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <split53/transport.h>

#include "endpoint.h"
#include "exchanger.h"

#define SPARES_MAX 256

static struct s53_socket *
socket_of(struct s53_flow *flow)
{
	return S53_CONTAINER_OF(flow, struct s53_socket, flow);
}

static void
close_socket(struct s53_flow *flow)
{
	struct s53_socket *sock = socket_of(flow);
	struct s53_exchanger *exchanger = flow->endpoint->exchanger;

	event_del(&sock->readable);
	if (sock->blocked)
		event_del(&sock->writable);
	close(sock->fd);
	exchanger->far_socket_count -= !flow->endpoint->near;
	s53_list_remove(&sock->unsent_link);
	if (exchanger->spare_socket_count >= SPARES_MAX) {
		free(sock);
		return;
	}
	exchanger->spare_socket_count++;
	s53_list_push(&exchanger->spare_sockets, &sock->spare);
}

/* An object for a socket, from the spare list if possible. */
static struct s53_socket *
socket_object(struct s53_exchanger *exchanger)
{
	struct s53_link *spare = s53_list_pop(&exchanger->spare_sockets);

	if (spare == NULL)
		return malloc(sizeof(struct s53_socket));
	exchanger->spare_socket_count--;
	return S53_CONTAINER_OF(spare, struct s53_socket, spare);
}

/* A connected descriptor. -1: errno. */
static int
connected(struct s53_endpoint *endpoint)
{
	const struct s53_addr *addr = s53_upstream_addr(endpoint->upstream);
	int fd = s53_endpoint_socket(endpoint, SOCK_DGRAM);
	int error;

	if (fd < 0 || connect(fd, &addr->sa, s53_addr_len(addr)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

struct s53_socket *
s53_udp_socket_open(struct s53_endpoint *endpoint, uint64_t now_ms)
{
	struct event_base *base = endpoint->exchanger->base;
	struct s53_socket *sock;
	int fd = connected(endpoint);

	if (fd < 0)
		return NULL;
	sock = socket_object(endpoint->exchanger);
	if (sock == NULL ||
	    event_assign(
		&sock->readable, base, fd, EV_READ | EV_PERSIST, s53_udp_on_readable, sock) != 0 ||
	    event_assign(&sock->writable, base, fd, EV_WRITE, s53_udp_on_writable, sock) != 0 ||
	    event_add(&sock->readable, NULL) != 0) {
		close(fd);
		free(sock);
		errno = ENOMEM;
		return NULL;
	}
	endpoint->exchanger->far_socket_count += !endpoint->near;
	sock->fd = fd;
	sock->uses = 0;
	sock->blocked = false;
	s53_list_init(&sock->unsent);
	s53_list_init(&sock->unsent_link);
	s53_list_init(&sock->spare);
	s53_flow_init(&sock->flow, endpoint, now_ms);
	sock->flow.close = close_socket;
	s53_endpoint_watch(endpoint, now_ms);
	return sock;
}

bool
s53_udp_socket_is_quiet(const struct s53_socket *sock)
{
	struct pollfd waiting = { .fd = sock->fd, .events = POLLIN };

	return sock->flow.holds == 0 && poll(&waiting, 1, 0) == 0;
}

bool
s53_udp_socket_change_port(struct s53_socket *sock, uint64_t now_ms)
{
	const struct s53_addr *addr = s53_upstream_addr(sock->flow.endpoint->upstream);
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	/* Linux gives up a port that it has drawn itself, and draws another one (udp(7)). */
	if (connect(sock->fd, &none, sizeof(none)) != 0 ||
	    connect(sock->fd, &addr->sa, s53_addr_len(addr)) != 0)
		return false;
	sock->uses = 0;
	sock->flow.opened_ms = now_ms;
	return true;
}
