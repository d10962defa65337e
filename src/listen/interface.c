/* SPDX-License-Identifier: ISC
 *
 * interface.c - the addresses of this machine, and notification when they change.
 *
 * The kernel sends a netlink message for each change, a dozen of them when an interface comes up.
 * Their contents are not used: when no more arrive, the whole list is read again. An IPv6 address
 * that is still being checked for duplicates is in the list but cannot be bound yet; the end of
 * the check causes another message (RFC 4862 s5.4).
 */
#include <split53/interface.h>

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include <split53/clock.h>

#define QUIET_MS 100 /* without a message, before changed() is called */
#define NOISE_MS 1000 /* the longest delay of changed() while messages do not stop */

static unsigned
leading_ones(const uint8_t *octets, size_t len)
{
	unsigned bits = 0;

	for (size_t i = 0; i < len; i++) {
		for (unsigned mask = 0x80; mask != 0; mask >>= 1) {
			if ((octets[i] & mask) == 0)
				return bits;
			bits++;
		}
	}
	return bits;
}

/* Without a netmask (point to point), the network is the address alone. */
static void
network_of(const struct s53_addr *addr, const struct sockaddr *netmask, struct s53_prefix *out)
{
	struct s53_addr mask = { 0 };
	size_t len;
	const uint8_t *octets = s53_addr_octets(addr, &len);
	unsigned bits = (unsigned)len * 8;

	if (netmask != NULL) {
		memcpy(
		    &mask, netmask, addr->family == AF_INET ? sizeof(mask.in) : sizeof(mask.in6));
		mask.family = addr->family; /* some tunnels do not set it in the mask */
		bits = leading_ones(s53_addr_octets(&mask, &len), len);
	}
	memset(out, 0, sizeof(*out));
	out->family = addr->family;
	out->bits = (uint8_t)bits;
	memcpy(out->octets, octets, bits / 8);
	if (bits % 8 != 0)
		out->octets[bits / 8] = (uint8_t)(octets[bits / 8] & (0xff00u >> (bits % 8)));
}

static bool
is_usable(const struct ifaddrs *it)
{
	if (it->ifa_addr == NULL || (it->ifa_flags & IFF_UP) == 0)
		return false;
	return it->ifa_addr->sa_family == AF_INET || it->ifa_addr->sa_family == AF_INET6;
}

static bool
is_listed(const struct s53_interface_addr *list, unsigned count, const struct s53_addr *addr)
{
	for (unsigned i = 0; i < count; i++) {
		if (s53_addr_equal(&list[i].addr, addr))
			return true;
	}
	return false;
}

static void
add(const struct ifaddrs *it, struct s53_interface_addr *list, unsigned *count)
{
	struct s53_addr addr = { 0 };

	if (it->ifa_addr->sa_family == AF_INET)
		memcpy(&addr.in, it->ifa_addr, sizeof(addr.in));
	else
		memcpy(&addr.in6, it->ifa_addr, sizeof(addr.in6));
	s53_addr_set_port(&addr, 0);
	if (is_listed(list, *count, &addr))
		return;
	list[*count].addr = addr;
	network_of(&addr, it->ifa_netmask, &list[*count].network);
	++*count;
}

enum s53_status
s53_interfaces(struct s53_interface_addr **out, unsigned *count)
{
	struct s53_interface_addr *list;
	struct ifaddrs *all;
	size_t most = 0;

	if (getifaddrs(&all) != 0)
		return S53_E_IO;
	for (const struct ifaddrs *it = all; it != NULL; it = it->ifa_next)
		most += is_usable(it);
	if ((list = calloc(most + 1, sizeof(*list))) == NULL) {
		freeifaddrs(all);
		return S53_E_NOMEM;
	}
	*count = 0;
	for (const struct ifaddrs *it = all; it != NULL; it = it->ifa_next) {
		if (is_usable(it))
			add(it, list, count);
	}
	freeifaddrs(all);
	*out = list;
	return S53_OK;
}

struct s53_interface_watch {
	int fd;
	struct event *read_event;
	struct event *quiet_event;
	uint64_t since_ms; /* of the first message not yet reported; 0: none */
	void (*changed)(void *arg);
	void *arg;
};

static void
on_quiet(evutil_socket_t fd, short what, void *arg)
{
	struct s53_interface_watch *watch = arg;

	(void)fd;
	(void)what;
	watch->since_ms = 0;
	watch->changed(watch->arg);
}

static void
note_change(struct s53_interface_watch *watch)
{
	static const struct timeval quiet = { .tv_usec = QUIET_MS * 1000 };
	uint64_t now_ms = s53_clock_ms();

	if (watch->since_ms == 0)
		watch->since_ms = now_ms;
	else if (now_ms - watch->since_ms > NOISE_MS - QUIET_MS)
		return; /* do not postpone the timer again */
	evtimer_add(watch->quiet_event, &quiet);
}

/* ENOBUFS: messages were lost, which means changes too. */
static void
on_message(evutil_socket_t fd, short what, void *arg)
{
	uint8_t octets[8192];
	bool changed = false;

	(void)what;
	for (;;) {
		ssize_t len = recv(fd, octets, sizeof(octets), MSG_DONTWAIT);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno != ENOBUFS)
			break;
		changed = true;
	}
	if (changed)
		note_change(arg);
}

static int
open_netlink(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

struct s53_interface_watch *
s53_interface_watch_new(struct event_base *base, void (*changed)(void *arg), void *arg)
{
	struct s53_interface_watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	watch->changed = changed;
	watch->arg = arg;
	watch->fd = open_netlink();
	if (watch->fd >= 0) {
		watch->read_event =
		    event_new(base, watch->fd, EV_READ | EV_PERSIST, on_message, watch);
		watch->quiet_event = evtimer_new(base, on_quiet, watch);
	}
	if (watch->read_event == NULL || watch->quiet_event == NULL ||
	    event_add(watch->read_event, NULL) != 0) {
		s53_interface_watch_free(watch);
		return NULL;
	}
	return watch;
}

void
s53_interface_watch_free(struct s53_interface_watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->read_event != NULL)
		event_free(watch->read_event);
	if (watch->quiet_event != NULL)
		event_free(watch->quiet_event);
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch);
}
