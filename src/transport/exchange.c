/* SPDX-License-Identifier: ISC
 *
 * exchange.c - the life of an exchange: start, overdue, response, end.
 *
 *   start -> UDP --response--> end
 *        \      \--response with TC--> TCP
 *         TCP --response--> end
 *
 * and from every state: timeout, refused, unreachable, no resources, cancelled. A cancelled
 * exchange may await its late reply (late_reply.c).
 */
#include "exchanger.h"

#include <stdlib.h>

#include <split53/clock.h>
#include <split53/traffic.h>

#include "endpoint.h"
#include "late_reply.h"
#include "observe.h"
#include "stream.h"

#define SPARES_MAX 1024 /* exchanges kept for the next ones */

static struct s53_exchange *
exchange_of(struct s53_link *link)
{
	return S53_CONTAINER_OF(link, struct s53_exchange, link);
}

void
s53_exchange_deactivate(struct s53_exchange *exchange)
{
	s53_upstream_end(exchange->endpoint->upstream);
	exchange->endpoint->exchange_count--;
	exchange->exchanger->pending--;
	exchange->active = false;
}

/* Remove it from its timer, its flow and the list of failed exchanges. */
static void
detach(struct s53_exchange *exchange)
{
	s53_wheel_cancel(&exchange->exchanger->wheel, &exchange->timer);
	s53_exchange_deactivate(exchange);
	s53_flow_remove(exchange);
	s53_list_remove(&exchange->link); /* it may be in exchanger->failed, or wait */
}

void
s53_exchange_recycle(struct s53_exchange *exchange)
{
	struct s53_exchanger *exchanger = exchange->exchanger;

	if (exchanger->spare_count >= SPARES_MAX) {
		free(exchange);
		return;
	}
	exchanger->spare_count++;
	s53_list_push(&exchanger->spare, &exchange->link);
}

void
s53_exchange_finish(
    struct s53_exchange *exchange, enum s53_exchange_end end, uint8_t *octets, size_t len)
{
	detach(exchange);
	exchange->ask.done(exchange->ask.arg, exchange, end, octets, len);
	/* not before: during done() its pointer identifies no other exchange */
	s53_exchange_recycle(exchange);
}

static void
count_end(const struct s53_exchange *exchange, enum s53_exchange_end end)
{
	static const struct {
		enum s53_counter counter;
		enum s53_traffic_kind traffic;
	} ends[] = {
		[S53_EXCHANGE_TIMEOUT] = { S53_C_EXCHANGE_TIMEOUT, S53_TRAFFIC_TIMEOUT },
		[S53_EXCHANGE_REFUSED] = { S53_C_EXCHANGE_REFUSED, S53_TRAFFIC_NOT_LISTENING },
		[S53_EXCHANGE_UNREACHABLE] = { S53_C_EXCHANGE_UNREACHABLE,
		    S53_TRAFFIC_UNREACHABLE },
		[S53_EXCHANGE_GARBLED] = { S53_C_EXCHANGE_MALFORMED, S53_TRAFFIC_GARBAGE },
	};

	if (end != S53_EXCHANGE_TIMEOUT && end != S53_EXCHANGE_REFUSED &&
	    end != S53_EXCHANGE_UNREACHABLE && end != S53_EXCHANGE_GARBLED)
		return;
	s53_count(exchange->exchanger->counters, ends[end].counter);
	s53_upstream_count(exchange->endpoint->upstream, ends[end].traffic);
}

void
s53_exchange_fail(struct s53_exchange *exchange, enum s53_exchange_end end)
{
	struct s53_exchanger *exchanger = exchange->exchanger;

	if (exchange->awaits_late_reply) {
		s53_late_reply_forget(exchange);
		return;
	}
	s53_flow_remove(exchange);
	s53_wheel_cancel(&exchanger->wheel, &exchange->timer);
	count_end(exchange, end);
	exchange->end = end;
	exchange->failed = true;
	s53_list_append(&exchanger->failed, &exchange->link);
	s53_exchanger_defer(exchanger);
}

void
s53_exchange_arm(struct s53_exchange *exchange, uint64_t now_ms)
{
	bool has_overdue =
	    exchange->overdue_at_ms != 0 && exchange->overdue_at_ms < exchange->end_at_ms;

	s53_wheel_add(&exchange->exchanger->wheel, &exchange->timer,
	    has_overdue ? exchange->overdue_at_ms : exchange->end_at_ms, now_ms);
}

/* The caller may query another server now. The exchange may be gone when this returns. */
static void
call_overdue(struct s53_exchange *exchange, uint64_t now_ms)
{
	exchange->overdue_at_ms = 0;
	s53_exchange_arm(exchange, now_ms);
	exchange->ask.overdue(exchange->ask.arg, exchange);
}

/*
 * The response was truncated: repeat the query over TCP (RFC 7766 s5). If TCP is known to be down,
 * call overdue() at once. Otherwise allow time for a handshake and a response; without that
 * allowance each response of that size would cause a hedge. From here on an overdue response is not
 * recorded, because the wait covers more than one round trip.
 */
