/* SPDX-License-Identifier: ISC
 *
 * off_host.h - a network namespace in which an address of this host looks like that of another one.
 *
 * 192.0.2.53 and 2001:db8::53 are addresses of its loopback interface: nothing that is sent there
 * leaves the host, but split53 does not know that. `ready` is false where namespaces are not
 * available.
 */
#pragma once

#include "exchange_fixture.h"

#include <linux/ipv6.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

static bool ready, ready6;

/* Configure an interface by ioctl: no other program is needed. */
static inline bool
interface_up(const char *name, const char *host)
{
	struct ifreq request = { 0 };
	struct s53_addr addr = fake_addr(host, 0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool good;

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	memcpy(&request.ifr_addr, &addr.in, sizeof(addr.in));
	good = ioctl(fd, SIOCSIFADDR, &request) == 0;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	good = ioctl(fd, SIOCSIFFLAGS, &request) == 0 && good;
	close(fd);
	return good;
}

static inline bool
add_address6(const char *host)
{
	struct in6_ifreq request = { .ifr6_prefixlen = 128, .ifr6_ifindex = 1 };
	struct s53_addr addr = fake_addr(host, 0);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool good;

	request.ifr6_addr = addr.in6.sin6_addr;
	good = ioctl(fd, SIOCSIFADDR, &request) == 0;
	close(fd);
	return good;
}

static inline int
enter_namespace(void **arg)
{
	(void)arg;
	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return 0;
	ready = interface_up("lo", "127.0.0.1") && interface_up("lo:1", "192.0.2.53");
	ready6 = ready && add_address6("2001:db8::53");
	return 0;
}

static struct s53_addr last_from; /* of the last query that record_port() saw */
static unsigned port_uses[65536];

static inline void
record_port(struct fake_query *query)
{
	last_from = query->from;
	port_uses[s53_addr_port(&query->from)]++;
	fake_answer(query);
}

static inline void
forget_ports(void)
{
	memset(port_uses, 0, sizeof(port_uses));
}

static inline unsigned
distinct_ports(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 65536; i++)
		count += port_uses[i] > 0;
	return count;
}

/* Queries of the port that had most. */
static inline unsigned
most_uses(void)
{
	unsigned most = 0;

	for (unsigned i = 0; i < 65536; i++)
		most = port_uses[i] > most ? port_uses[i] : most;
	return most;
}

/* Run one query that is answered. Returns its source port. */
static inline uint16_t
ask_once(struct fixture *f)
{
	struct asked asked;

	ask_udp(f, &asked);
	run_until(f, &asked.ends, 1);
	assert_int_equal(asked.end, S53_EXCHANGE_ANSWERED);
	return s53_addr_port(&last_from);
}
