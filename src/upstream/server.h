/* SPDX-License-Identifier: ISC
 *
 * server.h - what choosing needs to know of a server, and what a server is made of.
 *
 * Layer    upstream, private to server.c, registry.c, probing.c and group.c; group.c keeps to the
 *          functions
 * Threads  functions: any, no lock
 * Units    ms
 *
 * Everything here is of the protocol that the server would be asked over, as are
 * s53_upstream_state() and s53_upstream_hedge_ms().
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include <split53/list.h>
#include <split53/probe.h>
#include <split53/upstream.h>

#include "health.h"

#define S53_SLOW_MS 250

/*
 * Less is better, in eighths of a ms: smoothed RTT, and 250 ms for each whole share of lost
 * questions and of answers that led elsewhere. 0: nothing is known.
 */
uint32_t s53_upstream_cost(const struct s53_upstream *upstream);

/* Does it take more than S53_SLOW_MS as a rule? */
bool s53_upstream_is_slow(const struct s53_upstream *upstream);

/* Did it ever get a question, or show a sign? */
bool s53_upstream_was_asked(const struct s53_upstream *upstream);

/* Questions under way, over both protocols. */
uint32_t s53_upstream_in_flight(const struct s53_upstream *upstream);

/* The last answer to a client's question (probes do not count), over either; 0: none yet. */
uint64_t s53_upstream_answered_ms(const struct s53_upstream *upstream);

/* When it was last chosen, to within some ms; 0: never. Who chooses says so. */
uint64_t s53_upstream_chosen_ms(const struct s53_upstream *upstream);
void s53_upstream_set_chosen(struct s53_upstream *upstream, uint64_t now_ms);

/* Is it probed at all? */
bool s53_upstream_is_probed(const struct s53_upstream *upstream);

/*
 * May a query see how this server does, `gap_ms` after the last that did? At once when none has.
 * True for one caller only, and spent.
 */
bool s53_upstream_trial_claim(struct s53_upstream *upstream, uint32_t gap_ms, uint64_t now_ms);

/* The plan of its probes: probing.c. Under the lock, but for `due_ms`. */
struct probing {
	struct s53_health_check check;
	_Atomic uint64_t due_ms; /* UINT64_MAX: none, also while one is under way */
	uint64_t began_ms; /* the last one */
	bool began; /* there was one */
	bool under_way;
	bool doubted; /* work is next, whatever live questions say meanwhile */
	struct s53_probe probe; /* that one, or the last */
	unsigned turn; /* while it is down */
};

struct s53_upstream {
	struct s53_registry *registry;
	struct s53_link link; /* its own, the next and `count` under the registry's lock */
	struct s53_upstream *bucket_next;
	unsigned count;
	struct s53_addr addr;
	struct s53_upstream_options options;
	/* Apart from what never changes, so that workers do not fight over its cache line. */
	_Alignas(64) struct health path[S53_PROTOCOLS];
	_Alignas(64) _Atomic uint64_t load; /* asked in all << 32 | in flight */
	_Atomic uint64_t chosen_ms, trial_ms;
	_Atomic uint64_t quirk_until_ms[S53_QUIRKS];
	_Atomic uint64_t edns_shown_ms; /* when an answer last had OPT, to the minute; 0: never */
	pthread_mutex_t lock; /* over the records but for their atomics, and `probing` */
	struct probing probing;
};

/* registry.c: call the hook. Without the lock of any server. */
void s53_registry_wake(struct s53_registry *registry);

/* server.c: log a change. Without any lock. */
void s53_upstream_tell(const struct s53_upstream *upstream, enum s53_protocol over,
    const struct health_change *change);

/* probing.c, all under the server's lock. */

void probing_init(struct probing *probing);

/*
 * Live traffic has changed the record of `over`, or the check is another (`change` NULL). true: the
 * next probe is due sooner than it was.
 */
bool probing_replan(struct s53_upstream *upstream, enum s53_protocol over,
    const struct health_change *change, uint64_t now_ms);

/* Over which protocol the next one goes, when one is due at all. */
enum s53_protocol probing_over(const struct s53_upstream *upstream);
