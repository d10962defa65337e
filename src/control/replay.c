/* SPDX-License-Identifier: ISC
 *
 * replay.c - see replay.h.
 */
#include "replay.h"

static bool
was_seen(const struct replay *replay, uint32_t serial, uint32_t sent_s)
{
	for (unsigned i = 0; i < replay->count; i++)
		if (replay->seen[i].serial == serial && replay->seen[i].sent_s == sent_s)
			return true;
	return false;
}

static void
remember(struct replay *replay, uint32_t serial, uint32_t sent_s)
{
	replay->seen[replay->next].serial = serial;
	replay->seen[replay->next].sent_s = sent_s;
	replay->next = (replay->next + 1) % REPLAY_SEEN;
	if (replay->count < REPLAY_SEEN)
		replay->count++;
}

const char *
replay_check(struct replay *replay, const struct s53_rndc_message *message, uint64_t now_s)
{
	uint32_t serial = message->number[S53_RNDC_SERIAL];
	uint32_t sent_s = message->number[S53_RNDC_SENT];

	if (!message->has[S53_RNDC_SERIAL] || !message->has[S53_RNDC_SENT])
		return "no serial or no time";
	if (sent_s + (uint64_t)S53_RNDC_SKEW_S < now_s || sent_s > now_s + S53_RNDC_SKEW_S)
		return "clock skew";
	if (message->has[S53_RNDC_EXPIRES] && now_s > message->number[S53_RNDC_EXPIRES])
		return "expired";
	if (was_seen(replay, serial, sent_s))
		return "duplicate";
	remember(replay, serial, sent_s);
	return NULL;
}
