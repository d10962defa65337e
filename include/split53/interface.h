/* SPDX-License-Identifier: ISC
 *
 * interface.h - the addresses of this machine, and notification when they change.
 *
 * Layer    listen
 * Threads  main thread
 * Memory   a list is malloc'ed and freed by its owner
 */
#pragma once

#include <split53/addr.h>
#include <split53/status.h>

struct event_base;

struct s53_interface_addr {
	struct s53_addr addr; /* port 0; a link-local address has its scope */
	struct s53_prefix network; /* its contribution to localnets */
};

/*
 * All addresses of interfaces that are up, each once. The caller frees *out, also when *count is 0.
 * S53_E_IO (errno says why), S53_E_NOMEM. A new IPv6 address may be in the list while it cannot be
 * bound yet (EADDRNOTAVAIL during duplicate address detection): the watch reports the end of that.
 */
S53_MUST_USE enum s53_status s53_interfaces(struct s53_interface_addr **out, unsigned *count);

struct s53_interface_watch;

/*
 * Call changed() when addresses or interfaces appear or disappear (netlink): 100 ms after the last
 * change, at most one second after the first. The list may be the same as before; the caller
 * compares. NULL: no memory, descriptors or netlink. changed() must not free the watch.
 */
struct s53_interface_watch *s53_interface_watch_new(
    struct event_base *base, void (*changed)(void *arg), void *arg);
void s53_interface_watch_free(struct s53_interface_watch *watch); /* NULL is fine */
