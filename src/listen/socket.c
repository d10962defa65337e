/* SPDX-License-Identifier: ISC
 *
 * socket.c - sockets bound to the addresses that clients send queries to.
 */
#include <split53/listen.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

/*
 * Queries that arrive while the worker is busy wait in the kernel: 4 MiB are enough for about
 * 5,000 small datagrams in the kernel's accounting. It is a limit, not reserved memory.
 */
#define RECEIVE_BUFFER (4 << 20)
#define SEND_BUFFER (1 << 20)

/*
 * The minimum MTU of IPv6 (RFC 8200 s5): larger replies are sent in fragments that fit every link.
 */
#define IPV6_LEAST_MTU 1280

static int
option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* SO_RCVBUFFORCE needs CAP_NET_ADMIN; without it net.core.rmem_max is the limit. */
static void
enlarge_buffers(int fd)
{
	if (option(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER) != 0)
		(void)option(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	if (option(fd, SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER) != 0)
		(void)option(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
}

/*
 * A reply must have the query's destination as its source; a wildcard socket gets that address from
 * the packet information. Path MTU discovery is off, as in other DNS servers: forged ICMP messages
 * could make replies fail with EMSGSIZE or be fragmented to any size.
 */
static int
set_up_udp(int fd, const struct s53_addr *addr)
{
	enlarge_buffers(fd);
	if (addr->family == AF_INET6) {
		(void)option(fd, IPPROTO_IPV6, IPV6_MTU, IPV6_LEAST_MTU);
		if (!s53_addr_is_any(addr))
			return 0;
		return option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	}
	(void)option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	return s53_addr_is_any(addr) ? option(fd, IPPROTO_IP, IP_PKTINFO, 1) : 0;
}

/* Accepted sockets inherit TCP_NODELAY, which saves a call per connection. */
static int
set_up_tcp(int fd, int backlog)
{
	if (option(fd, IPPROTO_TCP, TCP_NODELAY, 1) != 0)
		return -1;
	return listen(fd, backlog);
}

static int
bind_to(int fd, const struct s53_addr *addr, enum s53_transport kind, bool shared)
{
	/* TCP only: on UDP, SO_REUSEADDR would let a second program bind the port. */
	if (kind == S53_TCP && option(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0)
		return -1;
	if (shared && option(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0)
		return -1;
	if (addr->family == AF_INET6 && option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0)
		return -1;
	return bind(fd, &addr->sa, s53_addr_len(addr));
}

static int
new_socket(const struct s53_addr *addr, enum s53_transport kind)
{
	int type = kind == S53_UDP ? SOCK_DGRAM : SOCK_STREAM;

	return socket(addr->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void
close_keeping_errno(int fd)
{
	int why = errno;

	close(fd);
	errno = why;
}

enum s53_status
s53_socket_open(const struct s53_addr *addr, enum s53_transport kind, int backlog, int *fd)
{
	int made = new_socket(addr, kind);
	int failed;

	if (made < 0)
		return S53_E_IO;
	failed = bind_to(made, addr, kind, true);
	if (failed == 0)
		failed = kind == S53_UDP ? set_up_udp(made, addr) : set_up_tcp(made, backlog);
	if (failed != 0) {
		close_keeping_errno(made);
		return S53_E_IO;
	}
	*fd = made;
	return S53_OK;
}

enum s53_status
s53_socket_probe(const struct s53_addr *addr, enum s53_transport kind)
{
	int made = new_socket(addr, kind);
	int failed;

	if (made < 0)
		return S53_E_IO;
	failed = bind_to(made, addr, kind, false);
	if (failed == 0 && kind == S53_TCP)
		failed = listen(made, 1); /* bind() succeeds for both sockets if neither listens */
	close_keeping_errno(made);
	return failed == 0 ? S53_OK : S53_E_IO;
}
