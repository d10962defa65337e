/* SPDX-License-Identifier: ISC
 *
 * upstream.h - the servers that questions go to, and the groups that a forwarders list makes of
 * them.
 *
 * Layer    upstream
 * Threads  registry and groups are built by the main thread; a group is immutable but for its
 *          counts; what is known of a server is read by every worker without a lock and changed by
 *          any under one; keep and drop from any
 * Memory   a server is counted and outlives reloads: the registry gives the same object for the
 *          same address, port and options, with what is known of its health
 * Units    ms, octets
 * Sources  RFC 6298 (smoothed round-trip time)
 */
#pragma once

#include <split53/addr.h>
#include <split53/health.h>
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

/* Signs of how a server does, from any thread. The exchange notes all but FAILED and LOOP. */
enum s53_observed {
	S53_OBSERVED_ANSWERED, /* waited_ms is the round trip */
	S53_OBSERVED_OVERDUE, /* not here after the wait for it; ANSWERED or TIMEOUT comes later */
	S53_OBSERVED_TIMEOUT, /* waited for in vain to the end */
	S53_OBSERVED_GARBLED, /* the same, but something came that was no answer */
	S53_OBSERVED_REFUSED, /* ICMP port unreachable, RST to a connect */
	S53_OBSERVED_UNREACHABLE, /* no way to the host or network */
	S53_OBSERVED_FAILED, /* a rcode to what another server answered well; after ANSWERED */
	S53_OBSERVED_LOOP, /* it asks us what we asked it */
};

struct s53_observation {
	enum s53_observed event;
	enum s53_protocol over;
	uint32_t waited_ms; /* since the question left */
	/*
	 * This process stood still some time before this; 0: never. Silence that began earlier is
	 * no silence.
	 */
	uint64_t resumed_ms;
};

/*
 * Taken to heart: the state may change, which is logged (and wakes the prober by the registry's
 * hook). An ANSWERED of a server that is up takes no lock.
 */
void s53_upstream_observe(
    struct s53_upstream *upstream, struct s53_observation sign, uint64_t now_ms);

/* A question to it is under way; each begin has its end. */
void s53_upstream_begin(struct s53_upstream *upstream);
void s53_upstream_end(struct s53_upstream *upstream);

/*
 * How long to wait before the next server is asked as well: from RTT and its variation, 20 to
 * 250 ms; 250 while unknown. Of the protocol that it would be asked over.
 */
uint32_t s53_upstream_hedge_ms(const struct s53_upstream *upstream);

/*
 * After how long an answer is more likely lost than slow: the same without a ceiling (but 4 s), for
 * who would ask this server once more. At least 250 ms.
 */
uint32_t s53_upstream_retransmit_ms(const struct s53_upstream *upstream);

/* The state over the protocol that it would be asked over. */
enum s53_health_state s53_upstream_state(const struct s53_upstream *upstream);

/* The same of one protocol. */
enum s53_health_state s53_upstream_path_state(
    const struct s53_upstream *upstream, enum s53_protocol over);

/*
 * Is it to be asked over TCP: tcp-only, or UDP is down while TCP has proved itself (and probes see
 * when UDP is back)?
 */
bool s53_upstream_wants_tcp(const struct s53_upstream *upstream);

/* What a server cannot do, as it has shown; forgotten after S53_QUIRK_MS. Never for silence. */
enum s53_upstream_quirk {
	S53_QUIRK_NO_EDNS, /* FORMERR, NOTIMP or BADVERS with OPT, a good answer without */
	S53_QUIRK_NO_CASE, /* the question comes back in other letter case */
	S53_QUIRKS
};
#define S53_QUIRK_MS 600000
void s53_upstream_set_quirk(
    struct s53_upstream *upstream, enum s53_upstream_quirk lack, uint64_t now_ms);
bool s53_upstream_has_quirk(
    const struct s53_upstream *upstream, enum s53_upstream_quirk lack, uint64_t now_ms);

/*
 * An answer with OPT came. For S53_QUIRK_MS no FORMERR takes EDNS away: it was about the question.
 * Costs next to nothing.
 */
void s53_upstream_show_edns(struct s53_upstream *upstream, uint64_t now_ms);

