/* SPDX-License-Identifier: ISC
 *
 * health.c - the table of states, the names of states and reasons, and the default health check.
 */
#include "record.h"

#include <string.h>

static const uint8_t table[S53_HEALTH_STATES][SIGNAL_COUNT] = {
	[S53_HEALTH_UP] = {
	    [SIGNAL_REPLY] = S53_HEALTH_UP,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_SUSPECT,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_SILENT] = S53_HEALTH_SILENT,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_UP,
	},
	[S53_HEALTH_SUSPECT] = {
	    [SIGNAL_REPLY] = S53_HEALTH_SUSPECT,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_SUSPECT,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_SILENT] = S53_HEALTH_SILENT,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_SUSPECT,
	},
	[S53_HEALTH_STALLED] = {
	    [SIGNAL_REPLY] = S53_HEALTH_STALLED,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_STALLED,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_SILENT] = S53_HEALTH_SILENT,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_STALLED,
	},
	[S53_HEALTH_DOWN] = {
	    [SIGNAL_REPLY] = S53_HEALTH_RECOVERING,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_DOWN,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_SILENT] = S53_HEALTH_DOWN,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_PROBING,
	},
	[S53_HEALTH_PROBING] = {
	    [SIGNAL_REPLY] = S53_HEALTH_RECOVERING,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_PROBING,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_SILENT] = S53_HEALTH_DOWN,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_PROBING,
	},
	[S53_HEALTH_RECOVERING] = {
	    [SIGNAL_REPLY] = S53_HEALTH_RECOVERING,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_RECOVERING,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_SILENT] = S53_HEALTH_SILENT,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_RECOVERING,
	},
	[S53_HEALTH_SILENT] = {
	    [SIGNAL_REPLY] = S53_HEALTH_RECOVERING,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_SILENT,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_SILENT] = S53_HEALTH_SILENT,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_SILENT,
	},
};

enum s53_health_state
health_next(enum s53_health_state state, enum health_signal signal)
{
	return (enum s53_health_state)table[state][signal];
}

const char *
s53_health_state_name(enum s53_health_state state)
{
	static const char *const names[S53_HEALTH_STATES] = { "up", "suspect", "stalled", "down",
		"probing", "recovering", "silent" };

	return names[state];
}

const char *
s53_health_reason_name(enum s53_health_reason reason)
{
	static const char *const names[S53_REASONS] = {
		[S53_REASON_NONE] = "none",
		[S53_REASON_TIMEOUT] = "does not respond",
		[S53_REASON_OVERDUE] = "slow",
		[S53_REASON_REFUSED] = "refused",
		[S53_REASON_UNREACHABLE] = "unreachable",
		[S53_REASON_GARBAGE] = "sends garbage",
		[S53_REASON_RCODE] = "responds with failures",
		[S53_REASON_LOSS] = "loses queries",
		[S53_REASON_NOT_READY] = "not ready",
		[S53_REASON_LOOP] = "forwarding loop",
	};

	return names[reason];
}

const char *
s53_admin_name(enum s53_admin admin)
{
	static const char *const names[] = { "auto", "up", "down" };

	return names[admin];
}

const char *
s53_failure_name(enum s53_failure failure)
{
	static const char *const names[S53_FAILURES] = { "timeout", "garbage", "refused",
		"unreachable", "rcode", "loop" };

	return names[failure];
}

static bool
is_reverse(const struct s53_name *apex)
{
	static const struct s53_name arpa = { .len = 6, .octets = "\4arpa" };

	return s53_name_is_at_or_below(apex, &arpa);
}

/* Is it a domain of Consul's in which labels are the name of a service or node? */
static bool
has_word_of_consul(const struct s53_name *apex)
{
	static const char *const words[] = { "\4addr", "\4node", "\5query", "\7service",
		"\7connect", "\7ingress", "\7virtual" };
	const uint8_t *label = apex->octets;

	for (; *label != 0; label += 1 + *label) {
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
			if (*label == (uint8_t)words[i][0] &&
			    memcmp(label + 1, words[i] + 1, *label) == 0)
				return true;
		}
	}
	return false;
}

/*
 * RD is clear in a liveness probe, so a recursor answers from its cache, with a referral or
 * REFUSED; an authoritative server answers NXDOMAIN. A Consul agent ignores RD: it needs a leader
 * for all names except those of addresses, `<hex>.addr`, and malformed ones. Caching servers answer
 * `localhost` by themselves (RFC 6761 s6.3), even those that ignore queries without RD.
 */
void
s53_health_check_set_liveness(struct s53_health_check *check, const struct s53_name *apex)
{
	static const uint8_t localhost[] = "\11localhost",
			     address[] = "\010"
					 "00000000\4addr";
	struct s53_name *name = &check->liveness;
	size_t first_len = sizeof(address) - 1;

	if (apex->len <= 1) {
		memcpy(name->octets, localhost, sizeof(localhost));
		name->len = sizeof(localhost);
	} else if (is_reverse(apex) || has_word_of_consul(apex) ||
	    first_len + apex->len > S53_NAME_MAX) {
		s53_name_copy(name, apex);
	} else {
		memcpy(name->octets, address, first_len);
		memcpy(name->octets + first_len, apex->octets, apex->len);
		name->len = (uint8_t)(first_len + apex->len);
	}
}

void
s53_health_check_init(struct s53_health_check *check, const struct s53_name *apex)
{
	bool is_root = apex->len <= 1;

	*check = (struct s53_health_check){
		.mode = S53_PROBE_MODE_LAZY,
		.type = is_root ? 2 : 6, /* NS, SOA: RFC 1035 s3.2.2 */
		/* Consul up to 1.17 answers SERVFAIL to unknown names of a reverse zone. */
		.accept = is_reverse(apex) ? S53_PROBE_ACCEPT | S53_PROBE_ACCEPT_SERVFAIL
					   : S53_PROBE_ACCEPT,
		.interval_s = S53_PROBE_INTERVAL_S,
		.interval_max_s = S53_PROBE_INTERVAL_MAX_S,
		.timeout_ms = S53_PROBE_TIMEOUT_MS,
		.rise = S53_PROBE_RISE,
		.fall = S53_PROBE_FALL,
	};
	check->name.len = 1;
	if (!is_root)
		s53_name_copy(&check->name, apex);
	s53_health_check_set_liveness(check, apex);
}
