/* SPDX-License-Identifier: ISC
 *
 * upstream.h - the servers that questions go to, and the groups that a forwarders list makes of
 * them.
 *
 * Layer    upstream
 * Threads  registry and groups are built by the main thread; a group is immutable; the moving
 *          part of a server is atomics that every worker reads and writes; keep and drop from any
 * Memory   a server is counted and outlives reloads: the registry gives the same object for the
 *          same address, port and options, with what is known of its health
 * Units    ms, octets
 * Sources  RFC 6298 (smoothed round-trip time)
 */
#pragma once

#include <split53/addr.h>
#include <split53/status.h>

struct s53_upstream;
struct s53_registry;

struct s53_upstream_options {
	bool edns; /* server { edns yes; } */
	bool tcp_only;
	/* To advertise; 0: 1232, or S53_UPSTREAM_LOOPBACK_SIZE for a loopback address. */
	uint16_t edns_udp_size;
	/*
	 * query-source of its family; AF_UNSPEC: any. Its port is ignored: one fixed port would
	 * give away the half of what RFC 5452 s9.2 protects with.
	 */
	struct s53_addr source;
};

#define S53_UPSTREAM_OFFHOST_SIZE 1232
#define S53_UPSTREAM_LOOPBACK_SIZE 65535

/* NULL: no memory. Servers that are still held outlive the registry. */
struct s53_registry *s53_registry_new(void);
void s53_registry_free(struct s53_registry *registry); /* NULL is fine */

/* The server at `addr`; the caller holds one count. NULL: no memory. */
struct s53_upstream *s53_registry_get(struct s53_registry *registry, const struct s53_addr *addr,
    const struct s53_upstream_options *options);
struct s53_upstream *s53_upstream_keep(struct s53_upstream *upstream);
void s53_upstream_drop(struct s53_upstream *upstream); /* NULL is fine */

const struct s53_addr *s53_upstream_addr(const struct s53_upstream *upstream);
/* With edns_udp_size filled in. */
const struct s53_upstream_options *s53_upstream_options(const struct s53_upstream *upstream);

/* Records of health, from any worker. The exchange notes all but FAILED by itself. */
enum s53_upstream_event {
	S53_UPSTREAM_ANSWERED, /* rtt_ms is good */
	S53_UPSTREAM_TIMEOUT,
	S53_UPSTREAM_UNREACHABLE, /* ICMP refused, connect failed */
	S53_UPSTREAM_FAILED, /* a rcode that led elsewhere; after ANSWERED */
	S53_UPSTREAM_LATE, /* given up while late: another server was quicker */
};
void s53_upstream_note(
    struct s53_upstream *upstream, enum s53_upstream_event event, uint32_t rtt_ms, uint64_t now_ms);

/*
 * How long to wait before the next server is asked as well: from RTT and its variation, 20 to
 * 250 ms; 250 while unknown.
 */
uint32_t s53_upstream_late_ms(const struct s53_upstream *upstream);

#define S53_GROUP_MAX 32 /* servers of one group */

struct s53_group;

/*
 * A group of `count` servers (1 .. S53_GROUP_MAX; 0 gives an empty group that chooses nobody);
 * takes a count of each. NULL: no memory.
 */
struct s53_group *s53_group_new(struct s53_upstream *const *servers, unsigned count);
void s53_group_free(struct s53_group *group); /* NULL is fine */
unsigned s53_group_size(const struct s53_group *group);
struct s53_upstream *s53_group_server(const struct s53_group *group, unsigned index);

/*
 * The best server whose bit is not in `tried`: by smoothed RTT, those in trouble last but never
 * left out; in the list's order while nothing is known. -1: all tried.
 *
 * When `tried` is 0 now and then another is given the query, so that a better or recovered one is
 * noticed: one that was never asked at once, one in trouble after a second of it, one that has not
 * answered for 5 s. Choosing is also asking: each such call spends that chance.
 */
int s53_group_choose(const struct s53_group *group, uint32_t tried, uint64_t now_ms);
