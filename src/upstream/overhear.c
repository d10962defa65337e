/* SPDX-License-Identifier: ISC
 *
 * overhear.c - exchanges that nobody waits for any more, listened for all the same.
 *
 * A late exchange is cancelled as soon as another server has answered. Whether its own server was
 * slow or the question was lost shows only in what comes, or does not, within the next seconds: so
 * it stays on its carrier under its ID until S53_EXCHANGE_LISTEN_MS after it left. The caller's
 * octets are gone by then; a hash of the question section, letter case as sent, tells the answer
 * from a forgery or from somebody else's.
 */
#include "inside.h"

#include <split53/clock.h>
#include <split53/hash.h>

/* Octets of the question section: one name, type and class. */
static uint16_t
question_len(const struct s53_exchange_ask *ask)
{
	unsigned at = S53_HEADER_LEN;

	while (at < ask->len && ask->octets[at] != 0)
		at += 1u + ask->octets[at];
	at += 1 + 4;
	return (uint16_t)((at < ask->len ? at : ask->len) - S53_HEADER_LEN);
}

/* Without regard to the rcode: whoever says SERVFAIL lives. */
static bool
is_answer(const struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	if (s53_header_count(octets, S53_QUESTION) == 0) /* it could not read the question */
		return s53_header_rcode(octets) == S53_RCODE_FORMERR;
	return len >= S53_HEADER_LEN + (size_t)exchange->question_len &&
	    s53_hash(octets + S53_HEADER_LEN, exchange->question_len) == exchange->question_hash;
}

void
s53_overhear_drop(struct s53_exchange *exchange)
{
	struct s53_exchanger *exchanger = exchange->exchanger;

	s53_wheel_cancel(&exchanger->wheel, &exchange->timer);
	s53_carrier_leave(exchange); /* and off the list of the overheard */
	exchanger->overheard_count--;
	s53_exchange_recycle(exchange);
}

void
s53_overhear_reply(
    struct s53_exchange *exchange, const uint8_t *octets, size_t len, uint64_t now_ms)
{
	if (!is_answer(exchange, octets, len)) {
		exchange->garbled = true;
		return;
	}
	exchange->carrier->used_ms = now_ms;
	s53_count(exchange->exchanger->counters, S53_C_EXCHANGE_OVERHEARD);
	s53_exchange_note(exchange, S53_UPSTREAM_ANSWERED, now_ms);
	s53_overhear_drop(exchange);
}

static void
lost(struct s53_exchange *exchange, uint64_t now_ms)
{
	s53_count(exchange->exchanger->counters, S53_C_EXCHANGE_LOST);
	s53_exchange_note_vain(exchange, now_ms);
	if (exchange->on_tcp)
		s53_stream_doubt(exchange->carrier, exchange->sent_ms);
	s53_overhear_drop(exchange);
}

static void
on_timer(struct s53_timer *timer)
{
	struct s53_exchange *exchange = S53_CONTAINER_OF(timer, struct s53_exchange, timer);
	uint64_t now_ms = exchange->exchanger->wheel.now_ms;

	if (exchange->late_ms == 0 || exchange->late_ms >= exchange->end_ms) {
		lost(exchange, now_ms);
		return;
	}
	exchange->late_ms = 0;
	s53_exchange_note_late(exchange, now_ms);
	s53_exchange_arm(exchange, now_ms);
}

bool
s53_overhear_begin(struct s53_exchange *exchange)
{
	struct s53_exchanger *exchanger = exchange->exchanger;
	uint64_t now_ms = s53_clock_ms();

	if (exchange->carrier == NULL || !s53_list_empty(&exchange->queued) ||
	    exchanger->overheard_count >= S53_OVERHEARD_MAX)
		return false; /* it has failed, it has not left, they are too many */
	s53_exchange_settle(exchange);
	exchange->question_len = question_len(&exchange->ask);
	exchange->question_hash =
	    s53_hash(exchange->ask.octets + S53_HEADER_LEN, exchange->question_len);
	exchange->overheard = true;
	exchanger->overheard_count++;
	s53_list_append(&exchanger->overheard, &exchange->queued);
	if (exchange->late_noted)
		exchange->late_ms = 0;
	exchange->end_ms = exchange->sent_ms + S53_EXCHANGE_LISTEN_MS;
	exchange->timer.fire = on_timer;
	if (exchange->end_ms <= now_ms)
		lost(exchange, now_ms);
	else
		s53_exchange_arm(exchange, now_ms);
	return true;
}