/* How it is checked from now on: main thread, at a change of configuration. Copied. */
void s53_upstream_set_check(struct s53_upstream *upstream, const struct s53_health_check *check);

void s53_upstream_report(
    struct s53_upstream *upstream, struct s53_upstream_report *out, uint64_t now_ms);

/*
 * Each server of the registry, in the order in which they came; a count is held during the call,
 * no lock. Stops when `each` returns false.
 */
void s53_registry_each(struct s53_registry *registry,
    bool (*each)(struct s53_upstream *upstream, void *arg), void *arg);

/*
 * Call `wake` (in any thread, it must not block or call anything here) when a server's next probe
 * is due sooner than it was. NULL: no more; after that call it is not running either.
 */
void s53_registry_on_probe(struct s53_registry *registry, void (*wake)(void *arg), void *arg);

#define S53_GROUP_MAX 32 /* servers of one group */

struct s53_group;

/* forwarders-policy. A server in a worse state comes after all in a better one, in each. */
enum s53_forwarders_policy {
	S53_POLICY_FASTEST, /* smoothed RTT, with a share for loss and failures; BIND's way */
	S53_POLICY_ORDERED, /* the list is the order */
	S53_POLICY_ROUND_ROBIN,
	S53_POLICY_RANDOM,
	S53_POLICY_LEAST_OUTSTANDING,
	S53_POLICY_RACE, /* all of them at once */
};

struct s53_group_member {
	struct s53_upstream *server;
	unsigned tier; /* from 1; a higher one is asked when none of the lower is up */
};

/* Over a quota a query gets SERVFAIL or nothing: BIND's `fail` and `drop`. */
struct s53_quota {
	unsigned limit; /* 0: none */
	bool drop;
};

struct s53_group_rules {
	enum s53_forwarders_policy policy;
	struct s53_quota per_server; /* fetches-per-server: questions to one server under way */
	struct s53_quota per_zone; /* fetches-per-zone: questions of the group under way */
};

/*
 * A group of `count` servers (1 .. S53_GROUP_MAX; 0 gives an empty group that chooses nobody);
 * takes a count of each. `rules` NULL: fastest, no quotas. NULL: no memory.
 */
struct s53_group *s53_group_new(
    const struct s53_group_member *members, unsigned count, const struct s53_group_rules *rules);
void s53_group_free(struct s53_group *group); /* NULL is fine */
unsigned s53_group_size(const struct s53_group *group);
struct s53_upstream *s53_group_server(const struct s53_group *group, unsigned index);
unsigned s53_group_tier(const struct s53_group *group, unsigned index);
const struct s53_group_rules *s53_group_rules(const struct s53_group *group);

enum s53_group_condition {
	S53_GROUP_ALIVE,
	S53_GROUP_STALLED, /* nobody better than stalled */
	S53_GROUP_DEAD, /* all down; also an empty group */
};
enum s53_group_condition s53_group_condition(const struct s53_group *group);

#define S53_CHOSEN_NONE (-1) /* all tried */
#define S53_CHOSEN_QUOTA (-2) /* those left are at their quota */

/*
 * Which server is asked next of those whose bit is not in `tried`: by state, then tier, then the
 * policy. Never leaves one out but for its quota: the last one is always tried. In a dead group
 * they take turns. Not const: turns.
 */
int s53_group_choose(struct s53_group *group, uint32_t tried, uint64_t now_ms);

/*
 * Another one that is to be asked beside `chosen`, only to see how it does; nobody waits for it.
 * One never asked at once; one that is slow, suspect or recovering, and in a dead group any, that
 * was not asked for 100 ms; one that is up and has neither been asked nor answered for a second.
 * Where probes are switched off one that is down or stalled, the same. -1: none. Each call that
 * gives a server spends its chance. Not for races, which ask all anyway.
 */
int s53_group_explore(struct s53_group *group, unsigned chosen, uint64_t now_ms);

/* Race: the next one is to be asked at once, too, as long as it is no worse than those before. */
bool s53_group_races(const struct s53_group *group, uint32_t tried);

/* fetches-per-zone. false: over the quota, and nothing was entered. */
bool s53_group_enter(struct s53_group *group);
void s53_group_leave(struct s53_group *group);
