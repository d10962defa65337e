/* SPDX-License-Identifier: ISC
 *
 * udp_fixture.h - a UDP listener with the fake resolver, a client, and a kernel that fails on
 * request, for the tests of listen/udp.c.
 *
 * sendmmsg(), recvmmsg(), getsockopt() and setsockopt() are replaced: the first two are counted.
 */
#pragma once

#include <netinet/udp.h>
#include <sys/syscall.h>

#include "fixture.h"

static struct {
	bool trains; /* the kernel supports UDP_SEGMENT */
	bool no_gro; /* the kernel lacks UDP_GRO */
	unsigned calls;
	int fail; /* errno of the next failures */
	unsigned fail_count;
	unsigned fail_at; /* ... which occur after this many messages */
	int fail_trains; /* errno for each message that is a train; 0: it is sent */
	unsigned sent; /* messages */
	unsigned sent_trains; /* of these, trains */
	unsigned refused; /* calls that the real kernel rejected */
	unsigned asked_for; /* messages of the last call that received some */
	unsigned received;
	uint16_t from_port; /* source port of received messages; 0: the real one */
} kernel;

static inline bool
is_train(const struct mmsghdr *message)
{
	return message->msg_hdr.msg_iovlen > 1;
}

/* Messages before the first that must not be sent. */
static inline unsigned
passing(const struct mmsghdr *messages, unsigned count)
{
	unsigned n = 0;

	if (kernel.fail_count > 0 && kernel.sent + count > kernel.fail_at)
		count = kernel.fail_at > kernel.sent ? kernel.fail_at - kernel.sent : 0;
	while (n < count && !(kernel.fail_trains != 0 && is_train(&messages[n])))
		n++;
	return n;
}

int
sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	unsigned pass = passing(messages, count);
	long sent;

	kernel.calls++;
	if (pass == 0) {
		errno = kernel.fail_trains;
		if (kernel.fail_count > 0 && kernel.sent >= kernel.fail_at) {
			kernel.fail_count--;
			errno = kernel.fail;
		}
		return -1;
	}
	sent = syscall(SYS_sendmmsg, fd, messages, pass, flags);
	kernel.refused += sent < 0 && errno != EAGAIN;
	for (long i = 0; i < sent; i++) {
		kernel.sent++;
		kernel.sent_trains += is_train(&messages[i]);
	}
	return (int)sent;
}

int
recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
	long got = syscall(SYS_recvmmsg, fd, messages, count, flags, timeout);

	if (got > 0) {
		kernel.asked_for = count;
		kernel.received += (unsigned)got;
	}
	for (long i = 0; i < got && kernel.from_port != 0; i++)
		s53_addr_set_port(messages[i].msg_hdr.msg_name, kernel.from_port);
	return (int)got;
}

int
getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	if (level == IPPROTO_UDP && name == UDP_SEGMENT && !kernel.trains) {
		errno = ENOPROTOOPT;
		return -1;
	}
	return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
}

int
setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level == IPPROTO_UDP && name == UDP_GRO && kernel.no_gro) {
		errno = ENOPROTOOPT;
		return -1;
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

struct udp_fixture {
	struct fixture f;
	struct s53_udp_listener *listener;
	int client;
};

/* A client socket with space for many replies, for the listener at `ask`. */
static inline int
new_client(const struct fixture *f, const char *ask)
{
	struct s53_addr to = parse_addr(ask, s53_addr_port(&f->addr));
	int client = connect_to(&to, SOCK_DGRAM);
	int size = 4 << 20;

	setsockopt(client, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return client;
}

static inline struct s53_udp_listener *
listen_with(struct fixture *f, int fd)
{
	struct s53_addr local = f->addr;
	struct s53_udp_listener *listener = s53_udp_listener_new(f->context, fd, &local);

	assert_non_null(listener);
	return listener;
}

static inline void
start(struct udp_fixture *u, const char *listen_on, const char *ask)
{
	bool trains = kernel.trains;

	memset(&kernel, 0, sizeof(kernel));
	kernel.trains = trains;
	fixture_init(&u->f);
	u->listener = listen_with(&u->f, open_socket(&u->f, listen_on, S53_UDP));
	u->client = new_client(&u->f, ask);
}

static inline void
stop(struct udp_fixture *u)
{
	if (u->listener != NULL)
		s53_udp_listener_close(u->listener);
	close(u->client);
	forget_all(&u->f.resolver);
	fixture_fini(&u->f);
}