static void
continue_over_tcp(struct s53_exchange *exchange, uint64_t now_ms)
{
	const struct s53_upstream *upstream = exchange->endpoint->upstream;

	s53_count(exchange->exchanger->counters, S53_C_EXCHANGE_TCP_ON_TC);
	s53_upstream_count(exchange->endpoint->upstream, S53_TRAFFIC_TCP_FALLBACK);
	s53_flow_remove(exchange);
	s53_stream_send(exchange, now_ms);
	exchange->overdue_observed = true;
	if (exchange->overdue_at_ms == 0 || exchange->failed)
		return;
	if (s53_health_is_down(s53_upstream_path_state(upstream, S53_OVER_TCP))) {
		call_overdue(exchange, now_ms);
		return;
	}
	exchange->overdue_at_ms = now_ms + 2 * s53_upstream_hedge_ms(upstream);
	s53_exchange_arm(exchange, now_ms);
}

/*
 * Over TCP only the server can have sent what check() has rejected: the exchange ends, and a
 * server that mixes up responses gets no more queries on this connection. Queries that wait there
 * may still be answered.
 */
static void
end_garbled(struct s53_exchange *exchange, uint64_t now_ms)
{
	count_end(exchange, S53_EXCHANGE_GARBLED);
	s53_stream_retire(exchange->flow);
	s53_exchange_observe(exchange, S53_OBSERVED_GARBLED, now_ms);
	s53_exchange_finish(exchange, S53_EXCHANGE_GARBLED, NULL, 0);
}

/*
 * check() has rejected the message. It is garbage, unless only the letter case of its question
 * differs: then it shows that the server is alive.
 */
static void
on_rejected(struct s53_exchange *exchange, const uint8_t *octets, size_t len, uint64_t now_ms)
{
	if (exchange->on_tcp) {
		end_garbled(exchange, now_ms);
		return;
	}
	if (exchange->alive)
		return;
	exchange->alive = s53_late_reply_other_case(exchange, octets, len);
	if (exchange->alive)
		s53_exchange_observe(exchange, S53_OBSERVED_ANSWERED, now_ms);
	else
		exchange->garbled = true;
}

/* Only the first such message has an effect. The exchange may be gone afterwards. */
static void
on_unproven(struct s53_exchange *exchange)
{
	if (exchange->unproven)
		return;
	exchange->unproven = true;
	if (exchange->ask.overdue != NULL)
		exchange->ask.overdue(exchange->ask.arg, exchange);
}

static void
on_accepted(struct s53_exchange *exchange, uint8_t *octets, size_t len, uint64_t now_ms)
{
	exchange->flow->used_ms = now_ms;
	s53_exchange_observe_reply(exchange, octets, now_ms);
	if (exchange->on_tcp) {
		s53_stream_note_reply(exchange, now_ms);
		s53_exchange_finish(exchange, S53_EXCHANGE_ANSWERED, octets, len);
	} else if ((s53_header_flags(octets) & S53_TC) == 0) {
		s53_exchange_finish(exchange, S53_EXCHANGE_ANSWERED, octets, len);
	} else {
		continue_over_tcp(exchange, now_ms);
	}
}

/* A query (QR clear) over UDP is no message for us: it may be our own, sent back. */
static struct s53_exchange *
find_exchange(const struct s53_flow *flow, const uint8_t *octets, size_t len)
{
	struct s53_exchange *exchange =
	    len >= S53_HEADER_LEN ? s53_flow_find(flow, s53_header_id(octets)) : NULL;

	if (exchange == NULL || exchange->on_tcp || (s53_header_flags(octets) & S53_QR) != 0)
		return exchange;
	return NULL;
}

bool
s53_exchange_reply(struct s53_flow *flow, uint8_t *octets, size_t len, uint64_t now_ms)
{
	struct s53_exchange *exchange = find_exchange(flow, octets, len);

	if (exchange == NULL) {
		s53_count(flow->endpoint->exchanger->counters, S53_C_EXCHANGE_UNWANTED);
		return false;
	}
	if (exchange->awaits_late_reply) {
		s53_late_reply_take(exchange, octets, len, now_ms);
		return true;
	}
	switch (exchange->ask.check(exchange->ask.arg, exchange, octets, len)) {
	case S53_VALIDITY_ACCEPTED:
		on_accepted(exchange, octets, len, now_ms);
		break;
	case S53_VALIDITY_UNPROVEN:
		on_unproven(exchange);
		break;
	case S53_VALIDITY_REJECTED:
		on_rejected(exchange, octets, len, now_ms);
		break;
	}
	return true;
}

/* A timeout says nothing about the server if the query was never sent. */
static void
observe_end_of_wait(struct s53_exchange *exchange, uint64_t now_ms)
{
	bool blames_server = exchange->flow != NULL;

	if (exchange->on_tcp && exchange->flow != NULL)
		blames_server = !s53_stream_note_silence(exchange, now_ms);
	if (blames_server)
		s53_exchange_observe_timeout(exchange, now_ms);
}

