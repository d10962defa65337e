/* SPDX-License-Identifier: ISC
 *
 * lane.c - one server as one worker reaches it: made when first asked, gone when idle.
 */
#include "inside.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/log.h>

#define LOOPBACK_SOCKETS 16 /* nobody off this host can forge: enough for big batches */
#define RECEIVE_BUFFER (1 << 20) /* replies to a whole burst; the kernel may grant less */

static void
on_idle(struct s53_timer *timer)
{
	struct s53_lane *lane = S53_CONTAINER_OF(timer, struct s53_lane, idle);
	uint64_t now_ms = lane->exchanger->wheel.now_ms;

	if (now_ms >= S53_IDLE_MS) {
		s53_pool_sweep(&lane->pool, now_ms - S53_IDLE_MS);
		s53_stream_sweep(lane, now_ms - S53_IDLE_MS);
	}
	if (lane->carriers == 0 && lane->exchanges == 0)
		s53_lane_free(lane);
	else
		s53_wheel_add(
		    &lane->exchanger->wheel, &lane->idle, now_ms + S53_IDLE_MS / 2, now_ms);
}

void
s53_lane_watch(struct s53_lane *lane, uint64_t now_ms)
{
	if (lane->idle.back == NULL)
		s53_wheel_add(&lane->exchanger->wheel, &lane->idle, now_ms + S53_IDLE_MS, now_ms);
}

static struct s53_lane *
lane_new(struct s53_exchanger *exchanger, struct s53_upstream *upstream)
{
	struct s53_lane *lane = calloc(1, sizeof(*lane));
	unsigned cap = s53_exchanger_sockets_max();

	if (lane == NULL)
		return NULL;
	if (s53_addr_is_loopback(s53_upstream_addr(upstream)) && cap > LOOPBACK_SOCKETS)
		cap = LOOPBACK_SOCKETS;
	lane->pool.sockets = calloc(cap, sizeof(struct s53_socket *));
	if (lane->pool.sockets == NULL) {
		free(lane);
		return NULL;
	}
	lane->pool.cap = cap;
	lane->exchanger = exchanger;
	lane->upstream = s53_upstream_keep(upstream);
	lane->idle.fire = on_idle;
	s53_list_init(&lane->link);
	return lane;
}

struct s53_lane *
s53_lane_get(struct s53_exchanger *exchanger, struct s53_upstream *upstream)
{
	struct s53_link *head;
	struct s53_lane *lane;

	head = &exchanger->lanes[((uintptr_t)upstream >> 6) % S53_LANE_BUCKETS];
	S53_LIST_EACH (head, it) {
		lane = S53_CONTAINER_OF(it, struct s53_lane, link);
		if (lane->upstream == upstream)
			return lane;
	}
	lane = lane_new(exchanger, upstream);
	if (lane == NULL)
		return NULL;
	s53_list_append(head, &lane->link);
	s53_lane_watch(lane, s53_clock_ms());
	return lane;
}

void
s53_lane_free(struct s53_lane *lane)
{
	s53_wheel_cancel(&lane->exchanger->wheel, &lane->idle);
	s53_pool_sweep(&lane->pool, UINT64_MAX);
	s53_stream_sweep(lane, UINT64_MAX);
	S53_ASSERT(lane->carriers == 0 && lane->exchanges == 0);
	s53_list_remove(&lane->link);
	s53_upstream_drop(lane->upstream);
	free(lane->pool.sockets);
	free(lane);
}

/* Unless an option is refused: none is needed, each helps. */
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
	 * RECVERR also tells of hosts and networks that cannot be reached, not only of ports.
	 * Without path MTU discovery it does not tell of sizes: a question fits anywhere.
	 */
	if (family == AF_INET) {
		(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof(v4));
	} else {
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof(v6));
	}
}

/* Say once that the configured source address is not ours at the moment. */
static void
warn_source(struct s53_lane *lane)
{
	const struct s53_addr *source = &s53_upstream_options(lane->upstream)->source;
	char from[S53_ADDR_TEXT], to[S53_ADDR_TEXT];

	if (lane->warned)
		return;
	lane->warned = true;
	s53_log(S53_LOG_NETWORK, S53_LOG_WARNING,
	    "query-source %s is no address of this host: %s cannot be asked",
	    s53_addr_print_host(source, from),
	    s53_addr_print(s53_upstream_addr(lane->upstream), to));
}

int
s53_upstream_socket(const struct s53_upstream *upstream, int type)
{
	struct s53_addr source = s53_upstream_options(upstream)->source;
	int family = s53_upstream_addr(upstream)->family;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -1;
	set_options(fd, family, type);
	/*
	 * Port 0, and no bind() at all when any address will do: Linux then draws a random one out
	 * of ip_local_port_range (RFC 6056 s3.3.1), which unlike a draw of our own never sits on
	 * the port of a service that has yet to start.
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
s53_lane_socket(struct s53_lane *lane, int type)
{
	int fd = s53_upstream_socket(lane->upstream, type);
	int error = errno;

	if (fd < 0 && error == EADDRNOTAVAIL)
		warn_source(lane);
	errno = error;
	return fd;
}

enum s53_exchange_end
s53_lane_end_of(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EAGAIN: /* connect(): no port is free */
	case EADDRINUSE: /* bind(): the same */
	case EADDRNOTAVAIL:
		return S53_EXCHANGE_NO_RESOURCES;
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
		return S53_EXCHANGE_REFUSED;
	case ETIMEDOUT: /* the kernel's patience with TCP */
		return S53_EXCHANGE_TIMEOUT;
	default: /* EHOSTUNREACH, ENETUNREACH, EACCES and EPERM of a firewall and their kin */
		return S53_EXCHANGE_UNREACHABLE;
	}
}
