/* SPDX-License-Identifier: ISC
 *
 * interface.h - the addresses of this machine, and word when they change.
 *
 * Layer    listen
 * Threads  main thread
 * Memory   a list is malloc'ed and freed by its holder
 */
#pragma once

#include <split53/addr.h>
#include <split53/status.h>

struct event_base;

struct s53_interface_addr {
	struct s53_addr addr; /* port 0 */
	struct s53_prefix network; /* what localnets takes from it */
};

/* All addresses of interfaces that are up. The caller frees *out. S53_E_IO, S53_E_NOMEM. */
S53_MUST_USE enum s53_status s53_interfaces(struct s53_interface_addr **out, unsigned *count);

struct s53_interface_watch;

/* Call changed() (after things have been quiet for 100 ms) when addresses come or go (netlink). NULL: not possible here. */
struct s53_interface_watch *s53_interface_watch_new(
    struct event_base *base, void (*changed)(void *arg), void *arg);
void s53_interface_watch_free(struct s53_interface_watch *watch);
