/* SPDX-License-Identifier: ISC
 *
 * late_reply.c - cancelled exchanges that await their late reply.
 *
 * Problem: an exchange is cancelled as soon as another server has answered. Whether its own server
 * is slow, or the query was lost, shows only in the next seconds.
 *
 * Idea: the cancelled exchange stays on its flow under its ID. S53_LATE_REPLY_MS after its query
 * was sent, a timeout is recorded. Over UDP it stays until S53_LATE_REPLY_MAX_MS; otherwise a
 * server that takes 3 s for each response would always count as dead. The caller's query is no
 * longer valid by then, so a hash of the question section distinguishes a response to the query
 * from any other message.
 *
 * The comparison ignores letter case. A resolver must not accept a response if its question has
 * another letter case than the query, but here nothing of the response is used. By guessing ID
 * and port an attacker can at most make a server look alive, while a server that does not
 * preserve letter case would look dead.
 */
#include "late_reply.h"

#include <string.h>

#include <split53/clock.h>
#include <split53/hash.h>
#include <split53/name.h>
#include <split53/traffic.h>

#include "endpoint.h"
#include "observe.h"
#include "stream.h"

#define QUESTION_MAX (S53_NAME_MAX + 4)

/* Length of the question section: one name, type and class. */
static uint16_t
question_len(const struct s53_exchange_spec *ask)
{
	unsigned at = S53_HEADER_LEN, end = S53_HEADER_LEN + QUESTION_MAX;

	while (at < ask->len && ask->octets[at] != 0)
		at += 1u + ask->octets[at];
	at += 1 + 4;
	end = end < ask->len ? end : ask->len;
	return (uint16_t)((at < end ? at : end) - S53_HEADER_LEN);
}

/*
 * Hash of the first `len` bytes of the question section, ignoring letter case (RFC 4343 s3).
 */
static uint64_t
question_hash(const uint8_t *message, unsigned len)
{
	const uint8_t *question = message + S53_HEADER_LEN;
	uint8_t lower[QUESTION_MAX];

	memcpy(lower, question, len);
	/* the length of a label is below 64, hence no letter */
	for (unsigned i = 0; i + 4 < len; i++)
		lower[i] |= question[i] >= 'A' && question[i] <= 'Z' ? 0x20 : 0;
	return s53_hash(lower, len);
}

bool
s53_late_reply_other_case(const struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	const struct s53_exchange_spec *ask = &exchange->ask;
	unsigned question = question_len(ask);

	return len >= S53_HEADER_LEN + question &&
	    memcmp(octets + S53_HEADER_LEN, ask->octets + S53_HEADER_LEN, question) != 0 &&
	    question_hash(octets, question) == question_hash(ask->octets, question);
}

/* Is it a response to the query, with any rcode? A server that says SERVFAIL is alive. */
static bool
is_reply(const struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	if (s53_header_count(octets, S53_QUESTION) == 0) /* the server could not parse the query */
		return s53_header_rcode(octets) == S53_RCODE_FORMERR;
	return len >= S53_HEADER_LEN + (size_t)exchange->question_len &&
	    question_hash(octets, exchange->question_len) == exchange->question_hash;
}

void
s53_late_reply_forget(struct s53_exchange *exchange)
{
	struct s53_exchanger *exchanger = exchange->exchanger;

	s53_wheel_cancel(&exchanger->wheel, &exchange->timer);
	s53_flow_remove(exchange); /* and leave exchanger->late_replies */
	exchanger->late_reply_count--;
	s53_exchange_recycle(exchange);
}

void
s53_late_reply_take(
    struct s53_exchange *exchange, const uint8_t *octets, size_t len, uint64_t now_ms)
{
	if (!is_reply(exchange, octets, len)) {
		exchange->garbled = true;
		if (exchange->on_tcp) { /* only the server can have sent it: no reply will follow */
			s53_exchange_observe(exchange, S53_OBSERVED_GARBLED, now_ms);
			s53_late_reply_forget(exchange);
		}
		return;
	}
	exchange->flow->used_ms = now_ms;
	s53_count(exchange->exchanger->counters, S53_C_EXCHANGE_LATE_REPLY);
	s53_exchange_observe_reply(exchange, octets, now_ms);
	if (exchange->on_tcp)
		s53_stream_note_reply(exchange, now_ms);
	s53_late_reply_forget(exchange);
}

static void
on_late_reply_timeout(struct s53_exchange *exchange, uint64_t now_ms)
{
	s53_count(exchange->exchanger->counters, S53_C_EXCHANGE_LATE_TIMEOUT);
	s53_upstream_count(exchange->endpoint->upstream, S53_TRAFFIC_TIMEOUT);
	if (!exchange->on_tcp || !s53_stream_note_silence(exchange, now_ms))
		s53_exchange_observe_timeout(exchange, now_ms);
	if (exchange->on_tcp || now_ms >= exchange->sent_at_ms + S53_LATE_REPLY_MAX_MS) {
		s53_late_reply_forget(exchange);
		return;
	}
	exchange->timeout_recorded = true;
	exchange->end_at_ms = exchange->sent_at_ms + S53_LATE_REPLY_MAX_MS;
	s53_exchange_arm(exchange, now_ms);
}

static void
on_timer(struct s53_timer *timer)
{
	struct s53_exchange *exchange = S53_CONTAINER_OF(timer, struct s53_exchange, timer);
	uint64_t now_ms = exchange->exchanger->wheel.now_ms;

	if (exchange->timeout_recorded) {
		s53_late_reply_forget(exchange);
		return;
	}
	if (exchange->overdue_at_ms == 0 || exchange->overdue_at_ms >= exchange->end_at_ms) {
		on_late_reply_timeout(exchange, now_ms);
		return;
	}
	exchange->overdue_at_ms = 0;
	s53_exchange_observe_overdue(exchange, now_ms);
	s53_exchange_arm(exchange, now_ms);
}

bool
s53_late_reply_await(struct s53_exchange *exchange)
{
	struct s53_exchanger *exchanger = exchange->exchanger;
	uint64_t now_ms = s53_clock_ms();

	if (exchange->flow == NULL || !s53_list_empty(&exchange->queue_link) ||
	    exchanger->late_reply_count >= S53_LATE_REPLIES_MAX)
		return false; /* it has failed, its query was not sent, or too many await one */
	s53_exchange_deactivate(exchange);
	exchange->question_len = question_len(&exchange->ask);
	exchange->question_hash = question_hash(exchange->ask.octets, exchange->question_len);
	exchange->awaits_late_reply = true;
	exchange->timeout_recorded = false;
	exchanger->late_reply_count++;
	s53_list_append(&exchanger->late_replies, &exchange->queue_link);
	if (exchange->overdue_observed)
		exchange->overdue_at_ms = 0;
	exchange->end_at_ms = exchange->sent_at_ms + S53_LATE_REPLY_MS;
	exchange->timer.fire = on_timer;
	if (exchange->end_at_ms <= now_ms)
		on_late_reply_timeout(exchange, now_ms);
	else
		s53_exchange_arm(exchange, now_ms);
	return true;
}
