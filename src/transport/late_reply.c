/* SPDX-License-Identifier: ISC
 *
 * overhear.c - exchanges that nobody waits for any more, listened for all the same.
 *
 * An exchange is cancelled as soon as another server has answered. How quick its own server was, or
 * that the question was lost, shows only in what comes, or does not, within the next seconds: so it
 * stays on its flow under its ID until S53_LATE_REPLY_MS after it left, when it is noted as
 * lost, and over UDP a while longer, or a server that takes 3 s for each answer would be dead for
 * good. The caller's octets are gone by then; a hash of the question section tells the answer from
 * somebody else's.
 *
 * Letter case does not count here. That a question comes back in other case than it was sent makes
 * the answer one not to be believed, but a forger who knows ID and port could at most have a server
 * thought alive, while a server that does not keep the case would be thought dead.
 */
#include "inside.h"

#include <string.h>

#include <split53/clock.h>
#include <split53/hash.h>
#include <split53/name.h>

#define QUESTION_MAX (S53_NAME_MAX + 4)

/* Octets of the question section: one name, type and class. */
static uint16_t
question_len(const struct s53_exchange_ask *ask)
{
	unsigned at = S53_HEADER_LEN, end = S53_HEADER_LEN + QUESTION_MAX;

	while (at < ask->len && ask->octets[at] != 0)
		at += 1u + ask->octets[at];
	at += 1 + 4;
	end = end < ask->len ? end : ask->len;
	return (uint16_t)((at < end ? at : end) - S53_HEADER_LEN);
}

/* Of a message's question section of `len` octets, letter case aside (RFC 4343 s3). */
static uint64_t
question_hash(const uint8_t *message, unsigned len)
{
	const uint8_t *question = message + S53_HEADER_LEN;
	uint8_t lower[QUESTION_MAX];

	memcpy(lower, question, len);
	for (unsigned i = 0; i + 4 < len; i++) /* a label's length is no letter */
		lower[i] |= question[i] >= 'A' && question[i] <= 'Z' ? 0x20 : 0;
	return s53_hash(lower, len);
}

bool
s53_late_reply_other_case(const struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	const struct s53_exchange_ask *ask = &exchange->ask;
	unsigned question = question_len(ask);

	return len >= S53_HEADER_LEN + question &&
	    memcmp(octets + S53_HEADER_LEN, ask->octets + S53_HEADER_LEN, question) != 0 &&
	    question_hash(octets, question) == question_hash(ask->octets, question);
}

/* Without regard to the rcode: whoever says SERVFAIL lives. */
static bool
is_answer(const struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	if (s53_header_count(octets, S53_QUESTION) == 0) /* it could not read the question */
		return s53_header_rcode(octets) == S53_RCODE_FORMERR;
	return len >= S53_HEADER_LEN + (size_t)exchange->question_len &&
	    question_hash(octets, exchange->question_len) == exchange->question_hash;
}

void
s53_late_reply_forget(struct s53_exchange *exchange)
{
	struct s53_exchanger *exchanger = exchange->exchanger;

	s53_wheel_cancel(&exchanger->wheel, &exchange->timer);
	s53_flow_leave(exchange); /* and off the list of the overheard */
	exchanger->late_reply_count--;
	s53_exchange_recycle(exchange);
}

void
s53_late_reply_take(
    struct s53_exchange *exchange, const uint8_t *octets, size_t len, uint64_t now_ms)
{
	if (!is_answer(exchange, octets, len)) {
		exchange->garbled = true;
		return;
	}
	exchange->flow->used_ms = now_ms;
	s53_count(exchange->exchanger->counters, S53_C_EXCHANGE_OVERHEARD);
	s53_exchange_observe(exchange, S53_OBSERVED_ANSWERED, now_ms);
	s53_late_reply_forget(exchange);
}

static void
lost(struct s53_exchange *exchange, uint64_t now_ms)
{
	s53_count(exchange->exchanger->counters, S53_C_EXCHANGE_LOST);
	s53_exchange_observe_timeout(exchange, now_ms);
	if (exchange->on_tcp)
		s53_stream_doubt(exchange->flow, exchange->sent_ms);
	if (exchange->on_tcp || now_ms >= exchange->sent_ms + S53_LATE_REPLY_MAX_MS) {
		s53_late_reply_forget(exchange);
		return;
	}
	exchange->given_up = true;
	exchange->end_ms = exchange->sent_ms + S53_LATE_REPLY_MAX_MS;
	s53_exchange_arm(exchange, now_ms);
}

static void
on_timer(struct s53_timer *timer)
{
	struct s53_exchange *exchange = S53_CONTAINER_OF(timer, struct s53_exchange, timer);
	uint64_t now_ms = exchange->exchanger->wheel.now_ms;

	if (exchange->given_up) {
		s53_late_reply_forget(exchange);
		return;
	}
	if (exchange->overdue_ms == 0 || exchange->overdue_ms >= exchange->end_ms) {
		lost(exchange, now_ms);
		return;
	}
	exchange->overdue_ms = 0;
	s53_exchange_observe_overdue(exchange, now_ms);
	s53_exchange_arm(exchange, now_ms);
}

bool
s53_late_reply_await(struct s53_exchange *exchange)
{
	struct s53_exchanger *exchanger = exchange->exchanger;
	uint64_t now_ms = s53_clock_ms();

	if (exchange->flow == NULL || !s53_list_empty(&exchange->queued) ||
	    exchanger->late_reply_count >= S53_LATE_REPLIES_MAX)
		return false; /* it has failed, it has not left, they are too many */
	s53_exchange_settle(exchange);
	exchange->question_len = question_len(&exchange->ask);
	exchange->question_hash = question_hash(exchange->ask.octets, exchange->question_len);
	exchange->overheard = true;
	exchange->given_up = false;
	exchanger->late_reply_count++;
	s53_list_append(&exchanger->overheard, &exchange->queued);
	if (exchange->overdue_observed)
		exchange->overdue_ms = 0;
	exchange->end_ms = exchange->sent_ms + S53_LATE_REPLY_MS;
	exchange->timer.fire = on_timer;
	if (exchange->end_ms <= now_ms)
		lost(exchange, now_ms);
	else
		s53_exchange_arm(exchange, now_ms);
	return true;
}
