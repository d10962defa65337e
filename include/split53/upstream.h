/* SPDX-License-Identifier: ISC
 *
 * upstream.h - the servers that queries are forwarded to, and the groups that a forwarders list
 * makes of them.
 *
 * Layer    upstream
 * Threads  registry and groups are built by the main thread; a group is immutable except for its
 *          counts; every worker reads a server's health without a lock and any may change it under
 *          one; keep and drop from any thread
 * Memory   a server is counted and outlives reloads: for the same address, port and options the
 *          registry gives the same object, with its health
 * Units    ms, bytes
 * Sources  RFC 6298 (smoothed round-trip time)
 */
#pragma once

#include <split53/addr.h>
#include <split53/health.h>
#include <split53/status.h>

struct s53_upstream;
struct s53_registry;

/* use-caps-for-id; INHERIT where another statement decides. */
enum s53_caps { S53_CAPS_INHERIT, S53_CAPS_YES, S53_CAPS_NO };

struct s53_upstream_options {
	bool edns; /* server { edns yes; } */
	bool tcp_only;
	enum s53_caps caps; /* server { use-caps-for-id no; } */
	/*
	 * The EDNS size of queries. 0: S53_UPSTREAM_OFFHOST_SIZE, or S53_UPSTREAM_LOOPBACK_SIZE for
	 * a loopback address.
	 */
	uint16_t edns_udp_size;
	/*
	 * query-source of the server's family; AF_UNSPEC: any. Its port is ignored: one fixed port
	 * would give up half of the protection of RFC 5452 s9.2.
	 */
	struct s53_addr source;
};

#define S53_UPSTREAM_OFFHOST_SIZE 1232
/* The largest payload of an IPv4 datagram: a server's sendto() fails with more. */
#define S53_UPSTREAM_LOOPBACK_SIZE 65507

/* NULL: no memory. Servers with a count outlive the registry. */
struct s53_registry *s53_registry_new(void);
void s53_registry_free(struct s53_registry *registry); /* NULL is fine */

/* The server at `addr` with these options; the caller gets one count. NULL: no memory. */
struct s53_upstream *s53_registry_get(struct s53_registry *registry, const struct s53_addr *addr,
    const struct s53_upstream_options *options);
struct s53_upstream *s53_upstream_keep(struct s53_upstream *upstream);
void s53_upstream_drop(struct s53_upstream *upstream); /* NULL is fine */

const struct s53_addr *s53_upstream_addr(const struct s53_upstream *upstream);
/* With edns_udp_size filled in. */
const struct s53_upstream_options *s53_upstream_options(const struct s53_upstream *upstream);

/*
 * What exchanges and queries show about a server, observed from any thread. transport records all
 * except FAILED and LOOP, which resolve does.
 */
enum s53_observed {
	S53_OBSERVED_ANSWERED, /* a response; waited_ms is the round-trip time */
	S53_OBSERVED_OVERDUE, /* no response after the hedge time; ANSWERED or TIMEOUT follows */
	S53_OBSERVED_TIMEOUT, /* no response within the request timeout */
	S53_OBSERVED_GARBLED, /* the same, but something arrived that was no response */
	S53_OBSERVED_REFUSED, /* ICMP port unreachable, RST to a connect */
	S53_OBSERVED_UNREACHABLE, /* no route to the host or network */
	S53_OBSERVED_FAILED, /* a failure rcode where another server did well; follows ANSWERED */
	S53_OBSERVED_LOOP, /* our own query came back to us */
};

struct s53_observation {
	enum s53_observed event;
	enum s53_protocol over;
	uint32_t waited_ms; /* since the query was sent */
	/*
	 * When this process last ran again after it was stopped or suspended; 0: it never was.
	 * Timeouts of queries sent before that are ignored.
	 */
	uint64_t resumed_ms;
};

/*
 * Record an observation. The state may change: that is logged, and may wake the prober
 * (s53_registry_on_probe()). An ANSWERED of a server that is up takes no lock as a rule.
 */
void s53_upstream_observe(
    struct s53_upstream *upstream, struct s53_observation observation, uint64_t now_ms);

