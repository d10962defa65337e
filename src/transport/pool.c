/* SPDX-License-Identifier: ISC
 *
 * pool.c - an endpoint's pool of connected UDP sockets with random ports.
 *
 * Problem: one socket for all queries reveals the port to attackers (RFC 5452 s9.2); a new socket
 * per query costs 9 us, nearly as much as all the rest of the query.
 *
 * Idea: the sockets stay and change their ports. The first FAR_FIRST queries open a socket each,
 * later ones get a random socket. One that has been used FAR_USES times and has no query in flight
 * is disconnected and connected again: the kernel draws another random port, for 1.5 us. If each
 * socket drawn is spent and in use, the pool grows, so its size follows the number of queries in
 * flight; idle sockets are closed by the sweep. Sockets of a full pool are used up to FAR_USES_MAX
 * times, then they retire and others are opened. endpoint.c says when a pool is full: all endpoints
 * of all workers share a part of the descriptors.
 *
 * The endpoint of a loopback server has few sockets, each for NEAR_USES queries or NEAR_AGE_MS: no
 * other host can forge responses there. All queries that one socket gets until the next flush leave
 * with one sendmmsg(), and the responses arrive with one recvmmsg().
 */
#include "udp.h"

#include <errno.h>
#include <stdlib.h>

#include <split53/rand.h>
#include <split53/transport.h>

#include "endpoint.h"
#include "exchanger.h"

#define FAR_FIRST 256
#define FAR_USES 8 /* of one port; the kernel may draw the same one four times in 20,000 queries */
#define FAR_USES_MAX 16 /* the same, if all sockets are in use */
#define NEAR_USES 1000
#define NEAR_AGE_MS 30000
#define DRAWS 4 /* if none finds a socket, the pool is too small for the queries in flight */
#define SIZE_FIRST 16

/* Make space for one more socket in the array. */
static bool
make_space(struct s53_pool *pool)
{
	unsigned size = pool->size > 0 ? 2 * pool->size : SIZE_FIRST;
	struct s53_socket **sockets;

	if (pool->count < pool->size)
		return true;
	sockets = reallocarray(pool->sockets, size, sizeof(*sockets));
	if (sockets == NULL)
		return false;
	pool->sockets = sockets;
	pool->size = size;
	return true;
}

/* Open one more socket. NULL: errno. */
static struct s53_socket *
grow(struct s53_endpoint *endpoint, uint64_t now_ms)
{
	struct s53_pool *pool = &endpoint->pool;
	struct s53_socket *sock;

	if (!make_space(pool)) {
		errno = ENOMEM;
		return NULL;
	}
	sock = s53_udp_socket_open(endpoint, now_ms);
	if (sock == NULL)
		return NULL;
	if (pool->count == 0 && !endpoint->near)
		s53_list_append(&endpoint->exchanger->far_pools, &pool->link);
	sock->index = pool->count;
	pool->sockets[pool->count++] = sock;
	return sock;
}

void
s53_pool_retire(struct s53_socket *sock)
{
	struct s53_pool *pool = &sock->flow.endpoint->pool;

	if (sock->flow.retired)
		return;
	pool->sockets[sock->index] = pool->sockets[--pool->count];
	pool->sockets[sock->index]->index = sock->index;
	if (pool->count == 0)
		s53_list_remove(&pool->link);
	if (pool->current == sock)
		pool->current = NULL;
	s53_flow_retire(&sock->flow);
}

