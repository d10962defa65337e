/* SPDX-License-Identifier: ISC
 *
 * hosts.h - forwarders that are given as host names or by resolv.conf, through c-ares.
 *
 * Layer    probe
 * Threads  main thread
 * Memory   owned by the object; addresses are copied out
 * Units    seconds (TTL), ms
 */
#pragma once

#include <split53/addr.h>
#include <split53/status.h>

#define S53_HOST_ADDRS_MAX 16

struct event_base;
struct s53_hosts;

/*
 * `changed` is called (never from inside another call here) when the addresses of a watched name
 * have changed, or resolv.conf's servers have. NULL: no memory.
 */
struct s53_hosts *s53_hosts_new(struct event_base *base, void (*changed)(void *arg), void *arg);
void s53_hosts_free(struct s53_hosts *hosts); /* NULL is fine */

/*
 * Servers to ask for the names' addresses, IP addresses only (port 0: 53). count 0, and before
 * any call: those that s53_hosts_resolv_conf() found last, which leaves ourselves out; never
 * servers that nobody named. Other servers than before are asked for all names at once; with the
 * same ones nothing happens.
 *   S53_E_NOMEM, S53_E_RANGE (more than S53_HOST_ADDRS_MAX)
 */
S53_MUST_USE enum s53_status s53_hosts_ask(
    struct s53_hosts *hosts, const struct s53_addr *servers, unsigned count);

/*
 * Resolve `name` (A and AAAA, /etc/hosts first) now and again when its TTL ends (at least 5 s, at
 * most 1 day), or after 1 to 60 s when it failed; addresses are kept when resolving fails. S53_OK
 * also when it is watched already. S53_E_NOMEM.
 */
S53_MUST_USE enum s53_status s53_hosts_watch(struct s53_hosts *hosts, const char *name);
void s53_hosts_unwatch(struct s53_hosts *hosts, const char *name);

/*
 * The addresses known of a watched name (port 0), up to S53_HOST_ADDRS_MAX; 0: none yet. Sorted, so
 * that equal sets compare equal.
 */
unsigned s53_hosts_addrs(const struct s53_hosts *hosts, const char *name,
    struct s53_addr out[static S53_HOST_ADDRS_MAX]);

/*
 * The nameservers of `path` (resolv.conf's form, read by c-ares), without those that `is_ourselves`
 * names (NULL: names none). Watches the file (its directory, so that replacing it is seen) and
 * calls changed() when its servers become others. Returns their number, 0 when the file is not
 * there or names none. A later call with another path watches that one instead.
 */
unsigned s53_hosts_resolv_conf(struct s53_hosts *hosts, const char *path,
    bool (*is_ourselves)(const struct s53_addr *addr, void *arg), void *arg,
    struct s53_addr out[static S53_HOST_ADDRS_MAX]);