/* A query to the server is under way; each begin needs its end. */
void s53_upstream_begin(struct s53_upstream *upstream);
void s53_upstream_end(struct s53_upstream *upstream);

/*
 * The hedge time: how long to wait for a response before another server is queried as well. SRTT
 * plus 4 variations, 20 to 250 ms; 250 while unknown. For the protocol that the next query would
 * use.
 */
uint32_t s53_upstream_hedge_ms(const struct s53_upstream *upstream);

/*
 * The retransmit timeout: after this time the query is more likely lost than slow, so this server
 * may be queried once more. SRTT plus 4 variations, 250 ms to 4 s.
 */
uint32_t s53_upstream_retransmit_ms(const struct s53_upstream *upstream);
/* The same over one protocol. */
uint32_t s53_upstream_path_retransmit_ms(
    const struct s53_upstream *upstream, enum s53_protocol over);

/* The state over the protocol that the next query would use. */
enum s53_health_state s53_upstream_state(const struct s53_upstream *upstream);

/* The state over one protocol. */
enum s53_health_state s53_upstream_path_state(
    const struct s53_upstream *upstream, enum s53_protocol over);

/*
 * Are queries to go over TCP: is it tcp-only, or is UDP down while TCP has proved itself (and
 * probes detect when UDP is back)?
 */
bool s53_upstream_wants_tcp(const struct s53_upstream *upstream);

/*
 * Quirks: what a server has shown that it cannot do. Forgotten after S53_QUIRK_MS. capability.h
 * says what leads to most of them.
 */
enum s53_upstream_quirk {
	S53_QUIRK_NO_EDNS, /* it answers only queries without OPT */
	S53_QUIRK_NO_AD, /* it answers only queries without AD */
	S53_QUIRK_NO_CASE, /* its responses change the letter case of the question */
	S53_QUIRK_CASE_MATTERS, /* its answer depends on the letter case of the name */
	S53_QUIRK_ONE_PER_CONNECTION, /* it answers only one query of a connection */
	S53_QUIRKS
};
#define S53_QUIRK_MS 600000
/* Set it for S53_QUIRK_MS. true: it was not set. */
bool s53_upstream_set_quirk(
    struct s53_upstream *upstream, enum s53_upstream_quirk quirk, uint64_t now_ms);
bool s53_upstream_has_quirk(
    const struct s53_upstream *upstream, enum s53_upstream_quirk quirk, uint64_t now_ms);

/* Was it ever set? */
bool s53_upstream_had_quirk(const struct s53_upstream *upstream, enum s53_upstream_quirk quirk);

/* The health check from now on; copied. Main thread, at a change of configuration. */
void s53_upstream_set_check(struct s53_upstream *upstream, const struct s53_health_check *check);

/*
 * What the operator says of it: read without a lock. Of a server that is set down or up the state
 * is that (s53_upstream_state(), s53_upstream_path_state()); a report has both.
 */
enum s53_admin s53_upstream_admin(const struct s53_upstream *upstream);

/*
 * Set it for all servers at `addr`, whatever their port if `any_port`; AUTO lets their health
 * decide again. Each change is logged. What is said stays with the address: a server that the
 * registry makes for it later, after a reload, gets it too. Main thread.
 * Returns how many servers are concerned; 0: there is none, and nothing is remembered. -1: no
 * memory, nothing has changed.
 */
int s53_registry_set_admin(struct s53_registry *registry, const struct s53_addr *addr,
    bool any_port, enum s53_admin admin);

void s53_upstream_report(
    struct s53_upstream *upstream, struct s53_upstream_report *out, uint64_t now_ms);

/*
 * Call `each` for each server of the registry in the order of registration; the server is counted
 * during the call, and no lock is taken. Stops when `each` returns false.
 */
void s53_registry_each(struct s53_registry *registry,
    bool (*each)(struct s53_upstream *upstream, void *arg), void *arg);

/*
 * Call `wake` when a server's next probe is due sooner than before: in any thread; it must not
 * block or call anything here. NULL: no more calls; when this returns, none is running either.
 */
void s53_registry_on_probe(struct s53_registry *registry, void (*wake)(void *arg), void *arg);

#define S53_GROUP_MAX 32 /* servers of one group */