/* Open a socket to replace `old`, which retires. Returns `old` if none can be opened. */
static struct s53_socket *
replace(struct s53_socket *old, uint64_t now_ms)
{
	struct s53_socket *sock = grow(old->flow.endpoint, now_ms);

	if (sock == NULL)
		return old;
	s53_pool_retire(old);
	return sock;
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

void
s53_pool_fini(struct s53_pool *pool)
{
	s53_pool_sweep(pool, UINT64_MAX);
	free(pool->sockets);
}

bool
s53_pool_give_one(struct s53_pool *pool)
{
	struct s53_socket *sock;

	if (pool->count == 0)
		return false;
	sock = pool->sockets[s53_rand_below(pool->count)];
	if (sock->flow.count > 0)
		return false;
	s53_pool_retire(sock);
	return true;
}

static struct s53_socket *
drawn(const struct s53_pool *pool)
{
	return pool->sockets[s53_rand_below(pool->count)];
}

static bool
is_full(const struct s53_socket *sock)
{
	return sock->flow.count >= S53_FLOW_MAX;
}

/*
 * A random open socket for a server on loopback, replaced if it is spent. NULL: each one drawn is
 * full.
 */
static struct s53_socket *
reuse_near(struct s53_pool *pool, uint64_t now_ms)
{
	for (unsigned draws = 0; draws < 2 * DRAWS && pool->count > 0; draws++) {
		struct s53_socket *sock = drawn(pool);

		if (sock->uses >= NEAR_USES || now_ms - sock->flow.opened_ms >= NEAR_AGE_MS)
			sock = replace(sock, now_ms);
		if (!is_full(sock))
			return sock;
	}
	return NULL;
}

/*
 * A random open socket for a server that is not on loopback, with another port if it is spent.
 * NULL: *spent is one that is in use, or NULL.
 */
static struct s53_socket *
reuse_far(struct s53_pool *pool, uint64_t now_ms, struct s53_socket **spent)
{
	for (unsigned draws = 0; draws < DRAWS && pool->count > 0; draws++) {
		struct s53_socket *sock = drawn(pool);

		if (sock->uses < FAR_USES)
			return sock;
		if (sock->flow.count > 0 || !s53_udp_socket_is_quiet(sock)) {
			*spent = sock;
			continue;
		}
		if (s53_udp_socket_change_port(sock, now_ms))
			return sock;
		s53_pool_retire(sock); /* opening another one reports the error */
	}
	return NULL;
}

/* A spent socket that is in use, or its replacement. NULL: it is full. */
static struct s53_socket *
overuse(struct s53_socket *spent, uint64_t now_ms)
{
	if (spent->uses >= FAR_USES_MAX && s53_exchanger_has_room(spent->flow.endpoint->exchanger))
		spent = replace(spent, now_ms);
	return is_full(spent) ? NULL : spent;
}

/* NULL: *end says why. */
static struct s53_socket *
open_one(struct s53_endpoint *endpoint, uint64_t now_ms, enum s53_exchange_end *end)
{
	struct s53_socket *sock;

	*end = S53_EXCHANGE_NO_RESOURCES;
	if (!s53_endpoint_may_open(endpoint))
		return NULL;
	sock = grow(endpoint, now_ms);
	if (sock == NULL)
		*end = s53_transport_end_of(endpoint->upstream, errno);
	return sock;
}

static struct s53_socket *
draw(struct s53_endpoint *endpoint, uint64_t now_ms, enum s53_exchange_end *end)
{
	struct s53_pool *pool = &endpoint->pool;
	struct s53_socket *spent = NULL, *sock;

	*end = S53_EXCHANGE_NO_RESOURCES;
	if (pool->count < (endpoint->near ? pool->cap : FAR_FIRST)) {
		sock = open_one(endpoint, now_ms, end);
		if (sock != NULL || *end != S53_EXCHANGE_NO_RESOURCES)
			return sock;
	}
	if (endpoint->near)
		return reuse_near(pool, now_ms);
	sock = reuse_far(pool, now_ms, &spent);
	if (sock != NULL)
		return sock;
	sock = open_one(endpoint, now_ms, end);
	if (sock != NULL || *end != S53_EXCHANGE_NO_RESOURCES)
		return sock;
	return spent != NULL ? overuse(spent, now_ms) : NULL;
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
		if (endpoint->near) {
			pool->current = sock;
			pool->current_left = S53_BATCH - 1;
		}
	}
	sock->uses++;
	sock->flow.used_ms = now_ms;
	return sock;
}

struct s53_socket *
s53_pool_open(struct s53_endpoint *endpoint, uint64_t now_ms, enum s53_exchange_end *end)
{
	struct s53_socket *sock = open_one(endpoint, now_ms, end);

	if (sock == NULL)
		return NULL;
	sock->uses++;
	sock->flow.used_ms = now_ms;
	return sock;
}
