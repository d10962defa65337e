/* SPDX-License-Identifier: ISC
 *
 * resolvconf.h - the nameservers of resolv.conf, and a notice when the file may have changed.
 *
 * Layer    probe, private to hosts.c
 * Threads  main thread
 * Memory   the watch owns a copy of the path
 */
#pragma once

#include <split53/hosts.h>

/* The servers in `path`, as c-ares parses it, with ports. 0: none, or no such file. */
unsigned s53_resolvconf_read(const char *path, struct s53_addr out[static S53_HOST_ADDRS_MAX]);

struct s53_resolvconf_watch;

/*
 * Call touched() from the loop, soon after `path` or the target of its link may have changed:
 * written, replaced or removed. NULL: no memory or no inotify.
 */
struct s53_resolvconf_watch *s53_resolvconf_watch(
    struct event_base *base, const char *path, void (*touched)(void *arg), void *arg);
void s53_resolvconf_unwatch(struct s53_resolvconf_watch *watch); /* NULL is fine */
