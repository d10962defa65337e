/* SPDX-License-Identifier: ISC
 *
 * health.h - what is known of a server: its states, why it is in one, and how it is checked.
 *
 * Layer    upstream
 * Threads  plain values, any
 * Units    ms, seconds where the name says so
 *
 * Each server has a record for UDP and one for TCP: a firewall may pass one of them only.
 */
#pragma once

#include <stdio.h>

#include <split53/addr.h>
#include <split53/name.h>

enum s53_protocol { S53_OVER_UDP, S53_OVER_TCP, S53_PROTOCOLS };

enum s53_health_state {
	S53_HEALTH_UP, /* asked as the group's policy says; also while nothing is known */
	S53_HEALTH_SUSPECT, /* signs of trouble: asked when nobody better is there */
	S53_HEALTH_STALLED, /* alive, but holds the questions that need work */
	S53_HEALTH_DOWN, /* does not answer: asked when all others are down too */
	S53_HEALTH_PROBING, /* down, and a probe is under way */
	S53_HEALTH_RECOVERING, /* was down and answers again: has to do so a few times */
	S53_HEALTH_STATES
};

/* Down, and a probe may be under way. */
static inline bool
s53_health_is_down(enum s53_health_state state)
{
	return state == S53_HEALTH_DOWN || state == S53_HEALTH_PROBING;
}

/* Why a server is not up, or what its last failure was. */
enum s53_health_reason {
	S53_REASON_NONE,
	S53_REASON_TIMEOUT, /* no answer at all */
	S53_REASON_LATE, /* none so far, and others are quicker */
	S53_REASON_REFUSED, /* ICMP port unreachable, RST */
	S53_REASON_UNREACHABLE, /* no way to the host */
	S53_REASON_GARBAGE, /* what comes is no answer to what was asked */
	S53_REASON_RCODE, /* answers what others answer well with a failure */
	S53_REASON_LOSS, /* too many questions or answers get lost */
	S53_REASON_NOT_READY, /* answers, but not what needs work */
	S53_REASON_LOOP, /* asks us what we ask it */
	S53_REASONS
};

/* "up", "suspect" ...; "does not answer", "refused" ...: for the log, the dump and metrics. */
const char *s53_health_state_name(enum s53_health_state state);
const char *s53_health_reason_name(enum s53_health_reason reason);

enum s53_check_mode {
	S53_CHECK_LAZY, /* probes while live traffic does not prove health */
	S53_CHECK_ALWAYS, /* and while it does, every interval */
	S53_CHECK_NEVER, /* live traffic alone decides */
};

/* health-check { } of one server. */
struct s53_health_check {
	enum s53_check_mode mode;
	struct s53_name name; /* of the question that needs real work */
	uint16_t type;
	uint32_t accept; /* bit R: rcode R (0 to 31) proves health */
	uint32_t interval_s; /* floor of the back-off */
	uint32_t interval_max_s; /* its ceiling */
	uint32_t timeout_ms; /* of one probe; a server known to be slower gets longer */
	unsigned rise; /* answers in a row until it is up */
	unsigned fall; /* failures in a row until it is down */
};

#define S53_CHECK_INTERVAL_S 1
#define S53_CHECK_INTERVAL_MAX_S 30
#define S53_CHECK_TIMEOUT_MS 1000
#define S53_CHECK_RISE 2
#define S53_CHECK_FALL 3
#define S53_CHECK_ACCEPT (UINT32_C(1) << 0 | UINT32_C(1) << 3) /* NOERROR, NXDOMAIN */

#define S53_CHECK_SERVFAIL (UINT32_C(1) << 2)

/*
 * The defaults, for a server that is asked for the names below `apex` (lower case): SOA of it,
 * which a Consul agent answers only with a leader; `. NS` for the root. Below arpa SERVFAIL is
 * accepted.
 */
void s53_health_check_init(struct s53_health_check *check, const struct s53_name *apex);

/* One protocol's record, copied out. */
struct s53_health_report {
	enum s53_health_state state;
	enum s53_health_reason reason; /* why it is not up; of the last failure when it is */
	uint64_t since_ms; /* of the state */
	bool asked; /* ever */
	bool has_rtt;
	uint32_t rtt_ms, variation_ms; /* RFC 6298 s2 */
	uint32_t loss_permille;
	uint32_t failed_permille; /* answers that led elsewhere */
	unsigned timeouts_in_row;
	uint64_t answered_at_ms, failed_at_ms; /* the last time; 0: never */
	uint64_t next_probe_ms; /* 0: none is due */
};

/* All that is known of a server. */
struct s53_upstream_report {
	struct s53_addr addr;
	struct s53_health_report path[S53_PROTOCOLS];
	uint32_t asked; /* questions in all, over both; wraps */
	uint32_t in_flight;
	uint32_t no_edns_s; /* for how long EDNS is left out yet, 0: it is not */
	uint32_t no_case_s; /* the same: letter case does not come back */
};