struct s53_group;

/* forwarders-policy. In each of them a server in a worse state comes after all in a better one. */
enum s53_forwarders_policy {
	S53_FORWARDERS_FASTEST, /* SRTT plus a penalty for loss and failures; BIND's way */
	S53_FORWARDERS_ORDERED, /* in the order of the list */
	S53_FORWARDERS_ROUND_ROBIN,
	S53_FORWARDERS_RANDOM,
	S53_FORWARDERS_LEAST_OUTSTANDING,
	S53_FORWARDERS_RACE, /* all of them at once */
};

struct s53_group_member {
	struct s53_upstream *server;
	unsigned tier; /* from 1; a higher tier is used when no server of a lower one is up */
};

/* A query over its quota gets SERVFAIL or no response: BIND's `fail` and `drop`. */
struct s53_quota {
	unsigned limit; /* 0: none */
	bool drop;
};

struct s53_group_rules {
	enum s53_forwarders_policy policy;
	struct s53_quota per_server; /* fetches-per-server: queries to one server under way */
	struct s53_quota per_zone; /* fetches-per-zone: fetches of the group under way */
	bool no_caps; /* use-caps-for-id no, where the server's options say nothing else */
	const char *why_empty; /* why the group has no server; static; NULL: not known */
};

/*
 * A group of `count` servers (1 to S53_GROUP_MAX; with 0 no server is ever chosen). Takes a count
 * of each. `rules` NULL: fastest, no quotas. NULL: no memory.
 */
struct s53_group *s53_group_new(
    const struct s53_group_member *members, unsigned count, const struct s53_group_rules *rules);
void s53_group_free(struct s53_group *group); /* NULL is fine */
unsigned s53_group_size(const struct s53_group *group);
struct s53_upstream *s53_group_server(const struct s53_group *group, unsigned index);
unsigned s53_group_tier(const struct s53_group *group, unsigned index);
const struct s53_group_rules *s53_group_rules(const struct s53_group *group);

/* use-caps-for-id: are names sent to this server in random letter case (0x20)? */
bool s53_group_has_caps(const struct s53_group *group, unsigned index);

enum s53_group_condition { /* each is worse than the one before */
	S53_GROUP_ALIVE,
	S53_GROUP_STALLED, /* no server is better than stalled */
	S53_GROUP_SILENT, /* its only server does not respond, and queries wait for it */
	S53_GROUP_DEAD, /* all down; also an empty group */
};
enum s53_group_condition s53_group_condition(const struct s53_group *group);

#define S53_CHOSEN_NONE (-1) /* all tried */
#define S53_CHOSEN_QUOTA (-2) /* those left are at their quota */

/*
 * The index of the server for the next query: of those whose bit is not in `tried`, the first by
 * state, then tier, then policy. A server is left out only for its quota or because the operator
 * has set it down, so the last one is always tried. In a dead group the servers get queries in
 * rotation. Not const: it moves the rotation.
 */
int s53_group_choose(struct s53_group *group, uint32_t tried, uint64_t now_ms);

/*
 * The index of a server to explore: it gets a copy of the query beside `chosen`, only to learn its
 * health; no client waits for it. Candidates are: at once, a server that never had a query; every
 * 100 ms, one that is slow, suspect or recovering, and in a dead group any; every second, one that
 * is up and had neither a query nor a reply for a second; every second, one that is down or stalled
 * and has no probes. -1: none. Each call that returns a server starts its interval anew. Not for
 * races, which query all servers anyway.
 */
int s53_group_explore(struct s53_group *group, unsigned chosen, uint64_t now_ms);

/*
 * The group is silent: may one of the waiting queries be sent once more, to detect that the server
 * responds again? Of all callers one gets true each 250 ms.
 */
bool s53_group_retries_silent(struct s53_group *group, uint64_t now_ms);

/*
 * Race: is the next server to get the query at once, too? Yes as long as it is no worse than those
 * before.
 */
bool s53_group_races(const struct s53_group *group, uint32_t tried);

/* Count a fetch for fetches-per-zone. false: over the quota, not counted. */
bool s53_group_enter(struct s53_group *group);
void s53_group_leave(struct s53_group *group);