static void
on_timer(struct s53_timer *timer)
{
	struct s53_exchange *exchange = S53_CONTAINER_OF(timer, struct s53_exchange, timer);
	struct s53_exchanger *exchanger = exchange->exchanger;
	uint64_t now_ms = exchanger->wheel.now_ms;

	if (exchange->overdue_at_ms != 0 && exchange->overdue_at_ms < exchange->end_at_ms) {
		if (!exchange->overdue_early)
			s53_exchange_observe_overdue(exchange, now_ms);
		exchange->overdue_early = false;
		call_overdue(exchange, now_ms);
		return;
	}
	count_end(exchange, S53_EXCHANGE_TIMEOUT);
	observe_end_of_wait(exchange, now_ms);
	s53_exchange_finish(exchange, S53_EXCHANGE_TIMEOUT, NULL, 0);
}

static struct s53_exchange *
exchange_object(struct s53_exchanger *exchanger)
{
	struct s53_link *spare = s53_list_pop(&exchanger->spare);

	if (spare == NULL)
		return malloc(sizeof(struct s53_exchange));
	exchanger->spare_count--;
	return exchange_of(spare);
}

static void
init_exchange(struct s53_exchange *exchange, struct s53_endpoint *endpoint,
    const struct s53_exchange_spec *ask, uint64_t now_ms)
{
	struct s53_exchanger *exchanger = endpoint->exchanger;

	s53_list_init(&exchange->link);
	s53_list_init(&exchange->queue_link);
	exchange->timer.back = NULL;
	exchange->timer.fire = on_timer;
	exchange->exchanger = exchanger;
	exchange->endpoint = endpoint;
	exchange->flow = NULL;
	exchange->ask = *ask;
	exchange->active = true;
	exchange->on_tcp = exchange->overdue_observed = false;
	exchange->overdue_early = false;
	exchange->garbled = exchange->awaits_late_reply = false;
	exchange->failed = exchange->unproven = false;
	exchange->lone = ask->lone;
	exchange->alive = ask->may_be_held;
	exchange->retries = 0;
	exchange->sent_at_ms = now_ms;
	exchange->sent_at_ns = 0;
	exchange->overdue_at_ms = ask->overdue_ms != 0 ? now_ms + ask->overdue_ms : 0;
	exchange->end_at_ms = now_ms + ask->timeout_ms;
	exchanger->pending++;
	endpoint->exchange_count++;
	s53_upstream_begin(endpoint->upstream);
	s53_exchange_arm(exchange, now_ms);
	s53_exchanger_start_pulse(exchanger, now_ms);
}

struct s53_exchange *
s53_exchange_start(struct s53_exchanger *exchanger, struct s53_upstream *upstream,
    const struct s53_exchange_spec *ask)
{
	struct s53_endpoint *endpoint = s53_endpoint_get(exchanger, upstream);
	struct s53_exchange *exchange;
	uint64_t now_ms = ask->now_ms != 0 ? ask->now_ms : s53_clock_ms();

	S53_ASSERT(ask->len >= S53_HEADER_LEN);
	if (endpoint == NULL || (exchange = exchange_object(exchanger)) == NULL)
		return NULL; /* an idle endpoint is freed by its timer */
	init_exchange(exchange, endpoint, ask, now_ms);
	if (ask->tcp || s53_upstream_options(upstream)->tcp_only || ask->len > S53_UDP_QUERY_MAX)
		s53_stream_send(exchange, now_ms);
	else
		s53_udp_send(exchange, now_ms);
	return exchange;
}

bool
s53_exchange_is_stuck(const struct s53_exchange *exchange, uint64_t now_ms)
{
	const struct s53_upstream *upstream = exchange->endpoint->upstream;

	return exchange->on_tcp && exchange->flow != NULL && s53_stream_is_shared(exchange->flow) &&
	    s53_clock_since_ms(exchange->sent_at_ms, now_ms) >=
	    s53_upstream_path_retransmit_ms(upstream, S53_OVER_TCP);
}

void
s53_exchange_overdue_in(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, uint32_t overdue_ms)
{
	uint64_t now_ms = s53_clock_ms();

	S53_ASSERT(exchange->active && exchange->exchanger == exchanger);
	/* Stays set until overdue() is called: a second call must not clear it. */
	exchange->overdue_early =
	    exchange->overdue_early || now_ms + overdue_ms < exchange->overdue_at_ms;
	exchange->overdue_at_ms = now_ms + overdue_ms;
	if (!exchange->failed) /* else done() is called soon */
		s53_exchange_arm(exchange, now_ms);
}

void
s53_exchange_cancel(struct s53_exchanger *exchanger, struct s53_exchange *exchange)
{
	S53_ASSERT(exchange->active && exchange->exchanger == exchanger);
	if (s53_late_reply_await(exchange))
		return;
	detach(exchange);
	s53_exchange_recycle(exchange);
}
