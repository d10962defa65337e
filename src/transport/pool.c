/* SPDX-License-Identifier: ISC
 *
 * pool.c - an endpoint's rotating pool of connected UDP sockets with random ports.
 *
 * Problem: a new socket per query costs more than all the rest of the query; one socket for all
 * queries reveals the port to attackers (RFC 5452 s9.2).
 *
 * Idea: a query gets a new socket until the pool is full, then a random socket of the pool. A
 * socket is replaced after USES_MAX queries or AGE_MAX_MS, so a port that an attacker learns is
 * soon worthless. Sockets are connected: the kernel then drops datagrams from other addresses and
 * ports, and reports ICMP errors.
 *
 * The endpoint of a loopback server has few sockets: no other host can forge responses there. All
 * queries that one socket gets until the next flush leave with one sendmmsg(), and the responses
 * arrive with one recvmmsg().
 */
#include "udp.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <split53/rand.h>
#include <split53/transport.h>

#include "endpoint.h"
#include "exchanger.h"

#define USES_MAX 1000
#define AGE_MAX_MS 30000
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

/* A new socket, not yet in the pool. NULL: errno. */
static struct s53_socket *
socket_new(struct s53_endpoint *endpoint, uint64_t now_ms)
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

static void
add_socket(struct s53_pool *pool, struct s53_socket *sock)
{
	sock->index = pool->count;
	pool->sockets[pool->count++] = sock;
}

void
s53_pool_retire(struct s53_socket *sock)
{
	struct s53_pool *pool = &sock->flow.endpoint->pool;

	if (sock->flow.retired)
		return;
	pool->sockets[sock->index] = pool->sockets[--pool->count];
	pool->sockets[sock->index]->index = sock->index;
	if (pool->current == sock)
		pool->current = NULL;
	s53_flow_retire(&sock->flow);
}

void
s53_pool_sweep(struct s53_pool *pool, uint64_t before_ms)
{
	for (unsigned i = pool->count; i-- > 0;) {
		struct s53_socket *sock = pool->sockets[i];

		if (sock->flow.count == 0 && sock->flow.used_ms <= before_ms)
			s53_pool_retire(sock);
	}
}

static bool
is_spent(const struct s53_socket *sock, uint64_t now_ms)
{
	return sock->uses >= USES_MAX || now_ms - sock->flow.opened_ms >= AGE_MAX_MS;
}

/*
 * A random socket of the pool, or its replacement when it is spent. NULL: each one drawn is full.
 */
static struct s53_socket *
reuse(struct s53_endpoint *endpoint, uint64_t now_ms)
{
	struct s53_pool *pool = &endpoint->pool;

	for (unsigned draws = 0; draws < 8 && pool->count > 0; draws++) {
		struct s53_socket *sock = pool->sockets[s53_rand_below(pool->count)];
		struct s53_socket *fresh;

		if (is_spent(sock, now_ms) && (fresh = socket_new(endpoint, now_ms)) != NULL) {
			s53_pool_retire(sock);
			add_socket(pool, fresh);
			return fresh;
		}
		if (sock->flow.count < S53_FLOW_MAX)
			return sock;
	}
	return NULL;
}

static struct s53_socket *
draw(struct s53_endpoint *endpoint, uint64_t now_ms, enum s53_exchange_end *end)
{
	struct s53_pool *pool = &endpoint->pool;
	struct s53_socket *sock;

	if (pool->count < pool->cap) {
		sock = socket_new(endpoint, now_ms);
		if (sock != NULL) {
			add_socket(pool, sock);
			return sock;
		}
		*end = s53_transport_end_of(errno);
		if (*end != S53_EXCHANGE_NO_RESOURCES)
			return NULL;
	}
	*end = S53_EXCHANGE_NO_RESOURCES;
	return reuse(endpoint, now_ms);
}

struct s53_socket *
s53_pool_pick(struct s53_endpoint *endpoint, uint64_t now_ms, enum s53_exchange_end *end)
{
	struct s53_pool *pool = &endpoint->pool;
	struct s53_socket *sock = pool->current;

	if (sock != NULL && pool->current_left > 0 && sock->flow.count < S53_FLOW_MAX) {
		pool->current_left--;
	} else {
		sock = draw(endpoint, now_ms, end);
		if (sock == NULL)
			return NULL;
		if (s53_addr_is_loopback(s53_upstream_addr(endpoint->upstream))) {
			pool->current = sock;
			pool->current_left = S53_BATCH - 1;
		}
	}
	sock->uses++;
	sock->flow.used_ms = now_ms;
	return sock;
}
