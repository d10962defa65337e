/* SPDX-License-Identifier: ISC
 *
 * notes.c - what the exchanger has seen of a server, told to the server's record.
 *
 * What was under way while this process stood still is not told: its answer may have come and gone,
 * and its time is not the server's.
 */
#include "inside.h"

#include <split53/clock.h>

void
s53_exchange_note(
    const struct s53_exchange *exchange, enum s53_upstream_event event, uint64_t now_ms)
{
	struct s53_upstream_sign sign = { .event = event,
		.over = exchange->on_tcp ? S53_OVER_TCP : S53_OVER_UDP,
		.waited_ms = (uint32_t)s53_clock_since_ms(exchange->sent_ms, now_ms),
		.stood_ms = exchange->exchanger->wheel.stood_ms };

	if (exchange->sent_ms >= exchange->exchanger->wheel.stood_ms)
		s53_upstream_note(exchange->lane->upstream, sign, now_ms);
}

void
s53_exchange_note_vain(const struct s53_exchange *exchange, uint64_t now_ms)
{
	if (exchange->lives)
		return;
	s53_exchange_note(
	    exchange, exchange->garbled ? S53_UPSTREAM_GARBLED : S53_UPSTREAM_TIMEOUT, now_ms);
}

void
s53_exchange_note_late(struct s53_exchange *exchange, uint64_t now_ms)
{
	if (exchange->late_noted || exchange->lives)
		return;
	exchange->late_noted = true;
	s53_count(exchange->exchanger->counters, S53_C_EXCHANGE_LATE);
	s53_exchange_note(exchange, S53_UPSTREAM_LATE, now_ms);
}

void
s53_lane_note(
    struct s53_lane *lane, enum s53_protocol over, enum s53_upstream_event event, uint64_t used_ms)
{
	const struct s53_wheel *wheel = &lane->exchanger->wheel;
	struct s53_upstream_sign sign = { .event = event,
		.over = over,
		.waited_ms = (uint32_t)s53_clock_since_ms(used_ms, wheel->now_ms),
		.stood_ms = wheel->stood_ms };

	if (used_ms >= wheel->stood_ms)
		s53_upstream_note(lane->upstream, sign, wheel->now_ms);
}

void
s53_lane_note_end(
    struct s53_lane *lane, enum s53_protocol over, enum s53_exchange_end end, uint64_t used_ms)
{
	if (end == S53_EXCHANGE_REFUSED)
		s53_lane_note(lane, over, S53_UPSTREAM_REFUSED, used_ms);
	else if (end == S53_EXCHANGE_UNREACHABLE)
		s53_lane_note(lane, over, S53_UPSTREAM_UNREACHABLE, used_ms);
	else if (end == S53_EXCHANGE_TIMEOUT)
		s53_lane_note(lane, over, S53_UPSTREAM_TIMEOUT, used_ms);
}
