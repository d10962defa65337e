/* SPDX-License-Identifier: ISC
 *
 * host_lookup.h - looks up the addresses of host names with c-ares.
 *
 * Layer    probe, private to hosts.c; exposes no type of c-ares
 * Threads  main thread
 * Memory   results are valid during the call
 * Units    seconds (TTL)
 *
 * /etc/hosts comes first, then only the given servers: a resolv.conf that names this host cannot
 * make a loop. No search list, no aliases, no cache in c-ares.
 */
#pragma once

#include <split53/hosts.h>

struct s53_host_lookup;

/* It has no servers until s53_host_lookup_use(). NULL: out of memory. */
struct s53_host_lookup *s53_host_lookup_new(struct event_base *base);

/* Lookups in flight end with S53_E_IO, during the call. NULL is fine. */
void s53_host_lookup_free(struct s53_host_lookup *lookup);

/* Query these servers from now on; lookups in flight end as above. S53_E_NOMEM. */
S53_MUST_USE enum s53_status s53_host_lookup_use(
    struct s53_host_lookup *lookup, const struct s53_addr *servers, unsigned count);

/*
 * The addresses that /etc/hosts has for `name`, with port 0 and in no order; sends no query.
 * Returns their number.
 */
unsigned s53_host_lookup_in_file(const char *name, struct s53_addr out[static S53_HOST_ADDRS_MAX]);

/*
 * Look up the addresses of `name`. found() is called once, possibly during this call, with
 *
 *   S53_OK        `addrs`, at least one, ports 0, in no order; `ttl_s` is the shortest TTL
 *   S53_E_ABSENT  the name has no address
 *   S53_E_IO      no server could answer
 */
void s53_host_lookup_look_up(struct s53_host_lookup *lookup, const char *name,
    void (*found)(void *arg, enum s53_status status, const struct s53_addr *addrs, unsigned count,
	uint32_t ttl_s),
    void *arg);
