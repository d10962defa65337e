/* SPDX-License-Identifier: ISC
 *
 * health.h - the health of a server: its states, the reasons for them, and its health check.
 *
 * Layer    upstream
 * Threads  plain values, any
 * Units    ms; seconds where the name says so
 *
 * Each server has a record for UDP and one for TCP: a firewall may pass only one of them.
 */
#pragma once

#include <stdio.h>

#include <split53/addr.h>
#include <split53/name.h>

enum s53_protocol { S53_OVER_UDP, S53_OVER_TCP, S53_PROTOCOLS };

enum s53_health_state {
	S53_HEALTH_UP, /* gets queries by the group's policy; also while nothing is known */
	S53_HEALTH_SUSPECT, /* signs of trouble: gets queries when no server is up */
	S53_HEALTH_STALLED, /* alive but not ready: no response to queries that need work */
	S53_HEALTH_DOWN, /* does not respond: gets queries when all others are down, too */
	S53_HEALTH_PROBING, /* down, and a probe is under way */
	S53_HEALTH_RECOVERING, /* was down and responds again: needs a few responses to be up */
	S53_HEALTH_SILENT, /* as down, but queries wait for it where it is the only server */
	S53_HEALTH_STATES
};

/* Is it marked dead: down, with or without a probe under way? */
static inline bool
s53_health_is_dead(enum s53_health_state state)
{
	return state == S53_HEALTH_DOWN || state == S53_HEALTH_PROBING;
}

/* Does it not respond: dead, or silent? */
static inline bool
s53_health_is_down(enum s53_health_state state)
{
	return s53_health_is_dead(state) || state == S53_HEALTH_SILENT;
}

/* Why a server is not up; of one that is up, its last failure. */
enum s53_health_reason {
	S53_REASON_NONE,
	S53_REASON_TIMEOUT, /* no response */
	S53_REASON_OVERDUE, /* no response yet; responses are overdue */
	S53_REASON_REFUSED, /* ICMP port unreachable, RST */
	S53_REASON_UNREACHABLE, /* no route to the host */
	S53_REASON_GARBAGE, /* what arrives is no response to the query */
	S53_REASON_RCODE, /* a failure rcode where other servers do well */
	S53_REASON_LOSS, /* too many queries or responses get lost */
	S53_REASON_NOT_READY, /* responds to the liveness probe, not to the readiness probe */
	S53_REASON_LOOP, /* forwards our queries back to us */
	S53_REASONS
};

/*
 * Texts for the log, the dump and metrics: "up", "suspect", ...; "does not answer", "refused", ...
 */
const char *s53_health_state_name(enum s53_health_state state);
const char *s53_health_reason_name(enum s53_health_reason reason);

/* What an operator says of a server, whatever its health is. */
enum s53_admin {
	S53_ADMIN_AUTO, /* its health decides */
	S53_ADMIN_UP, /* treated as up, whatever happens; health is observed all the same */
	S53_ADMIN_DOWN, /* gets no query and no probe */
};
const char *s53_admin_name(enum s53_admin admin); /* "auto", "up", "down" */

/* Queries to a server that brought no answer, by cause. */
enum s53_failure {
	S53_FAILURE_TIMEOUT, /* no response */
	S53_FAILURE_GARBAGE, /* what arrived was no response to the query */
	S53_FAILURE_REFUSED, /* ICMP port unreachable, RST */
	S53_FAILURE_UNREACHABLE, /* no route to the host */
	S53_FAILURE_RCODE, /* a failure rcode where another server did well */
	S53_FAILURE_LOOP, /* our own query came back */
	S53_FAILURES
};
const char *s53_failure_name(enum s53_failure failure); /* "timeout", "garbage", ... */

enum s53_probe_mode {
	S53_PROBE_MODE_LAZY, /* probe only while live traffic does not prove health */
	S53_PROBE_MODE_ALWAYS, /* the same, and every interval while it does */
	S53_PROBE_MODE_NEVER, /* no probes: live traffic alone decides */
};

/* The health-check statement of one server. */
struct s53_health_check {
	enum s53_probe_mode mode;
	struct s53_name name; /* of the readiness probe, which needs real work */
	struct s53_name liveness; /* of the liveness probe, type A */
	uint16_t type;
	uint32_t accept; /* bit R is set: rcode R (0 to 31) proves readiness */
	uint32_t interval_s; /* least time between two probes */
	uint32_t interval_max_s; /* greatest time between two probes of a dead server */
	uint32_t timeout_ms; /* of one probe; longer for a server that is known to be slow */
	unsigned rise; /* replies in a row until it is up */
	unsigned fall; /* failures in a row until it is down */
	/*
	 * The silence, counted from the first unanswered query, after which it is down. 0: queries
	 * never wait for it.
	 */
	uint32_t down_after_ms;
};

#define S53_PROBE_INTERVAL_S 1
#define S53_PROBE_INTERVAL_MAX_S 30
#define S53_PROBE_TIMEOUT_MS 1000
#define S53_PROBE_RISE 2
#define S53_PROBE_FALL 3
#define S53_PROBE_DOWN_AFTER_MS 5000 /* of the only server of a group, or the query timeout */
#define S53_PROBE_ACCEPT (UINT32_C(1) << 0 | UINT32_C(1) << 3) /* NOERROR, NXDOMAIN */

#define S53_PROBE_ACCEPT_SERVFAIL (UINT32_C(1) << 2)

/*
 * The defaults for a server of the zone `apex` (lower case). The readiness probe is SOA of the
 * apex, which a Consul agent answers only if there is a leader; `. NS` for the root. Below arpa
 * SERVFAIL is accepted. The liveness probe is that of s53_health_check_set_liveness().
 */
void s53_health_check_init(struct s53_health_check *check, const struct s53_name *apex);

/*
 * The liveness probe for a server of the zone `apex`: a name in the zone that any running server
 * answers at once, whatever the rcode, without servers of its own.
 */
void s53_health_check_set_liveness(struct s53_health_check *check, const struct s53_name *apex);

/* A copy of one protocol's record. */
struct s53_health_report {
	enum s53_health_state state;
	enum s53_health_reason reason; /* why it is not up; when it is up, of its last failure */
	uint64_t since_ms; /* since when it is in this state */
	bool asked; /* anything was ever sent to it */
	bool has_rtt;
	uint32_t rtt_ms, variation_ms; /* RFC 6298 s2 */
	uint32_t loss_permille;
	uint32_t failed_permille; /* replies that were failures */
	unsigned timeouts_in_row;
	uint64_t answered_at_ms, failed_at_ms; /* last reply and last failure; 0: never */
	uint64_t next_probe_ms; /* 0: no probe is due */
};

/* All that is known of a server. */
struct s53_upstream_report {
	struct s53_addr addr;
	struct s53_health_report path[S53_PROTOCOLS];
	enum s53_admin admin;
	uint64_t asked; /* queries in all, over both protocols */
	uint64_t failures[S53_FAILURES]; /* over both protocols */
	uint32_t in_flight;
	uint32_t no_edns_s; /* for how long queries go without EDNS; 0: they have EDNS */
	uint32_t no_case_s; /* for how long S53_QUIRK_NO_CASE stays set; 0: it is not */
	uint32_t one_per_connection_s; /* S53_QUIRK_ONE_PER_CONNECTION */
	uint32_t case_matters_s; /* S53_QUIRK_CASE_MATTERS */
	uint32_t no_ad_s; /* S53_QUIRK_NO_AD */
};
