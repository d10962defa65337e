/* SPDX-License-Identifier: ISC
 *
 * endpoint.c - one server as one worker reaches it: made for the first query, freed when idle.
 */
#include "endpoint.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/log.h>
#include <split53/transport.h>

#include "exchanger.h"
#include "stream.h"

#define LOOKS_MAX 16 /* endpoints, for one that can spare a socket */
/* UDP sockets of one endpoint */
#define NEAR_SOCKETS_MIN 4 /* however few descriptors there are */
#define NEAR_SOCKETS_MAX 16
#define FAR_SOCKETS_MAX 1536 /* together with those of the other workers to the same server */
/* bytes, for the replies to a whole burst; the kernel may grant less */
#define RECEIVE_BUFFER (1 << 20)

static void
on_idle(struct s53_timer *timer)
{
	struct s53_endpoint *endpoint = S53_CONTAINER_OF(timer, struct s53_endpoint, idle);
	uint64_t now_ms = endpoint->exchanger->wheel.now_ms;

	if (now_ms >= S53_IDLE_MS) {
		s53_pool_sweep(&endpoint->pool, now_ms - S53_IDLE_MS);
		s53_stream_sweep(endpoint, now_ms - S53_IDLE_MS);
	}
	if (endpoint->flow_count == 0 && endpoint->exchange_count == 0)
		s53_endpoint_free(endpoint);
	else
		s53_wheel_add(
		    &endpoint->exchanger->wheel, &endpoint->idle, now_ms + S53_IDLE_MS / 2, now_ms);
}

void
s53_endpoint_watch(struct s53_endpoint *endpoint, uint64_t now_ms)
{
	if (endpoint->idle.back == NULL)
		s53_wheel_add(
		    &endpoint->exchanger->wheel, &endpoint->idle, now_ms + S53_IDLE_MS, now_ms);
}

static unsigned
clamp(unsigned number, unsigned least, unsigned most)
{
	return number < least ? least : number > most ? most : number;
}

static struct s53_endpoint *
endpoint_new(struct s53_exchanger *exchanger, struct s53_upstream *upstream)
{
	struct s53_endpoint *endpoint = calloc(1, sizeof(*endpoint));

	if (endpoint == NULL)
		return NULL;
	s53_exchanger_limit_sockets(exchanger);
	endpoint->near = s53_addr_is_loopback(s53_upstream_addr(upstream));
	endpoint->pool.cap = endpoint->near
	    ? clamp(exchanger->far_sockets_max / 4, NEAR_SOCKETS_MIN, NEAR_SOCKETS_MAX)
	    : clamp(FAR_SOCKETS_MAX / s53_exchanger_count(), 1, FAR_SOCKETS_MAX);
	endpoint->exchanger = exchanger;
	exchanger->far_endpoint_count += !endpoint->near;
	endpoint->upstream = s53_upstream_keep(upstream);
	endpoint->idle.fire = on_idle;
	s53_list_init(&endpoint->link);
	s53_list_init(&endpoint->lone_waiting);
	s53_list_init(&endpoint->pool.link);
	return endpoint;
}

struct s53_endpoint *
s53_endpoint_get(struct s53_exchanger *exchanger, struct s53_upstream *upstream)
{
	struct s53_link *head;
	struct s53_endpoint *endpoint;

	head = &exchanger->endpoints[((uintptr_t)upstream >> 6) % S53_ENDPOINT_BUCKETS];
	S53_LIST_EACH (head, it) {
		endpoint = S53_CONTAINER_OF(it, struct s53_endpoint, link);
		if (endpoint->upstream == upstream)
			return endpoint;
	}
	endpoint = endpoint_new(exchanger, upstream);
	if (endpoint == NULL)
		return NULL;
	s53_list_append(head, &endpoint->link);
	s53_endpoint_watch(endpoint, s53_clock_ms());
	return endpoint;
}

void
s53_endpoint_free(struct s53_endpoint *endpoint)
{
	s53_wheel_cancel(&endpoint->exchanger->wheel, &endpoint->idle);
	s53_pool_fini(&endpoint->pool);
	s53_stream_sweep(endpoint, UINT64_MAX);
	S53_ASSERT(endpoint->flow_count == 0 && endpoint->exchange_count == 0);
	s53_list_remove(&endpoint->link);
	endpoint->exchanger->far_endpoint_count -= !endpoint->near;
	s53_upstream_drop(endpoint->upstream);
	free(endpoint);
}

/*
 * Close an idle socket of an endpoint that has more than `share`. Each endpoint that is examined
 * moves to the end, so a few looks are enough in the long run. false: none was found.
 */
