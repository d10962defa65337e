/* SPDX-License-Identifier: ISC
 *
 * hosts.h - addresses of host names that are kept up to date, and resolv.conf, through c-ares.
 *
 * Layer    probe
 * Threads  main thread
 * Memory   owned by the object; addresses are copied out
 * Units    seconds (TTL), ms
 *
 * Only s53_hosts_set_servers(), s53_hosts_watch() and s53_hosts_follow_resolv_conf() send queries
 * or watch files; the other functions only read.
 */
#pragma once

#include <split53/addr.h>
#include <split53/status.h>

struct event_base;
struct s53_hosts;

/*
 * `changed` is called (never from inside another call here) when the addresses of a watched name
 * have changed, or the servers of the watched resolv.conf have. Servers of resolv.conf that
 * `is_ourselves` (NULL: none is) do not count. NULL: no memory.
 */
struct s53_hosts *s53_hosts_new(struct event_base *base, void (*changed)(void *arg),
    bool (*is_ourselves)(const struct s53_addr *addr, void *arg), void *arg);
void s53_hosts_free(struct s53_hosts *hosts); /* NULL is fine */

/*
 * The servers to query for the names' addresses (port 0: 53); before any call, none. When they
 * differ from those before, all names are looked up at once; otherwise nothing happens.
 *   S53_E_NOMEM, S53_E_RANGE (more than S53_HOST_ADDRS_MAX)
 */
S53_MUST_USE enum s53_status s53_hosts_set_servers(
    struct s53_hosts *hosts, const struct s53_addr *servers, unsigned count);

/*
 * Resolve `name` (A and AAAA, /etc/hosts first) now and again when its TTL ends (at least 5 s, at
 * most 1 day), or after 1 to 60 s when it failed; addresses are kept when resolving fails. S53_OK
 * also when it is watched already. S53_E_NOMEM.
 */
S53_MUST_USE enum s53_status s53_hosts_watch(struct s53_hosts *hosts, const char *name);
void s53_hosts_unwatch(struct s53_hosts *hosts, const char *name);

/*
 * The addresses known of `name` (port 0), up to S53_HOST_ADDRS_MAX; 0: none yet. Those of a name
 * that is not watched are the ones in /etc/hosts; `hosts` NULL: no name is watched. Sends no query.
 * Sorted, so that equal sets compare equal.
 */
unsigned s53_hosts_addrs(const struct s53_hosts *hosts, const char *name,
    struct s53_addr out[static S53_HOST_ADDRS_MAX]);

/* Where resolv.conf is: the variable SPLIT53_RESOLV_CONF, else /etc/resolv.conf. */
const char *s53_resolv_conf_path(void);

/*
 * Read the nameservers of `path` (resolv.conf's form, as c-ares reads it) with their ports. One
 * with a scope, such as fe80::1%eth0, is used while the interface exists; otherwise that is logged.
 * Returns their number; 0 when there is no such file or it names none. A file of more than 64 KiB,
 * and anything but a regular file, is rejected, which is logged. *bad_line (may be NULL): the first
 * line with a nameserver that is no address and is ignored; 0: none.
 */
unsigned s53_resolv_conf_read(
    const char *path, struct s53_addr out[static S53_HOST_ADDRS_MAX], unsigned *bad_line);

/*
 * Watch `path` (its directory, so that a replaced file is noticed) and call changed() when its
 * servers, without ourselves, differ from `servers`, which the caller uses. A later call replaces
 * both; path NULL: watch no file.
 */
void s53_hosts_follow_resolv_conf(
    struct s53_hosts *hosts, const char *path, const struct s53_addr *servers, unsigned count);

/*
 * The interfaces have changed: read the watched file again, since the scope of a link-local
 * nameserver is an interface's index. Calls changed() when its servers have changed.
 */
void s53_hosts_read_resolv_conf_again(struct s53_hosts *hosts);
