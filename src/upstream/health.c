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
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_UP,
	},
	[S53_HEALTH_SUSPECT] = {
	    [SIGNAL_REPLY] = S53_HEALTH_SUSPECT,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_SUSPECT,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_SUSPECT,
	},
	[S53_HEALTH_STALLED] = {
	    [SIGNAL_REPLY] = S53_HEALTH_STALLED,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_STALLED,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_STALLED,
	},
	[S53_HEALTH_DOWN] = {
	    [SIGNAL_REPLY] = S53_HEALTH_RECOVERING,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_DOWN,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_PROBING,
	},
	[S53_HEALTH_PROBING] = {
	    [SIGNAL_REPLY] = S53_HEALTH_RECOVERING,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_PROBING,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_PROBING,
	},
	[S53_HEALTH_RECOVERING] = {
	    [SIGNAL_REPLY] = S53_HEALTH_RECOVERING,
	    [SIGNAL_RISE] = S53_HEALTH_UP,
	    [SIGNAL_SUSPECT] = S53_HEALTH_RECOVERING,
	    [SIGNAL_NOT_READY] = S53_HEALTH_STALLED,
	    [SIGNAL_FALL] = S53_HEALTH_DOWN,
	    [SIGNAL_REFUSED] = S53_HEALTH_DOWN,
	    [SIGNAL_PROBE] = S53_HEALTH_RECOVERING,
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
		"probing", "recovering" };

	return names[state];
}

const char *
s53_health_reason_name(enum s53_health_reason reason)
{
	static const char *const names[S53_REASONS] = {
		[S53_REASON_NONE] = "none",
		[S53_REASON_TIMEOUT] = "does not answer",
		[S53_REASON_LATE] = "late",
		[S53_REASON_REFUSED] = "refused",
		[S53_REASON_UNREACHABLE] = "unreachable",
		[S53_REASON_GARBAGE] = "answers with garbage",
		[S53_REASON_RCODE] = "answers with failures",
		[S53_REASON_LOSS] = "loses questions",
		[S53_REASON_NOT_READY] = "holds questions",
		[S53_REASON_LOOP] = "asks us in a loop",
	};

	return names[reason];
}

void
s53_health_check_init(struct s53_health_check *check, const struct s53_name *apex)
{
	static const uint8_t arpa[] = { 4, 'a', 'r', 'p', 'a', 0 };
	bool is_root = apex->len <= 1;
	bool is_reverse = apex->len >= sizeof arpa &&
	    memcmp(apex->octets + apex->len - sizeof arpa, arpa, sizeof arpa) == 0;

	*check = (struct s53_health_check){
		.mode = S53_CHECK_LAZY,
		.type = is_root ? 2 : 6, /* NS, SOA: RFC 1035 s3.2.2 */
		/* Consul up to 1.17 answers SERVFAIL to unknown names of a reverse zone. */
		.accept = is_reverse ? S53_CHECK_ACCEPT | S53_CHECK_SERVFAIL : S53_CHECK_ACCEPT,
		.interval_s = S53_CHECK_INTERVAL_S,
		.interval_max_s = S53_CHECK_INTERVAL_MAX_S,
		.timeout_ms = S53_CHECK_TIMEOUT_MS,
		.rise = S53_CHECK_RISE,
		.fall = S53_CHECK_FALL,
	};
	check->name.len = 1;
	if (!is_root)
		s53_name_copy(&check->name, apex);
}
