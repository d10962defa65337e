/* SPDX-License-Identifier: ISC
 *
 * server.h - what a server consists of, and what group.c needs to choose one.
 *
 * Layer    upstream, private to server.c, registry.c, probing.c and group.c; group.c uses only the
 *          functions
 * Threads  functions: any, no lock
 * Units    ms; `_at_ms` is a point of time
 *
 * Unless it says otherwise, a function here is about the protocol that the next query to the server
 * would use, as are s53_upstream_state() and s53_upstream_hedge_ms().
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include <split53/capability.h>
#include <split53/list.h>
#include <split53/probe.h>
#include <split53/traffic.h>
#include <split53/upstream.h>

#include "record.h"

#define S53_SLOW_MS 250

/*
 * The cost of a query in eighths of a ms; less is better: SRTT, plus 250 ms times the share of lost
 * queries, plus 250 ms times the share of replies that were failures. 0: unknown.
 */
uint32_t s53_upstream_cost(const struct s53_upstream *upstream);

/* Is its SRTT above S53_SLOW_MS? */
bool s53_upstream_is_slow(const struct s53_upstream *upstream);

/* Did it ever get a query, or was anything observed? */
bool s53_upstream_was_queried(const struct s53_upstream *upstream);

/* Queries under way, over both protocols. */
uint32_t s53_upstream_in_flight(const struct s53_upstream *upstream);

/* The last reply to a client's query (not to a probe), over either protocol; 0: none yet. */
uint64_t s53_upstream_replied_at_ms(const struct s53_upstream *upstream);

/* When a group last chose it, accurate to some ms; 0: never. */
uint64_t s53_upstream_chosen_at_ms(const struct s53_upstream *upstream);
void s53_upstream_set_chosen(struct s53_upstream *upstream, uint64_t now_ms);

/* Does its health check allow probes? */
bool s53_upstream_is_probed(const struct s53_upstream *upstream);

/*
 * May a query explore this server, `gap_ms` after the last one that did? Of several callers at the
 * same time, one gets true.
 */
bool s53_upstream_claim_exploration(
    struct s53_upstream *upstream, uint32_t gap_ms, uint64_t now_ms);

/*
 * The plan of a server's probes (probing.c). Under the server's lock, except `due_ms`.
 *
 * While UDP is down, probes cycle through three steps; see probing.c.
 */
enum down_step { STEP_TCP, STEP_READINESS, STEP_LIVENESS };

struct probing {
	struct s53_health_check check;
	_Atomic uint64_t due_ms; /* UINT64_MAX: no probe is due, or one is under way */
	uint64_t began_ms; /* the last probe */
	bool began; /* there was one */
	bool under_way;
	bool readiness_next; /* whatever live queries show until then */
	struct s53_probe probe; /* the one under way, or the last */
	enum down_step step; /* the next one, while UDP is down */
};

#define S53_LOAD_SHIFT 24 /* under way are fewer, in all fewer than 2^40 */

struct s53_upstream {
	struct s53_registry *registry;
	/* in registry->servers; the links and `count` are under the registry's lock */
	struct s53_link link;
	struct s53_upstream *bucket_next;
	unsigned count;
	struct s53_addr addr;
	struct s53_upstream_options options;
	/*
	 * On a cache line of its own: the members above never change and are read by all workers.
	 */
	_Alignas(64) struct record path[S53_PROTOCOLS];
	_Alignas(64) _Atomic uint64_t load; /* queries in all << S53_LOAD_SHIFT | under way */
	_Atomic uint8_t admin; /* enum s53_admin; written under the registry's lock */
	_Atomic uint64_t failures[S53_FAILURES];
	_Atomic uint64_t chosen_at_ms, explored_at_ms;
	_Atomic uint64_t quirk_until_ms[S53_QUIRKS];
	_Atomic uint64_t shown_at_ms[S53_CAPABILITIES]; /* accurate to a minute; 0: never */
	_Atomic uint64_t doubt[S53_CAPABILITIES]; /* capability.c */
	_Alignas(64) struct s53_traffic traffic;
	pthread_mutex_t lock; /* of the records, except their atomics, and of `probing` */
	struct probing probing;
};

/* server.c: the operator has said so; logged unless it is no change. Takes the server's lock. */
void s53_upstream_set_admin(struct s53_upstream *upstream, enum s53_admin admin);

/* registry.c: call the prober's hook. The caller has taken no server's lock. */
void s53_registry_wake(struct s53_registry *registry);

/* server.c: log a change. The caller has taken no lock. */
void s53_upstream_log_change(const struct s53_upstream *upstream, enum s53_protocol over,
    const struct record_change *change);

/* probing.c; the caller has taken the server's lock. */

void probing_init(struct probing *probing);

/*
 * Live traffic has changed the record of `over`, or the health check or what the operator says has
 * changed (`change` NULL).
 * true: the next probe is due sooner than before.
 */
bool probing_replan(struct s53_upstream *upstream, enum s53_protocol over,
    const struct record_change *change, uint64_t now_ms);

/* The protocol of the next probe, when one is due. */
enum s53_protocol probing_over(const struct s53_upstream *upstream);
