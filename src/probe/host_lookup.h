/* SPDX-License-Identifier: ISC
 *
 * asker.h - addresses of names, found by c-ares.
 *
 * Layer    probe, private to hosts.c; knows no type of c-ares
 * Threads  main thread
 * Memory   answers are valid during the call
 * Units    seconds (TTL)
 *
 * /etc/hosts comes first, then the given servers and no others: a resolv.conf that names ourselves
 * cannot make a loop. No search list, no aliases, no cache of c-ares's own.
 */
#pragma once

#include <split53/hosts.h>

struct s53_host_lookup;

/* Without servers until they are given. NULL: no memory. */
struct s53_host_lookup *s53_host_lookup_new(struct event_base *base);

/* Lookups under way end with S53_E_IO, from inside the call. NULL is fine. */
void s53_host_lookup_free(struct s53_host_lookup *asker);

/* Ask these from now on; lookups under way end as above. S53_E_NOMEM. */
S53_MUST_USE enum s53_status s53_host_lookup_use(
    struct s53_host_lookup *asker, const struct s53_addr *servers, unsigned count);

/*
 * Find the addresses of `name`. found() is called once, possibly from inside this call, with
 *   S53_OK        `addrs`, at least one, ports 0, in no order; `ttl_s` of the shortest-lived
 *   S53_E_ABSENT  the name has none
 *   S53_E_IO      nobody could say
 */
void s53_host_lookup_look_up(struct s53_host_lookup *asker, const char *name,
    void (*found)(void *arg, enum s53_status status, const struct s53_addr *addrs, unsigned count,
	uint32_t ttl_s),
    void *arg);
