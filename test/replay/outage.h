/* SPDX-License-Identifier: ISC
 *
 * outage.h - random schedules of failures: the parts of the program.
 *
 * outage_servers.c  what servers do, and when
 * outage_play.c     time passes: clients send queries, servers reply, probes are sent, the process
 *                   stands still
 * outage_check.c    what must always be true
 * outage.c          draws schedules at random; main()
 */
#pragma once

#include <split53/probe.h>
#include <split53/resolver.h>

#include "fake_exchange.h"

#define SERVERS_MAX 4
#define ROUTES_MAX 2
#define SPANS_MAX 64
#define STOPS_MAX 3
#define PROBES_KEPT 64
#define START_MS UINT64_C(1000000)
#define QUERY_TIMEOUT_MS 4500

enum mode {
	MODE_UP,
	MODE_SLOW, /* 300 to 1500 ms */
	MODE_SILENT, /* black hole, frozen */
	MODE_REFUSED, /* no listener: ICMP, RST */
	MODE_LOSSY, /* 5 to 40 per cent loss */
	MODE_SERVFAIL,
	MODE_REFUSES, /* rcode REFUSED */
	MODE_GARBAGE,
	MODE_TCP_ONLY,
	MODE_UDP_ONLY,
	MODE_STALLED, /* no reply for 7.2 s to queries that need recursion, then SERVFAIL */
	MODES
};

/* The mode of a server from `from_ms` on, until the next span begins. */
struct span {
	uint64_t from_ms;
	enum mode mode;
	uint32_t rtt_ms; /* each reply takes a tenth more or less */
	unsigned loss_percent;
	/*
	 * MODE_UP: from when on the server must be in use again, and be known as up: the guaranteed
	 * times after its outage.
	 */
	uint64_t used_ms, known_ms;
};

struct server {
	struct s53_upstream *upstream;
	struct span spans[SPANS_MAX];
	unsigned span_count;
	uint32_t rtt_ms; /* unless it is slow */
	bool probing;
	struct s53_probe probe;
	uint64_t probe_ends_ms;
	enum s53_probe_end probe_end;
	uint32_t probe_rtt_ms;
	enum s53_health_state told[S53_PROTOCOLS]; /* last state seen by tell() */
	uint64_t probe_times_ms[PROBES_KEPT]; /* of the last ones, round robin */
	unsigned probe_count;
};

struct route {
	struct s53_group *group;
	unsigned count;
	unsigned servers[SERVERS_MAX]; /* indexes into the servers of the schedule */
	struct s53_group_rules rules;
	char letter; /* of its apex; '.' for the root */
};

/* A client's query. */
struct asker {
	uint64_t asked_ms, ended_ms;
	uint32_t number; /* in the name */
	uint16_t id;
	uint8_t route;
	uint8_t kind; /* w, l, t: see outage_servers.c */
	uint8_t ends;
	uint8_t rcode;
	bool repeats; /* a copy of a query that waits: this one is dropped and that one answered */
	bool again; /* retransmitted, or a name queried before: may join or be cached */
	bool dead; /* its group was known to be dead when it arrived */
	bool answered; /* or dropped */
	uint32_t asks; /* upstream queries that were sent for it */
};

struct reply_event {
	uint64_t at_ms;
	uint64_t order;
	uint64_t number; /* of the exchange */
	enum saying {
		SAYS_NOTHING,
		SAYS_REFUSED, /* ICMP or RST */
		SAYS_ANSWER,
		SAYS_CUT, /* TC */
		SAYS_SERVFAIL,
		SAYS_REFUSES,
		SAYS_GARBAGE,
	} saying;
};

struct stop {
	uint64_t at_ms;
	uint32_t ms;
};

struct schedule {
	unsigned long seed;
	uint64_t dice;
	struct server servers[SERVERS_MAX];
	unsigned server_count;
	struct route routes[ROUTES_MAX];
	unsigned route_count;
	struct stop stops[STOPS_MAX];
	unsigned stop_count;
	uint64_t end_ms; /* of the clients' queries */
	uint64_t now_ms;
	unsigned gap_ms; /* between queries of clients, on average */
	unsigned names; /* 0: each query has a name of its own */
	bool healthy; /* no faults at all */
	bool trace; /* print all events */

	struct s53_registry *registry;
	struct s53_counters counters;
	struct s53_resolver_shared shared;
	struct s53_exchanger *exchanger;
	struct s53_resolver *resolver;
	struct s53_policy policy;

	struct asker *askers;
	unsigned asker_count, asker_room;
	struct reply_event *replies; /* a heap */
	unsigned reply_count, reply_room;
	uint64_t reply_order;
	uint64_t next_client_ms;
	uint8_t *room;
	unsigned long probes;
};

/* outage.c */
void tell(const struct schedule *schedule, const char *format, ...) S53_PRINTF(2, 3);
_Noreturn void broken(const struct schedule *schedule, const char *format, ...) S53_PRINTF(2, 3);
unsigned dice(struct schedule *schedule, unsigned bound);
void describe(const struct schedule *schedule, FILE *out);

/* outage_servers.c */
const char *mode_name(enum mode mode);
const struct span *span_at(const struct server *server, uint64_t now_ms);
/* The server's response to a query that arrives now, and after how long. */
enum saying server_says(struct schedule *schedule, const struct server *server, char kind,
    enum s53_protocol over, uint32_t *after_ms);
/* It gives no valid response in this mode. */
bool is_dead(enum mode mode);
/* Computes the guaranteed times of all spans. */
void promise(struct server *server);

/* outage_play.c */
void play(struct schedule *schedule);

/* outage_check.c */
void check_state(const struct schedule *schedule);
void check_probe(const struct schedule *schedule, struct server *server);
void check_asker(const struct schedule *schedule, const struct asker *asker);
void check_end(const struct schedule *schedule);
