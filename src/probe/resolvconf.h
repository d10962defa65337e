/* SPDX-License-Identifier: ISC
 *
 * resolvconf.h - the nameservers of resolv.conf, and a word when the file is another.
 *
 * Layer    probe, private to hosts.c
 * Threads  main thread
 * Memory   the watch owns a copy of the path
 */
#pragma once

#include <split53/hosts.h>

/* The servers that `path` names, as c-ares reads it, ports filled in. 0: none, or no such file. */
unsigned s53_resolvconf_read(const char *path, struct s53_addr out[static S53_HOST_ADDRS_MAX]);

struct s53_resolvconf_watch;

/*
 * Call touched() from the loop, soon, whenever `path` or what it links to may be another:
 * written, replaced, taken away. NULL: no memory or no inotify.
 */
struct s53_resolvconf_watch *s53_resolvconf_watch(
    struct event_base *base, const char *path, void (*touched)(void *arg), void *arg);
void s53_resolvconf_unwatch(struct s53_resolvconf_watch *watch); /* NULL is fine */
