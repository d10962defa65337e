/* SPDX-License-Identifier: ISC
 *
 * health.h - one record: what a server's answers over one protocol have shown, and the table of
 * states.
 *
 * Layer    upstream, private to health.c, server.c, group.c and probing.c
 * Threads  its upstream's lock guards it, but for what is marked as read without one
 * Units    ms
 *
 * The table (health.c) says where a signal leads from each state; signals are made here from signs
 * (live traffic) and the ends of probes:
 *
 *   ANSWER   an answer, not yet `rise` of them in a row
 *   RISE     that many. In STALLED only probes for work count
 *   DOUBT    two late ones in a row with nothing answered since; or loss over a tenth; or nearly
 *            all answers being failures where others do well; or a loop
 *   HELD     a probe for work is not answered while the server answers other things
 *   FALL     `fall` failures in a row, a second or more (or RTT and 4 variations, when that is
 *            longer) since the first of them left, nothing answered since
 *   REFUSE   refused or unreachable
 *   PROBE    a probe leaves
 */
#pragma once

#include <split53/health.h>
#include <split53/upstream.h>

enum health_signal {
	SIGNAL_ANSWER,
	SIGNAL_RISE,
	SIGNAL_DOUBT,
	SIGNAL_HELD,
	SIGNAL_FALL,
	SIGNAL_REFUSE,
	SIGNAL_PROBE,
	SIGNAL_COUNT
};

/* Where `signal` leads from `state`. */
enum s53_health_state health_next(enum s53_health_state state, enum health_signal signal);
