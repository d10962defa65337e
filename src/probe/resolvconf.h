/* SPDX-License-Identifier: ISC
 *
 * resolvconf.h - a watch that reports when resolv.conf may have changed.
 *
 * Layer    probe, private to hosts.c
 * Threads  main thread
 * Memory   the watch owns a copy of the path
 */
#pragma once

#include <split53/hosts.h>

struct s53_resolvconf_watch;

/*
 * Call touched() from the loop, soon after `path` or the target of its link may have changed:
 * written, replaced or removed. NULL: out of memory or no inotify.
 */
struct s53_resolvconf_watch *s53_resolvconf_watch(
    struct event_base *base, const char *path, void (*touched)(void *arg), void *arg);
void s53_resolvconf_unwatch(struct s53_resolvconf_watch *watch); /* NULL is fine */