static bool
take_one(struct s53_exchanger *exchanger, unsigned share)
{
	for (unsigned looks = 0; looks < LOOKS_MAX; looks++) {
		struct s53_link *link = s53_list_pop(&exchanger->far_pools);
		struct s53_pool *pool;

		if (link == NULL)
			return false;
		s53_list_append(&exchanger->far_pools, link);
		pool = S53_CONTAINER_OF(link, struct s53_pool, link);
		if (pool->count > share && s53_pool_give_one(pool))
			return true;
	}
	return false;
}

bool
s53_endpoint_may_open(const struct s53_endpoint *endpoint)
{
	struct s53_exchanger *exchanger = endpoint->exchanger;
	unsigned count = endpoint->pool.count, share;

	if (count >= endpoint->pool.cap)
		return false;
	if (endpoint->near)
		return true;
	if (count == 0) /* it could not query at all: there is a reserve for that */
		return s53_exchanger_has_room(exchanger) || take_one(exchanger, 0) ||
		    exchanger->far_socket_count < 2 * exchanger->far_sockets_max;
	share = exchanger->far_sockets_max / exchanger->far_endpoint_count;
	return count < share && (s53_exchanger_has_room(exchanger) || take_one(exchanger, share));
}

/* Failures are ignored: each option helps, none is required. */
static void
set_options(int fd, int family, int type)
{
	int on = 1, size = RECEIVE_BUFFER, v4 = IP_PMTUDISC_DONT, v6 = IPV6_PMTUDISC_DONT;

	if (type == SOCK_STREAM) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		return;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/*
	 * RECVERR reports unreachable hosts and networks too, not only closed ports. Path MTU
	 * discovery is off so that it does not report sizes: a query fits into any MTU.
	 */
	if (family == AF_INET) {
		(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof(v4));
	} else {
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof(v6));
	}
}

/* Log once that this host does not have the configured source address now. */
static void
warn_source(struct s53_endpoint *endpoint)
{
	const struct s53_addr *source = &s53_upstream_options(endpoint->upstream)->source;
	char from[S53_ADDR_TEXT], to[S53_ADDR_TEXT];

	if (endpoint->source_warned)
		return;
	endpoint->source_warned = true;
	s53_log(S53_LOG_NETWORK, S53_LOG_WARNING,
	    "query-source %s is not an address of this host: %s cannot be queried",
	    s53_addr_print_host(source, from),
	    s53_addr_print(s53_upstream_addr(endpoint->upstream), to));
}

int
s53_transport_socket(const struct s53_upstream *upstream, int type)
{
	struct s53_addr source = s53_upstream_options(upstream)->source;
	int family = s53_upstream_addr(upstream)->family;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -1;
	set_options(fd, family, type);
	/*
	 * Port 0, and no bind() when any address will do: Linux then draws a random port from
	 * ip_local_port_range (RFC 6056 s3.3.1). A port that split53 drew itself might be that of a
	 * service that has yet to start.
	 */
	if (source.family != family)
		return fd;
	s53_addr_set_port(&source, 0);
	if (bind(fd, &source.sa, s53_addr_len(&source)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int
s53_endpoint_socket(struct s53_endpoint *endpoint, int type)
{
	int fd = s53_transport_socket(endpoint->upstream, type);
	int error = errno;

	if (fd < 0 && error == EADDRNOTAVAIL)
		warn_source(endpoint);
	errno = error;
	return fd;
}

/*
 * connect() fails with EADDRNOTAVAIL if there is no address to send from, as on a host without
 * IPv6, and over TCP also if there is no free port. Over UDP the latter is EAGAIN.
 */
static bool
has_route(const struct s53_upstream *upstream)
{
	const struct s53_addr *addr = s53_upstream_addr(upstream);
	int fd = s53_transport_socket(upstream, SOCK_DGRAM);
	bool fine;

	if (fd < 0)
		return true;
	fine = connect(fd, &addr->sa, s53_addr_len(addr)) == 0 || errno != EADDRNOTAVAIL;
	close(fd);
	return fine;
}

static enum s53_exchange_end
end_without_address(const struct s53_upstream *upstream)
{
	if (s53_upstream_options(upstream)->source.family == s53_upstream_addr(upstream)->family)
		return S53_EXCHANGE_NO_SOURCE;
	return has_route(upstream) ? S53_EXCHANGE_NO_RESOURCES : S53_EXCHANGE_UNREACHABLE;
}

enum s53_exchange_end
s53_transport_end_of(const struct s53_upstream *upstream, int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EAGAIN: /* connect(): no port is free */
	case EADDRINUSE: /* bind(): no port is free */
		return S53_EXCHANGE_NO_RESOURCES;
	case EADDRNOTAVAIL:
		return end_without_address(upstream);
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
		return S53_EXCHANGE_REFUSED;
	case ETIMEDOUT: /* TCP retransmissions were not acknowledged */
		return S53_EXCHANGE_TIMEOUT;
	default: /* EHOSTUNREACH, ENETUNREACH; EACCES and EPERM come from a firewall */
		return S53_EXCHANGE_UNREACHABLE;
	}
}
