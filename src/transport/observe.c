/* SPDX-License-Identifier: ISC
 *
 * observe.c - records in a server's health what its exchanges and flows have shown.
 *
 * Nothing is recorded for a query that was sent before this process was suspended (stopped, or
 * with its machine): a response may have arrived and been dropped meanwhile, and the elapsed time
 * is not the server's.
 */
#include "observe.h"

#include <split53/clock.h>
#include <split53/traffic.h>

#include "endpoint.h"

void
s53_exchange_observe(const struct s53_exchange *exchange, enum s53_observed event, uint64_t now_ms)
{
	struct s53_observation sign = { .event = event,
		.over = exchange->on_tcp ? S53_OVER_TCP : S53_OVER_UDP,
		.waited_ms = (uint32_t)s53_clock_since_ms(exchange->sent_at_ms, now_ms),
		.resumed_ms = exchange->exchanger->wheel.resumed_ms };

	if (exchange->sent_at_ms >= exchange->exchanger->wheel.resumed_ms)
		s53_upstream_observe(exchange->endpoint->upstream, sign, now_ms);
}

void
s53_exchange_observe_reply(
    const struct s53_exchange *exchange, const uint8_t *octets, uint64_t now_ms)
{
	uint64_t now_ns = s53_clock_ns();

	if (!exchange->on_tcp && s53_header_count(octets, S53_QUESTION) == 0)
		return;
	s53_upstream_count_response(exchange->endpoint->upstream, s53_header_rcode(octets),
	    now_ns > exchange->sent_at_ns ? now_ns - exchange->sent_at_ns : 0);
	s53_exchange_observe(exchange, S53_OBSERVED_ANSWERED, now_ms);
}

void
s53_exchange_observe_timeout(const struct s53_exchange *exchange, uint64_t now_ms)
{
	if (exchange->alive || exchange->unproven)
		return;
	s53_exchange_observe(
	    exchange, exchange->garbled ? S53_OBSERVED_GARBLED : S53_OBSERVED_TIMEOUT, now_ms);
}

void
s53_exchange_observe_overdue(struct s53_exchange *exchange, uint64_t now_ms)
{
	if (exchange->overdue_observed || exchange->alive || exchange->unproven)
		return;
	exchange->overdue_observed = true;
	s53_count(exchange->exchanger->counters, S53_C_EXCHANGE_OVERDUE);
	s53_upstream_count(exchange->endpoint->upstream, S53_TRAFFIC_OVERDUE);
	s53_exchange_observe(exchange, S53_OBSERVED_OVERDUE, now_ms);
}

void
s53_endpoint_observe(struct s53_endpoint *endpoint, enum s53_protocol over, enum s53_observed event,
    uint64_t used_ms)
{
	const struct s53_wheel *wheel = &endpoint->exchanger->wheel;
	struct s53_observation sign = { .event = event,
		.over = over,
		.waited_ms = (uint32_t)s53_clock_since_ms(used_ms, wheel->now_ms),
		.resumed_ms = wheel->resumed_ms };

	if (used_ms >= wheel->resumed_ms)
		s53_upstream_observe(endpoint->upstream, sign, wheel->now_ms);
}

void
s53_endpoint_observe_end(struct s53_endpoint *endpoint, enum s53_protocol over,
    enum s53_exchange_end end, uint64_t used_ms)
{
	if (end == S53_EXCHANGE_REFUSED)
		s53_endpoint_observe(endpoint, over, S53_OBSERVED_REFUSED, used_ms);
	else if (end == S53_EXCHANGE_UNREACHABLE)
		s53_endpoint_observe(endpoint, over, S53_OBSERVED_UNREACHABLE, used_ms);
	else if (end == S53_EXCHANGE_TIMEOUT)
		s53_endpoint_observe(endpoint, over, S53_OBSERVED_TIMEOUT, used_ms);
}
